"""A node as a process of its own, ``tidegate serve`` in a throw-away folder, for the demonstration and the tests."""

import json
import shutil
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from tidegate.messengers.matrix.child_process import ChildProcess, tail_of
from tidegate.messengers.matrix.homeserver import REQUEST_S, Answer, free_ports
from tidegate.messengers.matrix.homeserver_config import LOOPBACK, ModuleSettings
from tidegate.node.api.tokens import Scope, add_token
from tidegate.node.settings import SETTINGS_FILE

START_S = 120.0
"""How long a node may take until it answers; it compiles its kernels when nobody has before."""
POLL_S = 0.1
MODULE = "tidegate_synapse.Tidegate"
MODULE_TOKEN = "synapse.token"
POLICY_FILE = "policy.toml"
STEADY = """
[breaker]
# A demonstration and a test act on a large share of few accounts: just what a breaker is there to stop.
least = 100000
"""


class NodeError(Exception):
    """The node did not start or refused a request; the message says what it said."""


class NodeProcess:
    """A running node that acts on everybody (mode ``enforce``) between ``start`` (or ``with``) and ``close``.

    ``stop`` or ``kill`` and ``start`` again keep what it knows. Everything blocks.
    """

    def __init__(
        self,
        settings: str = STEADY,
        policy: str = "",
        challenges: bool = True,
        desk: bool = False,
        folder: Path | None = None,
    ) -> None:
        """``settings``: further sections of ``node.toml``; ``policy``: TOML, empty for the shipped one.

        ``desk``: serve that too, as a section ``[desk]`` of the settings says. ``folder``: an empty one, kept
        at the end; None: a throw-away one.

        Without ``challenges`` nobody can be given one, and the rung of that name binds nobody.
        """
        self._keep = folder is not None
        # The homeserver runs elsewhere, so what it is told must not depend on where we are.
        self.folder = (folder or Path(tempfile.mkdtemp(prefix="tidegate-node-"))).absolute()
        (self._port,) = free_ports(1)
        listen = f'[listen]\nhost = "{LOOPBACK}"\nport = {self._port}\nmetrics_open = true\n'
        named = f'policy = "{POLICY_FILE}"\n' if policy else ""
        (self.folder / POLICY_FILE).write_text(policy, encoding="utf-8")
        public = f'[challenge]\npublic_url = "{self.base_url}"\nproxies = 0\n' if challenges else ""
        text = f'{named}{listen}\n{public}\n[enforcement]\nmode = "enforce"\n{settings}'
        (self.folder / SETTINGS_FILE).write_text(text, encoding="utf-8")
        scopes = {"harness": list(Scope), "synapse": [Scope.INGEST, Scope.ACT]}
        secrets = {name: add_token(self.folder, name, wanted, time.time()) for name, wanted in scopes.items()}
        self._token = secrets["harness"]
        (self.folder / MODULE_TOKEN).write_text(secrets["synapse"] + "\n", encoding="ascii")
        (self.folder / MODULE_TOKEN).chmod(0o600)
        self._process: ChildProcess | None = None
        self._desk = "--desk" if desk else "--no-desk"
        self._closed = False

    @property
    def base_url(self) -> str:
        return f"http://{LOOPBACK}:{self._port}"

    @property
    def log(self) -> Path:
        """What the node says."""
        return self.folder / "output.log"

    def module(self, **more: Any) -> ModuleSettings:
        """The lines in ``homeserver.yaml`` that make a homeserver guarded by this node."""
        config = {"node": str(self.folder / "node.sock"), "token_file": str(self.folder / MODULE_TOKEN)}
        return ModuleSettings(MODULE, config | more)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start and wait until it answers. Raises :class:`NodeError`."""
        command = [sys.executable, "-m", "tidegate.cli.main", "serve", self._desk, "--data", str(self.folder)]
        process = self._process = ChildProcess(command, self.log)
        until = time.monotonic() + START_S
        while not self._answers():
            if self._closed:
                self.close()
                raise NodeError("closed while it was starting")
            ended = process.returncode
            if ended is not None or time.monotonic() > until:
                why = f"ended with {ended}" if ended is not None else f"did not answer within {START_S:.0f} s"
                self.stop()
                raise NodeError(f"the node {why}:\n{tail_of(self.log, 30)}")
            time.sleep(POLL_S)

    def _answers(self) -> bool:
        try:
            return self.request("GET", "/healthz").status == 200
        except OSError:
            return False

    def stop(self) -> None:
        """End the node in good order; safe to call twice."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def kill(self) -> None:
        """End the node as a power cut would (SIGKILL)."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def close(self) -> None:
        """End the node and remove its folder, unless that is to be kept; also while another thread starts it."""
        self._closed = True
        self.stop()
        if not self._keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    # --- Asking it ----------------------------------------------------------------------------------------------

    def request(self, method: str, path: str, body: bytes | None = None) -> Answer:
        """One request with all scopes. Refusals are answers; a connection that fails raises OSError."""
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        asked = urllib.request.Request(f"{self.base_url}{path}", body, headers, method=method)
        try:
            with urllib.request.urlopen(asked, timeout=REQUEST_S) as answer:
                return Answer(answer.status, json.loads(answer.read() or b"{}"))
        except urllib.error.HTTPError as error:
            return Answer(error.code, json.loads(error.read() or b"{}"))

    def ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """As :meth:`request` with JSON; raises :class:`NodeError` when it is refused."""
        answer = self.request(method, path, None if body is None else json.dumps(body).encode())
        if answer.status >= 400:
            raise NodeError(f"{method} {path}: {answer.status} {answer.body}")
        return answer.body

    def take(self, events: Iterable[dict[str, Any]]) -> dict[str, Any]:
        """Hand in events of the log contract; the receipt."""
        return self.take_lines(b"".join(json.dumps(event).encode() + b"\n" for event in events))

    def take_lines(self, body: bytes) -> dict[str, Any]:
        """Hand in JSON Lines of the log contract; the receipt."""
        answer = self.request("POST", "/v1/events", body)
        if answer.status != 200:
            raise NodeError(f"events refused: {answer.status} {answer.body}")
        return answer.body

    def rule(self, account: str, finding: str, note: str = "") -> None:
        """A person finds the account ``abusive`` or ``legitimate``."""
        self.ask(
            "POST", "/v1/rulings", {"account": account, "finding": finding, "by": "tester", "note": note}
        )

    def account(self, user_id: str) -> dict[str, Any]:
        """Standing, reasons and history; empty for an account that the node has never heard of."""
        answer = self.request("GET", f"/v1/accounts/{quote(user_id, safe='')}")
        if answer.status == 404:
            return {}
        if answer.status != 200:
            raise NodeError(f"{user_id}: {answer.status} {answer.body}")
        return answer.body

    def rung_of(self, user_id: str) -> str:
        """Where the account stands by the node's word; ``allow`` when it is not known."""
        return str(self.account(user_id).get("rung", "allow"))

    def figure(self, name: str) -> float:
        """``tidegate_NAME`` of the node's metrics, labels included. Raises :class:`NodeError` when there is none."""
        with urllib.request.urlopen(f"{self.base_url}/metrics", timeout=REQUEST_S) as page:
            for line in page.read().decode().splitlines():
                if line.startswith(f"tidegate_{name} "):
                    return float(line.split()[1])
        raise NodeError(f"the node's metrics have no tidegate_{name}")
