"""Opening SQLite files that must survive a power cut, and telling plainly when the disk does not oblige."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tidegate.node.requests import StorageError

BUSY_S = 10.0
WAL_PAGES = 1_000
"""Pages after which the write-ahead file is emptied into the database."""
_HINTS = {
    "SQLITE_FULL": "The disk is full. Free some space; nothing was lost, and the node goes on by itself.",
    "SQLITE_READONLY": "The file or its folder is read-only. Make it writable for the user that runs the node.",
    "SQLITE_CANTOPEN": "The file cannot be opened. Look at the folder's owner and permissions.",
    "SQLITE_NOTADB": "This is not a database of Tidegate, or its beginning is damaged. Put back a copy.",
    "SQLITE_CORRUPT": "The file is damaged. Put back a copy, or start from a snapshot in a new folder.",
    "SQLITE_BUSY": "Another process holds the file. Stop it first.",
    "SQLITE_IOERR": "The disk failed, or has no room. Look at the system's log.",
}


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn what the system says about ``path`` into :class:`StorageError`, with what would help."""
    try:
        yield
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "") or type(error).__name__
        hint = next((words for code, words in _HINTS.items() if name.startswith(code)), "")
        raise StorageError(f"{path}: {error} ({name}). {hint}".rstrip()) from error
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror or error}.") from error


def opened(path: Path, schema: str, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection in autocommit mode, with write-ahead logging and every commit on disk before it returns.

    It may be used from any one thread at a time. Raises :class:`StorageError`.
    """
    with storage_errors(path):
        target = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
        db = sqlite3.connect(target, uri=True, isolation_level=None, timeout=BUSY_S, check_same_thread=False)
        try:
            if not read_only:
                path.chmod(0o600)
                db.execute("pragma journal_mode = wal")
                db.execute("pragma synchronous = full")
                db.execute(f"pragma wal_autocheckpoint = {WAL_PAGES}")
                db.executescript(schema)
        except BaseException:
            db.close()
            raise
    return db
