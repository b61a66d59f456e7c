"""Decisions on their way to the ledger: one thread, in order, so that nothing hot waits for anything cold."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from tidegate.node.ledger import Ledger
from tidegate.node.replica import Decided
from tidegate.node.requests import StorageError
from tidegate.node.wording import Wording

log = logging.getLogger(__name__)
RETRY_S = 0.5
COMMIT_AT_ONCE = 2_048
"""Decisions put into one transaction."""
PACE_S = 0.2
"""The least time between the beginnings of two commits. A transaction costs as much processor time as dozens of
decisions, so a stream of them is committed together. After a pause, or when somebody waits for it, one goes at once."""


@dataclass(slots=True)
class _Work:
    """Decisions and how far the journal is covered by them, or something else to be done in order."""

    decided: Sequence[Decided] = ()
    count: int = 0
    through: int = 0
    job: "_Job | None" = None


@dataclass(frozen=True, slots=True)
class _Job:
    do: Callable[[], Any]
    done: Future[Any] = field(default_factory=Future)


class Committer:
    """Puts decisions in words and hands them to the ledger, in the order in which they were made.

    When the ledger cannot be written it tries again without end: the journal has the events, so nothing is lost, but the
    node says so (:attr:`failing`), and beyond ``most`` waiting decisions it takes no more events.
    """

    def __init__(self, ledger: Ledger, wording: Wording, most: int) -> None:
        self._ledger, self._wording = ledger, wording
        self._most = most
        self._waiting: deque[_Work] = deque()
        self._in_hand = 0
        """Of what waits, how much is being carried out."""
        self._held = 0
        self._jobs = 0
        lock = threading.Lock()
        self._work_to_do = threading.Condition(lock)
        self._room = threading.Condition(lock)
        self._stopping = False
        self.failing = ""
        """Why the ledger cannot be written now; empty when it can."""
        self.fault: BaseException | None = None
        """What stopped the committer for good; a restart recovers from the journal."""
        self._thread = threading.Thread(target=self._run, name="committer", daemon=True)
        self._thread.start()

    @property
    def lag(self) -> int:
        """Decisions that the ledger does not have yet."""
        return self._held

    def check(self) -> None:
        """Raises :class:`StorageError` when too many decisions wait because the ledger cannot be written."""
        if self.fault is not None:
            raise StorageError(f"{self.failing}. Restart the node: it recovers from its journal")
        if self._held > self._most and self.failing:
            raise StorageError(f"{self._held:,} decisions wait for the ledger: {self.failing}")

    def put(self, decided: Sequence[Decided], through: int) -> None:
        """Queue decisions, with the number of events that they and all before cover. Waits while too many are queued."""
        count = sum(len(some.decisions) for some in decided)
        with self._room:
            while self._held > self._most and not self.failing and not self._stopping:
                self._room.wait(RETRY_S)
            last = self._waiting[-1] if len(self._waiting) > self._in_hand else None
            if not count and last is not None and last.job is None:
                last.through = through
                return
            self._waiting.append(_Work(decided, count, through))
            self._held += count
            # Waking the thread for each batch of a stream would cost more than the batch.
            if last is None or self._held >= COMMIT_AT_ONCE:
                self._work_to_do.notify()

    def do(self, job: Callable[[], Any]) -> Future[Any]:
        """Call ``job`` in the committer's thread, after everything queued so far."""
        asked = _Job(job)
        with self._work_to_do:
            self._waiting.append(_Work(job=asked))
            self._jobs += 1
            self._work_to_do.notify()
        return asked.done

    def drain(self, timeout_s: float) -> bool:
        """Wait until everything queued is in the ledger; False when it was not in time."""
        done = self.do(lambda: None)
        try:
            done.result(timeout_s)
        except TimeoutError:
            return False
        return True

    def stop(self) -> None:
        """End the thread; what is still queued will be made again from the journal at the next start."""
        with self._work_to_do:
            self._stopping = True
            self._work_to_do.notify_all()
            self._room.notify_all()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._work()
        except BaseException as fault:
            # A fault of the program: nothing more can be committed, so nothing more must be taken.
            log.critical("the committer has stopped", exc_info=True)
            with self._room:
                self.failing = f"a fault has stopped the committer: {fault}"
                self.fault = fault
                for work in self._waiting:
                    if work.job is not None and not work.job.done.done():
                        work.job.done.set_exception(fault)
                self._room.notify_all()
            raise

    def _work(self) -> None:
        not_before_s = 0.0
        while True:
            with self._work_to_do:
                while not self._waiting and not self._stopping:
                    self._work_to_do.wait()
                while not (self._stopping or self._jobs or self._held >= COMMIT_AT_ONCE):
                    if (wait_s := not_before_s - time.monotonic()) <= 0.0:
                        break
                    self._work_to_do.wait(wait_s)
                if self._stopping:
                    return
                batch = self._next()
                self._in_hand = len(batch)
            not_before_s = time.monotonic() + PACE_S
            self._carry_out(batch)
            with self._room:
                for work in batch:
                    self._waiting.popleft()
                    self._held -= work.count
                    self._jobs -= work.job is not None
                self._in_hand = 0
                self._room.notify_all()

    def _next(self) -> list[_Work]:
        """What goes into one transaction: a job alone, or decisions up to a limit."""
        batch: list[_Work] = []
        total = 0
        for work in self._waiting:
            if work.job is not None and batch:
                break
            batch.append(work)
            total += work.count
            if work.job is not None or total >= COMMIT_AT_ONCE:
                break
        return batch

    def _carry_out(self, batch: list[_Work]) -> None:
        if (job := batch[0].job) is not None:
            try:
                job.done.set_result(job.do())
            except Exception as error:  # noqa: BLE001 - handed to whoever asked for the job
                job.done.set_exception(error)
            return
        decided = [some for work in batch for some in work.decided]
        through = batch[-1].through
        worded = None
        while not self._stopping:
            try:
                if worded is None:
                    worded = self._wording.statements(decided)
                statements, sealed = worded
                self._ledger.commit(statements, through, sealed)
            except StorageError as error:
                if not self.failing:
                    log.error("decisions do not reach the ledger; trying again: %s", error)
                self.failing = str(error)
                with self._work_to_do:
                    self._work_to_do.wait(RETRY_S)
                continue
            if self.failing:
                log.warning("the ledger can be written again")
                self.failing = ""
            return
