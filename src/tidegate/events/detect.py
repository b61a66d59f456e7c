"""What kind of log a file is, by its content first and its name second."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from tidegate.events.assemble import Assembler
from tidegate.events.columns import EARLIEST_S
from tidegate.events.contract import FIELDS, REQUIRED, Reading, refuse_content
from tidegate.events.delimited import BLANKS, COMMENT_MARKS, Columns, Delimited
from tidegate.events.errors import ContentRefused, LogError, content_refused
from tidegate.events.intake import Batch, Intake
from tidegate.events.jsonlines import JsonLines
from tidegate.events.lines import LineReader, TextLog
from tidegate.events.moment import NUMBER, TimeBounds
from tidegate.events.parquet import ParquetLog
from tidegate.events.source import Source

FORMATS = ("auto", "jsonl", "csv", "parquet", "snap")
SAMPLE_BYTES = 64 * 1024
SAMPLE_LINES = 20
PARQUET_MAGIC = b"PAR1"
UTF8_MARK = b"\xef\xbb\xbf"
EDGE_COLUMNS = {"timestamp": "time", "from": "actor", "to": "target"}
EDGE_FIELDS = ("actor", "target", "time")
WANTED = (
    "A log is JSON Lines, CSV with a header naming time, type and actor, Parquet with those columns, "
    "or an edge list of lines like `a b unix_seconds`"
)
MAGICS = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a ZIP archive",
    b"\x7fELF": "a program",
    b"SQLite format 3": "an SQLite database",
    b"BZh": "a bzip2 archive",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive",
    b"ARROW1": "an Arrow IPC file",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
}


class Reader(Protocol):
    """One format's way through a file."""

    def batches(self, intake: Intake) -> Iterator[Batch]:
        """Batches of accepted events in the order of the file; what cannot be used goes to ``intake``."""


@dataclass(frozen=True, slots=True)
class LogFile:
    """One file of a log, opened and recognised."""

    source: Source
    format: str
    reader: Reader
    ignored: list[str] | tuple[str, ...] = ()
    """Columns or fields outside the contract; for JSON Lines the list grows while reading."""
    relative_time: bool = False
    said: list[str] = field(default_factory=list)

    def batches(self, intake: Intake) -> Iterator[Batch]:
        """See :class:`Reader`."""
        return self.reader.batches(intake)

    def notes(self) -> list[str]:
        """Sentences about the file for the summary."""
        name = self.source.path.name
        notes = [f"{name}: {sentence}" for sentence in self.said]
        if self.ignored:
            listed = ", ".join(self.ignored[:8]) + (", …" if len(self.ignored) > 8 else "")
            notes.append(f"{name}: not part of the contract and passed over: {listed}.")
        return notes


def open_file(path: Path, format: str, reading: Reading) -> LogFile:
    """Recognise one file; raises :class:`LogError` that says what was found and what would be right."""
    source = Source.at(path)
    sample = _sample(source)
    if format == "parquet" or (format == "auto" and sample.startswith(PARQUET_MAGIC)):
        return _open_parquet(source, sample, reading)
    _refuse_binary(path, sample)
    mark = len(UTF8_MARK) if sample.startswith(UTF8_MARK) else 0
    text = sample[mark:].decode("utf-8", "replace")
    if not text.strip():
        raise LogError(path, "the file is empty", WANTED)
    if text.lstrip().startswith("<"):
        raise LogError(path, "this looks like HTML or XML", WANTED, place="line 1")
    kind = _guess(path, text) if format == "auto" else format
    if kind == "jsonl":
        scanner = JsonLines()
        log = TextLog(source, LineReader(scanner, reading, Assembler(reading)), header_bytes=mark)
        return LogFile(source, kind, log, scanner.ignored)
    if kind == "csv":
        return _open_csv(source, sample, mark, reading)
    return _open_edges(source, kind, Columns(EDGE_FIELDS, BLANKS, edges=True), (), reading, 0, mark)


def _sample(source: Source) -> bytes:
    space = bytearray(SAMPLE_BYTES)
    with source.open() as stream:
        got = stream.read_into(memoryview(space))
    source.position = 0
    return bytes(space[:got])


def _refuse_binary(path: Path, sample: bytes) -> None:
    for magic, name in MAGICS.items():
        if sample.startswith(magic):
            raise LogError(path, f"this is {name}, not a log", WANTED, place="byte 0")
    at = sample.find(b"\0")
    if at >= 0:
        raise LogError(path, "this is a binary file, not a log", WANTED, place=f"byte {at}")


def _guess(path: Path, text: str) -> str:
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line][:SAMPLE_LINES]
    first = next((line for line in lines if line[0] not in COMMENT_MARKS), "")
    suffixes = path.suffixes
    if first.startswith("["):
        raise LogError(
            path,
            "this is one JSON array",
            "Write one object a line, for example with `jq -c '.[]'`",
            place="line 1",
        )
    if ".jsonl" in suffixes or ".ndjson" in suffixes or any(line.startswith("{") for line in lines):
        return "jsonl"
    names = _header(first)[1]
    if set(REQUIRED) <= set(names) or set(EDGE_COLUMNS) <= set(names) or ".csv" in suffixes:
        return "csv"
    if any(_is_edge(line) for line in lines):
        return "snap"
    raise LogError(
        path, "this is not a log: its first lines are neither JSON objects, nor a header, nor edges", WANTED
    )


def _is_edge(line: str) -> bool:
    parts = line.split()
    return len(parts) == len(EDGE_FIELDS) and NUMBER.fullmatch(parts[2]) is not None


def _header(line: str) -> tuple[str, list[str]]:
    """Delimiter and column names of a CSV header."""
    delimiter = max(",;\t", key=line.count)
    try:
        names = next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        names = []
    return delimiter, [name.strip().casefold() for name in names]


def _open_parquet(source: Source, sample: bytes, reading: Reading) -> LogFile:
    if not sample.startswith(PARQUET_MAGIC):
        raise LogError(source.path, "this is not a Parquet file", WANTED, place="byte 0")
    if source.compression:
        raise LogError(
            source.path, "this is a compressed Parquet file", "Unpack it; Parquet compresses by itself"
        )
    reader = ParquetLog.at(source, reading)
    said = ["its times have no time zone and were taken as UTC."] if reader.naive_time else []
    return LogFile(source, "parquet", reader, reader.ignored, said=said)


def _open_csv(source: Source, sample: bytes, mark: int, reading: Reading) -> LogFile:
    """Read the header, the first line that is not blank."""
    blank = re.match(rb"(?:[ \t\r]*\n)*", sample[mark:])
    start = mark + (blank.end() if blank else 0)
    end = sample.find(b"\n", start) + 1 or len(sample)
    number = sample.count(b"\n", 0, start) + 1
    delimiter, names = _header(sample[start:end].decode("utf-8", "replace").strip("\r\n"))
    place = f"line {number}"
    try:
        for name in names:
            refuse_content(name)
    except ContentRefused as refusal:
        raise content_refused(source.path, refusal.field, place) from None
    is_edges = set(EDGE_COLUMNS) <= set(names) and not set(REQUIRED) <= set(names)
    if is_edges:
        fields: tuple[str | None, ...] = tuple(EDGE_COLUMNS.get(name) for name in names)
    else:
        fields = tuple(name if name in FIELDS else None for name in names)
        missing = [name for name in REQUIRED if name not in names]
        if missing:
            raise LogError(
                source.path,
                f"the header has no column {', '.join(missing)}",
                "A log needs the columns time, type and actor; an edge list timestamp, from and to",
                place=place,
            )
    for known in fields:
        if known is not None and fields.count(known) > 1:
            raise LogError(source.path, f"the header names {known} twice", place=place)
    ignored = tuple(name for name, known in zip(names, fields, strict=True) if known is None)
    columns = Columns(fields, delimiter, is_edges)
    if is_edges:
        return _open_edges(source, "csv", columns, ignored, reading, number, end)
    log = TextLog(source, LineReader(Delimited(columns), reading, Assembler(reading)), number, end)
    return LogFile(source, "csv", log, ignored)


def _open_edges(
    source: Source,
    kind: str,
    columns: Columns,
    ignored: tuple[str, ...],
    reading: Reading,
    header_lines: int,
    header_bytes: int,
) -> LogFile:
    """An edge list counts from 1970, or, when every time lies before 2000, from its own start."""

    def log(reading: Reading) -> TextLog:
        assembler = Assembler(reading, edges=True)
        return TextLog(source, LineReader(Delimited(columns), reading, assembler), header_lines, header_bytes)

    from_2000 = replace(reading, bounds=TimeBounds(float("inf"), EARLIEST_S))
    relative = _all_before(log(from_2000), EARLIEST_S + EARLIEST_S)
    source.position = 0
    if not relative:
        return LogFile(source, kind, log(reading), ignored)
    said = ["its times count from their own start; they are shown as seconds from 2000-01-01."]
    return LogFile(source, kind, log(from_2000), ignored, relative_time=True, said=said)


def _all_before(log: TextLog, time_s: float) -> bool:
    """Whether the log has events and all lie before ``time_s``; stops reading at the first that does not."""
    met = False
    for batch in log.batches(Intake()):
        met = True
        if float(batch.events["time"].max()) >= time_s:
            return False
    return met
