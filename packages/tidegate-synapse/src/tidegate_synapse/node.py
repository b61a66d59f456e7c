"""Requests to a Tidegate node over a Unix socket or TCP, as Twisted has them: no thread, a persistent pool."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twisted.internet.endpoints import UNIXClientEndpoint
from twisted.web.client import Agent, FileBodyProducer, HTTPConnectionPool, readBody
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface import implementer

CONNECT_TIMEOUT_S = 10
IDLE_CONNECTION_S = 120
CONNECTIONS = 3
"""Events, the long poll, and challenges."""


class UnreachableError(Exception):
    """No answer: nobody listens, the connection broke, or it took too long."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the node answered."""

    status: int
    body: Any
    """Parsed JSON; None when there was none."""
    retry_after_s: float | None

    def complaint(self) -> str:
        """The node's own words about what is wrong, else the status."""
        error = self.body.get("error") if isinstance(self.body, Mapping) else None
        if isinstance(error, Mapping):
            return f"{self.status} {error.get('code')}: {error.get('message')}"
        return f"status {self.status}"


@implementer(IAgentEndpointFactory)
class _Socket:
    """Every address leads to one Unix socket."""

    def __init__(self, reactor: Any, path: str) -> None:
        self._reactor, self._path = reactor, path

    def endpointForURI(self, uri: Any) -> UNIXClientEndpoint:  # noqa: N802 -- Twisted's name
        return UNIXClientEndpoint(self._reactor, self._path, timeout=CONNECT_TIMEOUT_S)


class Node:
    """One node, and our token for it."""

    def __init__(self, reactor: Any, address: str, token_file: str) -> None:
        self.address = address
        self._reactor, self._token_file = reactor, token_file
        self._token = ""
        pool = HTTPConnectionPool(reactor, persistent=True)
        pool.maxPersistentPerHost, pool.cachedConnectionTimeout = CONNECTIONS, IDLE_CONNECTION_S
        if address.startswith("/"):
            self._base = "http://tidegate"
            self._agent = Agent.usingEndpointFactory(reactor, _Socket(reactor, address), pool)
        else:
            self._base = address
            self._agent = Agent(reactor, connectTimeout=CONNECT_TIMEOUT_S, pool=pool)

    def read_token(self) -> None:
        """Read the token file anew. Raises OSError."""
        self._token = Path(self._token_file).read_text("ascii").strip()

    async def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 30.0,
    ) -> Reply:
        """Ask, and give the whole answer. Raises :class:`UnreachableError`."""
        try:
            if not self._token:
                self.read_token()
            fields = {"Authorization": f"Bearer {self._token}", "User-Agent": "tidegate-synapse"}
            if body is not None:
                fields["Content-Type"] = "application/json"
            fields |= dict(headers or {})
            asked = self._agent.request(
                method.encode(),
                f"{self._base}{path}".encode(),
                Headers({name: [value] for name, value in fields.items()}),
                None if body is None else FileBodyProducer(io.BytesIO(body)),
            )
            response = await asked.addTimeout(timeout_s, self._reactor)
            text = await readBody(response).addTimeout(timeout_s, self._reactor)
        except OSError as error:
            raise UnreachableError(f"the token cannot be read: {error}") from error
        except Exception as error:
            raise UnreachableError(f"{type(error).__name__}: {_reason(error)}") from error
        if response.code == 401:
            self._token = ""  # it may have been replaced: read the file again next time
        return Reply(response.code, _json(text), _retry_after_s(response.headers))


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _retry_after_s(headers: Headers) -> float | None:
    values = headers.getRawHeaders("Retry-After")
    try:
        return max(float(values[0]), 0.0) if values else None
    except ValueError:  # a date: our own backoff serves as well
        return None


def _reason(error: Exception) -> str:
    inner = getattr(error, "reasons", None)  # Twisted wraps what happened on the wire
    return ", ".join(str(one.value) for one in inner) if inner else str(error)
