"""What the search for campaigns found, in the form a person is shown: accounts by name, when and what was done.

A part of :class:`tidegate.cli.findings.Findings`. All times are Unix seconds, as in the log.
"""

from dataclasses import dataclass
from typing import Literal

from tidegate.campaigns.finding import Kind, Link, SharedFact
from tidegate.cli.shared_things import Shared
from tidegate.statements.decision import DecisionShown

Ended = Literal["done", "off", "missing", "in-log"]
"""How the search went: to the end; not asked for; without NetworKit; until the log carried findings of its own."""


@dataclass(frozen=True, slots=True)
class MemberShown:
    """One account of a campaign."""

    account: str
    score: float
    """0 to 1."""
    found_s: float
    """When it was found to belong, Unix seconds."""
    last_seen: bool = True
    """It was in the group when that was last looked at; groups change as more is seen."""
    strongest: str = "allow"
    """The highest rung it ever reached; ``allow`` for none."""
    decisions: tuple[DecisionShown, ...] = ()
    """In order of time."""
    signed_up_s: float | None = None
    """Not known, or not pictured: None."""
    acts_s: tuple[float, ...] = ()
    """When it wrote to a stranger first, or complained; only of members that are pictured."""


@dataclass(frozen=True, slots=True)
class VictimShown:
    """An account that a ring complained about."""

    account: str
    share: float
    """Of the complaints about it, the ring's."""
    strongest: str
    """The highest rung it ever reached."""


@dataclass(frozen=True, slots=True)
class CampaignShown:
    """Accounts found to act together, as they were last seen."""

    id: str
    kind: Kind
    found_s: float
    """When it was found first, Unix seconds."""
    members: tuple[MemberShown, ...]
    """Those last seen, strongest tied first; then others found earlier."""
    score: float
    q_value: float
    reason: str
    facts: tuple[SharedFact, ...] = ()
    links: tuple[Link, ...] = ()
    shared: tuple[Shared, ...] = ()
    victims: tuple[VictimShown, ...] = ()

    @property
    def core(self) -> int:
        """Members of the group as it was last seen: the first ones, which the facts and ties are about."""
        return sum(member.last_seen for member in self.members)

    @property
    def acted_on(self) -> int:
        """Members that ever stood above ``allow``."""
        return sum(member.strongest != "allow" for member in self.members)
