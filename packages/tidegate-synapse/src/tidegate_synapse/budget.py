"""Arithmetic of the budget rung: how many people may still be written to for the first time, and how fast."""

DAY_S = 86_400.0
MINUTE_S = 60.0


class FirstContacts:
    """At most ``limit`` first contacts within any 24 hours; a reply refunds the one it answers.

    A contact is a key (a person, or a room whose people are not known by name). Asking again about one that is
    already paid for costs nothing, so a client's retry or Synapse's own repetition is never charged twice.
    """

    def __init__(self, limit: int, window_s: float = DAY_S) -> None:
        self._limit, self._window_s = limit, window_s
        self._charged_s: dict[str, float] = {}  # oldest first: charges are entered in the order of time

    def left(self, now_s: float) -> int:
        """First contacts that may still be made now."""
        while self._charged_s:
            oldest = next(iter(self._charged_s))
            if now_s - self._charged_s[oldest] < self._window_s:
                break
            del self._charged_s[oldest]
        return max(self._limit - len(self._charged_s), 0)

    def is_paid(self, contact: str) -> bool:
        """Whether this contact was charged within the window and has not been refunded."""
        return contact in self._charged_s

    def charge(self, contact: str, now_s: float) -> bool:
        """Pay for a contact; False when there is nothing left."""
        left = self.left(now_s)
        if contact in self._charged_s:
            return True
        if not left:
            return False
        self._charged_s[contact] = now_s
        return True

    def refund(self, contact: str) -> bool:
        """The other side has answered; True when there was something to give back."""
        return self._charged_s.pop(contact, None) is not None

    def wait_s(self, now_s: float) -> float:
        """Seconds until a first contact can be made again; 0 when one can be made now."""
        if self.left(now_s):
            return 0.0
        oldest_s = next(iter(self._charged_s.values()), now_s)  # limit 0: a whole window
        return oldest_s + self._window_s - now_s


class MessageRate:
    """At most ``per_minute`` messages a minute on average, and so many at once (a token bucket)."""

    def __init__(self, per_minute: int) -> None:
        self._capacity = float(per_minute)
        self._tokens = self._capacity
        self._refilled_s: float | None = None

    def take(self, now_s: float) -> float:
        """Send one message: 0.0 when it may go, else the seconds to wait, and nothing is taken."""
        if self._refilled_s is not None and now_s > self._refilled_s:
            refill = (now_s - self._refilled_s) * self._capacity / MINUTE_S
            self._tokens = min(self._tokens + refill, self._capacity)
        self._refilled_s = now_s
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            return 0.0
        return (1.0 - self._tokens) * MINUTE_S / self._capacity
