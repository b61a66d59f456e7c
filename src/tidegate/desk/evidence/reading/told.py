"""What this room tells the case as a whole."""

from collections.abc import Iterable
from typing import Any

from tidegate.desk.evidence.cases.happened import Happened
from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.custody.canonical_json import moment
from tidegate.desk.evidence.grounds import Confirmed
from tidegate.desk.evidence.reading.models import Claim, Identifier

MOST = 5_000


def happened(case: Case) -> Iterable[Happened]:
    """Nothing: what was read happened in the exhibits."""
    return ()


def record(case: Case) -> dict[str, Any]:
    """Claims that a person confirmed or rejected, and identifiers."""
    claims = Claim.objects.filter(exhibit__case=case).exclude(state=str(Confirmed.PROPOSED))
    found = Identifier.objects.filter(exhibit__case=case, ignored=False).select_related("exhibit")
    values: dict[str, dict[str, list[int]]] = {}
    for one in found.order_by("kind", "normalised", "exhibit__number")[:MOST]:
        numbers = values.setdefault(one.kind, {}).setdefault(one.normalised, [])
        if one.exhibit.number not in numbers:
            numbers.append(one.exhibit.number)
    return {
        "claims": [
            _claim(one)
            for one in claims.select_related("exhibit", "reviewer").order_by("exhibit", "start")[:MOST]
        ],
        "identifiers, with the exhibits they stand in": values,
    }


def _claim(claim: Claim) -> dict[str, Any]:
    return {
        "exhibit": claim.exhibit.number,
        "quote": claim.quote,
        "from character": claim.start,
        "to character": claim.end,
        "SHA-256 of the quote": claim.sha256,
        "language": claim.language,
        "what it does": claim.stance,
        "strength": claim.strength,
        "state": claim.state,
        "by": str(claim.reviewer or ""),
        "at": moment(claim.reviewed) if claim.reviewed else "",
        "score of the detector": "" if claim.score is None else round(claim.score, 3),
        "detector": claim.model,
        "translation": claim.translation,
        "translated by": claim.translator,
        "note": claim.note,
    }
