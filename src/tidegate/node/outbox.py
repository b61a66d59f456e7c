"""The outbox: what a messenger has yet to be told, until it confirms.

An action is a statement, not a step: "this account shall now stand on this rung". So it may be told twice, and a newer
one makes an older one of the same account pointless:

- at most one action an account is outstanding (it waits, was handed out, or was given up); a newer one supersedes it;
- a newer one is not handed out while the older is still in the messenger's hands: it waits for the older's result or for
  the end of its lease, so a messenger never has two orders about one account at the same time;
- nothing is sent when nothing changes on the messenger, by what it confirmed last. When an action was handed out and
  never confirmed, the messenger may have carried it out, and the next one is sent in any case.
"""

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

from tidegate.engine.rungs import Rung
from tidegate.node import settings
from tidegate.statements.decision import ReasonShown

log = logging.getLogger(__name__)
LONGEST_ERROR = 1_000
"""Characters of a messenger's error that are kept."""
JITTER = 0.25
"""Delays are spread by up to this share in both directions, so that what failed together does not come back together."""


@dataclass(frozen=True, slots=True)
class Action:
    """From now on this account shall stand on this rung."""

    id: str
    """16 hexadecimal digits; the same at every attempt."""
    account: str
    pseudonym: int
    rung: Rung
    previous: Rung
    """What the messenger confirmed last; the same as ``rung`` when it may have carried out something else since."""
    until_s: float | None
    """Unix seconds; None: no end, or nothing to end."""
    time_s: float
    """When it was decided."""
    notice: str
    """Words for the account holder; empty when there is nothing to tell."""
    reasons: tuple[ReasonShown, ...]
    """For the people behind the messenger, not for the account holder."""
    attempt: int
    """From 1."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an action that was handed out."""

    id: str
    done: bool
    error: str = ""
    permanent: bool = False
    """It will never work; do not try again."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What results came to."""

    confirmed: int
    """Results about an outstanding action, done or not."""
    unknown: int
    """Results about actions that were superseded, settled before, erased, or never handed out."""
    dead: int
    """Of the confirmed ones, those that were given up."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An action that was given up."""

    id: str
    account: str
    rung: Rung
    time_s: float
    """When it was decided, Unix seconds."""
    attempts: int
    error: str
    """What went wrong last."""
    number: int
    """The cursor for :meth:`Outbox.dead`."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An account on which a measure is in effect."""

    account: str
    pseudonym: int
    rung: Rung
    until_s: float | None
    notice: str


class Outbox(Protocol):
    """Hands actions to a messenger until it confirms. Every method may be called from any thread, but blocks on the disk.

    All raise :class:`~tidegate.node.requests.StorageError`. ``now_s``: Unix seconds by the caller's clock; after a clock
    has gone back, no action waits longer than it would have.
    """

    def due(self, limit: int, now_s: float) -> list[Action]:
        """Up to ``limit`` actions to be carried out now. Each is leased: it comes again if no result arrives in time."""

    def next_due_s(self) -> float | None:
        """When the next action will be due, Unix seconds; None when nothing waits."""

    def confirm(self, results: Sequence[Result], now_s: float) -> Confirmed:
        """Take in what became of actions."""

    def retry(self, identifier: str, now_s: float) -> bool:
        """Try a dead letter again, with all its attempts; False when there is no such dead letter."""

    def dead(self, after: int = 0, limit: int = 1_000) -> list[DeadLetter]:
        """Dead letters with a number above ``after``, oldest first."""

    def standing(self) -> Iterator[Standing]:
        """All accounts on which a measure is in effect, by what the messenger confirmed.

        For a messenger's side that starts without a memory. It must read this *before* it asks for its first actions:
        an undo that it carries out meanwhile would be undone again.
        """

    def on_due(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Have ``listener`` called whenever something may have become due. Returns what ends that.

        It is called in whichever thread made the change, after the change is durable; it must return at once and not
        raise. A waiting long poll is woken through it, for example::

            woken = asyncio.Event()
            end = outbox.on_due(lambda: loop.call_soon_threadsafe(woken.set))
            while True:
                woken.clear()  # first, so that no call between here and the wait is lost
                if actions := await asyncio.to_thread(outbox.due, limit, now_s()):
                    break
                ...  # wait for woken, at most until next_due_s() or the end of the long poll
            end()

        One listener for all long polls of a process is enough.
        """


class Listeners:
    """Who wants to know that something may be due."""

    def __init__(self) -> None:
        self._listeners: dict[int, Callable[[], None]] = {}
        self._next = 0
        self._lock = Lock()

    def add(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Returns what removes it again."""
        with self._lock:
            number = self._next
            self._next += 1
            self._listeners[number] = listener

        def remove() -> None:
            with self._lock:
                self._listeners.pop(number, None)

        return remove

    def tell(self) -> None:
        """Call everybody. What one raises keeps nobody else from hearing, and does not undo what has happened."""
        with self._lock:
            listeners = list(self._listeners.values())
        for listener in listeners:
            try:
                listener()
            except Exception:  # the change is durable; the caller must not take it for failed
                log.exception("a listener for due actions failed")


def retry_delay_s(identifier: str, attempt: int, chosen: settings.Enforcement) -> float:
    """Seconds to wait after attempt ``attempt`` (from 1) has failed: doubled each time, spread by the action's id."""
    delay_s = min(chosen.first_retry_s * 2.0 ** min(attempt - 1, 62), chosen.longest_retry_s)
    digest = hashlib.blake2b(f"{identifier} {attempt}".encode(), digest_size=4).digest()
    return delay_s * (1.0 - JITTER + 2.0 * JITTER * int.from_bytes(digest, "little") / (1 << 32))


def longest_wait_s(chosen: settings.Enforcement) -> float:
    """No action is ever put off for longer than this; one that seems to be was put off by another clock."""
    return max(chosen.lease_s, chosen.longest_retry_s * (1.0 + JITTER))
