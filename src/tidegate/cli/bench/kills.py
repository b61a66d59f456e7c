"""The kill test: a node under load is killed again and again, and at the end nothing is missing and nothing is double.

What is killed and when follows from a seed: how the load goes on, which process, at which step of its work or how long
after its start. What the clock and the scheduler make of it does not, so a seed narrows a failure down and need not
repeat it.
"""

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tidegate.cli.bench.kill_clients import Caller, Checks, Client, Enforcer, People, Source
from tidegate.cli.bench.kill_effects import Effects, effects
from tidegate.cli.bench.kill_proof import Broken, Copy, Proved, Told, prove
from tidegate.cli.bench.kill_traffic import LAG_S, Conversation
from tidegate.node.api.tokens import Scope, add_token
from tidegate.node.settings import SETTINGS_FILE

START_TIMEOUT_S = 60.0
LOOK_S = 0.003
FINISH_TIMEOUT_S = 30.0
SNAPSHOT_TIMEOUT_S = 20.0
STOP_S = 0.6
"""About as long as stopping in order takes; kills during it are spread over so much."""
LOAD_S = 0.6
FIRST_READY_S = 0.6
"""How long a start is taken to need until one has been measured."""
COLD_READY_S = 4.0
PROOF_EVERY = 40
"""Kills between two stops in order with a proof."""
BAD_SIGNS = ("Traceback", "level=fatal", "are lost", "could not be used", "recovers from its journal")
"""In the log of a node, and nothing that kills may lead to."""
SETTINGS = """\
[enforcement]
mode = "enforce"
attempts = 1_000_000
first_retry_s = 0.2
longest_retry_s = 1.0
lease_s = 1.0
[breaker]
least = 1_000_000_000
[snapshots]
every_events = {every_events}
every_s = 1e9
"""
SELDOM, OFTEN = 1_000_000_000, 100
"""Events between snapshots: only when an account is erased, or all the time."""


@dataclass(slots=True)
class KillReport:
    """What was done and found."""

    seed: int
    kills: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    """Kills by where they happened; see :class:`Plan`. ``self``: the process ended itself at the step."""
    starts: int = 0
    stops: int = 0
    """In order."""
    events_acknowledged: int = 0
    events_in_journal: int = 0
    lines_sent_again: int = 0
    duplicates_refused: int = 0
    rulings: int = 0
    policies: int = 0
    erasures: int = 0
    decisions: int = 0
    actions: int = 0
    deliveries: int = 0
    changes: int = 0
    """Deliveries that changed anything on the messenger."""
    proofs: int = 0
    """Clean replays compared with the folder."""
    snapshot_processes_killed: int = 0
    longest_recovery_s: float = 0.0
    """From the start of a process, loaded before, to its first answer."""
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


class KillTest:
    """One run. Its folder holds the node's folder, the node's log, and what proofs need."""

    def __init__(self, kills: int, seed: int, folder: Path) -> None:
        self._kills = kills
        self._scratch = folder
        self._node = folder / "node"
        self._log = folder / "node.log"
        self._note = folder / "snapshot-process"
        """Appears when a snapshot process has ended or killed something."""
        self._prepare(self._node)
        token = add_token(self._node, "kill-test", list(Scope), time.time())
        socket = self._node / "node.sock"
        sources = [
            Source(socket, token, name, Conversation(name, seed, ids=ids, lag_s=lag_s, place=place), seed)
            for place, (name, ids, lag_s) in enumerate(
                (("one", True, 0.0), ("two", True, LAG_S), ("three", False, 5.0))
            )
        ]
        checks = Checks(socket, token, Conversation("check", seed, ids=True, lag_s=0.0, place=len(sources)))
        people = People(socket, token, sources, seed, lambda: self._copy.catch_up())
        self._told = Told(sources, checks, people)
        self._enforcer = Enforcer(socket, token, seed)
        self._caller = Caller(socket, token, lambda: True)
        self._copy = Copy(self._node, self._told)
        self._ready_s = FIRST_READY_S
        self._checked_bytes = 0
        self.report = KillReport(seed)
        self._kinds = Counter[str]()

    def run(self) -> KillReport:
        """All of it. Raises Broken."""
        began = time.monotonic()
        self._launcher = Launcher()
        print("launcher", time.monotonic() - began)
        try:
            self._kill_all()
            print("kills", time.monotonic() - began)
            self._finish()
            print("fin", time.monotonic() - began)
        finally:
            for client in self._clients():
                client.finish(0.0)
            self._launcher.close()
        self.report.seconds = time.monotonic() - began
        self.report.kinds = dict(sorted(self._kinds.items()))
        return self.report

    # -- killing -------------------------------------------------------------------------------------------------------

    def _kill_all(self) -> None:
        for client in self._clients():
            client.start()
        for plan in plans(self.report.seed):
            if self.report.kills == self._kills:
                return
            try:
                self._new(plan) if plan.kind == "new" else self._kill(plan)
                if self.report.kills // PROOF_EVERY > self.report.proofs:
                    self._stop_and_prove()
                self._look_for_failures()
            except Broken as broken:
                words = f"after {self.report.kills} kills with seed {self.report.seed}, {plan}: {broken}"
                raise Broken(words) from broken

    def _kill(self, plan: Plan) -> None:
        """Start a node, end it as planned. Between, hold the journal against what was acknowledged."""
        self._prepare(self._node, OFTEN if plan.kind == "snapshot" else SELDOM)
        self._note.unlink(missing_ok=True)
        began = time.monotonic()
        pid = self._start(self._node, plan)
        killed_self = None
        if plan.kind in ("start", "cold"):
            span_s = COLD_READY_S if plan.kind == "cold" else self._ready_s
            killed_self = self._wait(pid, began + 1.2 * span_s * plan.moment)
        elif self._wait_ready(pid, began):
            self._copy.catch_up()
            killed_self = self._live(pid, plan)
        else:
            killed_self = -signal.SIGKILL
        if killed_self is None:
            os.killpg(pid, signal.SIGKILL) if plan.group else os.kill(pid, signal.SIGKILL)
            self._ended(pid, -signal.SIGKILL)
        elif killed_self != -signal.SIGKILL and not (plan.kind == "stop" and killed_self == 0):
            raise Broken(f"the node ended by itself with {killed_self}: {self._log.read_text()[-3_000:]}")
        if killed_self == 0:
            self.report.stops += 1
            return
        self.report.kills += 1
        self._kinds[plan.kind + (" (self)" if killed_self else "")] += 1

    def _live(self, pid: int, plan: Plan) -> int | None:
        """From its first answer to the moment of the kill: how it ended by itself meanwhile, if it did."""
        now = time.monotonic()
        if plan.kind == "snapshot":
            until = now + SNAPSHOT_TIMEOUT_S
            while time.monotonic() < until and not self._note.exists():
                if (ended := self._wait(pid, time.monotonic() + 0.02)) is not None:
                    self.report.snapshot_processes_killed += 1
                    return ended
            self.report.snapshot_processes_killed += plan.whom == "self"
            return self._wait(pid, time.monotonic() + 0.3 * plan.moment)
        if plan.kind == "stop":
            if (ended := self._wait(pid, now + LOAD_S * plan.moment)) is not None:
                return ended
            os.kill(pid, signal.SIGTERM)
            return self._wait(pid, time.monotonic() + STOP_S * (plan.step % 1 or plan.moment))
        return self._wait(pid, now + LOAD_S * (1.0 if plan.step else plan.moment))

    def _new(self, plan: Plan) -> None:
        """Kill the very first start on a folder; the next one must go well."""
        with tempfile.TemporaryDirectory(dir=self._scratch) as name:
            folder = Path(name) / "node"
            self._prepare(folder)
            began = time.monotonic()
            pid = self._start(folder, plan)
            ended = self._wait(pid, began + 2.0 * self._ready_s)
            if ended is None:
                os.kill(pid, signal.SIGKILL)
                self._ended(pid, -signal.SIGKILL)
            pid = self._start(folder, None)
            self._wait_ready(pid, time.monotonic(), Caller(folder / "node.sock", "", lambda: True))
            os.kill(pid, signal.SIGTERM)
            self._ended(pid, 0)
        self.report.kills += 1
        self.report.stops += 1
        self._kinds["new" + (" (self)" if ended else "")] += 1

    # -- stopping in order ---------------------------------------------------------------------------------------------

    def _stop_and_prove(self) -> Proved:
        """Start, stop in order, and compare everything."""
        self._prepare(self._node)
        pid = self._start(self._node, None)
        self._wait_ready(pid, time.monotonic())
        time.sleep(LOAD_S)
        return self._stopped(pid)

    def _stopped(self, pid: int) -> Proved:
        os.kill(pid, signal.SIGTERM)
        self._ended(pid, 0)
        self.report.stops += 1
        found = prove(self._node, self._copy, self._told, self._scratch)
        self.report.proofs += 1
        self.report.decisions = found.decisions
        self.report.events_in_journal = found.events
        return found

    def _finish(self) -> None:
        """The last start: everybody finishes, all that is due is carried out, everything is compared."""
        self._prepare(self._node)
        pid = self._start(self._node, None)
        self._wait_ready(pid, time.monotonic())
        told, report = self._told, self.report
        for client in (*told.sources, told.checks, told.people):
            if not client.finish(FINISH_TIMEOUT_S) and client.failed is None:
                raise Broken(
                    f"{type(client).__name__}: not everything was answered within {FINISH_TIMEOUT_S:.0f} s"
                )
        self._look_for_failures()
        print("clients finished", time.monotonic())
        found = effects(
            self._node, self._enforcer, self._copy.key, set(told.people.done.erased), self._caller
        )
        print("effects", time.monotonic())
        self._enforcer.finish(FINISH_TIMEOUT_S)
        print("enforcer finished", time.monotonic())
        self._look_for_failures()
        self._stopped(pid)
        self._count(found)
        report.rulings = told.people.done.rulings.total()
        report.policies, report.erasures = told.people.done.policies, told.people.erasures

    def _count(self, found: Effects) -> None:
        told, report = self._told, self.report
        report.events_acknowledged = sum(source.acknowledged for source in told.sources)
        report.events_acknowledged += len(told.checks.acknowledged)
        report.lines_sent_again = sum(source.lines_again for source in told.sources)
        report.lines_sent_again += told.checks.caller.asked_again
        report.duplicates_refused = sum(source.duplicates for source in told.sources)
        report.actions, report.deliveries, report.changes = found.actions, found.deliveries, found.changes

    # -- the processes -------------------------------------------------------------------------------------------------

    @staticmethod
    def _prepare(folder: Path, every_events: int = SELDOM) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        (folder / SETTINGS_FILE).write_text(SETTINGS.format(every_events=every_events))

    def _start(self, folder: Path, plan: Plan | None) -> int:
        self.report.starts += 1
        snapshot = None
        steps = plan.step if plan else 0
        if plan is not None and plan.kind == "snapshot":
            snapshot = {"steps": steps, "whom": plan.whom, "note": str(self._note)}
            steps = 0
        cold = plan is not None and plan.kind == "cold"
        return self._launcher.start(
            folder=str(folder), log=str(self._log), steps=steps, snapshot=snapshot, cold=cold
        )

    def _wait_ready(self, pid: int, began: float, caller: Caller | None = None) -> bool:
        """Wait for the first answer; False when it was killed before. Raises Broken when none comes."""
        while time.monotonic() < began + START_TIMEOUT_S:
            try:
                (caller or self._caller).once("GET", "/healthz")
            except (OSError, http.client.HTTPException):
                ended = self._wait(pid, time.monotonic() + LOOK_S)
                if ended == -signal.SIGKILL:
                    return False
                if ended is not None:
                    raise Broken(f"the node did not start: {self._log.read_text()[-3_000:]}") from None
                continue
            self._ready_s = time.monotonic() - began
            self.report.longest_recovery_s = max(self.report.longest_recovery_s, self._ready_s)
            return True
        raise Broken(
            f"the node did not answer within {START_TIMEOUT_S:.0f} s: {self._log.read_text()[-3_000:]}"
        )

    def _wait(self, pid: int, until: float) -> int | None:
        """How it has ended, or None when it is still running at that time."""
        while (ended := self._launcher.ended(pid)) is None and time.monotonic() < until:
            time.sleep(LOOK_S)
        return ended

    def _ended(self, pid: int, wanted: int) -> None:
        ended = self._wait(pid, time.monotonic() + START_TIMEOUT_S)
        if ended != wanted:
            raise Broken(f"the node ended with {ended}, not {wanted}: {self._log.read_text()[-3_000:]}")

    def _clients(self) -> Iterator[Client]:
        yield from (*self._told.sources, self._told.checks, self._told.people, self._enforcer)

    def _look_for_failures(self) -> None:
        """What a client or the node's log has to tell. Raises Broken."""
        for client in self._clients():
            if client.failed is not None:
                raise Broken(f"{type(client).__name__}: {client.failed!r}") from client.failed
        if not self._log.exists():
            return
        with self._log.open("rb") as log:
            log.seek(self._checked_bytes)
            text = log.read()
            self._checked_bytes += len(text)
        for line in text.decode("utf-8", "replace").splitlines():
            if any(sign in line for sign in BAD_SIGNS):
                raise Broken(f"the node's log says: {line}")


def kill_test(kills: int, seed: int, folder: Path) -> KillReport:
    """Kill a node ``kills`` times under load and prove that it kept its promises.

    ``folder``: where everything is kept; it must be empty. Raises :class:`Broken` with the promise that was not kept.
    """
    return KillTest(kills, seed, folder).run()


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder that goes when all was well, and stays to be looked at when it was not."""
    folder = Path(tempfile.mkdtemp(prefix="tidegate-kills-"))
    yield folder
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()
