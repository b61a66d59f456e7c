"""Opening a node's SQLite files, and telling in plain words what is wrong when one cannot be used.

Every file is in WAL mode, so readers never wait for the writer, and commits are synced to the disk (``synchronous =
FULL``): in WAL mode anything less may lose the last transactions when the power goes.
"""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tidegate.node.requests import StorageError

APPLICATION_ID = 0x54444754
"""``TDGT``: what ``file(1)`` and SQLite itself tell a node's files by."""
BUSY_TIMEOUT_MS = 5_000
"""How long a connection waits for another process to let go of the file."""
WAL_KEPT_BYTES = 64 << 20
"""A write-ahead log that has grown beyond this is cut back once it has been carried over."""
QUICK_CHECK_BYTES = 32 << 20
"""Files up to this size are checked as a whole when they are opened; larger ones by :func:`damage_in` alone."""


def opened(
    path: Path, schema: str, *, read_only: bool = False, version: int = 1, secure_delete: bool = False
) -> sqlite3.Connection:
    """A connection to the database in ``path``, made and readable by its owner alone when there is none.

    ``schema``: statements that may be repeated (``create … if not exists``). ``version``: of that schema; a file with a
    newer one is refused. ``secure_delete``: what is deleted is overwritten in the file, for what may have to be erased.

    The connection is in autocommit mode; use :func:`transaction`. It may pass from one thread to another, but only one
    may use it at a time. Raises :class:`StorageError` with what is wrong and what would help.
    """
    with storage_errors(path):
        if read_only:
            db = _connected(f"{path.absolute().as_uri()}?mode=ro")
        else:
            _make(path)
            db = _connected(f"{path.absolute().as_uri()}?mode=rw")
        try:
            _prepare(db, path, schema, read_only=read_only, version=version, secure_delete=secure_delete)
        except BaseException:
            db.close()
            raise
    return db


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """``begin immediate`` … ``commit``, or everything undone when anything is raised."""
    db.execute("begin immediate")
    try:
        yield db
        db.execute("commit")
    finally:
        # SQLite itself has rolled back after some errors (disk full), and not after others.
        if db.in_transaction:
            db.execute("rollback")


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turns what SQLite and the system say about ``path`` into :class:`StorageError`; faults of ours pass as they are."""
    try:
        yield
    except sqlite3.Error as error:
        words = _words(getattr(error, "sqlite_errorcode", 0), str(error), path)
        if words is None:
            raise
        raise StorageError(f"{path}: {words}") from error
    except OSError as error:
        raise StorageError(f"{path}: {_system_words(error, path)}") from error


def damage_in(path: Path) -> list[str]:
    """What SQLite's full integrity check finds, in its own words; empty when the file is sound.

    Reads the whole file: seconds for each gigabyte. Raises :class:`StorageError` when it cannot even be opened.
    """
    with storage_errors(path):
        db = _connected(f"{path.absolute().as_uri()}?mode=ro")
        try:
            found = [str(row[0]) for row in db.execute("pragma integrity_check(100)")]
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CORRUPT:
                raise
            found = [str(error)]
        finally:
            db.close()
    return [] if found == ["ok"] else found


def _connected(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(
        uri, uri=True, timeout=BUSY_TIMEOUT_MS / 1_000, isolation_level=None, check_same_thread=False
    )


def _make(path: Path) -> None:
    """An empty file that only its owner may read; SQLite gives its companions (WAL, shared memory) the same rights."""
    if not path.exists():
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _prepare(
    db: sqlite3.Connection, path: Path, schema: str, *, read_only: bool, version: int, secure_delete: bool
) -> None:
    belongs_to = db.execute("pragma application_id").fetchone()[0]
    tables = db.execute("select count(*) from sqlite_master where type = 'table'").fetchone()[0]
    if tables and belongs_to != APPLICATION_ID:
        raise StorageError(f"{path}: a database of another program. Move it away, or use another folder.")
    found = db.execute("pragma user_version").fetchone()[0]
    if found > version:
        raise StorageError(
            f"{path}: written by a newer version of Tidegate (schema {found}; this one knows {version}). "
            "Use that version again, or put back a copy of the folder from before."
        )
    db.execute("pragma trusted_schema = off")
    if read_only:
        db.execute("pragma query_only = on")
        return
    mode = db.execute("pragma journal_mode = wal").fetchone()[0]
    if mode != "wal":
        raise StorageError(
            f"{path}: the file system does not allow write-ahead logging (SQLite says {mode!r}). "
            "Put the folder on a local file system; network shares do not work."
        )
    db.execute("pragma synchronous = full")
    db.execute(f"pragma journal_size_limit = {WAL_KEPT_BYTES}")
    db.execute(f"pragma secure_delete = {'on' if secure_delete else 'off'}")
    if tables and path.stat().st_size <= QUICK_CHECK_BYTES:
        said = db.execute("pragma quick_check(1)").fetchone()[0]
        if said != "ok":
            raise StorageError(f"{path}: {_DAMAGED} ({said})")
    if not tables:
        db.execute(f"pragma application_id = {APPLICATION_ID}")
    db.executescript(f"begin immediate; {schema}; pragma user_version = {version}; commit;")


_DAMAGED = "the file is damaged. Put back a copy, or move it away to begin a new one"
_FULL = "the disk is full. Free some space; the node goes on by itself"
_READ_ONLY = (
    "the file or its folder cannot be written to. Check its owner, its rights and how the disk is mounted"
)
_LOCKED = (
    "locked by another process for more than "
    f"{BUSY_TIMEOUT_MS // 1_000} s. Is another node running on this folder, or a tool at work on its files?"
)


def _words(code: int, said: str, path: Path) -> str | None:
    """What an SQLite error means for whoever runs the node; None when it is a fault of the program."""
    primary = code & 0xFF
    if primary == sqlite3.SQLITE_FULL:
        return _FULL
    if primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH):
        return _READ_ONLY
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return _LOCKED
    if primary == sqlite3.SQLITE_NOTADB:
        return "not a database. Move the file away, or use another folder"
    if primary == sqlite3.SQLITE_CORRUPT:
        return f"{_DAMAGED} ({said})"
    if primary == sqlite3.SQLITE_CANTOPEN:
        if not path.exists():
            return "there is no such file"
        if not path.is_file():
            return "the file cannot be opened: it is not a file"
        return f"the file cannot be opened ({said})" if os.access(path.parent, os.W_OK) else _READ_ONLY
    if primary == sqlite3.SQLITE_IOERR:
        return f"reading or writing failed ({said}). The disk may be full, over a quota or failing; see the system's log"
    if primary == sqlite3.SQLITE_NOMEM:
        return "no memory is left"
    return None


def _system_words(error: OSError, path: Path) -> str:
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return _READ_ONLY
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _FULL
    if isinstance(error, FileNotFoundError):
        return f"the folder {path.parent} does not exist"
    return f"the file cannot be made or opened ({error.strerror})"
