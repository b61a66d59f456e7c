"""What the reference remembers: decaying counts, running moments, peers, surroundings, accounts.

The plain-Python counterpart of :mod:`tidegate.engine.layout`.
"""

import math
from collections import deque
from dataclasses import dataclass, field

from tidegate.engine.features import DAY_S, FORTNIGHT_S, HOUR_S, MINUTE_S
from tidegate.events.columns import EventType

LEAST_GAP_S, SESSION_S = 0.1, 300.0
MOMENTS_CAP, STRANGER_CAP = 32, 16
TRUSTED_AGE_S, LEAST_TRUST = 3 * DAY_S, 0.25
NAN = math.nan

K = EventType


class Decaying:
    """A count that halves every half-life. Its time never runs backwards, and it is never negative."""

    def __init__(self, half_life_s: float) -> None:
        self.half_life_s = half_life_s
        self._value = self._time = 0.0

    def at(self, now: float) -> float:
        """What is left of it at ``now``."""
        return self._value * math.exp2(-max(now - self._time, 0.0) / self.half_life_s)

    def add(self, amount: float, now: float) -> None:
        """Count ``amount`` more."""
        self._value = max(self.at(now) + amount, 0.0)
        self._time = max(self._time, now)

    def raise_to(self, least: float, now: float) -> None:
        """Make it at least ``least``."""
        self.add(max(least - self.at(now), 0.0), now)

    def keep(self, share: float) -> None:
        """Take out all but ``share`` of it."""
        self._value *= share


class Tally:
    """The same thing counted with several half-lives at once."""

    def __init__(self, *half_lives_s: float) -> None:
        self._counters = {half_life_s: Decaying(half_life_s) for half_life_s in half_lives_s}

    def add(self, amount: float, now: float) -> None:
        """Count ``amount`` more."""
        for counter in self._counters.values():
            counter.add(amount, now)

    def at(self, half_life_s: float, now: float) -> float:
        """What is left at ``now`` with that half-life."""
        return self._counters[half_life_s].at(now)


class Moments:
    """Running mean and variance: exact for the first ``cap`` measurements, then leaning to recent ones."""

    def __init__(self, cap: int) -> None:
        self.cap = cap
        self.count = 0
        self.mean = self.variance = 0.0

    def add(self, value: float) -> None:
        """Take in one measurement (Welford 1962, with the divisor capped)."""
        self.count += 1
        weight = 1.0 / min(self.count, self.cap)
        before = value - self.mean
        self.mean += weight * before
        self.variance += weight * (before * (value - self.mean) - self.variance)

    @property
    def deviation(self) -> float:
        """The standard deviation."""
        return math.sqrt(max(self.variance, 0.0))

    def variation(self, least: int) -> float:
        """Standard deviation over mean; missing below ``least`` measurements."""
        return self.deviation / self.mean if self.count >= least and self.mean > 0.0 else NAN


class Gaps:
    """The times between messages, on a plain and on a logarithmic scale, and inside sessions."""

    def __init__(self) -> None:
        self.plain, self.log, self.session = Moments(MOMENTS_CAP), Moments(MOMENTS_CAP), Moments(MOMENTS_CAP)
        self.covariance = self._last_deviation = 0.0

    def add(self, elapsed_s: float) -> None:
        """One gap; next to nothing is taken as :data:`LEAST_GAP_S`, so that a logarithm exists."""
        gap = max(elapsed_s, LEAST_GAP_S)
        before = math.log(gap) - self.log.mean if self.log.count else 0.0
        self.log.add(math.log(gap))
        self.covariance += (before * self._last_deviation - self.covariance) / min(
            self.log.count, MOMENTS_CAP
        )
        self._last_deviation = math.log(gap) - self.log.mean
        self.plain.add(gap)
        if gap < SESSION_S:
            self.session.add(gap)


class Distinct:
    """How many different keys were seen, from ``bits`` bits (linear counting, Whang et al. 1990)."""

    def __init__(self, bits: int) -> None:
        self._bits = bits
        self._marked: set[int] = set()

    def see(self, key: int) -> None:
        """Mark the bit of ``key``."""
        self._marked.add((key >> 40) % self._bits)

    @property
    def estimate(self) -> float:
        """The likeliest number of keys; saturates when every bit is marked."""
        empty = max(self._bits - len(self._marked), 1)
        return self._bits * math.log(self._bits / empty)


@dataclass(slots=True)
class Peer:
    """Somebody an account has dealt with."""

    key: int
    they_began: bool = False
    i_began: bool = False
    invited: bool = False
    answered: bool = False
    saved: bool = False
    complained: bool = False


class Peers:
    """The 32 peers an account remembers.

    A new one takes the 16 places on probation in turn; one met again while there changes places with a kept
    one, so a flood of strangers who write once cannot wash out friends.
    """

    def __init__(self) -> None:
        self._kept: list[Peer | None] = [None] * 16
        self._probation: list[Peer | None] = [None] * 16
        self._turn = 0

    def known(self, key: int) -> Peer | None:
        """The remembered peer, without meeting it."""
        return next((peer for peer in self._kept + self._probation if peer and peer.key == key), None)

    def meet(self, key: int) -> tuple[Peer, bool]:
        """``(peer, was_known)``; a stranger is remembered from now on."""
        peer = self.known(key)
        if peer is None:
            peer = Peer(key)
            self._probation[self._turn] = peer
            self._turn = (self._turn + 1) % 16
            return peer, False
        if peer in self._probation:
            place = self._probation.index(peer)
            self._probation[place], self._kept[place] = self._kept[place], peer
        return peer, True


@dataclass(slots=True)
class Surroundings:
    """A network, a device, a number range or a client software, and the accounts met there."""

    bits: int = 256
    clock: float = 0.0
    first_s: int = 0
    accounts: Distinct = field(init=False)
    registrations: Tally = field(default_factory=lambda: Tally(HOUR_S, DAY_S, FORTNIGHT_S))
    messages: Decaying = field(default_factory=lambda: Decaying(HOUR_S))
    strikes: Decaying = field(default_factory=lambda: Decaying(FORTNIGHT_S))

    def __post_init__(self) -> None:
        self.accounts = Distinct(self.bits)

    def sees(self, account: int, kind: int, now: float) -> None:
        """An account did something here."""
        self.first_s = self.first_s or math.floor(now)
        self.clock = max(self.clock, now)
        self.accounts.see(account)
        if kind == K.REGISTER:
            self.registrations.add(1.0, self.clock)
        if kind == K.MESSAGE:
            self.messages.add(1.0, self.clock)

    def surge(self, now: float) -> float:
        """Sign-ups of about the last hour against what the last fortnight's rate would bring, plus one."""
        filled = max(1.0 - math.exp2(-max(now - self.first_s, 0.0) / FORTNIGHT_S), 0.001)
        usual = self.registrations.at(FORTNIGHT_S, self.clock) / filled / (FORTNIGHT_S / HOUR_S)
        return self.registrations.at(HOUR_S, self.clock) / (usual + 1.0)


@dataclass(slots=True, eq=False)
class Strike:
    """One finding of abuse: where it went, and when it got there."""

    places: list[Surroundings]
    arrived: float | None = None

    def left(self, now: float) -> float:
        """What has not faded yet."""
        return 1.0 if self.arrived is None else math.exp2(-max(now - self.arrived, 0.0) / FORTNIGHT_S)


class Account:
    """One account: what it did, what people said back, and whom it knows.

    Times marked ``_s`` are whole seconds, as in the kernel's records. Two clocks stand at the latest moment
    of each half: a late event is counted at that moment, so nothing grows because time ran backwards.
    """

    def __init__(self, key: int) -> None:
        self.key = key
        self.own_clock = self.said_clock = 0.0
        self.registered_s = self.first_active_s = 0
        self.phone_range = 0
        self.network: int | None = None
        self.device: int | None = None
        self.peers = Peers()
        # what it did
        self.sent = Tally(MINUTE_S, HOUR_S, DAY_S, FORTNIGHT_S)
        self.sent_to_groups = Tally(HOUR_S, DAY_S)
        self.strangers = Tally(MINUTE_S, HOUR_S, DAY_S, FORTNIGHT_S)
        self.groups_created, self.invites = (
            Tally(HOUR_S, DAY_S, FORTNIGHT_S),
            Tally(HOUR_S, DAY_S, FORTNIGHT_S),
        )
        self.joins, self.typing = Tally(HOUR_S, DAY_S), Decaying(DAY_S)
        self.network_changes, self.device_changes = Tally(HOUR_S, DAY_S), Decaying(FORTNIGHT_S)
        self.silence = Decaying(DAY_S)
        self.gaps, self.hours = Gaps(), [0] * 8
        self.has_sent, self.last_message = False, 0.0
        self.first_message_delay = 0.0
        self.forwarded = 0.0
        self.last_typing_s: int | None = None
        # its first contacts
        self.distinct_strangers = Distinct(256)
        self.last_stranger = 0.0
        self.stranger_gaps, self.sizes = Moments(STRANGER_CAP), Moments(STRANGER_CAP)
        self.inactive_targets, self.target_load = Moments(STRANGER_CAP), Moments(STRANGER_CAP)
        self.untyped, self.same_size = Moments(STRANGER_CAP), Moments(STRANGER_CAP)
        self.last_size: int | None = None
        # at sign-up
        self.reg_net_1h = self.reg_range_1h = self.reg_client_surge = self.reg_strikes = 0.0
        # what people said back
        self.received, self.inbound = Tally(DAY_S, FORTNIGHT_S), Decaying(FORTNIGHT_S)
        self.answered, self.trusted_answers = Tally(DAY_S, FORTNIGHT_S), Decaying(FORTNIGHT_S)
        self.blocks, self.reports = Decaying(FORTNIGHT_S), Decaying(FORTNIGHT_S)
        self.negative, self.unfounded = Decaying(DAY_S), Decaying(FORTNIGHT_S)
        self.saved_by, self.declines = Decaying(FORTNIGHT_S), Decaying(FORTNIGHT_S)
        self.reads = Decaying(FORTNIGHT_S)
        self.campaign, self.in_ring = Decaying(FORTNIGHT_S), False  # of senders, or of false reporters
        self.complaining_networks: deque[int] = deque(maxlen=4)
        self.struck: deque[Strike] = deque(maxlen=4)  # the latest first
        # as a recipient
        self.stranger_load, self.stranger_load_s = 0.0, 0
        self.invitation: tuple[int, int, int] | None = None  # inviter, chat, time

    def hears(self, now: float) -> None:
        """Something is said about it or to it."""
        self.said_clock = max(self.said_clock, now)

    def acts(self, network: int, device: int, now: float) -> None:
        """Any event of its own."""
        elapsed = max(now - self.own_clock, 0.0) if self.own_clock else 0.0
        self.own_clock = max(self.own_clock, now)
        self.hears(now)
        if elapsed > 0.0:
            self.silence.raise_to(elapsed, now)
        self.first_active_s = self.first_active_s or math.floor(now)
        if network:
            if self.network not in (None, network):
                self.network_changes.add(1.0, self.own_clock)
            self.network = network
        if device:
            if self.device not in (None, device):
                self.device_changes.add(1.0, self.own_clock)
            self.device = device
        of_day = int(now) // 10_800 % 8
        if self.hours[of_day] == 255:
            self.hours = [count // 2 for count in self.hours]
        self.hours[of_day] += 1

    def trust(self, now: float) -> float:
        """What its word is worth, 0.25 to 1, by age. An unseen sign-up is old, not new."""
        if not self.registered_s:
            return 1.0
        return min(1.0, max(LEAST_TRUST, (now - self.registered_s) / TRUSTED_AGE_S))
