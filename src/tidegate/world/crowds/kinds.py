"""The kinds of honest crowds, and how large each is."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class CrowdKind:
    """One kind. Sizes are drawn uniformly in the logarithm and shrink towards ``least`` in a small world."""

    least: int
    most: int
    meaning: str
    """In one line, why it looks like a campaign."""

    def __post_init__(self) -> None:
        if not 1 <= self.least <= self.most:
            raise ValueError(f"a crowd has from {self.least} to {self.most} members: the first is larger")


CROWDS: Mapping[str, CrowdKind] = MappingProxyType(
    {
        "school": CrowdKind(
            20, 200, "a class or year signs up within an hour in one network with one client; its groups"
        ),
        "company": CrowdKind(
            30, 150, "a roll-out in a day or two, one office network; a sales team writes to strangers"
        ),
        "family": CrowdKind(3, 7, "one home network and a shared tablet; some sign up on one evening"),
        "conference": CrowdKind(
            100, 400, "one venue network for two or three days, 3 to 15 strangers met by each"
        ),
        "festival": CrowdKind(
            200, 2_000, "sign-ups within hours, the same client; many write to one information account"
        ),
        "carrier_nat": CrowdKind(
            200, 5_000, "all behind one address, many newcomers of the same hour with numbers in a row"
        ),
        "couriers": CrowdKind(
            20, 150, "10 to 40 strangers a day each, short texts nearly alike, a fifth to half answered"
        ),
        "volunteers": CrowdKind(
            10, 60, "a members' list divided between them, 10 to 50 strangers each in one evening"
        ),
        "chain": CrowdKind(5, 20, "branches in one company network, numbers in a row, reminders pasted"),
        "parents": CrowdKind(20, 40, "leave one group and join another, all within an evening"),
        "complaints": CrowdKind(20, 60, "report one spammer, who wrote to all of them, within minutes"),
    }
)
"""What ``WorldSettings.crowds`` may name."""

CROWD_ROLES = tuple(f"crowd_{kind}" for kind in CROWDS)

FREE_SHARE = 0.45
"""Share of all people who may be in crowds: the others have roles of their own, or are the strangers."""


def least_room(crowds: Mapping[str, int]) -> int:
    """The smallest number of people with whom a world has room for these crowds."""
    least = sum(CROWDS[kind].least * count for kind, count in crowds.items())
    return -int(-least // FREE_SHARE)
