"""The application service: takes the homeserver's transactions, one at a time, and acknowledges what the node has.

https://spec.matrix.org/latest/application-service-api/. A transaction that is not acknowledged comes again; so what
cannot be delivered now is refused with 503, and nothing is lost or queued here.
"""

import asyncio
import hashlib
import hmac
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

import msgspec

from tidegate.messengers.matrix.official.admin_api import AdminApi
from tidegate.messengers.matrix.official.delivery import Delivery
from tidegate.messengers.matrix.official.errors import AdapterError, NeedsAttention, StateError, Unavailable
from tidegate.messengers.matrix.official.lines import Converter, read_ephemeral, read_room_event
from tidegate.messengers.matrix.official.rooms import Rooms
from tidegate.messengers.matrix.official.settings import Place, read_token

log = logging.getLogger(__name__)
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PREFIXES = ("/_matrix/app/v1", "")
"""The empty one: paths as they were before version 1 of the specification."""


class Transaction(msgspec.Struct):
    """A transaction, its events unread."""

    events: list[msgspec.Raw] = msgspec.field(default_factory=list)
    ephemeral: list[msgspec.Raw] = msgspec.field(default_factory=list)
    early: list[msgspec.Raw] = msgspec.field(default_factory=list, name="de.sorunome.msc2409.ephemeral")
    """The name of ``ephemeral`` before it was specified."""


class _RequestError(AdapterError):
    """A request is answered with an error."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class Appservice:
    """An ASGI application."""

    def __init__(self, place: Place, admin: AdminApi, delivery: Delivery) -> None:
        """Raises SettingsError when the token cannot be read."""
        service = place.settings.appservice
        self._token = read_token(
            place.file(service.hs_token_file), "the homeserver's token (hs_token)"
        ).encode()
        self._limit_bytes, self._hold_s = service.body_bytes, service.hold_s
        self._admin, self._delivery = admin, delivery
        self._rooms = Rooms(service.rooms)
        self._converter = Converter(self._rooms, place.is_local, place.is_ignored)
        self._busy = False
        self._started_s = time.time()
        self._last_s: float | None = None
        self._transactions = self._unreadable = self._looked_up = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise RuntimeError(f"only HTTP is served, not {scope['type']}")
        try:
            status, body = await self._answer(scope, receive)
        except _RequestError as error:
            status, body = error.status, {"errcode": error.code, "error": str(error)}
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [(b"content-type", b"application/json")],
            }
        )
        await send({"type": "http.response.body", "body": msgspec.json.encode(body)})

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, dict[str, Any]]:
        method, path = scope["method"], scope["path"]
        if path == "/healthz" and method == "GET":
            return 200, self.status()
        for prefix in PREFIXES:
            kind, _, name = path.removeprefix(prefix).lstrip("/").partition("/")
            if not path.startswith(prefix + "/") or kind not in ("transactions", "users", "rooms", "ping"):
                continue
            self._check_token(scope)
            if kind == "transactions" and method == "PUT" and name:
                return await self._transaction(name, scope, receive)
            if kind == "ping" and method == "POST":
                return 200, {}
            if kind in ("users", "rooms") and method == "GET":
                raise _RequestError(
                    404, "M_NOT_FOUND", "this application service has no accounts or rooms of its own"
                )
            raise _RequestError(405, "M_UNRECOGNIZED", f"{method} is not known here")
        raise _RequestError(404, "M_UNRECOGNIZED", "unknown path")

    def status(self) -> dict[str, Any]:
        """Counts since the start, for monitoring. No account is named."""
        counts = self._delivery.counts
        return {
            "up_s": round(time.time() - self._started_s),
            "transactions": self._transactions,
            "last_transaction_s_ago": None if self._last_s is None else round(time.time() - self._last_s),
            "unreadable_events": self._unreadable,
            "rooms": len(self._rooms),
            "rooms_looked_up": self._looked_up,
            "lines": counts.lines,
            "duplicates": counts.duplicates,
            "rejected": counts.rejected,
        }

    def _check_token(self, scope: Scope) -> None:
        """The homeserver's token, in the header or, as in old versions, in the query."""
        given = b""
        for name, value in scope["headers"]:
            if name == b"authorization" and value[:7].lower() == b"bearer ":
                given = value[7:]
        if not given:
            given = parse_qs(scope["query_string"]).get(b"access_token", [b""])[0]
        if not given:
            raise _RequestError(401, "M_MISSING_TOKEN", "a request of the homeserver carries its hs_token")
        if not hmac.compare_digest(given, self._token):
            log.warning("a request with a wrong hs_token was refused")
            raise _RequestError(403, "M_FORBIDDEN", "this is not the hs_token of the registration")

    async def _transaction(self, name: str, scope: Scope, receive: Receive) -> tuple[int, dict[str, Any]]:
        if self._busy:
            raise _RequestError(
                429, "M_LIMIT_EXCEEDED", "another transaction is under way; one comes after the other"
            )
        self._busy = True
        try:
            body = await self._body(scope, receive)
            await self._take(name, body)
        except (Unavailable, TimeoutError) as error:
            log.warning("transaction %s waits: %s", name, error or type(error).__name__)
            raise _RequestError(503, "M_UNKNOWN", "the events cannot be taken now") from None
        except (NeedsAttention, StateError) as error:
            log.error("transaction %s waits until somebody has seen to this: %s", name, error)
            raise _RequestError(
                503, "M_UNKNOWN", "the events cannot be taken; see the log of the adapter"
            ) from None
        finally:
            self._busy = False
        self._transactions += 1
        self._last_s = time.time()
        return 200, {}

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        pieces, size = [], 0
        while True:
            message = await asyncio.wait_for(receive(), self._hold_s)
            if message["type"] == "http.disconnect":
                raise _RequestError(400, "M_UNKNOWN", "the connection ended")
            piece = message.get("body", b"")
            size += len(piece)
            if size > self._limit_bytes:
                log.error(
                    "a transaction is larger than appservice.body_bytes, %s bytes; raise it",
                    self._limit_bytes,
                )
                raise _RequestError(413, "M_TOO_LARGE", f"at most {self._limit_bytes} bytes")
            pieces.append(piece)
            if not message.get("more_body"):
                return b"".join(pieces)

    async def _take(self, name: str, body: bytes) -> None:
        """Deliver a transaction. Returns when the node has all of it."""
        try:
            transaction = msgspec.json.decode(body, type=Transaction)
        except msgspec.MsgspecError as error:
            raise _RequestError(400, "M_BAD_JSON", f"not a transaction: {error}") from None
        read = [read_room_event(raw) for raw in transaction.events]
        events = [event for event in read if event is not None]
        told = [read_ephemeral(raw) for raw in transaction.ephemeral or transaction.early]
        ephemeral = [notice for notice in told if notice is not None]
        self._unreadable += len(read) - len(events) + len(told) - len(ephemeral)
        mark = _mark(name, [event.event_id for event in events])
        async with self._delivery.turn(self._hold_s) as turn:
            if self._delivery.is_taken(mark):
                return
            for room_id in self._converter.rooms_to_look_up(events, ephemeral):
                self._rooms.put(room_id, await self._admin.room(room_id))
                self._looked_up += 1
            lines = self._converter.lines(events, ephemeral)
            if lines:
                turn.stage(lines, mark)
                await turn.finish()


def _mark(name: str, event_ids: list[str]) -> str:
    """Tells a transaction from all others, also from one of a homeserver whose counting has begun again."""
    return f"{name} {hashlib.sha256(chr(10).join(event_ids).encode()).hexdigest()[:16]}"
