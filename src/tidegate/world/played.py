"""The arrays that compiled code reads people from and writes events into, bundled so that signatures stay
short.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.events.compiled import inlined
from tidegate.world.accounts import Accounts
from tidegate.world.log import EventLog

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]


class People(NamedTuple):
    """What compiled code needs to know of accounts."""

    typing: NDArray[np.float32]
    receipts: NDArray[np.float32]
    wake_h: NDArray[np.float32]
    sleep_h: NDArray[np.float32]
    here_from: Floats
    here_until: Floats


def people_of(who: Accounts) -> People:
    """The arrays of real accounts only, so that their length tells an account from an unused number."""
    count = len(who)
    until = np.minimum(who.death, who.locked_out)
    return People(
        who.typing[:count],
        who.receipts[:count],
        who.wake_h[:count],
        who.sleep_h[:count],
        who.signup[:count],
        until[:count],
    )


class Events(NamedTuple):
    """Room for events in the order in which they are thought of."""

    time: Floats
    kind: NDArray[np.uint8]
    actor: Ints
    target: Ints
    chat: Ints
    members: Ints
    size: Ints
    forwards: NDArray[np.uint8]


def room_for(count: int) -> Events:
    """Unfilled arrays; untouched pages cost nothing."""
    actor, target, chat, members, size = (np.empty(count, np.int32) for _ in range(5))
    return Events(
        time=np.empty(count, np.float64),
        kind=np.empty(count, np.uint8),
        actor=actor,
        target=target,
        chat=chat,
        members=members,
        size=size,
        forwards=np.empty(count, np.uint8),
    )


@inlined
def emit(
    out: Events,
    n: int,
    time: float,
    kind: int,
    actor: int,
    target: int,
    chat: int,
    members: int,
    size: int,
    forwards: int,
) -> int:
    """Write one event; returns how many there are now."""
    out.time[n] = time
    out.kind[n] = kind
    out.actor[n] = actor
    out.target[n] = target
    out.chat[n] = chat
    out.members[n] = members
    out.size[n] = size
    out.forwards[n] = forwards
    return n + 1


def add_played(log: EventLog, who: Accounts, out: Events, n: int, origin: Ints | None = None) -> None:
    """Add the first ``n`` events to the log."""
    log.add(
        out.time[:n],
        out.kind[:n],
        out.actor[:n],
        who,
        origin,
        target=out.target[:n],
        chat=out.chat[:n],
        members=out.members[:n],
        size=out.size[:n],
        forwards=out.forwards[:n],
    )
