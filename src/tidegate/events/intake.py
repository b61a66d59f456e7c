"""What passes the door and what does not: batches of accepted events, and the count of everything else."""

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from tidegate.events.columns import CONTENT_FIELDS
from tidegate.events.errors import LogError, Rejection
from tidegate.events.names import Names

QUOTED_CHARACTERS = 200
REJECTED_LINES_LIMIT = 100_000
"""How many lines ``rejected.jsonl`` holds at most; the rest are only counted."""
WITHHELD = "(withheld: the line may carry message content)"
_CONTENT_MENTION = re.compile(rb"(?i)\b(" + "|".join(sorted(CONTENT_FIELDS)).encode() + rb")[\"']?\s*[:=]")


@dataclass(frozen=True, slots=True)
class Batch:
    """Accepted events of one stretch of a file, in the file's order."""

    events: NDArray[Any]
    rows: NDArray[np.int64]
    """Which row of ``names`` each event is."""
    names: Names
    lines: NDArray[np.int64] | None = None
    """The number of the line each event came from, where the format has lines."""

    @classmethod
    def of(
        cls,
        events: NDArray[Any],
        names: Names,
        keep: NDArray[np.bool_],
        lines: NDArray[np.int64] | None = None,
    ) -> "Batch | None":
        """The kept events; None when nothing is left."""
        rows = np.flatnonzero(keep)
        if not rows.size:
            return None
        if rows.size == events.size:
            return cls(events, rows, names, lines)
        return cls(events[rows], rows, names, None if lines is None else lines[rows])

    def only(self, keep: NDArray[np.bool_]) -> "Batch":
        """The same batch with fewer events."""
        lines = None if self.lines is None else self.lines[keep]
        return Batch(self.events[keep], self.rows[keep], self.names, lines)


@dataclass(slots=True)
class Intake:
    """Counts rows, sets unusable ones aside and, when strict, stops at the first."""

    strict: bool = False
    rejected_file: TextIO | None = None
    path: Path = field(default_factory=Path)
    """The file being read."""
    rows: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    first_rejection: str = ""

    def count_rows(self, count: int) -> None:
        """``count`` more rows were read."""
        self.rows += count

    def reject(self, line: int, rejection: Rejection, raw: bytes, *, unit: str = "line") -> None:
        """Set one row aside; raises :class:`LogError` when strict."""
        place = f"{unit} {line}"
        if self.strict:
            raise LogError(self.path, rejection.words, place=place)
        self.first_rejection = self.first_rejection or f"{self.path.name}, {place}: {rejection.words}"
        if self.rejected_file is not None and self.rejected.total() < REJECTED_LINES_LIMIT:
            entry = {
                "file": str(self.path),
                "line": line,
                "reason": str(rejection.reason),
                "words": rejection.words,
                "text": excerpt(raw),
            }
            self.rejected_file.write(json.dumps(entry, ensure_ascii=False) + "\n")
        self.rejected[str(rejection.reason)] += 1


def excerpt(raw: bytes) -> str:
    """The beginning of a line for a person to look at, unless the line seems to carry message content."""
    if _CONTENT_MENTION.search(raw):
        return WITHHELD
    return raw.decode("utf-8", "replace")[:QUOTED_CHARACTERS]
