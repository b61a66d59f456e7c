"""Looking further: steps that touch nobody and are done at once."""

from django.utils import timezone

from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.exhibits.models import Source
from tidegate.desk.evidence.grounds import Action

WATCH_DAYS = 7


def look_further(case: Case, action: Action) -> str:
    """What follows for the sources of the case; what was done, in words."""
    sources = Source.objects.filter(case=case).exclude(address="")
    if action is Action.RECAPTURE:
        return f"{sources.update(next_at=timezone.now())} addresses are captured again now"
    if action is Action.WATCH:
        new = sources.filter(every_days=None)
        count = new.update(every_days=WATCH_DAYS, next_at=timezone.now())
        return f"{count} more addresses are captured every {WATCH_DAYS} days"
    return ""
