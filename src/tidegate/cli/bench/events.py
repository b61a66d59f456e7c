"""Synthetic traffic to measure speed with: realistic in mix and memory accesses, useless for accuracy.

Accounts are whole numbers here. Each has a home network (three share one), is sometimes on a carrier's,
has a device and sometimes a second one, and one friend who has written before. Activity is uniform or
Zipf-Mandelbrot (share of rank r proportional to 1 / (r + 20)).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.engine.arithmetic import mixed
from tidegate.engine.features import DAY_S
from tidegate.events.columns import EVENT, MISSING_FORWARDS, MISSING_INT, EventType
from tidegate.events.compiled import compiled

FIRST_DAY_S = 1_767_225_600.0
"""2026-01-01T00:00:00Z; the traffic begins here."""
SIGN_UP_SPAN_S, HELLO_SPAN_S = 30 * DAY_S, 10 * DAY_S
ZIPF_SHIFT = 20.0
MIX: dict[EventType, float] = {
    EventType.MESSAGE: 0.70,
    EventType.TYPING: 0.13,
    EventType.READ: 0.12,
    EventType.LOGIN: 0.02,
    EventType.REGISTER: 0.01,
    EventType.CONTACT: 0.01,
    EventType.JOIN: 0.004,
    EventType.INVITE: 0.003,
    EventType.BLOCK: 0.002,
    EventType.REPORT: 0.001,
}
GROUP_SHARE = 0.12
"""Of messages."""
STRANGER_SHARE = 0.17
"""Of one-to-one messages; with sign-ups and groups about 12 % of all events are then judged."""
ANSWER_SHARE, ANSWER_AFTER_EVENTS = 0.6, (10, 20_000)
"""Of strangers written to, who write back, so many events later."""
CARRIER_SHARE, SECOND_DEVICE_SHARE = 0.3, 0.05
ACCOUNTS_A_CARRIER, ACCOUNTS_A_HOME, ACCOUNTS_A_GROUP, ACCOUNTS_A_RANGE = 2_500, 3, 20, 50
CLIENTS = 8
NOBODY = -1

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Columns:
    """Events as plain numbers; ``NOBODY`` (-1) is *not supplied*."""

    time: NDArray[np.float64]
    kind: NDArray[np.uint8]
    actor: Numbers
    target: Numbers
    chat: Numbers
    network: Numbers
    device: Numbers
    size: Numbers
    client: Numbers
    phone_range: Numbers
    id: Numbers

    def __len__(self) -> int:
        return len(self.time)


def joined(parts: list[Columns]) -> Columns:
    """One after another."""
    return Columns(*(np.concatenate([getattr(part, name) for part in parts]) for name in Columns.__slots__))


class Traffic:
    """A messenger of ``accounts`` accounts, one event an account and day. Same seed, same events."""

    def __init__(
        self, accounts: int, *, zipf: bool, strangers: float = STRANGER_SHARE, seed: int = 1
    ) -> None:
        self.accounts = accounts
        self.strangers = strangers
        self._rng = np.random.default_rng(seed)
        self._now = FIRST_DAY_S
        self._born = accounts
        self._made = 0
        self._order = self._rng.permutation(accounts)
        self._cumulated = np.cumsum(1.0 / (np.arange(accounts) + ZIPF_SHIFT)) if zipf else None

    def sign_ups(self) -> Columns:
        """Every account registers, in random order: neighbours in number are not neighbours in memory."""
        kind = np.full(self.accounts, int(EventType.REGISTER), np.uint8)
        nobody = np.full(self.accounts, NOBODY)
        return self._columns(kind, self._order.astype(np.int64), nobody, SIGN_UP_SPAN_S / self.accounts)

    def hellos(self) -> Columns:
        """One message in each pair of friends, so that what they write later goes to no stranger."""
        actor = 2 * self._rng.permutation(self.accounts // 2).astype(np.int64)
        kind = np.full(len(actor), int(EventType.MESSAGE), np.uint8)
        return self._columns(kind, actor, actor ^ 1, HELLO_SPAN_S / len(actor))

    def usual(self, count: int) -> Columns:
        """The next ``count`` events of everyday traffic."""
        rng = self._rng
        kind = rng.choice(np.array(list(MIX), np.uint8), count, p=list(MIX.values()))
        actor = self._active(count)
        target = actor ^ 1
        stranger = rng.random(count) < self.strangers
        stranger |= kind == EventType.INVITE
        target[stranger] = rng.integers(0, self.accounts, int(np.count_nonzero(stranger)))
        replies = self._answer(kind, actor, target, stranger)
        to_group = (kind == EventType.MESSAGE) & (rng.random(count) < GROUP_SHARE)
        to_group[replies] = False
        lonely = to_group | np.isin(kind, (EventType.LOGIN, EventType.REGISTER, EventType.JOIN))
        target[lonely] = NOBODY
        new = np.flatnonzero(kind == EventType.REGISTER)
        actor[new] = self._born + np.arange(len(new))
        self._born += len(new)
        return self._columns(kind, actor, target, DAY_S / self.accounts)

    def _answer(
        self, kind: NDArray[np.uint8], actor: Numbers, target: Numbers, stranger: NDArray[np.bool_]
    ) -> Numbers:
        """Let most strangers write back a little later, in place of another event; returns where."""
        asked = np.flatnonzero(stranger & (kind == EventType.MESSAGE))
        asked = asked[self._rng.random(len(asked)) < ANSWER_SHARE]
        reply = asked + self._rng.integers(*ANSWER_AFTER_EVENTS, len(asked))
        asked, reply = asked[reply < len(kind)], reply[reply < len(kind)]
        kind[reply], actor[reply], target[reply] = int(EventType.MESSAGE), target[asked], actor[asked]
        return reply

    def all_to_strangers(self, count: int) -> Columns:
        """The worst that can come in: every event is a first message to somebody, so every one is judged."""
        actor = self._active(count)
        target = self._rng.integers(0, self.accounts, count)
        kind = np.full(count, int(EventType.MESSAGE), np.uint8)
        return self._columns(kind, actor, target, DAY_S / self.accounts)

    def _active(self, count: int) -> Numbers:
        if self._cumulated is None:
            return self._rng.integers(0, self.accounts, count)
        draws = self._rng.random(count) * self._cumulated[-1]
        rank = np.searchsorted(self._cumulated, draws, side="right")
        who: Numbers = self._order[np.minimum(rank, self.accounts - 1)].astype(np.int64)
        return who

    def _columns(self, kind: NDArray[np.uint8], actor: Numbers, target: Numbers, gap_s: float) -> Columns:
        rng, count = self._rng, len(kind)
        # Whole milliseconds, as the time of a written log is read back.
        time = np.round(self._now + np.cumsum(rng.exponential(gap_s, count)), 3)
        self._now = float(time[-1])
        self._made += count
        message, sign_up = kind == EventType.MESSAGE, kind == EventType.REGISTER
        grouped = (message & (target == NOBODY)) | np.isin(kind, (EventType.JOIN, EventType.INVITE))
        carriers = 1 + self.accounts // ACCOUNTS_A_CARRIER
        mobile = rng.random(count) < CARRIER_SHARE
        second = rng.random(count) < SECOND_DEVICE_SHARE
        return Columns(
            time=time,
            kind=kind,
            actor=actor,
            target=target,
            chat=np.where(grouped, actor // ACCOUNTS_A_GROUP, NOBODY),
            network=np.where(mobile, actor % carriers, carriers + actor // ACCOUNTS_A_HOME),
            device=2 * actor + second,
            size=np.where(message, rng.integers(60, 900, count), NOBODY),
            client=np.where(sign_up, actor % CLIENTS, NOBODY),
            phone_range=np.where(sign_up, 4_915_000 + actor // ACCOUNTS_A_RANGE, NOBODY),
            id=np.arange(self._made - count, self._made),
        )


@compiled
def _pseudonyms(numbers: Any, salt: Any, out: Any) -> None:
    for i in range(len(numbers)):
        if numbers[i] >= 0:
            out[i] = mixed(np.uint64(numbers[i]) + salt)


def _keys(numbers: Numbers, salt: int) -> NDArray[np.uint64]:
    """Well spread 64-bit keys, as pseudonyms are; 0 for nobody."""
    keys = np.zeros(len(numbers), np.uint64)
    _pseudonyms(numbers, np.uint64(salt << 48), keys)
    return keys


def as_events(columns: Columns) -> NDArray[Any]:
    """EVENT[n], as a reader would yield it."""
    events = np.zeros(len(columns), EVENT)
    events["time"], events["type"] = columns.time, columns.kind
    for name, salt in (("actor", 1), ("target", 1), ("chat", 2), ("network", 3), ("device", 4)):
        events[name] = _keys(getattr(columns, name), salt)
    events["client"] = np.maximum(columns.client + 1, 0)
    events["phone_range"] = np.maximum(columns.phone_range, 0)
    events["members"], events["forwards"] = MISSING_INT, MISSING_FORWARDS
    events["size"] = columns.size
    return events
