"""What happened in a case, for its timeline."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Lane(StrEnum):
    """The line of the picture that something stands on."""

    MESSENGER = "messenger"
    """Abuse on the messenger."""
    ELSEWHERE = "elsewhere"
    """Seen, seen again, gone."""
    CASE = "case"
    """Determinations, seals, stages, holds."""
    LETTERS = "letters"
    """Sent, served, to be put right by, answered."""


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing."""

    at: datetime
    lane: Lane
    words: str
    address: str = ""
    """A page of the desk that shows it."""
