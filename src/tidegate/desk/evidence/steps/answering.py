"""What a subject answered, and the second look that it may ask for."""

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from tidegate.desk.audit.chain import record
from tidegate.desk.evidence.cases import custody
from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.exhibits.intake import take_in
from tidegate.desk.evidence.steps.frozen import latest, locked
from tidegate.desk.evidence.steps.models import Answer, Determination, Letter, Service, Step
from tidegate.desk.evidence.steps.refused import StepError
from tidegate.desk.evidence.steps.serving import proof_ready


def answered(
    case: Case,
    person: Any,
    kind: str,
    received: datetime,
    words: str,
    letter: Letter | None = None,
    proof: Any = None,
) -> Answer:
    """Put an answer down. Raises StepError, GroundError, IntakeError, OSError."""
    if received > timezone.now():
        raise StepError("what has not happened yet cannot be put down")
    if letter is not None:
        first = Service.objects.filter(letter=letter).order_by("sent").values_list("sent", flat=True).first()
        if first is None:
            raise StepError("this letter was not sent yet: put its service down first")
        if received < first:
            raise StepError(f"it was received before the letter was sent ({first:%Y-%m-%d %H:%M} UTC)")
    ready = proof_ready(case, person, proof)
    with transaction.atomic():
        locked(case)
        determination = letter.step.determination if letter is not None else latest(case)
        if kind == str(Answer.Kind.APPEALS) and determination is None:
            raise StepError("there is no determination that could be appealed")
        row: Answer = Answer.objects.create(
            case=case,
            letter=letter,
            determination=determination,
            kind=kind,
            received=received,
            words=words.strip(),
            proof=take_in(case, person, ready) if ready else None,
            by=person,
        )
        said = {"answer": row.pk, "kind": kind, "letter": letter.pk if letter else None}
        record(person, "letter.answered", case.name, **said)
        custody.add(case, person, "answered", row.proof.sha256 if row.proof else "", said)
    return row


def involved(determination: Determination | None) -> set[int]:
    """Who may not look at an appeal again: whoever determined, proposed, approved or decided as counsel."""
    if determination is None:
        return set()
    rows = Step.objects.filter(determination=determination).values_list("by_id", "second_id", "counsel_id")
    return {determination.decider_id, *(one for row in rows for one in row if one is not None)}


def review(answer: Answer, person: Any, outcome: str, remedy: str) -> Answer:
    """Decide an appeal, as somebody who had no part. Taken back: everything that rests on it is withdrawn.

    Raises PermissionDenied, StepError, GroundError.
    """
    if len(remedy.strip()) < 8:
        raise StepError("say what follows, or why it stays, in at least 8 characters")
    with transaction.atomic():
        case = locked(answer.case)
        answer = Answer.objects.select_for_update().get(pk=answer.pk)
        if answer.kind != Answer.Kind.APPEALS:
            raise StepError("only an appeal is looked at again")
        if answer.outcome:
            raise StepError("it was decided already")
        if person.pk in involved(answer.determination):
            raise PermissionDenied("you had a part in what is appealed: somebody else looks at it")
        answer.outcome, answer.reviewer, answer.reviewed = outcome, person, timezone.now()
        answer.remedy = remedy.strip()
        answer.save(update_fields=["outcome", "reviewer", "reviewed", "remedy"])
        withdrawn = 0
        if outcome == str(Answer.Outcome.TAKEN_BACK):
            resting = Step.objects.filter(determination=answer.determination).exclude(
                state__in=(Step.State.REFUSED, Step.State.WITHDRAWN)
            )
            withdrawn = resting.filter(action__in=("demand_letter", "suit")).update(
                state=Step.State.WITHDRAWN,
                done_by=person,
                done_at=timezone.now(),
                done_note="The determination that it rests on was taken back on appeal.",
            )
        said = {"answer": answer.pk, "outcome": outcome, "withdrawn": withdrawn}
        record(person, "appeal.reviewed", case.name, **said)
        custody.add(case, person, "appeal reviewed", details=said)
    return answer
