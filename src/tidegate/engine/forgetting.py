"""Forgetting: what has been idle for too long, so that memory stays bounded, and whom somebody asks to forget.

An account points to its last network and device by their slots. So these two count the accounts that point to them
(``held_by``) and are freed only when there is none: a slot can never be taken for that of another network. Everything
here happens at the beginning of a block, when no strike and no row waits that could point to a record, except an
erasure, which makes rows be judged first.
"""

from typing import Any

import numpy as np

from tidegate.engine.index import find, free
from tidegate.engine.layout import ACCOUNT_WORDS, DEVICE, DEVICE_WORDS, NETWORK, NETWORK_WORDS
from tidegate.engine.machine import prefetch
from tidegate.engine.rooms.decay import clock
from tidegate.engine.strikes import forget_trace
from tidegate.events.compiled import inlined

SWEEP_STEP = 2
"""Records looked at for each one made."""


_ONE = np.uint32(1)
_HELD_BY_OF_NETWORK, _HELD_BY_OF_DEVICE = (
    np.int64({name: field[1] for name, field in (dtype.fields or {}).items()}["held_by"])
    for dtype in (NETWORK, DEVICE)
)


@inlined
def arrives(t: Any, account: Any, network_slot: Any, device_slot: Any) -> Any:
    """Count an account where it is now, before it is told so; slots are -1 when the event names none.

    Returns the slots of network and device that it leaves, or -1. Their records are far away in memory, so they are
    asked for here and counted down by :func:`leaves` when they have come.
    """
    left_network, left_device = np.int64(-1), np.int64(-1)
    if network_slot >= 0 and account.network_slot != network_slot + 1:
        left_network = np.int64(account.network_slot) - 1
        t.networks[network_slot].held_by += _ONE
        if left_network >= 0:
            prefetch(t.networks, left_network, _HELD_BY_OF_NETWORK)
    if device_slot >= 0 and account.device_slot != device_slot + 1:
        left_device = np.int64(account.device_slot) - 1
        t.devices[device_slot].held_by += _ONE
        if left_device >= 0:
            prefetch(t.devices, left_device, _HELD_BY_OF_DEVICE)
    return left_network, left_device


@inlined
def leaves(t: Any, network_slot: Any, device_slot: Any) -> None:
    """Count down what an account has left; slots are -1 when there is nothing."""
    if network_slot >= 0:
        t.networks[network_slot].held_by -= _ONE
    if device_slot >= 0:
        t.devices[device_slot].held_by -= _ONE


@inlined
def forget_account(t: Any, slot: Any) -> None:
    """Free an account's record. No row may be waiting for it."""
    leaves(t, np.int64(t.accounts[slot].network_slot) - 1, np.int64(t.accounts[slot].device_slot) - 1)
    forget_trace(t, t.accounts[slot].key)
    free(t.at[0], t.ai, t.ao, t.accounts, t.words, ACCOUNT_WORDS, slot)
    t.header[0].evicted += 1


@inlined
def erase(t: Any, key: Any) -> None:
    """Forget one account now, whatever it stands on. Nothing happens when it is unknown."""
    slot = find(t.at[0], t.ai, t.ao, t.accounts, key)
    if slot >= 0:
        forget_account(t, slot)


@inlined
def forget_idle(t: Any, now: float) -> None:
    """For each record made in the last block, look at two of its table in turn and free those idle beyond the limit."""
    header = t.header[0]
    header.sweep_at = forget_idle_accounts(
        t, header.sweep_at, SWEEP_STEP * header.births, header.idle_limit_s, now
    )
    header.network_sweep_at = forget_idle_places(
        t.nt[0],
        t.ni,
        t.no,
        t.networks,
        t.network_words,
        NETWORK_WORDS,
        header.network_sweep_at,
        SWEEP_STEP * header.network_births,
        header.idle_limit_s,
        now,
    )
    header.device_sweep_at = forget_idle_places(
        t.dt[0],
        t.di,
        t.do,
        t.devices,
        t.device_words,
        DEVICE_WORDS,
        header.device_sweep_at,
        SWEEP_STEP * header.device_births,
        header.idle_limit_s,
        now,
    )
    header.births = header.network_births = header.device_births = 0


@inlined
def forget_idle_accounts(t: Any, sweep_at: Any, looks: Any, limit_s: float, now: float) -> Any:
    """Go on from slot ``sweep_at``; returns where the next sweep goes on."""
    count = t.at[0].count
    for _ in range(min(looks, count)):
        slot = sweep_at if sweep_at < count else 0
        sweep_at = slot + 1
        account = t.accounts[slot]
        touched = max(account.last_s, account.said_back_s)
        # last_s is -1 in a freed record; an account under a rung is kept until the rung has ended.
        if account.last_s < 0.0 or account.rung != 0 or touched == 0.0 or now - touched < limit_s:
            continue
        if account.trusted_until_s != 0 and clock(now) < account.trusted_until_s:
            continue
        forget_account(t, slot)
    return sweep_at


@inlined
def forget_idle_places(
    table: Any,
    index: Any,
    old_index: Any,
    records: Any,
    words: Any,
    width: Any,
    sweep_at: Any,
    looks: Any,
    limit_s: float,
    now: float,
) -> Any:
    """The same for networks (with number ranges and client software) or devices."""
    for _ in range(min(looks, table.count)):
        slot = sweep_at if sweep_at < table.count else 0
        sweep_at = slot + 1
        record = records[slot]
        if record.last_s >= 0.0 and record.held_by == 0 and now - record.last_s >= limit_s:
            free(table, index, old_index, records, words, width, slot)
    return sweep_at
