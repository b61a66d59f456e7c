"""What is decided about accounts and in effect on them, in memory: asked at every check, so no disk is touched.

Only accounts above ``allow`` take memory, about 130 bytes each. It follows the ledger's file transaction by transaction:
:class:`~tidegate.node.ledger_file.LedgerFile` takes over what one has changed as soon as it is durable.
"""

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from tidegate.engine.rungs import Rung
from tidegate.node.account_table import load
from tidegate.node.ledger_file import pseudonym_of


class Effect(NamedTuple):
    """Where one account stands."""

    decided: Rung
    """By the last decision that the ledger has."""
    wanted: Rung
    """In effect, or as soon as the messenger hears of it."""


_EFFECTS = {(decided, wanted): Effect(decided, wanted) for decided in Rung for wanted in Rung}
"""Each once, however many accounts have it."""
_NOTHING = _EFFECTS[Rung.ALLOW, Rung.ALLOW]


class InEffect:
    """Effects by pseudonym. Read from any thread; changed within a transaction of the ledger's file alone."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """Reads the whole account table."""
        self._effects: dict[int, Effect] = {}
        self._changed: dict[int, Effect] = {}
        self._touched: set[int] = set()
        self._read(db)

    def of(self, key: int) -> Effect:
        """Where an account stands."""
        return self._effects.get(key, _NOTHING)

    def put(self, key: int, decided: Rung, wanted: Rung) -> None:
        """In the transaction under way, an account came to stand there."""
        self._changed[key] = _EFFECTS[decided, wanted]

    def touch(self, keys: Iterable[int]) -> None:
        """In the transaction under way, something about these accounts may have changed."""
        self._touched.update(keys)

    # -- for the file --------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """A transaction begins; what an earlier one had changed and not committed is void."""
        self._changed, self._touched = {}, set()

    def look(self, db: sqlite3.Connection) -> None:
        """The transaction is about to be committed: see what became of what was touched."""
        if self._touched:
            found = load(db, self._touched)
            for key in self._touched:
                account = found.get(key)
                if account is None:
                    self.put(key, Rung.ALLOW, Rung.ALLOW)
                else:
                    self.put(key, account.decided.rung, account.wanted.rung)

    def adopt(self) -> None:
        """The transaction is durable."""
        for key, effect in self._changed.items():
            self._set(key, effect)

    def _set(self, key: int, effect: Effect) -> None:
        if effect is _NOTHING:
            self._effects.pop(key, None)
        else:
            self._effects[key] = effect

    def _read(self, db: sqlite3.Connection) -> None:
        rungs = tuple(Rung)
        for pseudonym, decided, applied in db.execute(
            "select pseudonym, decided, applied from account where decided > 0 or applied > 0"
        ):
            self._effects[pseudonym_of(pseudonym)] = _EFFECTS[rungs[decided], rungs[applied]]
        for pseudonym, rung in db.execute("select pseudonym, rung from action where state = 'due'"):
            key = pseudonym_of(pseudonym)
            self._set(key, _EFFECTS[self.of(key).decided, rungs[rung]])
