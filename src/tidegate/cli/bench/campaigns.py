"""The rows about the search for campaigns: what it costs, and how that grows. ``tidegate bench --campaigns``."""

import importlib.util
import json
import math
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tidegate.cli.bench.campaign_run import SearchCost
from tidegate.cli.bench.process import run_child
from tidegate.cli.bench.result import NotMeasuredError, Row, Target

SIZES: dict[str, int] = {"10k": 10_000, "100k": 100_000, "1M": 1_000_000}
"""Honest accounts by the name of the measurement; fleets come on top."""
QUICK_SIZES: dict[str, int] = {"10k": 300, "100k": 600, "1M": 1_200}
LARGEST = "1M"
DAY_CPU = Target(600, "s", digits=1)
PEAK_MEMORY = Target(6, "GB", 1e-9)
EXPONENT = Target(1.1, "")
"""Near-linear: ten times the events may cost 12.6 times as much."""


@dataclass(frozen=True, slots=True)
class MeasuredSize:
    """One size."""

    name: str
    people: int
    cost: SearchCost
    seconds: float
    """Of the whole process by the clock."""
    peak_bytes: int
    """Of the whole process, with Python and the compiled code."""


def measure_size(name: str, people: int) -> MeasuredSize:
    """Simulate a day of so many people and search it, each in a process of its own. Raises Refused when one fails."""
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as folder:
        log, result = Path(folder) / "day", Path(folder) / "cost.json"
        run_child([sys.executable, "-m", "tidegate.cli.bench.campaign_day", str(people), str(log)])
        took = run_child([sys.executable, "-m", "tidegate.cli.bench.campaign_run", str(log), str(result)])
        cost = SearchCost(**json.loads(result.read_text("utf-8")))
    return MeasuredSize(name, people, cost, float(took["seconds"]), int(took["peak_bytes"]))


def rows_of(measured: MeasuredSize, *, has_targets: bool) -> Iterator[Row]:
    """Processor time and memory of one size."""
    cost = measured.cost
    what = f"search for campaigns in a day of {cost.accounts:,} accounts"
    time = Row(f"campaigns-{measured.name}-cpu", f"{what}, processor time", DAY_CPU, [cost.seconds])
    time.note = (
        f"{1e6 * cost.seconds / max(cost.events, 1):.1f} s per million events, of which "
        f"{1e6 * cost.observing_s / max(cost.events, 1):.1f} to take them in; {cost.passes:,} passes, one each "
        f"{cost.every_s:.0f} s of the log, the longest {cost.longest_pass_s:.2f} s; {cost.candidates:,} candidates at "
        f"the end; {cost.campaigns:,} campaigns of {cost.members:,} accounts found"
    )
    memory = Row(
        f"campaigns-{measured.name}-memory", f"{what}, peak memory", PEAK_MEMORY, [measured.peak_bytes]
    )
    tables = cost.state_bytes / max(cost.accounts, 1)
    memory.note = f"whole process, the log read in pieces; tables {tables:,.0f} bytes an account"
    for row in (time, memory):
        row.n, row.seconds, row.is_target = cost.events, measured.seconds, has_targets
        yield row


def growth_row(measured: Sequence[MeasuredSize]) -> Row:
    """How processor time grows with events, from each size to the next; the figure is that of the last step."""
    pairs = list(pairwise(measured))
    steps = [_exponent(one, other) for one, other in pairs]
    row = Row("campaigns-growth", "growth of processor time with events, exponent", EXPONENT, steps[-1:])
    row.n, row.n_of = len(measured), "sizes"
    row.seconds = sum(one.seconds for one in measured)
    names = (
        f"{one.name} to {other.name} {step:.2f}" for (one, other), step in zip(pairs, steps, strict=True)
    )
    row.note = f"1 is linear; {', '.join(names)}; the last is the figure"
    return row


def _exponent(one: MeasuredSize, other: MeasuredSize) -> float:
    more_events = math.log(other.cost.events / one.cost.events)
    return math.log(max(other.cost.seconds, 1e-6) / max(one.cost.seconds, 1e-6)) / more_events


def campaign_rows(names: Sequence[str], quick: bool) -> Iterator[Row]:
    """The rows of these sizes, smallest first, and, of two or more, how the cost grows. Raises NotMeasuredError."""
    if importlib.util.find_spec("networkit") is None:
        raise NotMeasuredError("NetworKit is not installed (pip install 'tidegate[campaigns]')")
    sizes = QUICK_SIZES if quick else SIZES
    measured: list[MeasuredSize] = []
    for name in names:
        measured.append(measure_size(name, sizes[name]))
        yield from rows_of(measured[-1], has_targets=name == LARGEST)
    if len(measured) > 1:
        yield growth_row(measured)
