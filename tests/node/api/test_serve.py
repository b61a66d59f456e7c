"""``tidegate serve`` as people start it: a process with a folder, signals, sockets, and a disk that may be full."""

import json
import re
import resource
import signal
import stat
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from running_node import event, eventually, lines

from tidegate.cli.node_folder import SETTINGS_TEXT
from tidegate.desk.settings import DeskSettings
from tidegate.node.api.tokens import Scope, add_token
from tidegate.node.node import Node
from tidegate.node.settings import NodeSettings, read_settings

STARTED_S = 240.0
"""A start may have to compile the kernels first."""


class Served:
    """A running ``tidegate serve``."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.log = folder.with_name(f"{folder.name}-{time.time_ns()}.log")
        command = [
            sys.executable,
            "-m",
            "tidegate.cli.main",
            "serve",
            "--no-desk",
            "--data",
            str(folder),
            *options,
        ]
        with self.log.open("w") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        end_s = time.monotonic() + STARTED_S
        while "listening on" not in self.said and self.process.poll() is None and time.monotonic() < end_s:
            time.sleep(0.05)

    @property
    def said(self) -> str:
        return self.log.read_text()

    def client(self, secret: str = "") -> httpx.Client:
        transport = httpx.HTTPTransport(uds=str(self.folder / "node.sock"), verify=False)
        headers = {"authorization": f"Bearer {secret}"}
        return httpx.Client(transport=transport, base_url="http://node", headers=headers, timeout=60)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the exit code."""
        self.process.send_signal(number)
        return self.process.wait(60)


class Sender:
    """Clients that send one event after another for as long as somebody answers."""

    def __init__(self, node: Served, secret: str, clients: int = 4) -> None:
        self._node, self._secret = node, secret
        self.acknowledged: list[str] = []
        self._threads = [threading.Thread(target=self._send, args=(i,)) for i in range(clients)]
        for thread in self._threads:
            thread.start()

    def _send(self, number: int) -> None:
        with self._node.client(self._secret) as client:
            for i in range(100_000):
                account = f"@sent{number}-{i}:test"
                try:
                    answer = client.post("/v1/events", content=lines([event(account)]))
                except httpx.TransportError:
                    return
                if answer.status_code != 200:
                    return
                self.acknowledged.append(account)

    def lost(self, folder: Path) -> list[str]:
        """What was acknowledged and is not in the folder."""
        for thread in self._threads:
            thread.join(30)
        recovered = Node.open(folder)
        try:
            assert recovered.health()["notes"] == []
            return [account for account in self.acknowledged if recovered.account(account) is None]
        finally:
            recovered.close(snapshot=False)


Serve = Callable[..., Served]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    started: list[Served] = []

    def start(*options: str, name: str = "data") -> Served:
        started.append(Served(tmp_path / name, *options))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


@pytest.fixture
def secret(tmp_path: Path) -> str:
    """A token with every scope in the folder that ``serve`` will use."""
    (tmp_path / "data").mkdir(mode=0o700)
    return add_token(tmp_path / "data", "everything", list(Scope), time.time())


def test_the_first_start_makes_everything_and_says_what_is_missing(serve: Serve) -> None:
    node = serve("--port", "0")
    said, folder = node.said, node.folder
    assert "mode shadow: decides and records, acts on nobody" in said
    assert re.search(r"made .*: 0 accounts", said) and "policy default" in said
    assert f"unix:{folder}/node.sock" in said
    assert "no tokens yet" in said and "tidegate token add" in said
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "keys").stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "node.sock").stat().st_mode) == 0o660
    with node.client("tg_guess") as client:
        assert client.post("/v1/events", content=b"").status_code == 401
        assert client.get("/healthz").json()["status"] == "degraded"
    assert node.end() == 0
    assert not (folder / "node.sock").exists()
    logged = node.said.split("listening on", 1)[1].splitlines()[1:]  # after the greeting
    assert logged
    assert all(re.match(r"(time=\S+ level=\S+ from=\S+ msg=\")", one) for one in logged)


def test_the_settings_file_names_every_setting_with_its_default(tmp_path: Path) -> None:
    text = "".join(re.sub(r"^# (?=\S+ = |\[)", "", one) for one in SETTINGS_TEXT.splitlines(keepends=True))
    said = tomllib.loads(text)
    # The node hands this section on as it is; what is in it the desk knows.
    desk = said.pop("desk")
    assert msgspec.convert(desk, DeskSettings) == DeskSettings()
    assert desk.keys() == msgspec.to_builtins(DeskSettings()).keys()
    assert desk["evidence"].keys() == msgspec.to_builtins(DeskSettings())["evidence"].keys()
    assert msgspec.to_builtins(msgspec.convert(said, NodeSettings)) == msgspec.to_builtins(NodeSettings())
    written = _leaves(said)
    assert written == _leaves(json.loads(msgspec.json.encode(NodeSettings())))
    (tmp_path / "node.toml").write_text(SETTINGS_TEXT)
    assert read_settings(tmp_path / "node.toml") == NodeSettings()


def _leaves(tree: dict[str, Any], before: str = "") -> set[str]:
    found = set()
    for name, value in tree.items():
        found |= _leaves(value, f"{before}{name}.") if isinstance(value, dict) else {before + name}
    return found


def test_what_was_acknowledged_outlives_a_kill(serve: Serve, secret: str) -> None:
    """Clients send without pause when the process is killed: whatever got a 200 is there, and no line half."""
    node = serve("--port", "0")
    sender = Sender(node, secret)
    eventually(lambda: len(sender.acknowledged) > 50)
    assert node.end(signal.SIGKILL) == -signal.SIGKILL
    assert sender.lost(node.folder) == []


def test_stopping_finishes_what_was_accepted(serve: Serve, secret: str) -> None:
    node = serve("--port", "0")
    sender = Sender(node, secret)
    waited: list[int] = []

    def wait() -> None:
        with node.client(secret) as client:
            waited.append(client.get("/v1/actions", params={"wait": 60}).status_code)

    poller = threading.Thread(target=wait)
    poller.start()
    eventually(lambda: len(sender.acknowledged) > 50)
    assert node.end() == 0
    poller.join(30)
    assert waited == [200]
    assert sender.lost(node.folder) == []
    assert "stopping" in node.said and "stopped" in node.said


def test_a_folder_belongs_to_one_node_at_a_time(serve: Serve, secret: str) -> None:
    node = serve("--port", "0")
    second = serve("--port", "0")
    assert second.process.wait(60) == 2
    assert "another node is running on this folder" in second.said
    with node.client(secret) as client:
        assert client.get("/v1/policy").status_code == 200


def test_a_policy_file_is_read_again_on_sighup(serve: Serve, secret: str, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    (folder / "node.toml").write_text('policy = "ours.toml"\n')
    file = folder / "ours.toml"
    file.write_text('extends = "default"\nname = "ours"\nversion = "1"\n')
    node = serve("--port", "0")
    assert "policy ours 1" in node.said
    with node.client(secret) as client:
        file.write_text('extends = "default"\nname = "ours"\nversion = "2"\n')
        node.process.send_signal(signal.SIGHUP)
        eventually(lambda: 'version = "2"' in client.get("/v1/policy").text)
        file.write_text('extends = "default"\nname = "ours"\nversion = 3\n[[rule]]\nname = "A B"\n')
        node.process.send_signal(signal.SIGHUP)
        eventually(lambda: node.said.count("level=error") >= 2)
        assert 'version = "2"' in client.get("/v1/policy").text
    assert "policy:3:" in node.said and "policy:5:" in node.said


def test_a_full_disk_is_survived_by_the_process(serve: Serve, secret: str) -> None:
    """The process may write no file beyond a size; events are refused until it may again."""
    node = serve("--port", "0")
    with node.client(secret) as client:

        def post(number: int) -> int:
            body = lines(event(f"@rlimit{number}-{i}:test", device=f"d{i}") for i in range(200))
            return client.post("/v1/events", content=body).status_code

        assert post(0) == 200
        before = resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE, (16_384, before[1]))
        eventually(lambda: post(1) == 503)
        assert client.get("/healthz").status_code == 503
        resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE, before)
        eventually(lambda: post(2) == 200)
        assert client.get("/healthz").status_code == 200
    assert node.end() == 0


def test_a_folder_others_can_read_is_refused(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o755)
    node = serve(name="open")
    assert node.process.wait(60) == 2
    assert "chmod 700" in node.said
