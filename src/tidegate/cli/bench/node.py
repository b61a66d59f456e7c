"""The rows about a node: events in, checks, and coming back after a stop. ``tidegate bench --node``."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tidegate.cli.bench.events import Columns, Traffic, as_events
from tidegate.cli.bench.kill_proof import Broken
from tidegate.cli.bench.kills import kill_test, scratch_folder
from tidegate.cli.bench.logs import json_lines
from tidegate.cli.bench.result import Row, Target
from tidegate.cli.failures import Refused
from tidegate.node.api.tokens import Scope, add_token
from tidegate.node.node import Node
from tidegate.node.settings import Limits, NodeSettings, Retention

BATCH_LINES = 100
START_TIMEOUT_S = 120.0
PIECE = 65_536
WARM_UP_LINES = 5_000


@dataclass(frozen=True, slots=True)
class NodeSizes:
    """How much is measured."""

    accounts: int
    events: int
    checks: int
    connections: int
    large_accounts: int
    tail_events: int
    runs: int
    kills: int


NODE_FULL = NodeSizes(200_000, 1_000_000, 20_000, 16, 10_000_000, 3_000_000, 3, 200)
NODE_QUICK = NodeSizes(500, 4_000, 200, 4, 2_000, 3_000, 1, 3)
KILL_SEED = 1


@dataclass(frozen=True, slots=True)
class Serving:
    """A node at work."""

    pid: int
    socket: Path
    token: str
    """To hand in events and to check."""

    def decisions(self) -> int:
        """Made since it started, by its own metrics."""
        with httpx.Client(
            transport=httpx.HTTPTransport(uds=str(self.socket)), base_url="http://node"
        ) as client:
            page = client.get("/metrics", headers={"Authorization": f"Bearer {self.token}"}).text
        counted = re.findall(r"^tidegate_decisions\w*{[^}]*} ([0-9.e+]+)$", page, re.M)
        return sum(int(float(count)) for count in counted)

    def load(self, path: str, connections: int, bodies: Sequence[bytes]) -> dict[str, Any]:
        """The bodies through :mod:`tidegate.cli.bench.http_load`. Raises Refused when one was not taken."""
        with tempfile.NamedTemporaryFile() as file:
            for body in bodies:
                file.write(b"%d\n" % len(body) + body)
            file.flush()
            command = [sys.executable, "-m", "tidegate.cli.bench.http_load"]
            used = processor_seconds(self.pid)
            done = subprocess.run(
                [*command, str(self.socket), self.token, path, str(connections), file.name],
                capture_output=True,
                text=True,
            )
            used = processor_seconds(self.pid) - used
        if done.returncode != 0:
            raise Refused(f"the load could not be sent: {done.stderr[-1_000:]}")
        found: dict[str, Any] = json.loads(done.stdout)
        if set(found["statuses"]) != {"200"}:
            raise Refused(f"the node answered {found['statuses']}, not 200 throughout")
        return found | {"processor_s": used}


@contextmanager
def serving(folder: Path) -> Iterator["Serving"]:
    """``tidegate serve`` on ``folder``, kept to one core."""
    folder.mkdir(mode=0o700, parents=True)
    token = add_token(folder, "bench", (Scope.INGEST, Scope.CHECK, Scope.READ), time.time())
    command = [sys.executable, "-m", "tidegate.cli.main", "serve", "--data", str(folder), "--port", "0"]
    with (folder / "serve.log").open("wb") as out:
        node = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        try:
            path = folder / "node.sock"
            until = time.monotonic() + START_TIMEOUT_S
            while not path.exists():
                if node.poll() is not None or time.monotonic() > until:
                    raise Refused(f"the node did not start: {(folder / 'serve.log').read_text()[-2_000:]}")
                time.sleep(0.05)
            time.sleep(0.5)
            pin(node.pid)
            yield Serving(node.pid, path, token)
        finally:
            node.terminate()
            node.wait(START_TIMEOUT_S)


def processor_seconds(pid: int) -> float:
    """What a process has used so far; 0 where the system does not say."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.is_file():
        return 0.0
    fields = stat.read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def pin(pid: int) -> None:
    """Keep every thread of a process on the last core, where the system can do that."""
    if sys.platform == "linux":
        cores = os.sched_getaffinity(0)
        for task in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), {max(cores)})


def batches(columns: Columns, lines: int) -> list[bytes]:
    """Bodies of so many lines."""
    texts = json_lines(columns)
    return [("\n".join(texts[at : at + lines]) + "\n").encode("ascii") for at in range(0, len(texts), lines)]


def request_rows(sizes: NodeSizes) -> Iterator[Row]:
    """Events in batches, then single checks, against one node that knows everybody."""
    for zipf in (False, True):
        with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as name:
            traffic = Traffic(sizes.accounts, zipf=zipf)
            with serving(Path(name) / "node") as node:
                for columns in (traffic.sign_ups(), traffic.hellos()):
                    node.load("/v1/events", 2, batches(columns, WARM_UP_LINES))
                yield _events_row(sizes, traffic, node, zipf)
                if not zipf:
                    yield from _check_rows(sizes, traffic, node)


def _events_row(sizes: NodeSizes, traffic: Traffic, node: Serving, zipf: bool) -> Row:
    """Uniform activity is what most messengers look like to the ledger: next to nobody is decided about. With Zipf
    activity the busiest accounts look like bulk senders, and some per cent of all events lead to a decision."""
    what = f"POST /v1/events, {BATCH_LINES} a batch, {sizes.connections} connections, durable, one core"
    row = Row("node-events", what, Target(200, "k events/s", 1e-3, at_least=True, digits=0))
    if zipf:
        row = Row("node-events-decided", f"the same, many decided about: {what}", row.target, is_target=False)
    before = node.decisions()
    row.n = sizes.events
    used = 0.0
    for _ in range(sizes.runs):
        found = node.load("/v1/events", sizes.connections, batches(traffic.usual(sizes.events), BATCH_LINES))
        row.runs.append(sizes.events / found["seconds"])
        row.seconds += found["seconds"]
        used += found["processor_s"]
    by_cpu = row.target.shown(sizes.runs * sizes.events / max(used, 1e-9))
    row.note = (
        f"JSON Lines over a Unix socket, on disk before it is acknowledged; {node.decisions() - before:,} decisions in "
        f"{sizes.runs * sizes.events:,} events; by processor time {by_cpu}"
    )
    return row


def _check_rows(sizes: NodeSizes, traffic: Traffic, node: Serving) -> Iterator[Row]:
    rows = [
        Row(f"node-check-{name}", f"POST /v1/check, 8 connections, durable, {name}", Target(bound, "ms", 1e3))
        for name, bound in (("p50", 0.5), ("p99", 3.0))
    ]
    used = 0.0
    for _ in range(sizes.runs):
        found = node.load("/v1/check", 8, batches(traffic.usual(sizes.checks), 1))
        used += found["processor_s"]
        for row, share in zip(rows, (0.5, 0.99), strict=True):
            row.runs.append(found["latencies_s"][int(share * len(found["latencies_s"]))])
            row.n, row.n_of = sizes.checks, "checks"
            row.seconds += found["seconds"]
    rows[0].note = f"{used / sizes.runs / sizes.checks * 1e6:,.0f} µs of processor time a check"
    yield from rows


def restart_rows(sizes: NodeSizes) -> Iterator[Row]:
    """A node with many accounts starts from its snapshot, then replays a tail."""
    folder = Path(tempfile.mkdtemp(prefix="tidegate-bench-"))
    try:
        _prepare(folder, sizes)
        restart = Row("node-restart", f"restart with {sizes.large_accounts:,} accounts", Target(10, "s"))
        tail = Row(
            "node-replay", "replay of the journal's tail", Target(1, "M events/s", 1e-6, at_least=True)
        )
        for _ in range(sizes.runs):
            _drop_caches(folder)
            began = time.monotonic()
            node = Node.open(folder, SETTINGS)
            seconds, found = time.monotonic() - began, node.recovered
            node.close(snapshot=False)
            restart.runs.append(seconds - found.replay_s)
            restart.seconds += seconds
            tail.runs.append(found.replayed / found.replay_s)
            tail.seconds += found.replay_s
        restart.n, restart.n_of = sizes.large_accounts, "accounts"
        restart.note = "open to ready, without the tail; files not in the page cache"
        tail.n = sizes.tail_events
        yield from (restart, tail)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


SETTINGS = NodeSettings(limits=Limits(ledger_queue=1 << 20), retention=Retention(idle_days=0.0))


def _prepare(folder: Path, sizes: NodeSizes) -> None:
    """A snapshot of many accounts, and a journal that goes on after it in batches as a busy node writes them."""
    node = Node.open(folder, SETTINGS)
    traffic = Traffic(sizes.large_accounts, zipf=True)
    for columns, at_once in ((traffic.sign_ups(), PIECE), (traffic.usual(sizes.tail_events), 1_000)):
        events = as_events(columns)
        for start in range(0, len(events), at_once):
            piece = events[start : start + at_once]
            node.journal.append(piece, node.journal.last_s)
            if at_once == PIECE:
                node.replica.observe(piece)
        if at_once == PIECE:
            node.write_snapshot()
    node.close(snapshot=False)


def _drop_caches(folder: Path) -> None:
    """Ask the system to forget what it holds of these files, so that a restart reads the disk."""
    if not hasattr(os, "posix_fadvise"):
        return
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def kill_row(sizes: NodeSizes) -> Row:
    """The kill test. Raises Refused with the promise that was not kept."""
    row = Row(
        "node-kills", "kills under load, nothing lost and nothing doubled", Target(200, "kills", 1, True, 0)
    )
    try:
        with scratch_folder() as folder:
            report = kill_test(sizes.kills, KILL_SEED, folder)
    except Broken as broken:
        raise Refused(f"the kill test found a promise that was not kept: {broken}") from None
    row.runs, row.n, row.n_of, row.seconds = [float(report.kills)], report.kills, "kills", report.seconds
    row.note = (
        f"seed {report.seed}; {report.events_acknowledged:,} events acknowledged, {report.lines_sent_again:,} lines sent "
        f"again, {report.decisions:,} decisions, {report.actions:,} actions, {report.proofs} clean replays compared, "
        f"longest recovery {report.longest_recovery_s:.2f} s"
    )
    return row


MEASUREMENTS: dict[str, Callable[[NodeSizes], Iterator[Row]]] = {
    "requests": request_rows,
    "restart": restart_rows,
    "kills": lambda sizes: iter((kill_row(sizes),)),
}
