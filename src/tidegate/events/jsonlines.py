"""JSON Lines: one flat object a line.

The compiled scanner takes lines of the common kind: an object of plain strings and numbers, no escapes,
nothing nested. Names outside the contract are looked at once by the careful path, which refuses message
content, and are skipped from then on.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tidegate.events.assemble import places_of
from tidegate.events.compiled import compiled
from tidegate.events.contract import FIELDS, LINE_LIMIT_BYTES, refuse_content
from tidegate.events.errors import Rejection, RejectReason
from tidegate.events.fields import Bytes
from tidegate.events.lines import Places, line_end, skip_blanks
from tidegate.events.pseudonym import little_endian

IGNORABLE_NAMES_LIMIT = 64
"""How many names outside the contract are remembered; lines with yet others are all read carefully."""
LONGEST_NAME_BYTES = 64
"""Lines with longer names are read carefully."""
PLAIN_NAME = re.compile(rf"[ !#-\[\]-~]{{0,{LONGEST_NAME_BYTES}}}")
"""Names that stand in JSON as they are: printable ASCII without quote and backslash."""

_NEWLINE, _QUOTE, _BACKSLASH, _OPEN, _CLOSE, _COMMA, _COLON, _POINT, _N = (
    10,
    34,
    92,
    123,
    125,
    44,
    58,
    46,
    110,
)
_TIME = FIELDS.index("time")
_KNOWN_FIELDS = len(FIELDS)


_PLAIN = np.zeros(256, np.bool_)
_PLAIN[32:127] = True
_PLAIN[[_QUOTE, _BACKSLASH]] = False


@compiled
def string_end(data: Bytes, at: int) -> int:
    """Where the plain string that begins at ``at`` meets its quote; -1 for escapes, controls, non-ASCII."""
    while _PLAIN[data[np.uint64(at)]]:
        at += 1
    return at if data[np.uint64(at)] == _QUOTE else -1


@compiled
def number_end(data: Bytes, at: int, point_allowed: bool) -> int:
    """Where a plain number ends: digits, perhaps a point and digits, or ``null``; -1 for anything else."""
    if data[at] == _N:
        return at + 4 if data[at + 1] == 117 and data[at + 2] == 108 and data[at + 3] == 108 else -1
    start = at
    while 48 <= data[np.uint64(at)] <= 57:
        at += 1
    if at == start or (data[start] == 48 and at - start > 1):
        return -1
    if data[at] == _POINT and point_allowed:
        point = at
        at += 1
        while 48 <= data[np.uint64(at)] <= 57:
            at += 1
        if at == point + 1:
            return -1
    return at


@compiled
def field_at(data: Bytes, at: int, names: NDArray[np.uint64], guess: int) -> int:
    """Which of ``names`` stands at ``at`` with its closing quote, -1 when none does.

    ``names`` is laid out by :func:`_name_table`. Logs repeat the order of their fields, so ``guess``, what
    was found in this position last time, is tried first.
    """
    for attempt in range(-1, names.shape[0]):
        field = guess if attempt < 0 else attempt
        word = 0
        while (
            names[field, word, 1]
            and little_endian(data, at + 8 * word) & names[field, word, 1] == names[field, word, 0]
        ):
            word += 1
        if names[field, word, 1] == 0:
            return field
    return -1


@compiled
def scan_object(
    row: int,
    data: Bytes,
    at: int,
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    names: NDArray[np.uint64],
    lengths: NDArray[np.int64],
    guesses: NDArray[np.int64],
) -> int:
    """Note where each field of the object at ``at`` stands; return where its line ends, or -1 when unsure."""
    if data[at] != _OPEN:
        return -1
    seen, position = 0, 0
    while True:
        at = skip_blanks(data, at + 1)
        if data[at] != _QUOTE:
            return -1
        field = field_at(data, at + 1, names, guesses[position])
        if field < 0:
            return -1
        known = field < _KNOWN_FIELDS
        at = skip_blanks(data, at + 2 + lengths[field])
        if data[at] != _COLON or (known and seen >> field & 1):
            return -1
        guesses[position] = field
        position = min(position + 1, guesses.size - 1)
        at = skip_blanks(data, at + 1)
        is_text = data[at] == _QUOTE
        if is_text:
            at += 1
            end = string_end(data, at)
        else:
            end = number_end(data, at, not known or field == _TIME)
        if end < 0:
            return -1
        if known:
            seen |= 1 << field
            # An empty text and null both mean that the field was not supplied.
            starts[field, row] = at
            stops[field, row] = end if is_text or data[at] != _N else at
        at = skip_blanks(data, end + 1 if is_text else end)
        if data[at] == _CLOSE:
            at = skip_blanks(data, at + 1)
            return at if data[at] == _NEWLINE else -1
        if data[at] != _COMMA:
            return -1


@compiled
def scan_lines(
    data: Bytes,
    end: int,
    cursor: NDArray[np.int64],
    places: Places,
    names: NDArray[np.uint64],
    lengths: NDArray[np.int64],
    guesses: NDArray[np.int64],
) -> None:
    """Read whole lines (see :meth:`tidegate.events.lines.Scanner.scan`)."""
    starts, stops, lines, sure = places
    at, row, line = cursor[0], cursor[1], cursor[2]
    while at < end and row < sure.size:
        start = at
        line += 1
        at = skip_blanks(data, start)
        if data[at] != _NEWLINE:
            for field in range(_KNOWN_FIELDS):
                starts[field, row] = 0
                stops[field, row] = 0
            at = scan_object(row, data, at, starts, stops, names, lengths, guesses)
            sure[row] = at >= 0 and at - start <= LINE_LIMIT_BYTES
            if at < 0:
                at = line_end(data, start)
            lines[row, 0], lines[row, 1], lines[row, 2] = start, at, line
            row += 1
        at += 1
    cursor[0], cursor[1], cursor[2] = at, row, line


class JsonLines:
    """The scanner of JSON Lines."""

    fields_scanned: tuple[str, ...] = FIELDS
    fields_of_rows = places_of(FIELDS)

    def __init__(self) -> None:
        self._names, self._lengths = _name_table(FIELDS)
        self._guesses = np.zeros(32, np.int64)
        self.ignored: list[str] = []
        """Names outside the contract that were met and skipped, the first few."""

    @property
    def learned(self) -> int:
        """See :class:`tidegate.events.lines.Scanner`."""
        return len(self.ignored)

    def scan(self, data: Bytes, end: int, cursor: NDArray[np.int64], places: Places) -> None:
        """See :class:`tidegate.events.lines.Scanner`."""
        scan_lines(data, end, cursor, places, self._names, self._lengths, self._guesses)

    def fields(self, text: str) -> Mapping[str, object]:
        """The fields of one line, read carefully; raises :class:`Rejection` or :class:`ContentRefused`."""
        try:
            value = json.loads(text, object_pairs_hook=_vetted_object)
        except json.JSONDecodeError as error:
            raise Rejection(RejectReason.NOT_JSON, f"not JSON at column {error.colno}: {error.msg}") from None
        except (ValueError, RecursionError):
            raise Rejection(
                RejectReason.NOT_JSON, "not JSON: a number too long, or nested too deeply"
            ) from None
        if not isinstance(value, dict):
            raise Rejection(
                RejectReason.NOT_AN_OBJECT, 'not an object; write {"time": …, "type": …, "actor": …}'
            )
        self._remember_ignorable(value)
        return value

    def _remember_ignorable(self, names: Iterable[str]) -> None:
        for name in names:
            if name in FIELDS or name in self.ignored or len(self.ignored) >= IGNORABLE_NAMES_LIMIT:
                continue
            if PLAIN_NAME.fullmatch(name):
                self.ignored.append(name)
                self._names, self._lengths = _name_table((*FIELDS, *self.ignored))


def _name_table(names: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Names as the words that :func:`field_at` compares, and their lengths.

    Shape ``(names, words, 2)``: eight bytes of a name with its closing quote, and which bits of them count; a
    row of zeros ends each name.
    """
    table = np.zeros((len(names), LONGEST_NAME_BYTES // 8 + 2, 2), np.uint64)
    for i, name in enumerate(names):
        raw = name.encode() + b'"'
        for word in range(0, len(raw), 8):
            part = raw[word : word + 8]
            table[i, word // 8] = int.from_bytes(part, "little"), (1 << 8 * len(part)) - 1
    return table, np.array([len(name) for name in names], np.int64)


def _vetted_object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A dict of an object's pairs, at any depth; refuses content and rejects a contract field given twice."""
    value: dict[str, object] = {}
    for name, item in pairs:
        refuse_content(name)
        if name in value and name in FIELDS:
            raise Rejection(RejectReason.REPEATED_FIELD, f"{name} is given twice; give it once")
        value[name] = item
    return value
