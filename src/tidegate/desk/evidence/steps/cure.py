"""The time that a letter gives, and what is due when it has passed."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

from django.db.models import Exists, OuterRef, Q

from tidegate.desk.evidence.cases.models import Case, Stage
from tidegate.desk.evidence.exhibits.models import Source
from tidegate.desk.evidence.steps.models import Answer, Letter, Service

_LAST_ZONE = timezone(timedelta(hours=-12))
_A_DAY_EVERYWHERE = timedelta(hours=36)
"""After a day has begun in UTC it has ended in every time zone."""
OFTEN_DAYS = 7
"""A source that is captured this often is seen soon after the day anyhow."""


def cure_ends(day: date) -> datetime:
    """When the day has ended everywhere: nobody is late by a time zone."""
    return datetime.combine(day + timedelta(days=1), time(), _LAST_ZONE).astimezone(UTC)


def overdue(now: datetime) -> Any:
    """Delivered letters of open cases whose time has passed, longest first.

    Not those that the subject said to comply with, whose appeal waits, or that a later letter followed.
    """
    delivered = Service.objects.filter(letter=OuterRef("pk"), delivered__isnull=False)
    settled = Answer.objects.filter(letter=OuterRef("pk")).filter(
        Q(kind=Answer.Kind.COMPLIES)
        | Q(kind=Answer.Kind.APPEALS, outcome="")
        | Q(outcome=Answer.Outcome.TAKEN_BACK)
    )
    later = Letter.objects.filter(
        step__case=OuterRef("step__case"), made__gt=OuterRef("made"), services__delivered__isnull=False
    ).exclude(kind=Letter.Kind.HOLD)
    last_over = (now - _A_DAY_EVERYWHERE).date()
    return (
        Letter.objects.filter(cure_by__lte=last_over)
        .exclude(step__case__stage=Stage.CLOSED)
        .exclude(step__state="withdrawn")
        .filter(Exists(delivered), ~Exists(settled), ~Exists(later))
        .select_related("step__case")
        .order_by("cure_by", "pk")
    )


def demand_before(case: Case) -> Service | None:
    """The last delivery of a demand or reminder, which a reminder refers to."""
    found: Service | None = (
        Service.objects.filter(letter__step__case=case, delivered__isnull=False)
        .exclude(letter__kind=Letter.Kind.HOLD)
        .exclude(letter__step__state="withdrawn")
        .select_related("letter")
        .order_by("-delivered", "-pk")
        .first()
    )
    return found


def capture_after(letter: Letter) -> int:
    """Have what the letter quotes captured when its time has passed: still there after the notice. Returns how many."""
    if letter.cure_by is None:
        return 0
    at = cure_ends(letter.cure_by)
    sources = Source.objects.filter(exhibits__in=letter.exhibits.all()).exclude(address="").distinct()
    due = [
        one
        for one in sources
        if not (one.every_days and one.every_days <= OFTEN_DAYS and one.next_at and one.next_at <= at)
    ]
    for one in due:
        one.next_at = at
        one.save(update_fields=["next_at"])
    return len(due)
