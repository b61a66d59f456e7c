"""Pages of exhibits: the list, one exhibit, taking in."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from tidegate.desk.access.gate import needs
from tidegate.desk.access.roles import Right
from tidegate.desk.audit.chain import record
from tidegate.desk.evidence.cases.frame import case_named, framed
from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.custody.chain import CustodyError
from tidegate.desk.evidence.exhibits.forms import FilesForm, PageForm, ScheduleForm, TranscriptForm
from tidegate.desk.evidence.exhibits.handed_in import hand_in_all
from tidegate.desk.evidence.exhibits.intake import IntakeError
from tidegate.desk.evidence.exhibits.models import Exhibit, Source
from tidegate.desk.evidence.exhibits.transcribing import may_be_typed, text_of, transcribe, transcript_of

PAGE = 50
TEXT_SHOWN = 20_000
"""Characters of a text on the page; the rest is in the download."""
LOOKS_SHOWN = 20
BAD_FORM = 422


@needs(Right.SEE_CASES)
def list(request: Any, name: str) -> Any:
    """Exhibits and sources."""
    return _list(request, case_named(name))


def _list(
    request: Any, case: Case, *, page_form: Any = None, files_form: Any = None, status: int = 200
) -> Any:
    rows = Exhibit.objects.filter(case=case).prefetch_related("stamps").order_by("number")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    watched = case.sources.exclude(address="").order_by("-added")[:PAGE]
    context = framed(
        case,
        "exhibits:list",
        page=page,
        watched=watched,
        pending=rows.filter(pending=True).exists(),
        page_form=page_form or PageForm(),
        files_form=files_form or FilesForm(),
    )
    return render(request, "exhibits/list.html", context, status=status)


@needs(Right.WORK_CASES)
@require_POST
def add_page(request: Any, name: str) -> Any:
    """An address to be captured; a thread does it at once, and on its schedule from then on."""
    case = case_named(name)
    form = PageForm(request.POST)
    if form.is_valid() and not case.is_open:
        form.add_error(None, f"{case} is closed: open it again first.")
    if not form.is_valid():
        return _list(request, case, page_form=form, status=BAD_FORM)
    with transaction.atomic():
        source = Source.objects.create(
            case=case,
            title=form.cleaned_data["address"][:300],
            added_by=request.user,
            next_at=timezone.now(),
            **form.cleaned_data,
        )
        record(request.user, "source.added", case.name, source=source.pk, kind=source.kind)
    messages.success(request, "It is captured now; look again in a moment.")
    return redirect("exhibits:list", name=case.name)


@needs(Right.WORK_CASES)
@require_POST
def add_files(request: Any, name: str) -> Any:
    """Files handed in."""
    case = case_named(name)
    form = FilesForm(request.POST, request.FILES)
    if not form.is_valid():
        return _list(request, case, files_form=form, status=BAD_FORM)
    asked = form.cleaned_data
    try:
        made = hand_in_all(case, request.user, asked["files"], asked["seen"], asked["origin"])
    except IntakeError as error:
        form.add_error(None, f"{error}. Nothing was taken in.")
        return _list(request, case, files_form=form, status=BAD_FORM)
    messages.success(
        request, f"{len(made)} taken in. Time stamps, renderings and reading follow in a moment."
    )
    return redirect("exhibits:list", name=case.name)


@needs(Right.SEE_CASES)
def page(request: Any, name: str, number: int) -> Any:
    """One exhibit."""
    case = case_named(name)
    return _page(request, case, _exhibit(case, number))


def _page(
    request: Any, case: Case, exhibit: Exhibit, *, transcript_form: Any = None, status: int = 200
) -> Any:
    text, trouble = "", ""
    try:
        text = text_of(exhibit)
    except OSError as error:
        trouble = f"Its text is not there: {error.strerror}."
    context = framed(
        case,
        "exhibits:list",
        exhibit=exhibit,
        stamps=exhibit.stamps.order_by("pk"),
        picture=exhibit.renderings.filter(media_type="image/png").first(),
        pdf=exhibit.renderings.filter(media_type="application/pdf").first(),
        custody=case.custody.filter(exhibit=exhibit.sha256).order_by("number")[:200],
        looks=exhibit.source.attempts.order_by("-at")[:LOOKS_SHOWN],
        text=text[:TEXT_SHOWN].encode("utf-8", "replace").decode(),
        typed=transcript_of(exhibit),
        may_be_typed=may_be_typed(exhibit),
        transcript_form=transcript_form or TranscriptForm(),
        cut=len(text) > TEXT_SHOWN,
        trouble=trouble,
        schedule=ScheduleForm(initial={"every_days": exhibit.source.every_days or ""}),
    )
    return render(request, "exhibits/page.html", context, status=status)


@needs(Right.WORK_CASES)
@require_POST
def transcript(request: Any, name: str, number: int) -> Any:
    """What a person typed over from it."""
    case = case_named(name)
    exhibit = _exhibit(case, number)
    form = TranscriptForm(request.POST)
    if form.is_valid():
        try:
            trouble = transcribe(request.user, exhibit, form.cleaned_data["text"])
        except (IntakeError, CustodyError, OSError) as error:
            form.add_error(None, f"{error}. Nothing was changed.")
        else:
            messages.success(request, f"Kept and read. {trouble}".strip())
            return redirect("exhibits:page", name=case.name, number=number)
    return _page(request, case, exhibit, transcript_form=form, status=BAD_FORM)


@needs(Right.WORK_CASES)
@require_POST
def schedule(request: Any, name: str, source: int) -> Any:
    """How often a source is captured again; ``now``: once more, now."""
    case = case_named(name)
    found = get_object_or_404(Source.objects.exclude(address=""), case=case, pk=source)
    form = ScheduleForm(request.POST)
    if case.is_open and form.is_valid():
        every = form.cleaned_data["every_days"]
        with transaction.atomic():
            found.every_days = every
            found.next_at = timezone.now() if every or "now" in request.POST else None
            found.save(update_fields=["every_days", "next_at"])
            record(request.user, "source.scheduled", case.name, source=found.pk, every_days=every)
        messages.success(
            request, "It is captured again in a moment." if found.next_at else "It is not captured again."
        )
    else:
        messages.error(request, "Choose how often." if case.is_open else f"{case} is closed.")
    return redirect("exhibits:list", name=case.name)


def _exhibit(case: Case, number: int) -> Exhibit:
    found: Exhibit = get_object_or_404(Exhibit.objects.select_related("source"), case=case, number=number)
    return found
