"""What finds accounts that act together, as the evaluation sees it, and how it is led through a log.

A finder is handed the log piece by piece and asked in between. When it is asked at a time, it has seen the
events before that time and no other, so the time of a finding is the time at which it could have been acted
on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

DAY_S, HOUR_S, MINUTE_S = 86_400.0, 3_600.0, 60.0
Keys = NDArray[np.uint64]


class Finder(Protocol):
    """One way of finding campaigns. It is used for one log and then thrown away."""

    every_s: float
    """How often it is asked."""

    def observe(self, events: NDArray[Any]) -> None:
        """Take the next events (EVENT[n], sorted by time)."""

    def find(self, now_s: float) -> list[Keys]:
        """The groups it finds at ``now_s``; it may repeat earlier ones."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Accounts said to act together."""

    time: float
    """Unix seconds at which it was found."""
    members: Keys


def findings(finder: Finder, events: NDArray[Any]) -> Iterator[Finding]:
    """Lead a finder through a log (EVENT[n], sorted by time). A group that it repeats unchanged is left out."""
    if not len(events):
        return
    time = events["time"]
    seen: set[bytes] = set()
    at, now = 0, float(np.floor(time[0] / finder.every_s) + 1.0) * finder.every_s
    while at < len(events):
        until = int(np.searchsorted(time, now, "left"))
        if until > at:
            finder.observe(events[at:until])
            at = until
        for members in finder.find(now):
            members = np.unique(members)
            mark = members.tobytes()
            if mark not in seen:
                seen.add(mark)
                yield Finding(now, members)
        now += finder.every_s
