"""What is linked: a page, a listing, an account, a campaign, each with the identifiers and names found in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Identifier(NamedTuple):
    """A normalised identifier: ``phone`` +5511…, ``domain`` example.com, ``registration:br_cnpj`` …"""

    kind: str
    """A word; what comes after a colon tells sorts of one kind apart."""
    value: str


class Role(StrEnum):
    """What a company or person does with the tool in question."""

    PRODUCER = "producer"
    RESELLER = "reseller"
    OPERATOR = "operator"
    USER = "user"
    SUCCESSOR = "successor"


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that was seen."""

    id: str
    """Unique, and the same the next time: rulings name it."""
    identifiers: Sequence[Identifier]
    names: Sequence[str] = ()
    """Of companies or people, as written."""
    seen_from: float | None = None
    """Unix seconds of the first and the last observation; None when unknown."""
    seen_to: float | None = None
    roles: Sequence[Role] = ()
    """What a person, or a confirmed claim, says it does."""
