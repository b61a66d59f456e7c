"""From records to a row of features, in the order of :data:`tidegate.engine.features.FEATURES`.

The one function here writes each feature once, top to bottom as the table lists them; a test holds the two together.
"""

from typing import Any

import numpy as np

from tidegate.engine.arithmetic import ln
from tidegate.engine.features import DAY_S, FEATURE_INDEX, FEATURES, Signal
from tidegate.engine.machine import popcount
from tidegate.engine.rooms.decay import bits_set, since
from tidegate.events.compiled import inlined

WIDTH = len(FEATURES) + 1
"""Columns of a row: the features, then the model's score."""
SCORE = len(FEATURES)

NAN = np.float32(np.nan)
_ONE, _ZERO = np.float32(1.0), np.float32(0.0)

COLD_ANSWER_RATE, WARM_ANSWER_RATE = 0.1, 0.5
"""How many new contacts answer a cold caller, and somebody who gets acquainted. ``cold_outreach`` is the logarithm of the
likelihood ratio of the two, in nats."""
SILENT = np.float32(np.log((1 - COLD_ANSWER_RATE) / (1 - WARM_ANSWER_RATE)))
"""Evidence, in nats, of one contact without an answer."""
ANSWER = np.float32(np.log(WARM_ANSWER_RATE / COLD_ANSWER_RATE)) + SILENT
"""Evidence taken back by one answer."""
HOUR_PATIENCE, DAY_PATIENCE = np.float32(0.5), np.float32(0.35)
"""Recent contacts had little time to answer: this share of the last hour's, and of the last day's, does not count as
silent (CollegeMsg: half the first answers take longer than 3.9 hours, a quarter longer than 27)."""
RATE_PRIOR = np.float32(20.0)
"""Accounts' worth of good standing every network starts with."""

MIN_GAPS, MIN_SESSION_GAPS, MIN_STRANGERS, MIN_SIZES, MIN_HOURS = 8, 8, 4, 3, 50
LOG_AGE_FOR_INACTIVE_S = 3 * DAY_S

_REGISTER, _NETWORK, _DEVICE = int(Signal.REGISTER), int(Signal.NETWORK), int(Signal.DEVICE)
_TYPING, _SIZE, _FEEDBACK = int(Signal.TYPING), int(Signal.SIZE), int(Signal.FEEDBACK)
_CONTACT, _READ, _GROUP = int(Signal.CONTACT), int(Signal.READ), int(Signal.GROUP)
_PHONE, _CLIENT, _FORWARDS = int(Signal.PHONE), int(Signal.CLIENT), int(Signal.FORWARDS)
_GROUP_MESSAGE = int(Signal.GROUP_MESSAGE)


@inlined
def share(part: Any, whole: Any) -> Any:
    """part / whole, missing when there is (nearly) nothing to divide by, at most 1."""
    if whole < np.float32(0.05):
        return NAN
    return min(part / whole, _ONE)


@inlined
def spread_over_mean(variance: Any, mean: Any) -> Any:
    """The coefficient of variation."""
    if mean <= _ZERO:
        return NAN
    return np.float32(np.sqrt(max(variance, _ZERO)) / mean)


@inlined
def distinct(bitmap: Any) -> Any:
    """Distinct keys marked in a 256-bit bitmap (linear counting, Whang et al. 1990); saturates near 1,400."""
    empty = 256 - bits_set(bitmap)
    if empty == 0:
        empty = 1
    return np.float32(256.0 * ln(256.0 / empty))


@inlined
def distinct_on_device(bitmap: Any) -> Any:
    """The same over 64 bits; saturates near 260."""
    empty = 64 - popcount(bitmap)
    if empty == 0:
        empty = 1
    return np.float32(64.0 * ln(64.0 / empty))


@inlined
def quiet_share(hours: Any) -> Any:
    """Share of activity in the quietest two neighbouring three-hour bins; missing below 50 events."""
    total = np.int64(0)
    least = np.int64(1 << 30)
    for i in range(8):
        total += np.int64(hours[i])
        least = min(least, np.int64(hours[i]) + np.int64(hours[(i + 1) % 8]))
    if total < MIN_HOURS:
        return NAN
    return np.float32(least) / np.float32(total)


_VELOCITY = FEATURE_INDEX["sent_1m"]
_FIRST = FEATURE_INDEX["strangers_1m"]
_RECIPROCITY = FEATURE_INDEX["answered_1d"]
ACCOUNT_AGE = FEATURE_INDEX["account_age"]
_TIMING = FEATURE_INDEX["log_gap_mean"]
_TYPED = FEATURE_INDEX["typing_ratio_1d"]
_SIZES = FEATURE_INDEX["stranger_size_cv"]
_GROUPS = FEATURE_INDEX["groups_created_1h"]
_FEEDBACKS = FEATURE_INDEX["blocks_14d"]
BLOCKS, REPORTS = FEATURE_INDEX["blocks_14d"], FEATURE_INDEX["reports_14d"]
_NETWORKS = FEATURE_INDEX["net_registrations_1h"]
_CHANGES = FEATURE_INDEX["network_changes_1h"]
_DEVICES = FEATURE_INDEX["device_accounts"]
_REGISTRATION = FEATURE_INDEX["reg_net_1h"]
_CAMPAIGN = FEATURE_INDEX["campaign_score"]


@inlined
def _velocity(row: Any, a: Any, signals: Any) -> None:
    row[_VELOCITY] = a.sent_1m
    row[_VELOCITY + 1] = a.sent_1h
    row[_VELOCITY + 2] = a.sent_1d
    row[_VELOCITY + 3] = a.sent_14d
    row[_VELOCITY + 4] = a.group_sent_1h if signals & _GROUP_MESSAGE else NAN
    row[_VELOCITY + 5] = a.group_sent_1d if signals & _GROUP_MESSAGE else NAN


@inlined
def _first_contact(row: Any, a: Any, signals: Any, log_age_s: float) -> None:
    row[_FIRST] = a.strangers_1m
    row[_FIRST + 1] = a.strangers_1h
    row[_FIRST + 2] = a.strangers_1d
    row[_FIRST + 3] = a.strangers_14d
    row[_FIRST + 4] = distinct(a.strangers_seen)
    row[_FIRST + 5] = share(a.strangers_1d, a.sent_1d)
    row[_FIRST + 6] = share(a.strangers_14d, a.sent_14d)
    n = a.stranger_count
    row[_FIRST + 7] = a.stranger_gap_mean if n >= MIN_STRANGERS else NAN
    # Without sign-ups in the log, an account not yet heard of is unknown, not unused.
    judgeable = signals & _REGISTER and log_age_s >= LOG_AGE_FOR_INACTIVE_S
    row[_FIRST + 8] = a.inactive_targets if n > 0 and judgeable else NAN
    row[_FIRST + 9] = a.target_load if n > 0 else NAN


@inlined
def _reciprocity(row: Any, a: Any, signals: Any) -> None:
    row[_RECIPROCITY] = a.answered_1d
    row[_RECIPROCITY + 1] = a.answered_14d
    row[_RECIPROCITY + 2] = a.trusted_14d
    row[_RECIPROCITY + 3] = share(a.answered_14d, a.strangers_14d)
    row[_RECIPROCITY + 4] = share(a.trusted_14d, a.strangers_14d)
    row[_RECIPROCITY + 5] = max(a.strangers_1d - a.answered_1d, _ZERO)
    row[_RECIPROCITY + 6] = max(a.strangers_14d - a.answered_14d, _ZERO)
    mature = max(a.strangers_14d - HOUR_PATIENCE * a.strangers_1h - DAY_PATIENCE * a.strangers_1d, _ZERO)
    row[_RECIPROCITY + 7] = mature * SILENT - a.trusted_14d * ANSWER
    row[_RECIPROCITY + 8] = a.received_1d
    row[_RECIPROCITY + 9] = a.received_14d
    row[_RECIPROCITY + 10] = share(a.received_14d, a.received_14d + a.sent_14d)
    row[_RECIPROCITY + 11] = a.inbound_14d
    row[_RECIPROCITY + 12] = share(a.inbound_14d, a.inbound_14d + a.strangers_14d)
    row[_RECIPROCITY + 13] = a.saved_14d if signals & _CONTACT else NAN
    row[_RECIPROCITY + 14] = a.reads_14d if signals & _READ else NAN


@inlined
def _age(row: Any, a: Any, now: float) -> None:
    registered = a.registered_s != 0
    row[ACCOUNT_AGE] = np.float32(since(now, a.registered_s)) if registered else NAN
    row[ACCOUNT_AGE + 1] = a.first_message_delay if registered and a.sent_14d > _ZERO else NAN
    row[ACCOUNT_AGE + 2] = np.float32(since(now, a.first_active_s)) if a.first_active_s != 0 else NAN
    row[ACCOUNT_AGE + 3] = a.silence


@inlined
def _timing(row: Any, a: Any) -> None:
    enough = a.gaps >= MIN_GAPS
    row[_TIMING] = a.log_gap_mean if enough else NAN
    row[_TIMING + 1] = np.float32(np.sqrt(max(a.log_gap_var, _ZERO))) if enough else NAN
    memory, burstiness = NAN, NAN
    if enough:
        if a.log_gap_var > np.float32(1e-6):
            memory = max(min(a.log_gap_cov / a.log_gap_var, _ONE), -_ONE)
        deviation = np.float32(np.sqrt(max(a.gap_var, _ZERO)))
        if deviation + a.gap_mean > _ZERO:
            burstiness = (deviation - a.gap_mean) / (deviation + a.gap_mean)
    row[_TIMING + 2] = memory
    row[_TIMING + 3] = burstiness
    row[_TIMING + 4] = (
        spread_over_mean(a.session_gap_var, a.session_gap_mean) if a.session_gaps >= MIN_SESSION_GAPS else NAN
    )
    row[_TIMING + 5] = (
        spread_over_mean(a.stranger_gap_var, a.stranger_gap_mean)
        if a.stranger_count >= MIN_STRANGERS
        else NAN
    )
    row[_TIMING + 6] = quiet_share(a.hours)


@inlined
def _typing_and_sizes(row: Any, a: Any, signals: Any) -> None:
    typing = signals & _TYPING
    row[_TYPED] = (
        min(a.typing_1d / a.sent_1d, np.float32(4.0)) if typing and a.sent_1d >= np.float32(0.05) else NAN
    )
    row[_TYPED + 1] = a.untyped if typing and a.stranger_count > 0 else NAN
    sized = a.size_count >= MIN_SIZES
    row[_SIZES] = spread_over_mean(a.size_var, a.size_mean) if sized else NAN
    row[_SIZES + 1] = a.same_size if sized else NAN
    row[_SIZES + 2] = a.forwarded if signals & _FORWARDS else NAN


@inlined
def _groups(row: Any, a: Any, signals: Any) -> None:
    if not signals & _GROUP:
        for i in range(10):
            row[_GROUPS + i] = NAN
        return
    row[_GROUPS] = a.groups_1h
    row[_GROUPS + 1] = a.groups_1d
    row[_GROUPS + 2] = a.groups_14d
    row[_GROUPS + 3] = a.invites_1h
    row[_GROUPS + 4] = a.invites_1d
    row[_GROUPS + 5] = a.invites_14d
    row[_GROUPS + 6] = a.declines_14d
    row[_GROUPS + 7] = share(a.declines_14d, a.invites_14d)
    row[_GROUPS + 8] = a.joins_1h
    row[_GROUPS + 9] = a.joins_1d


@inlined
def _feedback(row: Any, a: Any, signals: Any) -> None:
    if not signals & _FEEDBACK:
        for i in range(5):
            row[_FEEDBACKS + i] = NAN
        return
    negative = a.blocks_14d + a.reports_14d
    row[_FEEDBACKS] = a.blocks_14d
    row[_FEEDBACKS + 1] = a.reports_14d
    row[_FEEDBACKS + 2] = a.negative_1d
    row[_FEEDBACKS + 3] = negative / max(a.strangers_14d, _ONE)
    row[_FEEDBACKS + 4] = a.unfounded_14d


@inlined
def _network(row: Any, a: Any, networks: Any, slot: Any, signals: Any) -> None:
    if slot < 0:
        for i in range(6):
            row[_NETWORKS + i] = NAN
    else:
        record = networks[slot]
        registered = signals & _REGISTER
        row[_NETWORKS] = record.registrations_1h if registered else NAN
        row[_NETWORKS + 1] = record.registrations_1d if registered else NAN
        accounts = distinct(record.accounts_seen)
        row[_NETWORKS + 2] = accounts
        row[_NETWORKS + 3] = record.messages_1h
        row[_NETWORKS + 4] = record.strikes_14d
        row[_NETWORKS + 5] = record.strikes_14d / (accounts + RATE_PRIOR)
    known = signals & _NETWORK
    row[_CHANGES] = a.network_changes_1h if known else NAN
    row[_CHANGES + 1] = a.network_changes_1d if known else NAN


@inlined
def _device(row: Any, a: Any, devices: Any, slot: Any, signals: Any, now: float) -> None:
    if slot < 0:
        for i in range(4):
            row[_DEVICES + i] = NAN
    else:
        record = devices[slot]
        row[_DEVICES] = distinct_on_device(record.accounts_seen)
        row[_DEVICES + 1] = record.registrations_14d if signals & _REGISTER else NAN
        row[_DEVICES + 2] = record.strikes_14d
        row[_DEVICES + 3] = np.float32(since(now, record.first_s))
    row[_DEVICES + 4] = a.device_changes_14d if signals & _DEVICE else NAN


@inlined
def _registration(row: Any, a: Any, signals: Any) -> None:
    seen = a.registered_s != 0
    row[_REGISTRATION] = a.reg_net_1h if seen and signals & _NETWORK else NAN
    row[_REGISTRATION + 1] = a.reg_range_1h if seen and signals & _PHONE else NAN
    row[_REGISTRATION + 2] = a.reg_client_surge if seen and signals & _CLIENT else NAN
    row[_REGISTRATION + 3] = a.reg_strikes if seen else NAN
    row[_CAMPAIGN] = max(a.campaign_14d, _ZERO)


@inlined
def fill_row(
    row: Any,
    a: Any,
    networks: Any,
    network_slot: Any,
    devices: Any,
    device_slot: Any,
    signals: Any,
    log_age_s: float,
    now: float,
) -> None:
    """Write all features of account ``a`` at ``now``; slots are -1 when the event did not name a network or device."""
    _velocity(row, a, signals)
    _first_contact(row, a, signals, log_age_s)
    _reciprocity(row, a, signals)
    _age(row, a, now)
    _timing(row, a)
    _typing_and_sizes(row, a, signals)
    _groups(row, a, signals)
    _feedback(row, a, signals)
    _network(row, a, networks, network_slot, signals)
    _device(row, a, devices, device_slot, signals, now)
    _registration(row, a, signals)
    row[SCORE] = NAN
