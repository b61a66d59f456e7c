"""The kill test: a node under load is killed again and again, and at the end nothing is missing and nothing is double.

What is killed and when follows from a seed: how the load goes on, which process, at which step of its work or how long
after its start. What the clock and the scheduler make of it does not, so a seed narrows a failure down and need not
repeat it. :mod:`tidegate.cli.bench.kill_proof` and :mod:`tidegate.cli.bench.kill_effects` say what is proved.
"""

import http.client
import os
import shutil
import signal
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tidegate.cli.bench.kill_caller import Caller
from tidegate.cli.bench.kill_child import Launcher
from tidegate.cli.bench.kill_clients import Checks, Client, Enforcer, People, Source
from tidegate.cli.bench.kill_effects import Effects, effects
from tidegate.cli.bench.kill_plan import Plan, plans
from tidegate.cli.bench.kill_proof import Broken, Copy, Told, prove, wait_for_erasures
from tidegate.cli.bench.kill_traffic import LAG_S, Conversation
from tidegate.node.api.tokens import Scope, add_token
from tidegate.node.settings import SETTINGS_FILE

START_TIMEOUT_S = 60.0
LOOK_S = 0.003
FINISH_TIMEOUT_S = 60.0
SNAPSHOT_TIMEOUT_S = 20.0
LOAD_S, STOP_S, COLD_S = 0.6, 0.6, 4.0
"""Spans over which kills are spread: under load, while stopping in order, while the program is loaded."""
FIRST_READY_S = 0.6
"""How long a start is taken to need until one has been measured."""
BEYOND_READY = 1.2
"""Kills of a start are spread over this many times what a start needs."""
PROOF_EVERY = 40
"""Kills between two stops in order with a proof."""
LOG_SHOWN = 3_000
"""Characters of the node's log that a failure shows."""
BAD_SIGNS = ("Traceback", "level=fatal", "are lost", "could not be used", "recovers from its journal")
"""In the log of a node, and nothing that kills may lead to."""
KILLED = -signal.SIGKILL
STOPPING = ("stop", "stop-step")
SOURCES = (("one", True, 0.0), ("two", True, LAG_S), ("three", False, 5.0))
"""Name, whether its events have ids, and how many seconds it lies behind."""
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
    """Kills by :attr:`Plan.kind`; ``self``: the process ended itself at a step."""
    starts: int = 0
    stops: int = 0
    """In order."""
    snapshot_processes_killed: int = 0
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
    recoveries_s: list[float] = field(default_factory=list)
    """From the start of a process, loaded before, to its first answer."""
    seconds: float = 0.0

    @property
    def longest_recovery_s(self) -> float:
        """0 when there was none."""
        return max(self.recoveries_s, default=0.0)

    def as_json(self) -> dict[str, Any]:
        """Without the single recoveries."""
        median_s = statistics.median(self.recoveries_s or [0.0])
        found = asdict(self) | {"longest_recovery_s": self.longest_recovery_s, "median_recovery_s": median_s}
        del found["recoveries_s"]
        return found


class KillTest:
    """One run. Its folder holds the node's folder, the node's log, and what proofs need."""

    def __init__(self, kills: int, seed: int, folder: Path) -> None:
        self._kills, self._scratch = kills, folder
        self._node, self._log = folder / "node", folder / "node.log"
        self._note = folder / "snapshot-process"
        """Appears when a snapshot process has ended or killed something."""
        self._prepare(self._node)
        token = add_token(self._node, "kill-test", list(Scope), time.time())
        socket = self._node / "node.sock"
        sources = [
            Source(socket, token, name, Conversation(name, seed, ids=ids, lag_s=lag_s, place=place), seed)
            for place, (name, ids, lag_s) in enumerate(SOURCES)
        ]
        checks = Checks(socket, token, Conversation("check", seed, ids=True, lag_s=0.0, place=len(sources)))
        people = People(socket, token, sources, seed, lambda: self._copy.catch_up())
        self._told = Told(sources, checks, people)
        self._enforcer = Enforcer(socket, token, seed)
        self._caller = Caller(socket, token, lambda: True)
        self._copy = Copy(self._node, self._told)
        self._log_read = 0
        self._kinds = Counter[str]()
        self.report = KillReport(seed)

    def run(self) -> KillReport:
        """All of it. Raises Broken."""
        began = time.monotonic()
        self._launcher = Launcher()
        try:
            self._kill_all()
            self._finish()
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
        if plan.kind in ("start", "cold"):
            span_s = COLD_S if plan.kind == "cold" else self._usual_start_s()
            ended = self._wait(pid, began + BEYOND_READY * span_s * plan.moment)
        elif self._wait_ready(pid, began):
            self._copy.catch_up()
            ended = self._live(pid, plan)
        else:
            ended = KILLED
        self._count_end(plan, ended, self._kill_now(pid, plan.group) if ended is None else ended)

    def _live(self, pid: int, plan: Plan) -> int | None:
        """From its first answer to the moment of the kill: how it ended meanwhile, if it did."""
        now = time.monotonic()
        if plan.kind == "snapshot":
            until = now + SNAPSHOT_TIMEOUT_S
            while time.monotonic() < until and not self._note.exists():
                if (ended := self._wait(pid, time.monotonic() + 10 * LOOK_S)) is not None:
                    return ended
            return self._wait(pid, time.monotonic() + LOAD_S * plan.moment)
        if plan.kind in STOPPING:
            if (ended := self._wait(pid, now + LOAD_S)) is not None:
                return ended
            os.kill(pid, signal.SIGTERM)
            span_s = START_TIMEOUT_S if plan.step else STOP_S * plan.moment
            return self._wait(pid, time.monotonic() + span_s)
        return self._wait(pid, now + LOAD_S * (1.0 if plan.step else plan.moment))

    def _kill_now(self, pid: int, group: bool) -> int:
        """Kill from outside; how it has ended, which may be something else when it was about to."""
        try:
            os.killpg(pid, signal.SIGKILL) if group else os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            if not group:
                raise
            os.kill(pid, signal.SIGKILL)  # so young that it has no group of its own yet, and no children
        ended = self._wait(pid, time.monotonic() + START_TIMEOUT_S)
        return KILLED if ended is None else ended

    def _count_end(self, plan: Plan, by_itself: int | None, ended: int) -> None:
        if ended == 0 and plan.kind in STOPPING:
            self.report.stops += 1
            return
        if ended != KILLED:
            raise Broken(f"the node ended by itself with {ended}: {self._log_end()}")
        self.report.kills += 1
        self.report.snapshot_processes_killed += self._note.exists() and plan.whom != "node"
        self._kinds[plan.kind + (" (self)" if by_itself is not None else "")] += 1

    def _new(self, plan: Plan) -> None:
        """Kill the very first start on a folder; the next one must go well."""
        with tempfile.TemporaryDirectory(dir=self._scratch) as name:
            folder = Path(name) / "node"
            self._prepare(folder)
            began = time.monotonic()
            pid = self._start(folder, plan)
            by_itself = self._wait(pid, began + 2.0 * self._usual_start_s())
            if by_itself is None:
                self._kill_now(pid, plan.group)
            pid = self._start(folder, None)
            self._wait_ready(pid, time.monotonic(), Caller(folder / "node.sock", "", lambda: True))
            self._stop(pid)
        self.report.kills += 1
        self._kinds[plan.kind + (" (self)" if by_itself is not None else "")] += 1

    # -- stopping in order ---------------------------------------------------------------------------------------------

    def _stop_and_prove(self) -> None:
        """Start, stop in order, and compare everything."""
        self._prepare(self._node)
        pid = self._start(self._node, None)
        self._wait_ready(pid, time.monotonic())
        time.sleep(LOAD_S)
        self._stop(pid)
        self._prove()

    def _stop(self, pid: int) -> None:
        os.kill(pid, signal.SIGTERM)
        ended = self._wait(pid, time.monotonic() + START_TIMEOUT_S)
        if ended != 0:
            raise Broken(f"the node was to stop in order and ended with {ended}: {self._log_end()}")
        self.report.stops += 1

    def _prove(self) -> None:
        found = prove(self._node, self._copy, self._told, self._scratch)
        self.report.proofs += 1
        self.report.decisions, self.report.events_in_journal = found.decisions, found.events

    def _finish(self) -> None:
        """The last start: everybody finishes, all that is due is carried out, everything is compared."""
        self._prepare(self._node)
        pid = self._start(self._node, None)
        self._wait_ready(pid, time.monotonic())
        for client in (*self._told.sources, self._told.checks, self._told.people):
            if not client.finish(FINISH_TIMEOUT_S) and client.failed is None:
                words = f"not everything was answered within {FINISH_TIMEOUT_S:.0f} s"
                raise Broken(f"{type(client).__name__}: {words}: {self._log_end()}")
        self._look_for_failures()
        erased = set(self._told.people.done.erased)
        self._count(effects(self._node, self._enforcer, self._copy.key, erased, self._caller))
        wait_for_erasures(self._node)
        self._enforcer.finish(FINISH_TIMEOUT_S)
        self._look_for_failures()
        self._stop(pid)
        self._prove()

    def _count(self, found: Effects) -> None:
        told, report = self._told, self.report
        report.events_acknowledged = sum(source.acknowledged for source in told.sources)
        report.events_acknowledged += len(told.checks.acknowledged)
        report.lines_sent_again = sum(source.lines_again for source in told.sources)
        report.lines_sent_again += told.checks.caller.asked_again
        report.duplicates_refused = sum(source.duplicates for source in told.sources)
        report.actions, report.deliveries, report.changes = found.actions, found.deliveries, found.changes
        report.rulings = told.people.done.rulings.total()
        report.policies, report.erasures = told.people.done.policies, told.people.erasures

    # -- the processes -------------------------------------------------------------------------------------------------

    @staticmethod
    def _prepare(folder: Path, every_events: int = SELDOM) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        (folder / SETTINGS_FILE).write_text(SETTINGS.format(every_events=every_events))

    def _usual_start_s(self) -> float:
        return statistics.median(self.report.recoveries_s[-5:] or [FIRST_READY_S])

    def _start(self, folder: Path, plan: Plan | None) -> int:
        self.report.starts += 1
        snapshot, steps, cold = None, 0, False
        if plan is not None:
            steps, cold = plan.step, plan.kind == "cold"
        if plan is not None and plan.kind == "snapshot":
            snapshot, steps = {"steps": steps, "whom": plan.whom, "note": str(self._note)}, 0
        return self._launcher.start(
            folder=str(folder),
            log=str(self._log),
            steps=steps,
            stopping=plan is not None and plan.kind in STOPPING,
            snapshot=snapshot,
            cold=cold,
        )

    def _wait_ready(self, pid: int, began: float, caller: Caller | None = None) -> bool:
        """Wait for the first answer; False when it was killed before. Raises Broken when none comes."""
        while time.monotonic() < began + START_TIMEOUT_S:
            try:
                (caller or self._caller).once("GET", "/healthz")
            except (OSError, http.client.HTTPException):
                ended = self._wait(pid, time.monotonic() + LOOK_S)
                if ended == KILLED:
                    return False
                if ended is not None:
                    raise Broken(f"the node did not start ({ended}): {self._log_end()}") from None
                continue
            self.report.recoveries_s.append(time.monotonic() - began)
            return True
        raise Broken(f"the node did not answer within {START_TIMEOUT_S:.0f} s: {self._log_end()}")

    def _wait(self, pid: int, until: float) -> int | None:
        """How it has ended, or None when it is still running at that time."""
        while (ended := self._launcher.ended(pid)) is None and time.monotonic() < until:
            time.sleep(LOOK_S)
        return ended

    def _clients(self) -> Iterator[Client]:
        yield from (*self._told.sources, self._told.checks, self._told.people, self._enforcer)

    def _look_for_failures(self) -> None:
        """What a client or the node's log has to tell. Raises Broken."""
        for client in self._clients():
            if client.failed is not None:
                raise Broken(f"{type(client).__name__}: {client.failed!r}") from client.failed
        text = self._log.read_text("utf-8", "replace") if self._log.exists() else ""
        for line in text[self._log_read :].splitlines():
            if any(sign in line for sign in BAD_SIGNS):
                raise Broken(f"the node's log says: {line}")
        self._log_read = len(text)

    def _log_end(self) -> str:
        return self._log.read_text("utf-8", "replace")[-LOG_SHOWN:]


def kill_test(kills: int, seed: int, folder: Path) -> KillReport:
    """Kill a node ``kills`` times under load and prove that it kept its promises.

    ``folder``: where everything is kept; empty or not there yet. Raises Broken with the promise that was not kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return KillTest(kills, seed, folder).run()


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder that goes when all was well, and stays to be looked at when it was not."""
    folder = Path(tempfile.mkdtemp(prefix="tidegate-kills-"))
    yield folder
    shutil.rmtree(folder)
