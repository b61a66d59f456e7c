"""Counting while a log goes by: messages of each account, and events over time."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.cli.findings import series_bins
from tidegate.events.columns import EventType

MERGE_AT = 4_000_000
"""Counts kept apart before they are merged: bounds memory to the accounts plus 64 MB."""
WIDTHS_S = (1, 5, 15, 60, 300, 900, 3600, 10_800, 21_600, 43_200, 86_400)
"""Each divides the next; :func:`tidegate.cli.findings.series_bins` makes bins of these or of whole days."""
BINS_AT_MOST = 20_000


class MessageTally:
    """Messages sent, by account."""

    def __init__(self) -> None:
        self._keys: list[NDArray[np.uint64]] = []
        self._counts: list[NDArray[np.int64]] = []
        self._apart = 0

    def add(self, events: NDArray[Any]) -> None:
        """Count a stretch of the log (EVENT[n])."""
        keys, counts = np.unique(events["actor"][events["type"] == EventType.MESSAGE], return_counts=True)
        self._keys.append(keys)
        self._counts.append(counts.astype(np.int64))
        self._apart += len(keys)
        if self._apart > MERGE_AT:
            self.merged()

    def merged(self) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """Senders in the order of their pseudonyms, and how many messages each sent."""
        if not self._keys:
            return np.zeros(0, np.uint64), np.zeros(0, np.int64)
        if len(self._keys) > 1:
            keys, place = np.unique(np.concatenate(self._keys), return_inverse=True)
            counts = np.zeros(len(keys), np.int64)
            np.add.at(counts, place, np.concatenate(self._counts))
            self._keys, self._counts = [keys], [counts]
        self._apart = 0
        return self._keys[0], self._counts[0]

    def of(self, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Messages sent by these accounts."""
        senders, counts = self.merged()
        if not len(senders):
            return np.zeros(len(keys), np.int64)
        at = np.minimum(np.searchsorted(senders, keys), len(senders) - 1)
        return np.where(senders[at] == keys, counts[at], 0)


class Traffic:
    """Events over time, in bins that widen as the log turns out to be long."""

    def __init__(self) -> None:
        self._width = 0
        self._bins: dict[int, int] = {}

    def add(self, events: NDArray[Any]) -> None:
        """Count a stretch of the log (EVENT[n])."""
        seconds = np.floor(events["time"]).astype(np.int64)
        starts, counts = np.unique(seconds // WIDTHS_S[self._width], return_counts=True)
        for start, count in zip(starts.tolist(), counts.tolist(), strict=True):
            self._bins[start] = self._bins.get(start, 0) + count
        while len(self._bins) > BINS_AT_MOST and self._width < len(WIDTHS_S) - 1:
            self._widen()

    def _widen(self) -> None:
        factor = WIDTHS_S[self._width + 1] // WIDTHS_S[self._width]
        self._width += 1
        wider: dict[int, int] = {}
        for start, count in self._bins.items():
            wider[start // factor] = wider.get(start // factor, 0) + count
        self._bins = wider

    def series(self, first_s: float, last_s: float, at_most: int = 180) -> list[tuple[float, int]]:
        """(start of the bin, events), in the bins of a report."""
        bins = np.array(series_bins(first_s, last_s, at_most))
        counts = np.zeros(len(bins), np.int64)
        starts = np.array(list(self._bins), np.float64) * WIDTHS_S[self._width]
        at = np.clip(np.searchsorted(bins, starts, side="right") - 1, 0, len(bins) - 1)
        np.add.at(counts, at, np.array(list(self._bins.values()), np.int64))
        return list(zip(bins.tolist(), counts.tolist(), strict=True))
