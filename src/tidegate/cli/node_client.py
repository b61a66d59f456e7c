"""Asking a running node from the command line: over its socket or over TCP, with a token, errors in plain words."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import click
import httpx

from tidegate.cli.failures import Refused
from tidegate.cli.node_folder import data_folder
from tidegate.node.settings import SETTINGS_FILE, SettingsError, read_settings

TOKEN_VARIABLE = "TIDEGATE_TOKEN"
TIMEOUT_S = 60.0
"""An erasure may wait for the ledger for half a minute."""

F = TypeVar("F", bound=Callable[..., Any])


class NodeClient:
    """One node, asked as the bearer of one token."""

    def __init__(self, place: str, secret: str) -> None:
        """``place``: an http(s) address, or the path of a Unix socket."""
        self._place = place
        over_tcp = place.startswith(("http://", "https://"))
        self._http = httpx.Client(
            base_url=place if over_tcp else "http://node",
            transport=None if over_tcp else httpx.HTTPTransport(uds=place),
            headers={"authorization": f"Bearer {secret}"} if secret else {},
            timeout=TIMEOUT_S,
        )

    def ask(
        self,
        method: str,
        path: str,
        *parts: str,
        json: object = None,
        content: bytes | None = None,
        query: Mapping[str, str | int] | None = None,
    ) -> httpx.Response:
        """The answer to a request; each ``{}`` in ``path`` takes one of ``parts``. Raises :class:`Refused`."""
        where = path.format(*(quote(part, safe="") for part in parts))
        try:
            answer = self._http.request(method, where, json=json, content=content, params=query)
        except httpx.HTTPError as error:
            raise Refused(
                f"{self._place}: the node does not answer: {error}. Is it running, and is this where it listens? "
                "--node names another place."
            ) from None
        if answer.is_success:
            return answer
        raise Refused(_words(answer))


def _words(answer: httpx.Response) -> str:
    """What the node says is wrong, every finding on a line of its own."""
    try:
        error = answer.json()["error"]
        lines = [f"{error['message']}.", *error["errors"]]
    except (ValueError, KeyError, TypeError):
        return f"the node answers {answer.status_code}: {answer.text[:200]}"
    if answer.status_code == 401:
        lines.append(f"The token comes from {TOKEN_VARIABLE} or --token-file.")
    return "\n".join(lines)


def asks_node(command: F) -> F:
    """Options that say which node and with which token; the command gets ``node``, a :class:`NodeClient`."""

    def connected(folder: Path, place: str, token_file: Path | None, **given: Any) -> Any:
        return command(node=NodeClient(place or _socket_of(folder), _secret(token_file)), **given)

    connected.__doc__ = command.__doc__
    connected.__name__ = command.__name__
    connected.__dict__.update(command.__dict__)
    for option in (
        data_folder,
        click.option(
            "--node",
            "place",
            default="",
            envvar="TIDEGATE_NODE",
            help="Address (http://…) or socket of the node, instead of the socket in its folder.",
        ),
        click.option(
            "--token-file",
            type=click.Path(path_type=Path, dir_okay=False),
            help=f"File that holds the token; otherwise it comes from {TOKEN_VARIABLE}.",
        ),
    ):
        connected = option(connected)
    return connected  # type: ignore[return-value]


def _socket_of(folder: Path) -> str:
    """Where the node of this folder listens."""
    try:
        listen = read_settings(folder / SETTINGS_FILE).listen
    except SettingsError as error:
        raise Refused(str(error)) from None
    if listen.socket:
        return str((folder / listen.socket).absolute())
    return f"{'https' if listen.tls_certificate else 'http'}://{listen.host}:{listen.port}"


def _secret(token_file: Path | None) -> str:
    if token_file is None:
        return os.environ.get(TOKEN_VARIABLE, "").strip()
    try:
        return token_file.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{token_file}: the token cannot be read: {error}.") from None
