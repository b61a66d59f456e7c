"""A link between two records or entities: its reasons, its points, and what a person said about it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class LinkKind(StrEnum):
    """What it says."""

    SAME = "same"
    """The two are of one hand."""
    SUCCESSOR = "successor"
    """The second goes on where the first ended: same identifiers, another name, later."""
    RELATED = "related"
    """They share identifiers at the same time under different names: a reseller and a producer, perhaps."""


class LinkState(StrEnum):
    """What a person said."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


class Reason(NamedTuple):
    """One thing that speaks for a link, or against it."""

    kind: str
    """Of identifier; or ``name``, or ``ruling``."""
    value: str
    points: float
    """Negative when it speaks against."""
    owners: int = 0
    """How many differently named owners the identifier has; it counts the less the more there are."""


@dataclass(frozen=True, slots=True)
class Link:
    """Between two ids, the smaller one first (a successor: the earlier one first)."""

    first: str
    second: str
    kind: LinkKind
    points: float
    reasons: tuple[Reason, ...]
    hubs: tuple[str, ...] = ()
    """Identifiers that both have and that say nothing, since too many others have them."""
    state: LinkState = LinkState.PROPOSED
    reviewer: str = ""
    """Who confirmed or rejected it."""
    valid_from: float | None = None
    """Unix seconds from which both are known to have been there; None when unknown."""

    @property
    def key(self) -> tuple[str, str]:
        """The pair, whichever way round."""
        return pair(self.first, self.second)


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a person said about a pair of records; it holds for every later run."""

    first: str
    second: str
    confirmed: bool
    reviewer: str

    def __post_init__(self) -> None:
        if not self.reviewer.strip():
            raise ValueError(
                f"a ruling on {self.first} and {self.second} names nobody: a person confirms or rejects"
            )
        if self.first == self.second:
            raise ValueError(f"a ruling on {self.first} and itself")

    @property
    def key(self) -> tuple[str, str]:
        return pair(self.first, self.second)


def pair(one: str, other: str) -> tuple[str, str]:
    """Two ids, the smaller one first."""
    return (one, other) if one < other else (other, one)
