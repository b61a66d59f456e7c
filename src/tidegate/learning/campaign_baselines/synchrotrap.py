"""SynchroTrap's idea: accounts whose actions coincide in time and object, day after day.

Cao, Yang, Yu and Palow, "Uncovering Large Groups of Active Malicious Accounts in Online Social Networks", CCS 2014.
An action is (account, time, constraint object). Two actions match when they are about the same object within
``T_sim``; two accounts are as similar, for one kind of object, as the Jaccard index of their actions of that
kind; accounts are clustered by single linkage, once a day over the last day.

As there: tuples, matching by time, Jaccard per kind of constraint, single linkage (at one threshold it is the
connected components of the pairs above it), daily runs. Different: the kinds are those a messenger has
(network, target of a first message of the day, group joined, account complained of); matches are found by one
sorted sweep instead of map-reduce; objects that more than ``popular`` accounts use in a day are left out,
which bounds the pairs.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.events.columns import EventType
from tidegate.learning.campaign_baselines.groups import (
    Ints,
    Keys,
    connected,
    dense,
    mixed,
    pairs_in_time,
    popularity,
)
from tidegate.learning.campaign_finder import DAY_S, HOUR_S

SUCCESSORS = 256
"""Later actions about the same object that one action is matched with, at most."""


class Constraint(IntEnum):
    """What an action is about."""

    NETWORK = 0
    TARGET = 1
    GROUP = 2
    COMPLAINT = 3


ACTION = np.dtype(
    [
        ("time", np.float64),
        ("account", np.uint64),
        ("thing", np.uint64),
        ("kind", np.uint8),
        ("mark", np.uint64),
    ]
)
"""``thing``: object and kind in one key; ``mark``: equal for actions of one account, thing and span of T_sim."""


@dataclass(frozen=True, slots=True)
class SynchroTrapSettings:
    """``similarity`` and ``popular`` were chosen on training worlds, see ``tuning`` in the evaluation."""

    t_sim_s: float = HOUR_S
    window_s: float = DAY_S
    every_s: float = DAY_S
    similarity: float = 0.7
    least_matches: int = 3
    """Matching actions of a pair below which its similarity says nothing."""
    popular: int = 200


class SynchroTrap:
    """A :class:`~tidegate.learning.campaign_finder.Finder`."""

    def __init__(self, settings: SynchroTrapSettings | None = None) -> None:
        self.settings = settings or SynchroTrapSettings()
        self.every_s = self.settings.every_s
        self._actions: list[NDArray[Any]] = []

    def observe(self, events: NDArray[Any]) -> None:
        """Keep the actions, one for each account, object and span of T_sim."""
        kind = events["type"]
        first = (kind == EventType.MESSAGE) | (kind == EventType.INVITE)
        complaint = (kind == EventType.REPORT) | (kind == EventType.BLOCK)
        parts = [
            self._of(events, Constraint.NETWORK, "network", np.ones(len(events), bool)),
            self._of(events, Constraint.TARGET, "target", first),
            self._of(events, Constraint.GROUP, "chat", kind == EventType.JOIN),
            self._of(events, Constraint.COMPLAINT, "target", complaint),
        ]
        self._actions.append(_distinct(np.concatenate(parts)))

    def _of(
        self, events: NDArray[Any], constraint: Constraint, column: str, which: NDArray[np.bool_]
    ) -> NDArray[Any]:
        chosen = events[which & (events[column] != 0)]
        out = np.zeros(len(chosen), ACTION)
        out["time"], out["account"], out["kind"] = chosen["time"], chosen["actor"], constraint
        out["thing"] = mixed(chosen[column], out["kind"])
        span_s = self.settings.t_sim_s if constraint is Constraint.NETWORK else self.settings.window_s
        out["mark"] = mixed(out["account"], out["thing"], np.floor(chosen["time"] / span_s).astype(np.int64))
        return out

    def find(self, now_s: float) -> list[Keys]:
        """Clusters of the window that ends at ``now_s``."""
        if not self._actions:
            return []
        actions = np.concatenate(self._actions)
        actions = _distinct(actions[actions["time"] >= now_s - self.settings.window_s])
        self._actions = [actions]
        keys, account = dense(actions["account"])
        _, thing = dense(actions["thing"])
        order = np.lexsort((account, thing))
        usable = order[popularity(thing[order], account[order]) <= self.settings.popular]
        sizes = np.zeros((len(Constraint), len(keys)), np.int64)
        np.add.at(sizes, (actions["kind"], account), 1)
        usable = usable[np.lexsort((actions["time"][usable], thing[usable]))]
        one, other = self._similar(
            thing[usable], actions["time"][usable], account[usable], actions["kind"][usable], sizes
        )
        return [keys[group] for group in connected(one, other, len(keys))]

    def _similar(
        self, thing: Ints, time: NDArray[np.float64], account: Ints, kind: NDArray[np.uint8], sizes: Ints
    ) -> tuple[Ints, Ints]:
        """Pairs whose Jaccard index reaches the threshold for some kind of object."""
        low, high, row = pairs_in_time(thing, time, account, self.settings.t_sim_s, SUCCESSORS)
        accounts, kinds = sizes.shape[1], len(Constraint)
        pair = (low * accounts + high) * kinds + kind[row]
        distinct, matches = np.unique(pair, return_counts=True)
        which = distinct % kinds
        one, other = np.divmod(distinct // kinds, accounts)
        of_one, of_other = sizes[which, one], sizes[which, other]
        matches = np.minimum(matches, np.minimum(of_one, of_other))
        similar = matches / (of_one + of_other - matches) >= self.settings.similarity
        similar &= matches >= self.settings.least_matches
        return one[similar], other[similar]


def _distinct(actions: NDArray[Any]) -> NDArray[Any]:
    """The first action of each mark."""
    _, first = np.unique(actions["mark"], return_index=True)
    return actions[np.sort(first)]
