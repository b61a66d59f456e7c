"""Finding a record by its key: open addressing that grows without a pause.

An index is an array of ``uint64`` entries, ``tag << 32 | slot + 1``; 0 is empty, all ones in the low half a tombstone.
To grow, a larger array is put in front and every new record moves a few entries over from the old one, which is only
read from then on; so no single event pays for the growth. Slots never change, so records never move.
"""

from typing import Any

import numpy as np

from tidegate.events.compiled import inlined

_LOW = np.uint64(0xFFFFFFFF)
_HIGH = np.uint64(0xFFFFFFFF00000000)
TOMBSTONE = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
MIGRATE_STEP = 8
"""Old entries moved for each new record. The old array is empty long before the new one needs to grow."""
_NONE = np.uint64(0)


@inlined
def home(key: Any, mask: Any) -> Any:
    """Where a key's search begins."""
    return np.int64(np.uint64(key) & np.uint64(mask))


@inlined
def probe(index: Any, mask: Any, records: Any, key: Any) -> Any:
    """Slot of ``key`` in one index array, or -1."""
    tag = np.uint64(key) & _HIGH
    position = home(key, mask)
    while True:
        entry = index[position]
        if entry == _NONE:
            return np.int64(-1)
        low = entry & _LOW
        if (entry & _HIGH) == tag and low != TOMBSTONE:
            slot = np.int64(low) - 1
            if records[slot].key == key:
                return slot
        position = (position + 1) & mask


@inlined
def put(index: Any, mask: Any, key: Any, slot: Any) -> Any:
    """Enter a key that is known to be absent."""
    position = home(key, mask)
    while True:
        entry = index[position]
        if entry == _NONE or (entry & _LOW) == TOMBSTONE:
            index[position] = (np.uint64(key) & _HIGH) | np.uint64(slot + 1)
            return entry != _NONE
        position = (position + 1) & mask


@inlined
def find(table: Any, index: Any, old_index: Any, records: Any, key: Any) -> Any:
    """Slot of ``key``, or -1."""
    slot = probe(index, table.mask, records, key)
    if slot < 0 and table.old_mask >= 0:
        slot = probe(old_index, table.old_mask, records, key)
    return slot


@inlined
def migrate(table: Any, index: Any, old_index: Any, records: Any) -> Any:
    """Move a few entries of the old array over."""
    if table.old_mask < 0:
        return
    end = min(table.migrated + MIGRATE_STEP, table.old_mask + 1)
    for position in range(table.migrated, end):
        low = old_index[position] & _LOW
        if low != _NONE and low != TOMBSTONE:
            slot = np.int64(low) - 1
            put(index, table.mask, records[slot].key, slot)
    table.migrated = end
    if end == table.old_mask + 1:
        table.old_mask = -1


@inlined
def find_or_add(table: Any, index: Any, old_index: Any, records: Any, key: Any) -> Any:
    """``(slot, is_new)``. A new record is all zero but for its key. The caller has made sure there is room."""
    slot = find(table, index, old_index, records, key)
    if slot >= 0:
        return slot, False
    migrate(table, index, old_index, records)
    if table.free_head > 0:
        slot = table.free_head - 1
        table.free_head = np.int64(records[slot].key)
        records[slot].last_s = 0.0
    else:
        slot = table.count
        table.count += 1
    table.live += 1
    records[slot].key = key
    if put(index, table.mask, key, slot):
        table.tombstones -= 1
    return slot, True


@inlined
def free(table: Any, index: Any, old_index: Any, records: Any, words: Any, width: Any, slot: Any) -> None:
    """Wipe a record and keep its place for the next new one. ``words``: the records as uint64, ``width`` each."""
    key = records[slot].key
    bury(index, table.mask, key, slot)
    if table.old_mask >= 0:
        bury(old_index, table.old_mask, key, slot)
    table.tombstones += 1
    table.live -= 1
    for word in range(slot * width, (slot + 1) * width):
        words[word] = np.uint64(0)
    records[slot].last_s = -1.0
    records[slot].key = np.uint64(table.free_head)
    table.free_head = slot + 1


@inlined
def bury(index: Any, mask: Any, key: Any, slot: Any) -> Any:
    """Turn the entry of a record into a tombstone in one array; True when it was there."""
    wanted = (np.uint64(key) & _HIGH) | np.uint64(slot + 1)
    position = home(key, mask)
    while True:
        entry = index[position]
        if entry == _NONE:
            return False
        if entry == wanted:
            index[position] = TOMBSTONE
            return True
        position = (position + 1) & mask
