"""The same id twice counts once, as far back as a bounded memory reaches."""

import numpy as np
from numpy.typing import NDArray

from tidegate.events.compiled import compiled

REMEMBERED_IDS = 1 << 20
"""An id is recognised for at least this many further ids, and for at most twice as many."""
_SLOTS = 2 * REMEMBERED_IDS
_MASK = np.uint64(_SLOTS - 1)
_STEP = np.uint64(1)
_EMPTY = np.uint64(0)


@compiled
def _find(table: NDArray[np.uint64], key: np.uint64) -> np.uint64:
    """The slot that holds ``key``, or the empty one where it belongs."""
    slot = key & _MASK
    while table[slot] != _EMPTY and table[slot] != key:
        slot = (slot + _STEP) & _MASK
    return slot


@compiled
def _first_times(
    ids: NDArray[np.uint64], tables: NDArray[np.uint64], state: NDArray[np.int64], fresh: NDArray[np.bool_]
) -> None:
    """Mark the ids not met before. ``state`` is (young table, ids in it)."""
    for i in range(ids.size):
        key = ids[i]
        fresh[i] = True
        if key == _EMPTY:
            continue
        young = state[0]
        slot = _find(tables[young], key)
        old = tables[1 - young]
        if tables[young, slot] == key or old[_find(old, key)] == key:
            fresh[i] = False
            continue
        tables[young, slot] = key
        state[1] += 1
        if state[1] >= REMEMBERED_IDS:
            state[0], state[1] = 1 - young, 0
            tables[1 - young, :] = _EMPTY


class Duplicates:
    """Remembers ids in two generations of a hash table, 32 MiB in all once the first id is met."""

    def __init__(self) -> None:
        self._tables: NDArray[np.uint64] | None = None
        self._state = np.zeros(2, np.int64)
        self.count = 0

    def first_times(self, ids: NDArray[np.uint64]) -> NDArray[np.bool_] | None:
        """Which of ``ids`` (0 for none) were not met before; None when all are new."""
        if not ids.any():
            return None
        if self._tables is None:
            self._tables = np.zeros((2, _SLOTS), np.uint64)
        fresh = np.empty(ids.size, np.bool_)
        _first_times(ids, self._tables, self._state, fresh)
        repeated = ids.size - int(fresh.sum())
        self.count += repeated
        return fresh if repeated else None
