"""Opening a case, and changing what it says about itself."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models.functions import Length
from django.utils import timezone

from tidegate.desk.audit.chain import record
from tidegate.desk.audit.models import Head, Record
from tidegate.desk.evidence.cases import custody
from tidegate.desk.evidence.cases.elements import ELEMENTS
from tidegate.desk.evidence.cases.models import Case, Element, Stage

TRIES = 5
"""Before anything is on record there is nothing to wait for: two people may then want the same number."""
LEAST_REASON = 8
DELETED = "case.deleted"
"""In the record: the name of a case that has left stays taken."""
HEAD = ("title", "about", "subject", "subject_name", "role", "jurisdiction", "officer")


class CaseError(ValueError):
    """What cannot be done with a case; the message says why."""


def open_case(person: Any, **fields: Any) -> Case:
    """A new case with its checklist and the first row of its chain. Raises CaseError."""
    for _ in range(TRIES):
        try:
            with transaction.atomic():
                return _opened(person, fields)
        except IntegrityError:
            continue
    raise CaseError("others open cases at this moment; try again")


def _opened(person: Any, fields: dict[str, Any]) -> Case:
    # Whoever changes anything waits for the head of the record; waiting for it first makes the number nobody else's.
    Head.objects.select_for_update().filter(pk=1).first()
    case: Case = Case.objects.create(name=_next_name(timezone.now().year), officer=person, **fields)
    Element.objects.bulk_create(Element(case=case, key=one.key) for one in ELEMENTS)
    custody.add(case, person, "case opened", "", {"title": case.title})
    record(person, "case.opened", case.name)
    return case


def _next_name(year: int) -> str:
    """The one after the last of the year, deleted cases included: a name never means two cases."""
    begins = f"case-{year}-"
    named = Case.objects.filter(name__startswith=begins).values_list("name", flat=True)
    deleted = Record.objects.filter(did=DELETED, about__startswith=begins).values_list("about", flat=True)
    # Longest first: 10000 comes after 9999.
    lasts = [
        names.order_by(Length(field).desc(), f"-{field}").first()
        for field, names in (("name", named), ("about", deleted))
    ]
    numbers = [int(one.removeprefix(begins)) for one in lasts if one and one.removeprefix(begins).isdecimal()]
    return f"{begins}{max(numbers, default=0) + 1:04d}"


def change_head(person: Any, case: Case, fields: dict[str, Any]) -> list[str]:
    """What a case says about itself. Returns the names of what changed."""
    with transaction.atomic():
        case = _locked(case)
        _must_be_open(case)
        changed = [name for name in HEAD if name in fields and getattr(case, name) != fields[name]]
        if changed:
            for name in changed:
                setattr(case, name, fields[name])
            case.save(update_fields=changed)
            said = {name: str(fields[name])[:200] for name in changed if name != "about"}
            custody.add(case, person, "head changed", "", said)
            record(person, "case.changed", case.name, changed=changed)
    return changed


def set_stage(person: Any, case: Case, stage: str, reason: str) -> None:
    """Forward, back, closed, or open again; always with a reason. Raises CaseError."""
    if len(reason.strip()) < LEAST_REASON:
        raise CaseError(f"say why, in at least {LEAST_REASON} characters")
    now = timezone.now()
    with transaction.atomic():
        case = _locked(case)
        before = case.stage
        if stage == before:
            raise CaseError(f"it is at {case.get_stage_display().lower()} already")
        case.stage = stage
        closes = stage == Stage.CLOSED
        case.closed = now if closes else None
        case.keep_until = now + timedelta(days=settings.TIDEGATE.evidence.keep_days) if closes else None
        case.save(update_fields=["stage", "closed", "keep_until"])
        custody.add(case, person, "stage changed", "", {"from": before, "to": stage, "why": reason[:1_000]})
        record(person, "case.stage", case.name, before=before, after=stage)


def set_hold(person: Any, case: Case, hold: bool, reason: str) -> None:
    """Legal hold, also on a closed case. Raises CaseError."""
    if len(reason.strip()) < LEAST_REASON:
        raise CaseError(f"say why, in at least {LEAST_REASON} characters")
    with transaction.atomic():
        case = _locked(case)
        if hold == case.hold:
            raise CaseError("it is held already" if hold else "it is not held")
        case.hold, case.hold_reason = hold, reason if hold else ""
        case.hold_since = timezone.now() if hold else None
        case.save(update_fields=["hold", "hold_reason", "hold_since"])
        custody.add(case, person, "hold set" if hold else "hold lifted", "", {"why": reason[:1_000]})
        record(person, "case.hold" if hold else "case.hold-lifted", case.name)


def set_element(person: Any, element: Element, state: str, note: str) -> None:
    """A line of the checklist. Raises CaseError."""
    if state != Element.State.OPEN and len(note.strip()) < LEAST_REASON:
        raise CaseError("say which exhibits or findings show it, or why it is not needed")
    with transaction.atomic():
        _must_be_open(_locked(element.case))
        element.state, element.note, element.by, element.at = state, note, person, timezone.now()
        element.save()
        custody.add(
            element.case,
            person,
            "checklist changed",
            "",
            {"element": element.key, "state": state, "note": note[:1_000]},
        )
        record(person, "case.element", element.case.name, element=element.key, state=state)


def _locked(case: Case) -> Case:
    """As it is now; nobody else changes it before the transaction ends. Raises CaseError when it was deleted."""
    found: Case | None = Case.objects.select_for_update().filter(pk=case.pk).first()
    if found is None:
        raise CaseError(f"{case} was deleted meanwhile")
    return found


def _must_be_open(case: Case) -> None:
    if not case.is_open:
        raise CaseError(f"{case} is closed: open it again first")
