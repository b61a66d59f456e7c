"""One row of the benchmark: what was measured, against which target."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


class NotMeasuredError(Exception):
    """Something that a row needs is not on this machine; the message says what, and how to get it."""


@dataclass(frozen=True, slots=True)
class Target:
    """A bound in a unit. ``scale`` turns a measured value into the unit."""

    bound: float
    unit: str
    scale: float = 1.0
    at_least: bool = False
    digits: int = 2

    @property
    def words(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.bound:g} {self.unit}"

    def shown(self, value: float) -> str:
        return f"{value * self.scale:,.{self.digits}f}"

    def met_by(self, value: float) -> bool:
        return value * self.scale >= self.bound if self.at_least else value * self.scale <= self.bound


def events_a_second(millions: float) -> Target:
    """At least so many million events a second."""
    return Target(millions, "M events/s", 1e-6, at_least=True)


@dataclass(slots=True)
class Row:
    """A figure with its spread over the runs."""

    name: str
    what: str
    target: Target
    runs: list[float] = field(default_factory=list)
    """Measured in base units: events/s, s, bytes."""
    n: int = 0
    n_of: str = "events"
    seconds: float = 0.0
    """Wall time of all runs together."""
    note: str = ""
    is_target: bool = True
    """False when the project states no target for it: the figure is there to look at."""

    @property
    def median(self) -> float:
        return statistics.median(self.runs)

    @property
    def met(self) -> bool | None:
        return self.target.met_by(self.median) if self.is_target else None

    @property
    def verdict(self) -> str:
        return {True: "met", False: "not met", None: ""}[self.met]

    @property
    def target_words(self) -> str:
        return self.target.words if self.is_target else ""

    @property
    def middle(self) -> str:
        """The median with its unit."""
        return f"{self.target.shown(self.median)} {self.target.unit}"

    @property
    def spread(self) -> str:
        """Least and most, empty when there was one run."""
        if len(self.runs) < 2:
            return ""
        return f"{self.target.shown(min(self.runs))} to {self.target.shown(max(self.runs))}"

    def as_json(self) -> dict[str, Any]:
        target = self.target.words if self.is_target else None
        return asdict(self) | {"target": target, "median": self.median, "met": self.met}


@dataclass(slots=True)
class Timing:
    """Seconds of repeated runs by the clock on the wall, and by the processor's own account."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def run(self, work: Callable[[], object]) -> None:
        """Do it once more."""
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        self.wall.append(time.perf_counter() - wall)
        self.cpu.append(time.process_time() - cpu)

    def throughput(self, row: Row, notes: Sequence[str] = ()) -> Row:
        """Fill in a row of events a second. The processor's own account leaves out what neighbours took."""
        row.runs = [row.n / seconds for seconds in self.wall]
        row.seconds = sum(self.wall)
        by_cpu = row.target.shown(row.n / max(statistics.median(self.cpu), 1e-9))
        row.note = "; ".join([*notes, f"by processor time {by_cpu}"])
        return row
