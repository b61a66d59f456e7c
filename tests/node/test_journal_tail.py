"""Another process follows the journal from some time of the log on, and misses nothing that comes after."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tidegate.events.columns import EVENT, EventType
from tidegate.node.journal import Journal
from tidegate.node.journal_tail import PIECE, JournalTail

LOG_S = 1_600_000_000.0
"""When the log was written; the node took it in years later."""
NODE_S = 1_767_225_600.0
HOUR_S = 3_600.0


def traffic(times: NDArray[np.float64]) -> NDArray[np.void]:
    events = np.zeros(len(times), EVENT)
    events["time"], events["type"], events["actor"] = times, EventType.MESSAGE, 1 + np.arange(len(times))
    return events


def own(kind: EventType, count: int = 1) -> NDArray[np.void]:
    events = np.zeros(count, EVENT)
    events["time"], events["type"], events["actor"] = NODE_S, kind, 5
    return events


def journal_of(folder: Path, hours: int = 200) -> Journal:
    """An event a minute, an hour a batch, and now and then something of the node's own."""
    journal = Journal(folder)
    for hour in range(hours):
        journal.append(traffic(LOG_S + HOUR_S * hour + 60.0 * np.arange(60)), NODE_S)
        if hour % 7 == 0:
            journal.append(own(EventType.TICK), NODE_S)
    journal.append(own(EventType.TICK, 20), NODE_S)
    return journal


def all_of(tail: JournalTail) -> NDArray[np.void]:
    pieces = []
    while True:
        events, at_end = tail.read()
        pieces.append(events)
        if at_end:
            return np.concatenate(pieces)


@pytest.mark.parametrize("window_h", [0.5, 24.0, 199.0, 10_000.0])
def test_it_begins_with_the_window_of_the_logs_own_time(tmp_path: Path, window_h: float) -> None:
    journal = journal_of(tmp_path)
    events = all_of(JournalTail(tmp_path, window_h * HOUR_S))
    sent = events[events["type"] == EventType.MESSAGE]["time"]
    last_s = LOG_S + 199 * HOUR_S + 59 * 60.0
    assert sent[-1] == last_s
    expected = max(last_s - window_h * HOUR_S, LOG_S)
    assert expected - HOUR_S < sent[0] <= expected, "no more than a batch before it"
    assert (np.diff(sent) == 60.0).all()
    journal.close()


def test_it_goes_on_where_it_was_and_reads_in_pieces(tmp_path: Path) -> None:
    journal = journal_of(tmp_path, hours=3)
    tail = JournalTail(tmp_path, 1e9)
    assert len(all_of(tail)) == journal.end
    events, at_end = tail.read()
    assert at_end and len(events) == 0
    journal.append(traffic(LOG_S + 4 * HOUR_S + np.arange(PIECE // 2)), NODE_S)
    journal.append(traffic(LOG_S + 9 * HOUR_S + np.arange(PIECE)), NODE_S)
    journal.append(own(EventType.ERASURE), NODE_S)
    first, at_end = tail.read()
    assert not at_end and len(first) == PIECE // 2 + PIECE, "whole batches"
    second, at_end = tail.read()
    assert at_end and second["type"].tolist() == [EventType.ERASURE]
    journal.close()


def test_what_was_pruned_meanwhile_is_left_out(tmp_path: Path) -> None:
    journal = journal_of(tmp_path, hours=10)
    tail = JournalTail(tmp_path, 1e9)
    while journal.prune(300, NODE_S + 1.0):
        pass
    assert journal.begin > 200
    assert len(all_of(tail)) == journal.end - journal.begin
    journal.close()


def test_a_journal_without_a_messengers_events_is_followed_too(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    assert len(all_of(JournalTail(tmp_path, HOUR_S))) == 0
    journal.append(own(EventType.TICK, 3), NODE_S)
    assert len(all_of(JournalTail(tmp_path, HOUR_S))) <= 3
    journal.close()


def test_no_read_stays_open_that_would_keep_the_log_ahead_from_being_carried_over(tmp_path: Path) -> None:
    journal = journal_of(tmp_path)
    tail = JournalTail(tmp_path, HOUR_S)
    tail.read()
    journal.overwrite_log()
    assert (tmp_path / "journal.sqlite-wal").stat().st_size == 0
    journal.close()
    tail.close()
