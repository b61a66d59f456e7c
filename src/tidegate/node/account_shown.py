"""An account as it is shown to people who look at it."""

from dataclasses import dataclass

from tidegate.engine.rungs import Rung
from tidegate.node.campaign_table import Membership
from tidegate.statements.decision import DecisionShown


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an account stands at this moment."""

    known: bool
    """The engine remembers it."""
    rung: Rung
    until_s: float | None
    """Unix seconds; None: no end, or nothing to end."""
    enforced: Rung
    """What is in effect on the messenger."""
    membership: Membership | None = None
    """The campaign in which it was found last."""


@dataclass(frozen=True, slots=True)
class AccountShown:
    """Where an account stands and how it came there."""

    account: str
    pseudonym: str
    known: bool
    """The engine remembers it; one it has forgotten may still have a history."""
    rung: Rung
    until_s: float | None
    enforced: Rung
    decisions: list[DecisionShown]
    """Latest first."""
    membership: Membership | None = None
    """The campaign in which it was found last."""
