"""A real node with its challenges on loopback, as a process of its own: run as a script, or started by a test."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from http.client import HTTPMessage
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import urlencode

LOOPBACK = "127.0.0.1"
START_S = 120.0
ACCOUNT = "@ann:example.org"
SMALL_WORK = 160_000
"""Iterations: Python does them in a tenth of a second."""


class Answer(NamedTuple):
    """What came back over HTTP."""

    status: int
    headers: HTTPMessage
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


class Site:
    """A node that knows one account, :data:`ACCOUNT`, and gives challenges at ``url``."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        """``settings``: of the section ``[challenge]``."""
        self.folder = folder
        with socket.socket() as free:
            free.bind((LOOPBACK, 0))
            self.port: int = free.getsockname()[1]
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.settings = {"public_url": self.url, "work_iterations": SMALL_WORK} | settings
        self.token = ""
        self.secret = ""
        """For the captcha's verifier."""
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end(signal.SIGTERM)

    def start(self) -> None:
        asked = [sys.executable, __file__, str(self.folder), str(self.port), json.dumps(self.settings)]
        self._process = subprocess.Popen(asked, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        assert said, f"the node ended with {self._process.wait()}"
        self.token, self.secret = said.split()

    def end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(60)
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None

    def ask(
        self, path: str, form: dict[str, str] | None = None, body: bytes | None = None, **headers: str
    ) -> Answer:
        """GET, or POST with a form or a body; every status is an answer, redirections too."""
        data = urlencode(form).encode() if form is not None else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(f"{self.url}{path}", data, named)
        try:
            with _OPENER.open(request, timeout=60) as answer:
                return Answer(answer.status, answer.headers, answer.read().decode())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read().decode())

    def challenge(self, account: str = ACCOUNT) -> str:
        """The path of a new challenge's page."""
        body = json.dumps({"account": account}).encode()
        answer = self.ask("/v1/challenges", body=body, Authorization=f"Bearer {self.token}")
        assert answer.status == 200, answer.text
        address: str = answer.json()["url"]
        return address.removeprefix(self.url)

    def proofs(self) -> int:
        """Passed challenges in the node's journal."""
        from tidegate.events.columns import EventType
        from tidegate.node.journal import Journal

        journal = Journal(self.folder, read_only=True)
        try:
            found = [
                stretch.events["type"] == int(EventType.PROOF) for stretch in journal.read(journal.begin)
            ]
            return int(sum(some.sum() for some in found))
        finally:
            journal.close()


async def _serve(folder: Path, port: int, settings: dict[str, Any]) -> None:
    from tidegate.messengers.matrix.captcha import captcha_routes, captcha_secret
    from tidegate.node.api.listening import listeners
    from tidegate.node.api.serving import Serving
    from tidegate.node.api.tokens import FILE, Scope, Tokens, add_token, revoke_token
    from tidegate.node.challenge.challenges import Challenges
    from tidegate.node.challenge.holders import NodeHolders
    from tidegate.node.challenge.routes import challenge_routes
    from tidegate.node.challenge.settings import ChallengeSettings
    from tidegate.node.node import Node
    from tidegate.node.requests import Delivery
    from tidegate.node.settings import Listen, NodeSettings

    node = Node.open(folder, NodeSettings(listen=Listen(host=LOOPBACK, port=port, socket="")))
    event = {"time": time.time(), "type": "register", "actor": ACCOUNT, "id": "first"}
    node.take([Delivery(json.dumps(event).encode() + b"\n")])
    if (folder / FILE).exists():
        revoke_token(folder, "test")
    token = add_token(folder, "test", list(Scope), time.time())
    challenges = Challenges(folder, node.keys.ticket, ChallengeSettings(**settings), node.pseudonyms)
    secret = captcha_secret(node.keys.ticket)
    routes = (*challenge_routes(challenges), *captcha_routes(challenges, secret))
    opened = listeners(node.settings.listen, folder)
    serving = Serving(node, Tokens(folder), opened, folder, "test", more=routes)
    challenges.start(NodeHolders(node.vault.names, serving.submit))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, serving.stop)
    await serving.run(lambda: print(token, secret, flush=True))
    await challenges.close()
    node.close()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3])))
    os._exit(0)
