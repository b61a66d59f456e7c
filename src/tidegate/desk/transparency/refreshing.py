"""The report of the last months is asked for ahead of its readers, before what is kept of it grows old."""

import time

from django.utils import timezone

from tidegate.desk.transparency.months import Month, span
from tidegate.desk.transparency.report import (
    KEPT_COMPLETE_S,
    KEPT_CURRENT_S,
    SHOWN_MONTHS,
    first_month,
    refresh,
)

BEFORE_S = 10.0
"""So long before the figures of a month that is not over grow old; those of the others by a tenth of their time."""
_next_s = {"current": -1.0, "complete": -1.0}


def tend() -> None:
    """Called now and then by whoever follows the ledger. Raises django.db.Error."""
    now_s, current = time.monotonic(), Month.of(timezone.now().date())
    if now_s >= _next_s["complete"]:
        _next_s["complete"] = now_s + 0.9 * KEPT_COMPLETE_S
        _next_s["current"] = now_s + KEPT_CURRENT_S - BEFORE_S
        refresh(span(max(first_month(), current.moved(-SHOWN_MONTHS)), current))
    elif now_s >= _next_s["current"]:
        _next_s["current"] = now_s + KEPT_CURRENT_S - BEFORE_S
        refresh([current])
