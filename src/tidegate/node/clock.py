"""The node's clock: never goes back, and says so when the machine's does."""

import logging
from collections.abc import Callable

log = logging.getLogger(__name__)
NOTICEABLE_S = 1.0
"""Clocks are corrected by fractions of a second all the time; more is told."""


class Clock:
    """Unix seconds that never decrease.

    When the machine's clock jumps back, time stands still until it has caught up. Events are bounded by the latest time
    ever seen, so a messenger whose clock is right is not refused meanwhile.
    """

    def __init__(self, wall_s: Callable[[], float]) -> None:
        self._wall_s = wall_s
        self._latest_s = 0.0
        self.behind_s = 0.0
        """How far the machine's clock lies behind the latest time seen; 0 when all is well."""

    def see(self, time_s: float) -> None:
        """A time known from before this start."""
        self._latest_s = max(self._latest_s, time_s)

    def now(self) -> float:
        """Unix seconds, at least as many as ever before."""
        wall_s = self._wall_s()
        behind_s = self._latest_s - wall_s
        if behind_s > NOTICEABLE_S and self.behind_s == 0.0:
            log.warning(
                "the machine's clock went back by %.1f s; rungs end and events are bounded by the latest time seen until "
                "it has caught up. Check the machine's time synchronisation.",
                behind_s,
            )
        self.behind_s = behind_s if behind_s > NOTICEABLE_S else 0.0
        self._latest_s = max(self._latest_s, wall_s)
        return self._latest_s
