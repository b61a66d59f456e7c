"""Lines reach the node once and in order, whatever happens on the way; what is dropped is the oldest, and counted."""

import module_source  # noqa: F401 -- makes the next import possible
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tidegate_synapse.backlog import Backlog

STEPS = st.lists(st.sampled_from(["line", "sent", "answer lost", "too large"]), max_size=200)


class CountingNode:
    """Keeps the node's promise: a line whose number was taken is not taken twice."""

    def __init__(self) -> None:
        self.highest = 0
        self.taken: list[bytes] = []

    def take(self, first_number: int, lines: tuple[bytes, ...]) -> None:
        for number, line in enumerate(lines, first_number):
            if number > self.highest:
                self.highest = number
                self.taken.append(line)


@given(steps=STEPS, batch=st.integers(1, 7))
def test_every_line_is_taken_once_and_in_order_though_answers_are_lost(steps: list[str], batch: int) -> None:
    backlog, node, written = Backlog(1_000), CountingNode(), 0
    for step in [*steps, *["sent"] * len(steps)]:
        if step == "line":
            written += 1
            backlog.add(b"%d" % written)
            continue
        sending = backlog.take(most_lines=batch)
        if sending is None:
            continue
        if step == "too large":
            backlog.split()
            continue
        node.take(sending.first_number, sending.lines)
        if step == "sent":
            backlog.settled()
    assert node.taken == [b"%d" % number for number in range(1, written + 1)]
    assert len(backlog) == 0 and backlog.dropped == 0


@given(steps=STEPS, limit=st.integers(3, 9))
def test_a_full_backlog_loses_the_oldest_and_says_how_many(steps: list[str], limit: int) -> None:
    backlog, node, written = Backlog(limit), CountingNode(), 0
    for step in [*steps, *["sent"] * len(steps)]:
        if step == "line":
            written += 1
            backlog.add(b"%d" % written)
            assert len(backlog) <= limit + 1  # a batch on its way is never taken back
        elif (sending := backlog.take(most_lines=3)) is not None and step != "too large":
            node.take(sending.first_number, sending.lines)
            if step == "sent":
                backlog.settled()
    numbers = [int(line) for line in node.taken]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == written - backlog.dropped


def test_a_batch_sent_again_is_the_same_batch() -> None:
    backlog = Backlog(100)
    backlog.add(b"one")
    first = backlog.take()
    backlog.add(b"two")
    assert backlog.take() is first
    backlog.settled()
    second = backlog.take()
    assert second is not None and (second.first_number, second.lines) == (2, (b"two",))


def test_a_batch_is_bounded_in_lines_and_bytes_but_holds_at_least_one() -> None:
    backlog = Backlog(100)
    for _ in range(10):
        backlog.add(b"x" * 100)
    lines = backlog.take(most_lines=4, most_bytes=10_000)
    assert lines is not None and len(lines.lines) == 4
    backlog.settled()
    lines = backlog.take(most_lines=100, most_bytes=250)
    assert lines is not None and len(lines.lines) == 2
    backlog.settled()
    lines = backlog.take(most_lines=100, most_bytes=10)
    assert lines is not None and len(lines.lines) == 1
    assert lines.body() == b"x" * 100 + b"\n"


@pytest.mark.parametrize("lines", [0, 1])
def test_what_cannot_be_split_is_not(lines: int) -> None:
    backlog = Backlog(10)
    for _ in range(lines):
        backlog.add(b"line")
    backlog.take()
    assert not backlog.split()
