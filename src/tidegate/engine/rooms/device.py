"""Room two: the device an event came from."""

from typing import Any

import numpy as np

from tidegate.engine.rooms.decay import clock, kept_fortnight, struck
from tidegate.events.compiled import inlined


@inlined
def device_catches_up(record: Any, now: float) -> None:
    """Bring the record's counters to ``now``."""
    if record.first_s == 0:
        record.first_s = clock(now)
        record.last_s = now
    elapsed = now - record.last_s
    if elapsed <= 0.0:
        return
    fortnight = kept_fortnight(elapsed)
    record.registrations_14d *= fortnight
    record.strikes_14d *= fortnight
    record.last_s = now


@inlined
def device_sees(record: Any, account: Any, is_registration: Any, now: float) -> None:
    """An account did something on this device."""
    device_catches_up(record, now)
    record.accounts_seen |= np.uint64(1) << ((np.uint64(account) >> np.uint64(40)) & np.uint64(63))
    if is_registration:
        record.registrations_14d += np.float32(1.0)


@inlined
def device_struck(record: Any, weight: Any, now: float) -> None:
    """An account of this device was found abusive (weight 1), or was cleared (what is left of its strike, below 0)."""
    device_catches_up(record, now)
    record.strikes_14d = struck(record.strikes_14d, weight)
