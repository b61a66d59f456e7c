"""What leaves: closed cases that have outlived their retention. A legal hold beats it."""

import logging
import time

from django.db import transaction
from django.utils import timezone

from tidegate.desk.audit.chain import DESK, record
from tidegate.desk.evidence.cases.models import Case, HeadStamp
from tidegate.desk.evidence.dossier.sealing import folder_of
from tidegate.desk.evidence.exhibits.kept import path_of
from tidegate.desk.evidence.exhibits.models import Exhibit, Rendering, Stamp
from tidegate.desk.evidence.steps.models import Letter
from tidegate.desk.evidence.subjects.models import Finding
from tidegate.desk.ledger.models import stored

log = logging.getLogger(__name__)
EVERY_S = 3_600.0
_last_s = -EVERY_S


def tend() -> None:
    """Once an hour."""
    global _last_s
    now = time.monotonic()
    if now - _last_s >= EVERY_S:
        _last_s = now
        outlived()


def outlived() -> int:
    """Delete closed cases past their time that nobody holds; how many."""
    due = Case.objects.filter(stage="closed", hold=False, keep_until__lt=timezone.now())
    names = [delete(case) for case in due.order_by("pk")[:100]]
    return len(names)


def delete(case: Case) -> str:
    """A case with all that hangs on it. Bytes that another case has too stay."""
    name = str(case.name)
    digests = _digests(case)
    folder = folder_of(case)
    with transaction.atomic():
        fresh = Case.objects.select_for_update().get(pk=case.pk)
        if fresh.hold or fresh.is_open:
            return name  # somebody was quicker
        for letter in Letter.objects.filter(step__case=fresh):
            letter.services.all().delete()
        fresh.answers.all().delete()
        fresh.steps.all().delete()
        fresh.delete()
        record(DESK, "case.deleted", name, exhibits=len(digests))
    for sha256 in digests - _elsewhere(digests):
        path_of(sha256).unlink(missing_ok=True)
    for file in folder.glob("*.zip") if folder.is_dir() else ():
        file.unlink()
    log.info("%s has outlived its retention and was deleted", name)
    return name


def _digests(case: Case) -> set[str]:
    exhibits = Exhibit.objects.filter(case=case)
    found = {
        one for row in exhibits.values_list("sha256", "decoded_sha256", "warc", "text") for one in row if one
    }
    found |= set(Rendering.objects.filter(exhibit__case=case).values_list("sha256", flat=True))
    found |= set(Stamp.objects.filter(exhibit__case=case).values_list("token", flat=True))
    found |= set(HeadStamp.objects.filter(case=case).values_list("token", flat=True))
    return found | {
        one for one in Letter.objects.filter(step__case=case).values_list("pdf", flat=True) if one
    }


def _elsewhere(digests: set[str]) -> set[str]:
    """Those that another case still needs; asked after the case is gone."""
    wanted = list(digests)
    found: set[str] = set()
    for model, fields in (
        (Exhibit, ("sha256", "decoded_sha256", "warc", "text")),
        (Rendering, ("sha256",)),
        (Stamp, ("token",)),
        (HeadStamp, ("token",)),
        (Letter, ("pdf",)),
    ):
        for field in fields:
            found |= set(model.objects.filter(**{f"{field}__in": wanted}).values_list(field, flat=True))
    return found


def forget(key: int) -> int:
    """Findings about an account that is erased leave every case that is not held; how many. ``key``: its pseudonym."""
    gone: int = Finding.objects.filter(account=stored(key), case__hold=False).delete()[0]
    return gone
