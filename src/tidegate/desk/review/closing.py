"""Closing cases that nobody needs to look at any more: the measure has ended by itself, and no dispute is open."""

import time
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from tidegate.desk.review.models import Case, Sample
from tidegate.engine.rungs import Rung

PIECE = 500
EVERY_S = 60.0
_last_s = -EVERY_S
GRACE = timedelta(days=2)
"""A measure that has just ended may still be worth a look."""


def close_ended(now: datetime) -> int:
    """Close up to :data:`PIECE` of them. Returns how many.

    Those that somebody holds stay; and those that were drawn, or estimates would know only of measures that last.
    """
    free = Q(locked_until=None) | Q(locked_until__lt=now)
    drawn = Exists(Sample.objects.filter(case=OuterRef("pk")))
    ended = Case.objects.filter(
        free,
        ~drawn,
        state="open",
        kind="risk",
        first_by=None,
        account__rung=int(Rung.ALLOW),
        account__decided__lt=now - GRACE,
    ).values_list("pk", flat=True)[:PIECE]
    return Case.objects.filter(free, pk__in=list(ended), state="open").update(
        state="closed", settled=now, locked_by=None, locked_until=None
    )


def tend() -> None:
    """Called again and again by whoever follows the ledger; does something once a minute."""
    global _last_s
    if time.monotonic() - _last_s >= EVERY_S:
        _last_s = time.monotonic()
        close_ended(timezone.now())
