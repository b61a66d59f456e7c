"""How alike two accounts are, held against how alike accounts of this log usually are."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.campaigns.comparing import (
    CLASSES,
    CONTACT_EDGES,
    LEVELS,
    SIGNAL_COUNT,
    Tables,
    compare_pairs,
    weigh_pairs,
)
from tidegate.campaigns.evidence import DIFFERS, FAMILIES, FAMILY_OF, MOST_NATS, SHARED_M, live_weights
from tidegate.campaigns.memory import Memory

LEAST_ACTIVE = 100
"""A log with fewer accounts is treated as if it had so many: nothing is rare in it."""
LEAST_ROWS = 10


class Likeness:
    """Weighs pairs of accounts by the table of signals and by what is usual in this log."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self.seen = np.zeros((CLASSES, SIGNAL_COUNT, LEVELS))
        """How many pairs of ordinary accounts stand there, by class of how much is known, signal and level."""
        self.tables = self._made()

    @property
    def active(self) -> float:
        """Accounts that have done something."""
        return float(max(self._memory.active, LEAST_ACTIVE))

    def learn(self, rows: NDArray[Any], pairs: int) -> None:
        """See how common likeness is among these OUTREACH rows, by so many random pairs of them."""
        if len(rows) < LEAST_ROWS:
            return
        # Seeded: the same log must give the same findings.
        chosen = np.random.default_rng(1).integers(0, len(rows), (pairs, 2))
        chosen = chosen[chosen[:, 0] != chosen[:, 1]]
        levels, _ = self.compare(rows, chosen)
        known = self.known(rows, chosen)
        self.seen[:] = 0.0
        np.add.at(self.seen, (known[:, None], np.arange(SIGNAL_COUNT)[None, :], levels), 1.0)
        self.tables = self._made()

    @staticmethod
    def known(rows: NDArray[Any], pairs: NDArray[np.int64]) -> NDArray[np.int64]:
        """Class of how much is known of each of ``pairs`` of OUTREACH ``rows``."""
        contacts = rows["looked_at"][pairs].min(axis=1)
        classes: NDArray[np.int64] = np.searchsorted(CONTACT_EDGES, contacts, "right")
        return classes

    def compare(
        self, rows: NDArray[Any], pairs: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Level of each signal for ``pairs`` of OUTREACH ``rows``, and how common what they share is (2: nothing)."""
        levels, shares = np.zeros((len(pairs), SIGNAL_COUNT), np.int64), np.zeros((len(pairs), SIGNAL_COUNT))
        compare_pairs(self._memory.arrays, rows, pairs, self.active, levels, shares)
        return levels, shares

    def weigh(
        self, rows: NDArray[Any], pairs: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Nats of evidence for ``pairs`` of OUTREACH ``rows``: in all, and by family of signals."""
        weights, families = np.zeros(len(pairs)), np.zeros((len(pairs), len(FAMILIES)))
        weigh_pairs(self._memory.arrays, rows, pairs, self.active, self.tables, weights, families)
        return weights, families

    def between(self, rows: NDArray[Any]) -> NDArray[np.float64]:
        """Nats [row, row] of evidence between any two of OUTREACH ``rows``; 0 on the diagonal."""
        one, other = np.triu_indices(len(rows), 1)
        weights, _ = self.weigh(rows, np.stack([one, other], 1).astype(np.int64))
        nats = np.zeros((len(rows), len(rows)))
        nats[one, other] = nats[other, one] = weights
        return nats

    def _made(self) -> Tables:
        return Tables(live_weights(self.seen), SHARED_M, DIFFERS, FAMILY_OF, MOST_NATS)
