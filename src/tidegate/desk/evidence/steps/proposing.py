"""Steps: proposed by a person, approved by another, decided by counsel where the table leaves it, or withdrawn."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from tidegate.desk.access.roles import Right
from tidegate.desk.access.two_people import why_not_two
from tidegate.desk.audit.chain import record
from tidegate.desk.evidence import grounds
from tidegate.desk.evidence.cases import custody
from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.grounds import Action, Refusal, RefusedStepError
from tidegate.desk.evidence.grounds.table import LEGAL, ON_ACCOUNT
from tidegate.desk.evidence.steps.frozen import latest, locked
from tidegate.desk.evidence.steps.looking import look_further
from tidegate.desk.evidence.steps.models import Step
from tidegate.desk.evidence.steps.refused import LATER, StepError, asked, on_record

_PROPOSER = Refusal("second_proposed", "whoever approves must be another than the one who proposed the step")


def propose(case: Case, who: Any, action: Action, note: str = "", *, duration_s: int | None = None) -> Step:
    """Put a step down. What touches nobody is done at once; the rest waits for others.

    ``duration_s``: for which an account is limited or suspended.
    Raises RefusedStepError with every reason, which is on the record then, and GroundError.
    """
    with on_record(case, action, who), transaction.atomic():
        locked(case)
        determination = latest(case)
        step = asked(case, action, who, determination)
        found = tuple(one for one in grounds.refusals(step) if one.code not in LATER)
        if found:
            raise RefusedStepError(step, found)
        row: Step = Step.objects.create(
            case=case,
            determination=determination,
            action=str(action),
            by=who,
            note=note.strip(),
            duration_s=duration_s,
        )
        if action not in LEGAL | ON_ACCOUNT:
            _done(row, who, look_further(case, action))
        _told(row, who, "step proposed", "step.proposed", state=str(row.state))
    return row


def why_not_second(step: Step, person: Any) -> str:
    """Why the access of those who had a part in it so far keeps this person from approving; empty when nothing does."""
    before = [step.by] if step.determination is None else [step.by, step.determination.decider]
    return next((why for one in before if one.pk != person.pk and (why := why_not_two(one, person))), "")


def approve(step: Step, person: Any, note: str = "") -> Step:
    """As the second person. Raises RefusedStepError, GroundError and StepError."""
    case, action = step.case, Action(step.action)
    with on_record(case, action, person), transaction.atomic():
        step = _waiting(case, step)
        whole = asked(case, action, step.by, step.determination, person, step.counsel)
        found = grounds.refusals(whole)
        if step.by_id == person.pk:
            found = (*found, _PROPOSER)
        elif why := why_not_second(step, person):
            found = (*found, Refusal("second_let_in", why))
        if found:
            raise RefusedStepError(whole, found)
        if step.determination_id != getattr(latest(case), "pk", None):
            raise StepError(
                "there is a newer determination, or this one was taken back: propose the step again"
            )
        step.state, step.second, step.second_at = Step.State.APPROVED, person, timezone.now()
        step.second_note = note.strip()
        step.save(update_fields=["state", "second", "second_at", "second_note"])
        _told(step, person, "step approved", "step.approved")
    return step


def refuse(step: Step, person: Any, note: str) -> Step:
    """As the second person, with a reason. Raises StepError, GroundError."""
    _need_words(note)
    with transaction.atomic():
        step = _waiting(step.case, step)
        if step.by_id == person.pk:
            raise StepError("you proposed it: withdraw it instead")
        step.state, step.second, step.second_at = Step.State.REFUSED, person, timezone.now()
        step.second_note = note.strip()
        step.save(update_fields=["state", "second", "second_at", "second_note"])
        _told(step, person, "step refused", "step.turned_down")
    return step


def decide_as_counsel(step: Step, person: Any, note: str, *, agrees: bool) -> Step:
    """As a lawyer, with a reason. Raises StepError, GroundError."""
    _need_words(note)
    with transaction.atomic():
        step = _waiting(step.case, step)
        step.counsel, step.counsel_at, step.counsel_note = person, timezone.now(), note.strip()
        if not agrees:
            step.state = Step.State.REFUSED
        step.save(update_fields=["counsel", "counsel_at", "counsel_note", "state"])
        _told(step, person, "counsel decided", "step.counsel_decided", agrees=agrees)
    return step


def withdraw(step: Step, person: Any, note: str) -> Step:
    """Take back what was not done yet, with a reason. Raises StepError, GroundError."""
    _need_words(note)
    with transaction.atomic():
        locked(step.case)
        step = Step.objects.select_for_update().get(pk=step.pk)
        if step.state not in (Step.State.PROPOSED, Step.State.APPROVED):
            raise StepError(f"it is {step.get_state_display().lower()} already")
        step.state, step.done_note = Step.State.WITHDRAWN, note.strip()
        step.done_by, step.done_at = person, timezone.now()
        step.save(update_fields=["state", "done_note", "done_by", "done_at"])
        _told(step, person, "step withdrawn", "step.withdrawn")
    return step


def filed(step: Step, person: Any, where: str) -> Step:
    """That counsel has filed an approved suit; the software files nothing. Raises StepError, GroundError."""
    _need_words(where)
    if not person.may(Right.DECIDE_AS_COUNSEL):
        raise StepError("only counsel files a suit")
    with transaction.atomic():
        locked(step.case)
        step = Step.objects.select_for_update().get(pk=step.pk)
        if step.action != str(Action.SUIT) or step.state != Step.State.APPROVED:
            raise StepError("only a suit that a second person has approved can be filed")
        _done(step, person, where)
        _told(step, person, "suit filed", "step.filed")
    return step


def _done(step: Step, person: Any, note: str) -> None:
    step.state, step.done_by, step.done_at = Step.State.DONE, person, timezone.now()
    step.done_note = note.strip()
    step.save(update_fields=["state", "done_by", "done_at", "done_note"])


def _waiting(case: Case, step: Step) -> Step:
    """A letter or suit as it is now, still waiting to be approved. Raises StepError, GroundError."""
    locked(case)
    # Without its people: a row that may be absent cannot be locked through a join (PostgreSQL).
    found: Step = Step.objects.select_for_update().get(pk=step.pk)
    if Action(found.action) not in LEGAL:
        raise StepError("only letters and suits need approval")
    if found.state != Step.State.PROPOSED:
        raise StepError(f"it is {found.get_state_display().lower()} already")
    return found


def _need_words(note: str) -> None:
    if len(note.strip()) < 8:
        raise StepError("say why, in at least 8 characters")


def _told(step: Step, who: Any, did: str, verb: str, **more: Any) -> None:
    """In the record and in the chain of custody."""
    said = {"step": step.pk, "action": step.action, **more}
    record(who, verb, step.case.name, **said)
    custody.add(step.case, who, did, details=said)
