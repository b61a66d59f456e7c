"""What this room tells the case as a whole."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from tidegate.desk.evidence.cases.happened import Happened, Lane
from tidegate.desk.evidence.cases.models import Case, CustodyRow
from tidegate.desk.evidence.custody.canonical_json import moment
from tidegate.desk.evidence.dossier.checklist import checklist
from tidegate.desk.evidence.dossier.models import SealedFile

_TOLD = ("case opened", "stage changed", "hold set", "hold lifted")
MOST = 500


def happened(case: Case) -> Iterable[Happened]:
    """Opened, stages, holds, seals."""
    for row in CustodyRow.objects.filter(case=case, did__in=_TOLD).order_by("number")[:MOST]:
        more = f": {row.details['to']}" if row.did == "stage changed" else ""
        yield Happened(
            datetime.fromisoformat(row.at), Lane.CASE, f"{row.did.capitalize()}{more}, by {row.who}"
        )
    for one in SealedFile.objects.filter(case=case).select_related("by").order_by("made")[:MOST]:
        yield Happened(one.made, Lane.CASE, f"Sealed by {one.by}: {one.name}")


def record(case: Case) -> dict[str, Any]:
    """What the case says about itself, and its checklist."""
    return {
        "case": {
            "about": case.about,
            "opened": moment(case.opened),
            "stage": case.get_stage_display(),
            "subject": case.get_subject_display(),
            "name of the subject": case.subject_name,
            "commits or helps": case.get_role_display(),
            "jurisdiction": case.jurisdiction,
            "legal hold": case.hold_reason if case.hold else "no",
        },
        "checklist": [
            {
                "element": one.line.title,
                "state": one.element.get_state_display(),
                "shown by": one.element.note,
                "by": str(one.element.by or ""),
                "held": one.held,
            }
            for one in checklist(case)
        ],
    }
