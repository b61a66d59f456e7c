"""Asking for memory before it is needed. Hints only: without them the same bits come out, more slowly."""

from typing import Any

import numpy as np

from tidegate.engine.index import find, home
from tidegate.engine.layout import DEVICE, NETWORK
from tidegate.engine.machine import prefetch
from tidegate.events.compiled import inlined

PREFETCH_GROUP = 16
"""Events looked ahead at once. 32 and 64 could not be told from 16 in trials."""
_NOBODY = np.uint64(0)
# Records of networks and devices are packed, so they may begin in one cache line and end in the next.
_NETWORK_END, _DEVICE_END = np.int64(NETWORK.itemsize - 1), np.int64(DEVICE.itemsize - 1)
_ACCOUNT_LINES, _RECIPIENT_LINES = np.int64(8), np.int64(4)
"""Cache lines of an account; of its recipient half with what people said back."""


@inlined
def prefetch_account(t: Any, key: Any, lines: Any) -> None:
    """Ask for an account's cache lines, when it is known already."""
    slot = find(t.at[0], t.ai, t.ao, t.accounts, key)
    if slot >= 0:
        for line in range(1, lines):
            prefetch(t.accounts, slot, line * 64)


@inlined
def prefetch_group(t: Any, events: Any, start: Any, end: Any) -> None:
    """Bring what the next events touch into the cache: index entries first, then records. Changes no state."""
    for i in range(start, end):
        event = events[i]
        prefetch(t.ai, home(event.actor, t.at[0].mask), 0)
        if event.target != _NOBODY:
            prefetch(t.ai, home(event.target, t.at[0].mask), 0)
        if event.device != _NOBODY:
            prefetch(t.di, home(event.device, t.dt[0].mask), 0)
        if event.network != _NOBODY:
            prefetch(t.ni, home(event.network, t.nt[0].mask), 0)
    for i in range(start, end):
        event = events[i]
        slot = np.int64(t.ai[home(event.actor, t.at[0].mask)] & np.uint64(0xFFFFFFFF)) - 1
        if 0 <= slot < t.at[0].count:
            prefetch(t.accounts, slot, 0)
        slot = np.int64(t.ai[home(event.target, t.at[0].mask)] & np.uint64(0xFFFFFFFF)) - 1
        if event.target != _NOBODY and 0 <= slot < t.at[0].count:
            prefetch(t.accounts, slot, 0)
        slot = np.int64(t.di[home(event.device, t.dt[0].mask)] & np.uint64(0xFFFFFFFF)) - 1
        if event.device != _NOBODY and 0 <= slot < t.dt[0].count:
            prefetch(t.devices, slot, 0)
            prefetch(t.devices, slot, _DEVICE_END)
        slot = np.int64(t.ni[home(event.network, t.nt[0].mask)] & np.uint64(0xFFFFFFFF)) - 1
        if event.network != _NOBODY and 0 <= slot < t.nt[0].count:
            prefetch(t.networks, slot, 0)
            prefetch(t.networks, slot, _NETWORK_END)
    for i in range(start, end):
        event = events[i]
        prefetch_account(t, event.actor, _ACCOUNT_LINES)
        if event.target != _NOBODY:
            prefetch_account(t, event.target, _RECIPIENT_LINES)
