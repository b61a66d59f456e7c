"""Pages of ground and steps: what the table says, determining, proposing, and what each step goes through."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from tidegate.desk.access.gate import needs
from tidegate.desk.access.roles import Right
from tidegate.desk.accounts.refusals import REFUSALS, in_words
from tidegate.desk.evidence.cases.frame import case_named, framed
from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.custody.chain import CustodyError
from tidegate.desk.evidence.exhibits.intake import IntakeError
from tidegate.desk.evidence.grounds import Action, GroundError, Refusal, RefusedStepError
from tidegate.desk.evidence.grounds.table import ON_ACCOUNT
from tidegate.desk.evidence.steps import on_account, proposing
from tidegate.desk.evidence.steps.forms import (
    ApproveForm,
    CounselForm,
    DetermineForm,
    FiledForm,
    ProposeForm,
    ServiceForm,
    WhyForm,
)
from tidegate.desk.evidence.steps.frozen import changed_since, determine
from tidegate.desk.evidence.steps.letters import LetterError, template_of
from tidegate.desk.evidence.steps.models import Letter, Step
from tidegate.desk.evidence.steps.page import page_context
from tidegate.desk.evidence.steps.refused import StepError, against_proposal
from tidegate.desk.evidence.steps.words import ACTION
from tidegate.desk.evidence.steps.writing import approve_letter
from tidegate.desk.evidence.subjects.facts import facts_of

BAD_FORM = 400
ERRORS = (GroundError, StepError, LetterError, IntakeError, CustodyError, PermissionDenied, *REFUSALS)


def taken(form: Any, do: Callable[[dict[str, Any]], Any]) -> bool:
    """Do what a form asks; what stands against it is told beside the form. Whether it was done."""
    if not form.is_valid():
        return False
    try:
        do(form.cleaned_data)
    except RefusedStepError as refused:
        for one in refused.refusals:
            form.add_error(None, f"Refused: {one.words}.")
    except ERRORS as error:
        told = in_words(error) if isinstance(error, REFUSALS) else f"{error}. Nothing was changed."
        form.add_error(None, told)
    except OSError as error:
        form.add_error(None, f"It could not be kept: {error.strerror}. Nothing was changed.")
    return bool(form.is_valid())


@needs(Right.SEE_CASES)
def page(request: Any, name: str) -> Any:
    """The ground as it is now, determinations, steps and answers."""
    return render(request, "steps/page.html", page_context(case_named(name)))


def _again(request: Any, case: Case, **forms: Any) -> Any:
    return render(request, "steps/page.html", page_context(case, **forms), status=BAD_FORM)


@needs(Right.WORK_CASES)
@require_POST
def determine_now(request: Any, name: str) -> Any:
    """A person finds abuse; what is held is frozen."""
    case, form = case_named(name), DetermineForm(request.POST)
    if not taken(form, lambda said: determine(case, request.user, said["reasons"], said["dissent"])):
        return _again(request, case, determine_form=form)
    messages.success(request, "It is determined. What is held now is frozen with it.")
    return redirect("steps:page", name=name)


@needs(Right.WORK_CASES)
@require_POST
def propose(request: Any, name: str) -> Any:
    """A step other than a letter."""
    case, form = case_named(name), ProposeForm(request.POST, auto_id="id_propose_%s")

    def do(said: dict[str, Any]) -> None:
        proposing.propose(
            case, request.user, Action(said["action"]), said["note"], duration_s=said["duration_s"]
        )

    if not taken(form, do):
        return _again(request, case, propose_form=form)
    messages.success(request, "The step is put down.")
    return redirect("steps:page", name=name)


@needs(Right.SEE_CASES)
def step(request: Any, name: str, step: int) -> Any:
    """One step, with its letter if it has one."""
    case = case_named(name)
    return render(request, "steps/step.html", step_context(request.user, case, step_of(case, step)))


def step_of(case: Case, step: int) -> Step:
    """Raises Http404."""
    rows = Step.objects.select_related("case", "by", "second", "counsel", "done_by", "determination__decider")
    found: Step = get_object_or_404(rows, case=case, pk=step)
    return found


def letter_of(step: Step) -> Letter | None:
    """The letter of a step that is one."""
    found: Letter | None = step.letters.select_related("step__case").first()
    return found


def step_context(person: Any, case: Case, step: Step, **forms: Any) -> dict[str, Any]:
    """Everything on the page of a step."""
    letter, waits = letter_of(step), step.state == Step.State.PROPOSED
    legal = Action(step.action) not in ON_ACCOUNT
    against: tuple[Refusal, ...] = ()
    changed: list[str] = []
    try:
        if waits and legal:
            against = against_proposal(case, Action(step.action), step.by)
        if step.determination:
            changed = changed_since(step.determination, facts_of(case))
    except GroundError as error:
        changed = [str(error)]
    decider = step.determination.decider_id if step.determination else None
    return framed(
        case,
        "steps:page",
        step=step,
        words=ACTION[Action(step.action)],
        letter=letter,
        direction=template_of(letter.language).direction if letter else "ltr",
        services=letter.services.select_related("by", "proof").order_by("sent", "pk")[:50] if letter else (),
        against=against,
        changed=changed,
        waits=waits,
        legal=legal,
        had_a_part=person.pk in (step.by_id, decider),
        not_second=proposing.why_not_second(step, person) if waits and legal else "",
        is_suit=step.action == str(Action.SUIT),
        approve_form=forms.get("approve_form")
        or ApproveForm(initial={"sha256": letter.sha256 if letter else ""}, auto_id="id_approve_%s"),
        refuse_form=forms.get("refuse_form") or WhyForm(auto_id="id_refuse_%s"),
        counsel_form=forms.get("counsel_form") or CounselForm(auto_id="id_counsel_%s"),
        withdraw_form=forms.get("withdraw_form") or WhyForm(auto_id="id_withdraw_%s"),
        filed_form=forms.get("filed_form") or FiledForm(auto_id="id_filed_%s"),
        service_form=forms.get("service_form") or ServiceForm(auto_id="id_served_%s"),
        account=on_account.account_of(case),
        # At the top: the form's own place may be gone when somebody else was faster.
        bad=[words for form in forms.values() for words in form.non_field_errors()],
    )


def step_again(request: Any, case: Case, number: int, **forms: Any) -> Any:
    """The page of a step with a form that was not taken."""
    context = step_context(request.user, case, step_of(case, number), **forms)
    return render(request, "steps/step.html", context, status=BAD_FORM)


@needs(Right.APPROVE_STEP)
@require_POST
def approve(request: Any, name: str, step: int) -> Any:
    """As the second person."""
    case = case_named(name)
    found, form = step_of(case, step), ApproveForm(request.POST, auto_id="id_approve_%s")
    letter = letter_of(found)

    def do(said: dict[str, Any]) -> None:
        if letter is not None:
            approve_letter(letter, request.user, said["sha256"], said["note"])
        else:
            proposing.approve(found, request.user, said["note"])

    if not taken(form, do):
        return step_again(request, case, step, approve_form=form)
    messages.success(request, "Approved.")
    return redirect("steps:step", name=name, step=step)


@needs(Right.APPROVE_STEP)
@require_POST
def refuse(request: Any, name: str, step: int) -> Any:
    """As the second person."""
    case, form = case_named(name), WhyForm(request.POST, auto_id="id_refuse_%s")
    found = step_of(case, step)
    if not taken(form, lambda said: proposing.refuse(found, request.user, said["note"])):
        return step_again(request, case, step, refuse_form=form)
    messages.success(request, "Refused. It is not done.")
    return redirect("steps:step", name=name, step=step)


@needs(Right.DECIDE_AS_COUNSEL)
@require_POST
def counsel(request: Any, name: str, step: int) -> Any:
    """What counsel decides about it."""
    case, form = case_named(name), CounselForm(request.POST, auto_id="id_counsel_%s")
    found = step_of(case, step)

    def do(said: dict[str, Any]) -> None:
        proposing.decide_as_counsel(found, request.user, said["note"], agrees=said["agrees"])

    if not taken(form, do):
        return step_again(request, case, step, counsel_form=form)
    messages.success(request, "Counsel's decision is put down.")
    return redirect("steps:step", name=name, step=step)


@needs(Right.WORK_CASES)
@require_POST
def withdraw(request: Any, name: str, step: int) -> Any:
    """Not to be done after all."""
    case, form = case_named(name), WhyForm(request.POST, auto_id="id_withdraw_%s")
    found = step_of(case, step)
    if not taken(form, lambda said: proposing.withdraw(found, request.user, said["note"])):
        return step_again(request, case, step, withdraw_form=form)
    messages.success(request, "Withdrawn.")
    return redirect("steps:step", name=name, step=step)


@needs(Right.DECIDE_AS_COUNSEL)
@require_POST
def filed(request: Any, name: str, step: int) -> Any:
    """That counsel has filed the suit."""
    case, form = case_named(name), FiledForm(request.POST, auto_id="id_filed_%s")
    found = step_of(case, step)
    if not taken(form, lambda said: proposing.filed(found, request.user, said["note"])):
        return step_again(request, case, step, filed_form=form)
    messages.success(request, "It is on record that the suit was filed.")
    return redirect("steps:step", name=name, step=step)


@needs(Right.WORK_CASES)
@require_POST
def carry_out(request: Any, name: str, step: int) -> Any:
    """Have the node do a step on the account."""
    case = case_named(name)
    found, form = step_of(case, step), ApproveForm(request.POST)
    if not taken(form, lambda said: on_account.carry_out(found, request.user)):
        return step_again(request, case, step, bad_form=form)
    messages.success(request, "The node carries it out now.")
    return redirect("steps:step", name=name, step=step)
