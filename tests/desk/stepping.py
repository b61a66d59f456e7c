"""A case that is ready for a letter, and its steps as people take them through the pages."""

import hashlib
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import msgspec
from django.utils import timezone

from desk.cases import OFFER, PAGE, open_case
from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.exhibits.intake import Taken, make_ready, take_in
from tidegate.desk.evidence.exhibits.kept import bytes_of
from tidegate.desk.evidence.exhibits.models import Exhibit
from tidegate.desk.evidence.reading.models import Claim
from tidegate.desk.evidence.subjects import ends
from tidegate.desk.evidence.subjects.models import Finding, Link
from tidegate.desk.ledger.models import Account, stored

ADDRESS = "https://blast.example/offer"
REASONS = "Its own page sells bulk sending on our messenger, with a price."
AFTER = datetime(2021, 3, 1, 12, 0, tzinfo=UTC)
KEY = 0x00000000000000AB


def captured(case: Case, person: Any, at: datetime | None = AFTER, **changes: Any) -> Exhibit:
    """A page that the desk fetched itself; ``at`` None: nobody vouches for when (handed in)."""
    values: dict[str, Any] = {
        "kind": "page",
        "raw": PAGE.encode(),
        "media_type": "text/html",
        "address": ADDRESS,
        "status": None if at is None else 200,
        "captured": at,
    }
    return take_in(case, person, make_ready(case, Taken(**values | changes)))


def claimed(exhibit: Exhibit, person: Any, **changes: Any) -> Claim:
    """The offer in it, confirmed by a person."""
    start = bytes_of(exhibit.text).decode().index(OFFER)
    values: dict[str, Any] = {
        "quote": OFFER,
        "start": start,
        "end": start + len(OFFER),
        "sha256": hashlib.sha256(OFFER.encode()).hexdigest(),
        "language": "en",
        "kind": "bulk",
        "stance": "offers",
        "channel": "messenger",
        "strength": "explicit",
        "state": "confirmed",
        "reviewer": person,
    }
    return Claim.objects.create(exhibit=exhibit, **values | changes)


def linked(case: Case, end: str, person: Any, reasons: tuple[str, ...] = ("phone", "domain")) -> Link:
    """That something is the subject's, confirmed by a person."""
    return Link.objects.create(
        case=case,
        first=ends.subject(case),
        second=end,
        kind="same",
        points=7.0,
        reasons=[{"kind": one, "value": "x", "points": 4.0, "owners": 1} for one in reasons],
        state="confirmed",
        reviewer=person,
        reviewed=timezone.now(),
    )


def ready_case(people: dict[str, Any], **changes: Any) -> Case:
    """A company's own page, fetched after the cut-off day, that offers bulk sending in so many words."""
    fields = {"subject": "company", "subject_name": "Lantern Blast Ltd"} | changes
    case, officer = open_case(people, **fields), people["officer"]
    exhibit = captured(case, officer)
    claimed(exhibit, officer)
    linked(case, ends.exhibit(exhibit.pk), officer)
    return case


def with_account(case: Case, person: Any, *, signal: bool = True, key: int = KEY) -> Account:
    """An account in the case; ``signal``: the messenger itself saw abuse by it."""
    now = timezone.now()
    account, _ = Account.objects.get_or_create(
        pk=stored(key), defaults={"rung": 0, "decided": now, "first_decided": now, "stage": "messaging"}
    )
    case.account = account.pk
    case.save(update_fields=["account"])
    if signal:
        Finding.objects.create(
            case=case,
            account=account.pk,
            signal="policy 1",
            abuse_at=AFTER,
            recorded_at=AFTER,
            acquired_at=AFTER,
            by=person,
        )
    return account


def at(case: Case, path: str = "") -> str:
    """An address of the case's steps."""
    return f"/desk/cases/{case.name}/steps/{path}"


def determine(client: Any, case: Case, **fields: str) -> Any:
    """Through the page."""
    return client.post(at(case, "determine/"), {"reasons": REASONS} | fields)


def letter_fields(case: Case, **changes: Any) -> dict[str, Any]:
    """The form of a letter, filled in."""
    values: dict[str, Any] = {
        "kind": "demand",
        "language": "en",
        "recipient": "Lantern Blast Ltd",
        "recipient_address": "1 Sea Street\nLondon",
        "signed_by": "Legal department",
        "cure_by": (timezone.now() + timedelta(days=14)).date().isoformat(),
        "claims": list(Claim.objects.filter(exhibit__case=case).values_list("pk", flat=True)),
    }
    return values | changes


def put_down(client: Any, case: Case, **changes: Any) -> Any:
    """A letter for approval, through the page."""
    return client.post(at(case, "letter/"), letter_fields(case, **changes))


def words(answer: Any) -> str:
    """What a page says, with its entities read."""
    return unescape(answer.content.decode())


def with_contact(settings: Any) -> None:
    """An address to which recipients can turn."""
    settings.TIDEGATE = msgspec.structs.replace(settings.TIDEGATE, contact="mailto:legal@example.org")
