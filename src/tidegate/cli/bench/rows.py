"""The rows that are measured inside this process, each on one core."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.cli.bench.events import Columns, Traffic, as_events, joined
from tidegate.cli.bench.logs import write_json_lines, write_parquet
from tidegate.cli.bench.machine import resident_bytes
from tidegate.cli.bench.result import Row, Target, Timing, events_a_second
from tidegate.engine.engine import MAX_PIECE, Engine
from tidegate.events.log import open_log
from tidegate.statements.in_force import InForce

GROWTH_BATCH = 1_024
FILE_STRANGERS = 0.09
"""In a log that starts empty the first message between friends is a first contact too."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured."""

    accounts: int
    events: int
    lines: int
    file_accounts: int
    checks: int
    runs: int
    process_runs: int


FULL = Sizes(1_000_000, 1_000_000, 2_000_000, 200_000, 100_000, 3, 3)
QUICK = Sizes(3_000, 8_192, 3_000, 500, 500, 3, 1)


def new_engine(in_force: InForce) -> Engine:
    return Engine(in_force.policy, in_force.model, pepper=in_force.pepper)


class WarmEngine:
    """An engine that knows every account already, and the traffic that goes on from there."""

    def __init__(self, in_force: InForce, sizes: Sizes, *, zipf: bool) -> None:
        self.traffic = Traffic(sizes.accounts, zipf=zipf)
        before = resident_bytes()
        self.engine = new_engine(in_force)
        for columns in (self.traffic.sign_ups(), self.traffic.hellos()):
            self.engine.observe(as_events(columns))
        self.resident_growth = resident_bytes() - before
        self.judged_share = 0.0

    def timed_kernel(self, events: NDArray[Any], timing: Timing) -> None:
        """State and features of a stretch of traffic, without score, rules and ladder."""
        judged = self.engine.judged
        timing.run(lambda: _features(self.engine, events))
        self.judged_share = (self.engine.judged - judged) / len(events)

    def timed_decisions(self, events: NDArray[Any], timing: Timing) -> int:
        """The whole engine; returns the number of decisions."""
        judged, made = self.engine.judged, 0

        def run() -> None:
            nonlocal made
            made = len(self.engine.observe(events).decisions)

        timing.run(run)
        self.judged_share = (self.engine.judged - judged) / len(events)
        return made


def _features(engine: Engine, events: NDArray[Any]) -> None:
    for start in range(0, len(events), MAX_PIECE):
        engine.rows(events[start : start + MAX_PIECE], decide=False)


def _judged(share: float) -> str:
    return f"{100 * share:.0f} % of events judged"


def kernel_row(warm: WarmEngine, sizes: Sizes, activity: str) -> Row:
    """State update and features of everyday traffic."""
    timing = Timing()
    for _ in range(sizes.runs):
        warm.timed_kernel(as_events(warm.traffic.usual(sizes.events)), timing)
    what = f"features kernel, {sizes.accounts:,} accounts, {activity} activity"
    row = Row(f"kernel-{activity}", what, events_a_second(4), n=sizes.events)
    return timing.throughput(row, [_judged(warm.judged_share), f"pieces of {MAX_PIECE:,}"])


def kernel_all_judged_row(warm: WarmEngine, sizes: Sizes) -> Row:
    """The same when every event is a first message to a stranger and so leaves a row of features."""
    timing = Timing()
    for _ in range(sizes.runs):
        warm.timed_kernel(as_events(warm.traffic.all_to_strangers(sizes.events)), timing)
    what = "features kernel, every event a first contact"
    row = Row("kernel-all-judged", what, events_a_second(4), n=sizes.events, is_target=False)
    return timing.throughput(row, [_judged(warm.judged_share)])


def columnar_row(warm: WarmEngine, sizes: Sizes) -> Row:
    """Events in memory to decisions."""
    timing, decisions = Timing(), 0
    for _ in range(sizes.runs):
        decisions += warm.timed_decisions(as_events(warm.traffic.usual(sizes.events)), timing)
    what = f"events in memory to decisions, {sizes.accounts:,} accounts known"
    row = Row("columnar", what, events_a_second(1), n=sizes.events)
    return timing.throughput(row, [_judged(warm.judged_share), f"{decisions:,} decisions in all runs"])


def columnar_all_judged_row(warm: WarmEngine, sizes: Sizes) -> Row:
    """The same when everything is judged."""
    timing = Timing()
    for _ in range(sizes.runs):
        warm.timed_decisions(as_events(warm.traffic.all_to_strangers(sizes.events)), timing)
    what = "events in memory to decisions, every event a first contact"
    row = Row("columnar-all-judged", what, events_a_second(1), n=sizes.events, is_target=False)
    return timing.throughput(row, [_judged(warm.judged_share)])


def check_rows(warm: WarmEngine, sizes: Sizes) -> list[Row]:
    """One event in, one verdict back, as a node asks."""
    fiftieth, ninety_ninth = [], []
    began = time.perf_counter()
    for _ in range(sizes.runs):
        taken = _check_each(warm.engine, as_events(warm.traffic.usual(sizes.checks)))
        fiftieth.append(float(np.percentile(taken, 50)) * 1e-9)
        ninety_ninth.append(float(np.percentile(taken, 99)) * 1e-9)
    seconds = time.perf_counter() - began
    what = "one event in process, verdict back"
    return [
        Row(
            f"check-{name}",
            f"{what}, {name}",
            Target(bound, "µs", 1e6),
            runs,
            sizes.checks,
            "checks",
            seconds,
        )
        for name, bound, runs in (("p50", 10.0, fiftieth), ("p99", 30.0, ninety_ninth))
    ]


def _check_each(engine: Engine, events: NDArray[Any]) -> NDArray[np.int64]:
    """Nanoseconds of each check."""
    taken = np.empty(len(events), np.int64)
    clock, check = time.perf_counter_ns, engine.check
    for i in range(len(events)):
        event = events[i]
        began = clock()
        check(event)
        taken[i] = clock() - began
    return taken


def state_row(warm: WarmEngine) -> Row:
    """Bytes an account, with index, devices, networks and number ranges."""
    live = int(np.count_nonzero(warm.engine.accounts["last_s"] >= 0.0))
    row = Row("state", "state, bytes an account", Target(640, "bytes", digits=0), n=live, n_of="accounts")
    row.runs = [warm.engine.bytes_in_use / live]
    row.note = "records and indexes of accounts, devices, networks and number ranges"
    if warm.resident_growth > 0:
        row.note += f"; resident {warm.resident_growth / live:,.0f} with room to grow"
    return row


def growth_row(in_force: InForce, sizes: Sizes) -> Row:
    """The longest batch while the tables grow from small to all accounts: nobody should wait for growth."""
    worst, medians = [], []
    began = time.perf_counter()
    for _ in range(sizes.runs):
        events = as_events(Traffic(sizes.accounts, zipf=False).sign_ups())
        engine = new_engine(in_force)
        taken = [
            _seconds(engine, events[at : at + GROWTH_BATCH]) for at in range(0, len(events), GROWTH_BATCH)
        ]
        worst.append(max(taken))
        medians.append(float(np.median(taken)))
    what = f"longest batch of {GROWTH_BATCH:,} sign-ups while tables grow to {sizes.accounts:,} accounts"
    row = Row("growth", what, Target(10, "ms", 1e3), worst, sizes.accounts // GROWTH_BATCH, "batches")
    row.is_target = False
    row.seconds = time.perf_counter() - began
    row.note = f"median batch {1e3 * float(np.median(medians)):.2f} ms"
    return row


def _seconds(engine: Engine, events: NDArray[Any]) -> float:
    began = time.perf_counter()
    engine.observe(events)
    return time.perf_counter() - began


@dataclass(frozen=True, slots=True)
class WrittenLogs:
    """One log in two formats."""

    json_lines: Path
    parquet: Path
    lines: int
    line_bytes: float


def write_logs(folder: Path, sizes: Sizes) -> WrittenLogs:
    """A log of which nothing is known beforehand. Raises OSError."""
    traffic = Traffic(sizes.file_accounts, zipf=True, strangers=FILE_STRANGERS)
    columns = joined(list(_stretches(traffic, sizes.lines)))
    json_lines, parquet = folder / "events.jsonl", folder / "events.parquet"
    size = write_json_lines(columns, json_lines)
    write_parquet(columns, parquet)
    return WrittenLogs(json_lines, parquet, sizes.lines, size / sizes.lines)


def _stretches(traffic: Traffic, lines: int) -> Iterator[Columns]:
    for start in range(0, lines, 500_000):
        yield traffic.usual(min(500_000, lines - start))


def file_row(in_force: InForce, logs: WrittenLogs, sizes: Sizes, name: str) -> Row:
    """A file to decisions, from an engine that knows nobody, as a scan does without its reports."""
    path = logs.parquet if name == "parquet" else logs.json_lines
    label = (
        "Parquet with text identifiers" if name == "parquet" else f"JSON Lines of {logs.line_bytes:.0f} bytes"
    )
    timing, engine, decisions = Timing(), new_engine(in_force), 0

    def run() -> None:
        nonlocal decisions
        for chunk in open_log([path], pseudonyms=in_force.pseudonyms):
            decisions += len(engine.observe(chunk.events).decisions)

    for _ in range(sizes.runs):
        engine, decisions = new_engine(in_force), 0
        timing.run(run)
    target = events_a_second(1) if name == "parquet" else events_a_second(0.3)
    row = Row(name, f"{label} to decisions", target, n=logs.lines)
    share = engine.judged / logs.lines
    accounts = len(engine.accounts)
    return timing.throughput(row, [_judged(share), f"{accounts:,} accounts", f"{decisions:,} decisions"])
