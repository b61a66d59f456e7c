"""Log lines about a lasting condition, at most one a minute for each."""

import logging
import time
from collections.abc import Callable

ALARM_INTERVAL_S = 60.0


class Alarms:
    """Says what is wrong, once a minute for each kind of trouble, and how often it happened in between.

    The kinds are few and fixed in the code, so nothing here grows.
    """

    def __init__(
        self,
        logger: logging.Logger,
        interval_s: float = ALARM_INTERVAL_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._logger, self._interval_s, self._clock = logger, interval_s, clock
        self._last_s: dict[str, float] = {}
        self._held_back: dict[str, int] = {}

    def raise_(self, kind: str, message: str, *, exception: BaseException | None = None) -> None:
        """Log ``message`` as a warning (as an error with its traceback when there is an ``exception``)."""
        now_s = self._clock()
        if now_s - self._last_s.get(kind, -self._interval_s) < self._interval_s:
            self._held_back[kind] = self._held_back.get(kind, 0) + 1
            return
        self._last_s[kind] = now_s
        held_back = self._held_back.pop(kind, 0)
        more = f" ({held_back} more times since the last such line)" if held_back else ""
        if exception is None:
            self._logger.warning("%s%s", message, more)
        else:
            self._logger.error("%s%s", message, more, exc_info=exception)

    def clear(self, kind: str, message: str) -> None:
        """The trouble is over: say so, if it was ever reported."""
        if self._last_s.pop(kind, None) is not None:
            self._held_back.pop(kind, None)
            self._logger.info("%s", message)
