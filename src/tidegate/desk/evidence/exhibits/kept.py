"""Bytes of exhibits, tokens and renderings: kept in the node's folder under their SHA-256, outside all that is served."""

import hashlib
import os
import re
import secrets
import time
from pathlib import Path
from threading import Lock

from django.conf import settings

FOLDER = "desk-evidence"
_FRESH_S = 3_600.0
_lock = Lock()
_DIGEST = re.compile(r"[0-9a-f]{64}")


def path_of(sha256: str) -> Path:
    """Where bytes with this digest are, or would be. Raises ValueError for anything that is no SHA-256."""
    if not _DIGEST.fullmatch(sha256):
        raise ValueError(f"{sha256[:80]!r} is no SHA-256")
    return Path(settings.TIDEGATE_FOLDER, FOLDER, sha256[:2], sha256)


def keep(content: bytes) -> str:
    """Keep bytes; returns their SHA-256. They are on the disk when this returns. Raises OSError."""
    sha256 = hashlib.sha256(content).hexdigest()
    path = path_of(sha256)
    with _lock:
        if path.exists():
            os.utime(path)  # wanted anew: see remove
            return sha256
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f".{sha256}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return sha256


def remove(sha256: str) -> bool:
    """Remove bytes that no row names any more; whether they are gone. Raises OSError.

    Not when they were kept again within the last hour: the row that names them may not be committed yet.
    """
    path = path_of(sha256)
    with _lock:
        try:
            if time.time() - path.stat().st_mtime < _FRESH_S:
                return False
        except FileNotFoundError:
            return True
        path.unlink(missing_ok=True)
    return True


def bytes_of(sha256: str) -> bytes:
    """Kept bytes. Raises OSError when they are not there."""
    return path_of(sha256).read_bytes()
