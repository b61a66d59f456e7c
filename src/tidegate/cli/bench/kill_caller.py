"""Asking a node over its Unix socket, again and again when it has to be: it may be killed meanwhile."""

import http.client
import json
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

REQUEST_TIMEOUT_S = 20.0
RETRY_S = 0.01
AGAIN = (429, 503)
"""Statuses that ask to come back."""


class Refused(Exception):  # noqa: N818 - what happened
    """The node answered with something that it must not answer with."""


class NotUp(ConnectionError):  # noqa: N818 - what happened
    """Nobody listens; nothing was sent."""


class Caller:
    """One connection to the node, made again whenever it is lost."""

    def __init__(self, socket_path: Path, token: str, running: Callable[[], bool]) -> None:
        """``running``: False when nobody needs an answer any more."""
        self._path, self._token, self._running = socket_path, token, running
        self._connection: http.client.HTTPConnection | None = None
        self.asked_again = 0

    def once(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, Any]:
        """Status and body of an answer. Raises OSError or HTTPException when there was none, NotUp as one of them."""
        if self._connection is None:
            connection = _UnixConnection(str(self._path))
            try:
                connection.connect()
            except OSError as error:
                raise NotUp(str(error)) from None
            self._connection = connection
        try:
            self._connection.request(
                method, path, body or None, {"Authorization": f"Bearer {self._token}"} | headers
            )
            answer = self._connection.getresponse()
            raw = answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            self._connection = None
            raise
        return answer.status, json.loads(raw) if raw.startswith(b"{") else raw

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, Any]:
        """The same, asked until it is answered. Raises Refused for a fault of the node, TimeoutError at the end."""
        while True:
            try:
                status, answer = self.once(method, path, body, **headers)
                self.asked_again += status in AGAIN
            except NotUp:
                status, answer = 503, {}
            except (OSError, http.client.HTTPException):
                status, answer = 503, {}
                self.asked_again += 1
            if status not in AGAIN:
                if status >= 500:
                    raise Refused(f"{method} {path}: {status} {answer}")
                return status, answer
            if not self._running():
                raise TimeoutError(f"{method} {path}: no answer before the end")
            time.sleep(RETRY_S)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("node", timeout=REQUEST_TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
