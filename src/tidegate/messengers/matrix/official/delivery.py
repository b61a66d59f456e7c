"""Lines on their way to the node: numbered, written down first, delivered in order, each exactly once."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import msgspec

from tidegate.messengers.matrix.official.errors import NodeUnavailable
from tidegate.messengers.matrix.official.lines import Line
from tidegate.messengers.matrix.official.node_client import NodeClient
from tidegate.messengers.matrix.official.ration import Rations
from tidegate.messengers.matrix.official.state import State

log = logging.getLogger(__name__)
LINES_AT_ONCE = 2_000
REJECTIONS_TOLD = 5
RETRY_S = 0.5


@dataclass(slots=True)
class Delivered:
    """Counts since the start."""

    lines: int = 0
    duplicates: int = 0
    rejected: int = 0


class Delivery:
    """The one way to the node. At most one batch is under way; whoever has another waits."""

    def __init__(self, state: State, node: NodeClient, rations: Rations) -> None:
        self._state, self._node, self._rations = state, node, rations
        self._source = f"appservice-{state.incarnation()}"
        self._turn = asyncio.Lock()
        self._encoder = msgspec.json.Encoder()
        self.counts = Delivered()

    @property
    def busy(self) -> bool:
        """Whether somebody is delivering."""
        return self._turn.locked()

    @asynccontextmanager
    async def turn(self, hold_s: float) -> AsyncIterator["Turn"]:
        """Everything delivered earlier has arrived, and nobody else delivers meanwhile.

        Raises :class:`NodeUnavailable` when the node takes nothing for ``hold_s``, NodeRefused when it refuses.
        """
        until = time.monotonic() + hold_s
        async with self._turn:
            await self._flush(until)
            yield Turn(self, until)

    async def deliver(self, lines: Sequence[Line], hold_s: float) -> None:
        """Deliver lines that come from no transaction."""
        if lines:
            async with self.turn(hold_s) as turn:
                turn.stage(lines)
                await turn.finish()

    def is_taken(self, transaction: str) -> bool:
        """Whether this is the transaction that was taken last: the homeserver did not hear our answer."""
        return self._state.get("transaction") == transaction

    def _stage(self, lines: Sequence[Line], transaction: str) -> None:
        with self._state.together() as db:
            number = int(self._state.get("next_number", "1"))
            for start in range(0, len(lines), LINES_AT_ONCE):
                some = lines[start : start + LINES_AT_ONCE]
                body = self._encoder.encode_lines(some)
                db.execute("INSERT INTO outgoing VALUES (?, ?, ?)", (number + start, len(some), body))
            self._state.put("next_number", str(number + len(lines)))
            if transaction:
                self._state.put("transaction", transaction)
            self._rations.note(lines)

    async def _flush(self, until: float) -> None:
        while True:
            row = self._state.db.execute(
                "SELECT first_number, lines, body FROM outgoing ORDER BY first_number LIMIT 1"
            ).fetchone()
            if row is None:
                return
            number, count, body = row
            await self._hand_over(body, number, until)
            with self._state.together() as db:
                db.execute("DELETE FROM outgoing WHERE first_number = ?", (number,))
            self.counts.lines += count

    async def _hand_over(self, body: bytes, number: int, until: float) -> None:
        while True:
            try:
                receipt = await self._node.deliver(body, self._source, number)
                break
            except NodeUnavailable as error:
                wait_s = max(error.retry_after_s, RETRY_S)
                if time.monotonic() + wait_s > until:
                    raise
                await asyncio.sleep(wait_s)
        self.counts.duplicates += receipt.duplicates
        self.counts.rejected += receipt.rejected
        for rejection in receipt.rejections[:REJECTIONS_TOLD]:
            log.warning("the node cannot use a line: %s", rejection.get("message") or rejection)


class Turn:
    """Somebody's turn to deliver."""

    def __init__(self, delivery: Delivery, until: float) -> None:
        self._delivery, self._until = delivery, until

    def stage(self, lines: Sequence[Line], transaction: str = "") -> None:
        """Write lines down: from here on they will arrive once, whatever happens."""
        self._delivery._stage(lines, transaction)

    async def finish(self) -> None:
        """Return when the node has them. Raises NodeUnavailable, NodeRefused; then they go first next time."""
        await self._delivery._flush(self._until)
