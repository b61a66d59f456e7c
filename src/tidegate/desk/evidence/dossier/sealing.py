"""Sealing a case: one file with everything, checked at once as anybody else would check it."""

import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from tidegate.desk.audit.chain import record
from tidegate.desk.evidence.cases import custody
from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.custody.authorities import NoAnswerError
from tidegate.desk.evidence.custody.canonical_json import moment
from tidegate.desk.evidence.custody.contents import CaseContents, CaseFileError
from tidegate.desk.evidence.custody.printing import NotPrintedError, print_to_pdf
from tidegate.desk.evidence.custody.safe_zip import RefusedFileError
from tidegate.desk.evidence.custody.verdict import Verdict
from tidegate.desk.evidence.custody.verifying import verify
from tidegate.desk.evidence.custody.writing import write_case_file
from tidegate.desk.evidence.dossier import told as own
from tidegate.desk.evidence.dossier.models import SealedFile
from tidegate.desk.evidence.dossier.timeline import LANES, happened
from tidegate.desk.evidence.exhibits import contents as exhibit_contents
from tidegate.desk.evidence.exhibits import told as exhibits
from tidegate.desk.evidence.exhibits.intake import TOOL
from tidegate.desk.evidence.exhibits.models import Exhibit
from tidegate.desk.evidence.exhibits.stamping import authorities
from tidegate.desk.evidence.reading import told as reading
from tidegate.desk.evidence.steps import told as steps
from tidegate.desk.evidence.steps.contents import determinations
from tidegate.desk.evidence.subjects import told as subjects

FOLDER = "desk-cases"
_PIECE = 1 << 20
_one = Lock()
"""One at a time: a large case keeps a core, a browser and an authority busy for a while."""


class SealError(Exception):
    """The case was not sealed; the message says why."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed file and what checking it said."""

    file: SealedFile
    verdict: Verdict
    trouble: str
    """What is missing in it, in words."""


def folder_of(case: Case) -> Path:
    """Where its sealed files are."""
    return Path(settings.TIDEGATE_FOLDER, FOLDER, case.name)


def seal(case: Case, person: Any) -> Sealed:
    """Write the file and check it. Raises SealError; then there is no file.

    The chain in the file ends with the row that seals it; the case's own chain goes on after it.
    """
    if not _one.acquire(blocking=False):
        raise SealError("a case is being sealed at this moment; try again in a minute")
    try:
        return _sealed(case, person)
    finally:
        _one.release()


def _sealed(case: Case, person: Any) -> Sealed:
    troubles: list[str] = []

    def to_pdf(page: str) -> bytes | None:
        try:
            made = print_to_pdf(page)
        except NotPrintedError as error:
            troubles.append(f"Without its index as PDF: {error}.")
            return None
        if made is None:
            troubles.append("Without its index as PDF: no Chromium is installed here.")
        return made

    folder = folder_of(case)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made_at = timezone.now()
    path = folder / f"{case.name}-{made_at:%Y%m%dT%H%M%S}-{secrets.token_hex(2)}.zip"
    try:
        asked = authorities()
        if not asked:
            troubles.append("No time-stamp authority is set, so nobody else vouches for when it was sealed.")
        # One picture of the case; authorities and browser are waited for afterwards, while others work on.
        with transaction.atomic():
            contents = _contents(case, person, made_at)
        manifest = write_case_file(path, contents, asked, to_pdf)
        path.chmod(0o600)
        verdict = verify(path)
    except (CaseFileError, NoAnswerError, OSError, RefusedFileError, ValueError) as error:
        path.unlink(missing_ok=True)
        raise SealError(str(error)) from None
    with transaction.atomic():
        file = SealedFile.objects.create(
            case=case,
            made=made_at,
            by=person,
            name=path.name,
            size_bytes=path.stat().st_size,
            sha256=_sha256(path),
            manifest_sha256=manifest,
        )
        custody.add(case, person, "sealed file made", "", {"file": path.name, "manifest": manifest})
        record(person, "case.sealed", case.name, sha256=file.sha256)
    return Sealed(file, verdict, " ".join(troubles))


def _contents(case: Case, person: Any, made_at: Any) -> CaseContents:
    """What goes into the file, with the case's row locked: custody does not grow meanwhile. Raises SealError."""
    case = Case.objects.select_for_update().get(pk=case.pk)
    if Exhibit.objects.filter(case=case, pending=True).exists():
        raise SealError("some exhibits are still being stamped, rendered or read; try again in a moment")
    told: dict[str, Any] = own.record(case)
    told["timeline"] = [
        {"at": moment(one.at), "where": LANES[one.lane], "what": one.words} for one in happened(case)
    ]
    for room in (subjects, reading, steps, exhibits):
        told |= room.record(case)
    return CaseContents(
        id=case.name,
        title=case.title,
        officer=str(person),
        made_at=made_at,
        tool=TOOL,
        exhibits=exhibit_contents.of(case),
        custody=custody.chain(case),
        authorities=exhibit_contents.named_authorities(),
        heads=exhibit_contents.heads(case),
        determinations=determinations(case),
        record=told,
    )


def _sha256(path: Path) -> str:
    made = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            made.update(piece)
    return made.hexdigest()
