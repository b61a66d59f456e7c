"""What reading a log came to, in numbers and in sentences."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.events.columns import MISSING_FORWARDS, MISSING_INT

OPTIONAL_COLUMNS = (
    "target",
    "chat",
    "network",
    "device",
    "id",
    "client",
    "phone_range",
    "members",
    "size",
    "forwards",
    "reason",
)
_ABSENT = {"members": MISSING_INT, "size": MISSING_INT, "forwards": MISSING_FORWARDS}


@dataclass(slots=True)
class LogSummary:
    """Complete once the log has been read to its end."""

    rows: int = 0
    """Rows read; blank lines, comments and headers do not count."""
    events: int = 0
    """Events accepted and passed on."""
    rejected: int = 0
    rejected_by_reason: dict[str, int] = field(default_factory=dict)
    duplicates: int = 0
    """Events left out because their ``id`` had been met before."""
    late: int = 0
    """Events passed on out of the order of time."""
    first_time_s: float | None = None
    last_time_s: float | None = None
    present: frozenset[str] = frozenset()
    """Optional columns of :data:`~tidegate.events.columns.EVENT` that ever carried a value."""
    relative_time: bool = False
    """Whether a file counted seconds from its own start."""
    notes: list[str] = field(default_factory=list)
    """Sentences for a person."""

    def note_events(self, events: NDArray[Any]) -> None:
        """Count accepted events, the span of time they cover and the columns they carry."""
        self.events += len(events)
        time_s = events["time"]
        first_s, last_s = float(time_s.min()), float(time_s.max())
        self.first_time_s = first_s if self.first_time_s is None else min(self.first_time_s, first_s)
        self.last_time_s = last_s if self.last_time_s is None else max(self.last_time_s, last_s)
        for name in OPTIONAL_COLUMNS:
            if name not in self.present and bool(np.any(events[name] != _ABSENT.get(name, 0))):
                self.present |= {name}
