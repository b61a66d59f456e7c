"""The report of some months, as it is published: rounded, and kept for a while so that readers cost little."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from threading import Lock

from django.core.cache import cache
from django.utils import timezone

from tidegate.desk.ledger.models import Tally
from tidegate.desk.review.estimates import wrongful
from tidegate.desk.transparency.figures import Numbers, actions_in, people_in
from tidegate.desk.transparency.measures import (
    ACTIONS,
    ALL,
    APPEALS,
    ESTIMATES,
    REINSTATEMENTS,
    RUNGS,
    Measure,
    Unit,
)
from tidegate.desk.transparency.months import Month, span
from tidegate.desk.transparency.protection import LEAST_FOR_TIMES, LEAST_LOOKED_AT, Value, rounded

SHOWN_MONTHS = 13
MOST_MONTHS = 60
"""In one file, and to choose from."""
KEPT_CURRENT_S, KEPT_COMPLETE_S = 60, 3_600
"""How long figures are answered without asking the database again."""
_asking = Lock()


@dataclass(frozen=True, slots=True)
class Figure:
    """One published value."""

    month: str
    complete: bool
    """The month is over."""
    measure: str
    rung: str
    value: Value


@dataclass(frozen=True, slots=True)
class Published:
    """Of one month."""

    month: Month
    figures: Sequence[Figure]
    method: str
    """How wrongful actions were estimated; empty: too few were looked at again."""
    made: datetime

    def value(self, measure: str, rung: str = ALL) -> Value:
        """One of the figures."""
        return next(one.value for one in self.figures if one.measure == measure and one.rung == rung)

    @property
    def complete(self) -> bool:
        return self.figures[0].complete


def first_month() -> Month:
    """The one in which the first decision fell; before there is any, the current one."""
    first = Tally.objects.order_by("day").values_list("day", flat=True).first()
    now = Month.of(timezone.now().date())
    return now if first is None else max(min(Month.of(first), now), now.moved(1 - MOST_MONTHS))


def published(first: Month, last: Month, *, actions_only: bool = False) -> list[Published]:
    """Month by month, both included. ``actions_only``: what the ledger's tallies tell, which costs little for any number
    of months; without appeals, reinstatements and estimates."""
    months = span(first, last)[-MOST_MONTHS:]
    actions = _kept(_Part.ACTIONS, months)
    if actions_only:
        return actions
    return [
        Published(one.month, (*one.figures, *more.figures), more.method, min(one.made, more.made))
        for one, more in zip(actions, _kept(_Part.PEOPLE, months), strict=True)
    ]


def refresh(months: Sequence[Month]) -> None:
    """Ask the database anew, so that readers of these months need not wait for it. Raises django.db.Error."""
    for part in _Part:
        with _asking:
            _publish(part, list(months))


class _Part(StrEnum):
    """What is kept by itself."""

    ACTIONS = "actions"
    PEOPLE = "people"
    """What people did: appeals, reinstatements, second looks."""


_MEASURES = {_Part.ACTIONS: ACTIONS, _Part.PEOPLE: (*APPEALS, *REINSTATEMENTS, *ESTIMATES)}


def _kept(part: _Part, months: list[Month]) -> list[Published]:
    """From memory, or from the database; one request asks it, others that want the same wait."""
    found = _remembered(part, months)
    if len(found) < len(months):
        with _asking:
            found = _remembered(part, months)
            missing = [month for month in months if month not in found]
            if missing:
                found |= _publish(part, span(missing[0], missing[-1]))
    return [found[month] for month in months]


def _remembered(part: _Part, months: list[Month]) -> dict[Month, Published]:
    found: list[Published] = list(cache.get_many([_key(part, month) for month in months]).values())
    return {one.month: one for one in found}


def _key(part: _Part, month: Month) -> str:
    return f"transparency.{part}.{month}"


def _publish(part: _Part, months: list[Month]) -> dict[Month, Published]:
    now = timezone.now()
    numbers = actions_in(months)
    if part is _Part.PEOPLE:
        numbers = {**numbers, **people_in(months, now)}
    made: dict[Month, Published] = {}
    for month in months:
        estimate = _estimate(month, int(numbers.get((month, "automatic", ALL), 0)), part)
        complete = month < Month.of(now.date())
        figures = [
            Figure(str(month), complete, measure.name, rung, _value(measure, month, rung, numbers, estimate))
            for measure in _MEASURES[part]
            for rung in ((*(rung.word for rung in RUNGS), ALL) if measure.per_rung else (ALL,))
        ]
        made[month] = Published(month, figures, estimate.method, now)
        cache.set(_key(part, month), made[month], KEPT_COMPLETE_S if complete else KEPT_CURRENT_S)
    return made


def _value(measure: Measure, month: Month, rung: str, numbers: Numbers, estimate: "_Estimated") -> Value:
    if measure.name in estimate.values:
        return estimate.values[measure.name]
    number = numbers.get((month, measure.name, rung), 0)
    if measure.unit is Unit.HOURS:
        enough = numbers.get((month, "appeals_decided", ALL), 0) >= LEAST_FOR_TIMES
        return round(number, 1) if enough else None
    return rounded(int(number))


@dataclass(frozen=True, slots=True)
class _Estimated:
    values: dict[str, Value]
    """By measure."""
    method: str


def _estimate(month: Month, automatic: int, part: _Part) -> _Estimated:
    if part is not _Part.PEOPLE:
        return _Estimated({}, "")
    found = wrongful(month.start, month.end)
    values: dict[str, Value] = {"wrongful_looked_at": rounded(found.sampled)}
    enough = found.sampled >= LEAST_LOOKED_AT
    for name, share in (("", found.rate), ("_low", found.low), ("_high", found.high)):
        values[f"wrongful_share{name}"] = round(share, 3) if enough else None
        values[f"wrongful_actions{name}"] = rounded(round(share * automatic)) if enough else None
    return _Estimated(values, found.method if enough else "")
