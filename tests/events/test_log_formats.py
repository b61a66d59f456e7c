import csv
import gzip
import io
import json
import lzma
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from event_logs import NOW_S, Read, Result

from tidegate.events.columns import EARLIEST_S, EventType, Reason
from tidegate.events.contract import FIELDS
from tidegate.events.errors import LogError
from tidegate.events.log import open_log
from tidegate.events.pseudonym import Pseudonyms

ROWS: list[dict[str, Any]] = [
    {"time": 1740000000.25, "type": "register", "actor": "ann", "phone": "+4915112345678", "client": "app/1"},
    {"time": 1740000001.0, "type": "message", "actor": "ann", "target": "bob", "chat": "c1", "members": 2},
    {"time": 1740000001.0, "type": "message", "actor": "bob", "target": "ann", "size": 300, "forwards": 0},
    {"time": 1740000002.1234567, "type": "group_create", "actor": "bob", "chat": "c2", "ip": "203.0.113.9"},
    {"time": 1740000003.5, "type": "message", "actor": "Zoë", "chat": "c2", "members": 1000000, "id": "m-1"},
    {"time": 1740000004.0, "type": "report", "actor": "ann", "target": "Zoë", "reason": "spam"},
    {"time": 1740000005.0, "type": "label", "actor": "desk", "target": "Zoë", "reason": "abusive"},
    {"time": 1740000006.0, "type": "login", "actor": "7", "ip": "2001:db8:0:9::1", "device": 'a "b", c'},
    {"time": 1740000007.0, "type": "message", "actor": "7", "target": "ann", "forwards": 4000},
]


def jsonl(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def as_csv(rows: list[dict[str, Any]], delimiter: str = ",") -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, FIELDS, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def parquet(path: Path, columns: dict[str, Any]) -> Path:
    pq.write_table(pa.table(columns), path, row_group_size=4)
    return path


def columns_of(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row.get(name) for row in rows] for name in FIELDS}


def assert_same(a: Result, b: Result) -> None:
    assert np.array_equal(a.events, b.events)
    assert (a.actors, a.targets) == (b.actors, b.targets)
    assert a.summary.present == b.summary.present


def test_an_event_carries_what_the_line_said(read: Read) -> None:
    result = read(jsonl(ROWS))
    hashed = Pseudonyms()
    first, second, third, fourth = result.events[:4]
    assert (first["time"], first["type"]) == (1740000000.25, EventType.REGISTER)
    assert (first["actor"], first["target"], first["chat"]) == (hashed.one("ann"), 0, 0)
    assert (first["members"], first["size"], first["forwards"]) == (-1, -1, 255)
    assert first["phone_range"] == hashed.phone_range("+4915112349999")
    assert first["client"] == hashed.client("app/1")
    assert (second["target"], second["chat"], second["members"]) == (hashed.one("bob"), hashed.one("c1"), 2)
    assert (third["size"], third["forwards"]) == (300, 0)
    assert fourth["time"] == 1740000002.1234567
    assert fourth["network"] == hashed.network("203.0.113.1")
    assert result.events["id"][4] == hashed.one("m-1")
    assert result.events["reason"].tolist()[5:7] == [Reason.OTHER, Reason.ABUSIVE]
    assert result.events["network"][7] == hashed.network("2001:db8::2")
    assert result.events["forwards"][8] == 254
    assert result.actors == [row["actor"] for row in ROWS]
    assert result.targets == [row.get("target", "") for row in ROWS]


def test_the_same_events_in_every_format_give_the_same_records(read: Read, tmp_path: Path) -> None:
    expected = read(jsonl(ROWS))
    assert expected.summary.events == len(ROWS) and not expected.summary.rejected
    assert_same(expected, read(as_csv(ROWS), name="log.csv"))
    assert_same(expected, read(as_csv(ROWS, ";"), name="log.csv"))
    assert_same(expected, read(as_csv(ROWS, "\t"), name="log.tsv"))
    assert_same(expected, read(parquet(tmp_path / "log.parquet", columns_of(ROWS))))
    assert_same(expected, read(gzip.compress(jsonl(ROWS).encode()), name="log.jsonl.gz"))
    assert_same(expected, read(lzma.compress(as_csv(ROWS).encode()), name="log.csv.xz"))
    assert_same(expected, read(b"\xef\xbb\xbf" + jsonl(ROWS).replace("\n", "\r\n\r\n").encode()))
    assert_same(expected, read(jsonl(ROWS).rstrip("\n")))
    assert_same(expected, read(jsonl([dict(reversed(row.items())) for row in ROWS])))
    assert_same(expected, read(jsonl([{name: row.get(name) for name in FIELDS} for row in ROWS])))
    assert_same(expected, read(jsonl([{name: row.get(name, "") for name in FIELDS} for row in ROWS])))


def test_every_way_of_writing_a_time_gives_the_same_instant(read: Read, tmp_path: Path) -> None:
    instant = datetime(2026, 3, 1, 12, 0, 0, 250_000, UTC)
    seconds = instant.timestamp()
    written = [
        seconds,
        "2026-03-01T12:00:00.25Z",
        "2026-03-01t12:00:00.250000z",
        "2026-03-01 14:00:00.250+02:00",
        "2026-02-28T23:30:00.25-12:30",
        "2026-03-01T11:59:60.25+00:00",
        str(seconds),
        f"{seconds:.9f}",
        "1.77236640025e9",
    ]
    rows = [{"time": time, "type": "read", "actor": "a"} for time in written]
    assert read(jsonl(rows)).events["time"].tolist() == [seconds] * len(rows)
    assert read(as_csv(rows), name="log.csv").events["time"].tolist() == [seconds] * len(rows)
    naive = instant.replace(tzinfo=None)
    abroad = instant.astimezone(timezone(timedelta(hours=5)))
    for values, kind in (
        ([seconds], pa.float64()),
        ([written[1]], pa.string()),
        ([naive], pa.timestamp("ms")),
        ([instant], pa.timestamp("us", "UTC")),
        ([abroad], pa.timestamp("ns", "+05:00")),
    ):
        columns = {"time": pa.array(values, kind), "type": ["read"], "actor": ["a"]}
        result = read(parquet(tmp_path / "time.parquet", columns))
        assert result.events["time"].tolist() == [seconds]
        assert any("no time zone" in note for note in result.summary.notes) == (kind == pa.timestamp("ms"))
    columns = {"time": pa.array([1740000000], pa.int32()), "type": ["read"], "actor": ["a"]}
    assert read(parquet(tmp_path / "time.parquet", columns)).events["time"].tolist() == [1740000000.0]


@pytest.mark.parametrize(
    "kind", [pa.int64(), pa.uint64(), pa.int16(), pa.large_string(), pa.binary(), pa.string_view()]
)
def test_identifiers_may_be_texts_or_whole_numbers_of_any_width(
    read: Read, tmp_path: Path, kind: pa.DataType
) -> None:
    values = [
        str(n).encode() if kind == pa.binary() else n if pa.types.is_integer(kind) else str(n)
        for n in (7, 12)
    ]
    columns = {"time": [1.74e9] * 2, "type": ["message"] * 2, "actor": pa.array(values, kind)}
    columns["target"] = pa.array(values[::-1], kind)
    result = read(parquet(tmp_path / "log.parquet", columns))
    assert result.events["actor"].tolist() == [Pseudonyms().one("7"), Pseudonyms().one("12")]
    assert (result.actors, result.targets) == (["7", "12"], ["12", "7"])
    assert_same(
        result,
        read(jsonl([{"time": 1.74e9, "type": "message", "actor": a, "target": 19 - a} for a in (7, 12)])),
    )


def test_numbers_with_gaps_as_data_frames_write_them_are_read(read: Read, tmp_path: Path) -> None:
    columns: dict[str, Any] = {"time": [1.74e9] * 4, "type": ["message"] * 4, "actor": ["a"] * 4}
    columns["size"] = pa.array([100.0, float("nan"), None, 1.5])
    columns["actor"] = pa.array(columns["actor"]).dictionary_encode()
    result = read(parquet(tmp_path / "log.parquet", columns))
    assert result.events["size"].tolist() == [100, -1, -1]
    assert result.summary.rejected_by_reason == {"bad number": 1}
    assert json.loads(result.rejected.read_text())["line"] == 4


def test_a_bad_row_of_parquet_is_set_aside_with_its_number(read: Read, tmp_path: Path) -> None:
    rows = [dict(ROWS[1]) for _ in range(6)]
    rows[1]["type"] = "mesage"
    rows[2]["actor"] = None
    rows[3]["time"] = float("nan")
    rows[4]["ip"] = "nowhere"
    result = read(parquet(tmp_path / "log.parquet", columns_of(rows)))
    assert len(result.events) == 2
    entries = [json.loads(text) for text in result.rejected.read_text().splitlines()]
    assert [entry["line"] for entry in entries] == [2, 3, 4, 5]
    assert [entry["reason"] for entry in entries] == [
        "unknown type",
        "missing field",
        "bad time",
        "bad IP address",
    ]
    with pytest.raises(LogError, match=r"log\.parquet, row 2: unknown type"):
        read(tmp_path / "log.parquet", strict=True)


def test_fields_outside_the_contract_are_passed_over_and_named(read: Read, tmp_path: Path) -> None:
    rows = [row | {"server": "eu-1", "a_name_longer_than_eight": [1, {"x": 2}]} for row in ROWS]
    expected = read(jsonl(ROWS))
    for result in (
        read(jsonl(rows)),
        read(parquet(tmp_path / "log.parquet", columns_of(ROWS) | {"server": ["eu-1"] * len(ROWS)})),
    ):
        assert_same(expected, result)
        assert any("passed over: server" in note for note in result.summary.notes)


def test_an_edge_list_is_a_log_of_messages(read: Read) -> None:
    expected = read(
        jsonl([{"time": 1740000000 + i, "type": "message", "actor": i, "target": 9 - i} for i in range(5)])
    )
    snap = "".join(f"{i} {9 - i} {1740000000 + i}\n" for i in range(5))
    edges = "timestamp,from,to,duration\n" + "".join(f"{1740000000 + i},{i},{9 - i},60\n" for i in range(5))
    assert_same(expected, read("# FromNodeId ToNodeId Time\n" + snap, name="edges.txt"))
    assert_same(expected, read(snap.replace(" ", "\t"), name="edges.txt", format="snap"))
    assert_same(expected, read(edges, name="edges.csv"))
    assert not read(snap, name="edges.txt").summary.relative_time


def test_an_edge_list_that_counts_from_its_own_start_is_placed_at_2000_and_says_so(read: Read) -> None:
    result = read("1 2 0\n2 1 60\n1 2 86400.5\n", name="edges.txt")
    assert result.events["time"].tolist() == [EARLIEST_S, EARLIEST_S + 60, EARLIEST_S + 86400.5]
    assert result.summary.relative_time
    assert any("seconds from 2000-01-01" in note for note in result.summary.notes)
    mixed = read("1 2 0\n2 1 1740000000\n", name="edges.txt")
    assert (len(mixed.events), mixed.summary.relative_time) == (1, False)
    assert mixed.summary.rejected_by_reason == {"bad time": 1}


NOT_LOGS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "the file is empty"),
    "only blank lines": (b"\n \n\t\n", "the file is empty"),
    "only a byte order mark": (b"\xef\xbb\xbf", "the file is empty"),
    "only a header": (b"time,type,actor\n", "there is no event in it"),
    "HTML": (b"<!DOCTYPE html>\n<html></html>\n", "line 1: this looks like HTML or XML"),
    "an image": (b"\x89PNG\r\n\x1a\n" + bytes(40), "byte 0: this is a PNG image"),
    "an archive": (b"PK\x03\x04" + bytes(40), "byte 0: this is a ZIP archive"),
    "binary": (b"abc\0def\n", "byte 3: this is a binary file"),
    "UTF-16": ("{}".encode("utf-16"), "byte 0: this is text in UTF-16"),
    "a JSON array": (b'[{"time": 1}]\n', "line 1: this is one JSON array"),
    "prose": (b"Dear diary,\ntoday I did nothing.\n", "neither JSON objects, nor a header, nor edges"),
    "a foreign header": (b"time,type,user\n1,2,3\n", "neither JSON objects, nor a header, nor edges"),
    "a half Parquet file": (b"PAR1" + bytes(40), "the Parquet file is damaged"),
    "a damaged gzip file": (gzip.compress(b'{"time": 1}\n' * 9000)[:-30], "the compressed file is damaged"),
    "nothing but bad lines": (
        b'{"time": 5}\n{"time": 6}\n',
        "no line could be used; in 0-log, line 1: there is no type",
    ),
}


@pytest.mark.parametrize(("content", "words"), NOT_LOGS.values(), ids=NOT_LOGS.keys())
def test_a_file_that_is_not_a_log_is_an_error_that_names_it_and_says_what_was_found(
    read: Read, content: bytes, words: str
) -> None:
    with pytest.raises(LogError) as error:
        read(content, name="log")
    assert words in str(error.value)
    assert "0-log" in str(error.value)


def test_a_folder_or_a_missing_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="this is a directory"):
        open_log([tmp_path], pseudonyms=Pseudonyms())
    with pytest.raises(LogError, match=r"none\.jsonl: the file cannot be opened: No such file"):
        open_log([tmp_path / "none.jsonl"], pseudonyms=Pseudonyms())


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"time": [1.0], "actor": ["a"]}, "no column type"),
        ({"time": [1.0], "type": ["read"], "actor": [1.5]}, "the column actor is of type double"),
        ({"time": [True], "type": ["read"], "actor": ["a"]}, "the column time is of type bool"),
        ({"time": [1.0], "type": ["read"], "actor": ["a"], "text": ["x"]}, "looks like message content"),
        (
            {"time": [1.0], "type": ["read"], "actor": ["a"], "o": [{"body": "x"}]},
            "looks like message content",
        ),
    ],
)
def test_parquet_with_columns_of_no_use_is_an_error(
    read: Read, tmp_path: Path, columns: dict[str, Any], words: str
) -> None:
    with pytest.raises(LogError, match=words):
        read(parquet(tmp_path / "log.parquet", columns))


def test_a_named_format_is_taken_at_its_word(read: Read) -> None:
    with pytest.raises(LogError, match="not a Parquet file"):
        read("1 2 1740000000\n", format="parquet")
    with pytest.raises(LogError, match="the header has no column time, type, actor"):
        read("1 2 1740000000\n", format="csv")
    with pytest.raises(ValueError, match="choose one of auto, jsonl, csv, parquet, snap"):
        read("1 2 1740000000\n", format="xml")


def test_several_logs_are_read_as_one_with_progress(tmp_path: Path) -> None:
    paths = [tmp_path / "b.jsonl", tmp_path / "a.csv"]
    paths[0].write_text(jsonl(ROWS[:3]))
    paths[1].write_text(as_csv(ROWS[3:]))
    log = open_log(paths, pseudonyms=Pseudonyms(), now_s=NOW_S)
    total = sum(path.stat().st_size for path in paths)
    assert log.progress == (0, total)
    assert sum(len(chunk.events) for chunk in log) == len(ROWS)
    assert log.progress == (total, total)
    assert (log.summary.first_time_s, log.summary.last_time_s) == (ROWS[0]["time"], ROWS[-1]["time"])
