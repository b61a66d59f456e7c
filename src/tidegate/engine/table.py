"""A table of fixed-size records with its index, as Python sees it: made larger between batches, read by key."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.engine.index import find, migrate
from tidegate.engine.layout import TABLE
from tidegate.engine.memory import Arena
from tidegate.events.compiled import compiled

MAX_LOAD = 0.6
GROWTH = 1.5
"""Records are enlarged by half; only page tables move."""
_MIN_INDEX = 1 << 12
_SPARE_ENTRIES = 1 << 15
"""Room for newcomers in an index that begins anew."""


@compiled
def _find(book: Any, index: Any, old_index: Any, records: Any, key: Any) -> Any:
    return find(book[0], index, old_index, records, np.uint64(key))


def _index_size(entries: int) -> int:
    return max(_MIN_INDEX, 1 << int(np.ceil(np.log2(max(entries, 1) / MAX_LOAD))))


class Table:
    """Records of ``dtype`` by 64-bit key."""

    def __init__(self, dtype: np.dtype[Any], capacity: int) -> None:
        self.records = Arena(dtype, capacity)
        self.index: NDArray[np.uint64] = np.zeros(_index_size(capacity), np.uint64)
        self.old_index: NDArray[np.uint64] = np.zeros(1, np.uint64)
        self.book = np.zeros(1, TABLE)
        self.book["mask"] = len(self.index) - 1
        self.book["old_mask"] = -1

    @property
    def count(self) -> int:
        """Records ever allocated."""
        return int(self.book["count"][0])

    @property
    def live(self) -> int:
        """Records in use."""
        return int(self.book["live"][0])

    @property
    def bytes_in_use(self) -> int:
        """Records allocated and index entries."""
        old = self.old_index.nbytes if self.book["old_mask"][0] >= 0 else 0
        return self.count * self.records.array.dtype.itemsize + self.index.nbytes + old

    def make_room(self, newcomers: int) -> bool:
        """Make sure that ``newcomers`` more keys fit. True when an array was replaced.

        A larger index is put in front of the old one, whose entries move over a few for each new record, so the cost
        of growth is spread over the events that cause it (:func:`tidegate.engine.index.migrate`).
        """
        book = self.book[0]
        grown = False
        if int(book["count"]) + newcomers > len(self.records.array):
            self.records.grow(int((int(book["count"]) + newcomers) * GROWTH))
            grown = True
        used = int(book["live"]) + int(book["tombstones"])
        if used + newcomers > MAX_LOAD * len(self.index):
            if book["old_mask"] >= 0:
                self._finish_migration()
            self.old_index = self.index
            self.index = np.zeros(
                max(_index_size(int(book["live"]) + newcomers), 2 * _index_size(int(book["live"]))), np.uint64
            )
            self.book["old_mask"] = len(self.old_index) - 1
            self.book["mask"] = len(self.index) - 1
            self.book["migrated"] = 0
            self.book["tombstones"] = 0
            grown = True
        return grown

    def begin_index(self) -> None:
        """Begin the index anew, with room for every record there is; nothing can be found until it is filled."""
        self.index = np.zeros(_index_size(self.count + _SPARE_ENTRIES), np.uint64)
        self.old_index = np.zeros(1, np.uint64)
        self.book["mask"] = len(self.index) - 1
        self.book["old_mask"] = -1
        self.book["migrated"] = self.book["tombstones"] = 0

    def _finish_migration(self) -> None:
        """Only reached when a batch outgrows the new index before the old one is empty: a burst right after growth."""
        _migrate_rest(self.book, self.index, self.old_index, self.records.array)

    def find(self, key: int) -> int:
        """Slot of ``key``, or -1."""
        return int(_find(self.book, self.index, self.old_index, self.records.array, np.uint64(key)))


@compiled
def _migrate_rest(book: Any, index: Any, old_index: Any, records: Any) -> None:
    table = book[0]
    while table.old_mask >= 0:
        migrate(table, index, old_index, records)
