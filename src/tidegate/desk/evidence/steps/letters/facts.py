"""What a letter says, and what it cannot be written without."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from tidegate.desk.evidence.grounds import Ground

MOST_QUOTES = 20


class LetterError(ValueError):
    """A letter that cannot be written; the message says what it lacks."""


class LetterKind(StrEnum):
    """What a letter asks for."""

    DEMAND = "demand"
    REMINDER = "reminder"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Quoted:
    """A confirmed claim in an exhibit."""

    number: int
    """Of the exhibit in the case."""
    address: str
    """Where it was seen."""
    observed_at: datetime | None
    sha256: str
    """Of the exhibit's raw bytes."""
    quote: str
    """Verbatim."""
    quote_sha256: str
    language: str
    """BCP 47; empty when not known."""
    explicit: bool = True
    """It says so itself, and does not only let one think it."""


@dataclass(frozen=True, slots=True)
class FindingsTold:
    """Abuse on the messenger, as a letter tells it: how much and when, never whose accounts."""

    count: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class LetterFacts:
    """All that fills a template."""

    service: str
    contact: str
    case: str
    written: date
    recipient: str
    recipient_address: str
    signed_by: str
    """Name and function."""
    quotes: tuple[Quoted, ...]
    findings: FindingsTold | None
    grounds: tuple[Ground, ...]
    cutoff: date
    cure_by: date | None
    served: datetime | None = None
    """When the letter before was delivered; for a reminder."""
    ended: date | None = None
    """The last day that the letter before gave; for a reminder."""


def missing(kind: LetterKind, facts: LetterFacts) -> list[str]:
    """What the letter cannot be written without, in words; empty when nothing is missing."""
    lacks = []
    for value, words in (
        (facts.service, "the messenger's name is not set ([desk] service)"),
        (facts.contact, "no contact is set to which the recipient can turn ([desk] contact)"),
        (facts.recipient, "no recipient is named"),
        (facts.recipient_address, "the recipient's address is missing"),
        (facts.signed_by, "nobody signs it: write name and function"),
    ):
        if not value.strip():
            lacks.append(words)
    if not facts.grounds:
        lacks.append("no ground of the notice carries it")
    if facts.cure_by is None:
        lacks.append("no day is named until which the recipient can put it right")
    elif facts.cure_by <= facts.written:
        lacks.append(f"the day to put it right, {facts.cure_by}, is not after the day of the letter")
    if kind is LetterKind.REMINDER and (facts.served is None or facts.ended is None):
        lacks.append("a reminder needs a demand that was delivered")
    elif kind is LetterKind.REMINDER and facts.ended is not None and facts.ended >= facts.written:
        lacks.append(f"the time that the demand gave has not ended: it lasts until {facts.ended}")
    if facts.quotes and facts.findings is None and not any(one.explicit for one in facts.quotes):
        lacks.append("none of its quotes says it in so many words")
    return lacks + _quotes(facts.quotes)


def _quotes(quotes: tuple[Quoted, ...]) -> list[str]:
    if not quotes:
        return ["it quotes nothing: choose at least one confirmed claim"]
    if len(quotes) > MOST_QUOTES:
        return [f"it quotes {len(quotes)} claims; up to {MOST_QUOTES} can be read"]
    lacks = []
    for one in quotes:
        if not one.address:
            lacks.append(f"exhibit {one.number}: it is not on record where it was seen")
        if one.observed_at is None:
            lacks.append(f"exhibit {one.number}: nobody vouches for when it was seen")
        elif one.observed_at.utcoffset() is None:
            lacks.append(f"exhibit {one.number}: the moment has no time zone")
        if not one.sha256 or not one.quote.strip() or not one.quote_sha256:
            lacks.append(f"exhibit {one.number}: quote or hash is missing")
    return lacks
