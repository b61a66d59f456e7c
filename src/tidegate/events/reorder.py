"""Putting events into the order of time, within a bound.

A buffer holds events back until it is full, then passes the oldest on: a log no longer than the buffer comes
out sorted whole, a longer one as far as the buffer reaches. A window in seconds bounds it further and lets
events go as soon as they are older than that. An event that comes later than the bound allows is passed on at
the point it was met, and counted.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.events.intake import Batch
from tidegate.events.names import Field, Names

CHUNK_ROWS = 65_536
HELD_ROWS = 1 << 20
"""Events held back at most: about 130 MB with their names."""
_ROW_BITS = 20
"""A place is a batch number and a row in it; batches are much shorter than this allows."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some events in the order of time, at most :data:`CHUNK_ROWS`."""

    events: NDArray[Any]
    """Of dtype :data:`~tidegate.events.columns.EVENT`."""
    _places: NDArray[np.int64]
    _sources: Mapping[int, Names]

    def names(self, rows: NDArray[np.integer[Any]], field: Field) -> list[str]:
        """The original identifiers of these rows of ``events``, empty where there is none."""
        places = self._places[rows]
        found = [""] * places.size
        for batch in np.unique(places >> _ROW_BITS):
            here = np.flatnonzero(places >> _ROW_BITS == batch)
            inside = (places[here] & ((1 << _ROW_BITS) - 1)).tolist()
            for at, name in zip(here, self._sources[int(batch)].take(inside, field), strict=True):
                found[at] = name
        return found


@dataclass(frozen=True, slots=True)
class _Run:
    """Events sorted by ``order``: their time, or for late ones the moment at which they were passed on."""

    order: NDArray[np.float64]
    events: NDArray[Any]
    places: NDArray[np.int64]
    sources: dict[int, Names]

    def part(self, start: int, end: int) -> "_Run":
        return _Run(self.order[start:end], self.events[start:end], self.places[start:end], self.sources)

    def sorted(self) -> "_Run":
        if bool(np.all(self.order[1:] >= self.order[:-1])):
            return self
        by = np.argsort(self.order, kind="stable")
        return _Run(self.order[by], self.events[by], self.places[by], self.sources)

    @staticmethod
    def joined(runs: list["_Run"]) -> "_Run":
        places = np.concatenate([run.places for run in runs])
        sources = {number: names for run in runs for number, names in run.sources.items()}
        return _Run(
            np.concatenate([run.order for run in runs]),
            np.concatenate([run.events for run in runs]),
            places,
            {number: sources[number] for number in np.unique(places >> _ROW_BITS).tolist()},
        )


class Reorder:
    """The buffer: :meth:`push` batches as they are read, iterate what comes out, :meth:`flush` at the end."""

    def __init__(self, window_s: float | None = None, held_rows: int = HELD_ROWS) -> None:
        self._window_s = np.inf if window_s is None else window_s
        self._held_rows = held_rows
        self._runs: deque[_Run] = deque()
        self._held = 0
        self._batches = 0
        self._latest_s = -np.inf
        self._passed_s = -np.inf
        self.late = 0
        """Events that came out of the order of time."""

    def push(self, batch: Batch) -> Iterator[Chunk]:
        """Take a batch in; yield what leaves the buffer."""
        time_s = np.ascontiguousarray(batch.events["time"])
        latest_s = np.maximum.accumulate(np.concatenate(([self._latest_s], time_s)))
        earliest_s = np.maximum(latest_s[:-1] - self._window_s, self._passed_s)
        self.late += int(np.count_nonzero(time_s < earliest_s))
        places = batch.rows + (self._batches << _ROW_BITS)
        new = _Run(np.maximum(time_s, earliest_s), batch.events, places, {self._batches: batch.names})
        self._batches += 1
        self._latest_s = float(latest_s[-1])
        self._insert(new.sorted())
        yield from self._release(self._latest_s - self._window_s)

    def flush(self) -> Iterator[Chunk]:
        """Yield everything still held."""
        yield from self._release(np.inf)

    def _insert(self, new: _Run) -> None:
        """Keep the runs in order and apart from one another; merge the new one with those it reaches into."""
        self._held += new.order.size
        reached: list[_Run] = []
        while self._runs and self._runs[-1].order[-1] > new.order[0]:
            reached.append(self._runs.pop())
        if reached:
            first = reached.pop()
            before = int(np.searchsorted(first.order, new.order[0], side="right"))
            if before:
                self._runs.append(first.part(0, before))
            new = _Run.joined([first.part(before, first.order.size), *reversed(reached), new]).sorted()
        self._runs.append(new)

    def _release(self, until_s: float) -> Iterator[Chunk]:
        while self._runs and (self._runs[0].order[0] <= until_s or self._held > self._held_rows):
            run = self._runs.popleft()
            ready = int(np.searchsorted(run.order, until_s, side="right"))
            surplus = self._held - self._held_rows
            ready = max(ready, min(surplus, run.order.size))
            if ready < run.order.size:
                self._runs.appendleft(run.part(ready, run.order.size))
            self._held -= ready
            self._passed_s = float(run.order[ready - 1])
            for start in range(0, ready, CHUNK_ROWS):
                part = run.part(start, min(start + CHUNK_ROWS, ready))
                yield Chunk(part.events, part.places, part.sources)
