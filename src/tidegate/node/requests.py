"""What a node can be asked to do, and what it answers. Every change of its state is one of these, taken in order."""

from dataclasses import dataclass, field
from enum import StrEnum

from tidegate.engine.rungs import Rung

REJECTIONS_SHOWN = 100
"""Rejected lines that a receipt describes; the rest are only counted."""


class Finding(StrEnum):
    """What a person found out about an account."""

    ABUSIVE = "abusive"
    LEGITIMATE = "legitimate"


@dataclass(frozen=True, slots=True)
class Delivery:
    """Events from a messenger, as JSON Lines of the log contract."""

    body: bytes
    source: str = ""
    """Who sends, with ``first_number``: lines already taken from it are not taken twice."""
    first_number: int = 0
    """Number of the body's first line in the source's own counting, from 1; 0: the source does not count."""
    verdict: bool = False
    """The body is one event, and the verdict on its actor is wanted."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """A person has decided about an account.

    ``legitimate`` undoes every measure. ``abusive`` suspends, unless a ``rung`` is named: then the account stands on
    exactly that one, up or down. Where it stands on that rung already and no time is given, the rung keeps its end.
    """

    account: str
    """As the messenger names it; may be empty when ``key`` is given."""
    finding: Finding
    by: str
    note: str = ""
    key: int | None = None
    """The account's pseudonym, for those who know nothing else of it."""
    rung: Rung | None = None
    """``warn`` to ``ban``; only with ``abusive``."""
    duration_s: float | None = None
    """How long the named rung lasts, rounded up to whole minutes; None: as long as the ladder says."""
    label_only: bool = False
    """It counts for the account's surroundings and against or for its trust, and moves no rung."""
    reference: str = ""
    """By which whoever asks knows it again, noted with it; means nothing to the node."""


@dataclass(frozen=True, slots=True)
class Proof:
    """The account holder has passed a challenge."""

    account: str


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """Decide by another policy from now on: TOML, validated whole."""

    text: str


@dataclass(frozen=True, slots=True)
class Erasure:
    """Forget an account: its identifier, what the engine remembers, its decisions, its events."""

    account: str
    """As the messenger names it; may be empty when ``key`` is given."""
    by: str
    key: int | None = None
    """The account's pseudonym."""


@dataclass(frozen=True, slots=True)
class Tick:
    """The clock has moved: rungs that have run out end. The node asks itself."""


Request = Delivery | Ruling | Proof | PolicyChange | Erasure | Tick


@dataclass(frozen=True, slots=True)
class LineRejected:
    """One line that could not be used."""

    line: int
    """In the body, from 1."""
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where an account stands."""

    account: str
    rung: Rung
    """The engine's word."""
    until_s: float | None
    """Unix seconds; None: no end, or nothing to end."""
    enforced: Rung
    """What is in effect on the messenger, given mode and circuit breakers."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a delivery. Everything it counts as accepted is durable."""

    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    rejections: tuple[LineRejected, ...] = ()
    sequence: int = 0
    """Events in the journal after this one."""
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """A request other than a delivery was carried out, durably."""

    sequence: int
    known: bool = True
    """False when it was about an account the node has never heard of."""
    details: dict[str, int] = field(default_factory=dict)
    """What was changed, counted; for a person to read."""


class RequestError(Exception):
    """One request cannot be carried out and changed nothing; the others of its batch are not affected.

    ``code`` is one word for programs, ``errors`` every finding when there are several (a policy has many lines).
    """

    def __init__(self, code: str, message: str, errors: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.code, self.message, self.errors = code, message, errors


class StorageError(Exception):
    """Nothing could be made durable: disk full, folder read-only, a damaged file. Nothing was acknowledged.

    The message names the file and says what would help. The node tries again with the next request.
    """


Answer = Receipt | Done | RequestError
