"""Accounts around a group: those like its members that are no candidates themselves.

Only the coldest of a sales team or of many couriers are candidates; their colleagues tell what they are. And a fleet has
members about which nothing speaks yet; their ties to the others do.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.campaigns.layout import OUTREACH
from tidegate.campaigns.likeness import Likeness
from tidegate.campaigns.proposing import KEYS_OF_ITSELF, block_keys
from tidegate.campaigns.surprise import cost_of_picking

LESS_ALIKE_NATS, LEAST_ALIKE_NATS = 2.5, 2.0
"""A bystander is so much less like the members than they are like each other, and at least so much like them."""
LEAST_ALIKE_CONTACTS = 5
EQUALLY_ACTIVE_AT_MOST = 300
"""Looked at for a group though nothing but their activity is like the members'."""


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around one group."""

    rows: NDArray[Any]
    """OUTREACH of accounts that are no candidates."""
    nats: NDArray[np.float64]
    """[row, central member]"""
    belongs: NDArray[np.bool_]
    """[row]: as much like the members as those are like each other."""
    recruits: NDArray[np.bool_]
    """[row]: so much like them that one hand runs it, whatever was said back to it."""
    cost: float
    """Nats that this takes: those of picking the least suspicious account of all."""


class Surroundings:
    """OUTREACH rows of all accounts that are no candidates, found by what they share with a group."""

    def __init__(self, likeness: Likeness, most: int) -> None:
        self._likeness, self._most = likeness, most
        self._room: NDArray[Any] = np.zeros(0, OUTREACH)
        self._count = 0
        self._indices = [_Index(self._room, 0)]
        """Of all as they were renewed, and of whatever was added at once since."""
        self._most_active = np.zeros(0, np.int64)

    def renew(self, rows: NDArray[Any]) -> None:
        """These OUTREACH ``rows`` are all there are."""
        self._room, self._count = rows, len(rows)
        self._indices = [_Index(rows, 0)]
        order = np.argsort(-rows["opened"].astype(np.int64), kind="stable")
        self._most_active = order[:EQUALLY_ACTIVE_AT_MOST]

    def add(self, rows: NDArray[Any]) -> None:
        """These have changed since."""
        end = self._count + len(rows)
        if end > len(self._room):
            grown = np.zeros(max(2 * len(self._room), end), OUTREACH)
            grown[: self._count] = self._rows
            self._room = grown
        self._room[self._count : end] = rows
        self._indices.append(_Index(rows, self._count))
        self._count = end

    def erase(self, key: int) -> None:
        """Forget an account."""
        self._rows[self._rows["key"] == np.uint64(key)] = np.zeros((), OUTREACH)

    @property
    def _rows(self) -> NDArray[Any]:
        return self._room[: self._count]

    def around(self, members: NDArray[Any], centre: NDArray[np.int64], candidates: NDArray[Any]) -> Around:
        """What stands around OUTREACH ``members``, of which ``centre`` are the central ones' indices.

        ``candidates``: OUTREACH of all candidates, who are left out.
        """
        found = self._near(members)
        rows = self._rows[found]
        # Of an account that was seen again the latest row counts.
        _, last = np.unique(rows["slot"][::-1], return_index=True)
        rows = rows[np.sort(len(rows) - 1 - last)]
        rows = rows[~np.isin(rows["slot"], candidates["slot"]) & (rows["key"] != 0)]
        nats = self._weighed(members[centre], rows)
        among = np.stack(np.triu_indices(len(centre), 1), 1).astype(np.int64)
        usual, _ = self._likeness.weigh(members[centre], among)
        usual_nats = float(np.median(usual)) if len(usual) else LEAST_ALIKE_NATS
        alike = np.median(nats, axis=1) if len(nats) else np.zeros(0)
        last_rank = len(candidates) + max(len(self._rows), 1)
        cost = float(cost_of_picking(np.array([float(last_rank)]), last_rank)[0])
        belongs = alike >= max(usual_nats - LESS_ALIKE_NATS, LEAST_ALIKE_NATS)
        return Around(rows, nats, belongs, (alike >= cost) & (rows["cleared"] == 0), cost)

    def _near(self, members: NDArray[Any]) -> NDArray[np.int64]:
        """Indices of rows that share a key with two members, or are about as active; those that share most first."""
        keys, counts = np.unique(_keys(members), return_counts=True)
        common = keys[(counts >= 2) & (keys != 0)]
        sharing = np.concatenate([index.having(common) for index in self._indices])
        found, shared = np.unique(sharing, return_counts=True)
        near = found[np.argsort(-shared, kind="stable")[: self._most]]
        least = max(0.5 * float(np.median(members["opened"])), LEAST_ALIKE_CONTACTS)
        as_active = self._most_active[self._rows["opened"][self._most_active] >= least]
        return np.union1d(near, as_active)

    def _weighed(self, centre: NDArray[Any], rows: NDArray[Any]) -> NDArray[np.float64]:
        """Nats [row, central member]."""
        across = np.stack(np.divmod(np.arange(len(rows) * len(centre)), len(centre)), 1)
        across[:, 0] += len(centre)
        nats, _ = self._likeness.weigh(np.concatenate([centre, rows]), across)
        return nats.reshape(len(rows), len(centre))


class _Index:
    """Which rows have a key."""

    def __init__(self, rows: NDArray[Any], first: int) -> None:
        keys = _keys(rows).ravel()
        owner = np.repeat(np.arange(first, first + len(rows)), KEYS_OF_ITSELF)[keys != 0]
        keys = keys[keys != 0]
        order = np.argsort(keys, kind="stable")
        self._keys, self._owner = keys[order], owner[order]

    def having(self, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Indices of rows, once for each of the ascending ``keys`` that they have."""
        first, end = np.searchsorted(self._keys, keys), np.searchsorted(self._keys, keys, "right")
        sizes = end - first
        before = np.cumsum(sizes) - sizes
        owners: NDArray[np.int64] = self._owner[
            np.repeat(first - before, sizes) + np.arange(int(sizes.sum()))
        ]
        return owners


def _keys(rows: NDArray[Any]) -> NDArray[np.uint64]:
    """[row, KEYS_OF_ITSELF]; 0 where there is none."""
    keys = np.zeros((len(rows), KEYS_OF_ITSELF), np.uint64)
    block_keys(rows, keys)
    return keys
