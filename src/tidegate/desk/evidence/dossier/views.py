"""Pages of cases: the list, a new one, one case and what changes it."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_POST

from tidegate.desk.access.gate import needs
from tidegate.desk.access.roles import Right
from tidegate.desk.evidence.cases.elements import ELEMENTS
from tidegate.desk.evidence.cases.frame import case_named, framed
from tidegate.desk.evidence.cases.models import Case, Element
from tidegate.desk.evidence.dossier import opening
from tidegate.desk.evidence.dossier.before_letter import missing
from tidegate.desk.evidence.dossier.checklist import checklist
from tidegate.desk.evidence.dossier.forms import (
    ElementForm,
    HeadForm,
    NewForm,
    OfficerForm,
    ReasonForm,
    StageForm,
)
from tidegate.desk.evidence.dossier.listing import SHOWN, STAGES, Wanted, cases, due_in, officers
from tidegate.desk.evidence.dossier.models import SealedFile
from tidegate.desk.evidence.dossier.timeline import happened, picture
from tidegate.desk.ledger.models import stored

HAPPENED_SHOWN, FILES_SHOWN = 300, 20
BAD_FORM = 422
_EDITED = ("title", "subject", "subject_name", "role", "jurisdiction", "about")


@needs(Right.SEE_CASES)
def list(request: Any) -> Any:
    """Cases, the newest first."""
    wanted = Wanted.of(request.GET)
    found, before = cases(wanted, request.user, request.GET.get("before", ""))
    due = due_in(found)
    context = {
        "cases": [(one, due.get(one.pk)) for one in found],
        "wanted": wanted,
        "shown": SHOWN,
        "stages": STAGES,
        "officers": officers(),
        "older": urlencode({**wanted.asked, "before": before}) if before else "",
    }
    return render(request, "dossier/list.html", context)


@needs(Right.WORK_CASES)
def new(request: Any) -> Any:
    """Open a case."""
    begun = {name: request.GET[name] for name in ("account", "campaign") if request.GET.get(name)}
    form = NewForm(request.POST) if request.method == "POST" else NewForm(initial=begun)
    if request.method == "POST" and form.is_valid():
        fields = {name: form.cleaned_data[name] for name in _EDITED}
        for name in ("account", "campaign"):
            if form.cleaned_data[name]:
                fields[name] = stored(int(form.cleaned_data[name], 16))
        try:
            case = opening.open_case(request.user, **fields)
        except opening.CaseError as error:
            form.add_error(None, f"{error}.")
        else:
            return redirect("dossier:page", name=case.name)
    status = BAD_FORM if form.errors else 200
    return render(request, "dossier/new.html", {"form": form}, status=status)


@needs(Right.SEE_CASES)
def page(request: Any, name: str) -> Any:
    """One case."""
    return case_page(request, case_named(name))


def case_page(request: Any, case: Case, *, head_form: Any = None, status: int = 200) -> Any:
    """The page of a case; ``head_form``: one that was sent and not taken."""
    found = happened(case)
    files = SealedFile.objects.filter(case=case).select_related("by").order_by("-made")[: FILES_SHOWN + 1]
    context = framed(
        case,
        "dossier:page",
        items=[
            (
                one,
                ElementForm(
                    initial={"state": one.element.state, "note": one.element.note},
                    auto_id=f"id_{one.line.key}_%s",
                ),
            )
            for one in checklist(case)
        ],
        picture=mark_safe(picture(found)),
        happened=found[-HAPPENED_SHOWN:],
        cut=len(found) > HAPPENED_SHOWN,
        head_form=head_form or HeadForm(initial={one: getattr(case, one) for one in _EDITED}),
        officer_form=OfficerForm(initial={"officer": case.officer_id}),
        stage_form=StageForm(initial={"stage": case.stage}, auto_id="id_stage_%s"),
        hold_form=ReasonForm(auto_id="id_hold_%s"),
        files=files[:FILES_SHOWN],
        older_files=len(files) > FILES_SHOWN,
        missing=missing(case, request.user),
        may_lift=request.user.may(Right.DECIDE_AS_COUNSEL),
    )
    return render(request, "dossier/page.html", context, status=status)


def _done(request: Any, case: Case, do: Any, words: str) -> Any:
    """Do it, say so, and go back to the case."""
    try:
        do()
    except opening.CaseError as error:
        messages.error(request, f"Nothing was changed: {error}.")
        return case_page(request, case_named(case.name), status=BAD_FORM)
    messages.success(request, words)
    return redirect("dossier:page", name=case.name)


@needs(Right.WORK_CASES)
@require_POST
def head(request: Any, name: str) -> Any:
    """Change what the case says about itself."""
    case = case_named(name)
    form = HeadForm(request.POST)
    if not form.is_valid():
        return case_page(request, case, head_form=form, status=BAD_FORM)
    return _done(request, case, lambda: opening.change_head(request.user, case, form.cleaned_data), "Saved.")


@needs(Right.WORK_CASES)
@require_POST
def officer(request: Any, name: str) -> Any:
    """Hand it over."""
    case = case_named(name)
    form = OfficerForm(request.POST)
    if not form.is_valid():
        return case_page(request, case, status=BAD_FORM)
    return _done(
        request, case, lambda: opening.change_head(request.user, case, form.cleaned_data), "Handed over."
    )


@needs(Right.WORK_CASES)
@require_POST
def stage(request: Any, name: str) -> Any:
    """Forward, back, closed, open again."""
    case = case_named(name)
    form = StageForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose a stage and say why.")
        return case_page(request, case, status=BAD_FORM)
    asked = form.cleaned_data
    return _done(
        request,
        case,
        lambda: opening.set_stage(request.user, case, asked["stage"], asked["reason"]),
        "The stage is changed.",
    )


@needs(Right.SEE_CASES)
@require_POST
def hold(request: Any, name: str) -> Any:
    """Set a legal hold (whoever works on cases, and counsel), or lift it (counsel)."""
    case = case_named(name)
    person, wanted = request.user, request.POST.get("hold") == "1"
    may = person.may(Right.DECIDE_AS_COUNSEL) or (wanted and person.may(Right.WORK_CASES))
    if not may:
        raise PermissionDenied("A hold is lifted by counsel." if not wanted else "You may not set a hold.")
    form = ReasonForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    return _done(
        request,
        case,
        lambda: opening.set_hold(person, case, wanted, reason),
        "Held." if wanted else "Lifted.",
    )


@needs(Right.WORK_CASES)
@require_POST
def element(request: Any, name: str, key: str) -> Any:
    """A line of the checklist."""
    case = case_named(name)
    if key not in {one.key for one in ELEMENTS}:
        raise Http404("there is no such line")
    form = ElementForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose a state.")
        return case_page(request, case, status=BAD_FORM)
    row, _ = Element.objects.get_or_create(case=case, key=key)
    asked = form.cleaned_data
    return _done(
        request,
        case,
        lambda: opening.set_element(request.user, row, asked["state"], asked["note"]),
        "The checklist is changed.",
    )
