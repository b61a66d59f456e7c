"""The ASGI application: find the route, know the bearer, read the body, answer. Nothing else happens on the way."""

import logging
import secrets
import time
from collections.abc import MutableMapping
from typing import Any

from tidegate.node.api.admission import Busy
from tidegate.node.api.coalescing import Stopped
from tidegate.node.api.exchange import (
    Call,
    Disconnected,
    Receive,
    Refusal,
    Reply,
    Send,
    read_body,
    try_again,
)
from tidegate.node.api.routing import Route, Routes, query_of
from tidegate.node.api.services import Services
from tidegate.node.requests import RequestError, StorageError

log = logging.getLogger(__name__)
STORAGE_RETRY_S = 5
STOPPED_RETRY_S = 10
REQUEST_STATUS = {
    "content_refused": 400,
    "not_one_event": 400,
    "too_many_lines": 413,
    "unknown_account": 404,
    "bad_policy": 422,
    "bad_ruling": 409,
    "storage_failing": 503,
}
"""How the node's refusals are answered; any other is a 400."""
UNKNOWN_ROUTE = "(none)"


class Application:
    """ASGI 3. One for all sockets of a node."""

    def __init__(self, services: Services, routes: Routes) -> None:
        self._services = services
        self._routes = routes

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"the node speaks HTTP alone, not {scope['type']}")
        began_s = time.perf_counter()
        route: Route | None = None
        try:
            route, parameters = self._routes.find(scope["method"], scope["raw_path"])
            reply = await self._answer(route, parameters, scope, receive)
        except Refusal as refusal:
            reply = refusal.reply()
        except Disconnected:
            return
        except Exception:
            number = secrets.token_hex(4)
            log.exception(
                "request %s: a fault while answering %s", number, route.name if route else scope["path"]
            )
            reply = Refusal(
                500, "fault", f"a fault of the node; its log tells more under request {number}"
            ).reply()
        await send(_start(reply))
        await send({"type": "http.response.body", "body": reply.body})
        self._services.meters.request(
            route.name if route else UNKNOWN_ROUTE, reply.status, time.perf_counter() - began_s
        )

    async def _answer(
        self, route: Route, parameters: dict[str, str], scope: MutableMapping[str, Any], receive: Receive
    ) -> Reply:
        services = self._services
        headers = dict(scope["headers"])
        call = Call(receive, headers)
        call.parameters = parameters
        if route.scope is not None:
            call.token = services.authorised(headers.get(b"authorization", b""), route.scope)
        if route.query is not None:
            call.query = query_of(scope["query_string"], route.query)
        held = 0
        try:
            if route.body is not None:
                if b"content-encoding" in headers and headers[b"content-encoding"] != b"identity":
                    raise Refusal(415, "unsupported_encoding", "send the body as it is, not compressed")
                call.body = await read_body(
                    receive, headers.get(b"content-length"), services.limit_of(route.body), services.admission
                )
                held = len(call.body)
            return await route.handler(services, call)
        except RequestError as error:
            status = REQUEST_STATUS.get(error.code, 400)
            if status == 503:
                raise try_again(status, error.code, error.message, STORAGE_RETRY_S) from None
            raise Refusal(status, error.code, error.message, errors=error.errors) from None
        except Busy as busy:
            raise try_again(
                429, "busy", f"too much is waiting; come back in {busy.retry_after_s} s", busy.retry_after_s
            ) from None
        except StorageError as error:
            raise try_again(503, "storage_failing", str(error), STORAGE_RETRY_S) from None
        except Stopped as stopped:
            raise try_again(503, "stopped", str(stopped), STOPPED_RETRY_S) from None
        finally:
            if held:
                services.admission.let_go(held)


def _start(reply: Reply) -> dict[str, Any]:
    headers = [
        (b"content-type", reply.media_type),
        (b"content-length", b"%d" % len(reply.body)),
        *reply.headers,
    ]
    return {"type": "http.response.start", "status": reply.status, "headers": headers}
