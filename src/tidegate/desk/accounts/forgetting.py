"""What leaves the desk: one account that is erased, and everything that has outlived its retention.

The node is the first to forget. It tells in its own thread, which must not wait for the desk's database, so what it says
is kept as an empty file until the desk has done the same; a desk that was away does it when it is back.
"""

import logging
import os
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from tidegate.desk.accounts.models import Sweep
from tidegate.desk.appeals import forgetting as appeals
from tidegate.desk.appeals.models import Appeal
from tidegate.desk.ledger.models import Account, Decision, stored
from tidegate.desk.node_link import NodeAbsent, node
from tidegate.desk.policies import forgetting as policies
from tidegate.desk.review.models import Ruled
from tidegate.node.requests import StorageError
from tidegate.node.settings import Retention

log = logging.getLogger(__name__)
FOLDER = "desk-erasures"
AT_ONCE = 1_000
"""Decisions that one call of :func:`outlived` removes at most, and as many whose reasons it drops."""
EVERY_S = 60.0
ROUND = timedelta(days=7)
"""How often all old decisions are looked at anew: one that still stood the last time may have ended since."""
_PERSON = "ruling"
"""The one reason that stays: that a person decided says nothing of how the account behaved."""
_last_s = -EVERY_S
others: list[Callable[[int], int]] = []
"""What other rooms forget about an account that is erased, by pseudonym; each says how much. Apps add theirs when they
are ready. Not called for an account that only outlived the retention of decisions: what a case copied stays in it."""


# -- one account -------------------------------------------------------------------------------------------------------


def forget(key: int, *, erased: bool = True) -> dict[str, int]:
    """Delete everything the desk keeps about an account. Rulings stay for the statistics, without account and words.

    ``erased``: somebody asked for it; else it has outlived its retention. Returns how much, by kind. Files of appeals go
    with their rows, once the transaction has succeeded.
    """
    row = stored(key)
    with transaction.atomic():
        gone = {
            "decisions": Decision.objects.filter(account_id=row).count(),
            "appeals": Appeal.objects.filter(account_id=row).count(),
            "rulings": Ruled.objects.filter(account_id=row).update(account=None, note=""),
            "backtests": policies.forget(key),
        }
        for other in others if erased else ():
            gone[other.__module__.rpartition(".")[0].rpartition(".")[2]] = other(key)
        Account.objects.filter(pk=row).delete()
    cache.delete(f"life-{key:016x}")
    return gone


def note(key: int) -> None:
    """Remember durably that the node has erased an account. Any thread; waits for no database. Raises StorageError."""
    folder = _folder()
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        (folder / f"{key:016x}").touch(mode=0o600)
        _make_durable(folder)
    except OSError as error:
        raise StorageError(f"{folder}: an erasure cannot be noted for the desk: {error.strerror}") from None


def go_on() -> int:
    """Forget the accounts that the node has erased. Returns how many. Raises django.db.Error or StorageError."""
    folder = _folder()
    try:
        noted = sorted(folder.iterdir())[:AT_ONCE]
        for file in noted:
            forget(int(file.name, 16))
            file.unlink()
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise StorageError(
            f"{folder}: erasures noted for the desk cannot be read: {error.strerror}"
        ) from None
    return len(noted)


def _folder() -> Path:
    return Path(settings.TIDEGATE_FOLDER) / FOLDER


def _make_durable(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# -- what is too old ---------------------------------------------------------------------------------------------------


def tend() -> None:
    """Called after every look at the node: erasures at once, retention at most once a minute."""
    global _last_s
    go_on()
    if time.monotonic() - _last_s < EVERY_S:
        return
    try:
        keep = node().settings.retention
    except NodeAbsent:
        return
    _last_s = time.monotonic()
    outlived(timezone.now(), keep)
    appeals.outlived(timezone.now())


def outlived(now: datetime, keep: Retention) -> dict[str, int]:
    """Remove a bounded piece of what is older than its retention. Returns how much, by kind.

    What still stands keeps its last decision and the reasons for it, however old: somebody may appeal against it.
    Counts by day stay for ever.
    """
    gone = {"reasons": 0, "decisions": 0, "accounts": 0}
    if keep.reasons_days:
        gone["reasons"] = _drop_reasons(now, now - timedelta(days=keep.reasons_days))
    if keep.decisions_days:
        gone["decisions"], gone["accounts"] = _drop_decisions(now, now - timedelta(days=keep.decisions_days))
    return gone


def _drop_decisions(now: datetime, before: datetime) -> tuple[int, int]:
    with transaction.atomic():
        old = Decision.objects.filter(time__lt=before).exclude(_stands(now)).order_by("time")
        rows = list(old.values_list("number", "account_id")[:AT_ONCE])
        Decision.objects.filter(number__in=[number for number, _ in rows]).delete()
        accounts = {account for _, account in rows}
        left = Decision.objects.filter(account_id=OuterRef("pk"))
        used = Appeal.objects.filter(account_id=OuterRef("pk"), received__gte=before)
        empty = [
            account.key
            for account in Account.objects.filter(Q(pk__in=accounts) & ~Exists(left) & ~Exists(used))
        ]
        for key in empty:
            forget(key, erased=False)
    return len(rows), len(empty)


def _drop_reasons(now: datetime, before: datetime) -> int:
    with transaction.atomic():
        sweep = Sweep.now()
        if sweep.through is None and sweep.finished is not None and now - sweep.finished < ROUND:
            return 0
        old = Decision.objects.filter(time__lt=before).order_by("time")
        if sweep.through is not None:
            old = old.filter(time__gte=sweep.through)
        piece = list(old[:AT_ONCE])
        standing = set(
            Decision.objects.filter(_stands(now), number__in=[one.number for one in piece]).values_list(
                "number", flat=True
            )
        )
        changed = []
        for one in piece:
            kept = [reason for reason in one.reasons if reason.get("name") == _PERSON]
            if one.number not in standing and kept != one.reasons:
                one.reasons = kept
                changed.append(one)
        Decision.objects.bulk_update(changed, ["reasons"])
        _move_on(sweep, piece, now)
    return len(changed)


def _move_on(sweep: Any, piece: list[Decision], now: datetime) -> None:
    if len(piece) < AT_ONCE:
        sweep.through, sweep.finished = None, now
    else:
        last = piece[-1].time
        # Many at one and the same time must not hold the round up.
        sweep.through = last if last != sweep.through else last + timedelta(microseconds=1)
    sweep.save()


def _stands(now: datetime) -> Q:
    """It is its account's last decision, and the rung on which that stands."""
    later = Decision.objects.filter(account_id=OuterRef("account_id"), number__gt=OuterRef("number"))
    ended = Q(account__until__isnull=False, account__until__lte=now)
    return Q(account__rung__gt=0) & ~ended & ~Exists(later)
