"""Which pairs are worth comparing: accounts that fall into the same small block, instead of everybody with everybody.

Locality-sensitive hashing: what is alike gets the same key with good probability. Each account has keys for what it
shares exactly (networks, devices, number range, groups, targets), for when it signed up and began, in overlapping bins,
together with how it writes, and for a sketch of its targets' circle (MinHash, Broder 1997).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.events.compiled import compiled

LARGEST_BLOCK = 512
"""A block with more accounts says too little; only its latest are paired."""
KEYS_OF_ITSELF = 27
"""Of what an account has and does; the others are its targets."""
KEYS = 96
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_HOUR_S = 3_600
_SEEN_BITS = 22
_SEEN_SHIFT = np.uint64(64 - _SEEN_BITS)


@compiled
def _keyed(kind: Any, a: Any, b: Any, c: Any) -> Any:
    x = (np.uint64(kind) * _MULTIPLIER) ^ np.uint64(a)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9) + np.uint64(b)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB) + np.uint64(c)
    return (x ^ (x >> np.uint64(31))) | np.uint64(1)


@compiled
def block_keys(rows: Any, keys: Any) -> None:
    """``keys`` uint64[n, KEYS_OF_ITSELF or more], 0 where an account has fewer; targets as far as there is room."""
    for i in range(len(rows)):
        row, n = rows[i], 0
        keys[i, :] = np.uint64(0)
        for value in row.networks:
            if value != 0:
                keys[i, n] = _keyed(1, value, 0, 0)
                n += 1
        for value in row.devices:
            if value != 0:
                keys[i, n] = _keyed(2, value, 0, 0)
                n += 1
        for value in row.chats:
            if value != 0:
                keys[i, n] = _keyed(3, value, 0, 0)
                n += 1
        if row.phone_range != 0:
            keys[i, n] = _keyed(4, row.phone_range, 0, 0)
            n += 1
        length = np.int64(-1)
        if row.size_mean == row.size_mean:
            length = np.int64(np.floor(row.size_mean / 0.4))
        for half in range(2):
            if row.registered != 0:
                hour = (np.int64(row.registered) + half * 3 * _HOUR_S) // (6 * _HOUR_S)
                keys[i, n] = _keyed(5 + half, hour, row.client, 0)
                day = (np.int64(row.registered) + half * 18 * _HOUR_S) // (36 * _HOUR_S)
                for near in range(2):
                    keys[i, n + 1 + near] = _keyed(7 + half, day, row.client, length + near + 2)
                n += 3
            began = (np.int64(row.started) + half * _HOUR_S) // (2 * _HOUR_S)
            keys[i, n] = _keyed(9 + half, began, row.client, 0)
            began = (np.int64(row.started) + half * 12 * _HOUR_S) // (24 * _HOUR_S)
            for near in range(2):
                keys[i, n + 1 + near] = _keyed(11 + half, began, row.client, length + near + 2)
            n += 3
        for band in range(4):
            if row.region[2 * band] != np.uint32(0xFFFFFFFF):
                keys[i, n] = _keyed(13 + band, row.region[2 * band], row.region[2 * band + 1], 0)
                n += 1
        for k in range(row.target_count):
            if n < keys.shape[1]:
                keys[i, n] = _keyed(20, row.targets[k], 0, 0)
                n += 1


@compiled
def _pairs_of(order: Any, starts: Any, blocks: Any, owner: Any, fresh: Any, out: Any) -> Any:
    """Fill ``out`` with pairs (two indices in one word); returns how many, never more than fit."""
    n = 0
    for b in blocks:
        last = starts[b + 1]
        first = max(starts[b], last - LARGEST_BLOCK)
        for i in range(first, last):
            one = owner[order[i]]
            for k in range(i + 1, last):
                other = owner[order[k]]
                if one != other and (fresh[one] or fresh[other]):
                    if n == len(out):
                        return n
                    out[n] = (np.uint64(min(one, other)) << np.uint64(32)) | np.uint64(max(one, other))
                    n += 1
    return n


def propose(
    rows: NDArray[Any], fresh: NDArray[np.bool_], most: int, everybody_up_to: int
) -> NDArray[np.int64]:
    """Pairs int64[n, 2] of indices into OUTREACH ``rows`` that share a block, one of them ``fresh`` at least.

    Up to ``everybody_up_to`` pairs are simply all of them. Beyond, ``rows`` being in the order in which accounts
    became candidates, a block that is too large keeps its latest, and when even so there are too many the largest
    blocks are left out.
    """
    if len(rows) < 2 or not fresh.any():
        return np.zeros((0, 2), np.int64)
    if len(rows) * int(fresh.sum()) <= everybody_up_to:
        return everybody(len(rows), fresh)
    return in_blocks(rows, fresh, most)


def in_blocks(rows: NDArray[Any], fresh: NDArray[np.bool_], most: int) -> NDArray[np.int64]:
    """Pairs int64[n, 2] of ``rows`` that share a block, one of them fresh; at most ``most`` with repetitions."""
    keys = np.zeros((len(rows), KEYS), np.uint64)
    block_keys(rows, keys)
    # Only blocks with a fresh account matter; a table of the high bits sorts out most others without sorting.
    seen = np.zeros(1 << _SEEN_BITS, np.bool_)
    seen[(keys[fresh] >> _SEEN_SHIFT).ravel()] = True
    flat = keys.ravel()
    kept = np.flatnonzero(seen[flat >> _SEEN_SHIFT] & (flat != 0))
    owner, flat = kept // KEYS, flat[kept]
    order = np.argsort(flat, kind="stable")
    edges = np.concatenate([[True], flat[order][1:] != flat[order][:-1], [True]])
    starts = np.flatnonzero(edges)
    sizes = np.diff(starts)
    blocks = np.flatnonzero(sizes >= 2)
    blocks = blocks[np.argsort(sizes[blocks], kind="stable")]
    out = np.zeros(most, np.uint64)
    found = np.unique(out[: _pairs_of(order, starts, blocks, owner, fresh, out)])
    return np.stack([found >> np.uint64(32), found & np.uint64(0xFFFFFFFF)], 1).astype(np.int64)


def everybody(count: int, fresh: NDArray[np.bool_]) -> NDArray[np.int64]:
    """All pairs int64[n, 2] of ``count`` rows with a fresh one among the two."""
    new = np.flatnonzero(fresh)
    one, other = np.repeat(new, count), np.tile(np.arange(count), len(new))
    # A pair of two fresh ones is met twice.
    keep = (one < other) | (~fresh[other] & (one != other))
    pairs: NDArray[np.int64] = np.stack([np.minimum(one, other)[keep], np.maximum(one, other)[keep]], 1)
    return pairs
