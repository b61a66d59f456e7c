"""Exhibits as a sealed file takes them."""

from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.custody.authorities_named import NamedAuthority, TokenRecord
from tidegate.desk.evidence.custody.canonical_json import moment
from tidegate.desk.evidence.custody.clocks import Clocks
from tidegate.desk.evidence.custody.contents import Head
from tidegate.desk.evidence.custody.exhibits import ExhibitContent, Part
from tidegate.desk.evidence.exhibits.kept import bytes_of, path_of
from tidegate.desk.evidence.exhibits.models import Exhibit
from tidegate.desk.evidence.exhibits.stamping import authorities
from tidegate.desk.evidence.exhibits.transcribing import text_sha256_of, transcript_of


def of(case: Case) -> list[ExhibitContent]:
    """All of a case, in their order; bytes stay in their files. Raises OSError when one is not there."""
    rows = Exhibit.objects.filter(case=case).prefetch_related("stamps", "renderings", "transcripts__by")
    return [_content(one) for one in rows.order_by("number")]


def _content(exhibit: Exhibit) -> ExhibitContent:
    stamps = sorted(exhibit.stamps.all(), key=lambda one: one.pk)
    same = exhibit.decoded_sha256 == exhibit.sha256
    typed, text = transcript_of(exhibit), text_sha256_of(exhibit)
    shown = [Part(path_of(one.sha256), one.media_type) for one in exhibit.renderings.all()]
    if text:  # in which claims have their places
        shown.append(Part(path_of(text), "text/plain"))
    return ExhibitContent(
        title=exhibit.title,
        kind=exhibit.kind,
        raw=Part(path_of(exhibit.sha256), exhibit.media_type if same else "application/octet-stream"),
        decoded=None if same else Part(path_of(exhibit.decoded_sha256), exhibit.media_type),
        clocks=Clocks(
            moment(exhibit.captured),
            exhibit.http_date,
            exhibit.claimed,
            tuple(moment(one.at) for one in stamps),
        ),
        source=exhibit.address,
        warc=path_of(exhibit.warc) if exhibit.warc and exhibit.warc != exhibit.sha256 else None,
        renderings=tuple(shown),
        tokens=tuple(TokenRecord(bytes_of(one.token), one.authority, moment(one.at)) for one in stamps),
        operator=exhibit.operator,
        tool=exhibit.tool,
        notes={
            "media type": exhibit.media_type,
            "address of the server": exhibit.ip,
            "text, SHA-256": text,
            "text typed over by": f"{typed.by}, {moment(typed.made)}" if typed is not None else "",
            "seen, as told": moment(exhibit.seen) if exhibit.seen else "",
            "rests on": exhibit.weak_why,
            "not done": exhibit.trouble,
        },
    )


def heads(case: Case) -> list[Head]:
    """Stamps over the end of the chain, by the row they are over."""
    found: dict[tuple[int, str], list[TokenRecord]] = {}
    for one in case.head_stamps.order_by("number", "pk"):
        token = TokenRecord(bytes_of(one.token), one.authority, moment(one.at))
        found.setdefault((one.number, one.digest), []).append(token)
    return [Head(number, digest, tuple(tokens)) for (number, digest), tokens in found.items()]


def named_authorities() -> list[NamedAuthority]:
    """Those of the settings, with their roots. Raises OSError."""
    return [NamedAuthority(one.name, one.roots_pem) for one in authorities()]
