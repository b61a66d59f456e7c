"""How often somebody may try, and how many may wait at once: two small tables that cannot grow without end.

Both are lost with the process, which costs nothing: whoever waits has the time in a signed ticket.
"""

from collections import OrderedDict
from typing import TypeVar

K = TypeVar("K")

MOST_REMEMBERED = 65_536
"""Entries of each table; beyond that the oldest goes."""
ATTEMPTS = 10
ATTEMPTS_WINDOW_S = 600.0
"""So many wrong answers to one challenge in this time, then the next ones are not looked at."""
LONGEST_LINE_S = 3_600.0
"""Who would have to wait longer than this for their turn is told to come back later."""


class Attempts:
    """Counts wrong answers to each challenge."""

    def __init__(self) -> None:
        self._counted: OrderedDict[bytes, tuple[int, float]] = OrderedDict()

    def wait_s(self, identifier: bytes, now_s: float) -> float:
        """Seconds until the next answer is looked at; 0: now."""
        count, until_s = self._counted.get(identifier, (0, 0.0))
        return max(until_s - now_s, 0.0) if count >= ATTEMPTS else 0.0

    def wrong(self, identifier: bytes, now_s: float) -> None:
        """An answer was wrong."""
        count, until_s = self._counted.pop(identifier, (0, 0.0))
        if until_s <= now_s:
            count, until_s = 0, now_s + ATTEMPTS_WINDOW_S
        self._counted[identifier] = (count + 1, until_s)
        if len(self._counted) > MOST_REMEMBERED:
            self._counted.popitem(last=False)


class WaitingLine:
    """Those who wait instead of working: one after another within a network.

    Waiting costs a machine nothing, so a thousand accounts could wait at the same time. In line, a network of them
    passes one challenge in each ``wait_s``, while people, of whom few take this way, hardly meet in it.
    """

    def __init__(self, wait_s: float) -> None:
        self._wait_s = wait_s
        self._last: OrderedDict[int, float] = OrderedDict()
        self._turns: OrderedDict[bytes, float] = OrderedDict()

    def join(self, identifier: bytes, network: int, now_s: float) -> float | None:
        """When the turn of this challenge comes (Unix seconds), the same one however often it asks until then.

        None: the line is too long. ``network`` 0, unknown, is one network.
        """
        known_s = self._turns.get(identifier, 0.0)
        if known_s > now_s:
            return known_s
        turn_s = max(self._last.get(network, 0.0), now_s) + self._wait_s
        if turn_s - now_s > max(LONGEST_LINE_S, self._wait_s):
            return None
        _remember(self._last, network, turn_s)
        _remember(self._turns, identifier, turn_s)
        return turn_s


def _remember(table: OrderedDict[K, float], key: K, value: float) -> None:
    table.pop(key, None)
    table[key] = value
    if len(table) > MOST_REMEMBERED:
        table.popitem(last=False)
