"""Which accounts a batch would make: for a node that must keep their names before the engine observes it.

Whom an event names follows :func:`tidegate.engine.passage.pass_event`; a test holds the two together.
"""

from typing import Any

import numpy as np

from tidegate.engine.control import tables_of
from tidegate.engine.index import find, home
from tidegate.engine.layout import NO_SLOT
from tidegate.engine.machine import prefetch
from tidegate.engine.passage import (
    BY_ACTOR,
    BY_TARGET,
    KIND_REGISTER,
    decided_by_person,
    needs_target,
    note_newborn,
    says_nothing_of_traffic,
)
from tidegate.engine.prefetching import PREFETCH_GROUP
from tidegate.events.compiled import compiled, inlined

_NOBODY = np.uint64(0)


@inlined
def is_first(seen: Any, key: Any) -> Any:
    """Whether ``key`` was not in ``seen`` (open addressing, 0 is empty, at most half full); it is from now on."""
    mask = np.int64(len(seen) - 1)
    position = home(key, mask)
    while seen[position] != _NOBODY:
        if seen[position] == key:
            return False
        position = (position + 1) & mask
    seen[position] = key
    return True


@inlined
def note_unknown(t: Any, key: Any, index: Any, is_target: Any, seen: Any, found: Any, count: Any) -> Any:
    """One account that an event names; returns how many newcomers were found so far."""
    if find(t.at[0], t.ai, t.ao, t.accounts, key) < 0 and is_first(seen, key):
        return note_newborn(found, count, NO_SLOT, index, is_target)
    return count


@inlined
def ask_for(t: Any, key: Any) -> None:
    """The beginning of the record that probably has this key, once its index entry is in the cache."""
    slot = np.int64(t.ai[home(key, t.at[0].mask)] & np.uint64(0xFFFFFFFF)) - 1
    if 0 <= slot < t.at[0].count:
        prefetch(t.accounts, slot, 0)


@compiled
def find_newcomers(control: Any, events: Any, seen: Any, found: Any) -> Any:
    """Write the newcomers of EVENT[n] to ``found`` (NEWBORN[2n]) and return how many there are.

    ``seen``: zeros, uint64[at least 4n, a power of two]. Changes nothing else.
    """
    t = tables_of(control[0])
    n, count = len(events), np.int64(0)
    for start in range(0, n, PREFETCH_GROUP):
        end = min(n, start + PREFETCH_GROUP)
        for i in range(start, end):
            prefetch(t.ai, home(events[i].actor, t.at[0].mask), 0)
            prefetch(t.ai, home(events[i].target, t.at[0].mask), 0)
        for i in range(start, end):
            ask_for(t, events[i].actor)
            ask_for(t, events[i].target)
        for i in range(start, end):
            event = events[i]
            kind = np.int64(event.type)
            if says_nothing_of_traffic(kind):
                continue
            if decided_by_person(kind):
                if event.target != _NOBODY:
                    count = note_unknown(t, event.target, i, BY_TARGET, seen, found, count)
                else:
                    count = note_unknown(t, event.actor, i, BY_ACTOR, seen, found, count)
                continue
            count = note_unknown(t, event.actor, i, BY_ACTOR, seen, found, count)
            if kind != KIND_REGISTER and event.target != _NOBODY and needs_target(kind):
                count = note_unknown(t, event.target, i, BY_TARGET, seen, found, count)
    return count
