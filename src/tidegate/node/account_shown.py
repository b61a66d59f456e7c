"""An account as it is shown to people who look at it."""

from dataclasses import dataclass

from tidegate.engine.rungs import Rung
from tidegate.node.campaign_table import Membership
from tidegate.statements.decision import DecisionShown


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
