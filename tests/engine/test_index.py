"""Finding records by key: nothing is lost or mixed up while a table grows, forgets and grows again."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tidegate.engine.index import find, find_or_add, free
from tidegate.engine.table import MAX_LOAD, Table
from tidegate.events.compiled import compiled

RECORD = np.dtype([("key", np.uint64), ("last_s", np.float64)])


@compiled
def add_all(book: Any, index: Any, old_index: Any, records: Any, keys: Any, slots: Any, is_new: Any) -> None:
    for i in range(len(keys)):
        slots[i], is_new[i] = find_or_add(book[0], index, old_index, records, keys[i])


@compiled
def find_all(book: Any, index: Any, old_index: Any, records: Any, keys: Any, slots: Any) -> None:
    for i in range(len(keys)):
        slots[i] = find(book[0], index, old_index, records, keys[i])


@compiled
def free_all(book: Any, index: Any, old_index: Any, records: Any, words: Any, slots: Any) -> None:
    for slot in slots:
        free(book[0], index, old_index, records, words, 2, slot)


class Checked:
    """A table beside a dictionary that says what it should hold."""

    def __init__(self) -> None:
        self.table = Table(RECORD, 16)
        self.expected: dict[int, int] = {}

    def _arrays(self) -> tuple[Any, ...]:
        return self.table.book, self.table.index, self.table.old_index, self.table.records.array

    def add(self, keys: NDArray[np.uint64]) -> None:
        self.table.make_room(len(keys))
        slots, is_new = np.zeros(len(keys), np.int64), np.zeros(len(keys), np.bool_)
        add_all(*self._arrays(), keys, slots, is_new)
        taken = set(self.expected.values())
        for key, slot, new in zip(keys.tolist(), slots.tolist(), is_new.tolist(), strict=True):
            assert new == (key not in self.expected)
            assert new or self.expected[key] == slot
            assert not (new and slot in taken), "two keys share a record"
            self.expected[key] = slot
            taken.add(slot)

    def free(self, keys: NDArray[np.uint64]) -> None:
        slots = np.array([self.expected.pop(key) for key in keys.tolist()], np.int64)
        free_all(*self._arrays(), self.table.records.array.view(np.uint64), slots)

    def check(self) -> None:
        keys = np.array(list(self.expected), np.uint64)
        slots = np.zeros(len(keys), np.int64)
        find_all(*self._arrays(), keys, slots)
        assert slots.tolist() == list(self.expected.values())
        assert self.table.live == len(self.expected)
        strangers = np.random.default_rng(9).integers(1, 2**64, 200, dtype=np.uint64)
        slots = np.zeros(200, np.int64)
        find_all(*self._arrays(), strangers, slots)
        assert slots.tolist() == [self.expected.get(key, -1) for key in strangers.tolist()]
        used = np.count_nonzero(self.table.index)
        assert used <= MAX_LOAD * len(self.table.index), "a full index would be searched for ever"


def keys_of(seed: int, count: int, shape: str) -> NDArray[np.uint64]:
    """Keys at random, or all beginning their search at one place, or all with one tag."""
    keys = np.random.default_rng(seed).integers(1, 2**64, count, dtype=np.uint64)
    if shape == "one place":
        return keys & ~np.uint64(0xFFFF) | np.uint64(7)
    if shape == "one tag":
        return keys & np.uint64(0xFFFFFFFF) | np.uint64(0xABCDEF << 32)
    return keys


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["add", "add again", "free"]),
            st.sampled_from([1, 30, 700, 3000]),
            st.sampled_from(["any", "one place", "one tag"]),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_every_key_keeps_its_record_while_a_table_grows_and_forgets(
    steps: list[tuple[str, int, str]],
) -> None:
    checked = Checked()
    for number, (step, count, shape) in enumerate(steps):
        # A thousand searches from one place are a thousand steps each: keep those few.
        keys = keys_of(number, min(count, 200) if shape == "one place" else count, shape)
        known = np.array(list(checked.expected), np.uint64)
        if step == "add":
            checked.add(keys)
        elif step == "add again":
            checked.add(np.concatenate([known[-count:], keys]))
        else:
            checked.free(known[::2][:count])
        checked.check()


def test_a_forgotten_record_is_used_again_before_a_new_one_is_made() -> None:
    checked = Checked()
    keys = keys_of(1, 100, "any")
    checked.add(keys)
    checked.free(keys[:40])
    checked.add(keys_of(2, 40, "any"))
    assert checked.table.count == 100
    checked.check()


def test_coming_and_going_for_ever_takes_no_more_memory() -> None:
    checked = Checked()
    for round_ in range(60):
        keys = keys_of(round_, 1000, "any")
        checked.add(keys)
        checked.free(keys)
    checked.check()
    assert checked.table.count <= 1000
    assert len(checked.table.index) <= 1 << 13


def test_records_keep_their_content_when_memory_grows() -> None:
    table = Table(RECORD, 16)
    table.make_room(10)
    table.records.array["last_s"][:10] = np.arange(10)
    table.records.grow(1_000_000)
    assert table.records.array["last_s"][:10].tolist() == list(range(10))
    assert not table.records.array["last_s"][10:].any()
