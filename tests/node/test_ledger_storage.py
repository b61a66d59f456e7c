"""When the disk fails a ledger, it says so in plain words, changes nothing, and goes on when the disk does."""

import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ledger_cases import NOW, Mode, StorageError, decided, ledger_in

from tidegate.node.database import APPLICATION_ID, damage_in, opened, storage_errors, transaction
from tidegate.node.ledger_file import FILE

SCHEMA = "create table if not exists thing (value)"


def mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"needs the right to mount: {done.stderr.strip()}")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount("-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder))
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A folder on which a file system is mounted that nobody may write to, root included; it holds a ledger."""
    origin, folder = tmp_path / "origin", tmp_path / "read-only"
    origin.mkdir()
    folder.mkdir()
    ledger = ledger_in(origin)
    ledger.commit([decided("@ann:x", "lock")], 1)
    ledger.close()
    mount("--bind", str(origin), str(folder))
    mount("-o", "remount,bind,ro", str(folder))
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


# -- disk full ---------------------------------------------------------------------------------------------------------


def test_a_full_disk_loses_nothing_and_is_over_when_there_is_space_again(small_disk: Path) -> None:
    ledger = ledger_in(small_disk, Mode.SHADOW)
    committed = []
    batch = 0
    with pytest.raises(StorageError, match=r"ledger\.sqlite: the disk is full"):
        while True:
            batch += 1
            made = [decided(f"@u{batch}-{i}:x", "lock") for i in range(100)]
            ledger.commit(made, batch)
            committed += made
    assert len(committed) >= 100
    with pytest.raises(StorageError, match="disk is full"):
        ledger.commit(made, batch)
    assert ledger.committed_through == batch - 1
    assert [recorded.decision for recorded in ledger.decisions_after(0, 100_000)] == committed, (
        "reading goes on"
    )

    mount("-o", "remount,size=16m", str(small_disk))
    ledger.commit(made, batch)
    assert [recorded.decision for recorded in ledger.decisions_after(0, 100_000)] == committed + made
    ledger.close()
    assert damage_in(ledger.path) == []


def test_a_full_disk_from_the_start_is_told(small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(bytes((2 << 20) - 8_192))
    with pytest.raises(StorageError, match="disk is full"):
        ledger_in(small_disk)


LIMITED = """
import resource, sys
from pathlib import Path
from ledger_cases import Mode, StorageError, decided, ledger_in
folder = Path(sys.argv[1])
ledger = ledger_in(folder, Mode.SHADOW)
ledger.commit([decided("@ann:x", "lock")], 1)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
batch, committed = 1, 1
try:
    while batch < 1_000:
        batch += 1
        ledger.commit([decided(f"@u{batch}-{i}:x", "lock") for i in range(100)], batch)
        committed += 100
except StorageError as error:
    print(committed, error)
assert ledger.committed_through == batch - 1
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
ledger.commit([decided(f"@u{batch}-{i}:x", "lock") for i in range(100)], batch)
print(len(ledger.decisions_after(0, 100_000)))
"""


def test_a_quota_loses_nothing_and_is_over_when_it_is_lifted(tmp_path: Path) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path), str(1 << 20)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
    )
    assert done.returncode == 0, done.stderr
    said, after = done.stdout.splitlines()
    assert "reading or writing failed" in said or "disk is full" in said
    assert "ledger.sqlite" in said
    assert int(after) == int(said.split()[0]) + 100
    assert damage_in(tmp_path / FILE) == []


# -- read-only ---------------------------------------------------------------------------------------------------------


def test_a_folder_that_cannot_be_written_to_is_told(read_only: Path) -> None:
    with pytest.raises(StorageError, match=r"ledger\.sqlite: the file or its folder cannot be written to"):
        ledger_in(read_only)


def test_a_folder_without_a_ledger_that_cannot_be_written_to_is_told(read_only: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot be written to\. Check its owner"):
        opened(read_only / "other.sqlite", SCHEMA)


def test_a_folder_that_does_not_exist_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"a\.sqlite: the folder .*nowhere does not exist"):
        opened(tmp_path / "nowhere" / "a.sqlite", SCHEMA)


# -- not what it should be ---------------------------------------------------------------------------------------------


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("2026-03-14 the ledger of the chess club\n" * 200)
    with pytest.raises(StorageError, match=r"ledger\.sqlite: not a database. Move the file away"):
        ledger_in(tmp_path)


def test_a_folder_in_the_files_place_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(StorageError, match=r"ledger\.sqlite: the file cannot be opened: it is not a file"):
        ledger_in(tmp_path)


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / FILE) as db:
        db.execute("create table moves (move)")
    db.close()
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(StorageError, match="a database of another program"):
        ledger_in(tmp_path)
    assert (tmp_path / FILE).read_bytes() == before


def test_a_newer_versions_file_is_refused(tmp_path: Path) -> None:
    opened(tmp_path / "a.sqlite", SCHEMA, version=2).close()
    with pytest.raises(
        StorageError, match=r"written by a newer version of Tidegate \(schema 2; this one knows 1\)"
    ):
        opened(tmp_path / "a.sqlite", SCHEMA)


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path, Mode.SHADOW)
    ledger.commit([decided(f"@u{i}:x", "lock") for i in range(2_000)], 1)
    ledger.close()
    with ledger.path.open("r+b") as file:
        file.seek(4_096 * 20)
        file.write(b"\xff" * 4_096 * 40)
    with pytest.raises(StorageError, match=r"the file is damaged\. Put back a copy"):
        ledger_in(tmp_path)
    assert damage_in(ledger.path) != []


def test_a_file_that_is_missing_when_only_reading_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="there is no such file"):
        opened(tmp_path / "none.sqlite", SCHEMA, read_only=True)


# -- others at work ----------------------------------------------------------------------------------------------------

HOLD = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("begin immediate")
print("held", flush=True)
sys.stdin.read()
"""


def test_a_file_that_another_process_holds_is_told_and_waited_for(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    ledger.commit([decided("@ann:x", "lock")], 1)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(ledger.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(
            StorageError, match=r"locked by another process for more than 5 s\. Is another node running"
        ):
            ledger.commit([decided("@bob:x", "lock")], 2)
        assert len(ledger.decisions_after(0)) == 1, "reading goes on"
        other.communicate("")
    ledger.commit([decided("@bob:x", "lock")], 2)
    assert len(ledger.decisions_after(0)) == 2


def test_files_are_their_owners_alone_and_known_by_their_mark(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    ledger.commit([decided("@ann:x", "lock")], 1)
    files = list(tmp_path.glob(f"{FILE}*"))
    assert len(files) == 3, "with its write-ahead log and shared memory"
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    with sqlite3.connect(ledger.path) as db:
        assert db.execute("pragma application_id").fetchone()[0] == APPLICATION_ID
    db.close()


def test_commits_are_synced_to_the_disk(tmp_path: Path) -> None:
    db = opened(tmp_path / "a.sqlite", SCHEMA)
    assert db.execute("pragma synchronous").fetchone()[0] == 2
    assert db.execute("pragma journal_mode").fetchone()[0] == "wal"
    db.close()


def test_a_failed_transaction_leaves_nothing_behind(tmp_path: Path) -> None:
    db = opened(tmp_path / "a.sqlite", SCHEMA)
    with pytest.raises(ZeroDivisionError), transaction(db):
        db.execute("insert into thing values (1)")
        raise ZeroDivisionError
    with transaction(db):
        db.execute("insert into thing values (2)")
    assert db.execute("select value from thing").fetchall() == [(2,)]
    db.close()


def test_faults_of_ours_are_not_taken_for_the_disks(tmp_path: Path) -> None:
    db = opened(tmp_path / "a.sqlite", SCHEMA)
    with (
        pytest.raises(sqlite3.OperationalError, match="no such table"),
        storage_errors(tmp_path / "a.sqlite"),
    ):
        db.execute("select * from absent")
    db.close()


def test_a_copy_of_the_folder_is_a_ledger(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    ledger = ledger_in(tmp_path / "a")
    made = decided("@ann:x", "lock", NOW)
    ledger.commit([made], 1)
    ledger.close()
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    assert ledger_in(tmp_path / "b").history(made.pseudonym) == [made]
