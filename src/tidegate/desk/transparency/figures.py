"""The exact numbers behind the report, from the database: a fixed number of queries whatever the number of months.

Decisions are never counted here: the ledger keeps tallies by day as they are copied.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Count, F, FloatField, Func, Q, Sum, Window
from django.db.models.functions import RowNumber

from tidegate.desk.appeals.models import Appeal, Outcome, State
from tidegate.desk.ledger.models import Tally
from tidegate.desk.review.models import Ruled
from tidegate.desk.transparency.measures import ALL
from tidegate.desk.transparency.months import Month, between, place_in
from tidegate.engine.rungs import Rung

Numbers = Mapping[tuple[Month, str, str], float]
"""By month, measure and rung (or :data:`ALL`); what is not there is zero, or cannot be said."""
_OF_STAGE = {
    "registration": "at_registration",
    "messaging": "while_messaging",
    "feedback": "from_feedback",
    "campaign": "from_campaigns",
}
_OF_OUTCOME = {
    Outcome.GRANTED: "appeals_granted",
    Outcome.PARTLY: "appeals_partly",
    Outcome.REJECTED: "appeals_rejected",
}


class HoursBetween(Func):
    """From the second time to the first, in the database's own arithmetic."""

    output_field = FloatField()
    arity = 2

    def as_sqlite(self, compiler: Any, connection: Any, **more: Any) -> Any:
        template = "(24.0 * (julianday(%(expressions)s)))"
        return self.as_sql(compiler, connection, template=template, arg_joiner=") - julianday(", **more)

    def as_postgresql(self, compiler: Any, connection: Any, **more: Any) -> Any:
        template = "(extract(epoch from (%(expressions)s)) / 3600.0)"
        return self.as_sql(compiler, connection, template=template, arg_joiner=" - ", **more)


def people_in(months: list[Month], now: datetime) -> Numbers:
    """Appeals and reinstatements of months that follow one another: three queries."""
    found: dict[tuple[Month, str, str], float] = defaultdict(int)
    _count_appeals(months, now, found)
    _measure_appeals(months, found)
    _count_reinstatements(months, found)
    return found


def actions_in(months: list[Month]) -> Numbers:
    """Of months that follow one another: one query."""
    found: dict[tuple[Month, str, str], float] = defaultdict(int)
    rows = (
        Tally.objects.filter(**between(months, "day", days=True), rung__gt=int(Rung.ALLOW))
        .annotate(month=place_in(months, "day", days=True))
        .values_list("month", "rung", "stage")
        .annotate(Sum("raised"), Sum("automatic"), Sum("unreported"))
    )
    for place, rung, stage, raised, automatic, unreported in rows:
        counts = {
            "actions": raised,
            "automatic": automatic,
            "by_person": raised - automatic,
            "before_any_report": unreported,
        }
        if stage in _OF_STAGE:
            counts[_OF_STAGE[stage]] = automatic
        for measure, count in counts.items():
            found[months[place], measure, Rung(rung).word] += count
            found[months[place], measure, ALL] += count
    return found


def _count_appeals(months: list[Month], now: datetime, found: dict[tuple[Month, str, str], float]) -> None:
    decided = Q(state=State.DECIDED)
    rows = (
        Appeal.objects.filter(**between(months, "received"), state__in=State.values)
        .annotate(month=place_in(months, "received"))
        .values_list("month", "state", "outcome")
        .annotate(
            Count("pk"),
            in_time=Count("pk", filter=decided & Q(decided__lte=F("due"))),
            late=Count("pk", filter=decided & Q(decided__gt=F("due")) | Q(state=State.WAITING, due__lt=now)),
        )
    )
    for place, state, outcome, count, in_time, late in rows:
        month = months[place]
        found[month, "appeals_received", ALL] += count
        found[month, f"appeals_{state}", ALL] += count
        found[month, "appeals_in_time", ALL] += in_time
        found[month, "appeals_late", ALL] += late
        if state == State.DECIDED and outcome in _OF_OUTCOME:
            found[month, _OF_OUTCOME[Outcome(outcome)], ALL] += count


def _measure_appeals(months: list[Month], found: dict[tuple[Month, str, str], float]) -> None:
    """The median: of each month's decided appeals in order, the one in the middle."""
    rows = (
        Appeal.objects.filter(**between(months, "received"), state=State.DECIDED)
        .annotate(month=place_in(months, "received"), hours=HoursBetween("decided", "received"))
        .annotate(
            at=Window(RowNumber(), partition_by=[F("month")], order_by=[F("hours")]),
            of=Window(Count("pk"), partition_by=[F("month")]),
        )
        .filter(at=(F("of") + 1) / 2)
        .values_list("month", "hours")
    )
    for place, hours in rows:
        found[months[place], "appeals_median_hours", ALL] = hours


def _count_reinstatements(months: list[Month], found: dict[tuple[Month, str, str], float]) -> None:
    rows = (
        # What was taken back at once was not reinstated.
        Ruled.objects.filter(**between(months, "time"), verdict="overturn", undone=None, undoes=None)
        .annotate(month=place_in(months, "time"))
        .values_list("month")
        .annotate(Count("pk"), appealed=Count("pk", filter=Q(appeal_id__isnull=False)))
    )
    for place, count, appealed in rows:
        found[months[place], "reinstated_on_appeal", ALL] += appealed
        found[months[place], "reinstated_by_review", ALL] += count - appealed
