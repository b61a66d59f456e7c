"""Taking something in as an exhibit: its bytes first, then its row, its custody, its text."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from tidegate import __version__
from tidegate.desk.audit.chain import record
from tidegate.desk.evidence.capture.apart import UnreadableError, text_apart
from tidegate.desk.evidence.capture.visible import Visible
from tidegate.desk.evidence.cases import custody
from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.exhibits.kept import keep
from tidegate.desk.evidence.exhibits.models import Exhibit, Source

TOOL = f"Tidegate {__version__}"
MOST_BYTES = 24 << 20
"""Of one exhibit."""
MOST_EXHIBITS = 5_000
"""Of one case."""
MOST_TITLE = 300


class IntakeError(ValueError):
    """Something that is not taken in; the message says why."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What is taken in."""

    kind: str
    raw: bytes
    """As it came; what was transferred."""
    media_type: str
    title: str = ""
    """Empty: its own."""
    decoded: bytes | None = None
    """After undoing its encoding, when that changes the bytes."""
    address: str = ""
    status: int | None = None
    captured: datetime | None = None
    """By this machine's clock; None: now."""
    http_date: str = ""
    ip: str = ""
    warc: bytes = b""
    seen: datetime | None = None
    weak_why: str = ""
    """What it rests on, when that is one party's word; empty: it is not weak."""


@dataclass(frozen=True, slots=True)
class Ready:
    """What is taken in, with its bytes kept and its text taken out; no row names it yet."""

    taken: Taken
    sha256: str
    decoded_sha256: str
    warc: str
    text: Visible
    text_sha256: str
    trouble: str


def make_ready(case: Case, taken: Taken) -> Ready:
    """Keep the bytes and take the text out, which may take a minute: not in a transaction, for whose end others wait.
    Raises IntakeError, OSError."""
    _check(case, taken)
    decoded = taken.decoded if taken.decoded is not None else taken.raw
    text, trouble = _text(decoded, taken.media_type)
    # Bytes first: a row must never name what is not there. Bytes without a row do no harm.
    return Ready(
        taken,
        keep(taken.raw),
        keep(decoded),
        keep(taken.warc) if taken.warc else "",
        text,
        keep(text.text.encode("utf-8", "surrogatepass")) if text.text else "",
        trouble,
    )


def take_in(case: Case, who: Any, ready: Ready, source: Source | None = None) -> Exhibit:
    """Write it down, for good. Raises IntakeError, CustodyError.

    ``who``: a person, or :data:`~tidegate.desk.audit.chain.DESK`. Without a source it makes one of its own; then ``who``
    is a person. Time stamps, rendering and reading follow (:mod:`.working`).
    """
    taken, text = ready.taken, ready.text
    _check(case, taken)
    captured = taken.captured or timezone.now()
    title = "".join(
        one for one in taken.title or text.title or taken.address or "Untitled" if one.isprintable()
    )
    with transaction.atomic():
        Case.objects.select_for_update().get(pk=case.pk)
        last = Exhibit.objects.filter(case=case).aggregate(last=Max("number"))["last"] or 0
        if last >= MOST_EXHIBITS:
            raise IntakeError(f"{case} has {MOST_EXHIBITS:,} exhibits, which are the most: open another case")
        if source is None:
            source = Source.objects.create(
                case=case, kind=taken.kind, address=taken.address, title=title[:MOST_TITLE], added_by=who
            )
        exhibit = Exhibit.objects.create(
            case=case,
            source=source,
            number=last + 1,
            title=title[:MOST_TITLE],
            kind=taken.kind,
            address=taken.address,
            sha256=ready.sha256,
            decoded_sha256=ready.decoded_sha256,
            media_type=taken.media_type[:200],
            size_bytes=len(taken.raw),
            status=taken.status,
            captured=captured,
            http_date=taken.http_date,
            claimed=text.claimed,
            ip=taken.ip,
            operator=str(who),
            tool=TOOL,
            warc=ready.warc,
            text=ready.text_sha256,
            language=text.language,
            seen=taken.seen,
            weak=bool(taken.weak_why),
            weak_why=taken.weak_why,
            trouble=ready.trouble,
        )
        _seen(source, exhibit)
        details = {"exhibit": exhibit.number, "from": taken.address or "handed in"}
        did = "captured" if taken.status is not None else "received"
        custody.add(case, who, did, ready.sha256, details)
        record(who, f"exhibit.{did}", case.name, exhibit=exhibit.number, sha256=ready.sha256)
    return exhibit


def _check(case: Case, taken: Taken) -> None:
    if not case.is_open:
        raise IntakeError(f"{case} is closed: open it again first")
    if not taken.raw:
        raise IntakeError(f"{taken.title or taken.address or 'the file'} is empty")
    if len(taken.raw) > MOST_BYTES:
        raise IntakeError(
            f"{taken.title or taken.address}: {len(taken.raw):,} bytes; an exhibit has up to {MOST_BYTES:,}"
        )
    if taken.seen is not None and taken.seen > timezone.now():
        raise IntakeError(f"seen at {taken.seen.isoformat()}, which has not come yet")


def _text(content: bytes, media_type: str) -> tuple[Visible, str]:
    """Its text, and why there is none when it could not be read."""
    try:
        return text_apart(content, media_type), ""
    except UnreadableError as error:
        return Visible(""), f"No text: {error}"[:500]


def _seen(source: Source, exhibit: Exhibit) -> None:
    at = exhibit.observed or exhibit.captured
    source.first_seen = min(source.first_seen or at, at)
    source.last_seen = max(source.last_seen or at, at)
    source.gone_since = None
    source.save(update_fields=["first_seen", "last_seen", "gone_since"])


def same_as_before(exhibit: Exhibit) -> bool:
    """Whether the exhibit of the same source before this one read the same."""
    before = Exhibit.objects.filter(source=exhibit.source, pk__lt=exhibit.pk).order_by("-pk").first()
    return before is not None and before.decoded_sha256 == exhibit.decoded_sha256
