"""The outbox on SQLite, in the ledger's own file, so that a decision and its action are committed together."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tidegate.engine.rungs import Rung
from tidegate.node import settings
from tidegate.node.decision_table import reasons_of
from tidegate.node.enforcement import Measure
from tidegate.node.in_effect import InEffect
from tidegate.node.ledger_file import LedgerFile, pseudonym_of
from tidegate.node.notices import notice
from tidegate.node.outbox import (
    LONGEST_ERROR,
    Action,
    Confirmed,
    DeadLetter,
    Listeners,
    Result,
    Standing,
    longest_wait_s,
    retry_delay_s,
)
from tidegate.node.status_link import Address

MOST_AT_ONCE = 1_000
"""Actions leased, or results taken in, in one transaction: the ledger's commits wait no longer than for these."""
ROUNDS = 8
"""How often one call looks for more actions when some were not worth handing out."""
_SILENT = "the messenger said nothing about it in time"
_ID = "coalesce(action.id, decision.id)"
_FROM = (
    "from action join account on account.pseudonym = action.pseudonym "
    "left join decision on decision.number = action.decision"
)
_DUE = (
    f"select action.number, {_ID}, action.pseudonym, action.rung, action.until, action.time, attempts, reasons, "
    f"unsealed(account.pseudonym, name), applied {_FROM} where state = 'due' and due {{}} "
    "order by due, action.number limit ?"
)
_NUMBER = "coalesce((select number from decision where id = ?1), (select number from action where id = ?1))"


class SqliteOutbox:
    """See :class:`~tidegate.node.outbox.Outbox`."""

    def __init__(
        self,
        file: LedgerFile,
        chosen: settings.Enforcement,
        in_effect: InEffect,
        status: Address,
        now_s: Callable[[], float],
    ) -> None:
        """``status``: the address of the page about an account. ``now_s``: Unix seconds."""
        self._file, self._chosen, self._in_effect = file, chosen, in_effect
        self._status, self._now_s = status, now_s
        self.listeners = Listeners()

    # -- handing out ---------------------------------------------------------------------------------------------------

    def due(self, limit: int, now_s: float) -> list[Action]:
        """Lease up to ``limit`` (at most 1,000) actions that are due, longest due first."""
        limit = min(limit, MOST_AT_ONCE)
        with self._file.reading() as db:
            if not self._picked(db, 1, now_s):
                return []
        handed: list[Action] = []
        with self._file.writing() as db:
            # Some may turn out to be too late or to have had all their attempts; others take their places.
            for _ in range(ROUNDS):
                rows = self._picked(db, limit - len(handed), now_s)
                if not rows:
                    break
                handed += self._lease(db, rows, now_s)
        return handed

    def next_due_s(self) -> float | None:
        """When the next action will be due."""
        with self._file.reading() as db:
            row = db.execute("select min(due) from action where state = 'due'").fetchone()
        return None if row[0] is None else float(row[0])

    def _picked(self, db: sqlite3.Connection, limit: int, now_s: float) -> list[Any]:
        rows = db.execute(_DUE.format("<= ?"), (now_s, limit)).fetchall()
        if len(rows) < limit:
            # Put off by a clock that has gone back since.
            beyond_s = now_s + longest_wait_s(self._chosen)
            rows += db.execute(_DUE.format("> ?"), (beyond_s, limit - len(rows))).fetchall()
        return rows

    def _lease(self, db: sqlite3.Connection, rows: list[Any], now_s: float) -> list[Action]:
        handed: list[Action] = []
        leases: list[tuple[int, float, float, int, int]] = []
        settled: list[tuple[str, float | None, str, int]] = []
        until_s = now_s + self._chosen.lease_s
        for number, identifier, pseudonym, rung, until, time, attempts, reasons, name, applied in rows:
            measure, previous = Measure(Rung(rung), until), Rung(applied)
            if measure.over(now_s):
                # Its end is being decided, or will be at the next tick; nobody is limited for a time that has passed.
                settled.append(("past", now_s, "", number))
                self._in_effect.touch([pseudonym_of(pseudonym)])
                continue
            if attempts >= self._chosen.attempts:
                settled.append(("dead", None, _SILENT, number))
                self._in_effect.touch([pseudonym_of(pseudonym)])
                continue
            attempt = attempts + 1
            again_s = max(until_s, now_s + retry_delay_s(identifier, attempt, self._chosen))
            leases.append((attempt, until_s, again_s, number, pseudonym))
            handed.append(
                Action(
                    id=identifier,
                    account=name,
                    pseudonym=pseudonym_of(pseudonym),
                    rung=measure.rung,
                    previous=previous,
                    until_s=until,
                    time_s=time,
                    notice=notice(measure, previous, self._status(pseudonym_of(pseudonym), now_s)),
                    reasons=reasons_of(reasons),
                    attempt=attempt,
                )
            )
        db.executemany(
            "update action set state = ?, settled = ?, error = iif(error = '', ?, error) where number = ?",
            settled,
        )
        db.executemany(
            "update action set attempts = ?, leased_until = ?, due = ? where number = ?",
            [lease[:4] for lease in leases],
        )
        db.executemany("update account set handed = ? where pseudonym = ?", [lease[3:] for lease in leases])
        return handed

    # -- hearing back --------------------------------------------------------------------------------------------------

    def confirm(self, results: Sequence[Result], now_s: float) -> Confirmed:
        """Take in what became of actions."""
        confirmed = unknown = dead = 0
        for start in range(0, len(results), MOST_AT_ONCE):
            with self._file.writing() as db:
                for result in results[start : start + MOST_AT_ONCE]:
                    state = self._settle(db, result, now_s)
                    confirmed += state != ""
                    unknown += state == ""
                    dead += state == "dead"
        self.listeners.tell()
        return Confirmed(confirmed, unknown, dead)

    def _settle(self, db: sqlite3.Connection, result: Result, now_s: float) -> str:
        """The action's state after this result; empty when the result is about none that is outstanding."""
        row = db.execute(
            "select number, action.pseudonym, rung, until, state, attempts, handed, confirmed "
            f"from action join account on account.pseudonym = action.pseudonym where number = {_NUMBER}",
            (result.id,),
        ).fetchone()
        if row is None:
            return ""
        number, pseudonym, rung, until, state, attempts, handed, confirmed = row
        self._in_effect.touch([pseudonym_of(pseudonym)])
        if handed != number or confirmed >= number:
            return (
                ""  # never handed out, or the messenger has been handed something newer since, or it is known
            )
        if result.done:
            db.execute(
                "update account set applied = ?, applied_until = ?, confirmed = ? where pseudonym = ?",
                (rung, until, number, pseudonym),
            )
        if state in ("due", "dead"):
            return self._settle_outstanding(db, result, number, state, attempts, now_s)
        # Superseded while it was in the messenger's hands: the newer one has waited for this.
        db.execute(
            "update action set due = ?, leased_until = 0 where pseudonym = ? and state = 'due' and number > ?",
            (now_s, pseudonym, number),
        )
        return ""

    def _settle_outstanding(
        self, db: sqlite3.Connection, result: Result, number: int, state: str, attempts: int, now_s: float
    ) -> str:
        if result.done:
            db.execute(
                "update action set state = 'done', settled = ?, error = '' where number = ?", (now_s, number)
            )
            return "done"
        error = (result.error or "the messenger gave no reason")[:LONGEST_ERROR]
        if state == "dead" or result.permanent or attempts >= self._chosen.attempts:
            db.execute(
                "update action set state = 'dead', leased_until = 0, error = ? where number = ?",
                (error, number),
            )
            return "dead"
        due_s = now_s + retry_delay_s(result.id, max(attempts, 1), self._chosen)
        db.execute(
            "update action set due = ?, leased_until = 0, error = ? where number = ?", (due_s, error, number)
        )
        return "due"

    # -- what was given up ---------------------------------------------------------------------------------------------

    def retry(self, identifier: str, now_s: float) -> bool:
        """Try a dead letter again."""
        with self._file.writing() as db:
            found = db.execute(
                "update action set state = 'due', due = ?2, leased_until = 0, attempts = 0 "
                f"where number = {_NUMBER} and state = 'dead' returning pseudonym",
                (identifier, now_s),
            ).fetchall()
            self._in_effect.touch(pseudonym_of(row[0]) for row in found)
        if found:
            self.listeners.tell()
        return bool(found)

    def dead(self, after: int = 0, limit: int = 1_000) -> list[DeadLetter]:
        """Dead letters, oldest first."""
        with self._file.reading() as db:
            rows = db.execute(
                f"select {_ID}, unsealed(account.pseudonym, name), action.rung, action.time, attempts, error, "
                f"action.number {_FROM} where state = 'dead' and action.number > ? order by action.number limit ?",
                (after, limit),
            ).fetchall()
        return [
            DeadLetter(identifier, name, Rung(rung), time, attempts, error, number)
            for identifier, name, rung, time, attempts, error, number in rows
        ]

    # -- what is in effect ---------------------------------------------------------------------------------------------

    def standing(self) -> Iterator[Standing]:
        """All accounts on which a measure is in effect; read in pages, so it may take its time."""
        last: int | None = None
        while True:
            with self._file.reading() as db:
                rows = db.execute(
                    "select pseudonym, unsealed(pseudonym, name), applied, applied_until from account "
                    "where applied > 0 and (? is null or pseudonym > ?) "
                    "order by pseudonym limit ?",
                    (last, last, MOST_AT_ONCE),
                ).fetchall()
            for stored, name, applied, until in rows:
                measure, pseudonym = Measure(Rung(applied), until), pseudonym_of(stored)
                told = notice(measure, measure.rung, self._status(pseudonym, self._now_s()))
                yield Standing(name, pseudonym, measure.rung, until, told)
            if len(rows) < MOST_AT_ONCE:
                return
            last = rows[-1][0]

    def counts(self) -> dict[str, int]:
        """How many actions wait, are held and were given up, and on how many accounts a measure is in effect."""
        with self._file.reading() as db:
            found = {
                state: db.execute(f"select count(*) from action where state = '{state}'").fetchone()[0]
                for state in ("due", "held", "dead")
            }
            found["standing"] = db.execute("select count(*) from account where applied > 0").fetchone()[0]
        return found

    def on_due(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Have ``listener`` called whenever something may have become due."""
        return self.listeners.add(listener)
