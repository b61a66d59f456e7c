"""How many events a second the node takes: its counter, noted every two seconds and kept for an hour in memory."""

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

from tidegate.desk.node_link import NodeAbsent, node

EVERY_S = 2.0
KEPT_S = 3_600.0
NOW_S = 10.0
"""What counts as now."""
BIN_S = 30.0
"""Of the picture."""
_KEPT = int(KEPT_S / EVERY_S) + 1
COUNTER = "events_accepted"


@dataclass(frozen=True, slots=True)
class Sample:
    """A counter at a time."""

    at_s: float
    """By a clock that never goes back."""
    count: float


class Sampler:
    """Notes the counter and tells rates. Any thread."""

    def __init__(self) -> None:
        self._samples: deque[Sample] = deque(maxlen=_KEPT)
        self._figures: Mapping[str, float] = {}
        self._lock, self._asking = Lock(), Lock()

    def tend(self) -> None:
        """Note it when it is time. Raises StorageError."""
        try:
            self.figures()
        except NodeAbsent:
            return

    def figures(self) -> Mapping[str, float]:
        """The node's figures, asked for at most every :data:`EVERY_S` however many look.

        Raises NodeAbsent or StorageError.
        """
        link = node()
        with self._asking:  # one after the other, or an older answer could be noted after a newer one
            with self._lock:
                if self._samples and time.monotonic() - self._samples[-1].at_s < EVERY_S:
                    return self._figures
            figures = link.figures()
            self.note(figures, time.monotonic())
        return figures

    def note(self, figures: Mapping[str, float], at_s: float) -> None:
        """Figures of the node at a time."""
        count = figures.get(COUNTER, 0.0)
        with self._lock:
            if self._samples and count < self._samples[-1].count:
                self._samples.clear()  # another node
            self._samples.append(Sample(at_s, count))
            self._figures = figures

    def rate(self, over_s: float) -> float | None:
        """Events a second on average over that time; None: not noted for long enough to say."""
        samples = self._since(over_s)
        if len(samples) < 2:
            return None
        first, last = samples[0], samples[-1]
        return (last.count - first.count) / (last.at_s - first.at_s)

    def bins(self, now_s: float) -> list[tuple[float, float]]:
        """For a picture: Unix seconds and events a second, every :data:`BIN_S`. ``now_s``: Unix seconds at the end."""
        samples = self._since(KEPT_S)
        if len(samples) < 2:
            return []
        newest = samples[-1]
        found, begin = [], samples[0]
        for one in samples[1:]:
            if one.at_s - begin.at_s >= BIN_S or one is newest:
                rate = (one.count - begin.count) / (one.at_s - begin.at_s)
                found.append((now_s - (newest.at_s - one.at_s), rate))
                begin = one
        return found

    def forget(self) -> None:
        """Begin anew."""
        with self._lock:
            self._samples.clear()

    def _since(self, over_s: float) -> list[Sample]:
        with self._lock:
            samples = list(self._samples)
        newest = samples[-1].at_s if samples else 0.0
        return [one for one in samples if newest - one.at_s <= over_s]


sampler = Sampler()
"""Of the node beside this desk."""
