"""The engine's whole state as a few arrays, for snapshots: handed out as they lie in memory, taken in, and checked.

Indexes are no part of it: they follow from the records, are quickly rebuilt, and no result depends on how one grew.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.engine.index import home
from tidegate.engine.layout import MAX_STRIKES, PEERS
from tidegate.engine.machine import prefetch
from tidegate.engine.rungs import Rung
from tidegate.engine.table import Table
from tidegate.events.compiled import compiled

_AHEAD = 32
"""Records whose index entries are asked for at once."""
_RUNGS, _PEER_PLACES = len(Rung), PEERS // 2
_NO_KEY, _TWICE, _FREE_CHAIN = 1, 2, 3
_COUNTS = ["sequence", "judged", "evicted", "late", "sweep_at", "network_sweep_at", "device_sweep_at"]
_COUNTS += ["births", "network_births", "device_births"]
_FAULTS = {
    _NO_KEY: "a record has no key",
    _TWICE: "two records have the same key",
    _FREE_CHAIN: "the list of freed records does not fit the records",
}


class StateError(Exception):
    """A state does not hold together, or is another engine's; the engine it was put into must not be used."""


class State:
    """Header, waiting strikes, and the three tables."""

    def __init__(self, header: NDArray[Any], strikes: NDArray[Any], tables: Mapping[str, Table]) -> None:
        self._header, self._strikes, self._tables = header, strikes, tables
        self._wanted: tuple[int, float] | None = None
        self._counts: dict[str, int] = {}

    def parts(self) -> dict[str, NDArray[Any]]:
        """By name, in order; views of live memory, good until the next event is observed."""
        parts = {"header": self._header, "strikes": self._strikes[: int(self._header["strikes"][0])]}
        for name, table in self._tables.items():
            parts[f"{name}.book"] = table.book
            parts[name] = table.records.array[: table.count]
        return parts

    def prepare(self, sizes: Mapping[str, int]) -> dict[str, NDArray[Any]]:
        """Arrays to be filled with parts of so many bytes."""
        if int(self._header["sequence"][0]) or any(table.count for table in self._tables.values()):
            raise StateError("a state goes into a new engine; this one has observed events already")
        if sizes.keys() != self.parts().keys():
            raise StateError(
                f"the parts are {', '.join(sorted(sizes))}; wanted {', '.join(sorted(self.parts()))}"
            )
        counts = {name: _records(name, sizes[name], part.dtype) for name, part in self.parts().items()}
        for name in ("header", *(f"{table}.book" for table in self._tables)):
            if counts[name] != 1:
                raise StateError(f"{name} holds {counts[name]} records; it must be one")
        if counts["strikes"] > MAX_STRIKES:
            raise StateError(f"{counts['strikes']} strikes wait; at most {MAX_STRIKES} can")
        self._wanted = int(self._header["pepper"][0]), float(self._header["idle_limit_s"][0])
        self._counts = counts
        views = {"header": self._header, "strikes": self._strikes[: counts["strikes"]]}
        for name, table in self._tables.items():
            table.records.grow(counts[name])
            views[f"{name}.book"] = table.book
            views[name] = table.records.array[: counts[name]]
        return views

    def adopt(self) -> None:
        """Check what the arrays were filled with, and make it findable."""
        if self._wanted is None:
            raise StateError("nothing was prepared to be adopted")
        pepper, idle_limit_s = self._wanted
        self._wanted = None
        header = self._header[0]
        if int(header["pepper"]) != pepper:
            raise StateError(
                "it was made with another key: pseudonyms and randomised thresholds would not fit"
            )
        if int(header["strikes"]) != self._counts["strikes"]:
            raise StateError(
                f"{self._counts['strikes']} strikes wait; the header counts {int(header['strikes'])}"
            )
        for name in _COUNTS:
            if int(header[name]) < 0:
                raise StateError(f"the header's {name} is negative")
        header["idle_limit_s"] = idle_limit_s
        for name, table in self._tables.items():
            _make_findable(name, table, self._counts[name])
        self._check_references()

    def _check_references(self) -> None:
        accounts, networks, devices = (self._tables[name] for name in ("accounts", "networks", "devices"))
        held = np.zeros(2, np.int64)
        if not sound_accounts(accounts.records.array, accounts.count, networks.count, devices.count, held):
            raise StateError(
                "an account stands on no rung there is, or names a network or device there is not"
            )
        for table, name, wanted in ((networks, "networks", held[0]), (devices, "devices", held[1])):
            if held_by_accounts(table.records.array, table.count) != wanted:
                raise StateError(f"the {name} do not count as many accounts as point to them")
        strikes = self._strikes[: self._counts["strikes"]]
        if (strikes["network_slot"] > networks.count).any() or (strikes["device_slot"] > devices.count).any():
            raise StateError("a strike names a network or device there is not")


def _records(name: str, size_bytes: int, dtype: np.dtype[Any]) -> int:
    if size_bytes < 0 or size_bytes % dtype.itemsize:
        raise StateError(
            f"{name} has {size_bytes:,} bytes, which is no multiple of a record's {dtype.itemsize}"
        )
    return size_bytes // dtype.itemsize


def _make_findable(name: str, table: Table, count: int) -> None:
    if table.count != count:
        raise StateError(f"there are {count:,} records of {name}, but their book counts {table.count:,}")
    table.begin_index()
    fault = reindex(table.book, table.index, table.records.array)
    if fault:
        raise StateError(f"{name}: {_FAULTS[int(fault)]}")


@compiled
def reindex(book: Any, index: Any, records: Any) -> Any:
    """Enter every record in use into an empty index, and follow the list of freed ones. 0, or what is wrong."""
    table = book[0]
    mask, count = table.mask, table.count
    used = np.int64(0)
    for start in range(0, count, _AHEAD):
        end = min(count, start + _AHEAD)
        for slot in range(end, min(count, end + _AHEAD)):
            prefetch(records, slot, 0)
        for slot in range(start, end):
            prefetch(index, home(records[slot].key, mask), 0)
        for slot in range(start, end):
            if records[slot].last_s < 0.0:
                continue
            used += 1
            key = records[slot].key
            if key == np.uint64(0):
                return _NO_KEY
            tag = key & np.uint64(0xFFFFFFFF00000000)
            position = home(key, mask)
            while index[position] != np.uint64(0):
                entry = index[position]
                other = np.int64(entry & np.uint64(0xFFFFFFFF)) - 1
                if (entry & np.uint64(0xFFFFFFFF00000000)) == tag and records[other].key == key:
                    return _TWICE
                position = (position + 1) & mask
            index[position] = tag | np.uint64(slot + 1)
    freed = np.int64(0)
    free = table.free_head
    while free != 0:
        if free < 0 or free > count or freed == count - used or not records[free - 1].last_s < 0.0:
            return _FREE_CHAIN
        free = np.int64(records[free - 1].key)
        freed += 1
    return 0 if freed == count - used and used == table.live else _FREE_CHAIN


@compiled
def sound_accounts(accounts: Any, count: Any, networks: Any, devices: Any, held: Any) -> Any:
    """Whether everything in the accounts that is used as a position lies within what it points into.

    ``held``: how many point to a network, and how many to a device.
    """
    for slot in range(count):
        account = accounts[slot]
        if (
            account.rung >= _RUNGS
            or account.peer_head >= _PEER_PLACES
            or account.firm_rung > account.rung
            or np.int64(account.network_slot) > networks
            or np.int64(account.device_slot) > devices
        ):
            return False
        held[0] += account.network_slot != 0
        held[1] += account.device_slot != 0
    return True


@compiled
def held_by_accounts(records: Any, count: Any) -> Any:
    """The sum of ``held_by``, or -1 when a freed record is held."""
    held = np.int64(0)
    for slot in range(count):
        if records[slot].held_by != 0 and records[slot].last_s < 0.0:
            return np.int64(-1)
        held += records[slot].held_by
    return held
