"""Room four: the account that is judged, by what it does and by what people say back to it."""

from typing import Any

import numpy as np

from tidegate.engine.arithmetic import ln
from tidegate.engine.layout import REPORTERS
from tidegate.engine.rooms.decay import (
    blended,
    clock,
    kept_day_and_fortnight,
    kept_minute_to_fortnight,
    mark,
    since,
)
from tidegate.events.compiled import inlined

LEAST_GAP_S = 0.1
"""Gaps below this are taken as this, so that a logarithm exists."""
SESSION_S = 300.0
"""Messages closer than this belong to one session."""
TYPED_WITHIN_S = 120.0
MOMENTS_CAP = 32
STRANGER_CAP = 16
NEIGHBOUR_WORTH = np.float32(0.1)
"""Worth of an answer from the sender's own network or device."""
CORRELATED_WEIGHT = np.float32(0.25)
"""Weight of a complaint from a network that complained just before."""
WORTHLESS_FROM = np.float32(0.5)
"""From this strength of a campaign on its members' complaints weigh nothing; below, in proportion more."""
HALF = np.float32(0.5)
_ONE, _ZERO = np.float32(1.0), np.float32(0.0)


@inlined
def own_counters_catch_up(account: Any, now: float) -> Any:
    """Bring the sender half to ``now``; returns seconds since the account's last own event (0 the first time)."""
    last = account.last_s
    if last == 0.0:
        account.last_s = now
        return 0.0
    elapsed = now - last
    if elapsed <= 0.0:
        return 0.0
    minute, hour, day, fortnight = kept_minute_to_fortnight(elapsed)
    account.sent_1m *= minute
    account.strangers_1m *= minute
    account.sent_1h *= hour
    account.strangers_1h *= hour
    account.groups_1h *= hour
    account.invites_1h *= hour
    account.joins_1h *= hour
    account.group_sent_1h *= hour
    account.network_changes_1h *= hour
    account.sent_1d *= day
    account.strangers_1d *= day
    account.groups_1d *= day
    account.invites_1d *= day
    account.joins_1d *= day
    account.group_sent_1d *= day
    account.typing_1d *= day
    account.network_changes_1d *= day
    account.sent_14d *= fortnight
    account.strangers_14d *= fortnight
    account.groups_14d *= fortnight
    account.invites_14d *= fortnight
    account.device_changes_14d *= fortnight
    account.silence = max(np.float32(elapsed), account.silence * day)
    account.last_s = now
    return elapsed


@inlined
def said_back_catches_up(account: Any, now: float) -> None:
    """Bring what people said back to ``now``."""
    last = account.said_back_s
    if last == 0.0:
        account.said_back_s = now
        return
    elapsed = now - last
    if elapsed <= 0.0:
        return
    day, fortnight = kept_day_and_fortnight(elapsed)
    account.received_1d *= day
    account.answered_1d *= day
    account.negative_1d *= day
    account.received_14d *= fortnight
    account.inbound_14d *= fortnight
    account.answered_14d *= fortnight
    account.trusted_14d *= fortnight
    account.blocks_14d *= fortnight
    account.reports_14d *= fortnight
    account.unfounded_14d *= fortnight
    account.saved_14d *= fortnight
    account.declines_14d *= fortnight
    account.reads_14d *= fortnight
    account.campaign_14d *= fortnight
    account.said_back_s = now


@inlined
def acts(account: Any, network_slot: Any, device_slot: Any, now: float) -> None:
    """Any own event: counters, network and device changes, the hour of day. Slots are +1, 0 when unknown."""
    elapsed = own_counters_catch_up(account, now)
    account.message_lag_s += np.float32(elapsed)
    account.stranger_lag_s += np.float32(elapsed)
    if account.first_active_s == 0:
        account.first_active_s = clock(now)
    if network_slot != 0 and network_slot != account.network_slot:
        if account.network_slot != 0:
            account.network_changes_1h += _ONE
            account.network_changes_1d += _ONE
        account.network_slot = np.uint32(network_slot)
    if device_slot != 0 and device_slot != account.device_slot:
        if account.device_slot != 0:
            account.device_changes_14d += _ONE
        account.device_slot = np.uint32(device_slot)
    bin_ = (np.int64(now) // 10_800) % 8
    if account.hours[bin_] == 255:
        for i in range(8):
            account.hours[i] >>= 1
    account.hours[bin_] += np.uint8(1)


@inlined
def registers(account: Any, phone_range: Any, now: float) -> None:
    """The account signs up."""
    account.registered_s = clock(now)
    account.phone_range = phone_range


@inlined
def _times_gap(account: Any) -> None:
    gap = np.float32(max(account.message_lag_s, np.float32(LEAST_GAP_S)))
    log_gap = np.float32(ln(np.float64(gap)))
    n = account.gaps
    if n > 0:
        before = log_gap - account.log_gap_mean
        account.log_gap_mean = blended(account.log_gap_mean, log_gap, n, MOMENTS_CAP)
        after = log_gap - account.log_gap_mean
        account.log_gap_var = blended(account.log_gap_var, before * after, n, MOMENTS_CAP)
        account.log_gap_cov = blended(account.log_gap_cov, before * account.log_gap_last, n, MOMENTS_CAP)
        account.log_gap_last = after
        deviation = gap - account.gap_mean
        account.gap_mean = blended(account.gap_mean, gap, n, MOMENTS_CAP)
        account.gap_var = blended(account.gap_var, deviation * (gap - account.gap_mean), n, MOMENTS_CAP)
    else:
        account.log_gap_mean = log_gap
        account.gap_mean = gap
    if n < MOMENTS_CAP:
        account.gaps += np.uint8(1)
    if gap < np.float32(SESSION_S):
        m = account.session_gaps
        deviation = gap - account.session_gap_mean
        account.session_gap_mean = blended(account.session_gap_mean, gap, m, MOMENTS_CAP)
        account.session_gap_var = blended(
            account.session_gap_var, deviation * (gap - account.session_gap_mean), m, MOMENTS_CAP
        )
        if m < MOMENTS_CAP:
            account.session_gaps += np.uint8(1)


@inlined
def sends(account: Any, event: Any, first_ever: Any, now: float) -> None:
    """A message leaves, to one person or to a group."""
    if first_ever:
        if account.registered_s != 0:
            account.first_message_delay = np.float32(since(now, account.registered_s))
    else:
        _times_gap(account)
    account.message_lag_s = _ZERO
    account.sent_1m += _ONE
    account.sent_1h += _ONE
    account.sent_1d += _ONE
    account.sent_14d += _ONE
    if event.forwards != 255:
        share = _ONE if event.forwards > 0 else _ZERO
        account.forwarded = blended(account.forwarded, share, account.gaps, MOMENTS_CAP)


@inlined
def sends_to_group(account: Any) -> None:
    """The message went to a group."""
    account.group_sent_1h += _ONE
    account.group_sent_1d += _ONE


@inlined
def contacts_stranger(account: Any, event: Any, target_was_active: Any, load: Any, now: float) -> None:
    """The message was the first ever to its recipient; ``load``: strangers who wrote to them lately."""
    mark(account.strangers_seen, event.target)
    account.strangers_1m += _ONE
    account.strangers_1h += _ONE
    account.strangers_1d += _ONE
    account.strangers_14d += _ONE
    n = account.stranger_count
    inactive = _ZERO if target_was_active else _ONE
    account.inactive_targets = blended(account.inactive_targets, inactive, n, STRANGER_CAP)
    account.target_load = blended(account.target_load, load, n, STRANGER_CAP)
    typed = account.last_typing_s != 0 and since(now, account.last_typing_s) <= TYPED_WITHIN_S
    account.untyped = blended(account.untyped, _ZERO if typed else _ONE, n, STRANGER_CAP)
    if n > 0:
        gap = account.stranger_lag_s
        deviation = gap - account.stranger_gap_mean
        account.stranger_gap_mean = blended(account.stranger_gap_mean, gap, n - 1, STRANGER_CAP)
        account.stranger_gap_var = blended(
            account.stranger_gap_var, deviation * (gap - account.stranger_gap_mean), n - 1, STRANGER_CAP
        )
    account.stranger_lag_s = _ZERO
    if n < STRANGER_CAP + 1:
        account.stranger_count += np.uint8(1)
    if event.size >= 0:
        _sizes(account, event.size)


@inlined
def _sizes(account: Any, size_bytes: Any) -> None:
    n = account.size_count
    size = np.float32(size_bytes)
    if n > 0:
        same = _ONE if size_bytes == account.last_size else _ZERO
        account.same_size = blended(account.same_size, same, n - 1, STRANGER_CAP)
        deviation = size - account.size_mean
        account.size_mean = blended(account.size_mean, size, n, STRANGER_CAP)
        account.size_var = blended(account.size_var, deviation * (size - account.size_mean), n, STRANGER_CAP)
    else:
        account.size_mean = size
    account.last_size = size_bytes
    if n < STRANGER_CAP + 1:
        account.size_count += np.uint8(1)


@inlined
def types(account: Any, now: float) -> None:
    """A typing notice."""
    account.typing_1d += _ONE
    account.last_typing_s = clock(now)


@inlined
def creates_group(account: Any) -> None:
    """A new group."""
    account.groups_1h += _ONE
    account.groups_1d += _ONE
    account.groups_14d += _ONE


@inlined
def invites(account: Any) -> None:
    """Somebody is added or invited to a group."""
    account.invites_1h += _ONE
    account.invites_1d += _ONE
    account.invites_14d += _ONE


@inlined
def joins(account: Any) -> None:
    """The account enters a group."""
    account.joins_1h += _ONE
    account.joins_1d += _ONE


@inlined
def receives(account: Any, began_it: Any, now: float) -> None:
    """A message comes in from somebody, perhaps as the beginning of a conversation."""
    said_back_catches_up(account, now)
    account.received_1d += _ONE
    account.received_14d += _ONE
    if began_it:
        account.inbound_14d += _ONE


@inlined
def is_answered(account: Any, worth: Any, network_slot: Any, device_slot: Any) -> None:
    """A new contact writes back for the first time. Neighbours of the sender count a tenth."""
    account.answered_1d += _ONE
    account.answered_14d += _ONE
    near = (network_slot != 0 and network_slot == account.network_slot) or (
        device_slot != 0 and device_slot == account.device_slot
    )
    account.trusted_14d += worth * NEIGHBOUR_WORTH if near else worth


@inlined
def is_complained_about(
    account: Any, weight: Any, was_contacted_first: Any, is_report: Any, network: Any, now: float
) -> Any:
    """A block or report. Returns the weight that counted, after correlation."""
    said_back_catches_up(account, now)
    if weight <= _ZERO or not was_contacted_first:
        # Whoever began the contact, or never had one, or is of a ring, may complain as often as they like.
        weight = weight / (_ONE + account.unfounded_14d)
        account.unfounded_14d += _ONE
    elif network != np.uint64(0):
        mark_ = np.uint16(network & np.uint64(0xFFFF)) | np.uint16(1)
        for i in range(REPORTERS):
            if account.reporters[i] == mark_:
                weight *= CORRELATED_WEIGHT
                break
        for i in range(REPORTERS - 1, 0, -1):
            account.reporters[i] = account.reporters[i - 1]
        account.reporters[0] = mark_
    if is_report:
        account.reports_14d += weight
    else:
        account.blocks_14d += weight
    account.negative_1d += weight
    return weight


@inlined
def is_found_in_campaign(account: Any, strength: Any, reports_falsely: Any) -> None:
    """A member of a fleet of senders, or of a ring of false reporters. One number holds both, by its sign.

    Complaints of either weigh nothing from a strength of a half on, so a fleet's member that is found in a ring too
    stays what it is: nobody gets rid of the one finding by earning the other.
    """
    if strength <= _ZERO:
        return
    if not reports_falsely:
        account.campaign_14d = max(account.campaign_14d, strength)
    elif account.campaign_14d < WORTHLESS_FROM:
        account.campaign_14d = min(account.campaign_14d, -strength)


@inlined
def loses_complaints(account: Any, share_of_ring: Any) -> Any:
    """Take out the complaints of a ring that brought this share of all; True when that was half their weight or more.

    Nobody remembers which complaint weighed what, so what others said is taken to be what weighs: whoever lets
    weightless accounts complain about themselves gets rid of nothing. What is taken out counts as weightless from now
    on; so a finding that comes again takes out nothing twice.
    """
    weight = account.blocks_14d + account.reports_14d
    if weight <= _ZERO:
        return False
    of_others = (_ONE - share_of_ring) * (weight + account.unfounded_14d)
    left = min(of_others / weight, _ONE)
    account.blocks_14d *= left
    account.reports_14d *= left
    account.negative_1d *= left
    account.unfounded_14d += weight * (_ONE - left)
    return left <= HALF
