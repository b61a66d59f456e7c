import json

import numpy as np
import pytest
from event_logs import Read

from tidegate.events.assemble import Assembler
from tidegate.events.blocks import PADDING_BYTES
from tidegate.events.columns import CONTENT_FIELDS, EVENT_TYPES, EventType
from tidegate.events.contract import LINE_LIMIT_BYTES, Reading
from tidegate.events.errors import LogError
from tidegate.events.intake import Intake
from tidegate.events.jsonlines import JsonLines
from tidegate.events.lines import LineReader
from tidegate.events.moment import TimeBounds
from tidegate.events.pseudonym import Pseudonyms

GOOD = '{"time": 1740000000, "type": "message", "actor": "a", "target": "b"}\n'
T = '"time": 1740000000'

BAD_LINES = {
    "not JSON": ("this is no JSON", "not JSON at column 1"),
    "half a line": ('{"time": 17', "not JSON"),
    "an array": ("[1, 2]", "not an object"),
    "no time": ('{"type": "message", "actor": "a"}', "there is no time"),
    "no type": (f'{{{T}, "actor": "a"}}', "there is no type"),
    "no actor": (f'{{{T}, "type": "message"}}', "there is no actor"),
    "empty actor": (f'{{{T}, "type": "message", "actor": ""}}', "there is no actor"),
    "null actor": (f'{{{T}, "type": "message", "actor": null}}', "there is no actor"),
    "unknown type": (f'{{{T}, "type": "mesage", "actor": "a"}}', "did you mean message?"),
    "type in capitals": (f'{{{T}, "type": "Message", "actor": "a"}}', "did you mean message?"),
    "type is a number": (f'{{{T}, "type": 3, "actor": "a"}}', "known types are register, login"),
    "NaN time": ('{"time": NaN, "type": "read", "actor": "a"}', "not a finite number"),
    "NaN time as text": ('{"time": "nan", "type": "read", "actor": "a"}', "not a finite number"),
    "infinite time": ('{"time": -Infinity, "type": "read", "actor": "a"}', "not a finite number"),
    "overflowing time": ('{"time": 1e999, "type": "read", "actor": "a"}', "not a finite number"),
    "huge whole time": ('{"time": 1' + "0" * 400 + ', "type": "read", "actor": "a"}', "ten years ahead"),
    "negative time": ('{"time": -5, "type": "read", "actor": "a"}', "negative"),
    "time before 2000": ('{"time": 946684799.9, "type": "read", "actor": "a"}', "before the year 2000"),
    "time far ahead": ('{"time": 2070000000, "type": "read", "actor": "a"}', "more than ten years ahead"),
    "milliseconds": ('{"time": 1740000000000, "type": "read", "actor": "a"}', "look like milliseconds"),
    "no offset": ('{"time": "2025-03-01T12:00:00", "type": "read", "actor": "a"}', "no offset"),
    "a date": ('{"time": "2025-03-01", "type": "read", "actor": "a"}', "no offset"),
    "30 February": ('{"time": "2025-02-30T12:00:00Z", "type": "read", "actor": "a"}', "date does not exist"),
    "25 o'clock": ('{"time": "2025-02-03T25:00:00Z", "type": "read", "actor": "a"}', "time of day does not"),
    "boolean time": ('{"time": true, "type": "read", "actor": "a"}', "neither a number nor a text"),
    "fractional actor": (f'{{{T}, "type": "read", "actor": 1.5}}', "a text or a whole number"),
    "boolean actor": (f'{{{T}, "type": "read", "actor": true}}', "a text or a whole number"),
    "nested actor": (f'{{{T}, "type": "read", "actor": {{"id": 1}}}}', "a text or a whole number"),
    "overlong actor": (f'{{{T}, "type": "read", "actor": "{"x" * 256}"}}', "256 bytes long; at most 255"),
    "overlong in UTF-8": (f'{{{T}, "type": "read", "actor": "{"ü" * 128}"}}', "256 bytes long; at most 255"),
    "half a surrogate": (f'{{{T}, "type": "read", "actor": "\\ud800"}}', "half of a surrogate pair"),
    "bad address": (f'{{{T}, "type": "read", "actor": "a", "ip": "1.2.3.256"}}', "ip is not an IP address"),
    "address is a number": (f'{{{T}, "type": "read", "actor": "a", "ip": 16909060}}', "ip must be a text"),
    "bad phone": (f'{{{T}, "type": "register", "actor": "a", "phone": "0151"}}', "phone is not an E.164"),
    "no members": (f'{{{T}, "type": "message", "actor": "a", "members": 0}}', "members must be a whole"),
    "fractional size": (f'{{{T}, "type": "message", "actor": "a", "size": 1.5}}', "size must be a whole"),
    "negative size": (f'{{{T}, "type": "message", "actor": "a", "size": -1}}', "size must be a whole"),
    "huge size": (f'{{{T}, "type": "message", "actor": "a", "size": 2147483648}}', "size must be a whole"),
    "repeated field": (f'{{{T}, {T}, "type": "message", "actor": "a"}}', "time is given twice"),
    "a label without a word": (
        f'{{{T}, "type": "label", "actor": "a", "target": "b"}}',
        "abusive or legitimate",
    ),
    "deep nesting": ('{"x": ' + "[" * 20_000 + "]" * 20_000 + "}", "nested too deeply"),
    "a number too long": ('{"x": ' + "9" * 5_000 + "}", "a number too long"),
} | {
    f"{kind} without target": (f'{{{T}, "type": "{kind}", "actor": "a"}}', f"a {kind} needs a target")
    for kind in ("block", "unblock", "report", "contact", "invite", "label")
}


@pytest.mark.parametrize(("line", "words"), BAD_LINES.values(), ids=BAD_LINES.keys())
def test_a_line_that_cannot_be_used_is_set_aside_with_its_number_and_the_rest_goes_on(
    read: Read, line: str, words: str
) -> None:
    result = read(GOOD + "\n" + line + "\n" + GOOD)
    assert len(result.events) == 2
    assert (result.summary.rows, result.summary.rejected) == (3, 1)
    (entry,) = [json.loads(text) for text in result.rejected.read_text().splitlines()]
    assert words in entry["words"]
    assert entry["line"] == 3
    assert entry["file"].endswith("0-log.jsonl")
    assert entry["text"] == line[:200]
    assert result.summary.rejected_by_reason == {entry["reason"]: 1}
    assert any("1 of 3 lines were set aside" in note for note in result.summary.notes)


@pytest.mark.parametrize(("line", "words"), BAD_LINES.values(), ids=BAD_LINES.keys())
def test_strict_reading_stops_at_the_first_line_that_cannot_be_used(
    read: Read, line: str, words: str
) -> None:
    with pytest.raises(LogError, match=r"log\.jsonl, line 2: ") as error:
        read(GOOD + line + "\n", strict=True)
    assert words in str(error.value)


def test_invalid_utf8_is_set_aside_with_the_byte(read: Read) -> None:
    result = read(GOOD.encode() + b'{"time": 1740000000, "type": "read", "actor": "\xff"}\n')
    assert result.summary.rejected_by_reason == {"invalid UTF-8": 1}
    assert "byte 47" in json.loads(result.rejected.read_text())["words"]


@pytest.mark.parametrize("length", [LINE_LIMIT_BYTES + 1, 300_000, 9_000_000])
def test_a_huge_line_is_set_aside_without_being_kept(read: Read, length: int) -> None:
    huge = '{"time": 1740000000, "type": "read", "actor": "a", "x": "' + "y" * length + '"}\n'
    result = read(GOOD + huge + GOOD + "oops\n")
    assert len(result.events) == 2
    entries = [json.loads(text) for text in result.rejected.read_text().splitlines()]
    assert [(entry["line"], entry["reason"]) for entry in entries] == [(2, "line too long"), (4, "not JSON")]
    assert len(entries[0]["text"]) == 200


def test_a_line_of_exactly_the_limit_is_read(read: Read) -> None:
    line = '{"time": 1740000000, "type": "read", "actor": "a", "x": "'
    line += "y" * (LINE_LIMIT_BYTES - len(line) - 2) + '"}'
    assert len(line) == LINE_LIMIT_BYTES
    assert len(read(GOOD + line + "\n").events) == 2
    assert read(GOOD + line.replace("y", "yy", 1) + "\n").summary.rejected == 1


@pytest.mark.parametrize(
    "name", [*sorted(CONTENT_FIELDS), "Body", "formatted-body", "formattedBody", "b\\u006fdy"]
)
def test_a_log_that_carries_message_content_is_refused_without_repeating_it(read: Read, name: str) -> None:
    line = f'{{"time": 1740000000, "type": "message", "actor": "a", "{name}": "my secret"}}\n'
    with pytest.raises(LogError, match=r"line 3: the field .* looks like message content") as error:
        read(GOOD * 2 + line)
    assert "secret" not in str(error.value)


def test_content_is_refused_however_deep_and_in_a_name_learnt_to_be_harmless_before(read: Read) -> None:
    harmless = '{"time": 1740000000, "type": "message", "actor": "a", "extra": 1}\n'
    for inner in ('{"body": "my secret"}', '[{"more": {"text": null}}]'):
        line = harmless.replace("1}", inner + "}")
        with pytest.raises(LogError, match=r"line 3: the field .* looks like message content"):
            read(harmless + harmless + line)


def test_content_in_a_broken_line_is_not_repeated_in_the_rejected_file(read: Read) -> None:
    result = read(GOOD + '{"time": 1740000000, "body": "my secret"\n')
    assert result.summary.rejected == 1
    assert "secret" not in result.rejected.read_text()
    assert "withheld" in result.rejected.read_text()


def test_a_content_column_of_csv_is_refused_at_the_header(read: Read) -> None:
    with pytest.raises(LogError, match="line 1: the field 'body' looks like message content"):
        read("time,type,actor,Body\n1740000000,message,a,my secret\n", name="log.csv")
    with pytest.raises(LogError, match="looks like message content"):
        read("timestamp,from,to,text\n1740000000,a,b,my secret\n", name="edges.csv")


def test_a_row_with_the_wrong_number_of_columns_is_set_aside(read: Read) -> None:
    rows = '1740000000,message,a\n1740000000,message\n1740000000,message,a,b\n1740000000,message,"a\n'
    result = read("time,type,actor\n" + rows, name="log.csv")
    assert len(result.events) == 1
    assert result.summary.rejected_by_reason == {"wrong number of columns": 3}
    words = [json.loads(text)["words"] for text in result.rejected.read_text().splitlines()]
    assert words[:2] == ["the row has 2 columns; it must have 3", "the row has 4 columns; it must have 3"]
    assert "not CSV" in words[2]


def test_an_edge_without_a_second_account_or_with_a_negative_time_is_set_aside(read: Read) -> None:
    result = read("1 2 1740000000\n1 1740000000\n1 2 -4\n1 2 3 4\n", name="edges.txt")
    assert len(result.events) == 1
    assert result.summary.rejected_by_reason == {"wrong number of columns": 2, "bad time": 1}
    result = read("timestamp,from,to\n1740000000,a,b\n1740000000,a,\n", name="edges.csv")
    assert result.summary.rejected_by_reason == {"missing target": 1}


def test_rulings_and_campaigns_that_tidegate_wrote_into_a_log_are_read_back(read: Read) -> None:
    lines = [GOOD.replace("message", kind) for kind in ("ruling", "campaign")]
    assert read("".join(lines)).events["type"].tolist() == [EventType.RULING, EventType.CAMPAIGN]


def test_what_only_a_node_may_write_is_never_read_from_a_log(read: Read) -> None:
    kinds = ("policy", "tick", "proof", "erasure")
    result = read(GOOD + "".join(GOOD.replace("message", kind) for kind in kinds))
    assert result.events["type"].tolist() == [EventType.MESSAGE]
    assert result.summary.rejected_by_reason == {"unknown type": 4}
    words = json.loads(result.rejected.read_text().splitlines()[0])["words"]
    assert words.startswith(
        "'policy' does not come through the log of a messenger: Tidegate writes it itself."
    )


def test_a_reading_for_a_node_takes_the_kinds_of_the_contract_and_none_that_tidegate_writes() -> None:
    reading = Reading(Pseudonyms(), TimeBounds(2e9), node_written=False)
    reader = LineReader(JsonLines(), reading, Assembler(reading))
    lines = [GOOD.replace("message", word).replace("}", ', "reason": "abusive"}') for word in EVENT_TYPES]
    text = "".join(lines).encode()
    data = np.frombuffer(text + bytes(PADDING_BYTES), np.uint8).copy()  # writable, as a reader has it
    intake = Intake()
    batch, _ = reader.batch(data, len(text), np.zeros(3, np.int64), 0, intake)
    assert batch is not None
    assert batch.events["type"].tolist() == [kind for kind in EventType if kind <= EventType.LABEL]
    assert intake.rejected == {"unknown type": len(EventType) - EventType.LABEL}
    assert "line 15: 'ruling' does not come through the log of a messenger" in intake.first_rejection


def test_a_second_reading_gives_the_same_events_and_the_same_rejected_file(read: Read) -> None:
    text = GOOD + "oops\n" + GOOD.replace("1740000000", "1739999999")
    first = read(text)
    before = first.rejected.read_bytes()
    second = read(text)
    assert np.array_equal(first.events, second.events)
    assert second.rejected.read_bytes() == before
