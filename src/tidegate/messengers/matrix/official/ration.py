"""First contacts of rationed accounts, counted after the fact: who was invited, and who has answered."""

import asyncio
import time
from collections.abc import Callable, Sequence

from tidegate.messengers.matrix.official.lines import Line
from tidegate.messengers.matrix.official.state import State

HOUR_S = 3600.0


class Rations:
    """Which accounts are rationed, and what they have spent.

    Without a module nobody can stop the sixth invitation before it is sent. It is seen a moment later, and the account
    is suspended until somebody answers or the window has passed.
    """

    def __init__(self, state: State, window_h: float, now_s: Callable[[], float] = time.time) -> None:
        self._state, self._window_s, self._now_s = state, window_h * HOUR_S, now_s
        self._allowed: dict[str, int] = {}
        self.changed: set[str] = set()
        """Accounts whose count has changed since somebody looked; at most as many as are rationed."""
        self.wake = asyncio.Event()

    def begin(self, account: str, allowed: int) -> None:
        """Ration an account: at most ``allowed`` unanswered first contacts. What it did before does not count."""
        self._allowed[account] = allowed

    def end(self, account: str) -> None:
        """Lift the ration and forget whom the account wrote to. Part of :meth:`State.together`."""
        self._allowed.pop(account, None)
        self._state.db.execute("DELETE FROM contacts WHERE account = ?", (account,))

    def is_rationed(self, account: str) -> bool:
        """Whether its first contacts are counted."""
        return account in self._allowed

    def accounts(self) -> list[str]:
        """All rationed accounts."""
        return list(self._allowed)

    def is_spent(self, account: str) -> bool:
        """Whether the account has more unanswered first contacts in the window than it may have."""
        allowed = self._allowed.get(account)
        if allowed is None:
            return False
        count: int = self._state.db.execute(
            "SELECT COUNT(*) FROM contacts WHERE account = ? AND answered = 0 AND time_s > ?",
            (account, self._now_s() - self._window_s),
        ).fetchone()[0]
        return count > allowed

    def note(self, lines: Sequence[Line]) -> None:
        """Count what lines say. Part of :meth:`State.together`, so a line counts once."""
        if not self._allowed:
            return
        for line in lines:
            if line.type == "invite" and line.actor in self._allowed and line.target:
                self._state.db.execute(
                    "INSERT OR IGNORE INTO contacts VALUES (?, ?, ?, ?, 0)",
                    (line.actor, line.target, line.chat, line.time),
                )
                self._touch(line.actor)
            elif line.type in ("message", "join"):
                self._answer(line)

    def _answer(self, line: Line) -> None:
        """Somebody writes, or comes, where a rationed account has invited them: that one is refunded."""
        rows = self._state.db.execute(
            "SELECT account FROM contacts WHERE target = ? AND chat = ? AND answered = 0",
            (line.actor, line.chat),
        ).fetchall()
        for (account,) in rows:
            self._state.db.execute(
                "UPDATE contacts SET answered = 1 WHERE account = ? AND target = ?", (account, line.actor)
            )
            self._touch(account)

    def _touch(self, account: str) -> None:
        self.changed.add(account)
        self.wake.set()
