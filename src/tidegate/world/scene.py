"""What the parts of a world share while it is being built."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.events.columns import EventType
from tidegate.world.accounts import Accounts
from tidegate.world.habits import Habits
from tidegate.world.log import EventLog
from tidegate.world.places import Places
from tidegate.world.randomness import generator
from tidegate.world.settings import WorldSettings
from tidegate.world.threads import Manners, Threads
from tidegate.world.ties import Ties


@dataclass(slots=True)
class GroupList:
    """Groups and their members as a compressed list; groups may be added while the world is built."""

    members: list[NDArray[np.int32]] = field(default_factory=list)

    def add(self, members: NDArray[np.integer]) -> int:
        self.members.append(np.asarray(members, np.int32))
        return len(self.members) - 1

    def __len__(self) -> int:
        return len(self.members)


@dataclass(slots=True)
class Bursts:
    """Stretches of talk in groups; arrays of one length."""

    start: NDArray[np.float64]
    group: NDArray[np.int64]
    length: NDArray[np.int64]


@dataclass(slots=True)
class Scene:
    """The world under construction. Honest people are accounts ``0`` to ``people - 1``, hijacked ones among
    them.
    """

    settings: WorldSettings
    habits: Habits
    who: Accounts
    people: int
    places: Places
    log: EventLog
    ties: Ties
    successor: NDArray[np.int32]
    """The new account of somebody who changed his number, else -1."""
    manners: Manners = field(default_factory=Manners)
    groups: GroupList = field(default_factory=GroupList)
    threads: list[Threads] = field(default_factory=list)
    stolen: list[tuple[Threads, NDArray[np.int32]]] = field(default_factory=list)
    """Threads of hijacked accounts, with the row whose network and device each account uses in them."""
    bursts: list[tuple[Bursts, int]] = field(default_factory=list)
    """Talk in groups that someone leads, and who leads them."""
    unused_numbers: int = 0
    """How many invalid targets exist; number k is account ``len(who) + k``."""

    def rng(self, *purpose: str | int) -> np.random.Generator:
        return generator(self.settings.seed, *purpose)

    @property
    def length_s(self) -> float:
        return self.settings.length_s

    def new_numbers(self, count: int) -> NDArray[np.int64]:
        """Targets that are no account and never act."""
        first = len(self.who) + self.unused_numbers
        self.unused_numbers += count
        return np.arange(first, first + count)

    def add_events(
        self,
        kind: EventType,
        time: NDArray[np.float64],
        actor: NDArray[np.integer],
        origin: NDArray[np.int32] | None = None,
        **columns: NDArray[Any] | int,
    ) -> None:
        """Loose events of one kind; see :meth:`EventLog.add`."""
        self.log.add(
            np.asarray(time, np.float64), kind, np.asarray(actor, np.int32), self.who, origin, **columns
        )
