"""A real homeserver that refuses modules: an application service, the admin API, and people who write to each other."""

import itertools
import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from click.testing import CliRunner

from tidegate.cli.main import main
from tidegate.events.columns import EVENT, EVENT_TYPES
from tidegate.events.pseudonym import Pseudonyms
from tidegate.messengers.matrix.child_process import ChildProcess
from tidegate.messengers.matrix.homeserver import Answer, Homeserver, free_ports
from tidegate.messengers.matrix.homeserver_config import NOTICES_USER, SERVER_NAME, HomeserverSettings
from tidegate.messengers.matrix.node_process import NodeProcess
from tidegate.messengers.matrix.official.settings import Place, read_settings
from tidegate.node.journal import Journal
from tidegate.node.keys import keys_of

CLIENT = "/_matrix/client/v3"
PASSWORD = "correct horse battery"
WAIT_S = 150.0
"""Synapse waits twice as long after each delivery that failed: an adapter that was away for 30 s may wait 60 s more."""


@dataclass
class Caller:
    """A person with a device and an address, over plain HTTP: encryption does not matter here, lengths do."""

    homeserver: Homeserver
    user: str
    token: str
    ip: str
    _numbers: itertools.count = field(default_factory=itertools.count)

    def call(self, method: str, path: str, body: Any = None) -> Answer:
        """One request to the client API."""
        return call(self.homeserver, method, path, body, self.token, self.ip)

    def chat_with(self, *others: "Caller", direct: bool = True) -> str:
        """A new room with others invited; its id."""
        preset = "trusted_private_chat" if direct else "private_chat"
        invite = [other.user for other in others]
        answer = self.call("POST", "/createRoom", {"is_direct": direct, "preset": preset, "invite": invite})
        return str(answer.body["room_id"])

    def join(self, room: str) -> None:
        assert self.call("POST", f"/rooms/{quote(room)}/join", {}).status == 200

    def leave(self, room: str) -> None:
        assert self.call("POST", f"/rooms/{quote(room)}/leave", {}).status == 200

    def write(self, room: str, ciphertext: str = "QUJD" * 80) -> Answer:
        """An encrypted message."""
        content = {
            "algorithm": "m.megolm.v1.aes-sha2",
            "ciphertext": ciphertext,
            "sender_key": "k",
            "session_id": "s",
            "device_id": "d",
        }
        path = f"/rooms/{quote(room)}/send/m.room.encrypted/t{next(self._numbers)}"
        return self.call("PUT", path, content)

    def types(self, room: str) -> None:
        path = f"/rooms/{quote(room)}/typing/{quote(self.user)}"
        assert self.call("PUT", path, {"typing": True, "timeout": 5000}).status == 200

    def reads(self, room: str, event_id: str) -> None:
        path = f"/rooms/{quote(room)}/receipt/m.read.private/{quote(event_id)}"
        assert self.call("POST", path, {}).status == 200

    def notices(self) -> list[str]:
        """What the server has told this person."""
        rooms = self.call("GET", "/sync").body.get("rooms", {}).get("join", {})
        sender = Homeserver.user_id(NOTICES_USER)
        return [
            event["content"]["body"]
            for room in rooms.values()
            for event in room["timeline"]["events"]
            if event["sender"] == sender and event["type"] == "m.room.message"
        ]


def call(
    homeserver: Homeserver, method: str, path: str, body: Any = None, token: str = "", ip: str = ""
) -> Answer:
    """One request to the client API, as from ``ip``."""
    headers = {"Content-Type": "application/json", "User-Agent": "Element/1.11"}
    headers |= {"X-Forwarded-For": ip} if ip else {}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(homeserver.base_url + CLIENT + path, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return Answer(answer.status, json.loads(answer.read()))
    except urllib.error.HTTPError as error:
        return Answer(error.code, json.loads(error.read() or b"{}"))


def sign_up(homeserver: Homeserver, name: str, ip: str = "198.51.100.7") -> Caller:
    """A new account."""
    body = {"username": name, "password": PASSWORD, "auth": {"type": "m.login.dummy"}}
    answer = call(homeserver, "POST", "/register", body, ip=ip)
    assert answer.status == 200, answer
    return Caller(homeserver, answer.body["user_id"], answer.body["access_token"], ip)


def until(condition: Callable[[], Any], what: str, wait_s: float = WAIT_S) -> Any:
    """The condition's value as soon as it is true; fails after ``wait_s``."""
    end = time.monotonic() + wait_s
    while not (found := condition()):
        assert time.monotonic() < end, f"not within {wait_s:.0f} s: {what}"
        time.sleep(0.1)
    return found


class Operator:
    """Somebody who sets up the official-only adapter as docs/matrix-official.md says."""

    def __init__(self, folder: Path, node_url: str = "http://127.0.0.1:9", more: str = "") -> None:
        """``more``: further lines of matrix.toml, sections and all."""
        self.folder = folder
        (self.port,) = free_ports(1)
        self.config, self.registration = folder / "matrix.toml", folder / "registration.yaml"
        self._node_url, self._more = node_url, more
        self.config.write_text(self._text("http://127.0.0.1:9"), "utf-8")
        arguments = ["matrix", "appservice-registration", "--config", str(self.config)]
        done = CliRunner().invoke(main, [*arguments, "--out", str(self.registration)])
        assert done.exit_code == 0, done.output

    def _text(self, homeserver: str) -> str:
        return (
            f'server_name = "{SERVER_NAME}"\nignore = ["@{NOTICES_USER}:{SERVER_NAME}"]\n'
            f'[homeserver]\nurl = "{homeserver}"\n[appservice]\nport = {self.port}\n'
            f'[node]\nurl = "{self._node_url}"\nwait_s = 5\n{self._more}'
        )

    def homeserver_settings(self) -> HomeserverSettings:
        """What the operator adds to homeserver.yaml: the registration, server notices, no module."""
        notices = {"system_mxid_localpart": NOTICES_USER, "room_name": "Notices", "auto_join": True}
        return HomeserverSettings(
            more={"app_service_config_files": [str(self.registration)], "server_notices": notices}
        )

    def connect(self, homeserver: Homeserver, node_token: str = "tg_none") -> Place:
        """Name the homeserver and hand over the tokens; the settings as the adapter reads them."""
        self.config.write_text(self._text(homeserver.base_url), "utf-8")
        for name, token in (("admin.token", homeserver.admin_token), ("node.token", node_token)):
            (self.folder / name).write_text(token + "\n", "utf-8")
            (self.folder / name).chmod(0o600)
        return read_settings(self.config)


class AdapterProcess:
    """``tidegate matrix run`` as a process of its own."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator
        self._process: ChildProcess | None = None
        self.log = operator.folder / "adapter.log"

    def start(self) -> None:
        """Start, and wait until it answers."""
        command = [
            sys.executable,
            "-m",
            "tidegate.cli.main",
            "matrix",
            "run",
            "--config",
            self._operator.config,
        ]
        self._process = ChildProcess(command, self.log)
        until(self._answers, f"the adapter answers: {self.log.read_text()}")

    def _answers(self) -> bool:
        assert self._process is not None and self._process.returncode is None, self.log.read_text()
        try:
            self.status()
        except OSError:
            return False
        return True

    def status(self) -> dict[str, Any]:
        """Its own counts."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._operator.port}/healthz", timeout=10) as answer:
            found: dict[str, Any] = json.loads(answer.read())
            return found

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()

    def kill(self) -> None:
        """As a power cut would."""
        if self._process is not None:
            self._process.kill()


class Journalled:
    """What a node has durably, read beside it."""

    def __init__(self, node: NodeProcess) -> None:
        self._folder = node.folder
        self._pseudonyms = Pseudonyms(keys_of(node.folder).pseudonym)

    def events(self) -> Any:
        """All events, as the engine reads them."""
        journal = Journal(self._folder, read_only=True)
        try:
            return np.concatenate([np.zeros(0, EVENT), *(stretch.events for stretch in journal.read(0))])
        finally:
            journal.close()

    def by(self, who: Caller, kind: str) -> Any:
        """Events of this type by this person."""
        events = self.events()
        return events[(events["actor"] == self.key(who.user)) & (events["type"] == int(EVENT_TYPES[kind]))]

    def key(self, text: str) -> int:
        """The pseudonym of an identifier."""
        return self._pseudonyms.one(text)

    def network(self, address: str) -> int:
        """The pseudonym of an address's network."""
        return self._pseudonyms.network(address)
