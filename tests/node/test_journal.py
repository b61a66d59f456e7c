"""The journal keeps what it acknowledged, notices damage, and names it."""

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tidegate.events.columns import EVENT, EventType
from tidegate.node.journal import FILE, Journal, PolicyKept, policy_mark
from tidegate.node.requests import StorageError


def events(count: int, first: int = 0) -> NDArray[Any]:
    made = np.zeros(count, EVENT)
    made["time"] = 1.7e9 + first + np.arange(count)
    made["type"] = int(EventType.MESSAGE)
    made["actor"] = 1 + first + np.arange(count)
    made["target"] = 7
    made["id"] = 1 + first + np.arange(count)
    return made


def filled(folder: Path, sizes: tuple[int, ...] = (1, 100, 3)) -> Journal:
    journal = Journal(folder)
    for size in sizes:
        journal.append(events(size, journal.end), 1.7e9)
    return journal


def everything(journal: Journal, start: int = 0) -> NDArray[Any]:
    return np.concatenate([stretch.events for stretch in journal.read(start)])


def test_what_was_appended_is_read_back_after_reopening(tmp_path: Path) -> None:
    journal = filled(tmp_path)
    end, digest = journal.end, journal.digest
    journal.close()
    again = Journal(tmp_path)
    assert (again.end, again.digest) == (end, digest)
    assert everything(again).tobytes() == events(104).tobytes()


@pytest.mark.parametrize("start", [0, 1, 50, 101, 103])
def test_reading_begins_at_any_event(tmp_path: Path, start: int) -> None:
    journal = filled(tmp_path)
    assert next(journal.read(start)).first == start
    assert everything(journal, start).tobytes() == events(104)[start:].tobytes()


def test_a_source_is_remembered_with_the_events_it_brought(tmp_path: Path) -> None:
    journal = filled(tmp_path)
    journal.append(events(2, journal.end), 1.7e9, {"synapse": 17})
    journal.close()
    assert Journal(tmp_path).sources == {"synapse": 17}


def damage(folder: Path, first: int) -> None:
    """Change one byte of a batch, as a failing disk would."""
    db = sqlite3.connect(folder / FILE)
    (blob,) = db.execute("select events from batch where first = ?", (first,)).fetchone()
    changed = bytearray(blob)
    changed[len(changed) // 2] ^= 1
    db.execute("update batch set events = ? where first = ?", (bytes(changed), first))
    db.commit()
    db.close()


@pytest.mark.parametrize(("first", "count"), [(0, 1), (1, 100), (101, 3)])
def test_a_damaged_batch_is_named_and_the_others_are_read(tmp_path: Path, first: int, count: int) -> None:
    journal = filled(tmp_path)
    damage(tmp_path, first)
    found = list(journal.read(0))
    broken = [stretch for stretch in found if stretch.damaged]
    assert [(stretch.first, stretch.count) for stretch in broken] == [(first, count)]
    assert f"events {first} to {first + count - 1}" in broken[0].damaged
    assert sum(len(stretch.events) for stretch in found) == 104 - count


def test_a_batch_that_was_taken_out_is_noticed(tmp_path: Path) -> None:
    journal = filled(tmp_path)
    db = sqlite3.connect(tmp_path / FILE)
    db.execute("delete from batch where first = 1")
    db.commit()
    gone = [stretch for stretch in journal.read(0) if stretch.damaged]
    assert [(stretch.first, stretch.count) for stretch in gone] == [(1, 100)]


def test_an_event_put_in_by_somebody_else_breaks_the_chain(tmp_path: Path) -> None:
    journal = filled(tmp_path)
    other_folder = tmp_path / "other"
    other_folder.mkdir()
    other = Journal(other_folder)
    other.append(events(1, 500), 1.7e9)
    other.append(events(100, 1), 1.7e9)
    row = (
        sqlite3.connect(other_folder / FILE)
        .execute("select events, digest from batch where first = 1")
        .fetchone()
    )
    db = sqlite3.connect(tmp_path / FILE)
    db.execute("update batch set events = ?, digest = ? where first = 1", row)
    db.commit()
    assert any(stretch.damaged for stretch in journal.read(0))


def test_pruning_never_takes_what_a_snapshot_does_not_cover(tmp_path: Path) -> None:
    journal = filled(tmp_path)
    assert journal.prune(before=100, older_than_s=2e9) == 1
    assert (journal.begin, journal.end) == (1, 104)
    assert journal.prune(before=104, older_than_s=1.6e9) == 0


def test_the_last_batch_stays_so_that_the_numbering_goes_on(tmp_path: Path) -> None:
    journal = filled(tmp_path)
    journal.prune(before=104, older_than_s=2e9)
    assert Journal(tmp_path).end == 104


def test_an_account_can_be_replaced_up_to_its_erasure_and_the_rest_still_checks(tmp_path: Path) -> None:
    journal = filled(tmp_path)
    erasure = np.zeros(1, EVENT)
    erasure["type"], erasure["actor"] = int(EventType.ERASURE), 7
    journal.append(erasure, 0.0)
    journal.append(events(3), 0.0)
    asked = journal.erasures()
    assert [(one.key, one.before, one.settled) for one in asked] == [(7, 105, False)]
    assert journal.carry_out(asked[0], batches=2) == 105
    assert journal.erasures() == []
    found = list(journal.read(0))
    assert not any(stretch.damaged for stretch in found)
    targets = np.concatenate([stretch.events["target"] for stretch in found])
    assert set(targets[:104].tolist()) == {asked[0].stand_in}
    assert set(targets[105:].tolist()) == {7}
    damage(tmp_path, 1)
    assert [stretch.first for stretch in journal.read(0) if stretch.damaged] == [1]


def test_a_policy_is_found_by_its_mark(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    mark = policy_mark("digest", "model")
    journal.keep_policy(mark, PolicyKept("text", "{}"), "model")
    assert journal.policy(mark) == PolicyKept("text", "{}")
    assert journal.policy(mark ^ 1) is None


def test_a_file_that_is_no_database_is_told_plainly(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"not a database at all" * 1000)
    with pytest.raises(StorageError, match="not a database"):
        Journal(tmp_path)
