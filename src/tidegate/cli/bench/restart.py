"""The rows about coming back after a stop: a large snapshot, and the tail of the journal after it."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tidegate.cli.bench.events import Traffic, as_events
from tidegate.cli.bench.node_sizes import NodeSizes
from tidegate.cli.bench.result import Row, Target
from tidegate.node.node import Node
from tidegate.node.settings import Limits, NodeSettings, Retention

PIECE = 65_536
TAIL_BATCH = 1_000
SETTINGS = NodeSettings(limits=Limits(ledger_queue=1 << 20), retention=Retention(idle_days=0.0))


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


def _prepare(folder: Path, sizes: NodeSizes) -> None:
    """A snapshot of many accounts, and a journal that goes on after it in batches as a busy node writes them."""
    node = Node.open(folder, SETTINGS)
    traffic = Traffic(sizes.large_accounts, zipf=True)
    for columns, at_once in ((traffic.sign_ups(), PIECE), (traffic.usual(sizes.tail_events), TAIL_BATCH)):
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
