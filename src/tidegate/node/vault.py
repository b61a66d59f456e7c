"""The vault: which identifier a pseudonym stands for. The one place in a node that can name an account.

Identifiers lie encrypted (AES-256-GCM, bound to their pseudonym) under a key of their own, so the file alone names
nobody; every look-up on behalf of a person is written down with who asked and why.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from threading import Lock

from tidegate.node.database import opened, storage_errors, transaction
from tidegate.node.sealing import Sealer

FILE = "vault.sqlite"
_SIGN = 1 << 63
_SCHEMA = """
create table if not exists account (pseudonym integer primary key, sealed blob not null);
create table if not exists access (time real not null, who text not null, why text not null, pseudonym integer not null);
create index if not exists access_by_time on access (time);
"""


class Vault:
    """Sealed identifiers by pseudonym. Any thread."""

    def __init__(self, folder: Path, key: bytes, *, read_only: bool = False) -> None:
        """Opens or makes it. ``key``: 32 bytes. Raises :class:`~tidegate.node.requests.StorageError`."""
        self.path = folder / FILE
        self._sealer = Sealer(key)
        self._lock = Lock()
        self._db: sqlite3.Connection = opened(self.path, _SCHEMA, read_only=read_only, secure_delete=True)

    def close(self) -> None:
        self._db.close()

    def keep(self, names: Mapping[int, str]) -> None:
        """Make identifiers durable by pseudonym; known ones stay as they are."""
        rows = [(key - _SIGN, self._sealer.sealed(key, name)) for key, name in names.items()]
        with self._lock, storage_errors(self.path), transaction(self._db):
            self._db.executemany("insert or ignore into account values (?, ?)", rows)

    def names(self, keys: Iterable[int]) -> dict[int, str]:
        """Identifiers of those pseudonyms that are known; for the node's own work, not written down."""
        return self.opened(self.sealed(keys))

    def sealed(self, keys: Iterable[int]) -> dict[int, bytes]:
        """The same as they are stored, for another of the node's files: to be opened with the same key and pseudonym."""
        wanted = json.dumps([key - _SIGN for key in keys])
        with self._lock, storage_errors(self.path):
            rows = self._db.execute(
                "select pseudonym, sealed from account where pseudonym in (select value from json_each(?))",
                (wanted,),
            ).fetchall()
        return {stored + _SIGN: blob for stored, blob in rows}

    def opened(self, sealed: Mapping[int, bytes]) -> dict[int, str]:
        """Identifiers that :meth:`sealed` gave; for the node's own work, not written down."""
        return {key: self._sealer.opened(key, blob) for key, blob in sealed.items()}

    def look_up(self, keys: Sequence[int], *, who: str, why: str, now_s: float) -> dict[int, str]:
        """Identifiers on behalf of a person, each look-up written down before it is given."""
        with self._lock, storage_errors(self.path), transaction(self._db):
            self._db.executemany(
                "insert into access values (?, ?, ?, ?)", [(now_s, who, why, key - _SIGN) for key in keys]
            )
        return self.names(keys)

    def erase(self, key: int, *, who: str, now_s: float) -> int:
        """Forget an identifier; that somebody asked for it stays written down. Returns how many were forgotten."""
        with self._lock, storage_errors(self.path), transaction(self._db):
            gone = self._db.execute("delete from account where pseudonym = ?", (key - _SIGN,)).rowcount
            self._db.execute("delete from access where pseudonym = ?", (key - _SIGN,))
            self._db.execute("insert into access values (?, ?, 'erasure', ?)", (now_s, who, -_SIGN))
        return gone

    def accesses(self, limit: int = 100) -> list[tuple[float, str, str, int]]:
        """The last look-ups: (Unix seconds, who, why, pseudonym), latest first."""
        with self._lock, storage_errors(self.path):
            rows = self._db.execute(
                "select time, who, why, pseudonym from access order by time desc limit ?", (limit,)
            ).fetchall()
        return [(time, who, why, key + _SIGN) for time, who, why, key in rows]

    def forget_accesses(self, before_s: float) -> int:
        """Drop the record of look-ups older than ``before_s`` (Unix seconds)."""
        with self._lock, storage_errors(self.path), transaction(self._db):
            return self._db.execute("delete from access where time < ?", (before_s,)).rowcount
