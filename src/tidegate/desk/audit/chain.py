"""Adding to the record of who did what."""

import hashlib
import json
from typing import Any

from django.db import transaction
from django.utils import timezone

from tidegate.desk.audit.models import Head, Record

DESK = "tidegate"
"""Who did what the desk does by itself."""


def digest_of(record: Record) -> str:
    """SHA-256 over all that a record says, and over the digest of the one before."""
    said = [
        record.number,
        record.time.isoformat(timespec="microseconds"),
        record.who,
        record.did,
        record.about,
        record.details,
        record.before,
    ]
    return hashlib.sha256(
        json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    ).hexdigest()


def record(who: Any, did: str, about: str = "", **details: Any) -> Record:
    """Write down that somebody did something, in the transaction at hand: both happen, or neither.

    ``who``: a person, or :data:`DESK`. ``details``: JSON values; no identifiers of accounts, pseudonyms only.
    """
    with transaction.atomic():
        Head.objects.get_or_create(pk=1)
        head = Head.objects.select_for_update().get(pk=1)
        made = Record(
            number=head.number + 1,
            time=timezone.now(),
            who=str(who),
            did=did,
            about=about,
            details=details,
            before=head.digest,
        )
        made.digest = digest_of(made)
        made.save(force_insert=True)
        head.number, head.digest = made.number, made.digest
        head.save()
    return made
