"""Where accounts stand and what their messenger knows of it: the state that decides what has to be done."""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tidegate.engine.rungs import Rung
from tidegate.node.enforcement import ALLOWED, Measure, Situation
from tidegate.node.ledger_file import numbers, pseudonym_of, stored


@dataclass(slots=True)
class OpenAction:
    """An action that is not settled."""

    number: int
    measure: Measure
    state: str
    """``due``, ``dead`` or ``held``."""
    leased_until_s: float
    """Until then it is in the messenger's hands."""


@dataclass(slots=True)
class AccountState:
    """One account; a changed one is written back by :func:`save`."""

    pseudonym: int
    name: str
    """Empty where nobody asked for it."""
    decided: Measure = ALLOWED
    """By the last decision."""
    decided_number: int = 0
    applied: Measure = ALLOWED
    """What the messenger confirmed last."""
    confirmed: int = 0
    handed: int = 0
    outstanding: OpenAction | None = None
    """Due or dead."""
    held: OpenAction | None = None
    known: bool = False
    """The ledger has it already."""

    @property
    def situation(self) -> Situation:
        """What there is to compare a new decision with."""
        return Situation(self.applied, self.handed > self.confirmed, self.wanted)

    @property
    def wanted(self) -> Measure:
        """What is in effect, or will be as soon as the messenger hears of it."""
        if self.outstanding is not None and self.outstanding.state == "due":
            return self.outstanding.measure
        return self.applied


_ACCOUNT = (
    "select pseudonym, {}, decided, decided_until, decided_number, applied, applied_until, confirmed, handed "
    "from account where pseudonym in (select value from json_each(?))"
)
_OUTSTANDING = (
    "select pseudonym, number, rung, until, state, leased_until from action "
    "where pseudonym in (select value from json_each(?)) and state in ('due', 'dead')"
)
_HELD = (
    "select pseudonym, number, rung, until, state, leased_until from action "
    "where pseudonym in (select value from json_each(?)) and state = 'held'"
)


def load(db: sqlite3.Connection, keys: Iterable[int], *, names: bool = False) -> dict[int, AccountState]:
    """States by pseudonym, of those accounts that the ledger knows; with their names, which cost time, only if asked."""
    wanted = numbers({stored(key) for key in keys})
    found: dict[int, AccountState] = {}
    name_column = "unsealed(pseudonym, name)" if names else "''"
    for row in db.execute(_ACCOUNT.format(name_column), (wanted,)):
        pseudonym, name, decided, decided_until, number, applied, applied_until, confirmed, handed = row
        key = pseudonym_of(pseudonym)
        found[key] = AccountState(
            key,
            name,
            Measure(Rung(decided), decided_until),
            number,
            Measure(Rung(applied), applied_until),
            confirmed,
            handed,
            known=True,
        )
    for query in (_OUTSTANDING, _HELD):
        for pseudonym, number, rung, until, state, leased_until in db.execute(query, (wanted,)):
            action = OpenAction(number, Measure(Rung(rung), until), state, leased_until)
            account = found[pseudonym_of(pseudonym)]
            if state == "held":
                account.held = action
            else:
                account.outstanding = action
    return found


def save(db: sqlite3.Connection, accounts: Iterable[AccountState], sealed: Mapping[int, bytes]) -> None:
    """Write down the last decisions. What else changes, actions and their results, changes in the tables themselves.

    ``sealed``: names that need not be sealed any more.
    """
    fresh: list[tuple[int, float | None, int, int, bytes | None, str]] = []
    known: list[tuple[int, float | None, int, int]] = []
    for account in accounts:
        row = (
            int(account.decided.rung),
            account.decided.until_s,
            account.decided_number,
            stored(account.pseudonym),
        )
        if account.known:
            known.append(row)
        else:
            fresh.append((*row, sealed.get(account.pseudonym), account.name))
    db.executemany(
        "update account set decided = ?, decided_until = ?, decided_number = ? where pseudonym = ?", known
    )
    db.executemany(
        "insert into account (decided, decided_until, decided_number, pseudonym, name) "
        "values (?1, ?2, ?3, ?4, coalesce(?5, sealed(?4, ?6)))",
        fresh,
    )
