"""The list of cases: which ones, a page at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils import timezone

from tidegate.desk.access.models import Person
from tidegate.desk.evidence.cases.models import Case, Stage
from tidegate.desk.evidence.steps.cure import overdue

PAGE = 50
MOST_NAME = 150
SHOWN = (("open", "Open"), ("mine", "Mine"), ("due", "Due"), ("held", "Held"), ("closed", "Closed"))
"""Which cases, as in the address, and in words."""
STAGES = tuple((value, words) for value, words in Stage.choices if value != Stage.CLOSED)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asked for; whatever is not understood asks for nothing."""

    show: str
    stage: str
    officer: str
    """User name of who answers for it."""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> "Wanted":
        """From an address."""
        show, stage = asked.get("show", ""), asked.get("stage", "")
        return cls(
            show if show in dict(SHOWN) else "open",
            stage if stage in dict(STAGES) else "",
            asked.get("officer", "")[:MOST_NAME],
        )

    @property
    def asked(self) -> dict[str, str]:
        """For the address of the next page."""
        return {"show": self.show} | {
            name: value for name, value in (("stage", self.stage), ("officer", self.officer)) if value
        }


def cases(wanted: Wanted, person: Any, before: str) -> tuple[list[Case], str]:
    """One page, newest first, and the name of the case that the next one begins before; empty: there is none."""
    found = Case.objects.select_related("officer")
    found = found.filter(stage=Stage.CLOSED) if wanted.show == "closed" else found.filter(_in(wanted))
    if wanted.show == "mine":
        found = found.filter(officer=person)
    elif wanted.show == "held":
        found = found.filter(hold=True)
    elif wanted.show == "due":
        found = found.filter(pk__in=overdue(timezone.now()).order_by().values("step__case_id"))
    if wanted.officer:
        found = found.filter(officer__username=wanted.officer)
    last = Case.objects.filter(name=before).values_list("opened", "pk").first() if before else None
    if last is not None:
        # The first condition is the one that an index answers.
        found = found.filter(opened__lte=last[0]).filter(Q(opened__lt=last[0]) | Q(pk__lt=last[1]))
    page = list(found.order_by("-opened", "-id")[: PAGE + 1])
    return page[:PAGE], str(page[PAGE - 1].name) if len(page) > PAGE else ""


def _in(wanted: Wanted) -> Q:
    """A hold is on closed cases too; everything else is about open ones."""
    if wanted.stage:
        return Q(stage=wanted.stage)
    return Q() if wanted.show == "held" else ~Q(stage=Stage.CLOSED)


def due_in(page: list[Case]) -> dict[int, Any]:
    """By case: the day on which the time that a letter gave was over, the earliest."""
    letters = overdue(timezone.now()).filter(step__case__in=[one.pk for one in page])
    days: dict[int, Any] = {}
    for case, day in letters.values_list("step__case_id", "cure_by"):
        days.setdefault(case, day)
    return days


def officers() -> list[str]:
    """Who answers for a case now."""
    names = Person.objects.filter(pk__in=Case.objects.exclude(stage=Stage.CLOSED).values("officer_id"))
    return list(names.order_by("username").values_list("username", flat=True)[:200])
