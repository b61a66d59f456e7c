"""The chain of custody takes rows at its end only, and shows whatever else is done to it."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.desk.evidence.custody.chain import BEGINNING, CustodyError, CustodyEvent, following, walk

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def chain(rows: int) -> list[CustodyEvent]:
    made: list[CustodyEvent] = []
    for number in range(rows):
        last = made[-1] if made else None
        at = NOW + timedelta(minutes=number)
        made.append(following(last, at, "officer", "viewed", f"{number:064x}", {"why": "review"}))
    return made


def text(rows: list[CustodyEvent]) -> bytes:
    return b"".join(row.line for row in rows)


def test_each_row_names_the_sha256_of_the_line_before_it() -> None:
    rows = chain(3)
    lines = text(rows).splitlines(keepends=True)
    assert json.loads(lines[0])["before"] == BEGINNING
    for line, following_line in pairwise(lines):
        assert json.loads(following_line)["before"] == hashlib.sha256(line).hexdigest()
    assert walk(text(rows)).findings == [] and walk(text(rows)).events == rows


@given(st.integers(0, 5), st.integers(1, 5), st.integers(0, 200), st.integers(1, 255))
def test_any_changed_byte_before_the_last_row_shows(row: int, rows: int, at: int, by: int) -> None:
    lines = text(chain(rows + 1)).splitlines(keepends=True)
    row %= rows
    line = bytearray(lines[row])
    line[at % len(line)] ^= by
    lines[row] = bytes(line)
    assert walk(b"".join(lines)).findings


@given(st.permutations(range(5)), st.integers(0, 31))
def test_any_other_order_or_selection_of_rows_shows(order: list[int], kept: int) -> None:
    rows = chain(5)
    chosen = [rows[at] for at in order if kept >> at & 1]
    complete = chosen == rows[: len(chosen)]
    assert bool(walk(text(chosen)).findings) != complete


@given(st.binary(max_size=300))
def test_any_bytes_are_walked(content: bytes) -> None:
    walked = walk(content)
    assert walked.findings or not walked.events or walked.events[0].before == BEGINNING


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"who": ""}, "who"),
        ({"who": "a\nb"}, "printable"),
        ({"did": "x" * 65}, "did"),
        ({"exhibit": "abc"}, "no SHA-256"),
        ({"at": NOW - timedelta(days=1)}, "lies before the row before it"),
        ({"details": {"much": "x" * 20_000}}, "are the most"),
    ],
)
def test_what_cannot_be_a_row_is_refused(changes: dict[str, object], words: str) -> None:
    values: dict[str, object] = {"at": NOW, "who": "officer", "did": "viewed"}
    with pytest.raises(CustodyError, match=words):
        following(chain(1)[0], **(values | changes))  # type: ignore[arg-type]


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        following(None, datetime(2026, 1, 1), "officer", "viewed")
