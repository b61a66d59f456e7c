"""Running the API: sockets, servers, the clock's tick, and an orderly end."""

import asyncio
import gc
import logging
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from pathlib import Path

import uvicorn

from tidegate.node.api.admission import Admission, Busy
from tidegate.node.api.app import Application
from tidegate.node.api.coalescing import Coalescer, Stopped
from tidegate.node.api.core import Core
from tidegate.node.api.listening import Listener, close_all
from tidegate.node.api.meters import Meters
from tidegate.node.api.openapi import description_of
from tidegate.node.api.polling import Pollers
from tidegate.node.api.routes import routes_for
from tidegate.node.api.routing import Route
from tidegate.node.api.services import Services
from tidegate.node.api.tokens import Tokens
from tidegate.node.outbox import Action
from tidegate.node.requests import Answer, Request, RequestError, StorageError, Tick
from tidegate.node.settings import Listen

log = logging.getLogger(__name__)
TICK_S = 2.0
MOST_CONNECTIONS = 1_024
"""For each socket; beyond that a connection is answered with 503."""
KEEP_ALIVE_S = 75
GRACE_S = 15
"""For requests that are being answered when the node is told to stop."""
SWITCH_INTERVAL_S = 0.0005
"""How long one thread may keep the interpreter from the other: a batch that is durable must not wait 5 ms, Python's
default, before its answers go out."""


class _Server(uvicorn.Server):
    """One of several in a process, which handles the signals itself."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()


class Serving:
    """The API of one node, from the first connection to the last answer. Made and used inside an event loop."""

    def __init__(
        self,
        node: Core,
        tokens: Tokens,
        opened: Sequence[Listener],
        folder: Path,
        version: str,
        *,
        more: Sequence[Route] = (),
        now_s: Callable[[], float] = time.time,
    ) -> None:
        """``opened``: sockets, closed at the end. ``folder``: what paths in the settings are relative to.

        ``more``: routes beside the API's own. ``now_s``: the clock by which actions are due, Unix seconds.
        """
        settings = node.settings
        self._node, self._opened = node, opened
        self._stop = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self.faulty = False
        """The node stopped because of a fault of its own."""
        admission = Admission(settings.limits.queue_bytes, settings.limits.queue_requests)
        meters = Meters()
        self._coalescer = Coalescer(
            node.take, admission, batch_lines=settings.limits.batch_events, meter=meters, on_fault=self._fault
        )
        routes = routes_for(settings, more)
        self.services = Services(
            node=node,
            tokens=tokens,
            admission=admission,
            coalescer=self._coalescer,
            meters=meters,
            pollers=Pollers(self._due),
            description=description_of(routes.all, settings, version),
            now_s=now_s,
        )
        app = Application(self.services, routes)
        self._servers = [_server(app, settings.listen, folder, listener.tls) for listener in opened]

    async def run(self, ready: Callable[[], None] | None = None) -> None:
        """Serve until :meth:`stop`; then answer what was accepted and return."""
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        # All that was loaded stays: to look through it for garbage again and again would hold up the node every time.
        gc.collect()
        gc.freeze()
        serving = [
            asyncio.ensure_future(server.serve(sockets=[listener.socket]))
            for server, listener in zip(self._servers, self._opened, strict=True)
        ]
        ticking = asyncio.ensure_future(self._tick())
        loop, ring = asyncio.get_running_loop(), self.services.pollers.ring
        unheard = self._node.outbox.on_due(partial(_rung, loop, ring))
        try:
            while not all(server.started for server in self._servers):
                await asyncio.sleep(0.01)
            if ready is not None:
                ready()
            await self._stop.wait()
        finally:
            ticking.cancel()
            unheard()
            self.services.pollers.close()
            for server in self._servers:
                server.should_exit = True
            await asyncio.gather(*serving)
            await self._coalescer.close()
            self.services.readers.shutdown()
            close_all(self._opened)

    def stop(self) -> None:
        """Stop accepting; :meth:`run` returns when everything accepted was answered."""
        self._stop.set()

    async def submit(self, request: Request) -> None:
        """Have something done that no client asked for. Raises RequestError, StorageError, Busy or Stopped."""
        answer = await self._coalescer.submit(request)
        if isinstance(answer, RequestError):
            raise answer

    def submit_from_thread(self, requests: Sequence[Request], timeout_s: float) -> list[Answer]:
        """Have several things done in order and in one batch, from a thread other than the event loop's; waits for them.

        Raises StorageError, Busy or Stopped, and then none was done; or TimeoutError when it takes longer, and then they
        may still be.
        """
        asked = asyncio.run_coroutine_threadsafe(self._submit_all(requests), self._loop)
        try:
            return asked.result(timeout_s)
        except TimeoutError:
            asked.cancel()
            raise

    async def _submit_all(self, requests: Sequence[Request]) -> list[Answer]:
        return list(await asyncio.gather(*self._coalescer.submit_together(requests)))

    async def _due(self, limit: int) -> Sequence[Action]:
        services = self.services
        return await services.aside(self._node.outbox.due, limit, services.now_s())

    def _fault(self) -> None:
        self.faulty = True
        self.stop()

    async def _tick(self) -> None:
        """Tell the node that time goes on, also when nobody else says anything."""
        while True:
            await asyncio.sleep(TICK_S)
            # Busy: others move its clock. Storage failing: it says so itself, and the next tick comes.
            with suppress(Busy, StorageError, Stopped):
                await self.submit(Tick())


def _rung(loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
    """In whichever thread made something due."""
    with suppress(RuntimeError):  # the loop may have ended already
        loop.call_soon_threadsafe(ring)


def _server(app: Application, listen: Listen, folder: Path, tls: bool) -> _Server:
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
        ssl_certfile=folder / listen.tls_certificate if tls else None,
        ssl_keyfile=folder / listen.tls_key if tls else None,
    )
    return _Server(config)
