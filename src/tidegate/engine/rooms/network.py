"""Room one: the network prefix an event came from (and, at sign-up, the number range and the client software)."""

from typing import Any

import numpy as np

from tidegate.engine.rooms.decay import clock, kept_fortnight, kept_hour_day_fortnight, mark, since, struck
from tidegate.events.compiled import inlined

NUMBER_RANGE_SALT = np.uint64(0x6E756D6265727300)
CLIENT_SALT = np.uint64(0x636C69656E740000)


@inlined
def network_catches_up(record: Any, now: float) -> None:
    """Bring the record's counters to ``now``."""
    if record.first_s == 0:
        record.first_s = clock(now)
        record.last_s = now
    elapsed = now - record.last_s
    if elapsed <= 0.0:
        return
    hour, day, fortnight = kept_hour_day_fortnight(elapsed)
    record.registrations_1h *= hour
    record.registrations_1d *= day
    record.registrations_14d *= fortnight
    record.messages_1h *= hour
    record.strikes_14d *= fortnight
    record.last_s = now


@inlined
def network_sees(record: Any, account: Any, is_registration: Any, is_message: Any, now: float) -> None:
    """An account did something from this network."""
    network_catches_up(record, now)
    mark(record.accounts_seen, account)
    if is_message:
        record.messages_1h += np.float32(1.0)
    if is_registration:
        one = np.float32(1.0)
        record.registrations_1h += one
        record.registrations_1d += one
        record.registrations_14d += one


@inlined
def surge(record: Any, now: float) -> Any:
    """Sign-ups of about the last hour against what the last fortnight's rate would bring, plus one."""
    age = since(now, record.first_s)
    filled = np.float32(1.0) - kept_fortnight(age)
    if filled < np.float32(0.001):
        filled = np.float32(0.001)
    usual = record.registrations_14d / filled / np.float32(336.0)
    return np.float32(record.registrations_1h / (usual + np.float32(1.0)))


@inlined
def network_struck(record: Any, weight: Any, now: float) -> None:
    """An account of this network was found abusive (weight 1), or was cleared (what is left of its strike, below 0)."""
    network_catches_up(record, now)
    record.strikes_14d = struck(record.strikes_14d, weight)
