"""What this room tells the case as a whole."""

from collections.abc import Iterable
from typing import Any

from tidegate.desk.evidence.cases.happened import Happened, Lane
from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.custody.canonical_json import moment
from tidegate.desk.evidence.subjects import ends
from tidegate.desk.evidence.subjects.models import Finding, Known, Link, RoleHeld

MOST = 2_000


def happened(case: Case) -> Iterable[Happened]:
    """Abuse on the messenger."""
    for one in Finding.objects.filter(case=case).order_by("abuse_at")[:MOST]:
        end = ends.shown(ends.account_stored(one.account), case)
        yield Happened(
            one.abuse_at, Lane.MESSENGER, f"Account {end.words}: {one.words or one.signal}", end.address
        )


def record(case: Case) -> dict[str, Any]:
    """What is known, roles, links with their reasons, findings with their three dates."""
    return {
        "known of the subject": [
            {
                "what": one.kind,
                "value": one.value,
                "from": one.origin,
                "by": str(one.by),
                "at": moment(one.at),
            }
            for one in Known.objects.filter(case=case).select_related("by").order_by("pk")[:MOST]
        ],
        "roles": [
            {"role": one.role, "shown by": one.note, "by": str(one.by)}
            for one in RoleHeld.objects.filter(case=case).select_related("by").order_by("pk")
        ],
        "links": [
            _link(one, case)
            for one in Link.objects.filter(case=case).select_related("reviewer").order_by("pk")[:MOST]
        ],
        "findings on the messenger": [
            {
                "account": ends.account_stored(one.account).partition(":")[2],
                "campaign": ends.campaign_stored(one.campaign).partition(":")[2]
                if one.campaign is not None
                else "",
                "signal": one.signal,
                "words": one.words,
                "committed": moment(one.abuse_at),
                "recorded": moment(one.recorded_at),
                "acquired": moment(one.acquired_at),
            }
            for one in Finding.objects.filter(case=case).order_by("abuse_at", "pk")[:MOST]
        ],
    }


def _link(row: Link, case: Case) -> dict[str, Any]:
    first, second = ends.shown(row.first, case), ends.shown(row.second, case)
    return {
        "between": f"{first.what}: {first.words}",
        "and": f"{second.what}: {second.words}",
        "says": row.get_kind_display(),
        "points": round(row.points, 2),
        "reasons": [f"{one['kind']} {one['value']} ({one['points']:+.1f})" for one in row.reasons],
        "say nothing, since too many have them": row.hubs,
        "state": row.state,
        "by": str(row.reviewer or ""),
        "at": moment(row.reviewed) if row.reviewed else "",
        "note": row.note,
    }
