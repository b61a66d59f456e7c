"""The link to the node: lines go out in order and are repeated until taken, decisions come in and are confirmed.

Plain Twisted, outside of Synapse's log contexts; whatever touches Synapse is called as a background process of its
own. Nobody in a request ever waits for this.
"""

import json
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from twisted.internet import task
from twisted.internet.defer import Deferred, ensureDeferred

from tidegate_synapse.alarms import Alarms
from tidegate_synapse.backlog import Backlog, Batch
from tidegate_synapse.node import Node, Reply, UnreachableError

logger = logging.getLogger("tidegate_synapse")

FIRST_RETRY_S, LONGEST_RETRY_S = 0.5, 10.0
POLL_WAIT_S, POLL_LIMIT = 25, 100
WORKER_POLL_S = 5.0
"""How often a worker, which applies nothing itself, reads who is restricted."""
LAST_FLUSH_S = 3.0
"""At shutdown the lines still waiting get so long to reach the node."""


class Handler(Protocol):
    """What decisions are handed to."""

    def apply(self, action: dict[str, Any]) -> Awaitable[dict[str, Any]]:
        """Carry one out; gives the entry for the confirmation. Does not raise."""

    def adopt(self, standing: list[dict[str, Any]]) -> Awaitable[bool]:
        """Make the node's list so; False when that failed."""


class Link:
    """Two loops, one for each direction. Started once, stopped with the reactor."""

    def __init__(
        self,
        reactor: Any,
        node: Node,
        backlog: Backlog,
        source: str,
        flush_interval_s: float,
        flush_lines: int,
        handler: Handler,
        polls_actions: bool,
    ) -> None:
        self._reactor, self._node, self._backlog, self._source = reactor, node, backlog, source
        self._flush_interval_s, self._flush_lines = flush_interval_s, flush_lines
        self._handler, self._polls_actions = handler, polls_actions
        self._alarms = Alarms(logger)
        self._stopping = False
        self._wake: Deferred[None] | None = None
        self._wake_lines = 1
        """The sender sleeps until so many lines wait."""
        self._dropped_told = 0
        self.sent = self.rejected = self.refused = self.duplicates = 0
        """Lines the node took, could not use, refused with their batch, and had already."""
        self.reachable = False
        self.standing_known = False

    def start(self) -> None:
        """Begin. Loads who is restricted, then listens; sends from the beginning."""
        self._run(self._deliver)
        self._run(self._listen)
        self._reactor.addSystemEventTrigger("before", "shutdown", self._stop)

    def add(self, line: bytes) -> None:
        """Send a line, soon. Never waits."""
        self._backlog.add(line)
        if self._backlog.dropped:
            self._say_dropped()
        if self._wake is not None and self._backlog.waiting >= self._wake_lines:
            wake, self._wake = self._wake, None
            # Not from within the request that this line is about: its log context is its own.
            self._reactor.callLater(0, wake.callback, None)

    async def challenge(self, account: str) -> dict[str, Any]:
        """Ask the node for a challenge: ``ticket``, and perhaps ``url``; empty when there is none now."""
        try:
            reply = await self._node.request(
                "POST", "/v1/challenges", json.dumps({"account": account}).encode()
            )
        except UnreachableError as error:
            self._unreachable(error)
            return {}
        if reply.status != 200 or not isinstance(reply.body, dict):
            self._alarms.raise_("challenge", f"tidegate: the node gave no challenge: {reply.complaint()}")
            return {}
        return reply.body

    # Out

    async def _deliver(self) -> None:
        wait_s = FIRST_RETRY_S
        while not self._stopping:
            if self._backlog.in_flight is None:
                await self._company()
            batch = self._backlog.take()
            if batch is None:
                continue
            pause_s = await self._send(batch)
            if pause_s is None:
                wait_s = FIRST_RETRY_S
                continue
            await self._sleep(max(pause_s, wait_s * random.uniform(0.75, 1.25)))
            wait_s = min(wait_s * 2, LONGEST_RETRY_S)

    async def _company(self) -> None:
        """Wait until there is something to send; the first line waits a little for others."""
        if not self._backlog.waiting:
            await self._until(1)
        if self._backlog.waiting < self._flush_lines and not self._stopping:
            await self._until(self._flush_lines, self._flush_interval_s)

    async def _until(self, lines: int, at_most_s: float | None = None) -> None:
        self._wake_lines, self._wake = lines, Deferred()
        if at_most_s is not None:
            self._wake.addTimeout(at_most_s, self._reactor, onTimeoutCancel=lambda result, timeout: None)
        await self._wake
        self._wake = None

    async def _send(self, batch: Batch) -> float | None:
        """None when the batch is settled, else the least number of seconds to wait before it is sent again."""
        headers = {
            "Tidegate-Source": self._source,
            "Tidegate-Sequence": str(batch.first_number),
            "Content-Type": "application/x-ndjson",
        }
        try:
            reply = await self._node.request("POST", "/v1/events", batch.body(), headers)
        except UnreachableError as error:
            self._unreachable(error)
            return 0.0
        if reply.status == 200:
            self._reached()
            self._backlog.settled()
            self._count(batch, reply.body if isinstance(reply.body, dict) else {})
            return None
        if reply.status == 413:
            if not self._backlog.split():
                self._refuse(batch, reply)
            return None
        if reply.status in (400, 422):
            self._refuse(batch, reply)
            return None
        self._complain(reply, "ingest")
        return reply.retry_after_s or 0.0

    def _count(self, batch: Batch, receipt: dict[str, Any]) -> None:
        rejected = int(receipt.get("rejected", 0))
        self.sent += len(batch.lines) - rejected
        self.rejected += rejected
        self.duplicates += int(receipt.get("duplicates", 0))
        for one in receipt.get("rejections", ())[:1]:
            self._alarms.raise_(
                f"rejected {one.get('reason')}",
                f"tidegate: the node could not use {rejected} of {len(batch.lines)} lines, such as line "
                f"{one.get('line')}: {one.get('reason')}: {one.get('message')}",
            )

    def _refuse(self, batch: Batch, reply: Reply) -> None:
        """Sending it again would change nothing, and must not hold up the rest."""
        self._backlog.settled()
        self.refused += len(batch.lines)
        self._alarms.raise_(
            "refused",
            f"tidegate: the node refused {len(batch.lines)} lines whole, and they are dropped: "
            f"{reply.complaint()}. Node and module may be of different versions",
        )

    def _say_dropped(self) -> None:
        if self._backlog.dropped > self._dropped_told:
            self._dropped_told = self._backlog.dropped
            self._alarms.raise_(
                "dropped",
                f"tidegate: the node has been away for so long that {self._backlog.dropped:,} events were "
                f"dropped; {len(self._backlog):,} are kept. Is tidegate serve running at {self._node.address}?",
            )

    # In

    async def _listen(self) -> None:
        wait_s = FIRST_RETRY_S
        while not self._stopping:
            polls = self._polls_actions and self.standing_known
            try:
                reply = await (self._poll() if polls else self._read_standing())
            except UnreachableError as error:
                self._unreachable(error)
                self.standing_known = False  # the node may be another one when it comes back
                await self._sleep(wait_s * random.uniform(0.75, 1.25))
                wait_s = min(wait_s * 2, LONGEST_RETRY_S)
                continue
            if reply.status == 200 and self.standing_known:
                wait_s = FIRST_RETRY_S
                if not self._polls_actions:
                    await self._sleep(WORKER_POLL_S)
                continue
            if reply.status != 200:
                self._complain(reply, "act")
            await self._sleep(max(reply.retry_after_s or 0.0, wait_s))
            wait_s = min(wait_s * 2, LONGEST_RETRY_S)

    async def _read_standing(self) -> Reply:
        reply = await self._node.request("GET", "/v1/standing", timeout_s=60.0)
        if reply.status == 200 and isinstance(reply.body, dict):
            self._reached()
            self.standing_known = bool(await self._handler.adopt(list(reply.body.get("standing", ()))))
        return reply

    async def _poll(self) -> Reply:
        reply = await self._node.request(
            "GET", f"/v1/actions?wait={POLL_WAIT_S}&limit={POLL_LIMIT}", timeout_s=POLL_WAIT_S + 15.0
        )
        if reply.status != 200 or not isinstance(reply.body, dict):
            return reply
        self._reached()
        results = [await self._handler.apply(action) for action in reply.body.get("actions", ())]
        if results:
            # An unconfirmed action comes again, and applying it twice changes nothing.
            body = json.dumps({"results": results}).encode()
            confirmed = await self._node.request("POST", "/v1/actions/confirm", body)
            if confirmed.status != 200:
                return confirmed
        return reply

    # Both

    def _reached(self) -> None:
        self.reachable = True
        for kind in ("unreachable", "ingest", "act"):
            self._alarms.clear(kind, f"tidegate: the node at {self._node.address} answers again")

    def _unreachable(self, error: UnreachableError) -> None:
        self.reachable = False
        self._alarms.raise_(
            "unreachable",
            f"tidegate: no answer from the node at {self._node.address} ({error}); messages flow, "
            f"{len(self._backlog):,} events wait. Is tidegate serve running?",
        )

    def _complain(self, reply: Reply, scope: str) -> None:
        hint = {
            401: "the token in token_file is not known to the node; make one with the scopes ingest and act",
            403: f"the token in token_file lacks the scope {scope}",
            404: f"is {self._node.address} a Tidegate node?",
            429: "the node is busy; trying again",
            503: "the node cannot store anything; see its own log",
        }.get(reply.status, "trying again")
        self._alarms.raise_(scope, f"tidegate: the node answers {reply.complaint()}: {hint}")

    def _run(self, loop: Callable[[], Awaitable[None]]) -> None:
        """Keep a loop going: a mistake of ours is logged and must not end the link."""

        async def forever() -> None:
            while not self._stopping:
                try:
                    await loop()
                except Exception as error:  # noqa: BLE001 -- same
                    self._alarms.raise_("link", "tidegate: the link failed; it goes on", exception=error)
                    await self._sleep(1.0)

        ensureDeferred(forever())

    async def _sleep(self, seconds: float) -> None:
        await task.deferLater(self._reactor, seconds, lambda: None)

    def _stop(self) -> Deferred[Any] | None:
        """Synapse is stopping: what waits is sent once more, if the node is there."""
        self._stopping = True
        if not len(self._backlog):
            return None
        if not self.reachable:
            logger.warning("tidegate: stopping without the node; %d events are lost", len(self._backlog))
            return None
        flushed = ensureDeferred(self._flush())
        flushed.addTimeout(LAST_FLUSH_S, self._reactor, onTimeoutCancel=lambda result, timeout: None)
        return flushed

    async def _flush(self) -> None:
        while (batch := self._backlog.take()) is not None:
            if await self._send(batch) is not None:
                return
