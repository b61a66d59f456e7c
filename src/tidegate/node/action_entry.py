"""Entering actions into the outbox, within the transaction that makes them necessary."""

import hashlib
import sqlite3
from dataclasses import dataclass

from tidegate.node.account_table import AccountState, OpenAction
from tidegate.node.enforcement import Measure
from tidegate.node.ledger_file import NEXT_NUMBER, set_meta, stored

AT_ONCE_S = 0.0
"""Due in any case: whoever decides and whoever hands out may go by clocks that differ."""


@dataclass(slots=True)
class _New:
    """An action that is not in the table yet."""

    number: int
    identifier: str | None
    """None: it has that of its decision."""
    decision: int
    pseudonym: int
    measure: Measure
    time_s: float
    cause: str
    state: str
    in_hand_until_s: float
    settled_s: float | None = None


class Entries:
    """Collects the actions of one transaction and what they supersede; :meth:`write` puts them in."""

    def __init__(self, db: sqlite3.Connection, now_s: float, lease_s: float) -> None:
        """``lease_s``: no action is longer in a messenger's hands than this. Decisions have their numbers already."""
        self._db, self.now_s, self._lease_s = db, now_s, lease_s
        row = db.execute("select value from meta where key = ?", (NEXT_NUMBER,)).fetchone()
        self._next: int = row[0] if row else 1
        self._new: dict[int, _New] = {}
        self._settled: list[tuple[str, float, int]] = []
        self._released: list[tuple[float, float, int]] = []

    @property
    def count(self) -> int:
        """Actions entered that are due."""
        return sum(new.state == "due" for new in self._new.values())

    def follow(
        self, account: AccountState, measure: Measure, number: int, time_s: float, *, held: bool
    ) -> None:
        """What decision ``number`` asks for. Supersedes what is outstanding, or, when ``held``, only what is held.

        The action has the decision's number and id: looking it up needs no index of its own.
        """
        self._enter(
            account,
            measure,
            _New(number, None, number, account.pseudonym, measure, time_s, "decision", "", 0.0),
            held,
        )

    def order(self, account: AccountState, measure: Measure, cause: str, *, decision: int = 0) -> None:
        """What a person asks for; ``decision``: number of the one whose reasons go with it."""
        number = self._next
        self._next += 1
        identifier = hashlib.blake2b(f"{cause} {number} {self.now_s}".encode(), digest_size=8).hexdigest()
        new = _New(number, identifier, decision, account.pseudonym, measure, self.now_s, cause, "", 0.0)
        self._enter(account, measure, new, False)

    def _enter(self, account: AccountState, measure: Measure, new: _New, held: bool) -> None:
        old = account.held if held else account.outstanding
        if not held:
            new.in_hand_until_s = self._in_hand_until_s(account)
            self.settle_held(account)
        if old is not None:
            self._settle(old, "superseded")
        new.state = "held" if held else "due"
        action = OpenAction(new.number, measure, new.state, new.in_hand_until_s)
        if held:
            account.held = action
        else:
            account.outstanding = action
        self._new[new.number] = new

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
        self._released.append((in_hand_until_s or AT_ONCE_S, in_hand_until_s, held.number))

    def write(self) -> None:
        """Put everything in, once. The accounts themselves are for the caller to save."""
        self._db.executemany("update action set state = ?, settled = ? where number = ?", self._settled)
        if self._released:
            self._db.executemany(
                "update action set state = 'due', due = ?, leased_until = ? where number = ?", self._released
            )
        self._db.executemany(
            "insert into action (number, id, decision, pseudonym, rung, until, time, cause, state, entered, due, "
            "leased_until, settled) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [self._row(new) for new in self._new.values()],
        )
        set_meta(self._db, NEXT_NUMBER, self._next)

    def _row(self, new: _New) -> tuple[object, ...]:
        return (
            new.number,
            new.identifier,
            new.decision,
            stored(new.pseudonym),
            int(new.measure.rung),
            new.measure.until_s,
            new.time_s,
            new.cause,
            new.state,
            self.now_s,
            new.in_hand_until_s or AT_ONCE_S,
            new.in_hand_until_s,
            new.settled_s,
        )

    def _in_hand_until_s(self, account: AccountState) -> float:
        """Until when the messenger has an order about the account in its hands; 0: it has none."""
        old = account.outstanding
        if old is None or not self.now_s < old.leased_until_s <= self.now_s + self._lease_s:
            return 0.0
        return old.leased_until_s

    def _settle(self, action: OpenAction, state: str) -> None:
        new = self._new.get(action.number)
        if new is not None:
            new.state, new.settled_s = state, self.now_s
        else:
            self._settled.append((state, self.now_s, action.number))
