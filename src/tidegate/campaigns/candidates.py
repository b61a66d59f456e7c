"""Accounts that write to strangers who stay silent, and which of them are tied to each other; kept from pass to pass."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.campaigns.layout import OUTREACH
from tidegate.campaigns.likeness import Likeness
from tidegate.campaigns.memory import Memory
from tidegate.campaigns.outreach import outreach_of
from tidegate.campaigns.proposing import propose
from tidegate.campaigns.settings import SearchSettings
from tidegate.campaigns.surprise import cost_of_picking
from tidegate.campaigns.surroundings import Surroundings

SLACK_NATS = 2.0
"""A tie may fall short of what its accounts cost by so much: several ties together make up for it."""
FORESIGHT_NATS = 0.5
"""Pairs that fall short of a tie by less are remembered: ranks change."""


class Candidates:
    """OUTREACH rows of cold accounts, and the strong pairs among them."""

    def __init__(self, memory: Memory, likeness: Likeness, settings: SearchSettings) -> None:
        self._memory, self._likeness, self._settings = memory, likeness, settings
        self.surroundings = Surroundings(likeness, settings.most_bystanders)
        """Everybody else."""
        self.rows: NDArray[Any] = np.zeros(0, OUTREACH)
        """In the order in which accounts became candidates."""
        self.pairs = np.zeros((0, 2), np.int64)
        """Ties, as indices into ``rows``."""
        self.weights = np.zeros(0)
        """Nats of each tie."""
        self.turned_away = 0
        """Accounts that were not compared because there were too many colder ones, in the last pass."""

    @property
    def costs(self) -> NDArray[np.float64]:
        """[candidate]: nats that it costs to have picked it."""
        order = np.argsort(-self.rows["conduct"], kind="stable")
        ranks = np.zeros(len(order))
        ranks[order] = np.arange(1, len(order) + 1)
        return cost_of_picking(ranks, len(order))

    def update(self, now_s: float, everybody: bool) -> bool:
        """Look at accounts that have changed since the last time, or at all; whether any tie may have changed."""
        settings, memory = self._settings, self._memory
        people = memory.people()
        wanted = (people["opened"] >= settings.least_contacts) & (people["last_s"] > 0.0)
        if not everybody:
            wanted &= people["changed"] != 0
        slots = np.flatnonzero(wanted)
        people["changed"] = 0
        looked_at = outreach_of(memory, slots, now_s)
        if everybody:
            self._likeness.learn(looked_at, settings.ordinary_pairs)
        cold = (looked_at["conduct"] >= settings.least_conduct) & (looked_at["cleared"] == 0)
        (self.surroundings.renew if everybody else self.surroundings.add)(looked_at[~cold])
        fresh = self._merge(slots, looked_at[cold], people)
        if fresh.any():
            self._tie(fresh)
        return bool(fresh.any())

    def erase(self, key: int) -> None:
        """Forget an account."""
        self._keep(self.rows["key"] != np.uint64(key))
        self.surroundings.erase(key)

    def _merge(
        self, looked_at: NDArray[np.int64], cold: NDArray[Any], people: NDArray[Any]
    ) -> NDArray[np.bool_]:
        """Put in the rows of accounts looked at; those no longer cold, or forgotten, leave. Which are to be compared."""
        seen, still_cold = np.zeros(len(people), np.bool_), np.zeros(len(people), np.bool_)
        seen[looked_at], still_cold[cold["slot"]] = True, True
        slots = self.rows["slot"]
        self._keep((people["key"][slots] == self.rows["key"]) & (~seen[slots] | still_cold[slots]))
        place = np.full(len(people), -1)
        place[self.rows["slot"]] = np.arange(len(self.rows))
        at = place[cold["slot"]]
        known = at >= 0
        changed = np.zeros(len(self.rows), np.bool_)
        changed[at[known]] = _differs(self.rows[at[known]], cold[known])
        self.rows[at[known]] = cold[known]
        new = cold[~known]
        self.rows = np.concatenate([self.rows, new])
        fresh = np.concatenate([changed, np.ones(len(new), np.bool_)])
        self.turned_away = max(len(self.rows) - self._settings.most_candidates, 0)
        if self.turned_away:
            keep = np.zeros(len(self.rows), np.bool_)
            coldest = np.argsort(-self.rows["conduct"], kind="stable")
            keep[coldest[: self._settings.most_candidates]] = True
            self._keep(keep)
            fresh = fresh[keep]
        return fresh

    def _keep(self, keep: NDArray[np.bool_]) -> None:
        """Only these rows, and the ties among them."""
        if keep.all():
            return
        place = np.cumsum(keep) - 1
        whole = keep[self.pairs].all(axis=1)
        self.rows, self.pairs, self.weights = self.rows[keep], place[self.pairs[whole]], self.weights[whole]

    def _tie(self, fresh: NDArray[np.bool_]) -> None:
        """Compare what has changed with whom it might belong to."""
        stays = ~fresh[self.pairs].any(axis=1)
        proposed = propose(self.rows, fresh, self._settings.most_pairs, self._settings.everybody_up_to)
        weights, _ = self._likeness.weigh(self.rows, proposed)
        strong = weights >= self.costs[proposed].max(axis=1, initial=0.0) - SLACK_NATS - FORESIGHT_NATS
        pairs = np.concatenate([self.pairs[stays], proposed[strong]])
        weights = np.concatenate([self.weights[stays], weights[strong]])
        kept = _strongest(pairs, weights, self._settings.most_ties)
        self.pairs, self.weights = pairs[kept], weights[kept]

    def ties(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Pairs and nats of all ties that are strong enough among the candidates that there are now."""
        strong = self.weights >= self.costs[self.pairs].max(axis=1, initial=0.0) - SLACK_NATS
        return self.pairs[strong], self.weights[strong]


def _differs(old: NDArray[Any], new: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether an account has done anything that could change who it belongs to."""
    different: NDArray[np.bool_] = (
        (old["opened"] != new["opened"])
        | (old["networks"] != new["networks"]).any(axis=1)
        | (old["devices"] != new["devices"]).any(axis=1)
        | (old["chats"] != new["chats"]).any(axis=1)
        | (np.abs(old["conduct"] - new["conduct"]) > 0.5)
    )
    return different


def _strongest(pairs: NDArray[np.int64], weights: NDArray[np.float64], most: int) -> NDArray[np.int64]:
    """Indices of the pairs that are among the ``most`` strongest of either account."""
    kept = np.zeros(len(pairs), np.bool_)
    for side in (0, 1) if len(pairs) else ():
        order = np.lexsort((-weights, pairs[:, side]))
        owner = pairs[order, side]
        first = np.concatenate([[True], owner[1:] != owner[:-1]])
        rank = np.arange(len(owner)) - np.maximum.accumulate(np.where(first, np.arange(len(owner)), 0))
        kept[order[rank < most]] = True
    return np.flatnonzero(kept)
