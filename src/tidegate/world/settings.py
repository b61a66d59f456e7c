"""What a caller may set about a simulated world."""

from collections.abc import Mapping
from dataclasses import dataclass

from tidegate.world.crowds.kinds import CROWDS, least_room
from tidegate.world.fleets import FLEETS
from tidegate.world.plans import FAMILIES, AttackerPlan

SIGNALS = frozenset(
    [
        "register",
        "login",
        "network",
        "device",
        "client",
        "phone",
        "typing",
        "read",
        "size",
        "forwards",
        "contact",
        "group",
        "feedback",
    ]
)
"""What a log may carry. Leave one out and the log lacks it; the people and their messages stay the same."""

DEFAULT_START_S = 1_767_571_200.0
"""2026-01-05T00:00:00Z, a Monday."""


@dataclass(frozen=True, slots=True)
class WorldSettings:
    """One world. The same settings always give the same bytes."""

    people: int = 2_000
    """Honest accounts; attackers come on top."""
    days: int = 7
    """Length of the log."""
    seed: int = 1
    attackers: Mapping[str, AttackerPlan] | None = None
    """Families and fleets with their plans; ``None`` is every family and no fleet, ``{}`` an honest-only
    world."""
    attacker_share: float = 0.02
    """Share of all accounts, split between families by their weight when a plan names no number of accounts.
    """
    start: float = DEFAULT_START_S
    """Unix seconds of the first instant."""
    signals: frozenset[str] = SIGNALS
    prelude: bool = False
    """Whether sign-ups from before the start are in the log, at their own times before the start."""
    randomised: bool = True
    """Whether the world's habits (:class:`tidegate.world.habits.Habits`) are drawn from the seed; else the
    middle of each range.
    """

    crowds: Mapping[str, int] | None = None
    """Honest crowds (:data:`tidegate.world.crowds.kinds.CROWDS`) and how many there are of each; ``None`` is
    none. Their members are some of the ``people``."""
    open_society: bool = False
    """Whether people meet by writing to strangers (:data:`tidegate.world.habits.OPEN_RANGES`), not from a
    phone book."""

    def __post_init__(self) -> None:
        if self.people < 50:
            raise ValueError(f"a world needs at least 50 people, not {self.people}")
        if not 1 <= self.days <= 365:
            raise ValueError(f"days must be 1 to 365, not {self.days}")
        if not 0.0 <= self.attacker_share < 0.5:
            raise ValueError(f"attacker_share must be at least 0 and below 0.5, not {self.attacker_share}")
        if self.seed < 0:
            raise ValueError(f"seed must not be negative, not {self.seed}")
        if unknown := set(self.signals) - SIGNALS:
            raise ValueError(f"unknown signals {sorted(unknown)}; known are {sorted(SIGNALS)}")
        if unknown := set(self.attackers or ()) - set(FAMILIES) - set(FLEETS):
            known = [*sorted(FAMILIES), *sorted(FLEETS)]
            raise ValueError(f"unknown attacker families {sorted(unknown)}; known are {known}")
        self._check_crowds(self.crowds or {})

    def _check_crowds(self, crowds: Mapping[str, int]) -> None:
        if unknown := set(crowds) - set(CROWDS):
            raise ValueError(f"unknown crowds {sorted(unknown)}; known are {sorted(CROWDS)}")
        for kind, count in crowds.items():
            if count < 0:
                raise ValueError(f"the number of crowds of kind {kind} must not be negative, not {count}")
        if (needed := least_room(crowds)) > self.people:
            raise ValueError(f"these crowds need at least {needed:,} people, not {self.people:,}")

    @property
    def length_s(self) -> float:
        return self.days * 86_400.0
