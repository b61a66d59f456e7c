"""One request and its answer, between ASGI and the handlers: exact limits, and errors that programs can read."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

import msgspec

from tidegate.node.api.admission import Admission
from tidegate.node.api.messages import Error, ErrorBody
from tidegate.node.api.tokens import Token

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = tuple[tuple[bytes, bytes], ...]

JSON = b"application/json"
BODY_DEADLINE_S = 30.0
"""A body that takes longer than this to arrive is given up."""

_encode = msgspec.json.Encoder().encode


class Disconnected(Exception):  # noqa: N818 - what happened
    """The client has gone; there is nobody to answer."""


class Refusal(Exception):  # noqa: N818 - an answer, not a failure of the program
    """A request is answered with an error: a status, a word for programs, words for people."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: Headers = (),
        errors: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.headers, self.errors = headers, errors

    def reply(self) -> "Reply":
        body = ErrorBody(Error(self.code, self.message, list(self.errors)))
        return Reply(_encode(body), self.status, headers=self.headers)


def try_again(status: int, code: str, message: str, after_s: int) -> Refusal:
    """A refusal that says when to come back."""
    return Refusal(status, code, message, headers=((b"retry-after", b"%d" % after_s),))


@dataclass(slots=True)
class Reply:
    """What goes back."""

    body: bytes
    status: int = 200
    media_type: bytes = JSON
    headers: Headers = ()


def in_json(what: object, status: int = 200) -> Reply:
    """``what`` as JSON."""
    return Reply(_encode(what), status)


class Call:
    """One request as a handler sees it: authorised, its body read, its parameters checked."""

    __slots__ = ("body", "headers", "parameters", "query", "receive", "token")

    def __init__(self, receive: Receive, headers: dict[bytes, bytes]) -> None:
        self.receive = receive
        self.headers = headers
        self.token: Token | None = None
        self.parameters: dict[str, str] = {}
        """What the path says, unquoted."""
        self.query: Any = None
        """A struct of the kind that the route names."""
        self.body = b""

    @property
    def who(self) -> str:
        """The name of the token, for records of who did something."""
        return self.token.name if self.token else ""


async def read_body(receive: Receive, declared: bytes | None, limit: int, admission: Admission) -> bytes:
    """The whole body; what it takes is held in ``admission`` and the caller lets it go.

    Raises :class:`Refusal` when it is larger than ``limit`` or too slow, :class:`Busy` when too much is in flight, and
    :class:`Disconnected`. In each of these cases nothing is held.
    """
    if declared is not None and int(declared) > limit:
        raise _too_large(limit)
    message = await receive()
    if message["type"] != "http.request":
        raise Disconnected
    body: bytes = message.get("body", b"")
    if len(body) > limit:
        raise _too_large(limit)
    admission.hold(len(body))
    if not message.get("more_body"):
        return body
    return await _rest(receive, body, limit, admission)


async def _rest(receive: Receive, first: bytes, limit: int, admission: Admission) -> bytes:
    """The pieces that come after the first one."""
    pieces, size = [first], len(first)
    complete = False
    try:
        async with asyncio.timeout(BODY_DEADLINE_S):
            more = True
            while more:
                message = await receive()
                if message["type"] != "http.request":
                    raise Disconnected
                piece = message.get("body", b"")
                if size + len(piece) > limit:
                    raise _too_large(limit)
                admission.hold(len(piece))
                pieces.append(piece)
                size += len(piece)
                more = message.get("more_body", False)
        complete = True
    except TimeoutError:
        raise Refusal(
            408,
            "too_slow",
            f"the body had not arrived after {BODY_DEADLINE_S:.0f} s",
            headers=((b"connection", b"close"),),
        ) from None
    finally:
        if not complete:
            admission.let_go(size)
    return b"".join(pieces)


def _too_large(limit: int) -> Refusal:
    # The connection stays open: closing it on a client that is still sending would lose it this answer.
    return Refusal(413, "too_large", f"the body is larger than {limit:,} bytes")
