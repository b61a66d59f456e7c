"""The SQLite file behind ledger and outbox: its tables, one connection that writes, a few that read."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import LifoQueue
from threading import RLock
from typing import Any, Protocol

from tidegate.node.database import opened, storage_errors, transaction
from tidegate.node.requests import StorageError
from tidegate.node.sealing import Sealer

FILE = "ledger.sqlite"
READERS = 4
"""Connections that read at the same time; a fifth reader waits for one of them."""
WRITER_CACHE_KIB = 32 << 10
"""Ids and pseudonyms are hashes, so rows go into their indexes everywhere."""
CHECKPOINT_PAGES = 8_192
"""The write-ahead log is carried over every 32 MiB: a page that changes often is then written once for many commits."""
NEXT_NUMBER = "next_number"
"""Decisions, actions and rulings are numbered together."""
_SIGN = 1 << 63

SCHEMA = """
create table if not exists meta (key text primary key, value) without rowid;

-- One row for each account that was ever decided about: where it stands, and what its messenger knows of it.
create table if not exists account (
    pseudonym integer primary key,
    name blob not null,  -- the identifier, sealed
    decided integer not null, decided_until real, decided_number integer not null,  -- the last decision
    applied integer not null default 0, applied_until real,     -- what the messenger confirmed last
    confirmed integer not null default 0,                       -- number of the action that it confirmed last
    handed integer not null default 0                           -- number of the action that it was handed last
);
create index if not exists account_limited on account (pseudonym) where applied > 0;
create index if not exists account_uncertain on account (pseudonym) where handed > confirmed;

create table if not exists decision (
    number integer primary key, id text not null unique, pseudonym integer not null,
    time real not null, committed real not null, rung integer not null, until real, score real, stage text not null,
    reasons text, policy text not null, model text not null, first_contacts integer not null, messages integer not null,
    withheld text not null, complaints real not null default 0
);
create index if not exists decision_of_account on decision (pseudonym, number);
create index if not exists decision_committed on decision (committed);
create index if not exists decision_with_reasons on decision (committed) where reasons is not null;

-- An action that follows from a decision has its number and its id; one that a person asked for has its own.
-- States: due (waits, or was handed out), held (by a breaker), dead (given up); settled ones have a time in settled:
-- done, superseded, withdrawn (settings or a person took it back), past (ran out before it was carried out).
create table if not exists action (
    number integer primary key, id text, decision integer not null, pseudonym integer not null,
    rung integer not null, until real, time real not null, cause text not null, state text not null,
    entered real not null, due real not null, leased_until real not null default 0,
    attempts integer not null default 0, error text not null default '', settled real
);
create unique index if not exists action_by_own_id on action (id) where id is not null;
create index if not exists action_ordered on action (pseudonym) where id is not null;
create unique index if not exists action_outstanding on action (pseudonym) where state in ('due', 'dead');
create unique index if not exists action_held on action (pseudonym) where state = 'held';
create index if not exists action_due on action (due, number) where state = 'due';
create index if not exists action_dead on action (number) where state = 'dead';
create index if not exists action_held_by_rung on action (rung, number) where state = 'held';
create index if not exists action_settled on action (settled) where settled is not null;

create table if not exists tally (
    day integer not null, rung integer not null, decided integer not null, withheld integer not null,
    primary key (day, rung)
) without rowid;

create table if not exists ruling (
    number integer primary key, pseudonym integer not null, time real not null, finding text not null,
    by text not null, note text not null,
    rung integer, until real,  -- which a person named, and for how long
    label integer,             -- 1: it moved no rung
    reference text             -- by which whoever asked knows it again
);
create index if not exists ruling_of_account on ruling (pseudonym, number);
create index if not exists ruling_by_time on ruling (time);

-- Digests of the ids of erased decisions, so that a replay of the journal's tail does not bring them back.
create table if not exists erased (digest integer primary key, time real not null);
"""

_ADDED_SINCE = (("decision", "complaints", "real not null default 0"),)
"""Columns that a file of an earlier version lacks: table, name, kind. They are the last ones of their tables."""

ADDED_LATER = {"ruling": {"rung": "integer", "until": "real", "label": "integer", "reference": "text"}}
"""Columns by table that a file of an earlier version lacks; each may be null."""


def stored(key: int) -> int:
    """A 64-bit pseudonym as SQLite's signed integer."""
    return key - _SIGN


def pseudonym_of(value: int) -> int:
    """The pseudonym that :func:`stored` made ``value`` of."""
    return value + _SIGN


def numbers(values: Iterable[int]) -> str:
    """Integers as one parameter for ``in (select value from json_each(?))``, however many there are."""
    return json.dumps(list(values))


class Follower(Protocol):
    """Something in memory that is to be as the file is. Called while the file is locked."""

    def begin(self) -> None:
        """A transaction begins; one before that was not adopted was undone."""

    def look(self, db: sqlite3.Connection) -> None:
        """It is about to be committed."""

    def adopt(self) -> None:
        """It is durable. Must not fail."""


class LedgerFile:
    """Any thread may read or write; writers wait for one another, readers for nobody."""

    def __init__(self, folder: Path, sealer: Sealer) -> None:
        """``sealer``: for the accounts' identifiers. Raises :class:`~tidegate.node.requests.StorageError`."""
        self.path = folder / FILE
        self.lock = RLock()
        """Held while writing. Whoever changes something in memory with it holds it around both."""
        self._writer = opened(self.path, SCHEMA, secure_delete=True)
        with storage_errors(self.path):
            _add_columns(self._writer)
        try:
            with storage_errors(self.path), transaction(self._writer) as db:
                _add_missing_columns(db)
        except BaseException:
            self._writer.close()
            raise
        self._sealer = sealer
        sealer.teach(self._writer)
        self._writer.execute(f"pragma cache_size = -{WRITER_CACHE_KIB}")
        self._writer.execute(f"pragma wal_autocheckpoint = {CHECKPOINT_PAGES}")
        self._readers: LifoQueue[sqlite3.Connection | None] = LifoQueue()
        for _ in range(READERS):
            self._readers.put(None)
        self._closed = False
        self.follower: Follower | None = None
        """Is kept as the file is, once there is one."""

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, durable when the ``with`` has ended, or undone. Does not nest."""
        with self.lock, storage_errors(self.path):
            self._check_open()
            follower = self.follower
            if follower is not None:
                follower.begin()
            with transaction(self._writer) as db:
                yield db
                if follower is not None:
                    follower.look(db)
            if follower is not None:
                follower.adopt()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that reads; each statement sees all that was committed before it."""
        reader = self._readers.get()
        try:
            with storage_errors(self.path):
                self._check_open()
                if reader is None:
                    reader = opened(self.path, SCHEMA, read_only=True)
                    self._sealer.teach(reader)
                yield reader
        finally:
            if self._closed and reader is not None:
                reader.close()
                reader = None
            self._readers.put(reader)

    def meta(self, key: str) -> Any:
        """A value from the table of single values; None when it was never set."""
        with self.reading() as db:
            row = db.execute("select value from meta where key = ?", (key,)).fetchone()
        return row[0] if row else None

    def overwrite_erased(self, wait_ms: int = 200) -> bool:
        """Carry the write-ahead log over and cut it, so that it holds nothing erased; False: readers were busy."""
        with self.lock, storage_errors(self.path):
            self._check_open()
            before = self._writer.execute("pragma busy_timeout").fetchone()[0]
            self._writer.execute(f"pragma busy_timeout = {wait_ms}")
            try:
                busy = self._writer.execute("pragma wal_checkpoint(truncate)").fetchone()[0]
            finally:
                self._writer.execute(f"pragma busy_timeout = {before}")
        return not busy

    def close(self) -> None:
        """Let go of the file. Whoever still reads or writes gets a StorageError."""
        with self.lock:
            if self._closed:
                return
            self._closed = True
            for _ in range(READERS):
                reader = self._readers.get()
                if reader is not None:
                    reader.close()
            for _ in range(READERS):
                self._readers.put(None)
            self._writer.close()

    def _check_open(self) -> None:
        if self._closed:
            raise StorageError(f"{self.path}: closed; the node is shutting down")


def _add_columns(db: sqlite3.Connection) -> None:
    """Give a file of an earlier version what it lacks."""
    with transaction(db):
        for table, name, kind in _ADDED_SINCE:
            if not db.execute("select 1 from pragma_table_info(?) where name = ?", (table, name)).fetchone():
                db.execute(f"alter table {table} add column {name} {kind}")


def _add_missing_columns(db: sqlite3.Connection) -> None:
    for table, columns in ADDED_LATER.items():
        present = {row[0] for row in db.execute("select name from pragma_table_info(?)", (table,))}
        for name, kind in columns.items():
            if name not in present:
                db.execute(f"alter table {table} add column {name} {kind}")


def set_meta(db: sqlite3.Connection, key: str, value: Any) -> None:
    """Set a single value, inside a transaction."""
    db.execute("insert or replace into meta values (?, ?)", (key, value))


def next_number(db: sqlite3.Connection, count: int) -> int:
    """The first of ``count`` new numbers. They are never given twice, whatever is deleted, so they can be cursors."""
    row = db.execute("select value from meta where key = ?", (NEXT_NUMBER,)).fetchone()
    first = row[0] if row else 1
    set_meta(db, NEXT_NUMBER, first + count)
    return int(first)


def committed_through(folder: Path) -> int:
    """Number of journal events whose decisions are all in the ledger of ``folder``; 0 when it has none yet.

    For another process than the node's. Raises :class:`~tidegate.node.requests.StorageError`.
    """
    path = folder / FILE
    if not path.exists():
        return 0
    db = opened(path, SCHEMA, read_only=True)
    try:
        with storage_errors(path):
            row = db.execute("select value from meta where key = 'committed_through'").fetchone()
    finally:
        db.close()
    return row[0] if row else 0
