"""Decisions on their way to the ledger: one thread, in order, so that nothing hot waits for anything cold."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from tidegate.node.ledger import Ledger
from tidegate.node.requests import StorageError
from tidegate.statements.decision import DecisionShown

log = logging.getLogger(__name__)
RETRY_S = 0.5
COMMIT_AT_ONCE = 2_048
"""Decisions put into one transaction."""


@dataclass(slots=True)
class _Work:
    """Decisions and how far the journal is covered by them, or something else to be done in order."""

    decisions: Sequence[DecisionShown] = ()
    through: int = 0
    job: Callable[[], Any] | None = None
    done: Future[Any] = field(default_factory=Future)


class Committer:
    """Hands decisions to the ledger in the order in which they were made.

    When the ledger cannot be written it tries again without end: the journal has the events, so nothing is lost, but the
    node says so (:attr:`failing`), and beyond ``most`` waiting decisions it takes no more events.
    """

    def __init__(self, ledger: Ledger, most: int) -> None:
        self._ledger = ledger
        self._most = most
        self._waiting: deque[_Work] = deque()
        self._held = 0
        self._changed = threading.Condition()
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

    def put(self, decisions: Sequence[DecisionShown], through: int) -> None:
        """Queue decisions, with the number of events that they and all before cover. Waits while too many are queued."""
        with self._changed:
            while self._held > self._most and not self.failing and not self._stopping:
                self._changed.wait(RETRY_S)
            last = self._waiting[-1] if self._waiting else None
            if not decisions and last is not None and last.job is None:
                last.through = through
                return
            self._waiting.append(_Work(decisions, through))
            self._held += len(decisions)
            self._changed.notify_all()

    def do(self, job: Callable[[], Any]) -> Future[Any]:
        """Call ``job`` in the committer's thread, after everything queued so far."""
        work = _Work(job=job)
        with self._changed:
            self._waiting.append(work)
            self._changed.notify_all()
        return work.done

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
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._work()
        except BaseException as fault:
            # A fault of the program: nothing more can be committed, so nothing more must be taken.
            log.critical("the committer has stopped", exc_info=True)
            with self._changed:
                self.failing = f"a fault has stopped the committer: {fault}"
                self.fault = fault
                for work in self._waiting:
                    if work.job is not None and not work.done.done():
                        work.done.set_exception(fault)
                self._changed.notify_all()
            raise

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._stopping:
                    self._changed.wait()
                if self._stopping:
                    return
                batch = self._next()
            self._carry_out(batch)
            with self._changed:
                for work in batch:
                    self._waiting.popleft()
                    self._held -= len(work.decisions)
                self._changed.notify_all()

    def _next(self) -> list[_Work]:
        """What goes into one transaction: a job alone, or decisions up to a limit."""
        batch: list[_Work] = []
        total = 0
        for work in self._waiting:
            if work.job is not None and batch:
                break
            batch.append(work)
            total += len(work.decisions)
            if work.job is not None or total >= COMMIT_AT_ONCE:
                break
        return batch

    def _carry_out(self, batch: list[_Work]) -> None:
        first = batch[0]
        if first.job is not None:
            try:
                first.done.set_result(first.job())
            except Exception as error:  # noqa: BLE001 - handed to whoever asked for the job
                first.done.set_exception(error)
            return
        decisions = [decision for work in batch for decision in work.decisions]
        while not self._stopping:
            try:
                self._ledger.commit(decisions, batch[-1].through)
            except StorageError as error:
                if not self.failing:
                    log.error("the ledger cannot be written; trying again: %s", error)
                self.failing = str(error)
                with self._changed:
                    self._changed.wait(RETRY_S)
                continue
            if self.failing:
                log.warning("the ledger can be written again")
                self.failing = ""
            return
