"""Columns of text: CSV with the contract's columns, and edge lists ``a b unix_seconds`` as SNAP has them."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidegate.events.assemble import places_of
from tidegate.events.columns import EventType
from tidegate.events.compiled import compiled
from tidegate.events.contract import LINE_LIMIT_BYTES
from tidegate.events.errors import Rejection, RejectReason
from tidegate.events.fields import Bytes
from tidegate.events.lines import Places, line_end, skip_blanks

BLANKS = " "
"""The delimiter of an edge list without a header: any run of spaces and tabs."""
COMMENT_MARKS = "#%"

_NEWLINE, _RETURN, _QUOTE, _SPACE, _TAB, _HASH, _PERCENT = 10, 13, 34, 32, 9, 35, 37


@dataclass(frozen=True, slots=True)
class Columns:
    """Which field stands in which column."""

    fields: tuple[str | None, ...]
    """Names of the contract; None for a column that is passed over."""
    delimiter: str = ","
    edges: bool = False
    """An edge list: every row is a message and needs a target."""


@compiled
def value_end(data: Bytes, at: int, delimiter: int) -> int:
    """Where the plain value at ``at`` ends; -1 for quotes, control characters, non-ASCII."""
    while True:
        byte = data[at]
        if byte in (delimiter, _NEWLINE) or (byte == _TAB and delimiter == _SPACE):
            return at
        if byte == _RETURN and data[at + 1] == _NEWLINE:
            return at
        if byte < 32 or byte > 126 or byte == _QUOTE:
            return -1
        at += 1


@compiled
def scan_row(
    row: int,
    data: Bytes,
    at: int,
    columns: NDArray[np.int64],
    delimiter: int,
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
) -> int:
    """Note where each value of the row at ``at`` stands; return where its line ends, or -1 when unsure."""
    for i in range(columns.size):
        if delimiter == _SPACE:
            at = skip_blanks(data, at)
        end = value_end(data, at, delimiter)
        if end < 0:
            return -1
        if columns[i] >= 0:
            starts[columns[i], row] = at
            stops[columns[i], row] = end
        at = end
        if delimiter == _SPACE:
            at = skip_blanks(data, at)
        elif data[at] == _RETURN:
            at += 1
        if i + 1 < columns.size:
            if data[at] == _NEWLINE:
                return -1
            if delimiter != _SPACE:
                at += 1
    return at if data[at] == _NEWLINE else -1


@compiled
def scan_rows(
    data: Bytes,
    end: int,
    cursor: NDArray[np.int64],
    places: Places,
    columns: NDArray[np.int64],
    delimiter: int,
) -> None:
    """Read whole lines (see :meth:`tidegate.events.lines.Scanner.scan`)."""
    starts, stops, lines, sure = places
    at, row, line = cursor[0], cursor[1], cursor[2]
    while at < end and row < sure.size:
        start = at
        line += 1
        at = skip_blanks(data, start)
        if delimiter == _SPACE and (data[at] == _HASH or data[at] == _PERCENT):
            at = line_end(data, at)
        if data[at] != _NEWLINE:
            at = scan_row(row, data, start, columns, delimiter, starts, stops)
            sure[row] = at >= 0 and at - start <= LINE_LIMIT_BYTES
            if at < 0:
                # The row's places may be half filled in; nothing in them counts.
                for field in range(starts.shape[0]):
                    starts[field, row] = 0
                    stops[field, row] = 0
                at = line_end(data, start)
            lines[row, 0], lines[row, 1], lines[row, 2] = start, at, line
            row += 1
        at += 1
    cursor[0], cursor[1], cursor[2] = at, row, line


class Delimited:
    """The scanner of CSV files and edge lists."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self.fields_scanned = tuple(name for name in columns.fields if name is not None)
        self.fields_of_rows = places_of(self.fields_scanned)
        self._places = np.array(
            [-1 if name is None else self.fields_scanned.index(name) for name in columns.fields], np.int64
        )

    @property
    def learned(self) -> int:
        """See :class:`tidegate.events.lines.Scanner`; the header has said everything."""
        return 0

    def scan(self, data: Bytes, end: int, cursor: NDArray[np.int64], places: Places) -> None:
        """See :class:`tidegate.events.lines.Scanner`."""
        delimiter = ord(self._columns.delimiter)
        scan_rows(data, end, cursor, places, self._places, delimiter)

    def fields(self, text: str) -> Mapping[str, object]:
        """The fields of one row, read carefully; raises :class:`Rejection`."""
        values = split_row(text, self._columns.delimiter)
        wanted = len(self._columns.fields)
        if len(values) != wanted:
            raise Rejection(
                RejectReason.WRONG_COLUMNS, f"the row has {len(values)} columns; it must have {wanted}"
            )
        named: dict[str, object] = {
            name: value for name, value in zip(self._columns.fields, values, strict=True) if name is not None
        }
        if self._columns.edges:
            if not named["target"]:
                raise Rejection(RejectReason.MISSING_TARGET, "a row of an edge list names two accounts")
            named["type"] = EventType.MESSAGE.name.lower()
        return named


def split_row(text: str, delimiter: str) -> Sequence[str]:
    """The values of one row; raises :class:`Rejection` for quotes that do not close on their line."""
    if delimiter == BLANKS:
        return re.split(r"[ \t]+", text.strip(" \t\r"))
    try:
        return next(csv.reader([text.removesuffix("\r")], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        raise Rejection(RejectReason.WRONG_COLUMNS, f"the row is not CSV: {error}") from None
