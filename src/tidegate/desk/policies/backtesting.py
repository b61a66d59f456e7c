"""Backtests over the node's own log: one at a time, its result kept with the version."""

import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from tidegate.desk.access.roles import Right
from tidegate.desk.audit.chain import DESK, record
from tidegate.desk.node_link import node
from tidegate.desk.policies.models import PolicyVersion
from tidegate.desk.policies.versions import digest_of
from tidegate.node.backtest import Backtest
from tidegate.node.compared import Compared, Failed, Progress


class Occupied(Exception):  # noqa: N818 - a state, not a fault
    """A backtest is running already."""


@dataclass(frozen=True, slots=True)
class Running:
    """The backtest at hand."""

    test: Backtest
    version: int
    """The primary key of the version."""
    against: str
    """Digest of the policy in force when it began."""
    began: datetime


_lock = threading.Lock()
_running: Running | None = None


def running() -> Running | None:
    """The one that has not been collected yet."""
    return _running


def start(person: Any, version: PolicyVersion) -> None:
    """Begin one in a process of its own.

    Raises PermissionDenied, :class:`Occupied`, NodeAbsent, PolicyErrors, or OSError when no process can be started.
    """
    global _running
    if not person.may(Right.EDIT_POLICY):
        raise PermissionDenied("This takes the right to test policies.")
    collect()
    with _lock:
        if _running is not None:
            raise Occupied(
                f"A backtest of version {_running.version} is running; one at a time. Wait for it, or stop it."
            )
        link = node()
        test, against = link.backtest(version.text), digest_of(link.policy_text)
        with transaction.atomic():
            record(person, "policy.backtest_started", str(version), digest=version.digest, against=against)
            test.start()
        _running = Running(test, version.pk, against, timezone.now())


def stop(person: Any) -> None:
    """End the one at hand; it says then that it was stopped. Raises PermissionDenied."""
    if not person.may(Right.EDIT_POLICY):
        raise PermissionDenied("This takes the right to test policies.")
    found = _running
    if found is not None:
        found.test.stop()
        record(person, "policy.backtest_stopped", f"version {found.version}")
        collect()


def collect() -> None:
    """Keep the result of one that is over. Raises django.db.Error, and then it is kept the next time."""
    global _running
    with _lock:
        found = _running
        if found is None:
            return
        told = found.test.poll()
        if isinstance(told, Progress):
            return
        with transaction.atomic():
            PolicyVersion.objects.filter(pk=found.version).update(
                backtest=msgspec.json.encode(told).decode(),
                backtested=timezone.now(),
                backtested_against=found.against,
            )
            record(
                DESK,
                "policy.backtested",
                f"version {found.version}",
                **_in_short(told),
                against=found.against,
            )
        _running = None


def progress() -> Progress | None:
    """How far the one at hand has come; None: nothing is running."""
    told = _running.test.poll() if _running is not None else None
    return told if isinstance(told, Progress) else None


def _in_short(told: Compared | Failed) -> dict[str, Any]:
    if isinstance(told, Failed):
        return {"failed": told.words}
    return {"events": told.events, "newly": told.newly.total, "no_longer": told.no_longer.total}
