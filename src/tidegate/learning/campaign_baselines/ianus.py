"""Ianus's idea: accounts whose registrations agree in too much are one operator's, before they write anything.

Yuan, Miao, Gong, Yang, Li, Song, Wang and Liang, "Detecting Fake Accounts in Online Social Networks at the Time of
Registrations", CCS 2019. Pairs of registrations get features of synchrony (same network, number range, device,
client, moment) and of anomaly (unusual hour, rare client, network that nobody used before); the weights are
learned; pairs above a threshold make a graph, whose dense Louvain communities are reported.

As there: pairwise features, learned weights, weighted graph, Louvain, a density that a community must have.
Different: features are those that this log has (no operating system, no location of a number); the weights are
a logistic regression on pairs of simulated training worlds, where the paper bootstraps labels from homophily;
only pairs that share a network, device or number range are looked at; it runs every quarter of an hour over
the last day instead of once a day, which can only help it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import networkit
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from tidegate.events.columns import EventType
from tidegate.learning.campaign_baselines.groups import (
    Ints,
    Keys,
    dense,
    labelled_groups,
    pairs_in_time,
)
from tidegate.learning.campaign_finder import DAY_S, HOUR_S, MINUTE_S
from tidegate.learning.samples import Truth

Floats = NDArray[np.float64]
FEATURES = (
    "same network",
    "same device",
    "same number range",
    "same client",
    "close in time",
    "both at an unusual hour",
    "same rare client",
    "same network nobody used before",
)
SUCCESSORS = 64
"""Later registrations in the same network, device or range that one is paired with, at most."""
SIGN_UP = np.dtype(
    [
        ("time", np.float64),
        ("account", np.uint64),
        ("network", np.uint64),
        ("device", np.uint64),
        ("phone_range", np.uint64),
        ("client", np.uint64),
        ("unusual_hour", np.bool_),
        ("client_rarity", np.float64),  # nats
        ("new_network", np.bool_),
    ]
)


@dataclass(frozen=True, slots=True)
class IanusWeights:
    """A logistic regression over FEATURES: does one operator run both accounts?"""

    coefficients: tuple[float, ...]
    intercept: float

    def odds(self, features: Floats) -> Floats:
        """[pair]: log-odds."""
        return np.asarray(features @ np.array(self.coefficients) + self.intercept, np.float64)


@dataclass(frozen=True, slots=True)
class IanusSettings:
    """``least_probability`` and ``density`` were chosen on training worlds."""

    window_s: float = DAY_S
    every_s: float = 15 * MINUTE_S
    least_probability: float = 0.5
    density: float = 0.3
    """Share of the pairs of a community that must be edges."""


class SignUps:
    """Registrations of the last day, each with what was unusual about it when it came."""

    def __init__(self, window_s: float) -> None:
        self.window_s = window_s
        self.recent = np.zeros(0, SIGN_UP)
        self._hours = np.ones(24)
        self._clients: dict[int, int] = {}
        self._networks: dict[int, float] = {}

    def observe(self, events: NDArray[Any]) -> bool:
        """Take the next events; whether there was a registration among them."""
        self._note_networks(events)
        came = events[events["type"] == EventType.REGISTER]
        fresh = np.zeros(len(came), SIGN_UP)
        for name in ("time", "network", "device", "phone_range", "client"):
            fresh[name] = came[name]
        fresh["account"] = came["actor"]
        hour = (fresh["time"] // HOUR_S % 24).astype(np.int64)
        known = sum(self._clients.values())
        for i, client in enumerate(fresh["client"].tolist()):
            fresh["unusual_hour"][i] = self._hours[hour[i]] < 0.5 * self._hours.mean()
            fresh["client_rarity"][i] = np.log((known + 20.0) / (self._clients.get(client, 0) + 1.0))
            first_used = self._networks.get(int(fresh["network"][i]), -np.inf)
            fresh["new_network"][i] = fresh["time"][i] - first_used < self.window_s
            self._hours[hour[i]] += 1.0
            self._clients[client] = self._clients.get(client, 0) + 1
            known += 1
        recent = np.concatenate([self.recent, fresh])
        if len(recent):
            recent = recent[recent["time"] >= recent["time"][-1] - self.window_s]
        self.recent = recent
        return bool(len(fresh))

    def _note_networks(self, events: NDArray[Any]) -> None:
        distinct, first = np.unique(events["network"], return_index=True)
        for network, time in zip(distinct.tolist(), events["time"][first].tolist(), strict=True):
            self._networks.setdefault(network, time)

    def pairs(self) -> tuple[Ints, Ints, Floats]:
        """Pairs that share a network, device or number range: two indices into ``recent``, and FEATURES."""
        recent = self.recent
        found = []
        row = np.arange(len(recent))
        for name in ("network", "device", "phone_range"):
            given = row[recent[name] != 0]
            _, thing = dense(recent[name][given])
            order = np.lexsort((recent["time"][given], thing))
            given, thing = given[order], thing[order]
            low, high, _ = pairs_in_time(thing, recent["time"][given], given, self.window_s, SUCCESSORS)
            found.append(low * max(len(recent), 1) + high)
        one, other = np.divmod(np.unique(np.concatenate(found)), max(len(recent), 1))
        return one, other, _features(recent[one], recent[other])


def _features(a: NDArray[Any], b: NDArray[Any]) -> Floats:
    def same(name: str) -> NDArray[np.bool_]:
        return np.asarray((a[name] == b[name]) & (a[name] != 0))

    network, client = same("network"), same("client")
    return np.column_stack(
        [
            network,
            same("device"),
            same("phone_range"),
            client,
            np.exp(-np.abs(a["time"] - b["time"]) / HOUR_S),
            a["unusual_hour"] & b["unusual_hour"],
            client * np.minimum(a["client_rarity"], b["client_rarity"]),
            network & a["new_network"] & b["new_network"],
        ]
    ).astype(np.float64)


def fit_weights(logs: Iterable[tuple[NDArray[Any], Truth]]) -> IanusWeights:
    """Learn the weights from labelled logs, looking at the pairs of each day's registrations.

    Raises ValueError when the logs hold no pair of one operator, or none of two.
    """
    rows, together = [np.zeros((0, len(FEATURES)))], [np.zeros(0, bool)]
    for events, truth in logs:
        operator = dict(zip(truth.keys.tolist(), truth.campaign.tolist(), strict=True))
        sign_ups = SignUps(DAY_S)
        days = np.floor(events["time"] / DAY_S)
        for day in np.unique(days):
            if not sign_ups.observe(events[days == day]):
                continue
            one, other, features = sign_ups.pairs()
            names = np.array([operator.get(key, "") for key in sign_ups.recent["account"].tolist()])
            rows.append(features)
            together.append((names[one] == names[other]) & (names[one] != ""))
    labels = np.concatenate(together)
    if labels.all() or not labels.any():
        found = f"{int(labels.sum())} pairs of one operator and {int((~labels).sum())} others"
        raise ValueError(f"the training logs hold {found}; both kinds are needed")
    fitted = LogisticRegression(max_iter=1000, class_weight="balanced").fit(np.concatenate(rows), labels)
    return IanusWeights(tuple(fitted.coef_[0].tolist()), float(fitted.intercept_[0]))


class Ianus:
    """A :class:`~tidegate.learning.campaign_finder.Finder`."""

    def __init__(self, weights: IanusWeights, settings: IanusSettings | None = None) -> None:
        self.settings = settings or IanusSettings()
        self.every_s = self.settings.every_s
        self.weights = weights
        self._sign_ups = SignUps(self.settings.window_s)
        self._changed = False

    def observe(self, events: NDArray[Any]) -> None:
        """Take the next events."""
        self._changed |= self._sign_ups.observe(events)

    def find(self, now_s: float) -> list[Keys]:
        """Dense communities among the registrations of the last day; nothing when none is new."""
        if not self._changed:
            return []
        self._changed = False
        one, other, features = self._sign_ups.pairs()
        odds = self.weights.odds(features)
        least = np.log(self.settings.least_probability / (1.0 - self.settings.least_probability))
        strong = odds > max(least, 0.0)
        if not strong.any():
            return []
        accounts = self._sign_ups.recent["account"]
        label = _louvain(one[strong], other[strong], odds[strong], len(accounts))
        dense_enough = _densities(label, one[strong], other[strong]) >= self.settings.density
        return [accounts[group] for group in labelled_groups(label) if dense_enough[label[group[0]]]]


def _louvain(one: Ints, other: Ints, weight: Floats, count: int) -> Ints:
    """[account]: its community (Blondel et al. 2008, networkit's parallel Louvain on one thread)."""
    networkit.setSeed(1, False)
    threads = networkit.getMaxNumberOfThreads()
    networkit.setNumberOfThreads(1)
    graph = networkit.GraphFromCoo((weight, (one, other)), n=count, weighted=True)
    search = networkit.community.PLM(graph, refine=True)
    search.run()
    networkit.setNumberOfThreads(threads)
    return np.array(search.getPartition().getVector(), np.int64)


def _densities(label: Ints, one: Ints, other: Ints) -> Floats:
    """[community]: the share of its pairs that are edges."""
    inside = label[one][label[one] == label[other]]
    size = np.bincount(label).astype(np.float64)
    pairs = size * (size - 1.0) / 2.0
    return np.bincount(inside, minlength=len(size)) / np.maximum(pairs, 1.0)
