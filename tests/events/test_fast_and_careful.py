"""The compiled readers and the careful one must never disagree about a line that the compiled one takes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from event_logs import NOW_S
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.events.assemble import Assembler
from tidegate.events.contract import FIELDS, Reading, read_event
from tidegate.events.delimited import BLANKS, COMMENT_MARKS, Columns, Delimited
from tidegate.events.errors import LogError, Rejection
from tidegate.events.fields import number_seconds
from tidegate.events.intake import Intake
from tidegate.events.jsonlines import JsonLines
from tidegate.events.lines import LineReader, Scanner, TextLog
from tidegate.events.moment import TEN_YEARS_S, TimeBounds, read_time
from tidegate.events.parquet import ParquetLog
from tidegate.events.pseudonym import Pseudonyms
from tidegate.events.source import Source

READING = Reading(Pseudonyms(), TimeBounds(NOW_S + TEN_YEARS_S))
KINDS = [
    "register",
    "login",
    "message",
    "typing",
    "group_create",
    "invite",
    "leave",
    "block",
    "label",
    "ruling",
]

times = st.one_of(
    st.integers(946_684_799, 2_100_000_000),
    st.floats(946_684_799, 2_100_000_000),
    st.floats(1.7e9, 1.75e9).map(lambda t: round(t, 3)),
    st.datetimes().map(lambda t: t.isoformat() + "Z"),
    st.builds(
        "{:%Y-%m-%dT%H:%M:%S}.{}{}".format,
        st.datetimes(),
        st.text("0123456789", min_size=1, max_size=13),
        st.sampled_from(["Z", "+02:00", "-11:59", "+24:00", "", "+0200"]),
    ),
    st.sampled_from(
        [0, -1, "nan", "", None, "2024-02-29T00:00:60Z", "2023-02-29T00:00:00Z", "0x10", "1_700_000_000"]
    ),
)
identifiers = st.one_of(
    st.text(max_size=12),
    st.text("abcdef0123456789-", min_size=1, max_size=40),
    st.integers(-3, 10**20),
    st.sampled_from(["", None, "x" * 255, "x" * 256, "007", "a,b", 'a"b', "\x7f", " "]),
)
numbers = st.one_of(
    st.integers(-2, 2**32), st.floats(0, 10), st.sampled_from(["2", "02", "", None, "x", "2.0", 2.0])
)
octet = st.integers(0, 300).map(str)
addresses = st.one_of(
    st.ip_addresses().map(str),
    st.ip_addresses(v=6).map(lambda ip: ip.exploded.upper()),
    st.lists(octet, min_size=3, max_size=5).map(".".join),
    st.lists(st.text("0123456789abcF:", max_size=5), max_size=9).map(":".join),
    st.sampled_from(
        ["::1", "::ffff:1.2.3.4", "1::2:3:4:5:6:7", "1:2:3::", "1:2::", "2001:db8::1%eth0", "", None]
    ),
)
phones = st.one_of(
    st.from_regex(r"\+?[0-9]{5,17}", fullmatch=True), st.sampled_from(["", None, "+", "+1a345678"])
)
values: dict[str, st.SearchStrategy[Any]] = {
    "time": times,
    "type": st.sampled_from([*KINDS, "group_crxxxx", "group_create ", "", "MESSAGE", None]),
    "actor": identifiers,
    "target": identifiers,
    "chat": identifiers,
    "members": numbers,
    "size": numbers,
    "ip": addresses,
    "device": identifiers,
    "client": identifiers,
    "phone": phones,
    "forwards": numbers,
    "reason": st.one_of(identifiers, st.sampled_from(["abusive", "legitimate", "legitimacy"])),
    "id": identifiers,
}
usual = {
    "time": st.just(1740000000.5),
    "type": st.sampled_from(KINDS),
    "actor": st.just("a"),
}
rows = st.fixed_dictionaries(
    {name: st.one_of(usual[name], values[name]) for name in usual},
    optional={name: value for name, value in values.items() if name not in usual},
)


def careful(fields: Mapping[str, object]) -> object:
    """What the careful reading alone makes of the fields of a line; None when it is rejected."""
    try:
        read = read_event(fields, READING)
    except Rejection:
        return None
    return read.row, read.actor, read.target


def outcome(scanner: Scanner, text: str) -> object:
    """What the careful reading alone makes of a line; None when it is rejected."""
    try:
        return careful(scanner.fields(text))
    except Rejection:
        return None


def compare(log: TextLog | ParquetLog, expected: list[object]) -> None:
    """Assert that a log gives these outcomes, leaving out the rejected ones."""
    found = [
        (event.item(), *names)
        for batch in log.batches(Intake())
        for event, *names in zip(
            batch.events,
            batch.names.take(batch.rows.tolist(), "actor"),
            batch.names.take(batch.rows.tolist(), "target"),
            strict=True,
        )
    ]
    assert found == [result for result in expected if result is not None]


def compare_text(scanner: Scanner, texts: list[str], path: Path, *, edges: bool = False) -> None:
    """Assert that a file of these lines reads like each line read carefully."""
    path.write_text("\n".join(texts) + "\n", newline="")
    log = TextLog(Source.at(path), LineReader(scanner, READING, Assembler(READING, edges=edges)))
    compare(log, [outcome(scanner, text) for text in texts])


@settings(max_examples=80, deadline=None)
@given(
    st.lists(rows, min_size=1, max_size=8),
    st.booleans(),
    st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", " : ")]),
)
def test_json_lines_read_fast_are_read_as_with_care(
    tmp_path_factory: Any, logs: list[dict[str, Any]], ascii_only: bool, separators: tuple[str, str]
) -> None:
    texts = [json.dumps(row, ensure_ascii=ascii_only, separators=separators) for row in logs]
    texts = [text.encode("utf-8", "replace").decode() for text in texts]
    compare_text(JsonLines(), texts, tmp_path_factory.getbasetemp() / "fast.jsonl")


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_damaged_json_lines_read_fast_are_read_as_with_care(
    tmp_path_factory: Any, data: st.DataObject
) -> None:
    text = json.dumps(data.draw(rows))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        drop = data.draw(st.integers(0, 2))
        text = (
            text[:at]
            + data.draw(st.text('{}[]",:\\ \t0123456789.-+eEnul\x01é', max_size=3))
            + text[at + drop :]
        )
    text = text.replace("\n", " ")
    if text.strip(" \t\r"):
        compare_text(JsonLines(), [text, text], tmp_path_factory.getbasetemp() / "damaged.jsonl")


@settings(max_examples=80, deadline=None)
@given(st.lists(rows, min_size=1, max_size=8), st.sampled_from([",", ";", "\t"]), st.booleans())
def test_csv_rows_read_fast_are_read_as_with_care(
    tmp_path_factory: Any, logs: list[dict[str, Any]], delimiter: str, quoted: bool
) -> None:
    def cell(value: Any) -> str:
        text = "" if value is None else str(value).encode("utf-8", "replace").decode()
        text = text.replace("\n", " ").replace("\0", "")
        return '"' + text.replace('"', '""') + '"' if quoted and len(text) % 2 else text

    texts = [delimiter.join(cell(row.get(name)) for name in FIELDS) for row in logs]
    compare_text(Delimited(Columns(FIELDS, delimiter)), texts, tmp_path_factory.getbasetemp() / "fast.csv")


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.one_of(identifiers, times), min_size=2, max_size=4), min_size=1, max_size=8))
def test_edges_read_fast_are_read_as_with_care(tmp_path_factory: Any, rows: list[list[Any]]) -> None:
    columns = Columns(("actor", "target", "time"), BLANKS, edges=True)
    texts = [" ".join(str(value) for value in row) + "  " for row in rows]
    texts = [text.encode("utf-8", "replace").decode().replace("\n", " ") for text in texts]
    texts = [text for text in texts if text.strip(" \t\r") and text.lstrip(" \t\r")[0] not in COMMENT_MARKS]
    compare_text(Delimited(columns), texts, tmp_path_factory.getbasetemp() / "edges.txt", edges=True)


@settings(max_examples=60, deadline=None)
@given(st.lists(rows, min_size=1, max_size=8), st.sampled_from(["texts", "dictionaries", "numbers"]))
def test_columns_read_fast_are_read_as_with_care(
    tmp_path_factory: Any, logs: list[dict[str, Any]], kind: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "columns.parquet"
    numbers = {"time": pa.float64(), "actor": pa.int64(), "members": pa.float64(), "size": pa.int64()}
    columns = {}
    for name in FIELDS:
        values = [row.get(name) for row in logs]
        if kind == "numbers" and name in numbers:
            bounded = [v if isinstance(v, int | float) and abs(v) < 2**62 else None for v in values]
            whole = pa.types.is_integer(numbers[name])
            columns[name] = pa.array(
                [int(v) if whole and v is not None else v for v in bounded], numbers[name]
            )
            continue
        texts = [None if v is None else str(v).encode("utf-8", "replace").decode() for v in values]
        columns[name] = pa.array(texts, pa.string())
        if kind == "dictionaries":
            columns[name] = columns[name].dictionary_encode()
    table = pa.table(columns)
    pq.write_table(table, path, use_dictionary=kind != "texts")
    expected = [careful(row) for row in table.to_pylist()]
    compare(ParquetLog.at(Source.at(path), READING), expected)


def test_common_lines_never_need_care(tmp_path: Path) -> None:
    class Careless(JsonLines):
        def fields(self, text: str) -> Any:
            raise AssertionError(f"read with care: {text}")

    texts = [
        '{"time": 1740000000.1234567, "type": "message", "actor": "a-1", "target": "b", "chat": null}',
        '{"time":1740000000,"type":"register","actor":17,"phone":"+4915112345678","client":"app/1.0 (x)"}',
        '{"time":"2026-03-01T12:00:00Z","type":"login","actor":"a","ip":"203.0.113.7","device":"d"}',
        '{"time":"2026-03-01T12:00:00.123456+02:00","type":"read","actor":"a","ip":"2001:db8::1"}',
        '{"actor":"a","type":"label","target":"b","reason":"legitimate","time":1740000000,"id":"x"}\r',
        '{"time":1740000000,"type":"group_create","actor":"a","size":0,"forwards":7,"reason":"","members":100}',
    ]
    path = tmp_path / "common.jsonl"
    path.write_text("\n".join(texts), newline="")
    log = TextLog(Source.at(path), LineReader(Careless(), READING, Assembler(READING)))
    assert sum(len(batch.events) for batch in log.batches(Intake())) == len(texts)


ADDRESSES = """
1.2.3.4 0.0.0.0 255.255.255.255 256.1.1.1 1.2.3.256 01.2.3.4 1.2.3.04 1.2.3 1.2.3.4.5 1.2.3. .1.2.3 1..2.3
1.2.3.4x 2001:db8:7:1::5 2001:DB8::1 2001::2:3:4:5:6:7 2001:1::3:4:5:6:7 2001:1:2:3:4:5:6:7
2001:1:2:3:4:5:6:7:8 2001:: 2001:1:2:3:4:5:6:: 2001:1:2:3:4:5:6:7:: 2001:0:0:1::1 2001:0:5::1
a:0b:00c:000d::e a:b:12345::1 a::b::c a:b:g::1 ::1 ::ffff:1.2.3.4 ::ffff:102:304 0:0:0:0:0:ffff:102:304
64:ff9b::1.2.3.4 1:2:3: :1:2:3 1::2: fe80::1%eth0 1: : ::
"""
TIMES = """
1740000000 946684800 946684799 946684799.999999 946684800.0000001 1740000000. .5 1740000000.1234567
1740000000.123456789012 1740000000.1234567890123 17400000000 1740000000.12345671 01740000000 +1740000000
1.74e9 2024-02-29T00:00:00Z 2023-02-29T00:00:00Z 2100-02-29T00:00:00Z 2000-01-01T00:00:00Z
1999-12-31T23:59:59Z 2024-13-01T00:00:00Z 2024-00-01T00:00:00Z 2024-01-00T00:00:00Z 2024-04-31T00:00:00Z
2024-12-31T23:59:60Z 2024-01-01T24:00:00Z 2024-01-01T00:60:00Z 2024-01-01T00:00:61Z 2024-01-01t00:00:00z
2024-01-01T00:00:00 2024-01-01T00:00:00+23:59 2024-01-01T00:00:00-24:00 2024-01-01T00:00:00+00:60
2024-01-01T00:00:00+0100 2024-01-01T00:00:00.5Z 2024-01-01T00:00:00.Z 2024-01-01T00:00:00.123456789012Z
2024-01-01T00:00:00.1234567890123Z 2000-01-01T00:30:00+01:00 2000-01-01T00:30:00-01:00 2024-01-01X00:00:00Z
2024/01/01T00:00:00Z 2024-01-01T00-00-00Z 2024-01-01T00:00:00.123+05:30 2024-1-1T00:00:00Z 20240101T000000Z
2024-01-01T00:00:00Z0 -1740000000 1_740_000_000
"""
PHONES = "+1234567 +123456 +123456789012345 +1234567890123456 +0123456789 1234567890 ++123456789 +12345678a +"


def test_addresses_times_and_numbers_at_the_edge_are_read_as_with_care(tmp_path: Path) -> None:
    rows = [f"1740000000,login,a,{address}," for address in ADDRESSES.split()]
    rows += [f"{time},login,a,," for time in TIMES.split()]
    rows += [f"1740000000,login,a,,{phone}" for phone in PHONES.split()]
    columns = Columns(("time", "type", "actor", "ip", "phone"))
    compare_text(Delimited(columns), rows, tmp_path / "edges.csv")


@settings(max_examples=200, deadline=None)
@given(st.integers(946_684_800, 2_000_000_000), st.text("0123456789", min_size=1, max_size=12))
def test_a_time_is_rounded_to_the_nearest_double_like_python_does(whole: int, fraction: str) -> None:
    text = f"{whole}.{fraction}"
    data = np.frombuffer(bytearray(text.encode()), np.uint8)
    assert number_seconds(data, 0, data.size) == float(text) == read_time(text, READING.bounds)


def test_a_name_outside_the_contract_is_looked_at_once(tmp_path: Path) -> None:
    class Counting(JsonLines):
        looked = 0

        def fields(self, text: str) -> Any:
            self.looked += 1
            return super().fields(text)

    path = tmp_path / "extra.jsonl"
    line = '{"time":1740000000,"type":"read","actor":"a","shard":"eu","a much longer name":{}}\n'
    path.write_text(line.replace("{}}", "7}") * 5_000 + "oops\n")
    scanner, intake = Counting(), Intake()
    log = TextLog(Source.at(path), LineReader(scanner, READING, Assembler(READING)))
    assert sum(len(batch.events) for batch in log.batches(intake)) == 5_000
    assert (scanner.looked, intake.rows) == (2, 5_001)
    assert "line 5001: not JSON" in intake.first_rejection


def test_content_is_refused_on_the_fast_path_too(tmp_path: Path) -> None:
    path = tmp_path / "content.jsonl"
    path.write_text('{"time":1740000000,"type":"read","actor":"a","body":"x"}\n')
    log = TextLog(Source.at(path), LineReader(JsonLines(), READING, Assembler(READING)))
    with pytest.raises(LogError, match="'body' looks like message content"):
        list(log.batches(Intake()))
