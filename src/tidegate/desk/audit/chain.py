"""Adding to the record of who did what."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from tidegate.desk.audit.digests import Sealed, digest_of, said_of, seal_of, sealing_key
from tidegate.desk.audit.head_file import note_head
from tidegate.desk.audit.models import ABOUT_LENGTH, DID_LENGTH, WHO_LENGTH, Head, Record

DESK = "tidegate"
"""Who did what the desk does by itself."""


def record(who: Any, did: str, about: str = "", **details: Any) -> Record:
    """Write down that somebody did something, in the transaction at hand: both happen, or neither.

    ``who``: a person, or :data:`DESK`. ``details``: JSON values; no identifiers of accounts, pseudonyms only.
    Raises ValueError or TypeError when something is too long, or not to be written as JSON.
    """
    name, about = str(who), str(about)
    for field, text, most in (
        ("who", name, WHO_LENGTH),
        ("did", did, DID_LENGTH),
        ("about", about, ABOUT_LENGTH),
    ):
        if len(text) > most or not text.isprintable():
            raise ValueError(
                f"record, {field}: {text[:most]!r} is no printable text of up to {most} characters"
            )
    said = said_of(details)
    with transaction.atomic():
        head = _locked_head()
        made = Record(
            number=head.number + 1,
            time=timezone.now(),
            who=name,
            did=did,
            about=about,
            said=said,
            before=head.digest,
        )
        made.digest = digest_of(made)
        key = sealing_key()
        made.seal = seal_of(key, Sealed.RECORD, made.number, made.digest)
        made.save(force_insert=True)
        head.number, head.digest = made.number, made.digest
        head.seal = seal_of(key, Sealed.HEAD, made.number, made.digest)
        head.save()
        number = made.number
        transaction.on_commit(lambda: note_head(number))
    return made


def _locked_head() -> Any:
    """The one row, which nobody else may change before this transaction ends."""
    head = Head.objects.select_for_update().filter(pk=1).first()
    if head is None:
        Head.objects.get_or_create(pk=1)
        head = Head.objects.select_for_update().get(pk=1)
    return head
