"""Writing into a case's chain of custody: in the transaction at hand, one after the other."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from tidegate.desk.evidence.cases.models import Case, CustodyRow
from tidegate.desk.evidence.custody.chain import CustodyEvent, following


def add(
    case: Case, who: Any, did: str, exhibit: str = "", details: Mapping[str, Any] | None = None
) -> CustodyEvent:
    """Append a row; ``exhibit`` is the SHA-256 of its raw bytes. Raises CustodyError.

    The row of the case is locked until the transaction ends, so that two people cannot follow the same row.
    """
    with transaction.atomic():
        Case.objects.select_for_update().get(pk=case.pk)
        last = CustodyRow.objects.filter(case=case).order_by("-number").first()
        made = following(last.event if last else None, timezone.now(), str(who), did, exhibit, details)
        CustodyRow.objects.create(
            case=case,
            number=made.number,
            at=made.at,
            who=made.who,
            did=made.did,
            exhibit=made.exhibit,
            details=dict(made.details),
            before=made.before,
        )
    return made


def chain(case: Case) -> list[CustodyEvent]:
    """The whole chain, in order."""
    return [row.event for row in CustodyRow.objects.filter(case=case).order_by("number")]
