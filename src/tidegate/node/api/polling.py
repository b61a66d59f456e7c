"""Waiting for actions: requests that stay open until something is due."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

from tidegate.node.api.exchange import Disconnected, Receive, try_again

MOST_POLLERS = 64
LOOK_AGAIN_S = 0.5
"""How long something may lie due unseen: retries and leases run out by the clock, and nobody rings a bell then."""
BUSY_RETRY_S = 5

T = TypeVar("T")


class Pollers(Generic[T]):
    """Everybody who waits, first come, first served. One of them looks, the others queue behind it."""

    def __init__(self, fetch: Callable[[int], Awaitable[Sequence[T]]], most: int = MOST_POLLERS) -> None:
        """``fetch``: up to so many things that are due now, marked as handed out."""
        self._fetch = fetch
        self._most = most
        self._turn = asyncio.Lock()
        self._bell = asyncio.Event()
        self._closing = False
        self.waiting = 0

    def ring(self) -> None:
        """Something may be due. In the event loop's thread."""
        self._bell.set()

    def close(self) -> None:
        """Answer everybody with nothing, now and from now on."""
        self._closing = True
        self._bell.set()

    async def wait(self, limit: int, wait_s: float, receive: Receive) -> Sequence[T]:
        """What is due, at most ``limit``; nothing after ``wait_s``.

        Raises :class:`Refusal` when too many wait already, :class:`Disconnected` when the client goes meanwhile: what
        it does not hear of must not be marked as handed to it.
        """
        if self.waiting >= self._most:
            raise try_again(429, "too_many_pollers", f"{self._most} requests wait for actions", BUSY_RETRY_S)
        self.waiting += 1
        gone = asyncio.ensure_future(_gone(receive))
        looking = asyncio.ensure_future(self._look(limit, wait_s))
        try:
            await asyncio.wait((gone, looking), return_when=asyncio.FIRST_COMPLETED)
            if not looking.done():
                raise Disconnected
            return looking.result()
        finally:
            self.waiting -= 1
            for task in (gone, looking):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def _look(self, limit: int, wait_s: float) -> Sequence[T]:
        loop = asyncio.get_running_loop()
        until_s = loop.time() + wait_s
        try:
            async with asyncio.timeout_at(until_s):
                await self._turn.acquire()
        except TimeoutError:
            return ()
        try:
            while True:
                self._bell.clear()
                found = await self._fetch(limit)
                left_s = until_s - loop.time()
                if found or left_s <= 0.0 or self._closing:
                    return found
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(left_s, LOOK_AGAIN_S)):
                        await self._bell.wait()
        finally:
            self._turn.release()


async def _gone(receive: Receive) -> None:
    """Ends when the client has closed its connection."""
    while (await receive())["type"] != "http.disconnect":
        pass
