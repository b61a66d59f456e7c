"""Proposals of links, and what a person says of them."""

from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from tidegate.desk.audit.chain import record
from tidegate.desk.evidence.cases import custody
from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.linking import Link as Found
from tidegate.desk.evidence.linking import LinkKind, LinkState, Ruling, link
from tidegate.desk.evidence.subjects import ends
from tidegate.desk.evidence.subjects.models import Link
from tidegate.desk.evidence.subjects.records import gathered

PERSON = "person"
"""Kind of a reason that a person gave."""
LEAST_NOTE = 8


class LinkError(ValueError):
    """What cannot be; the message says why."""


def propose(case: Case) -> str:
    """Compare once more; what a person ruled on stays. Returns what could not be asked, in words."""
    made = gathered(case)
    own = ends.subject(case)
    rows = {(one.first, one.second, one.kind): one for one in Link.objects.filter(case=case)}
    rulings = [
        Ruling(one.first, one.second, one.state == LinkState.CONFIRMED, str(one.reviewer))
        for one in rows.values()
        if one.kind == LinkKind.SAME and one.state != LinkState.PROPOSED
    ]
    linked = link(made.records, rulings)
    found = [
        one for one in (*linked.links, *linked.held_apart, *linked.between) if own in (one.first, one.second)
    ]
    with transaction.atomic():
        seen = set()
        for one in found:
            key = (one.first, one.second, str(one.kind))
            seen.add(key)
            _keep(case, one, rows.get(key))
        stale = [row.pk for key, row in rows.items() if key not in seen and row.state == LinkState.PROPOSED]
        Link.objects.filter(pk__in=stale).delete()
    return made.trouble


def _keep(case: Case, found: Found, row: Link | None) -> None:
    reasons = [one._asdict() for one in found.reasons]
    valid_from = datetime.fromtimestamp(found.valid_from, UTC) if found.valid_from is not None else None
    values = {"points": found.points, "reasons": reasons, "hubs": list(found.hubs), "valid_from": valid_from}
    if row is None:
        Link.objects.create(case=case, first=found.first, second=found.second, kind=str(found.kind), **values)
    elif row.state == LinkState.PROPOSED:
        Link.objects.filter(pk=row.pk).update(**values)


def rule(person: Any, row: Link, state: LinkState, note: str) -> None:
    """Confirm, reject, or take back (``proposed``). Raises LinkError."""
    case = row.case
    if not case.is_open:
        raise LinkError(f"{case} is closed: open it again first")
    if state is not LinkState.PROPOSED and len(note.strip()) < LEAST_NOTE:
        raise LinkError(f"say why, in at least {LEAST_NOTE} characters: it is what the case rests on")
    settled = state is not LinkState.PROPOSED
    with transaction.atomic():
        row.state = str(state)
        row.reviewer, row.reviewed = (person, timezone.now()) if settled else (None, None)
        row.note = note if settled else ""
        row.save()
        words = {"confirmed": "link confirmed", "rejected": "link rejected"}.get(
            str(state), "link open again"
        )
        details = {"first": row.first, "second": row.second, "reasons": [one["kind"] for one in row.reasons]}
        custody.add(case, person, words, "", details)
        record(person, f"link.{state}", case.name, link=row.pk)
    propose(case)


def add(person: Any, case: Case, other: str, note: str) -> Link:
    """A link that a person draws, on reasons of their own. Raises LinkError."""
    if not case.is_open:
        raise LinkError(f"{case} is closed: open it again first")
    if len(note.strip()) < LEAST_NOTE:
        raise LinkError(f"say why, in at least {LEAST_NOTE} characters: it is what the case rests on")
    first, second = sorted((ends.subject(case), other))
    reason = {"kind": PERSON, "value": note, "points": 0.0, "owners": 0}
    with transaction.atomic():
        row, _ = Link.objects.get_or_create(
            case=case,
            first=first,
            second=second,
            kind=str(LinkKind.SAME),
            defaults={"points": 0.0, "reasons": []},
        )
        if row.state == LinkState.CONFIRMED:
            raise LinkError("this link is confirmed already")
        row.reasons = [*(one for one in row.reasons if one["kind"] != PERSON), reason]
        row.save()
        rule(person, row, LinkState.CONFIRMED, note)
    return row
