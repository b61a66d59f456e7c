"""How much may be in flight at once, and when to come back when that is too much."""

import math

LONGEST_WAIT_S = 30
MEMORY = 0.2
"""Weight of the latest batch in the rate at which requests are answered."""


class Busy(Exception):  # noqa: N818 - a state, not a failure
    """Too much is in flight; ``retry_after_s`` says when to come back."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__("too many requests are waiting")
        self.retry_after_s = retry_after_s


class Admission:
    """Counts bodies and requests from their arrival to their answer. Belongs to the thread of the event loop."""

    def __init__(self, most_bytes: int, most_requests: int) -> None:
        self._most_bytes, self._most_requests = most_bytes, most_requests
        self.held_bytes = 0
        self.waiting = 0
        """Requests handed to the node and not answered yet."""
        self._bytes_per_s = 0.0
        self._requests_per_s = 0.0

    def hold(self, size_bytes: int) -> None:
        """Account for a body, or a piece of one. Raises :class:`Busy`, and then it is not held."""
        if self.held_bytes + size_bytes > self._most_bytes:
            raise self.busy()
        self.held_bytes += size_bytes

    def let_go(self, size_bytes: int) -> None:
        """The body is not needed any more."""
        self.held_bytes -= size_bytes

    def enter(self, requests: int = 1) -> None:
        """So many requests want to be handed to the node together. Raises :class:`Busy`, and then none is let in.

        A group that is larger than what may wait is let in while nothing else waits.
        """
        if self.waiting + requests > self._most_requests and (self.waiting or requests == 1):
            raise self.busy()
        self.waiting += requests

    def leave(self, requests: int, size_bytes: int, took_s: float) -> None:
        """That many requests were answered together after ``took_s`` of work."""
        self.waiting -= requests
        took_s = max(took_s, 1e-6)
        self._requests_per_s += MEMORY * (requests / took_s - self._requests_per_s)
        self._bytes_per_s += MEMORY * (size_bytes / took_s - self._bytes_per_s)

    def busy(self) -> Busy:
        """When half of what waits now will have been answered, at the rate of the last batches."""
        wait_s = max(
            self.waiting / self._requests_per_s if self._requests_per_s else 1.0,
            self.held_bytes / self._bytes_per_s if self._bytes_per_s else 1.0,
        )
        return Busy(min(max(math.ceil(wait_s / 2), 1), LONGEST_WAIT_S))
