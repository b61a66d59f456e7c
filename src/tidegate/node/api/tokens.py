"""Access tokens: who may ask a node for what.

A token is ``tg_`` and 32 random bytes. Only its SHA-256 is stored: a slow password hash protects secrets that somebody
could guess, and 256 random bits cannot be guessed however fast the hash is; a slow one would cost milliseconds on every
request.
"""

import fcntl
import hashlib
import hmac
import logging
import os
import re
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import msgspec

from tidegate.statements.decision import rfc3339

FILE = "tokens.json"
PREFIX = "tg_"
SECRET_BYTES = 32
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
MOST_MET = 1_024
"""Headers that are known without hashing them again. Only accepted ones: who guesses fills nothing."""
LOOK_AGAIN_S = 1.0
"""How long a revoked token may still work: the file is looked at so often."""

log = logging.getLogger(__name__)


class Scope(StrEnum):
    """What a token allows. None implies another."""

    INGEST = "ingest"
    """Hand in events."""
    CHECK = "check"
    """Hand in one event and be told where its actor stands."""
    ACT = "act"
    """Fetch and confirm actions, report passed challenges."""
    READ = "read"
    """Look at accounts, policy, breakers and metrics."""
    ADMIN = "admin"
    """Rule on accounts, change the policy, reset breakers, erase."""


class TokenError(Exception):
    """The file of tokens cannot be used or changed as asked; the message says where and what would be right."""


class _Kept(msgspec.Struct, forbid_unknown_fields=True):
    """One token as the file holds it."""

    name: str
    scopes: list[Scope]
    created: str
    sha256: str


class _File(msgspec.Struct, forbid_unknown_fields=True):
    tokens: list[_Kept]


@dataclass(frozen=True, slots=True)
class Token:
    """Who a bearer is. The secret itself is not known here."""

    name: str
    scopes: frozenset[Scope]
    created: str
    """RFC 3339."""
    digest: bytes


def digest_of(secret: bytes) -> bytes:
    """What is stored in a token's place."""
    return hashlib.sha256(secret).digest()


def read_tokens(file: Path) -> tuple[Token, ...]:
    """The tokens in ``file``; none when there is no file. Raises :class:`TokenError`."""
    try:
        raw = file.read_bytes()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise TokenError(f"{file}: the tokens cannot be read: {error.strerror}") from None
    try:
        kept = msgspec.json.decode(raw, type=_File).tokens
        tokens = tuple(
            Token(one.name, frozenset(one.scopes), one.created, bytes.fromhex(one.sha256)) for one in kept
        )
    except (msgspec.DecodeError, ValueError) as error:
        raise TokenError(
            f"{file}: not a file of tokens: {error}. Put back a good copy, or delete it and make new tokens "
            "with `tidegate token add`"
        ) from None
    if any(len(token.digest) != hashlib.sha256().digest_size for token in tokens):
        raise TokenError(f"{file}: a digest is not 64 hexadecimal digits long")
    return tokens


def add_token(folder: Path, name: str, scopes: Iterable[Scope], now_s: float) -> str:
    """Make a token and return its secret, which is stored nowhere. Raises :class:`TokenError`."""
    wanted = sorted(set(scopes))
    if not NAME.fullmatch(name):
        raise TokenError(
            f"{name!r} cannot be a token's name: up to 64 letters, digits, dots, dashes and underscores, "
            "beginning with a letter or digit"
        )
    if not wanted:
        raise TokenError(f"a token needs at least one scope: {', '.join(Scope)}")
    secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    with _alone(folder):
        tokens = read_tokens(folder / FILE)
        if any(token.name == name for token in tokens):
            raise TokenError(f"there is a token named {name!r} already; revoke it first or take another name")
        created = rfc3339(float(int(now_s))) or ""
        _write(folder, (*tokens, Token(name, frozenset(wanted), created, digest_of(secret.encode()))))
    return secret


def revoke_token(folder: Path, name: str) -> None:
    """Make a token worthless. Raises :class:`TokenError` when there is none of that name."""
    with _alone(folder):
        tokens = read_tokens(folder / FILE)
        left = tuple(token for token in tokens if token.name != name)
        if len(left) == len(tokens):
            names = ", ".join(token.name for token in tokens) or "none at all"
            raise TokenError(f"there is no token named {name!r}; there are: {names}")
        _write(folder, left)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else changes the tokens of this folder meanwhile."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise TokenError(f"{folder}: not a node's folder: {error.strerror}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(folder: Path, tokens: Iterable[Token]) -> None:
    kept = [_Kept(token.name, sorted(token.scopes), token.created, token.digest.hex()) for token in tokens]
    raw = msgspec.json.format(msgspec.json.encode(_File(kept)), indent=2) + b"\n"
    part = folder / f".{FILE}.part"
    try:
        part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            if os.geteuid() == 0:  # made by root for a node that runs as another user
                owner = folder.stat()
                os.fchown(descriptor, owner.st_uid, owner.st_gid)
            out.write(raw)
            out.flush()
            os.fsync(out.fileno())
        part.replace(folder / FILE)
    except OSError as error:
        raise TokenError(f"{folder / FILE}: the tokens cannot be written: {error.strerror}") from None


class Tokens:
    """The tokens a running node accepts, read again whenever their file changes."""

    def __init__(self, folder: Path) -> None:
        """Raises :class:`TokenError` when there is a file that cannot be used."""
        self._file = folder / FILE
        self._seen = self._stamp()
        self._tokens = read_tokens(self._file)
        self._look_at_s = time.monotonic() + LOOK_AGAIN_S
        self._met: dict[bytes, Token] = {}
        """Headers that were accepted, until the file changes. How long it takes to look one up tells nothing: bytes are
        compared only where their hashes under the process's own random key are equal, which nobody can bring about."""

    def __len__(self) -> int:
        return len(self._tokens)

    def bearer(self, authorization: bytes) -> Token | None:
        """Whose token an ``Authorization`` header carries; None when it carries none that is accepted."""
        if time.monotonic() >= self._look_at_s:
            self._look()
        found = self._met.get(authorization)
        if found is not None:
            return found
        if authorization[:7].lower() != b"bearer ":
            return None
        digest = digest_of(authorization[7:].strip())
        found = self._find(digest)
        if found is None and self._look():  # a token made a moment ago works at once
            found = self._find(digest)
        if found is not None and len(self._met) < MOST_MET:
            self._met[authorization] = found
        return found

    def _find(self, digest: bytes) -> Token | None:
        found = None
        for token in self._tokens:  # all of them, each in constant time: how long it takes says nothing
            if hmac.compare_digest(token.digest, digest):
                found = token
        return found

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            status = self._file.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ino, status.st_size

    def _look(self) -> bool:
        """Read the file again when it has changed; True when there are other tokens now."""
        self._look_at_s = time.monotonic() + LOOK_AGAIN_S
        stamp = self._stamp()
        if stamp == self._seen:
            return False
        self._seen = stamp
        try:
            self._tokens = read_tokens(self._file)
        except TokenError as error:
            # Refusing everybody would turn a slip of an editor into an outage; the tokens known before stay.
            log.error("tokens not reread, those known before stay in force: %s", error)
            return False
        self._met.clear()
        log.info("tokens reread: %d", len(self._tokens))
        return True
