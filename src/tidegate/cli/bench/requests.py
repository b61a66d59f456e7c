"""The rows about requests: events in batches, single checks, and the floors under both."""

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tidegate.cli.bench.events import Columns, Traffic
from tidegate.cli.bench.logs import json_lines
from tidegate.cli.bench.node_sizes import NodeSizes
from tidegate.cli.bench.result import Row, Target
from tidegate.cli.bench.serving import NOT_THERE, Answers, Serving, serving
from tidegate.cli.bench.world_traffic import world_traffic

BATCH_LINES = 100
CHECK_CONNECTIONS = 8
STEADY_CHECKS_A_SECOND = (200, 1_000)
WARM_UP_LINES = 5_000
SYNC_BYTES, SYNCS = 1_000, 1_000
PERCENTILES = (("p50", 0.5), ("p99", 0.99))
EVENTS_A_SECOND = Target(200, "k events/s", 1e-3, at_least=True, digits=0)


def batches(columns: Columns, lines: int) -> list[bytes]:
    """Bodies of so many lines."""
    return bodies_of([line.encode("ascii") for line in json_lines(columns)], lines)


def bodies_of(texts: Sequence[bytes], lines: int) -> list[bytes]:
    """Bodies of so many lines, in order."""
    return [b"\n".join(texts[at : at + lines]) + b"\n" for at in range(0, len(texts), lines)]


def request_rows(sizes: NodeSizes) -> Iterator[Row]:
    """Events of a simulated messenger, synthetic ones, checks; each traffic on a node that knows everybody."""
    yield world_events_row(sizes)
    for zipf in (False, True):
        with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as name:
            traffic = Traffic(sizes.accounts, zipf=zipf)
            with serving(Path(name) / "node") as node:
                for columns in (traffic.sign_ups(), traffic.hellos()):
                    node.events(2, batches(columns, WARM_UP_LINES))
                yield _synthetic_events_row(sizes, traffic, node, zipf)
                if not zipf:
                    yield from _check_rows(sizes, traffic, node)
                    yield _http_row(sizes, node)
    yield sync_row(sizes)


# -- events


@dataclass(slots=True)
class EventRuns:
    """Stretches of traffic sent one after another to one node."""

    row: Row
    node: Serving
    connections: int
    sent: int = 0
    processor_s: float = 0.0
    _decided_before: int = field(init=False)

    def __post_init__(self) -> None:
        self._decided_before = self.node.decisions()

    def send(self, bodies: Sequence[bytes], events: int) -> None:
        """One run."""
        found = self.node.events(self.connections, bodies)
        self.row.n = events
        self.row.runs.append(events / found.seconds)
        self.row.seconds += found.seconds
        self.processor_s += found.processor_s
        self.sent += events

    def finished(self, about: str) -> Row:
        """The row with its note."""
        decided = self.node.decisions() - self._decided_before
        by_cpu = self.row.target.shown(self.sent / max(self.processor_s, 1e-9))
        self.row.note = (
            f"{about}; {100 * decided / self.sent:.2f} % of events lead to a decision ({decided:,} of {self.sent:,}); "
            f"by processor time {by_cpu}"
        )
        return self.row


def world_events_row(sizes: NodeSizes) -> Row:
    """A simulated messenger's own traffic, the day's stretches one after another: each run is another one."""
    traffic = world_traffic(sizes.people, sizes.days)
    what = f"POST /v1/events, {BATCH_LINES} a batch, {sizes.connections} connections, durable, one core"
    row = Row("node-events", what, EVENTS_A_SECOND)
    with (
        tempfile.TemporaryDirectory(prefix="tidegate-bench-") as name,
        serving(Path(name) / "node") as node,
    ):
        node.events(2, bodies_of(traffic.before, WARM_UP_LINES))
        runs = EventRuns(row, node, sizes.connections)
        a_run = len(traffic.measured) // sizes.runs
        for at in range(0, sizes.runs * a_run, a_run):
            runs.send(bodies_of(traffic.measured[at : at + a_run], BATCH_LINES), a_run)
        return runs.finished(
            f"{traffic.words}; JSON Lines over a Unix socket, on disk before they are acknowledged, mode shadow"
        )


def _synthetic_events_row(sizes: NodeSizes, traffic: Traffic, node: Serving, zipf: bool) -> Row:
    """Accounts that write at random. With Zipf activity the busiest look like bulk senders."""
    activity = "Zipf" if zipf else "uniform"
    row = Row(f"node-events-{activity.lower()}", "", EVENTS_A_SECOND, is_target=False)
    row.what = f"the same, synthetic traffic of {sizes.accounts:,} accounts, {activity} activity"
    runs = EventRuns(row, node, sizes.connections)
    for _ in range(sizes.runs):
        runs.send(batches(traffic.usual(sizes.events), BATCH_LINES), sizes.events)
    return runs.finished("accounts that write at random")


# -- checks


def _check_rows(sizes: NodeSizes, traffic: Traffic, node: Serving) -> Iterator[Row]:
    what = f"POST /v1/check, {CHECK_CONNECTIONS} connections, durable"
    closed = Latencies("node-check", f"{what}, as fast as they are answered", (0.5, 3.0))
    for _ in range(sizes.runs):
        closed.add(node.load("/v1/check", CHECK_CONNECTIONS, batches(traffic.usual(sizes.checks), 1)))
    yield from closed.rows()
    for rate in STEADY_CHECKS_A_SECOND:
        steady = Latencies(f"node-check-{rate}", f"{what}, {rate:,} a second at even intervals", None)
        count = max(int(rate * sizes.steady_s), 10)
        for _ in range(sizes.runs):
            bodies = batches(traffic.usual(count), 1)
            steady.add(node.load("/v1/check", CHECK_CONNECTIONS, bodies, rate=rate))
        yield from steady.rows("counted from when a check was due")


class Latencies:
    """Runs of one kind of load, as a row for each percentile."""

    def __init__(self, name: str, what: str, bounds_ms: tuple[float, float] | None) -> None:
        self._rows = [
            Row(
                f"{name}-{percentile}",
                f"{what}, {percentile}",
                Target(bound, "ms", 1e3),
                n_of="checks",
                is_target=bounds_ms is not None,
            )
            for (percentile, _), bound in zip(PERCENTILES, bounds_ms or (0.0, 0.0), strict=True)
        ]
        self._answered, self._seconds, self._processor_s = 0, 0.0, 0.0

    def add(self, found: Answers) -> None:
        """One run."""
        for row, (_, share) in zip(self._rows, PERCENTILES, strict=True):
            row.runs.append(found.latency_s(share))
            row.n = len(found.latencies_s)
            row.seconds += found.seconds
        self._answered += len(found.latencies_s)
        self._seconds += found.seconds
        self._processor_s += found.processor_s

    def rows(self, *notes: str) -> list[Row]:
        """The rows; what was answered stands with the first."""
        answered = f"{self._answered / self._seconds:,.0f} answered a second"
        used = f"{self._processor_s / self._answered * 1e6:,.0f} µs of processor time each"
        self._rows[0].note = "; ".join((*notes, answered, used))
        return self._rows


# -- floors


def _http_row(sizes: NodeSizes, node: Serving) -> Row:
    """What a request costs that asks for nothing."""
    row = Row(
        "floor-http",
        f"floor: a request for nothing (404), {CHECK_CONNECTIONS} connections, as fast as they are answered, p50",
        Target(0, "ms", 1e3),
        n=sizes.checks,
        n_of="requests",
        is_target=False,
    )
    used = 0.0
    for _ in range(sizes.runs):
        found = node.load(NOT_THERE, CHECK_CONNECTIONS, [b""] * sizes.checks, expected=404)
        row.runs.append(found.latency_s(0.5))
        row.seconds += found.seconds
        used += found.processor_s
    each = used / sizes.runs / sizes.checks * 1e6
    row.note = f"the node's HTTP without anything behind it; {each:,.0f} µs of processor time each"
    return row


def sync_row(sizes: NodeSizes) -> Row:
    """What the disk asks for durability, once for all requests that are committed together."""
    row = Row(
        "floor-sync",
        f"floor: {SYNC_BYTES:,} bytes appended to a file and fdatasync, p50",
        Target(0, "ms", 1e3),
        n=SYNCS,
        n_of="times",
        is_target=False,
    )
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as folder:
        for _ in range(sizes.runs):
            taken = synced_appends(Path(folder) / "appended", SYNCS)
            row.runs.append(taken[len(taken) // 2])
            row.seconds += sum(taken)
    row.note = "on the disk that the nodes measured here keep their journals on"
    return row


def synced_appends(path: Path, count: int) -> list[float]:
    """Seconds of each, in order of size."""
    sync = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    taken = []
    try:
        for _ in range(count):
            began = time.perf_counter()
            os.write(file, bytes(SYNC_BYTES))
            sync(file)
            taken.append(time.perf_counter() - began)
    finally:
        os.close(file)
    return sorted(taken)
