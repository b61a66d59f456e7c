"""What the queue shows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from tidegate.desk.review.models import Case, Ruled
from tidegate.desk.review.opening import WINDOW_DAYS

PAGE = 50
RECENT = 500
"""Decided cases that the times are taken from."""
MOST_COUNTED = 1_000


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits, and how long it takes."""

    open: int
    """At most :data:`MOST_COUNTED`; more are not counted."""
    more: bool
    disputed: int
    oldest: datetime | None
    median_s: float | None
    """From opened to decided, of the last days' cases."""


def waiting() -> Waiting:
    """Over all cases."""
    found = Case.objects.filter(state="open")
    counted = found.order_by()[: MOST_COUNTED + 1].count()
    oldest = found.order_by("opened").values_list("opened", flat=True).first()
    since = timezone.now() - timedelta(days=WINDOW_DAYS)
    times = [
        (settled - opened).total_seconds()
        for opened, settled in Case.objects.filter(state="decided", settled__gte=since)
        .order_by("-opened")
        .values_list("opened", "settled")[:RECENT]
    ]
    return Waiting(
        min(counted, MOST_COUNTED),
        counted > MOST_COUNTED,
        found.exclude(first_by=None).order_by()[:MOST_COUNTED].count(),
        oldest,
        median(times) if times else None,
    )


def page_of(kind: str, after: str) -> tuple[list[Case], str]:
    """Open cases, the most urgent first, from a place on; and the place after the last, empty at the end.

    ``after``: ``PRIORITY_ID`` of the last one seen. ``kind``: only of that kind, or ``disputed``; empty: all.
    """
    found: QuerySet[Case] = Case.objects.filter(state="open").select_related("account", "locked_by")
    if kind == "disputed":
        found = found.exclude(first_by=None)
    elif kind:
        found = found.filter(kind=kind)
    if place := _place(after):
        priority, number = place
        found = found.filter(Q(priority__lt=priority) | Q(priority=priority, id__gt=number))
    cases = list(found.order_by("-priority", "id")[: PAGE + 1])
    last = cases[PAGE - 1] if len(cases) > PAGE else None
    return cases[:PAGE], f"{last.priority!r}_{last.pk}" if last is not None else ""


def decided_by(person: Any) -> int:
    """How many rulings this person made in the last day."""
    since = timezone.now() - timedelta(days=1)
    return Ruled.objects.filter(person=person, time__gte=since).count()


def _place(after: str) -> tuple[float, int] | None:
    priority, _, number = after.partition("_")
    try:
        return float(priority), int(number)
    except ValueError:
        return None
