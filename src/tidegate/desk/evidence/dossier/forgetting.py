"""What leaves: closed cases that have outlived their retention. A legal hold beats it.

A case's files go after its rows. Which ones is written down before, so that a desk that is killed in between goes on with
them when it is back.
"""

import logging
import os
import time
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from tidegate.desk.audit.chain import DESK, record
from tidegate.desk.evidence.cases import custody
from tidegate.desk.evidence.cases.models import Case, HeadStamp
from tidegate.desk.evidence.dossier.opening import DELETED
from tidegate.desk.evidence.dossier.sealing import FOLDER
from tidegate.desk.evidence.exhibits.kept import remove
from tidegate.desk.evidence.exhibits.models import Exhibit, Rendering, Stamp, Transcript
from tidegate.desk.evidence.steps.models import Letter
from tidegate.desk.evidence.subjects import ends
from tidegate.desk.evidence.subjects.models import Finding
from tidegate.desk.ledger.models import stored

log = logging.getLogger(__name__)
EVERY_S = 3_600.0
AT_ONCE = 100
"""Cases deleted in one round."""
_LEAVING = "desk-cases-leaving"
_PIECE = 500
"""Digests asked for in one query."""
_last_s = -EVERY_S


def tend() -> None:
    """Once an hour."""
    global _last_s
    now = time.monotonic()
    if now - _last_s >= EVERY_S:
        _last_s = now
        outlived()


def outlived() -> int:
    """Delete closed cases past their time that nobody holds, with their files; how many. Raises OSError."""
    due = Case.objects.filter(stage="closed", hold=False, keep_until__lt=timezone.now())
    gone = sum(_delete(case) for case in due.order_by("pk")[:AT_ONCE])
    _remove_files()
    return gone


def _delete(case: Case) -> bool:
    """A case with all that hangs on it, except its files; False when somebody held or opened it meanwhile."""
    digests = _digests(case)
    _note(case.name, digests)
    with transaction.atomic():
        fresh = Case.objects.select_for_update().get(pk=case.pk)
        if fresh.hold or fresh.is_open:
            return False
        for letter in Letter.objects.filter(step__case=fresh):
            letter.services.all().delete()
        fresh.answers.all().delete()
        fresh.steps.all().delete()
        fresh.delete()
        record(DESK, DELETED, case.name, exhibits=len(digests))
    log.info("%s has outlived its retention and was deleted", case.name)
    return True


def _note(name: str, digests: set[str]) -> None:
    """Remember durably which bytes go with a case."""
    folder = _leaving()
    folder.mkdir(mode=0o700, exist_ok=True)
    part = folder.with_name(f".{_LEAVING}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write("".join(f"{one}\n" for one in sorted(digests)))
        file.flush()
        os.fsync(file.fileno())
    part.replace(folder / name)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_files() -> None:
    """Files of cases that are deleted: sealed ones, and bytes that no other case has."""
    folder = _leaving()
    for noted in sorted(folder.iterdir()) if folder.is_dir() else ():
        if not Case.objects.filter(name=noted.name).exists():
            digests = set(noted.read_text("ascii").split())
            later = {sha256 for sha256 in digests - _elsewhere(digests) if not remove(sha256)}
            sealed = Path(settings.TIDEGATE_FOLDER, FOLDER, noted.name)
            for file in sealed.iterdir() if sealed.is_dir() else ():
                file.unlink()
            if sealed.is_dir():
                sealed.rmdir()
            if later:  # taken in again a moment ago, perhaps: asked again in the next round
                _note(noted.name, later)
                continue
        noted.unlink()


def _leaving() -> Path:
    return Path(settings.TIDEGATE_FOLDER, _LEAVING)


def _digests(case: Case) -> set[str]:
    exhibits = Exhibit.objects.filter(case=case)
    found = {one for row in exhibits.values_list("sha256", "decoded_sha256", "warc", "text") for one in row}
    found |= set(Rendering.objects.filter(exhibit__case=case).values_list("sha256", flat=True))
    found |= set(Transcript.objects.filter(exhibit__case=case).values_list("text", flat=True))
    found |= set(Stamp.objects.filter(exhibit__case=case).values_list("token", flat=True))
    found |= set(HeadStamp.objects.filter(case=case).values_list("token", flat=True))
    found |= set(Letter.objects.filter(step__case=case).values_list("pdf", flat=True))
    return found - {""}


def _elsewhere(digests: set[str]) -> set[str]:
    """Those that another case still needs; asked after the case is gone."""
    wanted = sorted(digests)
    found: set[str] = set()
    for model, fields in (
        (Exhibit, ("sha256", "decoded_sha256", "warc", "text")),
        (Rendering, ("sha256",)),
        (Transcript, ("text",)),
        (Stamp, ("token",)),
        (HeadStamp, ("token",)),
        (Letter, ("pdf",)),
    ):
        for field in fields:
            for place in range(0, len(wanted), _PIECE):
                among = {f"{field}__in": wanted[place : place + _PIECE]}
                found |= set(model.objects.filter(**among).values_list(field, flat=True))
    return found


def forget(key: int) -> int:
    """Findings about an account that is erased leave every case that is not held; how many. ``key``: its pseudonym.

    The chain of each case says that they left, by pseudonym, and so does the record. In a transaction.
    """
    row, gone = stored(key), 0
    cases = Case.objects.filter(hold=False, findings__account=row).distinct().order_by("pk")
    for pk in list(cases.values_list("pk", flat=True)):
        case = Case.objects.select_for_update().get(pk=pk)
        if case.hold:
            continue
        count: int = Finding.objects.filter(case=case, account=row).delete()[0]
        said = {"about": ends.account_stored(row), "findings": count, "why": "the account was erased"}
        custody.add(case, DESK, "findings removed", "", said)
        record(DESK, "finding.removed", case.name, of=said["about"], findings=count)
        gone += count
    return gone
