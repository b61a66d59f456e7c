"""The chain of custody: who had an exhibit in hand, when, and what was done. Append-only.

A row is one line of JSON; it names the SHA-256 of the line before it, newline included. So a chain can be checked with
``sed`` and ``sha256sum``, and no row can be changed, taken out or moved without the next one showing it.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tidegate.desk.evidence.custody.canonical_json import canonical, moment

BEGINNING = "0" * 64
"""What the first row names as the line before it."""
MOST_LINE_BYTES = 16_384
DID_LENGTH, WHO_LENGTH = 64, 200
SEALED = "sealed"
"""What the last row of an exported chain says."""
TAKEN_IN = frozenset({"captured", "received"})
"""How an exhibit's custody begins."""
_DIGEST = re.compile(r"[0-9a-f]{64}")


class CustodyError(ValueError):
    """Something that cannot be written into a chain; the message says what."""


@dataclass(frozen=True, slots=True)
class CustodyEvent:
    """One row."""

    number: int
    """From 1."""
    at: str
    """Moment in UTC, as :func:`~.canonical_json.moment` writes it."""
    who: str
    did: str
    exhibit: str
    """SHA-256 of its raw bytes; empty when the row is about no single exhibit."""
    details: Mapping[str, Any]
    before: str
    """SHA-256 of the line before."""

    @property
    def line(self) -> bytes:
        return canonical(self).encode("ascii") + b"\n"

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.line).hexdigest()


def following(
    last: CustodyEvent | None,
    at: datetime,
    who: str,
    did: str,
    exhibit: str = "",
    details: Mapping[str, Any] | None = None,
) -> CustodyEvent:
    """The row after ``last`` (None: the first). Raises CustodyError."""
    made = CustodyEvent(
        number=last.number + 1 if last else 1,
        at=moment(at),
        who=who,
        did=did,
        exhibit=exhibit,
        details=dict(details or {}),
        before=last.digest if last else BEGINNING,
    )
    for words in _wrong_with(made):
        raise CustodyError(f"custody row {made.number}: {words}")
    if last and made.at < last.at:
        raise CustodyError(
            f"custody row {made.number}: {made.at} lies before the row before it, {last.at}: set the clock right first"
        )
    if len(made.line) > MOST_LINE_BYTES:
        raise CustodyError(
            f"custody row {made.number}: {len(made.line):,} bytes, {MOST_LINE_BYTES:,} are the most"
        )
    return made


def _wrong_with(row: CustodyEvent) -> Iterable[str]:
    for name, text, most in (("who", row.who, WHO_LENGTH), ("did", row.did, DID_LENGTH)):
        if not text or len(text) > most or not text.isprintable():
            yield f"{name}: {text[:most]!r} is no printable text of 1 to {most} characters"
    if row.exhibit and not _DIGEST.fullmatch(row.exhibit):
        yield f"exhibit: {row.exhibit[:80]!r} is no SHA-256"


@dataclass(slots=True)
class Walked:
    """A chain as it was read, with what is wrong with it."""

    events: list[CustodyEvent] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)


def walk(text: bytes) -> Walked:
    """Read a chain and check how every row follows from the one before it."""
    walked = Walked()
    expected, before, at = 1, BEGINNING, ""
    lines = text.split(b"\n")
    if lines[-1]:
        walked.findings.append("the custody chain does not end with a newline: it was cut off")
    for place, line in enumerate(lines[:-1] if not lines[-1] else lines, 1):
        row = _row(line)
        if row is None:
            walked.findings.append(f"custody line {place} is not a row of custody")
            before, expected = hashlib.sha256(line + b"\n").hexdigest(), expected + 1
            continue
        walked.findings += _how_it_follows(row, place, expected, before, at)
        walked.events.append(row)
        expected, before, at = row.number + 1, hashlib.sha256(line + b"\n").hexdigest(), row.at
    return walked


def _how_it_follows(row: CustodyEvent, place: int, expected: int, before: str, at: str) -> Sequence[str]:
    found = []
    if row.number > expected:
        gone = f"{expected}" if row.number == expected + 1 else f"{expected} to {row.number - 1}"
        found.append(f"custody row {gone} is missing before row {row.number}, at line {place}")
    elif row.number < expected:
        found.append(
            f"custody row {row.number} stands at line {place}, after row {expected - 1}: out of order"
        )
    elif row.before != before:
        found.append(
            f"custody row {row.number} does not follow from the row before it: one of the two was changed"
        )
    if row.at < at:
        found.append(f"custody row {row.number} is dated {row.at}, before the row that precedes it ({at})")
    return found


def _row(line: bytes) -> CustodyEvent | None:
    if len(line) >= MOST_LINE_BYTES:
        return None
    try:
        value = json.loads(line)
        row = CustodyEvent(**value)
        plain = (
            type(row.number) is int
            and all(isinstance(text, str) for text in (row.at, row.who, row.did, row.exhibit, row.before))
            and isinstance(row.details, dict)
            and row.line == line + b"\n"
            and not list(_wrong_with(row))
        )
        moment(datetime.fromisoformat(row.at))
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
    return row if plain else None
