"""How an account stands in an address."""


class PseudonymConverter:
    """16 hexadecimal digits, as a 64-bit number."""

    regex = "[0-9a-f]{16}"

    def to_python(self, value: str) -> int:
        return int(value, 16)

    def to_url(self, value: int | str) -> str:
        return value if isinstance(value, str) else f"{value:016x}"
