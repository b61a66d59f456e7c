"""Pages of what was read: claims and identifiers."""

from collections import Counter
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from tidegate.desk.access.gate import needs
from tidegate.desk.access.roles import Right
from tidegate.desk.evidence.cases.frame import case_named, framed
from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.exhibits.models import Exhibit
from tidegate.desk.evidence.exhibits.transcribing import text_of
from tidegate.desk.evidence.grounds import Confirmed
from tidegate.desk.evidence.reading import ruling
from tidegate.desk.evidence.reading.forms import ClaimForm, QuoteForm
from tidegate.desk.evidence.reading.models import Claim, Identifier
from tidegate.desk.evidence.reading.shown import Shown, shown

PAGE = 20
IDENTIFIERS = 300
MOST_COUNTED = 1_000
BAD_FORM = 422
STATES = tuple(str(one) for one in Confirmed)


@needs(Right.SEE_CASES)
def claims(request: Any, name: str) -> Any:
    """Proposals first, the strongest on top."""
    return _claims(request, case_named(name))


def _claims(
    request: Any,
    case: Case,
    *,
    claim: Claim | None = None,
    form: Any = None,
    quote_form: Any = None,
    status: int = 200,
) -> Any:
    state = request.GET.get("state", "")
    state = state if state in STATES else str(Confirmed.PROPOSED)
    found = Claim.objects.filter(exhibit__case=case)
    rows = (
        found.filter(state=state).select_related("exhibit", "reviewer").order_by("-score", "exhibit", "start")
    )
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    counts = Counter(found.values_list("state", flat=True)[: MOST_COUNTED * 10])
    context = framed(
        case,
        "reading:claims",
        page=page,
        rows=[
            (one, form if claim is not None and one.claim.pk == claim.pk else _form_of(one.claim))
            for one in _shown(page.object_list)
        ],
        state=state,
        states=[(one, counts.get(one, 0)) for one in STATES],
        quote_form=quote_form or QuoteForm(initial={"stance": "offers", "strength": "explicit"}),
    )
    return render(request, "reading/claims.html", context, status=status)


def _form_of(claim: Claim) -> ClaimForm:
    return ClaimForm(
        initial={
            "stance": claim.stance,
            "strength": claim.strength,
            "note": claim.note,
            "translation": claim.translation,
            "translator": claim.translator,
        },
        auto_id=f"id_{claim.pk}_%s",
    )


def _shown(rows: Any) -> list[Shown]:
    texts: dict[int, str] = {}
    made = []
    for claim in rows:
        if claim.exhibit_id not in texts:
            try:
                texts[claim.exhibit_id] = text_of(claim.exhibit)
            except OSError:
                texts[claim.exhibit_id] = ""  # the exhibit's own page says so
        made.append(shown(claim, texts[claim.exhibit_id]))
    return made


@needs(Right.WORK_CASES)
@require_POST
def rule(request: Any, name: str, claim: int) -> Any:
    """Confirm, reject, or take back."""
    case = case_named(name)
    found = get_object_or_404(Claim.objects.select_related("exhibit__case"), exhibit__case=case, pk=claim)
    state = Confirmed(request.POST["state"]) if request.POST.get("state") in STATES else None
    form = ClaimForm(request.POST, auto_id=f"id_{found.pk}_%s")
    if state is None or (state is Confirmed.CONFIRMED and not form.is_valid()):
        messages.error(request, "Say what it does and how it says so, or reject it.")
        return _claims(request, case, claim=found, form=form, status=BAD_FORM)
    try:
        ruling.rule(request.user, found, state, form.said() if state is Confirmed.CONFIRMED else None)
    except ruling.ReadingError as error:
        messages.error(request, f"{error}.")
        return _claims(request, case, claim=found, form=form, status=BAD_FORM)
    words = {"confirmed": "Confirmed.", "rejected": "Rejected."}.get(str(state), "Open again.")
    messages.success(request, f"{words} Exhibit {found.exhibit.number}: {found.quote[:80]}")
    return redirect("reading:claims", name=case.name)


@needs(Right.WORK_CASES)
@require_POST
def add(request: Any, name: str) -> Any:
    """A sentence that the software did not find."""
    case = case_named(name)
    form = QuoteForm(request.POST)
    if form.is_valid():
        exhibit = Exhibit.objects.filter(case=case, number=form.cleaned_data["exhibit"]).first()
        try:
            if exhibit is None:
                raise ruling.ReadingError(f"there is no exhibit {form.cleaned_data['exhibit']}")
            ruling.add_quote(request.user, exhibit, form.cleaned_data["quote"], form.said())
        except ruling.ReadingError as error:
            form.add_error("quote", f"{error}.")
        else:
            messages.success(request, "Added and confirmed.")
            return redirect("reading:claims", name=case.name)
    return _claims(request, case, quote_form=form, status=BAD_FORM)


@needs(Right.SEE_CASES)
def identifiers(request: Any, name: str) -> Any:
    """Each value once, with where it stands and how many other cases have it."""
    case = case_named(name)
    rows = Identifier.objects.filter(exhibit__case=case).select_related("exhibit")
    page = Paginator(rows.order_by("type", "kind", "normalised", "exhibit", "start"), IDENTIFIERS).get_page(
        request.GET.get("page")
    )
    grouped: dict[tuple[str, str], dict[str, Any]] = {}
    for one in page.object_list:
        group = grouped.setdefault((one.kind, one.normalised), {"one": one, "exhibits": {}, "raw": {}})
        group["exhibits"][one.exhibit.number] = None
        group["raw"][one.raw] = None
    elsewhere = Counter(
        dict.fromkeys(
            Identifier.objects.filter(normalised__in=[value for _, value in grouped])
            .exclude(exhibit__case=case)
            .values_list("kind", "normalised", "exhibit__case_id")
            .distinct()[:MOST_COUNTED]
        )
    )
    others = Counter((kind, value) for kind, value, _ in elsewhere)
    for key, group in grouped.items():
        group["others"] = others.get(key, 0)
    context = framed(case, "reading:identifiers", groups=list(grouped.values()), page=page)
    return render(request, "reading/identifiers.html", context)


@needs(Right.WORK_CASES)
@require_POST
def ignore(request: Any, name: str, identifier: int) -> Any:
    """Leave an identifier out, or take it in again."""
    case = case_named(name)
    found = get_object_or_404(
        Identifier.objects.select_related("exhibit__case"), exhibit__case=case, pk=identifier
    )
    try:
        ruling.ignore(request.user, found, not found.ignored)
    except ruling.ReadingError as error:
        messages.error(request, f"{error}.")
    return redirect("reading:identifiers", name=case.name)
