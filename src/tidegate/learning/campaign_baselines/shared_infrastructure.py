"""Accounts on one device or in one network belong together: what an operator would try first.

Union-find over accounts, devices and networks, where a network that more than a few accounts use says nothing
(EvilCohort, Stringhini et al., USENIX Security 2015, finds communities in the same graph of accounts and
addresses; here without its threshold on how much two share).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from tidegate.learning.campaign_baselines.groups import Keys, dense, labelled_groups, mixed, popularity
from tidegate.learning.campaign_finder import DAY_S, MINUTE_S

USE = np.dtype([("time", np.float64), ("account", np.uint64), ("thing", np.uint64), ("network", np.bool_)])
"""An account used a device or a network, last at ``time``."""


@dataclass(frozen=True, slots=True)
class SharedInfrastructureSettings:
    """How popular a device or a network may be before it says nothing. Chosen on training worlds."""

    window_s: float = 7 * DAY_S
    every_s: float = 15 * MINUTE_S
    popular_network: int = 8
    popular_device: int = 100


class SharedInfrastructure:
    """A :class:`~tidegate.learning.campaign_finder.Finder`."""

    def __init__(self, settings: SharedInfrastructureSettings | None = None) -> None:
        self.settings = settings or SharedInfrastructureSettings()
        self.every_s = self.settings.every_s
        self._uses = np.zeros(0, USE)
        self._marks = np.zeros(0, np.uint64)
        """Of ``_uses``, ascending."""
        self._grown = False

    def observe(self, events: NDArray[Any]) -> None:
        """Note who used what."""
        for column in ("network", "device"):
            chosen = events[events[column] != 0]
            things = mixed(chosen[column], np.full(len(chosen), column == "network"))
            newest_first = slice(None, None, -1)
            marks, last = np.unique(mixed(chosen["actor"], things)[newest_first], return_index=True)
            uses = np.zeros(len(last), USE)
            uses["time"] = chosen["time"][newest_first][last]
            uses["account"], uses["thing"] = chosen["actor"][newest_first][last], things[newest_first][last]
            uses["network"] = column == "network"
            self._add(uses, marks)

    def _add(self, uses: NDArray[Any], marks: Keys) -> None:
        """Take uses, each at most once, in the order of their marks."""
        place = np.searchsorted(self._marks, marks)
        if len(self._marks):
            known = self._marks[np.minimum(place, len(self._marks) - 1)] == marks
        else:
            known = np.zeros(len(marks), bool)
        self._uses["time"][place[known]] = uses["time"][known]
        if not known.all():
            self._uses = np.insert(self._uses, place[~known], uses[~known])
            self._marks = np.insert(self._marks, place[~known], marks[~known])
            self._grown = True

    def find(self, now_s: float) -> list[Keys]:
        """Groups connected by what was used in the window; nothing when no use is new since the last call."""
        if not self._grown:
            return []
        self._grown = False
        recent = self._uses["time"] >= now_s - self.settings.window_s
        self._uses, self._marks = self._uses[recent], self._marks[recent]
        keys, account = dense(self._uses["account"])
        things, thing = dense(self._uses["thing"])
        order = np.lexsort((account, thing))
        cap = np.where(
            self._uses["network"][order], self.settings.popular_network, self.settings.popular_device
        )
        kept = order[popularity(thing[order], account[order]) <= cap]
        both = len(keys) + len(things)
        graph = sparse.coo_matrix(
            (np.ones(len(kept), np.int8), (account[kept], len(keys) + thing[kept])), shape=(both, both)
        )
        _, label = csgraph.connected_components(graph, directed=False)
        return [keys[group] for group in labelled_groups(label[: len(keys)])]
