"""What the adapter must not forget: one small SQLite file, written through before anything depends on it."""

import fcntl
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tidegate.messengers.matrix.official.errors import StateError

STATE_FILE = "adapter.sqlite"
BUSY_S = 5.0

TABLES = """
-- Names and numbers that stand alone.
CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

-- Lines on their way to the node, with their numbers; gone when the node has them.
CREATE TABLE IF NOT EXISTS outgoing (
    first_number INTEGER PRIMARY KEY, lines INTEGER NOT NULL, body BLOB NOT NULL) STRICT;

-- What polls have already seen: kind is 'account', 'event_report' or 'user_report'.
CREATE TABLE IF NOT EXISTS seen (
    kind TEXT NOT NULL, key TEXT NOT NULL, time_ms INTEGER NOT NULL, PRIMARY KEY (kind, key)) STRICT, WITHOUT ROWID;

-- New accounts: passed_on is 0 while their address is awaited.
CREATE TABLE IF NOT EXISTS watched (
    account TEXT PRIMARY KEY, created_ms INTEGER NOT NULL, passed_on INTEGER NOT NULL, looked_s REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS devices (
    account TEXT NOT NULL, device TEXT NOT NULL, PRIMARY KEY (account, device)) STRICT, WITHOUT ROWID;

-- The rung each account was last put on.
CREATE TABLE IF NOT EXISTS standing (
    account TEXT PRIMARY KEY, rung TEXT NOT NULL, action TEXT NOT NULL, spent INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- What is in force on the homeserver: ours is 1 when Tidegate did it, 0 when it was found done by somebody else.
CREATE TABLE IF NOT EXISTS measures (
    account TEXT NOT NULL, measure TEXT NOT NULL, ours INTEGER NOT NULL, PRIMARY KEY (account, measure)
) STRICT, WITHOUT ROWID;

-- Steps of an action that must not be done twice: a notice, a redaction (with its id at the homeserver).
CREATE TABLE IF NOT EXISTS steps (
    action TEXT NOT NULL, step TEXT NOT NULL, value TEXT NOT NULL, time_s REAL NOT NULL, PRIMARY KEY (action, step)
) STRICT, WITHOUT ROWID;

-- First contacts of rationed accounts.
CREATE TABLE IF NOT EXISTS contacts (
    account TEXT NOT NULL, target TEXT NOT NULL, chat TEXT NOT NULL, time_s REAL NOT NULL, answered INTEGER NOT NULL,
    PRIMARY KEY (account, target)) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS contacts_by_target ON contacts (target, chat);
"""


class State:
    """The open file. One process, one thread."""

    def __init__(self, folder: Path) -> None:
        """Open or make it. Raises :class:`StateError`."""
        self.file = folder / STATE_FILE
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = _only_one(folder)
            self.file.touch(mode=0o600)
            self.db = sqlite3.connect(self.file, timeout=BUSY_S, isolation_level=None)
            self.db.execute("PRAGMA journal_mode = WAL")
            self.db.execute("PRAGMA synchronous = FULL")
            self.db.executescript(TABLES)
        except (OSError, sqlite3.Error) as error:
            raise StateError(f"{self.file}: the adapter's state cannot be opened: {error}") from None

    def close(self) -> None:
        """Close the file and let another process have it."""
        self.db.close()
        self._lock.close()

    @contextmanager
    def together(self) -> Iterator[sqlite3.Connection]:
        """All of the block is durable when it ends, or nothing of it. Raises :class:`StateError`."""
        try:
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield self.db
            except BaseException:
                self.db.execute("ROLLBACK")
                raise
            self.db.execute("COMMIT")
        except sqlite3.Error as error:
            raise StateError(f"{self.file}: nothing could be written: {error}") from None

    def get(self, name: str, default: str = "") -> str:
        """A value that stands alone."""
        row = self.db.execute("SELECT value FROM kept WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else default

    def put(self, name: str, value: str) -> None:
        """Keep a value that stands alone; on its own, or as part of :meth:`together`."""
        self.db.execute("INSERT OR REPLACE INTO kept VALUES (?, ?)", (name, value))

    def incarnation(self) -> str:
        """Eight digits made with the file: line numbers of another file are other numbers to the node."""
        with self.together():
            found = self.get("incarnation")
            if not found:
                found = secrets.token_hex(4)
                self.put("incarnation", found)
        return found


def _only_one(folder: Path) -> IO[str]:
    """A lock that ends with the process."""
    lock = (folder / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise StateError(
            f"{folder}: another `tidegate matrix run` uses this folder; only one may run for a homeserver"
        ) from None
    return lock
