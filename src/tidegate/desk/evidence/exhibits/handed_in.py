"""Files that somebody hands in: what each is, and what it rests on."""

import re
import time
from datetime import datetime
from typing import Any

from django.db import transaction

from tidegate.desk.appeals.attachments import shown_name
from tidegate.desk.appeals.file_kinds import kind_of
from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.exhibits.intake import IntakeError, Ready, Taken, make_ready, take_in
from tidegate.desk.evidence.exhibits.models import Exhibit, Source

MOST_FILES = 50
"""Handed in at once."""
READING_S = 120.0
"""For reading what is handed in at once, while somebody waits for the answer."""
_TEXTS = {
    ".html": ("text/html", Source.Kind.PAGE),
    ".htm": ("text/html", Source.Kind.PAGE),
    ".xhtml": ("application/xhtml+xml", Source.Kind.PAGE),
    ".txt": ("text/plain", Source.Kind.FILE),
    ".csv": ("text/csv", Source.Kind.FILE),
    ".json": ("application/json", Source.Kind.FILE),
    ".eml": ("message/rfc822", Source.Kind.EMAIL),
}
_PICTURES = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp", "pdf": "application/pdf"}
_OWN_TITLE = (str(Source.Kind.PAGE), str(Source.Kind.EMAIL))
_HEAD_BYTES = 4_096
_MARK = re.compile(rb"<!-- saved from url=\(\d{4}\)(https?://[!-~]{1,1900}?) -->")
"""What browsers write into a page that they save."""
_WARC = re.compile(rb"(?:WARC/\d\.\d|\x1f\x8b)")


def kind_and_type(name: str, content: bytes) -> tuple[str, str]:
    """The kind of source and the media type of a file, by its name and its bytes. What is not known is kept as bytes."""
    lower = name.lower()
    for ending, (media_type, kind) in _TEXTS.items():
        if lower.endswith(ending):
            return str(kind), media_type
    if lower.endswith((".warc", ".warc.gz")) and _WARC.match(content):
        return str(Source.Kind.WARC), "application/warc"
    known = kind_of(name, content)
    if known in _PICTURES:
        media_type = _PICTURES[known]
        return str(
            Source.Kind.SCREENSHOT if media_type.startswith("image/") else Source.Kind.FILE
        ), media_type
    return str(Source.Kind.FILE), "application/octet-stream"


def made_ready(
    case: Case, person: Any, name: str, content: bytes, seen: datetime | None, origin: str
) -> Ready:
    """One file, to be taken in. Raises what :func:`~.intake.make_ready` raises; not in a transaction.

    ``seen``: when whoever hands it in says to have seen it; ``origin``: where, in words or as an address.
    """
    shown = shown_name(name)
    kind, media_type = kind_and_type(shown, content)
    address = origin if origin.startswith(("http://", "https://")) else ""
    why = f"Handed in by {person}: nobody else vouches for where and when it was seen."
    if not address and (marked := _MARK.search(content[:_HEAD_BYTES])):
        address = marked.group(1).decode("ascii")
        why += " Where it was seen is what the file itself says."
    taken = Taken(
        kind=kind,
        raw=content,
        media_type=media_type,
        title="" if kind in _OWN_TITLE else shown,
        address=address,
        seen=seen,
        weak_why=why
        if not origin or address == origin
        else f"{why} Origin as told: {origin.rstrip('.')}."[:300],
        warc=content if kind == str(Source.Kind.WARC) else b"",
    )
    return make_ready(case, taken)


def hand_in(
    case: Case, person: Any, name: str, content: bytes, seen: datetime | None, origin: str
) -> Exhibit:
    """One file as an exhibit; see :func:`made_ready`. Raises IntakeError, OSError, CustodyError."""
    return take_in(case, person, made_ready(case, person, name, content, seen, origin))


def hand_in_all(
    case: Case, person: Any, files: list[Any], seen: datetime | None, origin: str
) -> list[Exhibit]:
    """Uploaded files, in the order of their names: all, or none and an IntakeError for the first that is not taken."""
    if not files:
        raise IntakeError("choose at least one file")
    if len(files) > MOST_FILES:
        raise IntakeError(f"{len(files)} files; up to {MOST_FILES} are taken at once")
    ordered = sorted(files, key=lambda file: str(file.name))
    end_s = time.monotonic() + READING_S
    ready: list[Ready] = []
    for file in ordered:
        if time.monotonic() > end_s:
            raise IntakeError(
                f"reading {len(ready)} of {len(files)} files took {READING_S:g} seconds; hand in fewer at once"
            )
        ready.append(made_ready(case, person, str(file.name), file.read(), seen, origin))
    with transaction.atomic():
        return [take_in(case, person, one) for one in ready]
