"""Wrong passwords: counted by name and address together, and recorded when that closes the door."""

from datetime import timedelta
from typing import Any

from axes.signals import user_locked_out
from django.conf import settings
from django.db import transaction
from django.shortcuts import render
from django.utils import timezone

from tidegate.desk.access.models import Person
from tidegate.desk.audit.chain import DESK, record
from tidegate.desk.audit.models import Record

LOCKED_OUT = "session.locked-out"


def client_address(request: Any) -> str:
    """Where a request comes from: the other end of the connection. X-Forwarded-For is anybody's to write, so only the
    web server looks at it, and only from the proxy that the settings name."""
    return str(request.META.get("REMOTE_ADDR") or "")


def locked_out(request: Any, credentials: Any = None, *args: Any, **kwargs: Any) -> Any:
    """Too many wrong passwords."""
    return render(request, "access/locked_out.html", status=429)


def record_lock_out(sender: Any, request: Any, username: str, ip_address: str, **_: Any) -> None:
    """Once for each name in the time for which it is closed, and only for names that exist: guessing must not fill the
    record, nor write into it what somebody typed."""
    with transaction.atomic():
        if not Person.objects.select_for_update().filter(username=username).exists():
            return
        since = timezone.now() - timedelta(hours=settings.AXES_COOLOFF_TIME)
        last = Record.objects.filter(about=username, did=LOCKED_OUT).order_by("-number").first()
        if last is None or last.time < since:
            record(DESK, LOCKED_OUT, username, address=ip_address)


def connect() -> None:
    """Once, when the apps are ready."""
    user_locked_out.connect(record_lock_out, dispatch_uid="tidegate.desk.access.throttling")
