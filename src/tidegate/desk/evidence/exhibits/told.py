"""What this room tells the case as a whole."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from tidegate.desk.evidence.cases.happened import Happened, Lane
from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.custody.canonical_json import moment
from tidegate.desk.evidence.exhibits.models import Attempt, Exhibit

MOST = 2_000


def happened(case: Case) -> Iterable[Happened]:
    """Seen, seen again, gone."""
    rows = Exhibit.objects.filter(case=case).select_related("source").prefetch_related("stamps")
    rows = rows.order_by("number")[:MOST]
    first: dict[int, Exhibit] = {}
    for exhibit in rows:
        before = first.setdefault(exhibit.source_id, exhibit)
        again = "" if before is exhibit else ", seen again"
        if before is not exhibit and before.decoded_sha256 != exhibit.decoded_sha256:
            again = ", seen again, changed"
        yield Happened(
            exhibit.observed or exhibit.captured,
            Lane.ELSEWHERE,
            f"Exhibit {exhibit.number}{again}: {exhibit.title}",
            reverse("exhibits:page", kwargs={"name": case.name, "number": exhibit.number}),
        )
    gone = Attempt.objects.filter(source__case=case, outcome=Attempt.Outcome.GONE).select_related("source")
    told = set()
    for one in gone.order_by("at")[:MOST]:
        if one.source_id not in told:
            told.add(one.source_id)
            yield Happened(one.at, Lane.ELSEWHERE, f"Not there any more: {one.source.title}")


def record(case: Case) -> dict[str, Any]:
    """Every look at every source."""
    looks = (
        Attempt.objects.filter(source__case=case).select_related("source", "exhibit").order_by("at")[:MOST]
    )
    return {
        "looks": [
            {
                "at": moment(one.at),
                "source": one.source.address or one.source.title,
                "outcome": one.get_outcome_display(),
                "said": one.words,
                "exhibit": one.exhibit.number if one.exhibit else "",
            }
            for one in looks
        ]
    }
