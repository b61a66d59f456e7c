"""Entering actions into the outbox, within the transaction that makes them necessary."""

import hashlib
import sqlite3
from typing import Any

from tidegate.node.account_table import AccountState, OpenAction
from tidegate.node.enforcement import Measure
from tidegate.node.ledger_file import set_meta, stored


class Entries:
    """Collects the actions of one transaction and what they supersede; :meth:`write` puts them in."""

    def __init__(self, db: sqlite3.Connection, now_s: float, lease_s: float) -> None:
        """``lease_s``: no action is longer in a messenger's hands than this."""
        self._db, self.now_s, self._lease_s = db, now_s, lease_s
        row = db.execute("select value from meta where key = 'next_action'").fetchone()
        self._next: int = row[0] if row else 1
        self._new: dict[int, list[Any]] = {}
        """Rows by number; the state is the ninth value, the time of settling the last."""
        self._settled: list[tuple[str, float, int]] = []
        self._released: list[tuple[float, float, int]] = []

    @property
    def count(self) -> int:
        """Actions entered that are due."""
        return sum(row[8] == "due" for row in self._new.values())

    def enter(
        self,
        account: AccountState,
        measure: Measure,
        *,
        decision: str,
        time_s: float,
        cause: str,
        held: bool = False,
        identifier: str = "",
    ) -> None:
        """The account shall stand there. Supersedes what is outstanding, or, when ``held``, only what is held.

        ``decision``: id of the decision whose reasons go with it, or empty. ``identifier``: the action's id; without one,
        it is made up. ``cause``: ``decision``, or the command that wants it.
        """
        number = self._next
        self._next += 1
        old = account.held if held else account.outstanding
        in_hand_until_s = 0.0
        if not held:
            in_hand_until_s = self._in_hand_until_s(account)
            self.settle_held(account)
        if old is not None:
            self._settle(old, "superseded")
        state = "held" if held else "due"
        action = OpenAction(number, measure, state, in_hand_until_s)
        if held:
            account.held = action
        else:
            account.outstanding = action
        self._new[number] = [
            number,
            identifier or _made_up(cause, number),
            decision,
            stored(account.pseudonym),
            int(measure.rung),
            measure.until_s,
            time_s,
            cause,
            state,
            self.now_s,
            max(self.now_s, in_hand_until_s),
            in_hand_until_s,
            None,
        ]

    def keep(self, account: AccountState, state: str = "superseded") -> None:
        """Nothing has to be carried out any more."""
        self.settle_outstanding(account, state)
        self.settle_held(account, state)

    def settle_outstanding(self, account: AccountState, state: str) -> None:
        """What waits to be carried out is not wanted any more."""
        if account.outstanding is not None:
            self._settle(account.outstanding, state)
            account.outstanding = None

    def settle_held(self, account: AccountState, state: str = "superseded") -> None:
        """What a breaker held back is not wanted any more."""
        if account.held is not None:
            self._settle(account.held, state)
            account.held = None

    def release(self, account: AccountState) -> None:
        """What a breaker held back becomes due."""
        held = account.held
        if held is None:
            return
        in_hand_until_s = self._in_hand_until_s(account)
        self.settle_outstanding(account, "superseded")
        account.outstanding = OpenAction(held.number, held.measure, "due", in_hand_until_s)
        account.held = None
        self._released.append((max(self.now_s, in_hand_until_s), in_hand_until_s, held.number))

    def decision_of(self, account: AccountState) -> tuple[str, float]:
        """Id and time of the account's last decision."""
        row = self._db.execute(
            "select id, time from decision where number = ?", (account.decided_number,)
        ).fetchone()
        return (row[0], row[1]) if row else ("", self.now_s)

    def write(self) -> None:
        """Put everything in, once. The accounts themselves are for the caller to save."""
        if self._settled:
            self._db.executemany("update action set state = ?, settled = ? where number = ?", self._settled)
        if self._released:
            self._db.executemany(
                "update action set state = 'due', due = ?, leased_until = ? where number = ?", self._released
            )
        if self._new:
            self._db.executemany(
                "insert into action (number, id, decision, pseudonym, rung, until, time, cause, state, entered, due, "
                "leased_until, settled) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                self._new.values(),
            )
            set_meta(self._db, "next_action", self._next)

    def _in_hand_until_s(self, account: AccountState) -> float:
        """Until when the messenger has an order about the account in its hands; 0: it has none."""
        old = account.outstanding
        if old is None or not self.now_s < old.leased_until_s <= self.now_s + self._lease_s:
            return 0.0
        return old.leased_until_s

    def _settle(self, action: OpenAction, state: str) -> None:
        row = self._new.get(action.number)
        if row is not None:
            row[8], row[12] = state, self.now_s
        else:
            self._settled.append((state, self.now_s, action.number))


def _made_up(cause: str, number: int) -> str:
    return hashlib.blake2b(f"{cause} {number}".encode(), digest_size=8).hexdigest()
