"""The journal as another process follows it: from some time of the log on, in pieces, to its end and further."""

import math
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.events.columns import EVENT, EventType
from tidegate.node.journal import Journal, Stretch

PIECE = 65_536
"""About so many events are read at once. No read stays open between two pieces: it would keep SQLite from carrying over
its write-ahead log."""
_OWN_FROM = int(EventType.RULING)
"""Events of these kinds are of the node's making and bear its clock's time, which the log's may be far from."""


class JournalTail:
    """Reads what a node appends, beginning where the last ``window_s`` seconds of the log do. One thread."""

    def __init__(self, folder: Path, window_s: float = math.inf, *, start: int | None = None) -> None:
        """``start``: number of the event to begin with instead; the oldest when that is gone.

        Raises :class:`~tidegate.node.requests.StorageError`.
        """
        self._journal = Journal(folder, read_only=True)
        self.at = self._begin_of(window_s) if start is None else max(start, self._journal.begin)
        """Number of the next event."""

    @property
    def end(self) -> int:
        """Number of events in the journal when its end was last seen."""
        return self._journal.end

    @property
    def behind(self) -> bool:
        """There was something to read when its end was last seen."""
        return self.at < self._journal.end

    def close(self) -> None:
        """Let go of the file."""
        self._journal.close()

    def read(self) -> tuple[NDArray[Any], bool]:
        """The next EVENT[n], and whether the journal ends there for now. What is damaged or pruned is left out.

        Raises :class:`~tidegate.node.requests.StorageError`.
        """
        end = self._journal.see_end()
        stretches = list(self._journal.read(self.at, min(self.at + PIECE, end)))
        if stretches:
            self.at = stretches[-1].first + stretches[-1].count
        # As bytes: field by field, joining takes longer than reading.
        pieces = [stretch.events.view(np.uint8) for stretch in stretches if len(stretch.events)]
        joined = np.concatenate(pieces).view(EVENT) if pieces else np.zeros(0, EVENT)
        return joined, not self.behind

    def _begin_of(self, window_s: float) -> int:
        """Number of the first event of the last ``window_s`` seconds of the log, or of one before."""
        journal = self._journal
        last_s = self._last_s()
        low, high = journal.begin, journal.end
        while low < high:
            middle = (low + high) // 2
            found = self._dated(journal.read(middle, high))
            if found is None or found[1] >= last_s - window_s:
                high = middle
            else:
                low = found[0]
        return low

    def _last_s(self) -> float:
        """The log's latest time, as its last events have it."""
        journal, some = self._journal, PIECE
        while True:
            start = max(journal.end - some, journal.begin)
            times = [time_s for time_s in map(_latest_s, journal.read(start)) if time_s is not None]
            if times or start <= journal.begin:
                return max(times, default=0.0)
            some *= 4

    @staticmethod
    def _dated(stretches: Iterable[Stretch]) -> tuple[int, float] | None:
        """The first of them with events of a messenger: number of the event after it, and its latest time."""
        with closing(iter(stretches)) as reading:  # type: ignore[type-var]
            for stretch in reading:
                time_s = _latest_s(stretch)
                if time_s is not None:
                    return stretch.first + stretch.count, time_s
        return None


def of_the_log(events: NDArray[Any]) -> NDArray[np.bool_]:
    """Which of them a messenger sent, so that their times are the log's."""
    sent: NDArray[np.bool_] = events["type"] < _OWN_FROM
    return sent


def _latest_s(stretch: Stretch) -> float | None:
    times = stretch.events["time"][of_the_log(stretch.events)]
    return float(times.max()) if len(times) else None
