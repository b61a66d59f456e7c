"""The transparency report: a page and files, for everybody."""

import json
from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.views.decorators.http import require_safe

from tidegate.desk.access.gate import public
from tidegate.desk.transparency.files import csv_of, json_of, schema
from tidegate.desk.transparency.months import Month, span
from tidegate.desk.transparency.page import page
from tidegate.desk.transparency.report import MOST_MONTHS, SHOWN_MONTHS, Published, first_month, published

FILE_NAME = "transparency-{first}-to-{last}.{kind}"


@public
@require_safe
def report(request: Any) -> Any:
    """One month in detail and those before it."""
    first, current = first_month(), Month.of(timezone.now().date())
    chosen = _asked(request, "month", _latest_complete(first, current), first, current)
    months = published(max(first, chosen.moved(1 - SHOWN_MONTHS)), chosen, actions_only=True)
    said = page(published(chosen, chosen)[0], months, span(first, current)[::-1])
    with translation.override("en"):
        return render(request, "transparency/report.html", said)


@public
@require_safe
def figures_csv(request: Any) -> Any:
    """Of the months asked for, by ``from`` and ``to``."""
    months = _months(request)
    return _file(csv_of(months), "text/csv; charset=utf-8; header=present", "csv", months)


@public
@require_safe
def figures_json(request: Any) -> Any:
    months = _months(request)
    return _file(json_of(months, settings.TIDEGATE.service), "application/json", "json", months)


@public
@require_safe
def json_schema(request: Any) -> Any:
    return HttpResponse(json.dumps(schema(), indent=1), content_type="application/schema+json")


def _months(request: Any) -> list[Published]:
    first, current = first_month(), Month.of(timezone.now().date())
    last = _asked(request, "to", current, first, current)
    start = _asked(request, "from", max(first, last.moved(1 - SHOWN_MONTHS)), first, current)
    if not start <= last or len(span(start, last)) > MOST_MONTHS:
        raise Http404(f"from must not be after to, and at most {MOST_MONTHS} months go into one file")
    return published(start, last)


def _asked(request: Any, name: str, otherwise: Month, first: Month, current: Month) -> Month:
    said = request.GET.get(name)
    if not said:
        return otherwise
    try:
        found = Month.parse(said)
    except ValueError as error:
        raise Http404(str(error)) from None
    if not first <= found <= current:
        raise Http404(f"{found}: there are figures from {first} to {current}")
    return found


def _latest_complete(first: Month, current: Month) -> Month:
    """What most readers want; the current month while it is the only one."""
    return max(first, current.moved(-1))


def _file(content: str, kind: str, ending: str, months: list[Published]) -> Any:
    name = FILE_NAME.format(first=months[0].month, last=months[-1].month, kind=ending)
    return HttpResponse(
        content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
