"""Pairs of accounts into groups, and the table of identifiers that pairs are made of."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from tidegate.events.compiled import compiled

Ints = NDArray[np.int64]
Keys = NDArray[np.uint64]
LEAST_MEMBERS = 5
"""Smaller groups are families and friends. The same for every baseline."""


def mixed(*columns: NDArray[Any]) -> Keys:
    """One 64-bit number for each row of several columns; rows that differ get different ones (collisions: 2^-64
    a pair)."""
    with np.errstate(over="ignore"):
        out = np.zeros(len(columns[0]), np.uint64)
        for column in columns:
            out = (out ^ column.astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
            out ^= out >> np.uint64(29)
            out *= np.uint64(0xBF58476D1CE4E5B9)
            out ^= out >> np.uint64(32)
    return out


def dense(keys: Keys) -> tuple[Keys, Ints]:
    """The distinct keys in order, and the index of each."""
    distinct, index = np.unique(keys, return_inverse=True)
    return distinct, index.astype(np.int64)


def connected(one: Ints, other: Ints, count: int) -> list[Ints]:
    """Groups of at least LEAST_MEMBERS among ``count`` accounts that are connected by pairs."""
    graph = sparse.coo_matrix((np.ones(len(one), np.int8), (one, other)), shape=(count, count))
    _, label = csgraph.connected_components(graph, directed=False)
    return labelled_groups(label)


def labelled_groups(label: NDArray[Any], least: int = LEAST_MEMBERS) -> list[Ints]:
    """Indices of equal labels, at least ``least`` of them; negative labels are nobody's."""
    order = np.argsort(label, kind="stable")
    bounds = (
        np.flatnonzero(np.r_[True, np.diff(label[order]) != 0, True]) if len(label) else np.zeros(1, np.int64)
    )
    large = np.flatnonzero((np.diff(bounds) >= least) & (label[order[bounds[:-1]]] >= 0))
    return [order[bounds[at] : bounds[at + 1]] for at in large]


@compiled
def pairs_in_time(
    thing: Ints, time: NDArray[np.float64], account: Ints, within_s: float, most: int
) -> tuple[Ints, Ints, Ints]:
    """Pairs of rows about the same thing within ``within_s`` of each other, by different accounts.

    Rows are sorted by thing and time; each is paired with at most ``most`` later rows. Returns the two
    accounts, the smaller first, and the row of the earlier one.
    """
    n = len(thing)
    count = 0
    for i in range(n):
        j = i + 1
        while j < n and j - i <= most and thing[j] == thing[i] and time[j] - time[i] <= within_s:
            count += account[j] != account[i]
            j += 1
    low, high, row = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.int64)
    at = 0
    for i in range(n):
        j = i + 1
        while j < n and j - i <= most and thing[j] == thing[i] and time[j] - time[i] <= within_s:
            if account[j] != account[i]:
                low[at], high[at] = min(account[i], account[j]), max(account[i], account[j])
                row[at] = i
                at += 1
            j += 1
    return low, high, row


@compiled
def popularity(thing: Ints, account: Ints) -> Ints:
    """[row]: how many accounts have the row's thing. Rows are sorted by thing and account."""
    n = len(thing)
    out = np.empty(n, np.int64)
    at = 0
    while at < n:
        end, accounts = at, 0
        while end < n and thing[end] == thing[at]:
            accounts += end == at or account[end] != account[end - 1]
            end += 1
        out[at:end] = accounts
        at = end
    return out
