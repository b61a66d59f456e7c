"""How fast appeals are decided, measured over what was decided lately."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from tidegate.desk.appeals.models import Appeal, State

DAYS = 30
MOST = 2_000
"""Decided appeals that are looked at: the latest ones within :data:`DAYS`."""
LEAST = 5
"""Below that, figures say more about single people than about the service, and are not told outside."""


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """Of the last :data:`DAYS` days."""

    decided: int
    in_time: int
    """Of those decided, how many by the time that was promised."""
    median_hours: float | None
    """From receipt to decision; None: nothing was decided."""
    waiting: int
    overdue: int
    """Of those waiting."""

    @property
    def share_in_time(self) -> float | None:
        """Of everything decided, and of what waits for longer than was promised: 0 to 1; None: there is nothing."""
        due = self.decided + self.overdue
        return self.in_time / due if due else None

    @property
    def tellable(self) -> bool:
        """Enough was decided to tell it outside."""
        return self.decided >= LEAST


def service_level(now: datetime) -> ServiceLevel:
    """Measured at this moment: two queries, each over an index."""
    rows = list(
        Appeal.objects.filter(state=State.DECIDED, decided__gte=now - timedelta(days=DAYS))
        .order_by("-decided")
        .values_list("received", "due", "decided")[:MOST]
    )
    waiting = list(Appeal.objects.filter(state=State.WAITING).values_list("due", flat=True)[:MOST])
    took = [(decided - received).total_seconds() / 3_600.0 for received, _, decided in rows]
    return ServiceLevel(
        decided=len(rows),
        in_time=sum(decided <= due for _, due, decided in rows),
        median_hours=median(took) if took else None,
        waiting=len(waiting),
        overdue=sum(due < now for due in waiting),
    )
