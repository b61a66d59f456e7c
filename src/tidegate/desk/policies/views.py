"""Looking at policies: all of them, and one version."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from tidegate.desk.access.gate import needs
from tidegate.desk.access.roles import Right
from tidegate.desk.access.two_people import why_not_two
from tidegate.desk.node_link import NodeAbsent
from tidegate.desk.policies import backtesting, outside
from tidegate.desk.policies.comparison import backtest_of
from tidegate.desk.policies.forms import BackForm, PutForm
from tidegate.desk.policies.models import InForce, Kind, PolicyVersion, PutInForce, State
from tidegate.desk.policies.rolling_out import (
    LEAST_REASON,
    STEPS,
    goes_back_to,
    has_backtest,
    has_second,
    needs_second,
)
from tidegate.desk.policies.shadowing import in_shadow
from tidegate.desk.policies.versions import differences, line_by_line, stable_version
from tidegate.node.requests import StorageError

PAGE = 25
"""Drafts and changes listed together."""


@needs(Right.SEE)
@require_safe
def page(request: Any) -> Any:
    """What is in force, what runs in the shadow, what is being tested, and every version."""
    trouble = look_at_the_node()
    put = InForce.now()
    running = backtesting.running()
    drafts, more_drafts = _piece(
        _listed(PolicyVersion.objects.filter(state=State.DRAFT)), request.GET.get("drafts", "")
    )
    steps, more_steps = _piece(
        PutInForce.objects.select_related("version", "person").defer("version__text", "version__backtest"),
        request.GET.get("steps", ""),
    )
    return render(
        request,
        "policies/page.html",
        {
            "trouble": trouble,
            "put": put,
            "outside": put is not None and put.kind == Kind.OUTSIDE,
            "others_percent": 100.0 - put.percent if put is not None else 0.0,
            "goes_back_to": goes_back_to(put),
            "back_form": BackForm(),
            "shadow": in_shadow(),
            "running": running,
            "progress": _progress(),
            "drafts": drafts,
            "more_drafts": more_drafts,
            "steps": steps,
            "more_steps": more_steps,
        },
    )


@needs(Right.SEE)
@require_safe
def version(request: Any, number: int) -> Any:
    """One version: what it changes, what tests say, and how far it has come."""
    return show(request, number)


def show(request: Any, number: int, put_form: PutForm | None = None, status: int = 200) -> Any:
    """The page of one version."""
    trouble = look_at_the_node()
    found = get_object_or_404(
        PolicyVersion.objects.select_related("author", "approved_by", "based_on").defer(
            "based_on__text", "based_on__backtest"
        ),
        pk=number,
    )
    put, stable = InForce.now(), stable_version()
    shadow = in_shadow()
    shadow = shadow if shadow is not None and shadow.digest == found.digest else None
    running = backtesting.running()
    rolls_out = put is not None and put.version_id == found.pk and put.percent < 100.0
    context: dict[str, Any] = {
        "trouble": trouble,
        "version": found,
        "put": put,
        "stable": stable,
        "compare": stable is not None and stable.pk != found.pk,
        "shadow": shadow,
        "running": running,
        "runs_here": running is not None and running.version == found.pk,
        "progress": _progress(),
        "backtest": backtest_of(found.backtest) if found.found is not None else None,
        "rolls_out": rolls_out,
        "other_rolls_out": put is not None and put.percent < 100.0 and not rolls_out,
        "steps": found.steps.select_related("person").order_by("-pk")[:PAGE],
        "goes_back_to": goes_back_to(put),
        "back_form": BackForm(),
    }
    if stable is not None and stable.pk != found.pk:
        tested = has_backtest(found, stable, put)
        context |= {
            "changes": differences(stable.text, found.text),
            "lines": line_by_line(stable.text, found.text),
            "needs_second": needs_second(found, stable),
            "has_second": has_second(found, stable),
            "is_author": found.author_id == request.user.pk,
            "not_two": why_not_two(found.author, request.user) if found.author is not None else "",
            "tested": tested,
            "put_form": put_form or PutForm(),
            "suggested": [
                step for step in STEPS if step > (put.percent if put is not None and rolls_out else 0.0)
            ],
            "least_reason": LEAST_REASON,
        }
    return render(request, "policies/version.html", context, status=status)


@needs(Right.SEE)
@require_safe
def text(request: Any, number: int) -> Any:
    """One version as it was written."""
    found = get_object_or_404(PolicyVersion.objects.defer("backtest"), pk=number)
    return render(request, "policies/text.html", {"version": found, "lines": found.text.splitlines()})


@needs(Right.SEE)
@require_safe
def progress(request: Any, number: int) -> Any:
    """How far the backtest of this version has come: a part of its page, or empty once there is something new to see."""
    backtesting.collect()
    running = backtesting.running()
    answer = render(
        request,
        "policies/_progress.html",
        {"running": running, "progress": _progress(), "number": number},
    )
    if running is None or running.version != number:
        answer["HX-Refresh"] = "true"
    return answer


def look_at_the_node() -> str:
    """Take notice of what came into force elsewhere and of a backtest that is over. Returns what is wrong, in words."""
    try:
        backtesting.collect()
        outside.notice()
    except NodeAbsent as absent:
        return f"{str(absent).capitalize()}. Policies can be read and written; nothing can be tested or put into force."
    except StorageError as error:
        return f"The node cannot be asked: {error}"
    return ""


def _progress() -> dict[str, Any] | None:
    told = backtesting.progress()
    if told is None:
        return None
    return {"share": told.events / told.of if told.of else 0.0, "events": told.events, "of": told.of}


def _listed(found: QuerySet[PolicyVersion]) -> QuerySet[PolicyVersion]:
    return found.select_related("author").defer("text", "backtest")


def _piece(found: QuerySet[Any], before: str) -> tuple[list[Any], int | None]:
    """Newest first, those before a number; and the number for the next piece, None at the end."""
    if before.isdecimal() and len(before) < 19:
        found = found.filter(pk__lt=int(before))
    rows = list(found.order_by("-pk")[: PAGE + 1])
    return rows[:PAGE], rows[PAGE - 1].pk if len(rows) > PAGE else None
