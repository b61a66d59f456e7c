"""A real, throw-away Synapse on loopback, for the demonstration and the tests.

It runs in a virtual environment of its own (Synapse is AGPL or commercial; nothing of it is imported here) and ends
with the process that started it.
"""

import base64
import hashlib
import hmac
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tidegate.messengers.matrix.child_process import ChildProcess, tail_of
from tidegate.messengers.matrix.homeserver_config import (
    LOOPBACK,
    SERVER_NAME,
    HomeserverSettings,
    Place,
    homeserver_config,
    log_config,
)

START_S = 60.0
"""How long Synapse may take until it answers; two seconds are usual."""
REQUEST_S = 60.0
POLL_S = 0.1
VENV_VARIABLE = "TIDEGATE_SYNAPSE_VENV"
"""A virtual environment with Synapse and Tidegate's module, instead of ``.venv-synapse``."""
VENV = ".venv-synapse"


class SynapseMissingError(Exception):
    """There is no virtual environment with Synapse; the message says how to get one."""


class HomeserverError(Exception):
    """Synapse did not start, or ended; the message ends with its log."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the homeserver answered over HTTP."""

    status: int
    body: dict[str, Any]


class AdminError(Exception):
    """The admin API answered with an error."""


def find_synapse(name: str = VENV) -> Path:
    """The Python of a virtual environment with Synapse in it. Raises :class:`SynapseMissingError`.

    ``TIDEGATE_SYNAPSE_VENV`` names it, else it is the folder ``name`` in the checkout or where we are.
    """
    named = os.environ.get(VENV_VARIABLE)
    if named and name == VENV:
        folders = [Path(named)]
    else:
        folders = list(dict.fromkeys([Path(__file__).parents[4] / name, Path.cwd() / name]))
    for folder in folders:
        python = folder / "bin" / "python"
        if python.is_file() and list(folder.glob("lib/python3*/site-packages/synapse/app/homeserver.py")):
            return (
                python.absolute()
            )  # not resolved: the link's own place is what makes it a virtual environment
    raise SynapseMissingError(
        f"no Synapse in {' or '.join(map(str, folders))}: `make {name.removeprefix('.venv-')}` installs it, "
        f"or name a virtual environment that has it in {VENV_VARIABLE}"
    )


def synapse_version(python: Path) -> str:
    """The version of Synapse that this Python has."""
    asked = "from importlib.metadata import version; print(version('matrix-synapse'))"
    done = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True, timeout=30)
    return done.stdout.strip()


def free_ports(count: int) -> list[int]:
    """Loopback TCP ports that nobody listens on now, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind((LOOPBACK, 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


class Homeserver:
    """A Synapse that answers between ``start`` (or ``with``) and ``close``.

    ``stop`` and ``start`` again keep accounts, rooms and messages: with other ``settings`` this is how an existing
    homeserver gets a module. Everything blocks; from a coroutine call it with :func:`asyncio.to_thread`.
    """

    def __init__(
        self,
        settings: HomeserverSettings | None = None,
        python: Path | None = None,
        folder: Path | None = None,
    ) -> None:
        """``folder`` is kept when it is given; else one is made and removed in the end."""
        self.settings = settings or HomeserverSettings()
        self.python = python or find_synapse()
        self._owns_folder = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="tidegate-synapse-"))
        port, metrics_port = free_ports(2)
        self._place = Place(self.folder, port, metrics_port)
        self._process: ChildProcess | None = None
        self._admin_token = ""
        self._closed = False

    @property
    def base_url(self) -> str:
        """What clients are given."""
        return f"http://{LOOPBACK}:{self._place.port}"

    @property
    def log(self) -> Path:
        """Synapse's log file."""
        return self._place.log

    @property
    def database(self) -> Path:
        """The SQLite file; only there without PostgreSQL."""
        return self._place.sqlite

    @staticmethod
    def user_id(name: str) -> str:
        """``ann`` -> ``@ann:tide.test``."""
        return f"@{name}:{SERVER_NAME}"

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
        """Write the configuration, start, and wait until it answers. Raises :class:`HomeserverError`."""
        self._write_config()
        environment = os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        command: list[str | Path] = [
            self.python,
            "-m",
            "synapse.app.homeserver",
            "--config-path",
            self._place.config,
        ]
        process = self._process = ChildProcess(
            command, self.folder / "output.log", environment, cwd=self.folder
        )
        self._wait_until_healthy(process)

    def stop(self) -> None:
        """End Synapse and keep what it knows; safe to call twice."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def close(self) -> None:
        """End Synapse and remove its folder, unless the folder was given to us; also while another thread starts it."""
        self._closed = True
        self.stop()
        if self._owns_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _write_config(self) -> None:
        # JSON is YAML too, and needs no library.
        config = homeserver_config(self._place, self.settings)
        self._place.config.write_text(json.dumps(config, indent=1), encoding="utf-8")
        (self.folder / "log.yaml").write_text(json.dumps(log_config(self.log), indent=1), encoding="utf-8")
        self._place.config.chmod(0o600)
        signing_key = self.folder / "signing.key"
        if not signing_key.is_file():
            seed = base64.b64encode(os.urandom(32)).decode().rstrip("=")
            signing_key.write_text(f"ed25519 a_1 {seed}\n", encoding="ascii")

    def _wait_until_healthy(self, process: ChildProcess) -> None:
        until = time.monotonic() + START_S
        while not self._answers():
            if self._closed:
                self.close()
                raise HomeserverError("closed while it was starting")
            ended = process.returncode
            if ended is not None or time.monotonic() > until:
                why = f"ended with {ended}" if ended is not None else f"did not answer within {START_S:.0f} s"
                self.stop()
                raise HomeserverError(f"Synapse {why}:\n{self.explain()}")
            time.sleep(POLL_S)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.base_url}/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def explain(self, lines: int = 30) -> str:
        """The end of what Synapse said, in its log and on its output: for an error message."""
        return "\n".join(filter(None, (tail_of(self.log, lines), tail_of(self.folder / "output.log", lines))))

    # --- Over HTTP ----------------------------------------------------------------------------------------------

    def request(self, method: str, path: str, body: Any = None, token: str = "") -> Answer:
        """One request. Errors of the homeserver are answers; a connection that fails raises OSError."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} | (
            {"Authorization": f"Bearer {token}"} if token else {}
        )
        asked = urllib.request.Request(f"{self.base_url}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(asked, timeout=REQUEST_S) as answer:
                return Answer(answer.status, json.loads(answer.read()))
        except urllib.error.HTTPError as error:
            return Answer(error.code, json.loads(error.read() or b"{}"))

    def register_by_secret(self, name: str, password: str, admin: bool = False) -> dict[str, Any]:
        """Make an account with the shared secret, as ``register_new_matrix_user`` does; its login."""
        path = "/_synapse/admin/v1/register"
        nonce = self.request("GET", path).body["nonce"]
        parts = (nonce, name, password, "admin" if admin else "notadmin")
        mac = hmac.new(
            self._place.shared_secret.encode(), "\0".join(parts).encode(), hashlib.sha1
        ).hexdigest()
        body = {"nonce": nonce, "username": name, "password": password, "admin": admin, "mac": mac}
        answer = self.request("POST", path, body)
        if answer.status != 200:
            raise AdminError(f"registering {name}: {answer.status} {answer.body}")
        return answer.body

    @property
    def admin_token(self) -> str:
        """The access token of an administrator, made when it is first asked for."""
        if not self._admin_token:
            self._admin_token = self.register_by_secret("admin", os.urandom(16).hex(), admin=True)[
                "access_token"
            ]
        return self._admin_token

    def admin(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """One request to Synapse's admin API (``path`` after ``/_synapse/admin``). Raises AdminError."""
        answer = self.request(method, f"/_synapse/admin{path}", body, self.admin_token)
        if answer.status >= 400:
            raise AdminError(f"{method} {path}: {answer.status} {answer.body}")
        return answer.body

    def metrics(self) -> str:
        """What Prometheus would read."""
        address = f"http://{LOOPBACK}:{self._place.metrics_port}/_synapse/metrics"
        with urllib.request.urlopen(address, timeout=REQUEST_S) as answer:
            text: str = answer.read().decode()
            return text
