"""Acting on many accounts at once: changed settings, what a breaker held, enforcing or lifting all that stands.

Each works in pieces of some hundred accounts, one transaction each, so that decisions go on being committed in between;
interrupted, it can be asked for again and does the rest.
"""

import json
import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from tidegate.engine.rungs import Rung
from tidegate.node import settings
from tidegate.node.account_table import AccountState, load
from tidegate.node.action_entry import Entries
from tidegate.node.enforcement import ALLOWED, Enforcement, Withheld
from tidegate.node.in_effect import InEffect
from tidegate.node.ledger_file import LedgerFile, pseudonym_of, set_meta, stored

log = logging.getLogger(__name__)
PIECE = 500
"""Accounts in one transaction."""
_FIRST, _LAST = stored(0), stored((1 << 64) - 1)
_STANDING = "select pseudonym from account where decided > 0 and pseudonym >= ? order by pseudonym limit ?"
"""In the order of the table itself: a command that a person gives now and then is worth no index."""
_TOUCHED = (
    " union ".join(
        f"select * from (select pseudonym from {table} where {condition} and pseudonym >= ?1 order by pseudonym limit ?2)"
        for table, condition in (
            ("account", "applied > 0"),
            ("account", "handed > confirmed"),
            ("action", "state in ('due', 'dead')"),
            ("action", "state = 'held'"),
        )
    )
    + " order by pseudonym limit ?2"
)
"""Accounts on which something is in effect, may be, or is to be."""


@dataclass(slots=True)
class Swept:
    """What a command did, or would do, counted in accounts."""

    entered: int = 0
    """An action was entered."""
    withdrawn: int = 0
    """An action was taken back that had not been carried out."""
    left: int = 0
    """Left as they are: exempt, not in the share, the rung has run out, its breaker is open, or an action waits."""


Visit = Callable[[AccountState, Entries, Swept], None]


class Sweeps:
    """Commands that visit many accounts of one ledger file."""

    def __init__(
        self, file: LedgerFile, chosen: settings.Enforcement, rules: Enforcement, in_effect: InEffect
    ) -> None:
        self._file, self._chosen, self._rules, self._in_effect = file, chosen, rules, in_effect

    def follow_settings(self, now_s: float) -> None:
        """At a start: carry out what settings ask for that are not those of the last start."""
        mark = json.dumps([self._chosen.mode, self._chosen.percentage, sorted(self._chosen.exempt)])
        before = self._file.meta("enforcement")
        if before == mark:
            return
        if before is not None:
            swept = self._sweep(_TOUCHED, self._adapt, now_s)
            log.warning(
                "the settings of enforcement have changed from %s to %s: %d actions withdrawn, measures on %d exempt "
                "accounts lifted. Decisions from now on follow the new ones.",
                before,
                mark,
                swept.withdrawn,
                swept.entered,
            )
        with self._file.writing() as db:
            set_meta(db, "enforcement", mark)

    def _adapt(self, account: AccountState, entries: Entries, swept: Swept) -> None:
        """Take back what the settings do not allow any more, and let go of accounts that have become exempt."""
        withheld = self._rules.withheld(account.name, account.pseudonym)
        if withheld is Withheld.NO:
            return
        if withheld is Withheld.EXEMPT and _limited(account):
            self._lift(account, entries, swept)
            return
        waiting = account.outstanding
        if waiting is not None and waiting.measure.stronger_than(account.applied):
            entries.settle_outstanding(account, "withdrawn")
            swept.withdrawn += 1
        if account.held is not None:
            entries.settle_held(account, "withdrawn")
            swept.withdrawn += 1

    def lift_all(self, now_s: float, *, dry_run: bool) -> Swept:
        """End all that is in effect or on its way."""
        return self._sweep(_TOUCHED, self._lift, now_s, dry_run=dry_run)

    @staticmethod
    def _lift(account: AccountState, entries: Entries, swept: Swept) -> None:
        waiting = account.outstanding
        if not _limited(account):
            entries.keep(account, "withdrawn")
            swept.withdrawn += 1
        elif waiting is not None and waiting.state == "due" and waiting.measure == ALLOWED:
            entries.settle_held(account, "withdrawn")
            swept.left += 1
        else:
            entries.order(account, ALLOWED, "lift")
            swept.entered += 1

    def enforce_standing(self, closed: frozenset[Rung], now_s: float, *, dry_run: bool) -> Swept:
        """Enter what accounts stand on by their last decision; only rungs in ``closed``, whose breakers are."""

        def visit(account: AccountState, entries: Entries, swept: Swept) -> None:
            decided = account.decided
            if not decided.stronger_than(account.wanted):
                return
            waits = account.outstanding is not None or account.held is not None
            withheld = self._rules.withheld(account.name, account.pseudonym) is not Withheld.NO
            if waits or withheld or decided.over(now_s) or decided.rung not in closed:
                swept.left += 1
                return
            entries.order(account, decided, "standing", decision=account.decided_number)
            swept.entered += 1

        return self._sweep(_STANDING, visit, now_s, dry_run=dry_run)

    def _sweep(self, query: str, visit: Visit, now_s: float, *, dry_run: bool = False) -> Swept:
        swept = Swept()
        start = _FIRST
        while True:
            with self._file.reading() if dry_run else self._file.writing() as db:
                rows = db.execute(query, (start, PIECE)).fetchall()
                accounts = load(db, [pseudonym_of(row[0]) for row in rows], names=True)
                entries = Entries(db, now_s, self._chosen.lease_s)
                for account in accounts.values():
                    visit(account, entries, swept)
                if not dry_run:
                    entries.write()
                    self._in_effect.touch(accounts)
            if len(rows) < PIECE or rows[-1][0] == _LAST:
                return swept
            start = rows[-1][0] + 1

    # -- within a transaction of the ledger's --------------------------------------------------------------------------

    def settle_held(
        self, db: sqlite3.Connection, rung: Rung, now_s: float, *, release: bool
    ) -> tuple[int, bool]:
        """Release or drop some of what the breaker of ``rung`` holds: (how many, whether there are more)."""
        rows = db.execute(
            "select pseudonym from action where state = 'held' and rung = ? order by number limit ?",
            (int(rung), PIECE),
        ).fetchall()
        entries = Entries(db, now_s, self._chosen.lease_s)
        settled = 0
        accounts = load(db, [pseudonym_of(row[0]) for row in rows], names=True)
        self._in_effect.touch(accounts)
        for account in accounts.values():
            if not release:
                entries.settle_held(account, "withdrawn")
                settled += 1
            elif self._still_wanted(account, now_s):
                entries.release(account)
                settled += 1
            else:
                entries.settle_held(account)
        entries.write()
        return settled, len(rows) == PIECE

    def _still_wanted(self, account: AccountState, now_s: float) -> bool:
        """A newer decision would have superseded it; what is left to see is time and settings."""
        held = account.held
        return (
            held is not None
            and not held.measure.over(now_s)
            and self._rules.withheld(account.name, account.pseudonym) is Withheld.NO
        )


def _limited(account: AccountState) -> bool:
    """Something is in effect on the messenger, or may be."""
    return account.applied != ALLOWED or account.handed > account.confirmed
