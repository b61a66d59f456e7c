"""Strikes: findings of abuse on their way back to the network, device and number range they came from."""

from typing import Any

import numpy as np

from tidegate.engine.arithmetic import mixed
from tidegate.engine.index import find
from tidegate.engine.layout import (
    MAX_STRIKES,
)
from tidegate.engine.rooms.device import device_struck
from tidegate.engine.rooms.network import NUMBER_RANGE_SALT, network_struck
from tidegate.events.compiled import inlined


@inlined
def add_strike(t: Any, item: Any, weight: Any) -> None:
    """Queue a strike for the account's surroundings. The queue is emptied at each block and cannot overflow."""
    n = t.header[0].strikes
    if n < MAX_STRIKES:
        t.strikes[n].network_slot = item.network_slot
        t.strikes[n].device_slot = item.device_slot
        t.strikes[n].phone_range = item.phone_range
        t.strikes[n].weight = weight
        t.header[0].strikes = n + 1


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
    t.header[0].strikes = 0
