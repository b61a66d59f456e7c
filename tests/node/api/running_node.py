"""A real node behind a real socket, for the tests of its API."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import uvloop

from tidegate.node.api.listening import listeners
from tidegate.node.api.serving import Serving
from tidegate.node.api.tokens import Scope, Tokens, add_token
from tidegate.node.node import Node
from tidegate.node.settings import Enforcement, Limits, Listen, Mode, NodeSettings

BOUND_S = 120.0
"""How long a test waits for something that must happen."""
QUICK = Enforcement(mode=Mode.ENFORCE, first_retry_s=0.2, longest_retry_s=0.4, lease_s=0.6, attempts=3)


def settings(*, enforcement: Enforcement = QUICK, **more: Any) -> NodeSettings:
    """Only a Unix socket; acts, and tries again soon."""
    listen = more.pop("listen", Listen(port=0))
    return NodeSettings(listen=listen, enforcement=enforcement, **more)


def few(**limits: int) -> NodeSettings:
    """With other limits."""
    return settings(limits=Limits(**limits))


def event(actor: str = "@ann:test", **more: object) -> dict[str, object]:
    """A message to somebody, a moment ago."""
    return {"time": time.time() - 1, "type": "message", "actor": actor, "target": "@bob:test"} | more


def lines(events: Iterable[dict[str, object]]) -> bytes:
    """JSON Lines."""
    return b"".join(json.dumps(one).encode() + b"\n" for one in events)


def eventually(what: Callable[[], Any]) -> Any:
    """The first true value of ``what()``; fails when there is none in time."""
    end_s = time.monotonic() + BOUND_S
    while time.monotonic() < end_s:
        found = what()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"nothing came of it within {BOUND_S:.0f} s")


def free_port() -> int:
    """A TCP port that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RunningNode:
    """A node served from a thread of the test's own process, over a Unix socket."""

    def __init__(self, folder: Path, chosen: NodeSettings | None = None, **more: Any) -> None:
        self.folder = folder
        self.settings = chosen or settings(**more)
        folder.mkdir(mode=0o700, exist_ok=True)
        self.secrets: dict[str, str] = {}
        for name, scopes in {**{scope: [scope] for scope in Scope}, "all": list(Scope)}.items():
            self.secrets[name] = add_token(folder, f"{name}-{time.time_ns()}", scopes, time.time())
        self.faulty = False

    def __enter__(self) -> Self:
        self.node = Node.open(self.folder, self.settings)
        self.opened = listeners(self.settings.listen, self.folder)
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: uvloop.run(self._run(ready)))
        self._thread.start()
        assert ready.wait(BOUND_S)
        return self

    async def _run(self, ready: threading.Event) -> None:
        self.loop = asyncio.get_running_loop()
        self.serving = Serving(self.node, Tokens(self.folder), self.opened, self.folder, "test")
        await self.serving.run(ready.set)
        self.faulty = self.serving.faulty

    def stop(self) -> None:
        """Stop serving, in order."""
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self.serving.stop)
        self._thread.join(BOUND_S)
        assert not self._thread.is_alive()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self.node.close(snapshot=not self.faulty)

    @property
    def socket(self) -> str:
        return str(self.folder / self.settings.listen.socket)

    def client(self, scope: str | None = "all") -> httpx.Client:
        """A client whose token has that one scope, all of them, or which has none."""
        headers = {"authorization": f"Bearer {self.secrets[scope]}"} if scope else {}
        transport = httpx.HTTPTransport(uds=self.socket, verify=False)  # no TLS to prepare for
        return httpx.Client(transport=transport, base_url="http://node", headers=headers, timeout=BOUND_S)
