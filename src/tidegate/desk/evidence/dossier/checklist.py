"""The checklist of a case, with what the software already holds for each line. Hints only: a person says what is met."""

from collections.abc import Callable
from dataclasses import dataclass

from tidegate.desk.evidence.cases.elements import ELEMENTS
from tidegate.desk.evidence.cases.elements import Element as Line
from tidegate.desk.evidence.cases.models import Case, Element
from tidegate.desk.evidence.exhibits.models import Exhibit
from tidegate.desk.evidence.grounds.rules import NOTICE_2019
from tidegate.desk.evidence.reading.models import Claim
from tidegate.desk.evidence.steps.models import Service
from tidegate.desk.evidence.subjects.models import Finding, Known, Link, RoleHeld


@dataclass(frozen=True, slots=True)
class Item:
    """One line."""

    line: Line
    element: Element
    held: str
    """What is held for it, in words; empty: nothing that the software knows of."""


def checklist(case: Case) -> list[Item]:
    """In the order of :data:`ELEMENTS`."""
    rows = {one.key: one for one in Element.objects.filter(case=case).select_related("by")}
    return [
        Item(line, rows.get(line.key) or Element(case=case, key=line.key), _held(case, line.key))
        for line in ELEMENTS
    ]


def _held(case: Case, key: str) -> str:
    found = _HOLDS.get(key)
    return found(case) if found is not None else ""


def _identity(case: Case) -> str:
    known = Known.objects.filter(case=case).exclude(kind="name").count()
    roles = ", ".join(RoleHeld.objects.filter(case=case).order_by("pk").values_list("role", flat=True))
    return " ".join(
        part for part in (_many(known, "identifier", "known."), f"Role: {roles}." if roles else "") if part
    )


def _act(case: Case) -> str:
    offers = Claim.objects.filter(exhibit__case=case, state="confirmed", stance="offers")
    numbers = sorted(set(offers.values_list("exhibit__number", flat=True)))
    return f"Confirmed offers in exhibit {', '.join(map(str, numbers))}." if numbers else ""


def _automation(case: Case) -> str:
    found = Finding.objects.filter(case=case).count()
    return _many(found, "finding", "on the messenger.")


def _after_cutoff(case: Case) -> str:
    edge = NOTICE_2019.safely_after
    rows = Exhibit.objects.filter(case=case).prefetch_related("stamps").order_by("number")[:1_000]
    numbers = [one.number for one in rows if (at := one.observed) is not None and at >= edge]
    return f"Observed safely after it: exhibit {', '.join(map(str, numbers[:20]))}." if numbers else ""


def _assent(case: Case) -> str:
    names = [
        name
        for one in Link.objects.filter(case=case, state="confirmed")
        for name in (one.first, one.second)
        if name.startswith("account:")
    ]
    return _many(len(names), "account", "linked to the subject.")


def _served(case: Case) -> str:
    first = (
        Service.objects.filter(letter__step__case=case).exclude(delivered=None).order_by("delivered").first()
    )
    return f"A letter was delivered on {first.delivered:%Y-%m-%d}." if first is not None else ""


def _continuation(case: Case) -> str:
    first = (
        Service.objects.filter(letter__step__case=case).exclude(delivered=None).order_by("delivered").first()
    )
    if first is None:
        return ""
    later = Exhibit.objects.filter(case=case, captured__gt=first.delivered).order_by("number")
    numbers = [str(one.number) for one in later[:20]]
    return f"Captured after that: exhibit {', '.join(numbers)}." if numbers else ""


def _jurisdiction(case: Case) -> str:
    return f"{case.jurisdiction}." if case.jurisdiction else ""


def _many(count: int, what: str, more: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'} {more}" if count else ""


_HOLDS: dict[str, Callable[[Case], str]] = {
    "identity": _identity,
    "assent": _assent,
    "act": _act,
    "automation": _automation,
    "after_cutoff": _after_cutoff,
    "notice": _served,
    "continuation": _continuation,
    "jurisdiction": _jurisdiction,
}
