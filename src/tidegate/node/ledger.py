"""The ledger: every decision, in order, each once. What a node needs of it, whichever database keeps it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from tidegate.engine.rungs import Rung
from tidegate.node.batch import RulingTaken
from tidegate.node.enforcement import Withheld
from tidegate.node.requests import Finding
from tidegate.statements.decision import DecisionShown

NO_NAMES: Mapping[int, bytes] = {}


@dataclass(frozen=True, slots=True)
class Recorded:
    """A decision as it lies in the ledger."""

    number: int
    """Counts decisions in the order in which they were committed, from 1; the order among equal times."""
    decision: DecisionShown
    withheld: Withheld
    """Why it was not acted on when it came in."""
    committed_s: float
    """Unix seconds, by the node's clock."""


@dataclass(frozen=True, slots=True)
class RulingNoted:
    """What a person said when deciding about an account."""

    time_s: float
    finding: Finding
    by: str
    note: str
    rung: Rung | None = None
    """The rung that was named."""
    until_s: float | None = None
    """Unix seconds: how long it was said to last; None: as long as the ladder says, or it has no rung."""
    label_only: bool = False
    """It moved no rung."""


@dataclass(frozen=True, slots=True)
class RulingKept:
    """A ruling as it lies in the ledger."""

    number: int
    """Counted together with decisions, so it can be a cursor."""
    key: int
    """The account's pseudonym."""
    reference: str
    """By which whoever asked for it knows it again; empty: they gave none."""
    said: RulingNoted


@dataclass(frozen=True, slots=True)
class DayCount:
    """Decisions of one day (UTC, by the decisions' own times) for one rung."""

    day: str
    """``2026-03-14``."""
    rung: Rung
    decided: int
    withheld: int
    """Of them, how many were not acted on when they came in."""


class Ledger(Protocol):
    """Keeps decisions, and enters the actions that follow from them into the outbox in the same transaction.

    Every method may be called from any thread. All raise :class:`~tidegate.node.requests.StorageError` when the database
    cannot be read or written; then nothing has changed.
    """

    @property
    def committed_through(self) -> int:
        """Number of journal events whose decisions are all in."""

    def commit(
        self, decisions: Sequence[DecisionShown], through: int, sealed: Mapping[int, bytes] = NO_NAMES
    ) -> None:
        """Take in decisions in the order in which they were made, with all that follows from them, or nothing.

        ``sealed``: names of accounts, sealed by the vault, that need not be sealed again.

        ``through``: number of journal events that these and all earlier decisions cover. Idempotent: a decision's id is
        its key, so after a crash the node commits the tail of its journal again. A call whose ``through`` lies below
        :attr:`committed_through` brings nothing new and is ignored, which is why a decision that was erased or has
        outlived its retention does not come back.
        """

    def enforced_now(self, key: int, account: str, rung: Rung) -> Rung:
        """What is in effect for an account that the engine has put on ``rung``, given mode, exemptions and breakers.

        Right also while the decision is still on its way to the ledger.
        """

    def history(self, key: int, limit: int = 200) -> list[DecisionShown]:
        """Decisions about an account, latest first."""

    def decision(self, identifier: str) -> Recorded | None:
        """One decision by its id."""

    def decisions_after(self, number: int, limit: int = 1_000) -> list[Recorded]:
        """Decisions committed after that one, oldest first: a reader keeps the last number as its cursor."""

    def counts_by_day(self, days: int = 30) -> list[DayCount]:
        """Decisions of the last ``days`` days that have any, latest day first, then by rung."""

    def note_rulings(self, rulings: Sequence[RulingTaken], now_s: float) -> None:
        """Keep what people said when deciding, in order, all of it or nothing."""

    def rulings(self, key: int, limit: int = 200) -> list[RulingNoted]:
        """What people said about an account, latest first."""

    def rulings_after(self, number: int, limit: int = 1_000) -> list[RulingKept]:
        """What people said about anybody, noted after that number, oldest first."""

    def last_number(self) -> int:
        """The last one that was given to anything; 0: none yet. It grows, unless an older ledger was put back."""

    def erase(self, key: int) -> dict[str, int]:
        """Remove everything about an account. Returns how much, by kind."""

    def forget(self, now_s: float) -> dict[str, int]:
        """Remove what has outlived its retention, a bounded amount a call. Returns how much, by kind."""

    def alarms(self) -> list[str]:
        """What somebody should look at, in words."""

    def close(self) -> None:
        """Let go of the database."""
