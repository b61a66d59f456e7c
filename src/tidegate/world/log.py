"""Collects the events of a world part by part, then sorts them once.

Times are kept as whole milliseconds from the start. With 37 bits of time and 27 of position packed into one
integer, a plain integer sort is both stable and several times faster than a sort of positions by
floating-point time.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.events.columns import EventType
from tidegate.world.accounts import Accounts
from tidegate.world.places import place

NOBODY = -1
NO_CHAT = -1
_POSITION_BITS = 27
_EARLIEST_MS = 96_000_000_000
"""Earliest sign-up before the start: 1,111 days. With 365 days of log that fits 37 bits."""

_SIGN_UP_TAKES_S = 0.002
"""What an account does, and what is done to it, comes at least this long after its sign-up."""

SIGNAL_OF_TYPE = {
    EventType.REGISTER: "register",
    EventType.LOGIN: "login",
    EventType.TYPING: "typing",
    EventType.READ: "read",
    EventType.GROUP_CREATE: "group",
    EventType.INVITE: "group",
    EventType.JOIN: "group",
    EventType.LEAVE: "group",
    EventType.CONTACT: "contact",
    EventType.BLOCK: "feedback",
    EventType.UNBLOCK: "feedback",
    EventType.REPORT: "feedback",
}

COLUMNS: dict[str, type[np.generic]] = {
    "type": np.uint8,
    "actor": np.int32,
    "target": np.int32,
    "chat": np.int32,
    "members": np.int32,
    "size": np.int32,
    "ip": np.int32,
    "device": np.int32,
    "client": np.int16,
    "forwards": np.uint8,
    "reason": np.uint8,
}
"""The integer-coded columns beside ``time`` (float64 Unix seconds)."""

SIGNAL_OF_COLUMN = {
    "ip": "network",
    "device": "device",
    "client": "client",
    "size": "size",
    "forwards": "forwards",
}

_ABSENT: dict[str, Any] = {
    "target": NOBODY,
    "chat": NO_CHAT,
    "members": -1,
    "size": -1,
    "ip": -1,
    "device": -1,
    "client": -1,
    "forwards": 255,
    "reason": 0,
}


@dataclass(slots=True)
class EventLog:
    """Parts of a log on their way to being sorted."""

    length_s: float
    signals: frozenset[str]
    prelude: bool
    parts: dict[str, list[NDArray[Any]]] = field(default_factory=lambda: {n: [] for n in ("ms", *COLUMNS)})

    def add(
        self,
        time: NDArray[np.float64],
        kind: NDArray[np.uint8] | EventType,
        actor: NDArray[np.int32],
        accounts: Accounts,
        origin: NDArray[np.int32] | None = None,
        **columns: NDArray[Any] | int,
    ) -> None:
        """Add events in any order. ``time`` is in seconds from the start; what lies outside the log is
        dropped.

        So is what concerns an account before its sign-up, and what it would have done after its end.
        ``origin`` maps accounts to the row whose network and device they use (the thief's, after a
        hijacking). Columns not given are absent.
        """
        kinds = np.broadcast_to(np.asarray(kind, np.uint8), len(time))
        keep = np.flatnonzero(self._wanted(time, kinds, actor, columns.get("target"), accounts))
        time, actor = time[keep], np.asarray(actor[keep], np.int32)
        self.parts["ms"].append((time * 1000.0).astype(np.int64))
        self.parts["type"].append(kinds[keep])
        self.parts["actor"].append(actor)
        user = actor if origin is None else origin[actor]
        placed: dict[str, NDArray[Any]] = dict(
            zip(("ip", "device", "client"), place(time, user, accounts), strict=True)
        )
        for name, dtype in COLUMNS.items():
            if name in ("type", "actor"):
                continue
            value = _ABSENT[name]
            if SIGNAL_OF_COLUMN.get(name) in (None, *self.signals):
                value = placed[name] if name in placed else columns.get(name, value)
            if isinstance(value, int):
                self.parts[name].append(np.full(len(keep), value, dtype))
            else:
                chosen = value if name in placed else value[keep]
                self.parts[name].append(chosen.astype(dtype, copy=False))

    def _wanted(
        self,
        time: NDArray[np.float64],
        kinds: NDArray[np.uint8],
        actor: NDArray[np.int32],
        target: NDArray[Any] | int | None,
        accounts: Accounts,
    ) -> NDArray[np.bool_]:
        """Which events the log shows."""
        signs_up = kinds == EventType.REGISTER
        wanted = (time >= 0.0) & (time < self.length_s - 0.001) & (time < accounts.death[actor])
        wanted &= signs_up | (time > accounts.signup[actor] + _SIGN_UP_TAKES_S)
        if isinstance(target, np.ndarray):
            # Nobody can write to an account before it exists; an unused number can be tried all the same.
            account = np.where((target >= 0) & (target < len(accounts)), target, actor)
            wanted &= signs_up | (time > accounts.signup[account] + _SIGN_UP_TAKES_S)
        if self.prelude:
            wanted |= signs_up & (time < 0.0) & (time * -1000.0 < _EARLIEST_MS)
        missing = [kind for kind, signal in SIGNAL_OF_TYPE.items() if signal not in self.signals]
        if missing:
            wanted &= ~np.isin(kinds, np.asarray(missing, np.uint8))
        return np.asarray(wanted)

    def sort(self, start: float) -> dict[str, NDArray[Any]]:
        """All events by time; within a millisecond in order of adding. Empties this log."""
        ms = np.concatenate(self.parts.pop("ms"))
        if len(ms) >= 1 << _POSITION_BITS:
            raise ValueError(f"a world of {len(ms):,} events is larger than {1 << _POSITION_BITS:,}")
        keys = ((ms + _EARLIEST_MS).astype(np.uint64) << np.uint64(_POSITION_BITS)) | np.arange(
            len(ms), dtype=np.uint64
        )
        keys.sort()
        order = (keys & np.uint64((1 << _POSITION_BITS) - 1)).astype(np.int32)
        keys >>= np.uint64(_POSITION_BITS)
        columns: dict[str, NDArray[Any]] = {"time": start + (keys.astype(np.int64) - _EARLIEST_MS) / 1000.0}
        del keys, ms
        for name in COLUMNS:
            columns[name] = np.concatenate(self.parts.pop(name))[order]
        return columns
