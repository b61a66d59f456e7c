"""Decisions as rows: put in once, read back as they were, removed when their time is over."""

import hashlib
import math
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from tidegate.engine.rungs import RUNGS, Rung
from tidegate.node.enforcement import Withheld
from tidegate.node.ledger import DayCount, Recorded
from tidegate.node.ledger_file import numbers, pseudonym_of, stored
from tidegate.statements.decision import DecisionShown, ReasonShown

DAY_S = 86_400.0
ERASED_KEPT_S = 90 * DAY_S
"""Long after the node has made a snapshot that no longer knows an erased account."""
_decode = msgspec.json.Decoder(tuple[ReasonShown, ...]).decode
_COLUMNS = (
    "decision.number, decision.id, decision.pseudonym, decision.time, committed, decision.rung, decision.until, score, "
    "stage, reasons, policy, model, first_contacts, messages, withheld, complaints, "
    "coalesce(unsealed(account.pseudonym, account.name), '')"
)
_STANDS = (
    "exists (select 1 from account where account.pseudonym = decision.pseudonym "
    "and decided > 0 and decided_number = decision.number)"
)
_WAITS = "exists (select 1 from action where action.number = decision.number and settled is null)"
_FROM = "from decision left join account on account.pseudonym = decision.pseudonym"


def reasons_of(text: str | None) -> tuple[ReasonShown, ...]:
    """Reasons as they are stored; none when they have outlived their retention."""
    return _decode(text) if text else ()


def unknown(db: sqlite3.Connection, decisions: Sequence[DecisionShown]) -> list[DecisionShown]:
    """Those that are neither in the ledger nor erased from it, in order, each once."""
    by_id = {decision.id: decision for decision in reversed(decisions)}
    ids = msgspec.json.encode(list(by_id)).decode()
    known = {
        row[0]
        for row in db.execute("select id from decision where id in (select value from json_each(?))", (ids,))
    }
    if db.execute("select 1 from erased limit 1").fetchone() is None:
        digests: dict[int, str] = {}
    else:
        digests = {_digest(identifier): identifier for identifier in by_id}
    erased = db.execute(
        "select digest from erased where digest in (select value from json_each(?))", (numbers(set(digests)),)
    )
    known.update(digests[row[0]] for row in erased)
    return [decision for decision in decisions if by_id[decision.id] is decision and decision.id not in known]


def insert(
    db: sqlite3.Connection, numbered: Iterable[tuple[int, DecisionShown, Withheld]], now_s: float
) -> None:
    """Put decisions in. The accounts' names live in the account table."""
    rows = []
    tally: dict[tuple[int, int], list[int]] = {}
    for number, decision, withheld in numbered:
        rung = int(RUNGS[decision.rung])
        rows.append(
            (
                number,
                decision.id,
                stored(decision.pseudonym),
                decision.time,
                now_s,
                rung,
                _finite(decision.until),
                _finite(decision.score),
                decision.stage,
                msgspec.json.encode(decision.reasons).decode() if decision.reasons else None,
                decision.policy,
                decision.model,
                decision.first_contacts,
                decision.messages,
                str(withheld),
                decision.complaints,
            )
        )
        counts = tally.setdefault((math.floor(decision.time / DAY_S), rung), [0, 0])
        counts[0] += 1
        counts[1] += withheld is not Withheld.NO
    db.executemany(f"insert into decision values ({', '.join('?' * 16)})", rows)
    db.executemany(
        "insert into tally values (?, ?, ?, ?) on conflict (day, rung) do update set "
        "decided = decided + excluded.decided, withheld = withheld + excluded.withheld",
        [(*key, *counts) for key, counts in tally.items()],
    )


def by_id(db: sqlite3.Connection, identifier: str) -> Recorded | None:
    """One decision."""
    row = db.execute(f"select {_COLUMNS} {_FROM} where decision.id = ?", (identifier,)).fetchone()
    return _recorded(row) if row else None


def of_account(db: sqlite3.Connection, key: int, limit: int) -> list[DecisionShown]:
    """Decisions about an account, latest first."""
    rows = db.execute(
        f"select {_COLUMNS} {_FROM} where decision.pseudonym = ? order by decision.number desc limit ?",
        (stored(key), limit),
    )
    return [_recorded(row).decision for row in rows]


def after(db: sqlite3.Connection, number: int, limit: int) -> list[Recorded]:
    """Decisions that came in after that one, oldest first."""
    rows = db.execute(
        f"select {_COLUMNS} {_FROM} where decision.number > ? order by decision.number limit ?",
        (number, limit),
    )
    return [_recorded(row) for row in rows]


def counts(db: sqlite3.Connection, days: int) -> list[DayCount]:
    """The last ``days`` days that have any decisions, latest first."""
    rows = db.execute(
        "select day, rung, decided, withheld from tally where day in "
        "(select distinct day from tally order by day desc limit ?) order by day desc, rung",
        (days,),
    )
    return [
        DayCount(f"{datetime.fromtimestamp(day * DAY_S, UTC):%Y-%m-%d}", Rung(rung), decided, withheld)
        for day, rung, decided, withheld in rows
    ]


def erase(db: sqlite3.Connection, key: int, now_s: float) -> int:
    """Remove an account's decisions, remembering digests of their ids. Returns how many."""
    ids = db.execute("select id from decision where pseudonym = ?", (stored(key),)).fetchall()
    db.executemany(
        "insert or ignore into erased values (?, ?)", [(_digest(identifier), now_s) for (identifier,) in ids]
    )
    return db.execute("delete from decision where pseudonym = ?", (stored(key),)).rowcount


def drop_reasons(db: sqlite3.Connection, before_s: float, limit: int) -> int:
    """Remove the reasons of up to ``limit`` decisions committed before then. What still stands keeps its reasons."""
    return db.execute(
        "update decision set reasons = null where number in (select number from decision "
        f"where committed < ? and reasons is not null and not {_STANDS} order by committed limit ?)",
        (before_s, limit),
    ).rowcount


def drop(db: sqlite3.Connection, before_s: float, limit: int) -> int:
    """Remove up to ``limit`` decisions committed before then, with their actions; none that still stands or waits to be
    carried out. Returns how many."""
    rows = db.execute(
        f"select number, pseudonym from decision where committed < ? and not {_STANDS} and not {_WAITS} "
        "order by committed limit ?",
        (before_s, limit),
    ).fetchall()
    gone = numbers([row[0] for row in rows])
    db.execute("delete from action where number in (select value from json_each(?))", (gone,))
    db.execute("delete from decision where number in (select value from json_each(?))", (gone,))
    drop_empty_accounts(db, {row[1] for row in rows})
    return len(rows)


def drop_empty_accounts(db: sqlite3.Connection, pseudonyms: set[int]) -> None:
    """Forget those of these accounts (as stored) about which nothing is left to know or to do."""
    db.execute(
        "delete from account where pseudonym in (select value from json_each(?)) and applied = 0 "
        "and handed <= confirmed "
        "and not exists (select 1 from decision where decision.pseudonym = account.pseudonym) "
        "and not exists (select 1 from action where action.pseudonym = account.pseudonym and state in ('due', 'dead')) "
        "and not exists (select 1 from action where action.pseudonym = account.pseudonym and state = 'held')",
        (numbers(pseudonyms),),
    )


def drop_erased(db: sqlite3.Connection, now_s: float) -> None:
    """Forget digests that no replay can reach any more."""
    db.execute("delete from erased where time < ?", (now_s - ERASED_KEPT_S,))


def _digest(identifier: str) -> int:
    return stored(int.from_bytes(hashlib.blake2b(identifier.encode(), digest_size=8).digest(), "little"))


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def _recorded(row: tuple) -> Recorded:  # type: ignore[type-arg]
    number, identifier, pseudonym, time, committed, rung, until, score, stage, reasons, policy, model = row[
        :12
    ]
    first_contacts, messages, withheld, complaints, name = row[12:]
    decision = DecisionShown(
        time=time,
        account=name,
        rung=Rung(rung).word,
        until=until,
        score=score,
        stage=stage,
        reasons=reasons_of(reasons),
        policy=policy,
        model=model,
        id=identifier,
        first_contacts=first_contacts,
        messages=messages,
        pseudonym=pseudonym_of(pseudonym),
        complaints=complaints,
    )
    return Recorded(number, decision, Withheld(withheld), committed)
