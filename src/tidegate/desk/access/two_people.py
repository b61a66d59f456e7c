"""Whether two people are two: not when one of them, or a third, has only just let the other in."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from tidegate.desk.access.models import Person

SETTLING = timedelta(days=1)
"""How long access that somebody gave counts as theirs: time for others to see it, on the page *Now* and in the record."""
MOST_SHOWN = 20


def why_not_two(first: Any, second: Any) -> str:
    """Why these two cannot agree as two people; empty when they can.

    They cannot while one administrator stands behind both, who added them, or changed their role, password or second
    factor within :data:`SETTLING`.
    """
    behind_first, behind_second = _behind(first), _behind(second)
    if not behind_first & behind_second:
        return ""
    if first.pk == second.pk:
        return "It takes two people, and this is one."
    shared = Person.objects.filter(pk__in=behind_first & behind_second).order_by("username").first()
    return (
        f"{shared} gave access to {second if shared == first else first if shared == second else 'both of them'} within "
        "the last day. Until a day has passed, it takes somebody else."
    )


def lately_let_in() -> list[Person]:
    """Whose access an administrator gave or changed within :data:`SETTLING`, latest first, not more than a page has room
    for."""
    found = Person.objects.filter(
        is_active=True, access_by__isnull=False, access_at__gt=timezone.now() - SETTLING
    )
    return list(found.select_related("access_by").order_by("-access_at")[:MOST_SHOWN])


def _behind(person: Any) -> set[int]:
    """Primary keys of the person and of everybody through whom they have their access since a short time."""
    since = timezone.now() - SETTLING
    found: set[int] = set()
    at: Any = Person.objects.filter(pk=person.pk).select_related("access_by").first()
    while at is not None and at.pk not in found:
        found.add(at.pk)
        at = at.access_by if at.access_at is not None and at.access_at > since else None
    return found
