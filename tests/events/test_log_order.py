import json
from pathlib import Path

import numpy as np
import pytest
from event_logs import NOW_S, Read
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.events import duplicates as duplicates_module
from tidegate.events.assemble import EVENT
from tidegate.events.blocks import Block, whole_lines
from tidegate.events.duplicates import Duplicates
from tidegate.events.intake import Batch
from tidegate.events.log import open_log
from tidegate.events.names import TextNames
from tidegate.events.pseudonym import Pseudonyms
from tidegate.events.reorder import CHUNK_ROWS, Reorder
from tidegate.events.source import Source

START_S = 1_740_000_000


def lines(times_s: list[float]) -> str:
    """One message at each time, from an account named after its line to the one after."""
    rows = [
        {"time": START_S + t, "type": "message", "actor": f"a{i}", "target": f"a{i + 1}"}
        for i, t in enumerate(times_s)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_an_unsorted_log_comes_out_in_the_order_of_time_with_the_right_names(read: Read) -> None:
    times_s = [0, 100, 50, 3_000, 10, 10, 2_999]
    result = read(lines(times_s))
    order = sorted(range(len(times_s)), key=lambda i: times_s[i])
    assert (result.events["time"] - START_S).tolist() == sorted(times_s)
    assert result.actors == [f"a{i}" for i in order]
    assert result.targets == [f"a{i + 1}" for i in order]
    assert result.events["actor"].tolist() == [Pseudonyms().one(name) for name in result.actors]
    assert result.summary.late == 0


def test_an_event_beyond_the_window_is_passed_on_counted_and_said(read: Read) -> None:
    result = read(lines([0, 10_000, 6_399, 6_401, 20_000, 16_399]), sort_window_s=3600)
    assert result.actors == ["a0", "a2", "a3", "a1", "a5", "a4"]
    assert result.summary.late == 2
    assert any("2 events came farther out of order than 3,600 s" in note for note in result.summary.notes)
    assert read(lines([0, 10_000, 6_399])).summary.late == 0


def test_files_out_of_order_are_one_log_in_order(read: Read) -> None:
    result = read(lines([100, 300]), lines([0, 200]))
    assert (result.events["time"] - START_S).tolist() == [0, 100, 200, 300]


def batch(times_s: list[float], first: int = 0) -> Batch:
    """Events at these times, numbered from ``first`` in their size."""
    events = np.zeros(len(times_s), EVENT)
    events["time"] = times_s
    events["size"] = first + np.arange(len(times_s))
    exceptions = {i: (f"{t}", f"{first + i}") for i, t in enumerate(times_s)}
    return Batch(events, np.arange(len(times_s)), TextNames.gather(None, None, exceptions))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 50), min_size=1, max_size=8), max_size=12),
    st.sampled_from([None, 0.0, 5.0, 20.0]),
    st.integers(1, 40),
)
def test_reordering_loses_nothing_keeps_names_and_sorts_whatever_is_within_the_bound(
    batches: list[list[int]], window_s: float | None, held_rows: int
) -> None:
    reorder = Reorder(window_s, held_rows)
    given_s = [float(t) for times_s in batches for t in times_s]
    chunks, first = [], 0
    for times_s in batches:
        chunks += reorder.push(batch(given_s[first : first + len(times_s)], first))
        first += len(times_s)
    chunks += reorder.flush()
    times_s = [t for chunk in chunks for t in chunk.events["time"].tolist()]
    assert sorted(times_s) == sorted(given_s)
    for chunk in chunks:
        rows = np.arange(len(chunk.events))
        assert chunk.names(rows, "actor") == [str(t) for t in chunk.events["time"].tolist()]
        assert chunk.names(rows[::-1], "target") == [str(n) for n in chunk.events["size"][::-1].tolist()]
    if reorder.late == 0:
        numbers = [n for chunk in chunks for n in chunk.events["size"].tolist()]
        assert numbers == sorted(range(len(given_s)), key=lambda n: given_s[n])
    if len(given_s) <= held_rows and window_s is None:
        assert reorder.late == 0
    if len(given_s) <= held_rows and window_s is not None:
        latest_s = np.maximum.accumulate([-np.inf, *given_s])[:-1]
        assert reorder.late == np.count_nonzero(np.array(given_s) < latest_s - window_s)


def test_a_full_buffer_passes_the_oldest_on_in_chunks_of_bounded_size() -> None:
    reorder = Reorder(None, held_rows=10)
    chunks = list(reorder.push(batch([float(t) for t in range(3 * CHUNK_ROWS)])))
    assert sum(len(chunk.events) for chunk in chunks) == 3 * CHUNK_ROWS - 10
    assert max(len(chunk.events) for chunk in chunks) == CHUNK_ROWS
    assert [len(chunk.events) for chunk in reorder.push(batch([5.0]))] == [1]
    assert reorder.late == 1
    assert [len(chunk.events) for chunk in reorder.flush()] == [10]


def test_the_same_id_twice_counts_once(read: Read) -> None:
    row = {"type": "message", "actor": "a", "target": "b"}
    ids = ["x", "y", "x", None, None, "z", "y", 7, "7"]
    rows = [row | {"time": START_S + i, "id": name} for i, name in enumerate(ids)]
    result = read("".join(json.dumps(row) + "\n" for row in rows))
    assert (result.events["time"] - START_S).tolist() == [0, 1, 3, 4, 5, 7]
    assert (result.summary.duplicates, result.summary.events, result.summary.rows) == (3, 6, 9)
    assert any("3 events repeated an id" in note for note in result.summary.notes)


def test_an_id_is_remembered_for_as_long_as_stated_in_bounded_memory() -> None:
    remembered = duplicates_module.REMEMBERED_IDS
    memory = Duplicates()
    ids = np.arange(1, 3 * remembered, dtype=np.uint64) * np.uint64(0x9E37_79B9_7F4A_7C15)
    assert memory.first_times(ids) is None
    again = memory.first_times(ids[-remembered:])
    assert again is not None and not again.any()
    assert memory.first_times(ids[:10]) is None
    assert memory.count == remembered


def test_a_log_can_be_iterated_again_with_the_same_events_and_left_midway(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(lines([float(t % 1000) for t in range(50_000)]))
    log = open_log([path], pseudonyms=Pseudonyms(), now_s=NOW_S, sort_window_s=10.0)
    next(iter(log))
    first = np.concatenate([chunk.events for chunk in log])
    first_late = log.summary.late
    assert np.array_equal(first, np.concatenate([chunk.events for chunk in log]))
    assert log.summary.late == first_late > 0
    assert log.summary.events == 50_000


@pytest.mark.parametrize("block_bytes", [70_000, 1 << 20])
def test_blocks_are_whole_lines_wherever_the_file_is_cut(tmp_path: Path, block_bytes: int) -> None:
    text = "".join(f"{i}{'x' * (i * 37 % 9000)}\n" for i in range(300)) + "last"
    path = tmp_path / "log"
    path.write_text(text)
    with Source.at(path).open() as stream:
        blocks = [
            block.data[: block.end].tobytes()
            for block in whole_lines(stream, block_bytes)
            if isinstance(block, Block)
        ]
    assert b"".join(blocks).decode() == text + "\n"
    assert all(block.endswith(b"\n") for block in blocks)
