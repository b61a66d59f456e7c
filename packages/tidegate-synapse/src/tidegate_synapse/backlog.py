"""Numbered lines on their way to the node: in order, none taken twice, never more than stated."""

from collections import deque
from dataclasses import dataclass

BATCH_LINES = 2_000
"""Most lines sent together when catching up; a node takes 10,000."""
BATCH_BYTES = 1 << 20
"""A node takes 4 MiB."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines with consecutive numbers. Once sent it is never changed: a repetition must carry the same lines."""

    first_number: int
    lines: tuple[bytes, ...]

    def body(self) -> bytes:
        """JSON Lines."""
        return b"\n".join(self.lines) + b"\n"


class Backlog:
    """Lines waiting for the node. Beyond ``limit`` the oldest that are not on their way are dropped.

    Each line has a number, from 1, that it keeps. Dropping leaves a gap in the numbers, never a renumbering, so
    the node's rule "a number already taken is not taken twice" holds whatever happens here.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: deque[bytes] = deque()
        self._first_waiting = 1
        self.in_flight: Batch | None = None
        self.dropped = 0
        """Lines lost because the node was away for too long."""

    def __len__(self) -> int:
        """Lines waiting or on their way."""
        return len(self._waiting) + (len(self.in_flight.lines) if self.in_flight else 0)

    @property
    def waiting(self) -> int:
        """Lines not on their way yet."""
        return len(self._waiting)

    def add(self, line: bytes) -> None:
        """Put a line at the end."""
        if len(self) >= self._limit and self._waiting:
            self._waiting.popleft()
            self._first_waiting += 1
            self.dropped += 1
        self._waiting.append(line)

    def take(self, most_lines: int = BATCH_LINES, most_bytes: int = BATCH_BYTES) -> Batch | None:
        """The batch to send: the one already on its way, else the oldest lines; None when there are none."""
        if self.in_flight is None and self._waiting:
            lines: list[bytes] = []
            size_bytes = 0
            while self._waiting and len(lines) < most_lines:
                size_bytes += len(self._waiting[0]) + 1
                if lines and size_bytes > most_bytes:
                    break
                lines.append(self._waiting.popleft())
            self.in_flight = Batch(self._first_waiting, tuple(lines))
            self._first_waiting += len(lines)
        return self.in_flight

    def settled(self) -> None:
        """The batch on its way was taken (or refused for good): forget it."""
        self.in_flight = None

    def split(self) -> bool:
        """The batch was refused as too large: put its second half back. False when it is a single line.

        Nothing of it was taken, so its lines may take numbers that dropped lines have left free.
        """
        batch = self.in_flight
        if batch is None or len(batch.lines) < 2:
            return False
        half = len(batch.lines) // 2
        self._waiting.extendleft(reversed(batch.lines[half:]))
        self._first_waiting -= len(batch.lines) - half
        self.in_flight = Batch(batch.first_number, batch.lines[:half])
        return True
