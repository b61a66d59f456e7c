"""Lists that a homeserver only shows newest first are read to the end, once, and never without bound."""

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path

from tidegate.messengers.matrix.official.polling import Newest, Pace
from tidegate.messengers.matrix.official.state import State

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
PAGE, PAGES = 10, 3


@dataclass(frozen=True)
class Entry:
    key: str
    time_ms: int


@dataclass
class Shelf:
    """A list as a homeserver keeps it: read by offset, newest first, growing meanwhile."""

    entries: list[Entry] = field(default_factory=list)
    requests: int = 0

    def add(self, count: int, time_ms: int) -> None:
        for _ in range(count):
            self.entries.append(Entry(f"e{len(self.entries)}", time_ms + len(self.entries)))

    async def read(self, start: int, limit: int) -> list[Entry]:
        self.requests += 1
        ordered = sorted(self.entries, key=lambda entry: -entry.time_ms)
        return ordered[start : start + limit]


class Reader:
    """A poll that keeps its place in ``folder``, opened as after a start."""

    def __init__(self, folder: Path) -> None:
        self.state = State(folder)
        self.newest = Newest(self.state, "thing", PAGE, PAGES)

    def round(self, shelf: Shelf) -> list[str]:
        found, complete = asyncio.run(self.newest.unseen(shelf.read, Pace(1e6)))
        with self.state.together():
            self.newest.took(found, complete)
        return [entry.key for entry in found]

    def remembered(self) -> int:
        found: int = self.state.db.execute("SELECT COUNT(*) FROM seen").fetchone()[0]
        return found


def now_ms() -> int:
    return int(time.time() * 1000)


def test_what_happened_before_the_first_start_is_left_alone(tmp_path: Path) -> None:
    shelf = Shelf()
    shelf.add(500, now_ms() - HOUR_MS)
    reader = Reader(tmp_path)
    assert reader.round(shelf) == []
    assert shelf.requests == 1


def test_every_entry_once_oldest_first(tmp_path: Path) -> None:
    shelf, reader = Shelf(), Reader(tmp_path)
    shelf.add(12, now_ms() + MINUTE_MS)
    assert reader.round(shelf) == [f"e{number}" for number in range(12)]
    assert reader.round(shelf) == []
    shelf.add(1, now_ms() + 2 * MINUTE_MS)
    assert reader.round(shelf) == ["e12"]


def test_a_restart_repeats_nothing(tmp_path: Path) -> None:
    shelf, reader = Shelf(), Reader(tmp_path)
    shelf.add(5, now_ms() + MINUTE_MS)
    assert len(reader.round(shelf)) == 5
    reader.state.close()
    shelf.add(1, now_ms() + MINUTE_MS)
    assert Reader(tmp_path).round(shelf) == ["e5"]


def test_what_becomes_visible_late_is_found(tmp_path: Path) -> None:
    shelf, reader = Shelf(), Reader(tmp_path)
    at = now_ms() + MINUTE_MS
    shelf.entries = [Entry("early", at), Entry("late", at + 5000)]
    assert reader.round(shelf) == ["early", "late"]
    shelf.entries.append(Entry("between", at + 1000))
    assert reader.round(shelf) == ["between"]


def test_a_flood_is_read_in_several_rounds_of_bounded_length_without_a_gap(tmp_path: Path) -> None:
    shelf, reader = Shelf(), Reader(tmp_path)
    shelf.add(95, now_ms() + MINUTE_MS)
    found: list[str] = []
    for _ in range(6):
        before = shelf.requests
        found += reader.round(shelf)
        assert shelf.requests - before <= PAGES
        shelf.add(4, now_ms() + 2 * MINUTE_MS)  # more come while it is being read
    assert len(found) == len(set(found)), "none twice"
    for _ in range(10):
        found += reader.round(shelf)
    assert len(found) == len(set(found))
    assert set(found) == {entry.key for entry in shelf.entries}


def test_what_is_remembered_does_not_grow_for_ever(tmp_path: Path) -> None:
    shelf, reader = Shelf(), Reader(tmp_path)
    for hour in range(1, 6):
        shelf.add(8, now_ms() + hour * HOUR_MS)
        assert len(reader.round(shelf)) == 8
    assert reader.remembered() <= 16
