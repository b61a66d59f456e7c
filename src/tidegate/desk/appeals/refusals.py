"""What an account holder is told when something cannot be done."""


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    """Something was not done and nothing was changed. The texts have ``error_NAME`` for it."""

    def __init__(self, name: str, /, **values: object) -> None:
        """``values``: for the text's placeholders."""
        super().__init__(name)
        self.name, self.values = name, values

    def words(self, texts: dict[str, str]) -> str:
        """In the holder's language."""
        return texts[f"error_{self.name}"].format(**self.values)
