"""The ledger on SQLite: one file in the node's folder, for decisions and for the actions that follow from them."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tidegate.engine.rungs import RUNGS, Rung
from tidegate.node import decision_table
from tidegate.node.account_table import AccountState, load, save
from tidegate.node.action_entry import Entries
from tidegate.node.batch import RulingTaken
from tidegate.node.breaker import Breakers, BreakerShown
from tidegate.node.enforcement import Course, Enforcement, Measure, Withheld, course_of
from tidegate.node.forgetting import Forgetting
from tidegate.node.in_effect import InEffect
from tidegate.node.keys import keys_of
from tidegate.node.ledger import NO_NAMES, DayCount, Recorded, RulingKept, RulingNoted
from tidegate.node.ledger_file import (
    NEXT_NUMBER,
    LedgerFile,
    committed_through,
    next_number,
    pseudonym_of,
    set_meta,
    stored,
)
from tidegate.node.requests import Finding
from tidegate.node.sealing import Sealer
from tidegate.node.settings import Mode, NodeSettings
from tidegate.node.sqlite_outbox import SqliteOutbox
from tidegate.node.status_link import StatusLinks
from tidegate.node.sweeps import Sweeps, Swept
from tidegate.statements.decision import DecisionShown

__all__ = ["SqliteLedger", "committed_through"]

log = logging.getLogger(__name__)
_SAID = "time, finding, by, note, rung, until, label"
"""Columns of :func:`_said`."""


class SqliteLedger:
    """See :class:`~tidegate.node.ledger.Ledger`; and circuit breakers, and commands that act on many accounts.

    Any thread may call anything. Writers wait for one another: a commit of 1,000 decisions takes some tens of
    milliseconds, so call nothing but reads from an event loop's own thread, and better not even those.
    """

    def __init__(
        self, folder: Path, settings: NodeSettings | None = None, *, now_s: Callable[[], float] = time.time
    ) -> None:
        """Opens or makes it, and carries out what changed settings ask for (see :mod:`tidegate.node.enforcement`).

        ``now_s``: Unix seconds, asked at each commit. Raises :class:`~tidegate.node.requests.StorageError` or
        :class:`~tidegate.node.settings.SettingsError`.
        """
        self._settings, self._now_s = settings or NodeSettings(), now_s
        chosen = self._settings.enforcement
        self._rules = Enforcement(chosen)
        self._breakers = Breakers(self._settings.breaker, self._rules.share)
        keys = keys_of(folder)
        self._file = LedgerFile(folder, Sealer(keys.vault))
        self.path = self._file.path
        try:
            self._through: int = self._file.meta("committed_through") or 0
            if (kept := self._file.meta("breakers")) is not None:
                self._breakers.restore(kept)
            self.population = self._breakers.population
            """Accounts that the node knows, for the limits of the circuit breakers; kept with the next decisions."""
            with self._file.reading() as db:
                self._in_effect = InEffect(db)
            self._file.follower = self._in_effect
            links = StatusLinks(keys.ticket, self._settings.notices.public_url)
            self.outbox = SqliteOutbox(self._file, chosen, self._in_effect, links.address, now_s)
            self._sweeps = Sweeps(self._file, chosen, self._rules, self._in_effect)
            self._sweeps.follow_settings(now_s())
        except BaseException:
            self._file.close()
            raise
        self._forgetting = Forgetting(self._file, self._settings.retention, self._in_effect)
        self._skipped = False

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    # -- taking in -----------------------------------------------------------------------------------------------------

    @property
    def committed_through(self) -> int:
        """Number of journal events whose decisions are all in."""
        return self._through

    def commit(
        self, decisions: Sequence[DecisionShown], through: int, sealed: Mapping[int, bytes] = NO_NAMES
    ) -> None:
        """Take in decisions and enter the actions that follow from them, in one durable transaction."""
        if through < self._through:
            self._note_skipped(decisions, through)
            return
        if not decisions and through == self._through:
            return
        with self._file.lock:
            now_s = self._now_s()
            breakers = self._current_breakers()
            with self._file.writing() as db:
                fresh = decision_table.unknown(db, decisions) if decisions else []
                first = next_number(db, len(fresh)) if fresh else 0
                entries = Entries(db, now_s, self._settings.enforcement.lease_s)
                if fresh:
                    accounts = load(db, {decision.pseudonym for decision in fresh})
                    admit = partial(breakers.admit, now_s=now_s)
                    followed = [
                        (number, decision, self._follow(decision, number, accounts, entries, admit))
                        for number, decision in enumerate(fresh, first)
                    ]
                    decision_table.insert(db, followed, now_s)
                    save(db, accounts.values(), sealed)
                    for account in accounts.values():
                        self._in_effect.put(account.pseudonym, account.decided.rung, account.wanted.rung)
                    entries.write()
                    set_meta(db, "breakers", breakers.to_json())
                set_meta(db, "committed_through", through)
            self._through = through
            self._tell_of_opened(breakers)
            self._breakers = breakers
        if entries.count:
            self.outbox.listeners.tell()

    def _follow(
        self,
        decision: DecisionShown,
        number: int,
        accounts: dict[int, AccountState],
        entries: Entries,
        admit: Callable[[Rung], bool],
    ) -> Withheld:
        """Enter what one decision leads to, and say why it leads to nothing if it does not."""
        target = Measure.of(RUNGS[decision.rung], decision.until)
        account = accounts.get(decision.pseudonym)
        if account is None:
            account = accounts[decision.pseudonym] = AccountState(decision.pseudonym, decision.account)
        account.name, account.decided, account.decided_number = decision.account, target, number
        course, withheld = course_of(
            target,
            account.situation,
            self._rules.withheld(decision.account, decision.pseudonym),
            entries.now_s,
            admit,
        )
        if course is Course.KEEP:
            entries.keep(account)
        elif course is not Course.WITHHOLD:
            entries.follow(account, target, number, decision.time, held=course is Course.HOLD)
        return withheld

    def _note_skipped(self, decisions: Sequence[DecisionShown], through: int) -> None:
        """Say once that a replay brought decisions that are gone from here: is it the ledger of this journal?"""
        if self._skipped or not decisions:
            return
        with self._file.reading() as db:
            gone = decision_table.unknown(db, decisions)
        if gone:
            self._skipped = True
            log.warning(
                "%s: %d decisions up to event %d were not taken in, because the ledger reaches to event %d already. They "
                "were removed when their retention ended, or this ledger belongs to another journal.",
                self.path,
                len(gone),
                through,
                self._through,
            )

    def _tell_of_opened(self, breakers: Breakers) -> None:
        for rung in breakers.rungs:
            opened = breakers.opened(rung)
            if opened is not None and self._breakers.opened(rung) is None:
                log.error(
                    "circuit breaker open: %d accounts were to be put on %s within a day, the limit is %.0f. Deciding "
                    "goes on; further measures on this rung are held until somebody resets the breaker.",
                    opened.count,
                    rung.word,
                    opened.limit,
                )

    # -- looking -------------------------------------------------------------------------------------------------------

    def enforced_rung(self, key: int) -> Rung:
        """What is in effect for an account: by the last action that was not withheld, confirmed or on its way."""
        return self._in_effect.of(key).wanted

    def enforced_now(self, key: int, account: str, rung: Rung) -> Rung:
        """What is in effect for an account that the engine has put on ``rung``, also if the ledger does not know yet."""
        if rung is Rung.ALLOW:
            return rung  # relief always goes out
        decided, current = self._in_effect.of(key)
        if rung is decided:
            return current
        if rung <= current:
            return rung
        if self._rules.withheld(account, key) is not Withheld.NO or self._breakers.opened(rung) is not None:
            return current
        return rung

    def history(self, key: int, limit: int = 200) -> list[DecisionShown]:
        """Decisions about an account, latest first."""
        with self._file.reading() as db:
            return decision_table.of_account(db, key, limit)

    def decision(self, identifier: str) -> Recorded | None:
        """One decision by its id."""
        with self._file.reading() as db:
            return decision_table.by_id(db, identifier)

    def decisions_after(self, number: int, limit: int = 1_000) -> list[Recorded]:
        """Decisions committed after that one, oldest first."""
        with self._file.reading() as db:
            return decision_table.after(db, number, limit)

    def counts_by_day(self, days: int = 30) -> list[DayCount]:
        """The last ``days`` days that have any decisions, latest first."""
        with self._file.reading() as db:
            return decision_table.counts(db, days)

    def alarms(self) -> list[str]:
        """What somebody should look at, in words."""
        found = [
            f"the circuit breaker of {shown.rung.word} is open: {shown.opened.count:,} measures in a day, the limit was "
            f"{shown.opened.limit:,.0f}; {shown.held:,} are held"
            for shown in self.breakers()
            if shown.opened is not None
        ]
        counts = self.outbox.counts()
        if counts["dead"]:
            found.append(f"{counts['dead']:,} actions were given up; see /v1/actions/dead")
        if counts["standing"] and self._settings.enforcement.mode is Mode.SHADOW:
            found.append(
                f"the mode is shadow, but measures from before are in effect on {counts['standing']:,} accounts until "
                "they end by themselves"
            )
        return found

    def figures(self) -> dict[str, float]:
        """Numbers for the metrics page, by name."""
        counts = {f"outbox_{name}": float(count) for name, count in self.outbox.counts().items()}
        for shown in self.breakers():
            counts[f"breaker_open_{shown.rung.word}"] = float(shown.opened is not None)
            counts[f"breaker_last_day_{shown.rung.word}"] = float(shown.last_day)
        return counts

    # -- circuit breakers ----------------------------------------------------------------------------------------------

    def breakers(self) -> list[BreakerShown]:
        """All circuit breakers, weakest rung first."""
        with self._file.reading() as db:
            held = dict(
                db.execute("select rung, count(*) from action where state = 'held' group by rung").fetchall()
            )
        breakers = self._current_breakers()
        breakers.see(self._now_s())
        return [
            BreakerShown(
                rung,
                breakers.opened(rung),
                held.get(int(rung), 0),
                breakers.last_day(rung),
                breakers.limit(rung),
            )
            for rung in breakers.rungs
        ]

    def _current_breakers(self) -> Breakers:
        """A copy to work with. What is in force is replaced as a whole, after a commit, so no reader waits for one."""
        breakers = self._breakers.copy()
        breakers.population = self.population
        return breakers

    def reset_breaker(self, rung: Rung, *, release: bool) -> int:
        """Close a breaker; what it held becomes due (``release``) or is dropped. Returns how many those were.

        Of what is released, only what is still wanted becomes due. The breaker counts from nought afterwards.
        """
        settled = 0
        while True:
            with self._file.lock:
                now_s = self._now_s()
                with self._file.writing() as db:
                    count, more = self._sweeps.settle_held(db, rung, now_s, release=release)
                    settled += count
                    breakers = self._current_breakers()
                    if not more:
                        breakers.close(rung)
                        set_meta(db, "breakers", breakers.to_json())
                self._breakers = breakers
            if not more:
                break
        log.warning(
            "the circuit breaker of %s was reset; %d held measures were %s",
            rung.word,
            settled,
            "released" if release else "dropped",
        )
        self.outbox.listeners.tell()
        return settled

    # -- commands that act on many accounts ----------------------------------------------------------------------------

    def enforce_standing(self, *, dry_run: bool = False) -> Swept:
        """Enter actions for accounts that stand on a rung now without it being in effect, as after shadow → enforce.

        A person asks for it, so the breakers do not count it; where one is open, its rung is left alone.
        """
        closed = frozenset(rung for rung in Rung if self._breakers.opened(rung) is None)
        return self._swept(self._sweeps.enforce_standing(closed, self._now_s(), dry_run=dry_run))

    def lift_all(self, *, dry_run: bool = False) -> Swept:
        """End every measure that is in effect or on its way, whatever was decided. Later decisions act again."""
        return self._swept(self._sweeps.lift_all(self._now_s(), dry_run=dry_run))

    def _swept(self, done: Swept) -> Swept:
        if done.entered:
            self.outbox.listeners.tell()
        return done

    # -- what people say -----------------------------------------------------------------------------------------------

    def note_rulings(self, rulings: Sequence[RulingTaken], now_s: float) -> None:
        """Keep what people said when deciding, in order, all of it or nothing."""
        if not rulings:
            return
        with self._file.writing() as db:
            first = next_number(db, len(rulings))
            db.executemany(
                "insert into ruling (number, pseudonym, time, finding, by, note, rung, until, label, reference) "
                "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [_row_of(number, taken, now_s) for number, taken in enumerate(rulings, first)],
            )

    def rulings(self, key: int, limit: int = 200) -> list[RulingNoted]:
        """What people said about an account, latest first."""
        with self._file.reading() as db:
            rows = db.execute(
                f"select {_SAID} from ruling where pseudonym = ? order by number desc limit ?",
                (stored(key), limit),
            ).fetchall()
        return [_said(*row) for row in rows]

    def rulings_after(self, number: int, limit: int = 1_000) -> list[RulingKept]:
        """What people said about anybody, noted after that number, oldest first."""
        with self._file.reading() as db:
            rows = db.execute(
                f"select number, pseudonym, reference, {_SAID} from ruling where number > ? order by number limit ?",
                (number, limit),
            ).fetchall()
        return [RulingKept(row[0], pseudonym_of(row[1]), row[2] or "", _said(*row[3:])) for row in rows]

    def last_number(self) -> int:
        """The last one that was given to anything; 0: none yet. It grows, unless an older ledger was put back."""
        return (self._file.meta(NEXT_NUMBER) or 1) - 1

    # -- forgetting ----------------------------------------------------------------------------------------------------

    def erase(self, key: int) -> dict[str, int]:
        """Remove everything about an account. Returns how much, by kind; ``in_effect``: nothing will end it any more."""
        return self._forgetting.erase(key, self._now_s())

    def forget(self, now_s: float) -> dict[str, int]:
        """Remove what has outlived its retention, a bounded amount a call. Returns how much, by kind."""
        return self._forgetting.forget(now_s)


def _row_of(number: int, taken: RulingTaken, now_s: float) -> tuple[Any, ...]:
    ruling = taken.ruling
    rung = None if ruling.rung is None else int(ruling.rung)
    said = (str(ruling.finding), ruling.by, ruling.note, rung, taken.until_s, int(ruling.label_only))
    return (number, stored(taken.key), now_s, *said, ruling.reference)


def _said(
    time_s: float,
    finding: str,
    by: str,
    note: str,
    rung: int | None,
    until_s: float | None,
    label: int | None,
) -> RulingNoted:
    named = None if rung is None else Rung(rung)
    return RulingNoted(time_s, Finding(finding), by, note, named, until_s, bool(label))
