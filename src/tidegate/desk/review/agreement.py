"""How far people agree who decided about the same account.

Two people see the same account when a blind look was disputed, when somebody else decided about it before or after, and
on appeal. Those are the doubtful ones, so people agree less about them than about accounts in general: the figure is a
floor, good for comparing one quarter with the next.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import cache
from django.utils import timezone

from tidegate.desk.review.models import Ruled

MOST = 2_000
"""Latest rulings that are looked at."""
KEPT_S = 300.0
ABUSIVE = "abusive"


@dataclass(frozen=True, slots=True)
class Agreement:
    """Between the first two people who found something out about an account."""

    accounts: int
    """About which two people did."""
    same: int
    """About which they found the same."""
    kappa: float | None
    """Cohen's; None: nothing to compare, or everybody always found the same one thing."""


def agreement_of_late(over: timedelta) -> Agreement:
    """The same up to now, looked up anew once somebody has ruled; at the latest after :data:`KEPT_S`."""
    latest = Ruled.objects.order_by("-pk").values_list("pk", "time").first()
    if latest is None:
        return agreement_since(timezone.now() - over)
    number, at = latest
    name = f"agreement-{number}-{at.timestamp()}"
    found: Agreement | None = cache.get(name)
    if found is None:
        found = agreement_since(timezone.now() - over)
        cache.set(name, found, KEPT_S)
    return found


def agreement_since(since: datetime) -> Agreement:
    """Over the latest :data:`MOST` rulings from ``since`` on, those left out that were taken back."""
    rows = list(
        Ruled.objects.filter(time__gte=since, undone=None, undoes=None, account__isnull=False)
        .order_by("-time")
        .values_list("account_id", "person_id", "finding", "case__first_by_id")[:MOST]
    )
    firsts: dict[int, dict[int, bool]] = {}
    for account, person, finding, disputed_by in reversed(rows):
        found = firsts.setdefault(account, {})
        if disputed_by is not None:
            # Who disputes a blind case saw nothing that should be limited, before anybody else ruled on it.
            found.setdefault(disputed_by, False)
        found.setdefault(person, finding == ABUSIVE)
    pairs = [tuple(found.values())[:2] for found in firsts.values() if len(found) > 1]
    said = [(first, second) for first, second in pairs]
    return Agreement(len(said), sum(first == second for first, second in said), cohens_kappa(said))


def cohens_kappa(pairs: Iterable[tuple[bool, bool]]) -> float | None:
    """Cohen's kappa (1960) of two judges who each said yes or no to the same things; None: nothing to compare, or both
    always said the same one thing."""
    said = list(pairs)
    if not said:
        return None
    n = len(said)
    same = sum(first == second for first, second in said) / n
    first_yes, second_yes = sum(a for a, _ in said) / n, sum(b for _, b in said) / n
    by_chance = first_yes * second_yes + (1 - first_yes) * (1 - second_yes)
    return None if by_chance == 1.0 else (same - by_chance) / (1 - by_chance)
