"""When disk, clock, files or the machine fail a node, it says what is wrong, loses nothing, and goes on when it can."""

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import httpx
import numpy as np
import pytest

from tidegate.cli.bench.kill_clients import Source
from tidegate.cli.bench.kill_traffic import Conversation
from tidegate.engine.rungs import Rung
from tidegate.node.api.tokens import Scope, add_token
from tidegate.node.database import damage_in
from tidegate.node.journal import FILE as JOURNAL
from tidegate.node.journal import Journal
from tidegate.node.node import Node
from tidegate.node.requests import Delivery, Finding, PolicyChange, Receipt, Ruling, StorageError, Tick
from tidegate.node.settings import Enforcement, Mode, NodeSettings
from tidegate.node.snapshots import snapshots_in

NOW_S = 1_767_225_600.0
DAY_S = 86_400.0
BOUND_S = 60.0
"""How long a test waits for something that must happen."""
PAUSE_S = 1.5
ENFORCE = NodeSettings(enforcement=Enforcement(mode=Mode.ENFORCE))


class HandClock:
    """A wall clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = NOW_S

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def line(actor: str, number: int, **more: object) -> bytes:
    event = {"time": NOW_S - 100 + number, "type": "message", "actor": actor, "target": f"t{number}"}
    return json.dumps(event | more).encode() + b"\n"


def burst(actor: str, count: int = 60) -> bytes:
    """A sign-up, then first messages to many strangers within a minute: what no rule lets pass."""
    made = [line(actor, i, target=f"{actor}-{i}", id=f"{actor}-{i}", size=120) for i in range(count)]
    return line(actor, -1, type="register", target=None, ip="203.0.113.7", device="d1") + b"".join(made)


def taken(node: Node, body: bytes, source: str = "", first: int = 0) -> Receipt:
    answer = node.take([Delivery(body, source, first)])[0]
    assert isinstance(answer, Receipt)
    return answer


def eventually(what: Callable[[], Any]) -> Any:
    """The first true value of ``what()``; fails when there is none in time."""
    end_s = time.monotonic() + BOUND_S
    while time.monotonic() < end_s:
        with contextlib.suppress(httpx.TransportError):
            if found := what():
                return found
        time.sleep(0.05)
    raise AssertionError(f"nothing came of it within {BOUND_S:.0f} s")


class ServedNode:
    """``tidegate serve`` as a process; ``under``: what runs before it in a mount namespace of its own."""

    def __init__(self, folder: Path, under: str = "") -> None:
        self.folder = folder
        command = [
            sys.executable,
            "-m",
            "tidegate.cli.main",
            "serve",
            "--no-desk",
            "--data",
            str(folder),
            "--port",
            "0",
        ]
        if under:
            command = ["unshare", "--mount", "sh", "-c", f'{under} && exec "$@"', "sh", *command]
        self._said = folder.with_name(f"{folder.name}-{time.monotonic_ns()}.log")
        with self._said.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)

    @property
    def seen(self) -> Path:
        """The folder as the node sees it."""
        return Path(f"/proc/{self.process.pid}/root{self.folder}")

    @property
    def said(self) -> str:
        return " ".join(self._said.read_text().split())

    @contextlib.contextmanager
    def client(self, token: str) -> Iterator[httpx.Client]:
        """Waits for the first answer."""
        transport = httpx.HTTPTransport(uds=str(self.seen / "node.sock"))
        headers = {"authorization": f"Bearer {token}"}
        with httpx.Client(
            transport=transport, base_url="http://node", headers=headers, timeout=BOUND_S
        ) as client:
            eventually(lambda: self.process.poll() is not None or client.get("/healthz"))
            assert self.process.poll() is None, self.said
            yield client

    def refused(self) -> str:
        """What it said when it did not start."""
        assert self.process.wait(BOUND_S) not in (0, 1), self.said  # 1: a fault
        return self.said

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()


def needs_mounts() -> None:
    """Skips without the right to mount in a namespace of one's own."""
    if shutil.which("unshare") is None:
        pytest.skip("needs `unshare` (util-linux)")
    tried = subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, text=True
    )
    if tried.returncode != 0:
        pytest.skip(f"needs the right to mount: {tried.stderr.strip()}")


def made_folder(parent: Path, settings: str = "") -> tuple[Path, str]:
    """A node's folder, and a token for everything."""
    folder = parent / "node"
    folder.mkdir(mode=0o700)
    (folder / "node.toml").write_text(settings)
    return folder, add_token(folder, "test", list(Scope), time.time())


def fill(file: Path) -> None:
    """Take every byte that is left on the disk."""
    with file.open("ab", buffering=0) as ballast:
        for size in (1 << 20, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while True:
                    ballast.write(bytes(size))


# -- the disk is full ----------------------------------------------------------------------------------------------------


def test_a_full_disk_refuses_with_503_and_is_over_by_itself_when_there_is_room(tmp_path: Path) -> None:
    needs_mounts()
    folder, token = made_folder(tmp_path)
    kept = tmp_path / "kept"
    shutil.copytree(folder, kept)
    disk = f"mount -t tmpfs -o size=12m,mode=700 tmpfs {folder} && cp -a {kept}/. {folder}/"

    def batch(number: int) -> bytes:
        return b"".join(
            line(f"a{number}", i, id=f"{number}-{i}", device=os.urandom(16).hex()) for i in range(200)
        )

    with ServedNode(folder, disk) as node, node.client(token) as client:
        assert client.post("/v1/events", content=batch(0)).json()["accepted"] == 200
        fill(node.seen / "ballast")
        number = 1
        while (answer := client.post("/v1/events", content=batch(number))).status_code == 200:
            number += 1  # until what SQLite had set aside is used up
        body = batch(number)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert answer.json()["error"]["code"] == "storage_failing"
        assert "the disk is full. Free some space; the node goes on by itself" in answer.text
        failing = client.get("/healthz")
        assert failing.status_code == 503
        assert "the disk is full" in failing.text
        assert client.post("/v1/events", content=body).status_code == 503

        (node.seen / "ballast").unlink()
        again = client.post("/v1/events", content=body).json()
        assert (again["accepted"], again["duplicates"]) == (200, 0)
        assert again["sequence"] == 1 + 200 * (number + 1)  # and the policy
        assert eventually(lambda: client.get("/healthz").json()["status"] == "ok")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if done.returncode != 0:
        pytest.skip(f"needs the right to mount: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_events_refused_together_with_a_policy_on_a_full_disk_do_not_count_as_known(
    small_disk: Path, clock: HandClock
) -> None:
    """A large policy is stored before the events of its batch; they must not be taken for duplicates afterwards."""
    node = Node.open(small_disk / "node", ENFORCE, clock)
    text = 'extends = "default"\nname = "large"\nversion = "2"\n# ' + os.urandom(400_000).hex()
    fill(small_disk / "ballast")
    with pytest.raises(StorageError, match="the disk is full"):
        node.take([Delivery(burst("mallory")), PolicyChange(text), Tick()])
    (small_disk / "ballast").unlink()
    assert taken(node, burst("mallory")).accepted == 61
    node.close()


def test_what_was_refused_on_a_full_disk_is_gone_after_a_restart_and_what_was_taken_is_not(
    small_disk: Path, clock: HandClock
) -> None:
    node = Node.open(small_disk / "node", ENFORCE, clock)
    taken(node, burst("mallory"), "one", 1)
    fill(small_disk / "ballast")
    first, refused = 62, ""
    while not refused:
        try:
            first += taken(
                node, line("ann", first, device=os.urandom(400).hex()) * 100, "one", first
            ).accepted
        except StorageError as error:
            refused = str(error)
    assert "the disk is full" in refused
    digest, end = node.replica.engine.digest(), node.journal.end
    node.close(snapshot=False)
    (small_disk / "ballast").unlink()
    again = Node.open(small_disk / "node", ENFORCE, clock)
    assert (again.replica.engine.digest(), again.journal.end) == (digest, end)
    assert again.journal.sources == {"one": first - 1}
    assert again.drain(10.0)
    assert again.ledger.history(again.pseudonyms.one("mallory"))
    again.close()


# -- the folder cannot be written to -------------------------------------------------------------------------------------


def test_a_read_only_folder_is_refused_with_the_file_and_what_to_look_at(tmp_path: Path) -> None:
    needs_mounts()
    folder, _ = made_folder(tmp_path)
    Node.open(folder).close()
    under = f"mount --bind {folder} {folder} && mount -o remount,bind,ro {folder}"
    with ServedNode(folder, under) as node:
        assert f"{folder}/lock: the folder cannot be written to: Read-only file system" in node.refused()


def test_a_second_node_on_the_folder_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    folder, token = made_folder(tmp_path)
    with ServedNode(folder) as first, first.client(token) as client, ServedNode(folder) as second:
        assert "another node is running on this folder; stop it first" in second.refused()
        assert client.post("/v1/events", content=line("ann", 0)).json()["accepted"] == 1


# -- the machine stands still --------------------------------------------------------------------------------------------


def test_a_node_that_is_paused_under_load_answers_everything_afterwards(tmp_path: Path) -> None:
    folder, token = made_folder(tmp_path)
    with ServedNode(folder) as node, node.client(token) as client:
        sources = [
            Source(
                folder / "node.sock", token, name, Conversation(name, 1, ids=True, lag_s=0.0, place=place), 1
            )
            for place, name in enumerate(("one", "two"))
        ]
        for source in sources:
            source.start()
        eventually(lambda: all(source.acknowledged > 500 for source in sources))
        node.process.send_signal(signal.SIGSTOP)
        time.sleep(PAUSE_S)
        node.process.send_signal(signal.SIGCONT)
        before = [source.acknowledged for source in sources]
        eventually(lambda: all(s.acknowledged > b + 500 for s, b in zip(sources, before, strict=True)))
        assert all(source.finish(BOUND_S) for source in sources)
        assert [source.failed for source in sources] == [None, None]
        assert client.get("/healthz").status_code == 200
        journal = Journal(folder, read_only=True)
        times = np.concatenate([stretch.events["time"] for stretch in journal.read(1)])
        journal.close()
        sent = sorted(event.time_s for source in sources for event in source.sent)
        assert np.allclose(np.sort(times), sent, rtol=0.0, atol=1e-5)


# -- the clock jumps -----------------------------------------------------------------------------------------------------


def test_a_clock_that_goes_back_across_a_restart_is_told_and_refuses_nobody(
    tmp_path: Path, clock: HandClock
) -> None:
    node = Node.open(tmp_path, ENFORCE, clock)
    taken(node, burst("mallory"))
    assert node.drain(10.0)
    rung = node.account("mallory")
    node.close(snapshot=False)
    clock.now_s -= 30 * DAY_S
    again = Node.open(tmp_path, ENFORCE, clock)
    again.take([Tick()])
    assert again.account("mallory") == rung
    assert taken(again, line("ann", 0)).accepted == 1
    assert "the machine's clock lies 2592000 s behind the latest time seen" in again.health()["notes"]
    again.close()


def test_a_clock_that_jumped_ahead_ended_rungs_and_the_node_says_so_when_it_is_put_right(
    tmp_path: Path, clock: HandClock
) -> None:
    node = Node.open(tmp_path, ENFORCE, clock)
    taken(node, line("mallory", 0))
    node.take([Ruling("mallory", Finding.ABUSIVE, "an analyst")])
    clock.now_s += 365 * DAY_S
    node.take([Tick()])
    clock.now_s -= 365 * DAY_S
    node.take([Tick()])
    shown = node.account("mallory")
    assert shown is not None and shown.rung is Rung.ALLOW
    assert "the machine's clock lies 31536000 s behind the latest time seen" in node.health()["notes"]
    assert taken(node, burst("oscar")).accepted == 61
    digest = node.replica.engine.digest()
    node.close(snapshot=False)
    again = Node.open(tmp_path, ENFORCE, clock)
    assert again.replica.engine.digest() == digest
    again.close()


# -- files are damaged or gone -------------------------------------------------------------------------------------------


def filled(folder: Path, clock: HandClock) -> list[int]:
    """A journal of some hundred KiB; where each batch begins."""
    node = Node.open(folder, ENFORCE, clock)
    starts = []
    for number in range(40):
        starts.append(node.journal.end)
        taken(node, b"".join(line(f"a{number}-{i}", i, device=os.urandom(16).hex()) for i in range(100)))
    node.close(snapshot=False)
    db = sqlite3.connect(folder / JOURNAL)
    db.execute("pragma wal_checkpoint(truncate)")
    db.close()
    return starts


def test_damage_in_the_middle_of_a_page_costs_one_batch_which_is_named(
    tmp_path: Path, clock: HandClock
) -> None:
    starts = filled(tmp_path, clock)
    db = sqlite3.connect(tmp_path / JOURNAL)
    blob = db.execute("select events from batch where first = ?", (starts[20],)).fetchone()[0]
    db.close()
    raw = bytearray((tmp_path / JOURNAL).read_bytes())
    middle = raw.find(blob[2_000:2_030])
    assert middle > 0
    raw[middle : middle + 16] = bytes(16)
    (tmp_path / JOURNAL).write_bytes(raw)
    assert damage_in(tmp_path / JOURNAL) == []  # SQLite itself notices nothing
    node = Node.open(tmp_path, ENFORCE, clock)
    lost = f"{JOURNAL}, events {starts[20]} to {starts[21] - 1}: the checksum does not match what was written"
    (note,) = node.health()["notes"]
    assert note == f"{lost}. These 100 events are lost; everything before and after is intact."
    assert node.replica.sequence == node.journal.end
    assert node.account("a19-0") is not None
    assert node.account("a20-0") is None
    assert node.account("a21-0") is not None
    assert taken(node, line("ann", 0)).accepted == 1
    node.close()


def test_damage_to_the_order_of_pages_is_refused_with_what_to_do(tmp_path: Path, clock: HandClock) -> None:
    filled(tmp_path, clock)
    raw = bytearray((tmp_path / JOURNAL).read_bytes())
    page = int.from_bytes(raw[16:18], "big")
    root = (
        sqlite3.connect(tmp_path / JOURNAL)
        .execute("select rootpage from sqlite_master where name = 'batch'")
        .fetchone()[0]
    )
    middle = (root - 1) * page + 8
    raw[middle : middle + 32] = b"\xff" * 32
    (tmp_path / JOURNAL).write_bytes(raw)
    with pytest.raises(
        StorageError, match=r"journal\.sqlite: the file is damaged\. Put back a copy, or move it away"
    ):
        Node.open(tmp_path, ENFORCE, clock)


def test_without_any_sound_snapshot_everything_is_replayed_from_the_journal(
    tmp_path: Path, clock: HandClock
) -> None:
    for name in ("mallory", "oscar"):
        node = Node.open(tmp_path, ENFORCE, clock)
        taken(node, burst(name))
        digest = node.replica.engine.digest()
        node.close()
    names = []
    for path in snapshots_in(tmp_path):
        path.write_bytes(path.read_bytes()[:-100])
        names.append(path.name)
    again = Node.open(tmp_path, ENFORCE, clock)
    assert len(names) == 2
    assert again.recovered.snapshot == ""
    assert again.replica.engine.digest() == digest
    assert all(any(name in note for note in again.health()["notes"]) for name in names)
    again.close()


def test_a_journal_without_its_keys_is_refused_and_works_again_with_them(
    tmp_path: Path, clock: HandClock
) -> None:
    Node.open(tmp_path, ENFORCE, clock).close()
    (tmp_path / "keys").rename(tmp_path / "elsewhere")
    with pytest.raises(
        StorageError, match=r"keys is missing although the folder holds a journal\. Put back the file"
    ):
        Node.open(tmp_path, ENFORCE, clock)
    (tmp_path / "elsewhere").rename(tmp_path / "keys")
    Node.open(tmp_path, ENFORCE, clock).close()
