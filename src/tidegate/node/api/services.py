"""What handlers work with: the node, the queue before it, who may ask, what is counted."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tidegate.node.api.admission import Admission
from tidegate.node.api.coalescing import Coalescer
from tidegate.node.api.core import Core
from tidegate.node.api.exchange import Refusal
from tidegate.node.api.meters import Meters
from tidegate.node.api.polling import Pollers
from tidegate.node.api.routing import Body
from tidegate.node.api.tokens import Scope, Token, Tokens
from tidegate.node.requests import Delivery, Done, Receipt, Request, RequestError

T = TypeVar("T")
READERS = 2
"""Threads for what looks things up, so that a slow disk never stops the event loop."""
_CHALLENGE = ((b"www-authenticate", b"Bearer"),)


@dataclass(slots=True)
class Services:
    """One of each for all connections. Belongs to the event loop's thread."""

    node: Core
    tokens: Tokens
    admission: Admission
    coalescer: Coalescer
    meters: Meters
    pollers: Pollers[Any]
    description: bytes
    """The OpenAPI description."""
    now_s: Callable[[], float]
    """Unix seconds, by the clock that decides what is due."""
    readers: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(READERS, thread_name_prefix="look")
    )

    def authorised(self, authorization: bytes, scope: Scope) -> Token:
        """Who asks. Raises :class:`Refusal` with 401 or 403."""
        token = self.tokens.bearer(authorization)
        if token is None:
            words = "an Authorization header with a token is needed: Bearer tg_…"
            if not len(self.tokens):
                words = "this node has no tokens yet; `tidegate token add` makes one"
            elif authorization:
                words = "this token is not accepted; it may have been revoked"
            raise Refusal(401, "unauthorized", words, headers=_CHALLENGE)
        if scope not in token.scopes:
            raise Refusal(403, "forbidden", f"the token {token.name!r} does not have the scope {scope}")
        return token

    def limit_of(self, body: Body) -> int:
        """How many bytes a body may have."""
        return body.limit_bytes or self.node.settings.limits.body_bytes

    async def deliver(self, delivery: Delivery) -> Receipt:
        """Hand in events. Raises Busy, Stopped, StorageError or RequestError."""
        answer = await self.coalescer.submit(delivery)
        if isinstance(answer, RequestError):
            raise answer
        assert isinstance(answer, Receipt)
        return answer

    async def carry_out(self, request: Request) -> Done:
        """Have something done. Raises Busy, Stopped, StorageError or RequestError."""
        answer = await self.coalescer.submit(request)
        if isinstance(answer, RequestError):
            raise answer
        assert isinstance(answer, Done)
        return answer

    async def aside(self, look: Callable[..., T], *what: Any) -> T:
        """``look(*what)`` in a thread that may wait for a disk."""
        return await asyncio.get_running_loop().run_in_executor(self.readers, look, *what)
