"""Opening a case, and changing what it says about itself."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from tidegate.desk.audit.chain import record
from tidegate.desk.evidence.cases import custody
from tidegate.desk.evidence.cases.elements import ELEMENTS
from tidegate.desk.evidence.cases.models import Case, Element, Stage

TRIES = 5
"""Two people who open a case at the same moment may want the same number."""
LEAST_REASON = 8
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
    begins = f"case-{timezone.now().year}-"
    last = (
        Case.objects.filter(name__startswith=begins).order_by("-name").values_list("name", flat=True).first()
    )
    number = int(last.removeprefix(begins)) + 1 if last else 1
    case: Case = Case.objects.create(name=f"{begins}{number:04d}", officer=person, **fields)
    Element.objects.bulk_create(Element(case=case, key=one.key) for one in ELEMENTS)
    custody.add(case, person, "case opened", "", {"title": case.title})
    record(person, "case.opened", case.name)
    return case


def change_head(person: Any, case: Case, fields: dict[str, Any]) -> list[str]:
    """What a case says about itself. Returns the names of what changed."""
    _must_be_open(case)
    changed = [name for name in HEAD if name in fields and getattr(case, name) != fields[name]]
    if changed:
        with transaction.atomic():
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
    if stage == case.stage:
        raise CaseError(f"it is at {case.get_stage_display().lower()} already")
    now = timezone.now()
    with transaction.atomic():
        before = case.stage
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
    if hold == case.hold:
        raise CaseError("it is held already" if hold else "it is not held")
    with transaction.atomic():
        case.hold, case.hold_reason = hold, reason if hold else ""
        case.hold_since = timezone.now() if hold else None
        case.save(update_fields=["hold", "hold_reason", "hold_since"])
        custody.add(case, person, "hold set" if hold else "hold lifted", "", {"why": reason[:1_000]})
        record(person, "case.hold" if hold else "case.hold-lifted", case.name)


def set_element(person: Any, element: Element, state: str, note: str) -> None:
    """A line of the checklist. Raises CaseError."""
    _must_be_open(element.case)
    if state != Element.State.OPEN and len(note.strip()) < LEAST_REASON:
        raise CaseError("say which exhibits or findings show it, or why it is not needed")
    with transaction.atomic():
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


def _must_be_open(case: Case) -> None:
    if not case.is_open:
        raise CaseError(f"{case} is closed: open it again first")
