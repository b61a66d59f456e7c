"""When to look: at whole multiples of the log's time, as far as something has happened since."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tidegate.campaigns.settings import SearchSettings

LEAST_EVENTS = 50
"""Since the last pass, for another one to be due before :attr:`SearchSettings.refresh_s` is over: a pass costs a
millisecond or more, and a log with an event an hour needs few."""


class Passes:
    """Led through a log, says where passes are due.

    They follow from the times of events alone, so the same log has the same passes however it is cut. Through a silence
    there are two at most, at its beginning and at its end.
    """

    def __init__(self, settings: SearchSettings) -> None:
        self._every_s, self._at_least_every_s = settings.every_s, settings.refresh_s
        self.clock_s = -np.inf
        """The latest time in the log so far, Unix seconds."""
        self.pending = 0
        """Events since the last pass."""
        self._passed_s = -np.inf

    def due(self, times: NDArray[np.float64]) -> Iterator[tuple[int, float]]:
        """(row, time) of the passes in this stretch: each before that row, at a whole multiple. To be used up."""
        if not len(times):
            return
        every_s, at_least_every_s = self._every_s, self._at_least_every_s
        clock = np.maximum.accumulate(np.concatenate(([self.clock_s], times)))
        numbers = np.floor(clock / every_s)
        counted = 0
        for before in np.flatnonzero(numbers[1:] > numbers[:-1]).tolist():
            self.pending += before - counted
            counted = before
            began, now = (numbers[before] + 1.0) * every_s, numbers[before + 1] * every_s
            if not np.isfinite(began):  # the log begins
                self._passed_s = now
                continue
            if self.pending >= LEAST_EVENTS or began - self._passed_s >= at_least_every_s:
                self.pending, self._passed_s = 0, began
                yield before, float(began)
            if now - self._passed_s >= at_least_every_s:
                self.pending, self._passed_s = 0, now
                yield before, float(now)
        self.pending += len(times) - counted
        self.clock_s = float(clock[-1])
