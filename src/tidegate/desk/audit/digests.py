"""What holds the record together: a digest of each entry over the one before, and a seal that only this desk can make."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder

MOST_SAID_BYTES = 1 << 16
"""Of one record's details."""


class Sealed(StrEnum):
    """What a seal is put on: a record's own cannot be passed off as the head's."""

    RECORD = "record"
    HEAD = "head"


class Said(Protocol):
    """All that a digest is made over."""

    number: int
    time: datetime
    who: str
    did: str
    about: str
    said: str
    before: str


def said_of(details: Mapping[str, Any]) -> str:
    """Details as JSON that no database changes: ASCII, keys in order. Raises ValueError or TypeError.

    Moments, decimals and UUIDs become text; what is not JSON, and not a number (NaN, infinity), is refused.
    """
    said = json.dumps(
        details,
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=True,
        allow_nan=False,
        cls=DjangoJSONEncoder,
    )
    if len(said) > MOST_SAID_BYTES:
        raise ValueError(
            f"the details of a record may have {MOST_SAID_BYTES:,} bytes, these have {len(said):,}; "
            "name the thing in `about` instead of repeating it"
        )
    return said


def digest_of(record: Said) -> str:
    """SHA-256 over all that a record says, and over the digest of the one before; 64 hexadecimal digits."""
    parts = [
        str(record.number),
        record.time.astimezone(UTC).isoformat(timespec="microseconds"),
        record.who,
        record.did,
        record.about,
        record.said,
        record.before,
    ]
    # As JSON, so that no two records share a text: what one field ends with cannot begin the next.
    return hashlib.sha256(json.dumps(parts, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()


def sealing_key() -> bytes:
    """Derived from the node's keys by way of Django's secret; it is never in the database."""
    return hmac.digest(settings.SECRET_KEY.encode(), b"tidegate record 1", "sha256")


def seal_of(key: bytes, sealed: Sealed, number: int, digest: str) -> str:
    """HMAC-SHA-256 of a record's number and digest; 64 hexadecimal digits."""
    return hmac.digest(key, f"{sealed}:{number}:{digest}".encode(), "sha256").hex()


def is_seal(seal: str, key: bytes, sealed: Sealed, number: int, digest: str) -> bool:
    """Whether a seal was made with the key, for that."""
    return hmac.compare_digest(seal.encode(), seal_of(key, sealed, number, digest).encode())
