"""Pages about the subject: what is known, links, findings."""

from typing import Any

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from tidegate.desk.access.gate import needs
from tidegate.desk.access.roles import Right
from tidegate.desk.audit.chain import record
from tidegate.desk.evidence.cases import custody
from tidegate.desk.evidence.cases.frame import case_named, framed
from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.linking import LinkingError, LinkState
from tidegate.desk.evidence.subjects import ends, findings, linking
from tidegate.desk.evidence.subjects.forms import FindingForm, KnownForm, LinkForm, NoteForm, RoleForm
from tidegate.desk.evidence.subjects.models import Finding, Known, Link, RoleHeld

SHOWN = 200
BAD_FORM = 422
_FORMS = {"known_form": KnownForm, "role_form": RoleForm, "finding_form": FindingForm, "link_form": LinkForm}
_ORDER = {"proposed": 0, "confirmed": 1, "rejected": 2}


@needs(Right.SEE_CASES)
def page(request: Any, name: str) -> Any:
    """What is known, proposals, findings."""
    return _page(request, case_named(name))


def _page(request: Any, case: Case, *, status: int = 200, **forms: Any) -> Any:
    rows = Link.objects.filter(case=case).select_related("reviewer").order_by("-points", "pk")[:SHOWN]
    own = ends.subject(case)
    links = [
        {
            "row": one,
            "other": ends.shown(one.second if one.first == own else one.first, case),
            "name_only": not {reason["kind"] for reason in one.reasons} - {"name"},
            "earlier": one.first != own,
        }
        for one in sorted(rows, key=lambda one: _ORDER[one.state])
    ]
    context = framed(
        case,
        "subjects:page",
        known=Known.objects.filter(case=case).select_related("by").order_by("kind", "pk")[:SHOWN],
        roles=RoleHeld.objects.filter(case=case).select_related("by").order_by("pk"),
        links=links,
        findings=Finding.objects.filter(case=case).order_by("abuse_at", "pk")[:SHOWN],
        ends=ends,
        **_empty_forms() | forms,
    )
    context["shown_findings"] = [
        {"row": one, "account": ends.shown(ends.account_stored(one.account), case)}
        for one in context["findings"]
    ]
    return render(request, "subjects/page.html", context, status=status)


def _empty_forms() -> dict[str, Any]:
    """Each with ids of its own, since they stand on one page."""
    return {name: kind(auto_id=f"id_{name}_%s") for name, kind in _FORMS.items()}


def _closed(request: Any, case: Case) -> bool:
    if not case.is_open:
        messages.error(request, f"{case} is closed: open it again first.")
    return not case.is_open


@needs(Right.WORK_CASES)
@require_POST
def add_known(request: Any, name: str) -> Any:
    """Something known of the subject."""
    case = case_named(name)
    form = KnownForm(request.POST, auto_id="id_known_form_%s")
    if not form.is_valid() or _closed(request, case):
        return _page(request, case, known_form=form, status=BAD_FORM)
    asked = form.cleaned_data
    try:
        with transaction.atomic():
            Known.objects.create(
                case=case, kind=asked["kind"], value=asked["value"], origin=asked["origin"], by=request.user
            )
            details = {"kind": asked["kind"], "value": asked["value"], "from": asked["origin"]}
            custody.add(case, request.user, "known of the subject", "", details)
            record(request.user, "subject.known", case.name, kind=asked["kind"])
    except IntegrityError:
        form.add_error("value", "This is known already.")
        return _page(request, case, known_form=form, status=BAD_FORM)
    return _propose(request, case)


@needs(Right.WORK_CASES)
@require_POST
def forget_known(request: Any, name: str, known: int) -> Any:
    """It was a mistake."""
    case = case_named(name)
    if not _closed(request, case):
        found = get_object_or_404(Known, case=case, pk=known)
        with transaction.atomic():
            details = {"kind": found.kind, "value": found.value}
            custody.add(case, request.user, "no longer taken as known", "", details)
            record(request.user, "subject.unknown", case.name, kind=found.kind)
            found.delete()
    return _propose(request, case)


@needs(Right.WORK_CASES)
@require_POST
def add_role(request: Any, name: str) -> Any:
    """What the subject does."""
    case = case_named(name)
    form = RoleForm(request.POST, auto_id="id_role_form_%s")
    if not form.is_valid() or _closed(request, case):
        return _page(request, case, role_form=form, status=BAD_FORM)
    asked = form.cleaned_data
    with transaction.atomic():
        RoleHeld.objects.update_or_create(
            case=case, role=asked["role"], defaults={"note": asked["note"], "by": request.user}
        )
        custody.add(case, request.user, "role found", "", {"role": asked["role"], "shown by": asked["note"]})
        record(request.user, "subject.role", case.name, role=asked["role"])
    return redirect("subjects:page", name=case.name)


@needs(Right.WORK_CASES)
@require_POST
def propose(request: Any, name: str) -> Any:
    """Compare once more."""
    return _propose(request, case_named(name))


def _propose(request: Any, case: Case) -> Any:
    try:
        if trouble := linking.propose(case):
            messages.warning(request, trouble)
    except LinkingError as error:
        messages.error(request, f"Nothing was compared: {error}.")
    return redirect("subjects:page", name=case.name)


@needs(Right.WORK_CASES)
@require_POST
def rule(request: Any, name: str, link: int) -> Any:
    """Confirm or reject a proposal, or take that back."""
    case = case_named(name)
    found = get_object_or_404(Link.objects.select_related("case"), case=case, pk=link)
    wanted = request.POST.get("state", "")
    form = NoteForm(request.POST)
    note = form.cleaned_data["note"] if form.is_valid() else ""
    try:
        if wanted not in _ORDER:
            raise linking.LinkError("confirm it or reject it")
        linking.rule(request.user, found, LinkState(wanted), note)
    except (linking.LinkError, LinkingError) as error:
        messages.error(request, f"Nothing was changed: {error}.")
        return _page(request, case, status=BAD_FORM)
    return redirect("subjects:page", name=case.name)


@needs(Right.WORK_CASES)
@require_POST
def add_link(request: Any, name: str) -> Any:
    """A link that a person draws."""
    case = case_named(name)
    form = LinkForm(request.POST, auto_id="id_link_form_%s")
    if form.is_valid():
        other = form.other(case)
        try:
            if not other:
                raise linking.LinkError("there is no such exhibit in this case")
            linking.add(request.user, case, other, form.cleaned_data["note"])
        except (linking.LinkError, LinkingError) as error:
            form.add_error(None, f"{error}.")
        else:
            return redirect("subjects:page", name=case.name)
    return _page(request, case, link_form=form, status=BAD_FORM)


@needs(Right.WORK_CASES)
@require_POST
def add_finding(request: Any, name: str) -> Any:
    """What was decided on the messenger against an account or a campaign."""
    case = case_named(name)
    form = FindingForm(request.POST, auto_id="id_finding_form_%s")
    if form.is_valid():
        key = int(form.cleaned_data["which"], 16)
        add = findings.add_account if form.cleaned_data["about"] == ends.ACCOUNT else findings.add_campaign
        try:
            new = add(request.user, case, key)
        except findings.FindingError as error:
            form.add_error("which", f"{error}.")
        else:
            messages.success(request, f"{new} added." if new else "They were there already.")
            return redirect("subjects:page", name=case.name)
    return _page(request, case, finding_form=form, status=BAD_FORM)
