"""Typing over what no program reads here: pictures, scanned pages, PDF whose text comes out wrong."""

from typing import Any

from django.db import transaction

from tidegate.desk.audit.chain import record
from tidegate.desk.evidence.cases import custody
from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.exhibits.intake import IntakeError
from tidegate.desk.evidence.exhibits.kept import bytes_of, keep
from tidegate.desk.evidence.exhibits.models import Exhibit, Transcript
from tidegate.desk.evidence.exhibits.working import read_now

MOST_CHARACTERS = 100_000
_READ_BY_PROGRAM = ("text/", "message/", "application/json", "application/xhtml+xml", "application/warc")


def may_be_typed(exhibit: Exhibit) -> bool:
    """Whether a person may say what it says: what the bytes themselves say as text nobody types over."""
    return not exhibit.media_type.lower().startswith(_READ_BY_PROGRAM)


def transcript_of(exhibit: Exhibit) -> Transcript | None:
    """The one that counts: the latest."""
    # Over all of them, which are few and may have been fetched before.
    found: Transcript | None = max(exhibit.transcripts.all(), key=lambda one: one.pk, default=None)
    return found


def text_sha256_of(exhibit: Exhibit) -> str:
    """Under which the text is kept: what a person typed, else what was taken out when it came in; empty: it has none."""
    typed = transcript_of(exhibit)
    return str(typed.text if typed is not None else exhibit.text)


def text_of(exhibit: Exhibit) -> str:
    """The text in which claims and identifiers have their places. Raises OSError."""
    sha256 = text_sha256_of(exhibit)
    return bytes_of(sha256).decode("utf-8", "surrogatepass") if sha256 else ""


def transcribe(person: Any, exhibit: Exhibit, text: str) -> str:
    """Put down what it says, letter for letter, and have it read anew. What was typed before stays on record.

    Returns what did not work in reading. Raises IntakeError, OSError, CustodyError.
    """
    if not may_be_typed(exhibit):
        raise IntakeError("what it says stands in its bytes; nobody types over that")
    if exhibit.pending:
        raise IntakeError("it is still being read; look again in a moment")
    text = "\n".join(line.rstrip() for line in text.replace("\x00", "").splitlines()).strip("\n")
    if not text.strip():
        raise IntakeError("type what it says")
    if len(text) > MOST_CHARACTERS:
        raise IntakeError(f"{len(text):,} characters; up to {MOST_CHARACTERS:,} are kept")
    sha256 = keep(text.encode("utf-8", "surrogatepass"))
    with transaction.atomic():
        case = Case.objects.select_for_update().get(pk=exhibit.case_id)
        if not case.is_open:
            raise IntakeError(f"{case} is closed: open it again first")
        if exhibit.claims.filter(state="confirmed").exists():
            raise IntakeError("a sentence of the text was confirmed; take that back first")
        # Their places are in the text that does not count any more.
        exhibit.claims.all().delete()
        exhibit.identifiers.all().delete()
        Transcript.objects.create(exhibit=exhibit, text=sha256, by=person)
        custody.add(case, person, "transcribed", exhibit.sha256, {"text": sha256, "characters": len(text)})
        record(person, "exhibit.transcribed", case.name, exhibit=exhibit.number, text=sha256)
    return read_now(exhibit)
