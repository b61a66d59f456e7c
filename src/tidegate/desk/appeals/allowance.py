"""How often something may be asked for: bounded in time and in memory, forgotten when the process ends."""

from collections import OrderedDict
from threading import Lock

REMEMBERED = 20_000
"""Keys at hand; beyond that the longest unused is forgotten."""


class Allowance:
    """Up to ``most`` times in ``period_s``, refilled evenly (a token bucket), for each key. Any thread."""

    def __init__(self, most: int, period_s: float, remembered: int = REMEMBERED) -> None:
        self._most, self._per_s, self._remembered = most, most / period_s, remembered
        self._left: OrderedDict[object, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def take(self, key: object, now_s: float) -> bool:
        """Whether once more is within the limit; if so, it is counted. ``now_s``: any clock that runs on."""
        with self._lock:
            left, before_s = self._left.pop(key, (float(self._most), now_s))
            left = min(float(self._most), left + max(now_s - before_s, 0.0) * self._per_s)
            granted = left >= 1.0
            self._left[key] = (left - 1.0 if granted else left, now_s)
            while len(self._left) > self._remembered:
                self._left.popitem(last=False)
            return granted
