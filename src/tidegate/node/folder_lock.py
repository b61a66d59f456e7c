"""One node a folder: whoever runs holds the lock."""

import fcntl
import os
from pathlib import Path
from typing import IO

from tidegate.node.requests import StorageError


def locked(folder: Path) -> IO[str]:
    """Make the folder if there is none, and hold its lock as long as the file is open.

    Raises :class:`StorageError` when it cannot be made or written to, or another node has it.
    """
    path = folder / "lock"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{folder}: the folder cannot be made: {error.strerror}") from None
    try:
        file = path.open("a+")
    except OSError as error:
        raise StorageError(f"{path}: the folder cannot be written to: {error.strerror}") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise StorageError(f"{folder}: another node is running on this folder; stop it first") from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file
