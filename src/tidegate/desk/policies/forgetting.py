"""What backtests say of accounts leaves the desk: with an account that is erased, and with the log they came from."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
from django.db import transaction
from django.utils import timezone

from tidegate.desk.node_link import NodeAbsent, node
from tidegate.desk.policies.models import PolicyVersion
from tidegate.node.compared import AccountCompared, Compared, Failed
from tidegate.statements.statement import pseudonym_shown

EVERY_S = 3_600.0
AT_ONCE = 50
_RESULT = msgspec.json.Decoder(Compared | Failed)
_last_s = -EVERY_S


def tend() -> None:
    """Once an hour: accounts are no longer listed once the node has dropped the events that tell of them."""
    global _last_s
    if time.monotonic() - _last_s < EVERY_S:
        return
    try:
        log_days = node().settings.retention.log_days
    except NodeAbsent:
        return
    _last_s = time.monotonic()
    if log_days:  # 0: kept for ever
        outlived(timezone.now() - timedelta(days=log_days))


def forget(key: int) -> int:
    """Take an account out of every backtest; counts stay. Returns out of how many."""
    pseudonym = pseudonym_shown(key)
    found = PolicyVersion.objects.filter(backtest__contains=pseudonym).values_list("pk", flat=True)
    return _without(list(found), lambda one: one.pseudonym == pseudonym)


def outlived(before: datetime) -> int:
    """Take every account out of backtests made before that; counts stay. Returns out of how many, a bounded number."""
    found = PolicyVersion.objects.filter(backtested__lt=before, backtest__contains='"pseudonym":')
    return _without(list(found.values_list("pk", flat=True)[:AT_ONCE]), lambda _: True)


def _without(versions: list[int], drop: Callable[[AccountCompared], bool]) -> int:
    changed = 0
    for pk in versions:
        with transaction.atomic():
            version = PolicyVersion.objects.select_for_update().get(pk=pk)
            said = _RESULT.decode(version.backtest) if version.backtest else None
            if not isinstance(said, Compared):
                continue
            newly, no_longer = (
                msgspec.structs.replace(side, listed=[one for one in side.listed if not drop(one)])
                for side in (said.newly, said.no_longer)
            )
            kept = msgspec.structs.replace(said, newly=newly, no_longer=no_longer)
            version.backtest = msgspec.json.encode(kept).decode()
            version.save(update_fields=["backtest"])
            changed += 1
    return changed
