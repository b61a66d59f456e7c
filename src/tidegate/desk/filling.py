"""Filling the desk's tables with made-up accounts and decisions, to measure how fast its pages are when it is full.

What is written is *synthetic*: it says nothing about anybody. Decisions are numbered by time; every account has at least
one, a few have very many.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from tidegate.desk.ledger.models import Account, Basis, Cursor, Decision, Tally
from tidegate.engine.rungs import Rung

PIECE = 50_000
"""Rows written together."""
DAYS = 365
DAY_S = 86_400.0
SKEW = 2.0
"""Of how decisions spread over accounts: the share of the busiest is larger the higher it is."""
SHARES = {
    "allow": 0.35,
    "warn": 0.1,
    "challenge": 0.3,
    "budget": 0.12,
    "lock": 0.09,
    "suspend": 0.03,
    "ban": 0.01,
}
STAGES = ("registration", "messaging", "feedback", "campaign")
STAGE_SHARES = (0.15, 0.6, 0.2, 0.05)
WITHHELD_SHARE = 0.1
SQLITE_CACHE_KIB = 1 << 20
_BAN = int(Rung.BAN)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is made up."""

    accounts: int
    decisions: int


def fill(sizes: Sizes, seed: int, now: datetime) -> Iterator[tuple[str, int]]:
    """Write everything; yields what was written and how many so far. The tables must be empty.

    Raises ValueError when they are not, or when there are fewer decisions than accounts.
    """
    if sizes.decisions < sizes.accounts:
        raise ValueError(
            "every account needs a decision, so there must be at least as many decisions as accounts"
        )
    if Decision.objects.exists():
        raise ValueError("the desk holds decisions already; fill one whose database is empty")
    drawn = _Drawn(sizes, seed, now.timestamp())
    basis = Basis.objects.create(policy="default (synthetic)", model="default (synthetic)")
    writer = _PostgresWriter() if connection.vendor == "postgresql" else _SqliteWriter()
    for name, rows, table in (
        ("accounts", drawn.accounts(), Account),
        ("decisions", drawn.decisions(int(basis.pk)), Decision),
    ):
        done = 0
        for piece in rows:
            with transaction.atomic():
                writer.write(table, piece)
            done += len(piece)
            yield name, done
    Tally.objects.bulk_create(drawn.tallies())
    Cursor.objects.update_or_create(pk=1, defaults={"number": sizes.decisions})
    with connection.cursor() as cursor:
        cursor.execute("analyze")


class _Drawn:
    """Everything that chance decides, column by column."""

    def __init__(self, sizes: Sizes, seed: int, now_s: float) -> None:
        rng = np.random.default_rng(seed)
        n, many = sizes.accounts, sizes.decisions
        self._sizes = sizes
        self._keys = np.unique(rng.integers(-(1 << 63), (1 << 63) - 1, n + n // 100 + 16))[:n]
        rng.shuffle(self._keys)
        whose = (n * rng.random(many - n) ** SKEW).astype(np.int64)
        self._whose = np.concatenate([rng.permutation(n), whose])
        rng.shuffle(self._whose)
        self._times = np.sort(now_s - DAYS * DAY_S * rng.random(many))
        self._rungs = rng.choice(len(Rung), many, p=list(SHARES.values())).astype(np.int8)
        self._stages = rng.choice(len(STAGES), many, p=STAGE_SHARES).astype(np.int8)
        self._withheld = rng.random(many) < WITHHELD_SHARE
        self._scores = rng.random(many).astype(np.float32)
        self._reached = rng.integers(0, 200, many).astype(np.int32)
        self._last = np.zeros(n, np.int64)
        self._last[self._whose] = np.arange(many)
        self._first = np.full(n, many, np.int64)
        np.minimum.at(self._first, self._whose, np.arange(many))
        self._count = np.bincount(self._whose, minlength=n)
        self._previous = self._befores()

    def _befores(self) -> NDArray[np.int8]:
        """Of each decision, the rung of its account before it."""
        order = np.argsort(self._whose, kind="stable")
        before = np.zeros(len(order), np.int8)
        same = self._whose[order][1:] == self._whose[order][:-1]
        before[order[1:]] = np.where(same, self._rungs[order][:-1], 0)
        return before

    def accounts(self) -> Iterator[list[dict[str, Any]]]:
        for start in range(0, self._sizes.accounts, PIECE):
            yield [self._account(at) for at in range(start, min(start + PIECE, self._sizes.accounts))]

    def _account(self, at: int) -> dict[str, Any]:
        last = int(self._last[at])
        return {
            "id": int(self._keys[at]),
            "rung": int(self._rungs[last]),
            "until": _until(int(self._rungs[last]), float(self._times[last])),
            "acted": not self._withheld[last],
            "decided": _moment(float(self._times[last])),
            "first_decided": _moment(float(self._times[self._first[at]])),
            "decisions": int(self._count[at]),
            "stage": STAGES[self._stages[last]],
            "score": float(self._scores[last]),
            "first_contacts": int(self._reached[last]),
            "messages": int(self._reached[last]) * 3,
            "language": "",
        }

    def decisions(self, basis: int) -> Iterator[list[dict[str, Any]]]:
        for start in range(0, self._sizes.decisions, PIECE):
            piece = slice(start, start + PIECE)
            columns = (
                self._keys[self._whose[piece]],
                self._times[piece],
                *(self._rungs[piece], self._previous[piece], self._scores[piece], self._stages[piece]),
                *(self._reached[piece], self._withheld[piece]),
            )
            numbered = enumerate(zip(*(column.tolist() for column in columns), strict=True), start + 1)
            yield [_decision(number, basis, *values) for number, values in numbered]

    def tallies(self) -> list[Tally]:
        days = (self._times // DAY_S).astype(np.int64)
        acted = ~self._withheld
        raised = acted & (self._rungs > self._previous)
        made = []
        columns = np.stack([days, self._rungs.astype(np.int64), self._stages.astype(np.int64)], axis=1)
        groups, where = np.unique(columns, axis=0, return_inverse=True)
        counts = {
            "decided": np.bincount(where, minlength=len(groups)),
            "acted": np.bincount(where, acted, len(groups)),
            "raised": np.bincount(where, raised, len(groups)),
            "automatic": np.bincount(where, raised, len(groups)),
            "unreported": np.bincount(
                where, raised & (self._stages != STAGES.index("feedback")), len(groups)
            ),
        }
        for at, (day, rung, stage) in enumerate(groups.tolist()):
            made.append(
                Tally(
                    day=datetime.fromtimestamp(day * DAY_S, UTC).date(),
                    rung=rung,
                    stage=STAGES[stage],
                    **{name: int(values[at]) for name, values in counts.items()},
                )
            )
        return made


class _SqliteWriter:
    """One transaction a piece, with a cache large enough for the indexes."""

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"pragma cache_size = -{SQLITE_CACHE_KIB}")

    def write(self, model: Any, rows: Sequence[dict[str, Any]]) -> None:
        names = list(rows[0])
        table, columns, marks = model._meta.db_table, ", ".join(names), ", ".join(["%s"] * len(names))
        with connection.cursor() as cursor:
            cursor.executemany(
                f"insert into {table} ({columns}) values ({marks})",
                [tuple(_for_sqlite(value) for value in row.values()) for row in rows],
            )


class _PostgresWriter:
    """By ``copy``."""

    def write(self, model: Any, rows: Sequence[dict[str, Any]]) -> None:
        names = ", ".join(rows[0])
        with (
            connection.cursor() as cursor,
            cursor.copy(f"copy {model._meta.db_table} ({names}) from stdin") as copy,
        ):
            for row in rows:
                copy.write_row(list(row.values()))


def _decision(
    number: int,
    basis: int,
    key: int,
    time_s: float,
    rung: int,
    previous: int,
    score: float,
    stage: int,
    reached: int,
    withheld: bool,
) -> dict[str, Any]:
    time = _moment(time_s)
    return {
        "number": number,
        "uid": f"{number:016x}",
        "account_id": key,
        "time": time,
        "committed": time,
        "rung": rung,
        "previous": previous,
        "until": _until(rung, time_s),
        "score": score,
        "stage": STAGES[stage],
        "reasons": _reasons(reached),
        "basis_id": basis,
        "first_contacts": reached,
        "messages": reached * 3,
        "withheld": "shadow" if withheld else "no",
        "complaints": 0.0,
    }


def _until(rung: int, time_s: float) -> datetime | None:
    """Warnings to suspensions end by themselves."""
    return _moment(time_s + 7 * DAY_S) if 0 < rung < _BAN else None


@cache
def _reasons(reached: int) -> str:
    """Two reasons, as JSON."""
    return json.dumps(
        [
            {
                "name": "strangers-by-the-hour",
                "value": float(reached),
                "text": f"{reached} strangers within about an hour; 3 % answered (synthetic).",
                "kind": "rule",
            },
            {
                "name": "trusted_reply_rate_14d",
                "value": 0.03,
                "text": "share of strangers who answered: 3 %",
                "kind": "model",
            },
        ]
    )


def _for_sqlite(value: Any) -> Any:
    """As Django's own backend would write it."""
    return str(value.replace(tzinfo=None)) if isinstance(value, datetime) else value


def _moment(time_s: float) -> datetime:
    return datetime.fromtimestamp(time_s, UTC)
