"""The processes of the kill test: nodes that start quickly, and some that end themselves at a chosen step.

A launcher imports everything once and makes a node by forking itself, so that two hundred starts do not take ten
minutes. A node, or the process that makes its snapshots, can be told to end itself (SIGKILL) at the n-th thing that it
does with its files: an SQL statement, a rename, a file removed or opened for writing. That is where a kill hurts, and
the same number is the same place again.

    python -m tidegate.cli.bench.kill_child     the launcher: JSON lines in, JSON lines out
"""

import ctypes
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

ARMED = "TIDEGATE_KILL_TEST"
"""Environment variable of a snapshot process: what it shall do to whom, as JSON."""
TICK_S = 0.25
"""In place of two seconds, so that what the clock sets off happens within the short life of a node."""
_CHILD_SUBREAPER = 36
_FILE_CHANGES = frozenset({"os.rename", "os.remove", "os.truncate", "os.mkdir"})


class Steps:
    """Counts what a process does with the files of a folder, and calls ``then`` before the n-th."""

    def __init__(self, folder: Path, at: int, then: Callable[[], None]) -> None:
        self._folder = str(folder)
        self._at = at
        self._then = then
        self.count = 0

    def watch(self) -> None:
        """From now on, in every thread."""
        from tidegate.node import database

        connected = database._connected

        def watched(uri: str) -> sqlite3.Connection:
            connection = connected(uri)
            connection.set_trace_callback(self._step)
            return connection

        database._connected = watched
        sys.addaudithook(self._heard)

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if _changes(event, arguments) and str(arguments[0]).startswith(self._folder):
            self._step(event)

    def _step(self, what: str) -> None:
        self.count += 1
        if self.count == self._at:
            self._then()


def _changes(event: str, arguments: tuple[Any, ...]) -> bool:
    """Whether an audit event of Python is about a file that will be another one afterwards."""
    if event == "open":
        return bool(arguments[2] & (os.O_WRONLY | os.O_RDWR))
    return event in _FILE_CHANGES


def kill_self() -> None:
    """At once, as from outside."""
    os.kill(os.getpid(), signal.SIGKILL)


def kill_group() -> None:
    """This process and all that it started or was started with."""
    os.killpg(os.getpgrp(), signal.SIGKILL)


def kill_parent() -> None:
    """The process that started this one; this one goes on."""
    os.kill(os.getppid(), signal.SIGKILL)


VICTIMS: dict[str, Callable[[], None]] = {"self": kill_self, "group": kill_group, "node": kill_parent}


# -- the launcher ------------------------------------------------------------------------------------------------------


class Launcher:
    """The launcher, for whoever uses it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tidegate.cli.bench.kill_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        )
        self._answer()

    def start(self, **asked: Any) -> int:
        """The process id of a new node."""
        pid: int = self._ask({"do": "start", **asked})["pid"]
        return pid

    def ended(self, pid: int) -> int | None:
        """How a node has ended, if it has; a signal is its number below 0."""
        status: int | None = self._ask({"do": "look", "pid": pid})["status"]
        return status

    def close(self) -> None:
        """End everything that was started."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _ask(self, what: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the launcher of the kill test has failed; it says why on standard error")
        answer: dict[str, Any] = json.loads(line)
        return answer


def launch() -> None:
    """Serve requests from standard input until it ends; then end every process that was started."""
    if sys.platform == "linux":
        # Snapshot processes whose node was killed become children of this process, which ends them at last.
        ctypes.CDLL(None, use_errno=True).prctl(_CHILD_SUBREAPER, 1, 0, 0, 0)
    _warm_up()
    ended: dict[int, int] = {}
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["do"] == "start":
            answer: dict[str, int | None] = {"pid": _fork(partial(_serve, asked), Path(asked["log"]))}
        else:
            _collect(ended)
            answer = {"status": ended.get(asked["pid"])}
        print(json.dumps(answer), flush=True)
    _end_all()


def _collect(ended: dict[int, int]) -> None:
    """How children have ended that have; with a signal, its number below 0."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        ended[pid] = os.waitstatus_to_exitcode(status)


def _end_all() -> None:
    """Kill and collect all children, also those that were left over by killed nodes."""
    while True:
        children = Path(f"/proc/self/task/{os.getpid()}/children")
        for pid in children.read_text().split() if children.exists() else ():
            os.kill(int(pid), signal.SIGKILL)
        try:
            os.wait()
        except ChildProcessError:
            return


def _fork(run: Callable[[], int], log: Path) -> int:
    """A child in a process group of its own that runs this and nothing else."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.setpgid(0, 0)
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for descriptor, source in ((0, nothing), (1, out), (2, out)):
            os.dup2(source, descriptor)
        code = run()
        sys.stdout.flush()
    except BaseException as fault:  # noqa: BLE001 - whatever it is, the child must not go on as a launcher
        print(f"Traceback: {fault!r}", file=sys.stderr, flush=True)
    finally:
        os._exit(code)


def _serve(asked: dict[str, Any]) -> int:
    """``tidegate serve``, armed as it was asked; ``cold``: from a program that has yet to be loaded."""
    from tidegate.cli.serve import serve
    from tidegate.node import snapshotting
    from tidegate.node.api import serving

    folder = Path(asked["folder"])
    command = ["serve", "--no-desk", "--data", str(folder), "--port", "0", "--log-level", "warning"]
    if asked["cold"]:
        os.execv(sys.executable, [sys.executable, "-m", "tidegate.cli.main", *command])
    serving.TICK_S = TICK_S
    if asked["snapshot"]:
        snapshotting.MODULE = "tidegate.cli.bench.kill_child"
        os.environ[ARMED] = json.dumps(asked["snapshot"])
    if asked["steps"]:
        steps = Steps(folder, asked["steps"], kill_self)
        _watch_from_stop(steps) if asked["stopping"] else steps.watch()
    try:
        serve.main(command[1:])
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0 if end.code is None else 1


def _watch_from_stop(steps: Steps) -> None:
    """Count only what a node does to stop in order."""
    from tidegate.node.node import Node

    close = Node.close

    def watched(node: Node, *, snapshot: bool = True) -> None:
        steps.watch()
        close(node, snapshot=snapshot)

    Node.close = watched  # type: ignore[method-assign, assignment]


def _warm_up() -> None:
    """Import and load all that a node needs, by running one for a moment; no thread of it is left."""
    import tidegate.cli.serve  # noqa: F401 - what the children run
    from tidegate.node.node import Node
    from tidegate.node.requests import Delivery

    now_s = time.time()
    lines = b"".join(
        json.dumps({"time": now_s + i / 1_000, "type": "message", "actor": "a", "target": f"b{i}"}).encode()
        + b"\n"
        for i in range(100)
    )
    with tempfile.TemporaryDirectory() as name:
        for _ in range(2):
            node = Node.open(Path(name) / "node")
            node.take([Delivery(lines), Delivery(lines[: lines.index(b"\n") + 1], verdict=True)])
            node.drain(10.0)
            node.close()


# -- the process that makes snapshots ----------------------------------------------------------------------------------


def snapshot(armed: dict[str, Any]) -> int:
    """:mod:`tidegate.node.snapshotter`, which at a step kills itself, its node, or both; leaves a note at its end."""
    from tidegate.node import snapshotter

    note = Path(armed["note"])

    def strike() -> None:
        note.touch()
        VICTIMS[armed["whom"]]()

    steps = Steps(Path(sys.argv[1]), armed["steps"], strike)
    steps.watch()
    try:
        return snapshotter.main()
    finally:
        note.touch()


if __name__ == "__main__":
    if ARMED in os.environ:
        sys.exit(snapshot(json.loads(os.environ[ARMED])))
    launch()
