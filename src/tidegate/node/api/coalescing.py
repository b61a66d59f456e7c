"""Many requests, one commit: whatever waits is handed to the node together, one batch at a time.

While a batch is made durable the next one collects, so the busier the node, the larger its batches, and nobody waits
for a timer. A short batch is carried out in the event loop's own thread: handing it to another thread and back costs
0.2 ms, as much as making it durable. A long one, and every one while the disk is slow, goes to the other thread, so that
the event loop stays free for the health page.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

from tidegate.node.api.admission import Admission
from tidegate.node.requests import Answer, Delivery, Request, StorageError

log = logging.getLogger(__name__)

Take = Callable[[Sequence[Request]], list[Answer]]
GATHERED_REQUESTS = 64
"""So many are worth a commit; what comes meanwhile is for the next one."""
SHORT_LINES = 2_000
"""Of a batch that takes a few milliseconds."""
SLOW_S = 0.02
"""A short batch that takes longer may show a slow disk. A single one shows nothing: others had the processor, or the
ledger's thread the interpreter."""
SLOWNESS_KEPT = 0.9
"""From one batch to the next."""
SLOWNESS_BORNE_S = 0.1
"""Of slow batches close together; beyond it the disk is taken to be slow. A single batch that takes longer is enough."""
LOOK_AGAIN_S = 10.0
"""How long a disk that was slow is taken to be slow."""
OUTCOME_UNKNOWN = "a fault has stopped the node; nothing of this request was acknowledged"


class Stopped(Exception):  # noqa: N818 - a state
    """The node takes nothing any more: it is shutting down, or a fault has stopped it."""


class BatchMeter(Protocol):
    """Is told of every batch, in the thread of the event loop."""

    def batch(self, requests: int, lines: int, took_s: float) -> None:
        """``took_s``: what the node needed for it."""


@dataclass(slots=True)
class _Waiting:
    request: Request
    answer: asyncio.Future[Answer]
    lines: int
    size_bytes: int
    follows: bool = False
    """It is taken in one batch with the one before it."""


@dataclass(slots=True)
class _Batch:
    """Requests that are taken together."""

    waiting: list[_Waiting] = field(default_factory=list)
    lines: int = 0
    size_bytes: int = 0
    deliveries: bool = True
    """Nothing but deliveries; anything else may take long."""

    def add(self, one: _Waiting) -> None:
        self.waiting.append(one)
        self.lines += one.lines
        self.size_bytes += one.size_bytes
        self.deliveries = self.deliveries and isinstance(one.request, Delivery)


class Coalescer:
    """Hands requests to ``take`` in the order of :meth:`submit`, many at a time. Belongs to the event loop's thread."""

    def __init__(
        self,
        take: Take,
        admission: Admission,
        *,
        batch_lines: int,
        meter: BatchMeter,
        on_fault: Callable[[], None],
    ) -> None:
        """``take``: never called twice at once. ``on_fault``: called when it fails in a way that it does not promise."""
        self._take = take
        self._admission = admission
        self._batch_lines = batch_lines
        self._meter = meter
        self._on_fault = on_fault
        self._loop = asyncio.get_running_loop()
        self._queue: deque[_Waiting] = deque()
        self._other_thread = ThreadPoolExecutor(1, thread_name_prefix="take")
        self._slow_until_s = 0.0
        self._slowness_s = 0.0
        """What slow batches took lately; with every batch some of it is forgotten."""
        self._busy = False
        """A batch is being taken, or about to be."""
        self._last_requests = 0
        """How many the last batch held."""
        self._idle: asyncio.Future[None] | None = None
        """Done when nothing is taken any more; there only while somebody waits for that."""
        self._stopping = False
        self.fault: Exception | None = None
        """What stopped the node; nothing is taken any more."""

    def submit(self, request: Request) -> asyncio.Future[Answer]:
        """A future of the answer. Raises :class:`Busy` or :class:`Stopped`, the future StorageError or Stopped."""
        return self.submit_together([request])[0]

    def submit_together(self, requests: Sequence[Request]) -> list[asyncio.Future[Answer]]:
        """As :meth:`submit`, for requests that are all taken in one batch, or none of them."""
        if self.fault is not None:
            raise Stopped("a fault has stopped the node")
        if self._stopping:
            raise Stopped("the node is shutting down")
        if not requests:
            return []
        self._admission.enter(len(requests))
        answers: list[asyncio.Future[Answer]] = []
        for request in requests:
            lines, size = 1, 0
            if isinstance(request, Delivery):
                size = len(request.body)
                lines += request.body.count(b"\n")
            answer = self._loop.create_future()
            self._queue.append(_Waiting(request, answer, lines, size, follows=bool(answers)))
            answers.append(answer)
        if not self._busy:
            self._busy = True
            # Who comes alone, as the one before did, is not kept waiting for others.
            self._loop.call_soon(self._gather, 0 if self._last_requests > 1 else 1)
        return answers

    async def close(self) -> None:
        """Answer what was submitted, take nothing more."""
        self._stopping = True
        if self._busy:
            self._idle = self._loop.create_future()
            await self._idle
        self._other_thread.shutdown()

    def _gather(self, before: int) -> None:
        """Wait as long as every round of the event loop brings more requests; ``before``: how many there were."""
        waiting = len(self._queue)
        if before < waiting < GATHERED_REQUESTS:
            self._loop.call_soon(self._gather, waiting)
        else:
            self._next()

    def _next(self) -> None:
        """Begin with what waits."""
        batch = self._batch()
        self._last_requests = len(batch.waiting)
        if batch.lines <= SHORT_LINES and batch.deliveries and self._loop.time() >= self._slow_until_s:
            self._landed(batch, *self._carry_out(batch))
            return
        done = self._loop.run_in_executor(self._other_thread, self._carry_out, batch)
        done.add_done_callback(lambda done: self._landed(batch, *done.result()))

    def _batch(self) -> _Batch:
        """What waits, up to the limit."""
        batch, queue = _Batch(), self._queue
        while queue and (
            not batch.waiting or queue[0].follows or batch.lines + queue[0].lines <= self._batch_lines
        ):
            batch.add(queue.popleft())
        return batch

    def _carry_out(self, batch: _Batch) -> tuple[Sequence[Answer] | Exception, float]:
        """The answers, or why there are none; and how long it took. In either thread."""
        began = time.perf_counter()
        answers: Sequence[Answer] | Exception
        try:
            answers = self._take([waiting.request for waiting in batch.waiting])
        except Exception as error:
            answers = error
            if not isinstance(error, StorageError):
                log.critical("a fault stopped the node; a restart recovers from its journal", exc_info=True)
        return answers, time.perf_counter() - began

    def _landed(self, batch: _Batch, answers: Sequence[Answer] | Exception, took_s: float) -> None:
        self._admission.leave(len(batch.waiting), batch.size_bytes, took_s)
        if isinstance(answers, Exception):
            self._failed(batch.waiting, answers)
        else:
            self._meter.batch(len(batch.waiting), batch.lines, took_s)
            for waiting, answer in zip(batch.waiting, answers, strict=True):
                if not waiting.answer.done():
                    waiting.answer.set_result(answer)
        if batch.lines <= SHORT_LINES:
            self._watch(took_s)
        self._busy = bool(self._queue)
        if self._busy:
            self._loop.call_soon(self._gather, 0)
        elif self._idle is not None:
            self._idle.set_result(None)

    def _watch(self, took_s: float) -> None:
        """Notice a slow disk by its short batches."""
        self._slowness_s = self._slowness_s * SLOWNESS_KEPT + (took_s if took_s > SLOW_S else 0.0)
        if self._slowness_s > SLOWNESS_BORNE_S:
            self._slow_until_s = self._loop.time() + LOOK_AGAIN_S

    def _failed(self, batch: list[_Waiting], error: Exception) -> None:
        if not isinstance(error, StorageError):
            # The engine may have seen part of the batch. Going on could decide otherwise than a replay of the journal
            # would, so nothing more is taken: the next start recovers from the journal.
            self.fault, error = error, Stopped(OUTCOME_UNKNOWN)
            rest = list(self._queue)
            self._queue.clear()
            self._admission.leave(len(rest), 0, 1.0)
            batch = [*batch, *rest]
            self._on_fault()
        for waiting in batch:
            if not waiting.answer.done():
                waiting.answer.set_exception(error)
