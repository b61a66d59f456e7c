"""Challenges that were passed: the one thing about them that a node must remember, in SQLite.

A row is written before anything follows from it, and marked once it has followed. So a challenge passes once however
often it is sent, and one that was passed at the moment of a power cut is recorded after it.
"""

import sqlite3
from pathlib import Path
from threading import Lock

from tidegate.node.database import opened, storage_errors, transaction
from tidegate.node.requests import StorageError

FILE = "challenges.sqlite"
KEPT_S = 7 * 86_400.0
"""At least this long, because repeated challenges of one account are to get harder."""
MOST_ROWS = 1_000_000
"""Some 100 MB. Beyond that, passed challenges are not accepted until old ones have run out."""
_PRUNED_AT_ONCE = 1_000
_SIGN = 1 << 63
_SCHEMA = """
create table if not exists pass (
    id blob primary key, account integer not null, network integer not null,
    time real not null, kept_until real not null, followed integer not null
) without rowid;
create index if not exists pass_by_account on pass (account, time);
create index if not exists pass_by_network on pass (network, time);
create index if not exists pass_by_end on pass (kept_until);
create index if not exists pass_waiting on pass (id) where not followed;
"""


class Passes:
    """The table of passed challenges. Any thread, one at a time."""

    def __init__(self, folder: Path) -> None:
        """Opens or makes it. Raises :class:`StorageError`."""
        self.path = folder / FILE
        self._db: sqlite3.Connection = opened(self.path, _SCHEMA)
        self._one_at_a_time = Lock()
        with storage_errors(self.path):
            self._rows: int = self._db.execute("select count(*) from pass").fetchone()[0]

    def close(self) -> None:
        with self._one_at_a_time:
            self._db.close()

    def take(
        self, identifier: bytes, account: int, network: int, *, since_s: float, until_s: float, now_s: float
    ) -> bool:
        """Use an id up; True the first time. Durable when it returns.

        With an account (not 0), False as well when it has passed another challenge after ``since_s``: links that were
        given out before are settled by it. ``until_s``: when the ticket ends. Raises :class:`StorageError`, and then
        nothing was used.
        """
        row = (
            identifier,
            account - _SIGN,
            network - _SIGN,
            now_s,
            max(until_s, now_s + KEPT_S),
            account == 0,
        )
        with self._one_at_a_time, storage_errors(self.path):
            with transaction(self._db):
                gone = self._prune(now_s)
                fresh = 0
                if not self._passed_since(account, since_s):
                    insert = "insert or ignore into pass values (?, ?, ?, ?, ?, ?)"
                    fresh = self._db.execute(insert, row).rowcount
            self._rows += fresh - gone
        return bool(fresh)

    def followed(self, identifier: bytes) -> None:
        """What follows from this pass has happened, durably."""
        with self._one_at_a_time, storage_errors(self.path):
            self._db.execute("update pass set followed = 1 where id = ?", (identifier,))

    def waiting(self) -> list[tuple[bytes, int]]:
        """(id, account) of passes that nothing has followed from yet, oldest first."""
        with self._one_at_a_time, storage_errors(self.path):
            rows = self._db.execute(
                "select id, account from pass where not followed order by time"
            ).fetchall()
        return [(identifier, account + _SIGN) for identifier, account in rows]

    def is_settled(self, identifier: bytes, account: int, since_s: float) -> bool:
        """This challenge was passed, or its account has passed another one since then."""
        with self._one_at_a_time, storage_errors(self.path):
            found = self._db.execute("select 1 from pass where id = ?", (identifier,)).fetchone()
            return bool(found) or self._passed_since(account, since_s)

    def of_account(self, account: int, since_s: float) -> int:
        """How many challenges the account has passed since then."""
        return self._count("account", account, since_s)

    def of_network(self, network: int, since_s: float) -> int:
        """How many challenges were passed from the network since then."""
        return self._count("network", network, since_s)

    def forget(self, account: int) -> int:
        """Erase what is known of an account; returns how many passes that were."""
        with self._one_at_a_time, storage_errors(self.path):
            gone = self._db.execute("delete from pass where account = ?", (account - _SIGN,)).rowcount
            self._rows -= gone
        return gone

    def _count(self, column: str, key: int, since_s: float) -> int:
        query = f"select count(*) from pass where {column} = ? and time >= ?"
        with self._one_at_a_time, storage_errors(self.path):
            found: int = self._db.execute(query, (key - _SIGN, since_s)).fetchone()[0]
        return found

    def _passed_since(self, account: int, since_s: float) -> bool:
        query = "select 1 from pass where account = ? and time > ? limit 1"
        return bool(account) and self._db.execute(query, (account - _SIGN, since_s)).fetchone() is not None

    def _prune(self, now_s: float) -> int:
        """Drop some rows that have run out, return how many. Raises :class:`StorageError` when the table stays full."""
        gone = self._db.execute(
            "delete from pass where id in (select id from pass where kept_until < ? and followed limit ?)",
            (now_s, _PRUNED_AT_ONCE),
        ).rowcount
        if self._rows - gone >= MOST_ROWS:
            raise StorageError(
                f"{self.path}: {self._rows:,} challenges were passed within a week, as many as are remembered; no more "
                "are accepted until old ones have run out. Look at who is challenged: a policy may act on far too many"
            )
        return gone
