"""When a session began, and when it has lasted long enough."""

from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.utils import timezone

OPENED = "opened_s"


def has_outlived(session: Any) -> bool:
    """Whether a session is older than settings allow, however busy it was. One that does not say is too old."""
    opened_s = session.get(OPENED)
    if opened_s is None:
        return True
    return bool(timezone.now().timestamp() - opened_s > settings.SESSION_COOKIE_AGE)


def note_opening(sender: Any, request: Any, **_: Any) -> None:
    """Write down when a session began; take the chance to forget those that have ended."""
    request.session[OPENED] = timezone.now().timestamp()
    Session.objects.filter(expire_date__lt=timezone.now()).delete()


def connect() -> None:
    """Once, when the apps are ready."""
    user_logged_in.connect(note_opening, dispatch_uid="tidegate.desk.access.sessions")
