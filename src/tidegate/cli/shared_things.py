"""What some members of a campaign have in common and others have not: networks, devices, number ranges, groups."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tidegate.campaigns.memory import Memory

SHARED_AT_MOST = 12
"""Things kept of one campaign: those of the most members."""

Thing = Literal["network", "device", "number range", "group"]
_FIELDS: tuple[tuple[Thing, str], ...] = (
    ("network", "networks"),
    ("device", "devices"),
    ("number range", "phone_range"),
    ("group", "chats"),
)


@dataclass(frozen=True, slots=True)
class Shared:
    """One thing that at least two members have in common."""

    what: Thing
    members: tuple[int, ...]
    """Indices into the campaign's members, ascending."""


def shared_things(memory: Memory, members: NDArray[np.uint64]) -> tuple[Shared, ...]:
    """Of the accounts ``members``, as they are remembered now; those of the most members first."""
    slots = np.array([memory.persons.find(key) for key in members.tolist()], np.int64)
    whose = np.flatnonzero(slots >= 0)
    people = memory.people()[slots[whose]]
    found: list[Shared] = []
    for what, name in _FIELDS:
        values = people[name].reshape(len(people), -1)
        for value in np.unique(values[values != 0]).tolist():
            of = whose[(values == value).any(axis=1)]
            if len(of) >= 2:
                found.append(Shared(what, tuple(of.tolist())))
    # The same members around two things (a network and the number range bought with it) need be drawn once.
    unlike = {shared.members: shared for shared in reversed(found)}
    return tuple(sorted(unlike.values(), key=lambda one: (-len(one.members), one.members))[:SHARED_AT_MOST])
