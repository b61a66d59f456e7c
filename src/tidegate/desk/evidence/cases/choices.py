"""Enumerations of the pure parts, for the database and for forms."""

from enum import StrEnum


def choices(of: type[StrEnum]) -> list[tuple[str, str]]:
    """Value and words, in their order."""
    return [(str(one), str(one).replace("_", " ").capitalize()) for one in of]
