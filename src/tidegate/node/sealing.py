"""Identifiers at rest: encrypted, each bound to its pseudonym, so that a stolen file names nobody."""

import os
import sqlite3

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
UNREADABLE = "(unreadable: damaged, or sealed under another key)"
_SIGN = 1 << 63


class Sealer:
    """AES-256-GCM; the pseudonym is authenticated with the identifier. Any thread."""

    def __init__(self, key: bytes) -> None:
        """``key``: 32 bytes."""
        self._cipher = AESGCM(key)

    def sealed(self, pseudonym: int, name: str) -> bytes:
        """An identifier as it is stored."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, name.encode("utf-8", "surrogatepass"), _bound(pseudonym))

    def opened(self, pseudonym: int, blob: bytes) -> str:
        """The identifier again; :data:`UNREADABLE` when it was damaged, moved or sealed under another key."""
        try:
            raw = self._cipher.decrypt(blob[:NONCE_BYTES], blob[NONCE_BYTES:], _bound(pseudonym))
        except InvalidTag:
            return UNREADABLE
        return raw.decode("utf-8", "surrogatepass")

    def teach(self, db: sqlite3.Connection) -> None:
        """Give a connection ``sealed(pseudonym, name)`` and ``unsealed(pseudonym, blob)``.

        Pseudonyms are what SQLite has of them: signed.
        """
        db.create_function("sealed", 2, lambda stored, name: self.sealed(stored + _SIGN, name))
        db.create_function(
            "unsealed", 2, lambda stored, blob: None if blob is None else self.opened(stored + _SIGN, blob)
        )


def _bound(pseudonym: int) -> bytes:
    return pseudonym.to_bytes(8, "little")
