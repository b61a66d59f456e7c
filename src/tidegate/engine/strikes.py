"""Strikes: findings of abuse on their way back to the network, device and number range they came from.

Where each went is kept apart from the account's record (TRACE), so that whoever is cleared after moving on is cleared
where the strike was given, and by as much as is left of it.
"""

from typing import Any

import numpy as np

from tidegate.engine.arithmetic import mixed
from tidegate.engine.index import find, find_or_add, free
from tidegate.engine.layout import MAX_STRIKES, STRIKES_KEPT, TRACE_WORDS
from tidegate.engine.rooms.decay import clock, kept_fortnight, since
from tidegate.engine.rooms.device import device_struck
from tidegate.engine.rooms.network import NUMBER_RANGE_SALT, network_struck
from tidegate.events.compiled import inlined

_NOWHERE = np.uint64(0)
_ON_ITS_WAY, _NONE = np.uint32(1), np.uint32(0)
_WHOLE = np.float32(1.0)


@inlined
def queue_strike(
    t: Any, key: Any, network_slot: Any, device_slot: Any, phone_range: Any, weight: Any
) -> None:
    """``key``: of the account. Slots are + 1, 0 for none. The queue is emptied at each block and cannot overflow."""
    n = t.header[0].strikes
    if n < MAX_STRIKES:
        t.strikes[n].key = np.uint64(key)
        t.strikes[n].network_slot = np.uint32(network_slot)
        t.strikes[n].device_slot = np.uint32(device_slot)
        t.strikes[n].phone_range = np.uint32(phone_range)
        t.strikes[n].weight = np.float32(weight)
        t.header[0].strikes = n + 1


@inlined
def add_strike(t: Any, account: Any, item: Any, now: float) -> None:
    """Strike the account's surroundings as they were when it was judged, and remember which these are."""
    queue_strike(t, account.key, item.network_slot, item.device_slot, item.phone_range, _WHOLE)
    slot, _ = find_or_add(t.tt[0], t.ti, t.to, t.traces, account.key)
    trace = t.traces[slot]
    for later in range(1, STRIKES_KEPT):
        i = STRIKES_KEPT - later
        trace.network[i], trace.device[i] = trace.network[i - 1], trace.device[i - 1]
        trace.phone_range[i], trace.arrived_s[i] = trace.phone_range[i - 1], trace.arrived_s[i - 1]
    trace.network[0] = t.networks[np.int64(item.network_slot) - 1].key if item.network_slot != 0 else _NOWHERE
    trace.device[0] = t.devices[np.int64(item.device_slot) - 1].key if item.device_slot != 0 else _NOWHERE
    trace.phone_range[0], trace.arrived_s[0] = item.phone_range, _ON_ITS_WAY
    trace.last_s = max(now, 0.0)  # below 0 it would be a freed record


@inlined
def take_back(t: Any, key: Any, most: Any, now: float) -> None:
    """Take back what is left of the latest ``most`` strikes of an account, where they were given."""
    slot = find(t.tt[0], t.ti, t.to, t.traces, key)
    if slot < 0:
        return
    trace = t.traces[slot]
    for _ in range(most):
        if trace.arrived_s[0] == _NONE:
            break
        network_slot, device_slot = np.int64(0), np.int64(0)
        if trace.network[0] != _NOWHERE:
            network_slot = find(t.nt[0], t.ni, t.no, t.networks, trace.network[0]) + 1
        if trace.device[0] != _NOWHERE:
            device_slot = find(t.dt[0], t.di, t.do, t.devices, trace.device[0]) + 1
        left = _WHOLE
        if trace.arrived_s[0] != _ON_ITS_WAY:
            left = kept_fortnight(since(now, trace.arrived_s[0]))
        queue_strike(t, key, network_slot, device_slot, trace.phone_range[0], -left)
        for i in range(STRIKES_KEPT - 1):
            trace.network[i], trace.device[i] = trace.network[i + 1], trace.device[i + 1]
            trace.phone_range[i], trace.arrived_s[i] = trace.phone_range[i + 1], trace.arrived_s[i + 1]
        trace.arrived_s[STRIKES_KEPT - 1] = _NONE
    if trace.arrived_s[0] == _NONE:
        free(t.tt[0], t.ti, t.to, t.traces, t.trace_words, TRACE_WORDS, slot)


@inlined
def forget_trace(t: Any, key: Any) -> None:
    """Forget where an account's strikes went; the strikes themselves fade where they are."""
    slot = find(t.tt[0], t.ti, t.to, t.traces, key)
    if slot >= 0:
        free(t.tt[0], t.ti, t.to, t.traces, t.trace_words, TRACE_WORDS, slot)


@inlined
def note_arrival(t: Any, key: Any, now: float) -> None:
    """An account's strikes that were on their way fade from now on."""
    slot = find(t.tt[0], t.ti, t.to, t.traces, key)
    if slot >= 0:
        trace = t.traces[slot]
        for i in range(STRIKES_KEPT):
            if trace.arrived_s[i] == _ON_ITS_WAY:
                trace.arrived_s[i] = clock(now)


@inlined
def deliver_strikes(t: Any, now: float) -> None:
    """Let the strikes of the last block reach networks, devices and number ranges."""
    for i in range(t.header[0].strikes):
        strike = t.strikes[i]
        if strike.network_slot != 0:
            network_struck(t.networks[np.int64(strike.network_slot) - 1], strike.weight, now)
        if strike.device_slot != 0:
            device_struck(t.devices[np.int64(strike.device_slot) - 1], strike.weight, now)
        if strike.phone_range != 0:
            key = mixed(NUMBER_RANGE_SALT ^ np.uint64(strike.phone_range))
            slot = find(t.nt[0], t.ni, t.no, t.networks, key)
            if slot >= 0:
                network_struck(t.networks[slot], strike.weight, now)
        if strike.weight > np.float32(0.0):
            note_arrival(t, strike.key, now)
    t.header[0].strikes = 0
