"""What this room tells the case as a whole."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from tidegate.desk.evidence.cases.happened import Happened, Lane
from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.custody.canonical_json import moment
from tidegate.desk.evidence.grounds import Action
from tidegate.desk.evidence.steps.cure import cure_ends
from tidegate.desk.evidence.steps.models import Answer, Determination, Letter, Service, Step
from tidegate.desk.evidence.steps.words import ACTION

MOST = 1_000
"""Rows of each sort."""


def happened(case: Case) -> Iterable[Happened]:
    """Determinations and steps, letters and what came of them."""
    page = reverse("steps:page", kwargs={"name": case.name})
    for row in Determination.objects.filter(case=case).select_related("decider").order_by("at")[:MOST]:
        said = ", ".join(row.outcome["grounds"]) or "no ground"
        yield Happened(row.at, Lane.CASE, f"{row.decider} determined: {said}", page)
    for step in Step.objects.filter(case=case).order_by("at")[:MOST]:
        words, address = ACTION[Action(step.action)], _address(case, step.pk)
        yield Happened(step.at, Lane.CASE, f"{words}: proposed", address)
        if step.counsel_at:
            yield Happened(step.counsel_at, Lane.CASE, f"{words}: counsel decided", address)
        if step.second_at:
            said = "refused" if step.state == Step.State.REFUSED else "approved"
            yield Happened(step.second_at, Lane.CASE, f"{words}: {said} by a second person", address)
        if step.done_at and not (step.action == str(Action.LETTER) and step.state == Step.State.DONE):
            yield Happened(step.done_at, Lane.CASE, f"{words}: {step.get_state_display().lower()}", address)
    yield from _letters(case)
    for answer in Answer.objects.filter(case=case).order_by("received")[:MOST]:
        yield Happened(answer.received, Lane.LETTERS, f"Answer: {answer.get_kind_display().lower()}", page)
        if answer.reviewed:
            yield Happened(
                answer.reviewed, Lane.CASE, f"Appeal: {answer.get_outcome_display().lower()}", page
            )


def _letters(case: Case) -> Iterable[Happened]:
    rows = Service.objects.filter(letter__step__case=case).select_related("letter").order_by("sent")
    ends: dict[int, Letter] = {}
    for one in rows[:MOST]:
        letter, address = one.letter, _address(case, one.letter.step_id)
        what = f"{letter.get_kind_display()} to {letter.recipient}"
        yield Happened(one.sent, Lane.LETTERS, f"{what}: sent", address)
        if one.delivered:
            yield Happened(one.delivered, Lane.LETTERS, f"{what}: delivered", address)
            ends[letter.pk] = letter
    for letter in ends.values():
        if letter.cure_by:
            yield Happened(
                cure_ends(letter.cure_by),
                Lane.LETTERS,
                f"Time to put it right ends ({letter.cure_by})",
                _address(case, letter.step_id),
            )


def _address(case: Case, step: int) -> str:
    return reverse("steps:step", kwargs={"name": case.name, "step": step})


def record(case: Case) -> dict[str, Any]:
    """For the sealed file: reasons, steps with everybody who had a part, letters with their text, service, answers."""
    steps = (
        Step.objects.filter(case=case)
        .select_related("by", "second", "counsel", "done_by", "determination")
        .prefetch_related("letters__services__by", "letters__services__proof", "letters__exhibits")
        .order_by("at", "pk")
    )
    determinations = Determination.objects.filter(case=case).select_related("decider").order_by("at", "pk")
    answers = Answer.objects.filter(case=case).select_related("by", "reviewer", "proof").order_by("received")
    return {
        "determinations_in_words": [
            {"at": moment(one.at), "by": str(one.decider), "reasons": one.reasons, "dissent": one.dissent}
            for one in determinations[:MOST]
        ],
        "steps": [_step(one) for one in steps[:MOST]],
        "answers": [_answer(one) for one in answers[:MOST]],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "action": step.action,
        "state": step.state,
        "proposed_by": str(step.by),
        "proposed_at": moment(step.at),
        "note": step.note,
        "determination_sha256": step.determination.inputs_sha256 if step.determination else "",
        "second": _who(step.second, step.second_at, step.second_note),
        "counsel": _who(step.counsel, step.counsel_at, step.counsel_note),
        "done": _who(step.done_by, step.done_at, step.done_note),
        "letters": [_letter(one) for one in step.letters.all()],
    }


def _who(person: Any, at: Any, note: str) -> dict[str, str] | str:
    return {"by": str(person or ""), "at": moment(at), "note": note} if at else ""


def _letter(letter: Letter) -> dict[str, Any]:
    return {
        "kind": letter.kind,
        "language": letter.language,
        "recipient": letter.recipient,
        "recipient_address": letter.recipient_address,
        "template": letter.template,
        "text": letter.text,
        "sha256": letter.sha256,
        "pdf_sha256": letter.pdf,
        "cure_by": letter.cure_by.isoformat() if letter.cure_by else "",
        "exhibits": sorted(one.number for one in letter.exhibits.all()),
        "service": [
            {
                "way": one.get_way_display(),
                "sent": moment(one.sent),
                "delivered": moment(one.delivered) if one.delivered else "",
                "failed": one.failed,
                "proof": one.proof.number if one.proof else "",
                "by": str(one.by),
            }
            for one in letter.services.all()
        ],
    }


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "kind": answer.get_kind_display(),
        "letter": answer.letter_id or "",
        "received": moment(answer.received),
        "words": answer.words,
        "proof": answer.proof.number if answer.proof else "",
        "by": str(answer.by),
        "outcome": answer.get_outcome_display() if answer.outcome else "",
        "review": _who(answer.reviewer, answer.reviewed, answer.remedy),
    }
