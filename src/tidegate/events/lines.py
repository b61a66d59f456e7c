"""Text logs, line by line: compiled scanning of whole blocks, careful reading of those it was not sure of."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from tidegate.events.assemble import Assembler, TextColumn
from tidegate.events.blocks import HugeLine, whole_lines
from tidegate.events.compiled import compiled
from tidegate.events.contract import LINE_LIMIT_BYTES, ReadEvent, Reading, read_event
from tidegate.events.errors import ContentRefused, Rejection, RejectReason, content_refused
from tidegate.events.fields import Bytes, Mask
from tidegate.events.intake import Batch, Intake
from tidegate.events.names import TextNames
from tidegate.events.source import Source

BATCH_ROWS = 16_384
_NEWLINE = 10


class Places(NamedTuple):
    """Where the fields of a batch of lines stand in their block, row by row."""

    starts: NDArray[np.int64]
    """[field, row]"""
    stops: NDArray[np.int64]
    """[field, row]"""
    lines: NDArray[np.int64]
    """[row, 3]: start, end, number counted from the first line scanned."""
    sure: Mask
    """[row]: nothing unusual was met."""

    def of(self, field: int, rows: int) -> NDArray[np.int64]:
        """[2, rows]: a copy of where one of the fields scanned starts and stops."""
        return np.array((self.starts[field, :rows], self.stops[field, :rows]))

    @staticmethod
    def empty(fields: int) -> "Places":
        """Room for ``BATCH_ROWS`` rows of so many fields."""
        starts = np.empty((fields, BATCH_ROWS), np.int64)
        lines = np.empty((BATCH_ROWS, 3), np.int64)
        return Places(starts, np.empty_like(starts), lines, np.empty(BATCH_ROWS, np.bool_))


class Scanner(Protocol):
    """One text format, read twice over: compiled, and with care."""

    fields_scanned: tuple[str, ...]
    """Names of the contract, one for each row of ``starts`` and ``stops`` of :class:`Places`."""
    fields_of_rows: NDArray[np.int64]
    """The same the other way round, see :func:`~tidegate.events.assemble.places_of`."""

    @property
    def learned(self) -> int:
        """How often :meth:`fields` has taught :meth:`scan` something."""

    def scan(
        self,
        data: Bytes,
        end: int,
        cursor: NDArray[np.int64],
        places: Places,
    ) -> None:
        """Note where the fields stand in the whole lines of ``data`` from ``cursor[0]`` to ``end``.

        Stops when ``places`` is full. Sets ``cursor`` to (next position, rows filled, lines passed). Lines of
        which it is not sure are read again with :meth:`fields`. Blank lines take no row.
        """

    def fields(self, text: str) -> Mapping[str, object]:
        """The fields of one line, read carefully; raises ``Rejection`` or ``ContentRefused``."""


@compiled
def skip_blanks(data: Bytes, at: int) -> int:
    """The first place from ``at`` that is not a space, tab or carriage return."""
    while data[np.uint64(at)] <= 32 and (data[at] == 32 or data[at] == 9 or data[at] == 13):
        at += 1
    return at


@compiled
def line_end(data: Bytes, at: int) -> int:
    """The place of the newline at or after ``at``."""
    while data[at] != _NEWLINE:
        at += 1
    return at


def line_too_long() -> Rejection:
    """The rejection of a line beyond the limit."""
    return Rejection(
        RejectReason.LINE_TOO_LONG,
        f"the line is longer than {LINE_LIMIT_BYTES} bytes; an event is a short line",
    )


class RejectedLines(Protocol):
    """Who is told of lines that cannot be used."""

    def reject(self, line: int, rejection: Rejection, raw: bytes) -> None:
        """Set one line aside."""


@dataclass(frozen=True, slots=True)
class LineReader:
    """Turns whole lines in memory into events."""

    scanner: Scanner
    reading: Reading
    assembler: Assembler

    def batch(
        self, data: Bytes, end: int, cursor: NDArray[np.int64], line: int, rejected: RejectedLines
    ) -> tuple[Batch | None, int]:
        """The events of some lines of ``data[:end]`` from ``cursor[0]`` on, and how many rows were read.

        ``line`` lines came before them. Sets ``cursor`` as :meth:`Scanner.scan` does. Raises :class:`ContentRefused`.
        """
        scanned = self.scanner.fields_scanned
        places = Places.empty(len(scanned))
        events, exceptions = self.events(data, end, cursor, line, rejected, places)
        rows = len(events)

        def column(name: str) -> TextColumn | None:
            if name not in scanned:
                return None
            at = scanned.index(name)
            return TextColumn(data, places.starts[at, :rows], places.stops[at, :rows])

        names = TextNames.gather(column("actor"), column("target"), exceptions)
        return Batch.of(events, names, places.sure[:rows], places.lines[:rows, 2] + line), rows

    def events(
        self,
        data: Bytes,
        end: int,
        cursor: NDArray[np.int64],
        line: int,
        rejected: RejectedLines,
        places: Places,
    ) -> tuple[NDArray[Any], dict[int, tuple[str, str]]]:
        """EVENT[rows] of some lines, see :meth:`batch`; only those that ``places`` then calls sure count.

        Beside them (actor, target) of rows that were read carefully: what ``places`` says of them does not hold.
        """
        starts, stops, lines, sure = places
        self.scanner.scan(data, end, cursor, places)
        rows = int(cursor[1])
        fields = self.scanner.fields_of_rows
        events = self.assembler.rows(data, starts, stops, fields, sure[:rows])
        exceptions: dict[int, tuple[str, str]] = {}
        learned = self.scanner.learned
        for row in np.flatnonzero(~sure[:rows]).tolist():
            start, stop, offset = lines[row].tolist()
            raw = data[start:stop].tobytes()
            try:
                read = self.one(raw)
                events[row] = read.row
                exceptions[row] = (read.actor, read.target)
                sure[row] = True
            except Rejection as rejection:
                rejected.reject(line + offset, rejection, raw[:LINE_LIMIT_BYTES])
            except ContentRefused as refusal:
                refusal.line = line + offset
                raise
            if self.scanner.learned > learned:
                # What was learnt from this line may make the others certain: scan them once more.
                cursor[:] = stop + 1, row + 1, offset
                return events[: row + 1], exceptions
        return events, exceptions

    def one(self, raw: bytes) -> ReadEvent:
        """One line, read carefully; raises :class:`Rejection` or :class:`ContentRefused`."""
        if len(raw) > LINE_LIMIT_BYTES:
            raise line_too_long()
        try:
            return read_event(self.scanner.fields(raw.decode()), self.reading)
        except UnicodeDecodeError as error:
            words = f"invalid UTF-8 at byte {error.start} of the line; write the log as UTF-8"
            raise Rejection(RejectReason.INVALID_UTF8, words) from None


@dataclass(frozen=True, slots=True)
class TextLog:
    """A text file and the reader that understands its lines."""

    source: Source
    reader: LineReader
    header_lines: int = 0
    header_bytes: int = 0
    """What to pass over at the beginning: a byte order mark, the names of the columns."""

    def batches(self, intake: Intake) -> Iterator[Batch]:
        """Batches of accepted events in the order of the file; what cannot be used goes to ``intake``."""
        line = 0
        cursor = np.zeros(3, np.int64)
        with self.source.open() as stream:
            stream.skip(self.header_bytes)
            for block in whole_lines(stream):
                if isinstance(block, HugeLine):
                    line += 1
                    intake.count_rows(1)
                    intake.reject(self.header_lines + line, line_too_long(), block.excerpt)
                    continue
                cursor[:] = 0
                while cursor[0] < block.end:
                    cursor[1:] = 0
                    before = self.header_lines + line
                    try:
                        batch, rows = self.reader.batch(block.data, block.end, cursor, before, intake)
                    except ContentRefused as refusal:
                        raise content_refused(
                            self.source.path, refusal.field, f"line {refusal.line}"
                        ) from None
                    intake.count_rows(rows)
                    line += int(cursor[2])
                    if batch is not None:
                        yield batch
