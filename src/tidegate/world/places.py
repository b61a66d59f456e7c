"""Addresses, devices and client software: what exists, and which of them an account uses at a given time."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.events.compiled import compiled, inlined
from tidegate.world.accounts import Accounts

CLIENTS = (
    "android/2.26.1",
    "android/2.25.34",
    "android/2.25.20",
    "ios/26.1.0",
    "ios/25.12.2",
    "web/2.3000",
    "desktop/2.2546",
    "android/2.24.3",
    "android/2.22.8-gb",
    "webkit-lib/6.7",
)
HONEST_CLIENTS = 8
"""The first eight are what people use; the last two are modified clients and automation libraries, which a
few people use too.
"""

_BLOCK = 256

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


@dataclass(slots=True)
class Places:
    """The addresses handed out so far, in blocks that each begin a new /24."""

    rng: np.random.Generator
    addresses: list[NDArray[np.uint32]] = field(default_factory=list)
    count: int = 0
    devices: int = 0
    _prefixes: NDArray[np.uint32] = field(default_factory=lambda: np.zeros(0, np.uint32))
    _next_prefix: int = 0

    def block(self, addresses: int, per_prefix: int = 250) -> int:
        """Reserve addresses, at most ``per_prefix`` in each /24; returns the index of the first."""
        prefixes = -(-addresses // per_prefix)
        positions = np.arange(addresses)
        base = self._take_prefixes(prefixes)[positions // per_prefix]
        host = 1 + (positions % per_prefix) * (250 // per_prefix)
        self.addresses.append((base * np.uint32(_BLOCK) + host.astype(np.uint32)).astype(np.uint32))
        first = self.count
        self.count += addresses
        return first

    def neighbours(self, addresses: NDArray[np.int64]) -> NDArray[np.int32]:
        """New addresses in the same /24 as given ones: an exit of a residential proxy service."""
        table = np.concatenate(self.addresses)
        host = self.rng.integers(1, 255, len(addresses)).astype(np.uint32)
        self.addresses.append((table[addresses] & np.uint32(0xFFFFFF00)) | host)
        first = self.count
        self.count += len(addresses)
        return np.arange(first, self.count, dtype=np.int32)

    def new_devices(self, count: int) -> NDArray[np.int32]:
        first = self.devices
        self.devices += count
        return np.arange(first, self.devices, dtype=np.int32)

    def _take_prefixes(self, count: int) -> NDArray[np.uint32]:
        while self._next_prefix + count > len(self._prefixes):
            # Public unicast space, 16.0.0.0 to 126.255.255.0; a repeat would only merge two networks.
            fresh = self.rng.integers(16 << 16, 127 << 16, max(4_096, count)).astype(np.uint32)
            self._prefixes = np.concatenate([self._prefixes, fresh])
        taken = self._prefixes[self._next_prefix : self._next_prefix + count]
        self._next_prefix += count
        return taken


@inlined
def _mixed(a: np.uint64, b: np.uint64) -> np.uint64:
    """A 64-bit hash of two numbers (the finaliser of SplitMix64)."""
    x = a * np.uint64(0x9E3779B97F4A7C15) + b * np.uint64(0xD1B54A32D192ED03)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


class _Habitats(NamedTuple):
    """The fields of :class:`Accounts` that say where an account is and what it uses."""

    home: Ints
    work: Ints
    pool: Ints
    pool_size: Ints
    mobile: NDArray[np.float32]
    rotation_s: NDArray[np.float32]
    away_from: Floats
    away_until: Floats
    away: Ints
    device: Ints
    device2: Ints
    second: NDArray[np.float32]
    new_phone: Floats
    client: NDArray[np.int16]
    client2: NDArray[np.int16]
    wake_h: NDArray[np.float32]


@compiled
def _place(
    time: Floats, actor: Ints, at: _Habitats, ip: Ints, device: Ints, client: NDArray[np.int16]
) -> None:
    unit = 1.0 / 18446744073709551616.0
    for i in range(len(time)):
        a, t = actor[i], time[i]
        # Shifted by ten years so that a sign-up before the start is not at a negative time.
        shifted = t + 315_360_000.0
        hour = (shifted / 3600.0 - at.wake_h[a] + 48.0) % 24.0
        stretch = np.uint64(np.int64(shifted / at.rotation_s[a]))
        chance = np.float64(_mixed(np.uint64(a), stretch)) * unit
        pick = _mixed(np.uint64(a) + np.uint64(7919), stretch)
        if at.away_from[a] <= t < at.away_until[a] and chance >= at.mobile[a]:
            ip[i] = at.away[a]
        elif at.pool[a] >= 0 and chance < at.mobile[a]:
            ip[i] = at.pool[a] + np.int32(pick % np.uint64(at.pool_size[a]))
        elif at.work[a] >= 0 and 2.0 <= hour < 10.0 and (np.int64(shifted / 86400.0) + 4) % 7 < 5:
            ip[i] = at.work[a]
        else:
            ip[i] = at.home[a]
        if t >= at.new_phone[a] or (
            at.second[a] > 0.0 and np.float64(_mixed(pick, stretch)) * unit < at.second[a]
        ):
            device[i] = at.device2[a]
            client[i] = at.client2[a]
        else:
            device[i] = at.device[a]
            client[i] = at.client[a]


def place(
    time: NDArray[np.float64], actor: NDArray[np.int32], who: Accounts
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int16]]:
    """Address, device and client of each event. ``actor`` indexes ``who``; times in seconds."""
    ip = np.empty(len(time), np.int32)
    device = np.empty(len(time), np.int32)
    client = np.empty(len(time), np.int16)
    _place(time, actor, _Habitats(*(getattr(who, name) for name in _Habitats._fields)), ip, device, client)
    return ip, device, client
