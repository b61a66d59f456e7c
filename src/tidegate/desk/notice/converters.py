"""How documents, languages and days stand in an address."""

from datetime import date


class DocumentConverter:
    """``notice`` or ``terms``."""

    regex = "notice|terms"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return str(value)


class DayConverter:
    """2026-11-20."""

    regex = "[0-9]{4}-[0-9]{2}-[0-9]{2}"

    def to_python(self, value: str) -> date:
        """Raises ValueError for a day that does not exist; then nothing is found."""
        return date.fromisoformat(value)

    def to_url(self, value: date) -> str:
        return value.isoformat()
