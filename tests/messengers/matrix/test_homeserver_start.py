"""A throw-away homeserver: answers, keeps to this machine, says why it cannot start, ends with its starter."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tidegate.messengers.matrix.homeserver import (
    VENV_VARIABLE,
    Homeserver,
    HomeserverError,
    SynapseMissingError,
    find_synapse,
)
from tidegate.messengers.matrix.homeserver_config import HomeserverSettings, ModuleSettings
from tidegate.messengers.matrix.postgres import PostgresCluster, PostgresMissingError

STOP_S = 20.0


def test_each_release_answers_on_loopback_alone_and_is_gone_afterwards(every_synapse: Path) -> None:
    with Homeserver(python=every_synapse) as running:
        assert running.request("GET", "/_matrix/client/versions").status == 200
        assert running.admin("GET", "/v1/server_version")["server_version"]
        assert "synapse_util_metrics_block" in running.metrics()
        port = int(running.base_url.rpartition(":")[2])
        assert addresses_listening_on(port) == {"127.0.0.1"}
        folder = running.folder
    assert not listens(port) and not folder.exists()


def test_accounts_outlast_a_restart(synapse: Path) -> None:
    with Homeserver(python=synapse) as running:
        token = running.register_by_secret("ann", "a-password-of-ann")["access_token"]
        running.stop()
        running.start()
        answer = running.request("GET", "/_matrix/client/v3/account/whoami", token=token)
        assert answer.body["user_id"] == running.user_id("ann")


def test_it_runs_on_postgresql(synapse: Path) -> None:
    try:
        cluster = PostgresCluster()
    except PostgresMissingError as missing:
        pytest.skip(str(missing))
    with cluster, Homeserver(HomeserverSettings(postgres=cluster.connection), synapse) as running:
        running.register_by_secret("ann", "a-password-of-ann")
        assert not running.database.exists()
        assert b"@ann:tide.test" in cluster.dump()
    assert not cluster.folder.exists()


def test_a_homeserver_that_cannot_start_says_why(synapse: Path) -> None:
    settings = HomeserverSettings(modules=(ModuleSettings("no_such_module.Guard"),))
    with pytest.raises(HomeserverError, match="no_such_module"), Homeserver(settings, synapse):
        pass


def test_a_missing_synapse_is_told_with_the_way_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(VENV_VARIABLE, str(tmp_path))
    with pytest.raises(SynapseMissingError, match="make synapse"):
        find_synapse()


def test_it_ends_when_its_starter_is_killed(synapse: Path, tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from tidegate.messengers.matrix.homeserver import Homeserver; "
        "running = Homeserver(python=Path(sys.argv[1]), folder=Path(sys.argv[2])); running.start(); "
        "print(running.base_url.rpartition(':')[2], flush=True); time.sleep(600)"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", program, str(synapse), str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert starter.stdout is not None
        port = int(starter.stdout.readline())
        assert listens(port)
    finally:
        os.kill(starter.pid, signal.SIGKILL)
        starter.communicate()
    until = time.monotonic() + STOP_S
    while listens(port):
        assert time.monotonic() < until, "Synapse goes on without its starter"
        time.sleep(0.1)


def listens(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


def addresses_listening_on(port: int) -> set[str]:
    """Local addresses with a listening TCP socket on ``port``, from Linux's tables."""
    found = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        local, state = line.split()[1], line.split()[3]
        address, _, hexadecimal_port = local.partition(":")
        if state == "0A" and int(hexadecimal_port, 16) == port:
            found.add(socket.inet_ntoa(bytes.fromhex(address)[::-1]))
    # An IPv6 socket that listens everywhere would show here.
    tables = Path("/proc/net/tcp6")
    rows = tables.read_text().splitlines()[1:] if tables.exists() else []
    return found | {
        "IPv6" for line in rows if line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"
    }
