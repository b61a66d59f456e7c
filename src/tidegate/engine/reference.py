"""Every feature in plain Python: what it means, with nothing made fast. Start here to understand the engine.

:class:`ReferenceEngine` keeps the same memories as the compiled kernel (:mod:`tidegate.engine.kernel`), as objects and
dictionaries, and tests hold the kernel against it. The two differ in three ways only:

* the kernel stores counters as ``float32``, so values agree to about 1 part in 1,000;
* the kernel remembers peers by 27 bits of their key, complaining networks by 15: once in millions of strangers, and
  once in 32,768 pairs of networks, it takes two for one;
* the reference decides nothing and forgets nobody: rules, model, ladder and eviction are not here. Whoever compares the
  two says :meth:`ReferenceEngine.strike` when a decision was made.
"""

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from tidegate.engine.features import DAY_S, FEATURES, FORTNIGHT_S, HOUR_S, MINUTE_S, Signal
from tidegate.engine.rungs import Stage
from tidegate.events.columns import MISSING_FORWARDS, EventType, Reason

# When is there enough to measure?
MIN_GAPS, MIN_STRANGERS, MIN_SIZES, MIN_HOURS, MIN_WHOLE = 8, 4, 3, 50, 0.05
LOG_AGE_FOR_INACTIVE_S = 3 * DAY_S
# What somebody's word is worth.
TRUSTED_AGE_S, LEAST_TRUST, NEIGHBOUR_WORTH = 3 * DAY_S, 0.25, 0.1
INITIATED_WEIGHT, CONVERSED_WEIGHT, REPEATED_WEIGHT, CORRELATED_WEIGHT = 0.05, 0.5, 0.3, 0.25
# Who is judged: see ReferenceEngine._message and ._complaint.
FAST_SENT_1M, FAST_GROUP_SENT_1H, JUDGED_COMPLAINT = 8.0, 30.0, 0.2
LEAST_GAP_S, SESSION_S, TYPED_WITHIN_S, DECLINE_WINDOW_S = 0.1, 300.0, 120.0, 3600.0
MOMENTS_CAP, STRANGER_CAP = 32, 16
STRIKES_REACH_EVERY = 64
NAN = math.nan

K = EventType


class Record(Protocol):
    """Anything with the fields of :data:`tidegate.events.columns.EVENT`: an element of such an array, or a mapping."""

    def __getitem__(self, name: str, /) -> Any: ...


class Judged(NamedTuple):
    """An account that an event makes worth a look, with every feature by name (NaN = missing)."""

    account: int
    stage: Stage
    features: dict[str, float]


# --- Memories ---------------------------------------------------------------------------------------------------


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
    """Running mean and variance: exact for the first ``cap`` measurements, leaning to recent ones from then on."""

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
        self.covariance += (before * self._last_deviation - self.covariance) / min(self.log.count, MOMENTS_CAP)
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
    answered: bool = False
    saved: bool = False
    complained: bool = False


class Peers:
    """The 32 peers an account remembers. A new one takes the 16 places on probation in turn; one met again while there
    changes places with a kept one, so a flood of strangers who write once cannot wash out friends."""

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


class Account:
    """One account: what it did, what people said back, and whom it knows.

    Times marked ``_s`` are whole seconds, as in the kernel's records. Two clocks stand at the latest moment of each
    half: an event that comes late is counted at that moment, so nothing ever grows because time ran backwards.
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
        self.groups_created, self.invites = Tally(HOUR_S, DAY_S, FORTNIGHT_S), Tally(HOUR_S, DAY_S, FORTNIGHT_S)
        self.joins, self.typing = Tally(HOUR_S, DAY_S), Decaying(DAY_S)
        self.network_changes, self.device_changes = Tally(HOUR_S, DAY_S), Decaying(FORTNIGHT_S)
        self.silence = Decaying(DAY_S)
        self.gaps, self.hours = Gaps(), [0] * 8
        self.has_sent = False
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
        self.reads, self.campaign = Decaying(FORTNIGHT_S), Decaying(FORTNIGHT_S)
        self.complaining_networks: deque[int] = deque(maxlen=4)
        # as a recipient
        self.stranger_load, self.stranger_load_s = 0.0, 0
        self.invitation: tuple[int, int, int] | None = None  # inviter, chat, time

    def hears(self, now: float) -> None:
        """Something is said about it or to it."""
        self.said_clock = max(self.said_clock, now)

    def acts(self, network: int, device: int, now: float) -> float:
        """Any event of its own; returns the seconds since the one before (0 for the first, or a late one)."""
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
        return elapsed

    def trust(self, now: float) -> float:
        """What its word is worth, 0.25 to 1, by age. An unseen sign-up is old, not new."""
        if not self.registered_s:
            return 1.0
        return min(1.0, max(LEAST_TRUST, (now - self.registered_s) / TRUSTED_AGE_S))


# --- One event at a time ----------------------------------------------------------------------------------------


class ReferenceEngine:
    """Observe a log event by event; look at the features whenever an account is judged."""

    def __init__(self) -> None:
        self.accounts: dict[int, Account] = {}
        self.networks: dict[int, Surroundings] = {}
        self.devices: dict[int, Surroundings] = {}
        self.number_ranges: dict[int, Surroundings] = {}
        self.clients: dict[int, Surroundings] = {}
        self.signals = Signal(0)
        self.first_time: float | None = None
        self._observed = 0
        self._strikes: list[tuple[Iterable[Surroundings], float]] = []

    def observe(self, event: Record) -> Judged | None:
        """Take in one event; the account it makes worth a look, if any."""
        now = float(event["time"])
        if self._observed % STRIKES_REACH_EVERY == 0:
            self._deliver_strikes(now)
        self._observed += 1
        if self.first_time is None:
            self.first_time = now
        self._note_signals(event)
        kind = int(event["type"])
        if kind == K.POLICY:
            return None
        if kind in (K.LABEL, K.RULING, K.CAMPAIGN):
            return self._finding(event, now)
        return self._deed(event, kind, now)

    def strike(self, account: int, weight: float = 1.0) -> None:
        """A decision found the account abusive (1) or cleared it (-1). Its surroundings hear of it at the next 64th
        event of the log, wherever batches end."""
        person = self.accounts[account]
        places = (
            self.networks.get(person.network or 0),
            self.devices.get(person.device or 0),
            self.number_ranges.get(person.phone_range),
        )
        self._strikes.append(([place for place in places if place], weight))

    def _deliver_strikes(self, now: float) -> None:
        for places, weight in self._strikes:
            for place in places:
                place.clock = max(place.clock, now)
                place.strikes.add(weight, place.clock)
        self._strikes.clear()

    def _note_signals(self, event: Record) -> None:
        """What was never supplied is missing, not zero."""
        kind = int(event["type"])
        by_kind = {
            K.REGISTER: Signal.REGISTER, K.TYPING: Signal.TYPING, K.BLOCK: Signal.FEEDBACK, K.REPORT: Signal.FEEDBACK,
            K.CONTACT: Signal.CONTACT, K.READ: Signal.READ, K.GROUP_CREATE: Signal.GROUP, K.INVITE: Signal.GROUP,
            K.JOIN: Signal.GROUP, K.LEAVE: Signal.GROUP,
        }  # fmt: skip
        supplied = {
            Signal.NETWORK: event["network"] != 0,
            Signal.DEVICE: event["device"] != 0,
            Signal.SIZE: event["size"] >= 0 and kind == K.MESSAGE,
            Signal.PHONE: event["phone_range"] != 0,
            Signal.CLIENT: event["client"] != 0 and kind == K.REGISTER,
            Signal.FORWARDS: event["forwards"] != MISSING_FORWARDS,
        }
        self.signals |= by_kind.get(K(kind), Signal(0))
        for signal, is_supplied in supplied.items():
            if is_supplied:
                self.signals |= signal

    def _account(self, key: int) -> Account:
        return self.accounts.setdefault(key, Account(key))

    def _judge(self, account: Account, stage: Stage, now: float, network: int = 0, device: int = 0) -> Judged:
        return Judged(account.key, stage, self.features(account, now, network, device))

    def _finding(self, event: Record, now: float) -> Judged | None:
        """Said about an account by a person or a slower analysis. Labels and rulings move the ladder, not features."""
        account = self._account(int(event["target"]) or int(event["actor"]))
        account.hears(now)
        if event["type"] != K.CAMPAIGN:
            return None
        account.campaign.raise_to(int(event["size"]) / 1000.0, account.said_clock)
        return self._judge(account, Stage.CAMPAIGN, now)

    def _deed(self, event: Record, kind: int, now: float) -> Judged | None:
        """Something an account did: first its network and device hear of it, then the recipient, then it is judged."""
        actor, target = int(event["actor"]), int(event["target"])
        network, device = int(event["network"]), int(event["device"])
        if network:
            self.networks.setdefault(network, Surroundings()).sees(actor, kind, now)
        if device:
            self.devices.setdefault(device, Surroundings(bits=64)).sees(actor, kind, now)
        account = self._account(actor)
        elapsed = account.acts(network, device, now)
        if kind == K.REGISTER:
            self._sign_up(account, event, now)
            return self._judge(account, Stage.REGISTRATION, now, network, device)
        if kind == K.LEAVE:
            self._leave(account, int(event["chat"]), now)
            return None
        other = self._account(target) if target not in (0, actor) and kind in _ABOUT_SOMEBODY else None
        if kind == K.MESSAGE:
            judged = self._message(account, other, event, elapsed, now)
        elif other is not None and kind == K.INVITE:
            judged = self._invite(account, other, int(event["chat"]), now)
        elif other is not None and kind in (K.BLOCK, K.REPORT):
            if not self._complaint(account, other, kind, network, now):
                return None
            return self._judge(other, Stage.FEEDBACK, now)
        elif other is not None:
            self._kind_word(account, other, kind, now)
            judged = False
        else:
            judged = self._lonely_deed(account, kind, now)
        return self._judge(account, Stage.MESSAGING, now, network, device) if judged else None

    def _sign_up(self, account: Account, event: Record, now: float) -> None:
        account.registered_s, account.phone_range = math.floor(now), int(event["phone_range"])
        network, device, client = int(event["network"]), int(event["device"]), int(event["client"])
        places = []
        if network:
            account.reg_net_1h = self.networks[network].registrations.at(HOUR_S, now)
            places.append(self.networks[network])
        if device:
            places.append(self.devices[device])
        if account.phone_range:
            number_range = self.number_ranges.setdefault(account.phone_range, Surroundings())
            number_range.sees(account.key, K.REGISTER, now)
            account.reg_range_1h = number_range.registrations.at(HOUR_S, number_range.clock)
            places.append(number_range)
        if client:
            software = self.clients.setdefault(client, Surroundings())
            software.sees(account.key, K.REGISTER, now)
            account.reg_client_surge = software.surge(now)
        account.reg_strikes = sum(place.strikes.at(place.clock) for place in places)

    def _message(self, account: Account, other: Account | None, event: Record, elapsed: float, now: float) -> bool:
        """Judged: every first contact, every message at a tool's pace, every message in a flood to groups. A chat among
        friends at a human pace is not."""
        clock = account.own_clock
        first_contact, load, was_active = False, 0.0, False
        if other is not None:
            was_active = other.first_active_s != 0
            first_contact, load = self._meet(account, other, event, now)
        if not account.has_sent:
            account.first_message_delay = max(now - account.registered_s, 0.0) if account.registered_s else 0.0
        else:
            account.gaps.add(elapsed)
        account.has_sent = True
        account.sent.add(1.0, clock)
        if event["forwards"] != MISSING_FORWARDS:
            share = 1.0 if event["forwards"] > 0 else 0.0
            account.forwarded += (share - account.forwarded) / min(account.gaps.plain.count + 1, MOMENTS_CAP)
        if first_contact:
            self._first_contact(account, event, was_active, load, now)
        fast = account.sent.at(MINUTE_S, clock) >= FAST_SENT_1M
        if other is not None:
            return first_contact or fast
        account.sent_to_groups.add(1.0, clock)
        return fast or account.sent_to_groups.at(HOUR_S, clock) >= FAST_GROUP_SENT_1H

    def _meet(self, sender: Account, person: Account, event: Record, now: float) -> tuple[bool, float]:
        """``(is_first_contact, strangers who wrote to the recipient lately)``."""
        of_person, known_to_person = person.peers.meet(sender.key)
        load = person.stranger_load * math.exp2(-max(now - person.stranger_load_s, 0.0) / DAY_S)
        if not known_to_person:
            of_person.they_began = True
            person.stranger_load, person.stranger_load_s = load + 1.0, math.floor(now)
        of_sender, known_to_sender = sender.peers.meet(person.key)
        if not known_to_sender:
            of_sender.i_began = True
        # Either side may have forgotten the other; who is remembered by one is no stranger.
        first_contact = not known_to_person and not known_to_sender
        person.hears(now)
        person.received.add(1.0, person.said_clock)
        if first_contact:
            person.inbound.add(1.0, person.said_clock)
        if of_sender.they_began and not of_sender.answered:
            of_sender.answered = True
            self._answer(sender, person, event, now)
        return first_contact, load

    def _answer(self, sender: Account, person: Account, event: Record, now: float) -> None:
        """Somebody whom ``person`` wrote to first writes back; neighbours of that person count a tenth."""
        person.answered.add(1.0, person.said_clock)
        on_network = int(event["network"]) not in (0,) and int(event["network"]) == person.network
        on_device = int(event["device"]) != 0 and int(event["device"]) == person.device
        worth = sender.trust(now) * (NEIGHBOUR_WORTH if on_network or on_device else 1.0)
        person.trusted_answers.add(worth, person.said_clock)

    def _first_contact(self, account: Account, event: Record, was_active: bool, load: float, now: float) -> None:
        if account.inactive_targets.count:
            account.stranger_gaps.add(max(now - account.last_stranger, 0.0))
        account.last_stranger = now
        account.distinct_strangers.see(int(event["target"]))
        account.strangers.add(1.0, account.own_clock)
        account.inactive_targets.add(0.0 if was_active else 1.0)
        account.target_load.add(load)
        typed = account.last_typing_s is not None and now - account.last_typing_s <= TYPED_WITHIN_S
        account.untyped.add(0.0 if typed else 1.0)
        size = int(event["size"])
        if size >= 0:
            if account.sizes.count:
                account.same_size.add(1.0 if size == account.last_size else 0.0)
            account.sizes.add(float(size))
            account.last_size = size

    def _invite(self, account: Account, other: Account, chat: int, now: float) -> bool:
        account.invites.add(1.0, account.own_clock)
        peer, known = other.peers.meet(account.key)
        peer.they_began = peer.they_began or not known
        other.invitation = (account.key, chat & 0xFFFFFFFF, math.floor(now))
        return True

    def _leave(self, account: Account, chat: int, now: float) -> None:
        """Leaving within an hour of being added says no to the one who added."""
        if account.invitation is None:
            return
        inviter, invited_to, invited_s = account.invitation
        if invited_to != chat & 0xFFFFFFFF or now - invited_s > DECLINE_WINDOW_S:
            return
        account.invitation = None
        if inviter in self.accounts:
            self.accounts[inviter].hears(now)
            self.accounts[inviter].declines.add(1.0, self.accounts[inviter].said_clock)

    def _complaint(self, person: Account, about: Account, kind: int, network: int, now: float) -> bool:
        """A block or report, weighed by structure alone; judged when it weighs enough.

        A stranger's first message: 1. A conversation: a half. A contact that the complainant began: near nothing, and
        less with each more. Somebody who never wrote: 0.
        """
        about.hears(now)
        peer = person.peers.known(about.key)
        weight = 0.0 if peer is None else person.trust(now)
        if peer is not None:
            weight *= INITIATED_WEIGHT if not peer.they_began else CONVERSED_WEIGHT if peer.answered else 1.0
            weight *= REPEATED_WEIGHT if peer.complained else 1.0
            peer.complained = True
        if peer is None or not peer.they_began:
            weight /= 1.0 + about.unfounded.at(about.said_clock)
            about.unfounded.add(1.0, about.said_clock)
        if network:
            if network in about.complaining_networks:
                weight *= CORRELATED_WEIGHT
            about.complaining_networks.append(network)
        (about.reports if kind == K.REPORT else about.blocks).add(weight, about.said_clock)
        about.negative.add(weight, about.said_clock)
        return weight >= JUDGED_COMPLAINT

    def _kind_word(self, person: Account, about: Account, kind: int, now: float) -> None:
        about.hears(now)
        if kind == K.UNBLOCK:
            about.blocks.add(-1.0, about.said_clock)
        elif kind == K.READ:
            about.reads.add(1.0, about.said_clock)
        elif kind == K.CONTACT:
            peer, _ = person.peers.meet(about.key)
            if not peer.saved:
                peer.saved = True
                about.saved_by.add(1.0, about.said_clock)

    def _lonely_deed(self, account: Account, kind: int, now: float) -> bool:
        """Deeds that concern no second account."""
        if kind == K.GROUP_CREATE:
            account.groups_created.add(1.0, account.own_clock)
            return True
        if kind == K.JOIN:
            account.joins.add(1.0, account.own_clock)
            return True
        if kind == K.TYPING:
            account.typing.add(1.0, account.own_clock)
            account.last_typing_s = math.floor(now)
        return False

    # --- Features -----------------------------------------------------------------------------------------------

    def features(self, account: Account, now: float, network: int = 0, device: int = 0) -> dict[str, float]:
        """Every feature of ``account`` at ``now``, in the order of the table. Changes nothing.

        ``network`` and ``device`` are those of the event at hand, 0 when it named none or came from somebody else.
        """
        own, said = max(account.own_clock, now), max(account.said_clock, now)
        log_age_s = now - (self.first_time if self.first_time is not None else now)
        values = (
            _velocity(account, own)
            | _first_contacts(account, own, log_age_s)
            | _reciprocity(account, own, said)
            | _age(account, own, now)
            | _timing(account)
            | _typing_sizes_forwards(account, own)
            | _groups(account, own, said)
            | _feedback(account, own, said)
            | _network(account, self.networks.get(network), own)
            | _device(account, self.devices.get(device), own, now)
            | _registration(account, said)
        )
        return {f.name: values[f.name] if (self.signals & f.needs) == f.needs else NAN for f in FEATURES}


_ABOUT_SOMEBODY = frozenset({K.MESSAGE, K.INVITE, K.BLOCK, K.UNBLOCK, K.REPORT, K.CONTACT, K.READ})


def _share(part: float, whole: float) -> float:
    """part / whole, missing when there is (nearly) nothing to divide by, at most 1."""
    return min(part / whole, 1.0) if whole >= MIN_WHOLE else NAN


def _velocity(a: Account, now: float) -> dict[str, float]:
    return {
        "sent_1m": a.sent.at(MINUTE_S, now),
        "sent_1h": a.sent.at(HOUR_S, now),
        "sent_1d": a.sent.at(DAY_S, now),
        "sent_14d": a.sent.at(FORTNIGHT_S, now),
        "group_sent_1h": a.sent_to_groups.at(HOUR_S, now),
        "group_sent_1d": a.sent_to_groups.at(DAY_S, now),
    }


def _first_contacts(a: Account, now: float, log_age_s: float) -> dict[str, float]:
    count = a.inactive_targets.count
    return {
        "strangers_1m": a.strangers.at(MINUTE_S, now),
        "strangers_1h": a.strangers.at(HOUR_S, now),
        "strangers_1d": a.strangers.at(DAY_S, now),
        "strangers_14d": a.strangers.at(FORTNIGHT_S, now),
        "distinct_strangers": a.distinct_strangers.estimate,
        "first_contact_ratio_1d": _share(a.strangers.at(DAY_S, now), a.sent.at(DAY_S, now)),
        "first_contact_ratio_14d": _share(a.strangers.at(FORTNIGHT_S, now), a.sent.at(FORTNIGHT_S, now)),
        "stranger_gap_mean": a.stranger_gaps.mean if count >= MIN_STRANGERS else NAN,
        # In the first days of a log nobody has been seen active yet: that says nothing about the targets.
        "inactive_target_share": a.inactive_targets.mean if count and log_age_s >= LOG_AGE_FOR_INACTIVE_S else NAN,
        "target_stranger_load": a.target_load.mean if count else NAN,
    }


def _reciprocity(a: Account, own: float, said: float) -> dict[str, float]:
    strangers_1d, strangers_14d = a.strangers.at(DAY_S, own), a.strangers.at(FORTNIGHT_S, own)
    answered_1d, answered_14d = a.answered.at(DAY_S, said), a.answered.at(FORTNIGHT_S, said)
    trusted, received = a.trusted_answers.at(said), a.received.at(FORTNIGHT_S, said)
    inbound, sent = a.inbound.at(said), a.sent.at(FORTNIGHT_S, own)
    # Silence fits cold calling (1 in 10 answers) better than getting acquainted (1 in 2) by ln(0.9 / 0.5) a contact;
    # an answer takes that back and ln(0.5 / 0.1) more. Contacts of the last hour had little time to answer.
    silent = math.log(0.9 / 0.5)
    had_time = max(strangers_14d - 0.75 * a.strangers.at(HOUR_S, own), 0.0)
    return {
        "answered_1d": answered_1d,
        "answered_14d": answered_14d,
        "trusted_answers_14d": trusted,
        "reply_rate_14d": _share(answered_14d, strangers_14d),
        "trusted_reply_rate_14d": _share(trusted, strangers_14d),
        "outstanding_1d": max(strangers_1d - answered_1d, 0.0),
        "outstanding_14d": max(strangers_14d - answered_14d, 0.0),
        "cold_outreach": had_time * silent - trusted * (silent + math.log(0.5 / 0.1)),
        "received_1d": a.received.at(DAY_S, said),
        "received_14d": received,
        "received_share_14d": _share(received, received + sent),
        "inbound_strangers_14d": inbound,
        "inbound_share_14d": _share(inbound, inbound + strangers_14d),
        "saved_by_14d": a.saved_by.at(said),
        "reads_14d": a.reads.at(said),
    }


def _age(a: Account, own: float, now: float) -> dict[str, float]:
    registered = a.registered_s != 0
    under_way = max(now - a.own_clock, 0.0) if a.own_clock else 0.0
    return {
        "account_age": max(now - a.registered_s, 0.0) if registered else NAN,
        "first_message_delay": a.first_message_delay if registered and a.has_sent else NAN,
        "known_for": max(now - a.first_active_s, 0.0) if a.first_active_s else NAN,
        "dormancy": max(under_way, a.silence.at(own)),
    }


def _timing(a: Account) -> dict[str, float]:
    log, plain = a.gaps.log, a.gaps.plain
    enough = plain.count >= MIN_GAPS
    spread = plain.deviation + plain.mean
    quietest = min(a.hours[i] + a.hours[(i + 1) % 8] for i in range(8))
    return {
        "log_gap_mean": log.mean if enough else NAN,
        "log_gap_sd": log.deviation if enough else NAN,
        "log_gap_memory": max(-1.0, min(a.gaps.covariance / log.variance, 1.0)) if enough and log.variance > 1e-6 else NAN,
        # Goh and Barabási 2008
        "burstiness": (plain.deviation - plain.mean) / spread if enough and spread > 0.0 else NAN,
        "session_gap_cv": a.gaps.session.variation(MIN_GAPS),
        "stranger_gap_cv": a.stranger_gaps.variation(MIN_STRANGERS - 1),
        "quiet_share": quietest / sum(a.hours) if sum(a.hours) >= MIN_HOURS else NAN,
    }


def _typing_sizes_forwards(a: Account, now: float) -> dict[str, float]:
    sent = a.sent.at(DAY_S, now)
    return {
        "typing_ratio_1d": min(a.typing.at(now) / sent, 4.0) if sent >= MIN_WHOLE else NAN,
        "untyped_strangers": a.untyped.mean if a.untyped.count else NAN,
        "stranger_size_cv": a.sizes.variation(MIN_SIZES),
        "same_size_share": a.same_size.mean if a.sizes.count >= MIN_SIZES else NAN,
        "forwarded_share": a.forwarded,
    }


def _groups(a: Account, own: float, said: float) -> dict[str, float]:
    return {
        "groups_created_1h": a.groups_created.at(HOUR_S, own),
        "groups_created_1d": a.groups_created.at(DAY_S, own),
        "groups_created_14d": a.groups_created.at(FORTNIGHT_S, own),
        "invites_1h": a.invites.at(HOUR_S, own),
        "invites_1d": a.invites.at(DAY_S, own),
        "invites_14d": a.invites.at(FORTNIGHT_S, own),
        "declines_14d": a.declines.at(said),
        "decline_rate_14d": _share(a.declines.at(said), a.invites.at(FORTNIGHT_S, own)),
        "joins_1h": a.joins.at(HOUR_S, own),
        "joins_1d": a.joins.at(DAY_S, own),
    }


def _feedback(a: Account, own: float, said: float) -> dict[str, float]:
    blocks, reports = a.blocks.at(said), a.reports.at(said)
    return {
        "blocks_14d": blocks,
        "reports_14d": reports,
        "negative_1d": a.negative.at(said),
        "negative_per_stranger": (blocks + reports) / max(a.strangers.at(FORTNIGHT_S, own), 1.0),
        "unfounded_reports_14d": a.unfounded.at(said),
    }


def _network(a: Account, network: Surroundings | None, own: float) -> dict[str, float]:
    changes = {
        "network_changes_1h": a.network_changes.at(HOUR_S, own),
        "network_changes_1d": a.network_changes.at(DAY_S, own),
    }
    if network is None:
        names = "net_registrations_1h net_registrations_1d net_accounts net_messages_1h net_strikes_14d net_abuse_rate"
        return changes | dict.fromkeys(names.split(), NAN)
    accounts, strikes = network.accounts.estimate, network.strikes.at(network.clock)
    return changes | {
        "net_registrations_1h": network.registrations.at(HOUR_S, network.clock),
        "net_registrations_1d": network.registrations.at(DAY_S, network.clock),
        "net_accounts": accounts,
        "net_messages_1h": network.messages.at(network.clock),
        "net_strikes_14d": strikes,
        # Every network starts with twenty accounts' worth of good standing.
        "net_abuse_rate": strikes / (accounts + 20.0),
    }


def _device(a: Account, device: Surroundings | None, own: float, now: float) -> dict[str, float]:
    changes = {"device_changes_14d": a.device_changes.at(own)}
    if device is None:
        names = "device_accounts device_registrations_14d device_strikes_14d device_age"
        return changes | dict.fromkeys(names.split(), NAN)
    return changes | {
        "device_accounts": device.accounts.estimate,
        "device_registrations_14d": device.registrations.at(FORTNIGHT_S, device.clock),
        "device_strikes_14d": device.strikes.at(device.clock),
        "device_age": max(now - device.first_s, 0.0),
    }


def _registration(a: Account, said: float) -> dict[str, float]:
    registered = a.registered_s != 0
    return {
        "reg_net_1h": a.reg_net_1h if registered else NAN,
        "reg_range_1h": a.reg_range_1h if registered else NAN,
        "reg_client_surge": a.reg_client_surge if registered else NAN,
        "reg_strikes": a.reg_strikes if registered else NAN,
        "campaign_score": a.campaign.at(said),
    }
