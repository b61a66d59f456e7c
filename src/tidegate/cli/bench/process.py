"""The rows that need a process of their own: start-up, and a whole scan."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tidegate.cli.bench import child
from tidegate.cli.bench.result import Row, Target
from tidegate.cli.bench.rows import Sizes, WrittenLogs
from tidegate.cli.failures import Refused

SCAN_COMMAND: tuple[str, ...] = (sys.executable, "-m", "tidegate.cli.main", "scan")
FIRST_VERDICT = """
import numpy as np
from tidegate.cli.in_force import decide_by
from tidegate.engine.engine import Engine
from tidegate.events.columns import EVENT
in_force = decide_by()
event = np.zeros(1, EVENT)
event["time"], event["type"], event["actor"], event["target"] = 1767225600.0, 3, 1, 2
Engine(in_force.policy, in_force.model).check(event[0])
"""
"""What a program does to get its first verdict."""


def run_child(command: Sequence[str], environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Seconds and memory of a command (see :mod:`tidegate.cli.bench.child`). Raises Refused when it fails."""
    done = subprocess.run(
        # By its file: as a module it would load all of Tidegate first.
        [sys.executable, "-I", child.__file__, *command],
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ) | dict(environment or {}),
    )
    result: dict[str, Any] = json.loads(done.stdout)
    if result["exit_code"] != 0:
        raise Refused(f"{' '.join(command[:4])} … failed: {result['said']}")
    return result


def start_up_row(sizes: Sizes) -> Row:
    """Import, shipped policy and model, first verdict, with kernels compiled before."""
    command = (sys.executable, "-c", FIRST_VERDICT)
    run_child(command)  # whatever was not compiled yet
    results = [run_child(command) for _ in range(sizes.process_runs)]
    row = Row("start-up", "start-up to the first verdict, kernels compiled before", Target(2, "s"))
    return _filled(row, results, 1, "processes")


def cold_start_row() -> Row:
    """The same on a machine that never ran Tidegate: every kernel is compiled."""
    with tempfile.TemporaryDirectory() as folder:
        results = [run_child((sys.executable, "-c", FIRST_VERDICT), {"NUMBA_CACHE_DIR": folder})]
    row = Row("cold-start", "the very first verdict on a machine", Target(15, "s"))
    return _filled(row, results, 1, "processes", "all engine kernels are compiled to machine code")


def scan_rows(logs: WrittenLogs, sizes: Sizes) -> list[Row]:
    """`tidegate scan` of the JSON Lines log, with start-up, names, tables and report."""
    with tempfile.TemporaryDirectory() as out:
        command = (*SCAN_COMMAND, str(logs.json_lines), "--out", str(Path(out) / "out"))
        results = [run_child(command) for _ in range(sizes.process_runs)]
    what = f"tidegate scan of {logs.lines:,} JSON lines, whole process"
    wall = _filled(Row("scan", what, Target(6, "s")), results, logs.lines, "lines", "not held to one core")
    memory = Row("scan-memory", f"{what}, peak memory", Target(0, "MB", 1e-6, digits=0), is_target=False)
    memory.runs = [float(result["peak_bytes"]) for result in results]
    memory.n, memory.n_of = logs.lines, "lines"
    return [wall, memory]


def _filled(row: Row, results: list[dict[str, Any]], n: int, n_of: str, *notes: str) -> Row:
    row.runs = [float(result["seconds"]) for result in results]
    row.seconds = sum(row.runs)
    row.n, row.n_of = n, n_of
    cpu = sorted(float(result["cpu_seconds"]) for result in results)[len(results) // 2]
    row.note = "; ".join([*notes, f"by processor time {cpu:.2f} s"])
    return row
