"""Rows to learn from: what the engine saw of each account, with the truth beside it.

The features that train the model are the features that run: rows come out of the engine while it decides by a
policy, so that strikes against networks are in them as they would be in service.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.engine.engine import MAX_PIECE, Engine
from tidegate.engine.layout import JUDGED
from tidegate.engine.model import Model
from tidegate.engine.policy import Policy
from tidegate.engine.rows import WIDTH
from tidegate.learning.running import running_number

ROWS_PER_ACCOUNT = 48
"""Rows kept of one account: the first 16, then evenly thinned; a busy account must not outvote a quiet
one."""
FIRST_ROWS = 16


@dataclass(frozen=True, slots=True)
class Truth:
    """Who is who. All arrays have one entry an account."""

    keys: NDArray[np.uint64]
    family: NDArray[np.str_]
    """``honest`` or the attacker family."""
    stratum: NDArray[np.str_]
    campaign: NDArray[np.str_]
    abusive_from: NDArray[np.float64]
    """Unix seconds from when on the account is abusive: 0 for an attacker from the start, later for a
    hijacked one, infinite for an honest one."""


@dataclass(frozen=True, slots=True)
class Samples:
    """``rows`` float32[n, WIDTH] with stage, label and weight."""

    rows: NDArray[np.float32]
    stage: NDArray[np.int64]
    abusive: NDArray[np.bool_]
    family: NDArray[np.str_]
    account: NDArray[np.uint64]
    weight: NDArray[np.float64]

    @staticmethod
    def joined(parts: Iterable["Samples"]) -> "Samples":
        """One after the other."""
        listed = list(parts)
        return Samples(
            *(np.concatenate([getattr(part, name) for part in listed]) for name in Samples.__slots__)
        )

    def where(self, mask: NDArray[np.bool_]) -> "Samples":
        """The rows for which ``mask`` holds."""
        return Samples(*(getattr(self, name)[mask] for name in Samples.__slots__))


def _kept(order: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of an account's rows to keep, by their running number."""
    later = order - FIRST_ROWS
    # Keep later rows at 0, 1, 3, 6, 10, ... so that long histories are sampled ever more thinly.
    root = np.floor((np.sqrt(8.0 * np.maximum(later, 0) + 1.0) - 1.0) / 2.0)
    triangular = (root * (root + 1) / 2 == later) & (root < ROWS_PER_ACCOUNT - FIRST_ROWS)
    kept: NDArray[np.bool_] = (order < FIRST_ROWS) | triangular
    return kept


def collect(events: NDArray[Any], truth: Truth, policy: Policy, model: Model | None) -> Samples:
    """Run the engine over one labelled log; keep the rows of each account's early and, thinly, later life."""
    engine = Engine(policy, model)
    seen = np.zeros(len(events) + 1, np.int64)
    rows, judged, times = [], [], []
    for start in range(0, len(events), MAX_PIECE):
        piece = events[start : start + MAX_PIECE]
        some, items = engine.rows(piece, decide=True)
        slots = items["slot"]
        order = seen[slots] + running_number(slots)
        np.add.at(seen, slots, 1)
        keep = _kept(order)
        rows.append(some[keep])
        judged.append(items[keep])
        times.append(piece["time"][items["event"][keep]])
    items = np.concatenate(judged) if judged else np.zeros(0, JUDGED)
    keys = engine.keys_of(items["slot"])
    place = _places(keys, truth.keys)
    known = place >= 0
    place = np.where(known, place, 0)
    abusive = known & (np.concatenate(times) >= truth.abusive_from[place])
    family = np.where(known, truth.family[place], "honest")
    counts = np.bincount(items["slot"], minlength=1)[items["slot"]]
    stacked = np.concatenate(rows) if rows else np.zeros((0, WIDTH), np.float32)
    return Samples(stacked, items["stage"], abusive, family, keys, 1.0 / np.sqrt(counts))


def _places(keys: NDArray[np.uint64], among: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Index of each key in ``among``, or -1."""
    if len(among) == 0:
        return np.full(len(keys), -1)
    by_key = np.argsort(among)
    position = np.minimum(np.searchsorted(among[by_key], keys), len(among) - 1)
    found = by_key[position]
    return np.where(among[found] == keys, found, -1)
