"""The decision table: from a state to the ground of the notice and to what it allows. A total function.

The first row that fits decides about legal action. What an account may suffer is apart from it and comes on top: it
rests on the messenger's own signals only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from tidegate.desk.evidence.grounds.states import OffPlatform, OnPlatform, State, Subject


class Ground(StrEnum):
    """What a step rests on, with the section of the notice."""

    G1 = "G1"
    """§3: linked to evidence of abuse on the messenger."""
    G2 = "G2"
    """§4: abuse seen elsewhere only, continuing after the cut-off day."""
    G2I = "G2i"
    """§4, first sentence only, which covers anyone; the sentence that gives notice speaks of companies."""
    G3 = "G3"
    """§4: seen elsewhere, and linked to evidence on the messenger from before the cut-off day."""
    T = "T"
    """§5: accounts, by the messenger's own signals."""


class Action(StrEnum):
    """Everything that can come of it."""

    HOLD = "hold"
    IDENTIFY = "identify"
    DATE_FIRST = "date_first"
    ARCHIVE = "archive"
    WATCH = "watch"
    RECAPTURE = "recapture"
    ASK_COUNSEL = "ask_counsel"
    LETTER = "demand_letter"
    SUIT = "suit"
    LIMIT = "limit"
    SUSPEND = "suspend"
    TERMINATE = "terminate"


LEGAL = frozenset({Action.LETTER, Action.SUIT})
ON_ACCOUNT = frozenset({Action.LIMIT, Action.SUSPEND, Action.TERMINATE})


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table."""

    name: str
    grounds: tuple[Ground, ...]
    allowed: tuple[Action, ...]
    why: str
    fits: Callable[[State], bool]


_ALL_LEGAL = (Action.LETTER, Action.SUIT)

ROWS: tuple[Row, ...] = (
    Row("0", (), (Action.HOLD,), "no person has determined that this is abuse", lambda s: not s.determined),
    Row(
        "2u",
        (),
        (Action.IDENTIFY,),
        "linked to abuse on the messenger, but nobody knows whose it is",
        lambda s: s.linked and s.subject is Subject.UNIDENTIFIED,
    ),
    Row(
        "1",
        (Ground.G1, Ground.G3),
        _ALL_LEGAL,
        "a company linked to abuse on the messenger from before the cut-off day, and seen elsewhere",
        lambda s: (
            s.on_platform is OnPlatform.LINKED_BEFORE
            and s.off_platform is not OffPlatform.NONE
            and s.subject is Subject.COMPANY
        ),
    ),
    Row("2", (Ground.G1,), _ALL_LEGAL, "linked to abuse on the messenger", lambda s: s.linked),
    Row(
        "3",
        (Ground.G2,),
        _ALL_LEGAL,
        "a company seen elsewhere after the cut-off day",
        lambda s: s.off_platform is OffPlatform.AFTER and s.subject is Subject.COMPANY,
    ),
    Row(
        "4",
        (Ground.G2I,),
        (Action.ASK_COUNSEL,),
        "a person, not a company, seen elsewhere after the cut-off day: the notice's second sentence names companies",
        lambda s: s.off_platform is OffPlatform.AFTER and s.subject is Subject.INDIVIDUAL,
    ),
    Row(
        "5",
        (),
        (Action.IDENTIFY,),
        "seen elsewhere after the cut-off day, but nobody knows who it is",
        lambda s: s.off_platform is OffPlatform.AFTER,
    ),
    Row(
        "6",
        (),
        (Action.ARCHIVE, Action.WATCH, Action.RECAPTURE),
        "last seen elsewhere on the cut-off day or before: look whether it is still there",
        lambda s: s.off_platform is OffPlatform.NOT_AFTER,
    ),
    Row(
        "7",
        (),
        (Action.DATE_FIRST,),
        "seen elsewhere, but nothing says when: capture it with a date",
        lambda s: s.off_platform is OffPlatform.UNDATED,
    ),
    Row(
        "8",
        (),
        (),
        "nothing linked, and nothing seen elsewhere",
        lambda s: s.off_platform is OffPlatform.NONE,
    ),
)
"""In order; the first that fits decides. ``2u`` completes the table for a link to nobody in particular."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the table says about a state."""

    row: str
    grounds: tuple[Ground, ...]
    """For legal action."""
    allowed: tuple[Action, ...]
    """Legal action and what leads to it."""
    on_account: tuple[Action, ...]
    """What may be done to the account, on ground T; with reasons and an appeal."""
    why: str

    def allows(self, action: Action) -> bool:
        return action in self.allowed or action in self.on_account


def decide(state: State) -> Outcome:
    """The outcome of a state. Total and deterministic: every state has exactly one."""
    row = next(row for row in ROWS if row.fits(state))
    on_account = (Action.LIMIT, Action.SUSPEND, Action.TERMINATE) if state.account_signal else ()
    return Outcome(row.name, row.grounds, row.allowed, on_account, row.why)
