"""What the page of ground and steps shows."""

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from tidegate.desk.evidence.cases.frame import framed
from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.exhibits.models import Exhibit
from tidegate.desk.evidence.grounds import Action, Ground, GroundError
from tidegate.desk.evidence.steps.cure import overdue
from tidegate.desk.evidence.steps.dates import DatedThing, dates_of
from tidegate.desk.evidence.steps.forms import AnswerForm, DetermineForm, ProposeForm, ReviewForm
from tidegate.desk.evidence.steps.frozen import Now, as_of_now, changed_since
from tidegate.desk.evidence.steps.models import Answer, Determination, Letter, Step
from tidegate.desk.evidence.steps.on_account import account_of
from tidegate.desk.evidence.steps.words import ACTION, DETERMINED, GROUND, state_in_words

SHOWN = 50
"""Steps, determinations and answers on the page, the newest."""
DATES_SHOWN = 200


@dataclass(frozen=True, slots=True)
class OutcomeShown:
    """An outcome of the table in words."""

    row: str
    why: str
    grounds: list[str]
    allowed: list[str]
    on_account: list[str]


def outcome_shown(said: dict[str, Any]) -> OutcomeShown:
    """From an outcome as JSON."""
    return OutcomeShown(
        said["row"],
        said["why"],
        [GROUND[Ground(one)] for one in said["grounds"]],
        [ACTION[Action(one)] for one in said["allowed"]],
        [ACTION[Action(one)] for one in said["on_account"]],
    )


def page_context(
    case: Case,
    *,
    determine_form: Any = None,
    propose_form: Any = None,
    answer_form: Any = None,
    review_form: Any = None,
    reviewed: int = 0,
) -> dict[str, Any]:
    """Everything on the page. A form is one that was sent and not taken; ``reviewed``: the answer it is about."""
    now, trouble = None, ""
    try:
        now = as_of_now(case)
    except GroundError as error:
        trouble = str(error)
    rows = list(
        Determination.objects.filter(case=case)
        .select_related("decider")
        .prefetch_related("answers")
        .order_by("-at", "-pk")[:SHOWN]
    )
    determinations = [_determination(one) for one in rows]
    last = next((one for one in determinations if not one["taken_back"]), None)
    changed: list[str] = []
    if last and now:
        try:
            changed = changed_since(last["row"], now.facts)
        except GroundError as error:
            trouble = str(error)
    steps = (
        Step.objects.filter(case=case).select_related("by", "second", "counsel").prefetch_related("letters")
    )
    letters = (
        Letter.objects.filter(step__case=case, services__isnull=False).distinct().order_by("-pk")[:SHOWN]
    )
    answers = Answer.objects.filter(case=case).select_related("letter", "reviewer", "by", "proof")
    review = review_form or ReviewForm()
    sent = (determine_form, propose_form, answer_form, review_form)
    return framed(
        case,
        "steps:page",
        now=now,
        trouble=trouble,
        state=[one for one in state_in_words(now.state) if one not in DETERMINED.values()] if now else [],
        outcome=outcome_shown(_plain(now)) if now else None,
        dates=_dates(case, now) if now else [],
        determinations=determinations,
        last=last,
        changed=changed,
        steps=[(one, ACTION[Action(one.action)]) for one in steps.order_by("-at", "-pk")[:SHOWN]],
        answers=[
            (one, review if one.pk == reviewed else ReviewForm(auto_id=f"id_review_{one.pk}_%s"))
            for one in answers.order_by("-received", "-pk")[:SHOWN]
        ],
        due=overdue(timezone.now()).filter(step__case=case)[:SHOWN],
        account=account_of(case),
        bad=[words for form in sent if form is not None for words in form.non_field_errors()],
        determine_form=determine_form or DetermineForm(),
        propose_form=propose_form or ProposeForm(auto_id="id_propose_%s"),
        answer_form=answer_form or AnswerForm(letters, auto_id="id_answer_%s"),
    )


def _plain(now: Now) -> dict[str, Any]:
    one = now.outcome
    return {
        "row": one.row,
        "why": one.why,
        "grounds": one.grounds,
        "allowed": one.allowed,
        "on_account": one.on_account,
    }


def _determination(row: Determination) -> dict[str, Any]:
    taken = any(one.outcome == Answer.Outcome.TAKEN_BACK for one in row.answers.all())
    return {"row": row, "outcome": outcome_shown(row.outcome), "taken_back": taken}


def _dates(case: Case, now: Now) -> list[tuple[DatedThing, str]]:
    """Each date with what it is of, in words."""
    numbers = dict(Exhibit.objects.filter(case=case).order_by("-number").values_list("sha256", "number"))
    made = []
    for one in dates_of(now.facts, now.rules)[:DATES_SHOWN]:
        words = f"Exhibit {numbers.get(one.sha256, '?')}" if one.about == "exhibit" else "Account"
        made.append((one, f"{words} {one.what}"))
    return made
