"""What was decided lately, and what waits for people: from the desk's own tables."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.apps import apps

from tidegate.desk.appeals.models import Appeal
from tidegate.desk.appeals.models import State as AppealState
from tidegate.desk.appeals.service_level import ServiceLevel, service_level
from tidegate.desk.ledger.models import Tally
from tidegate.engine.rungs import Rung

DAYS = 14
WEEK = 7
CASES_COUNTED = 1_000
"""More open cases are only told to be more."""


@dataclass(frozen=True, slots=True)
class RungCounts:
    """Decisions to one rung."""

    rung: int
    today: int
    today_acted: int
    week: int
    week_acted: int

    @property
    def today_withheld(self) -> int:
        return self.today - self.today_acted

    @property
    def week_withheld(self) -> int:
        return self.week - self.week_acted


@dataclass(frozen=True, slots=True)
class DecisionCounts:
    """Of the last days, by UTC."""

    rungs: tuple[RungCounts, ...]
    """Strongest first; ``allow`` is the end of a measure."""
    days: tuple[tuple[date, tuple[int, ...]], ...]
    """Newest first: decisions by rung, as in :attr:`rungs`."""

    @property
    def today(self) -> int:
        """Measures decided today; ends of measures are none."""
        return sum(one.today for one in self.rungs if one.rung)

    @property
    def today_acted(self) -> int:
        return sum(one.today_acted for one in self.rungs if one.rung)

    @property
    def any(self) -> bool:
        """Anything was decided on one of these days."""
        return any(sum(counts) for _, counts in self.days)

    @property
    def chart(self) -> dict[str, Any]:
        """For the picture: a line for every rung above allow, oldest day first."""
        days = self.days[::-1]
        x = [datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() for day, _ in days]
        series = [
            {
                "name": Rung(one.rung).word,
                "values": [counts[at] for _, counts in days],
                "colour": f"rung-{one.rung}",
            }
            for at, one in enumerate(self.rungs)
            if one.rung
        ]
        return {"x": x, "series": series, "unit": "decisions"}


def decisions(today: date) -> DecisionCounts:
    """Counted as they were copied: a few rows a day, whatever the ledger holds."""
    begin = today - timedelta(days=DAYS - 1)
    by_day: dict[date, dict[int, list[int]]] = {}
    rows = Tally.objects.filter(day__gte=begin, day__lte=today).values_list("day", "rung", "decided", "acted")
    for day, rung, decided, acted in rows:
        counts = by_day.setdefault(day, {}).setdefault(rung, [0, 0])
        counts[0] += decided
        counts[1] += acted
    week = [today - timedelta(days=back) for back in range(WEEK)]

    def of(days: list[date], rung: int) -> tuple[int, int]:
        found = [by_day.get(day, {}).get(rung, [0, 0]) for day in days]
        return sum(one[0] for one in found), sum(one[1] for one in found)

    strongest_first = [int(rung) for rung in reversed(Rung)]
    return DecisionCounts(
        rungs=tuple(RungCounts(rung, *of([today], rung), *of(week, rung)) for rung in strongest_first),
        days=tuple(
            (day, tuple(of([day], rung)[0] for rung in strongest_first))
            for day in (today - timedelta(days=back) for back in range(DAYS))
        ),
    )


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for people."""

    level: ServiceLevel
    oldest: datetime | None
    """Receipt of the appeal that has waited longest."""
    next_due: datetime | None
    cases: int | None
    """Open ones, at most one more than :data:`CASES_COUNTED`; None: there is no queue."""


def waiting(now: datetime) -> Waiting:
    """A few short queries over indexes."""
    appeals = Appeal.objects.filter(state=AppealState.WAITING)
    first = appeals.order_by("received", "id").values_list("received", "due").first()
    return Waiting(
        level=service_level(now),
        oldest=first[0] if first else None,
        next_due=first[1] if first else None,
        cases=_open_cases(),
    )


def _open_cases() -> int | None:
    try:
        case = apps.get_model("review", "Case")
    except LookupError:
        return None
    return int(case.objects.filter(state="open")[: CASES_COUNTED + 1].count())
