"""From the bodies of requests to events: many deliveries read at once, each with a receipt of its own."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.events.assemble import Assembler
from tidegate.events.blocks import PADDING_BYTES
from tidegate.events.columns import EVENT
from tidegate.events.contract import FIELDS, Reading
from tidegate.events.errors import ContentRefused, Rejection
from tidegate.events.jsonlines import JsonLines
from tidegate.events.lines import LineReader, Places
from tidegate.events.moment import TimeBounds
from tidegate.events.pseudonym import Pseudonyms
from tidegate.node.requests import REJECTIONS_SHOWN, Delivery, LineRejected, RequestError

REMEMBERED_ADDRESSES = 65_536
_ACTOR, _TARGET = FIELDS.index("actor"), FIELDS.index("target")


@dataclass(slots=True)
class Read:
    """What the lines of one delivery turned into."""

    lines: int = 0
    repeated_lines: int = 0
    """Lines that this source had already delivered."""
    rejected: int = 0
    rejections: list[LineRejected] = field(default_factory=list)
    refused: RequestError | None = None


class _Text(NamedTuple):
    """Where the identifiers of some rows stand."""

    text: bytes
    actors: NDArray[np.int64]
    """[2, row]: start and stop."""
    targets: NDArray[np.int64]
    exceptions: dict[int, tuple[str, str]]
    """(actor, target) of rows where the identifier is not what stands in the line (escapes)."""

    def both(self, row: int) -> tuple[str, str]:
        """(actor, target) of one row; an empty target where there is none."""
        found = self.exceptions.get(row)
        if found is None:
            (start, stop), (first, last) = self.actors[:, row], self.targets[:, row]
            found = self.text[start:stop].decode(), self.text[first:last].decode()
        return found


@dataclass(slots=True)
class Events:
    """Accepted events of several deliveries, in order."""

    events: NDArray[Any]
    owner: NDArray[np.int64]
    """Which delivery each came with."""
    _rows: NDArray[np.int64]
    """Which row of which text holds its identifiers."""
    _part: NDArray[np.int64] | None
    """None: all of them stand in the first."""
    _texts: tuple[_Text, ...]

    @classmethod
    def none(cls) -> "Events":
        """Not one event."""
        nothing = np.zeros(0, np.int64)
        return cls(np.zeros(0, EVENT), nothing, nothing, None, ())

    def both(self, rows: Sequence[int]) -> list[tuple[str, str]]:
        """(actor, target) of these events as they were written; an empty target where there is none."""
        part, at = self._part, self._rows
        return [self._texts[0 if part is None else part[row]].both(int(at[row])) for row in rows]

    def only(self, keep: NDArray[np.bool_]) -> "Events":
        """Fewer of them."""
        part = None if self._part is None else self._part[keep]
        return Events(self.events[keep], self.owner[keep], self._rows[keep], part, self._texts)


class _RememberedNetworks(Pseudonyms):
    """Pseudonyms that remember the networks of some addresses: parsing one takes longer than all else of a line."""

    def __init__(self, like: Pseudonyms) -> None:
        self.k0, self.k1 = like.k0, like.k1
        self.network = lru_cache(REMEMBERED_ADDRESSES)(like.network)  # type: ignore[method-assign]


class DeliveryReader:
    """Reads bodies of JSON Lines. One thread."""

    def __init__(self, pseudonyms: Pseudonyms, *, line_limit: int) -> None:
        self._pseudonyms = _RememberedNetworks(pseudonyms)
        self._line_limit = line_limit
        self._scanner = JsonLines()
        self._reader: LineReader | None = None
        self._data = np.zeros(0, np.uint8)
        self._places = Places.empty(len(self._scanner.fields_scanned))
        self.rejected: Counter[str] = Counter()

    def read(
        self, deliveries: Sequence[Delivery], taken: Mapping[str, int], latest_s: float
    ) -> tuple[Events, list[Read]]:
        """Events of all ``deliveries``, and what became of each.

        ``taken``: the last line number taken from each source. ``latest_s``: events after this Unix time are rejected.
        """
        reader = self._reader_until(float(np.ceil(latest_s)))
        reads, bodies = [], []
        last = dict(taken)
        for delivery in deliveries:
            read, body = self._trimmed(delivery, last)
            reads.append(read)
            bodies.append(body)
        return self._found(bodies, reads, reader), reads

    def _reader_until(self, latest_s: float) -> LineReader:
        """Made anew once a second: its tables cost more than a small batch."""
        if self._reader is None or self._reader.reading.bounds.latest_s != latest_s:
            reading = Reading(self._pseudonyms, TimeBounds(latest_s), node_written=False)
            self._reader = LineReader(self._scanner, reading, Assembler(reading))
        return self._reader

    def _trimmed(self, delivery: Delivery, last: dict[str, int]) -> tuple[Read, bytes]:
        """The body without lines that were delivered before, each line ended."""
        body = delivery.body
        if body and not body.endswith(b"\n"):
            body += b"\n"
        lines = body.count(b"\n")
        read = Read(lines)
        if lines > self._line_limit:
            read.refused = RequestError(
                "too_many_lines", f"{lines:,} lines in one request; at most {self._line_limit:,} are taken"
            )
        elif delivery.verdict and len(body.split()) and lines != 1:
            read.refused = RequestError(
                "not_one_event", "a check takes exactly one event, as one line of JSON"
            )
        if read.refused is not None:
            read.lines = 0
            return read, b""
        if delivery.source and delivery.first_number:
            known = last.get(delivery.source, 0)
            read.repeated_lines = min(max(known - delivery.first_number + 1, 0), lines)
            last[delivery.source] = max(known, delivery.first_number + lines - 1)
            if read.repeated_lines:
                body = body.split(b"\n", read.repeated_lines)[-1]
                read.lines = lines - read.repeated_lines
        return read, body

    def _found(self, bodies: list[bytes], reads: list[Read], reader: LineReader) -> Events:
        """All bodies as one text; when one of them is refused, the others are read again without it."""
        while True:
            rejected = _Rejected()
            lines_before = np.array(
                list(accumulate((body.count(b"\n") for body in bodies), initial=0)), np.int64
            )
            try:
                found = self._together(b"".join(bodies), lines_before, reader, rejected)
            except ContentRefused as refusal:
                owner = _owner(lines_before, refusal.line)
                _refuse(reads[owner], refusal.field)
                bodies[owner] = b""
                continue
            for number, rejection in rejected.lines:
                owner = _owner(lines_before, number)
                at = number - int(lines_before[owner]) + reads[owner].repeated_lines
                self._reject(reads[owner], at, rejection)
            return found

    def _together(
        self, text: bytes, lines_before: NDArray[np.int64], reader: LineReader, rejected: "_Rejected"
    ) -> Events:
        data, cursor, places = self._filled(text), np.zeros(3, np.int64), self._places
        parts: list[Events] = []
        line = 0
        while cursor[0] < len(text):
            cursor[1:] = 0
            events, exceptions = reader.events(data, len(text), cursor, line, rejected, places)
            sure = places.sure[: len(events)]
            rows = sure.nonzero()[0]
            owner = lines_before.searchsorted(places.lines[: len(events), 2] + line) - 1
            if len(rows) < len(events):
                events, owner = events[rows], owner[rows]
            written = _Text(text, places.of(_ACTOR, len(sure)), places.of(_TARGET, len(sure)), exceptions)
            parts.append(Events(events, owner, rows, None, (written,)))
            line += int(cursor[2])
        return parts[0] if len(parts) == 1 else _joined(parts)

    def _filled(self, text: bytes) -> NDArray[np.uint8]:
        """The text as the compiled code wants it. The same memory every time: fresh pages cost more than filling them."""
        size = len(text) + PADDING_BYTES
        if len(self._data) < size:
            self._data = np.zeros(2 * size, np.uint8)
        self._data.data[: len(text)] = text
        return self._data

    def _reject(self, read: Read, number: int, rejection: Rejection) -> None:
        read.rejected += 1
        self.rejected[str(rejection.reason)] += 1
        if len(read.rejections) < REJECTIONS_SHOWN:
            read.rejections.append(LineRejected(number, str(rejection.reason), rejection.words))


class _Rejected:
    """Rejected lines by number."""

    def __init__(self) -> None:
        self.lines: list[tuple[int, Rejection]] = []

    def reject(self, line: int, rejection: Rejection, raw: bytes) -> None:
        self.lines.append((line, rejection))


def _joined(parts: list[Events]) -> Events:
    """Several stretches of one text, one after another."""
    if not parts:
        return Events.none()
    return Events(
        np.concatenate([part.events for part in parts]),
        np.concatenate([part.owner for part in parts]),
        np.concatenate([part._rows for part in parts]),
        np.repeat(np.arange(len(parts)), [len(part.events) for part in parts]),
        tuple(part._texts[0] for part in parts),
    )


def _owner(lines_before: NDArray[np.int64], line: int) -> int:
    """Which body the line with this number, from 1, stands in."""
    return int(np.searchsorted(lines_before, line)) - 1


def _refuse(read: Read, field: str) -> None:
    read.refused = RequestError(
        "content_refused",
        f"the field {field[:40]!r} looks like message content, so nothing of this request was taken. Tidegate must never "
        "hold content: send the events without that field",
    )
    read.rejected, read.rejections = 0, []
