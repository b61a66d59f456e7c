"""Every feature in plain Python: what it means, with nothing made fast. Start here to understand the engine.

:class:`ReferenceEngine` takes one event at a time and knows who is judged for it; ``reference_memories`` is
what it remembers, ``reference_features`` how features follow from that. Tests hold the compiled kernel
against it. The two differ in three ways only:

* the kernel stores counters as ``float32``, so values agree to about 1 part in 1,000;
* the kernel remembers peers by 27 bits of their key, complaining networks by 15: once in millions of
  strangers, and once in 32,768 pairs of networks, it takes two for one;
* the reference decides nothing and forgets nobody but whom it is told to: rules, model, ladder and eviction are
  not here. Whoever compares the two says :meth:`ReferenceEngine.strike` when a decision was made. What people do to
  the ladder is in ``reference_ladder``.
"""

import math
from typing import Any, NamedTuple, Protocol

from tidegate.engine.features import DAY_S, FEATURES, FORTNIGHT_S, HOUR_S, MINUTE_S, Signal
from tidegate.engine.reference_features import features_of
from tidegate.engine.reference_memories import MOMENTS_CAP, NAN, Account, Decaying, Strike, Surroundings
from tidegate.engine.rungs import Stage
from tidegate.events.columns import MISSING_FORWARDS, EventType, Reason

NEIGHBOUR_WORTH = 0.1
INITIATED_WEIGHT, CONVERSED_WEIGHT, REPEATED_WEIGHT, CORRELATED_WEIGHT = 0.05, 0.5, 0.3, 0.25
# Who is judged: see ReferenceEngine._message and ._complaint.
FAST_SENT_1M, FAST_GROUP_SENT_1H, JUDGED_COMPLAINT = 8.0, 30.0, 0.2
WORTHLESS_FROM = 0.5  # strength of a campaign from which on its members' complaints weigh nothing
TYPED_WITHIN_S, DECLINE_WINDOW_S = 120.0, 3600.0
STRIKES_REACH_EVERY = 64
LEAST_STRIKE = 0.01  # what is left below that when a strike is taken back is none

K = EventType
_SIGNAL_OF_KIND = {
    K.REGISTER: Signal.REGISTER,
    K.TYPING: Signal.TYPING,
    K.READ: Signal.READ,
    K.CONTACT: Signal.CONTACT,
    **dict.fromkeys((K.BLOCK, K.REPORT), Signal.FEEDBACK),
    **dict.fromkeys((K.GROUP_CREATE, K.INVITE, K.JOIN, K.LEAVE), Signal.GROUP),
}
_OF_NO_TRAFFIC = frozenset({K.TICK, K.POLICY, K.PROOF, K.ERASURE})
_ABOUT_SOMEBODY = frozenset({K.MESSAGE, K.INVITE, K.BLOCK, K.UNBLOCK, K.REPORT, K.CONTACT, K.READ})


class Record(Protocol):
    """Anything with the fields of an event: an element of an EVENT array, or a mapping."""

    def __getitem__(self, name: str, /) -> Any: ...


class Judged(NamedTuple):
    """An account that an event makes worth a look, with every feature by name (NaN = missing)."""

    account: int
    stage: Stage
    features: dict[str, float]


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
        self._latest_s = 0.0
        self._observed = 0
        self._strikes: list[tuple[Strike, float]] = []

    def observe(self, event: Record) -> Judged | None:
        """Take in one event; the account it makes worth a look, if any."""
        now, kind = float(event["time"]), int(event["type"])
        if self._observed % STRIKES_REACH_EVERY == 0:
            self._deliver_strikes(self._latest_s if kind in _OF_NO_TRAFFIC else now)
        self._observed += 1
        if kind in _OF_NO_TRAFFIC:
            # A proof moves the ladder, a tick and a policy concern who drives the engine; neither is here.
            if kind == K.ERASURE:
                self.accounts.pop(int(event["actor"]), None)
            return None
        self._latest_s = max(self._latest_s, now)
        if self.first_time is None:
            self.first_time = now
        self._note_signals(event)
        if kind in (K.LABEL, K.RULING, K.CAMPAIGN):
            return self._finding(event, now)
        return self._deed(event, kind, now)

    def strike(self, account: int) -> None:
        """A decision found the account abusive.

        Its surroundings hear of it at the next 64th event of the log, wherever batches end.
        """
        person = self.accounts[account]
        among = (
            self.networks.get(person.network or 0),
            self.devices.get(person.device or 0),
            self.number_ranges.get(person.phone_range),
        )
        strike = Strike([place for place in among if place])
        person.struck.appendleft(strike)
        self._strikes.append((strike, 1.0))

    def take_back(self, account: int, most: int, now: float) -> None:
        """What is left of the account's latest ``most`` strikes is taken back where they were given."""
        struck = self.accounts[account].struck
        for _ in range(min(most, len(struck))):
            strike = struck.popleft()
            self._strikes.append((strike, -strike.left(now)))

    def _deliver_strikes(self, now: float) -> None:
        for strike, weight in self._strikes:
            strike.arrived = now if weight > 0.0 else strike.arrived
            for place in strike.places:
                place.clock = max(place.clock, now)
                if weight < 0.0 and place.strikes.at(place.clock) + weight < LEAST_STRIKE:
                    place.strikes.keep(0.0)
                else:
                    place.strikes.add(weight, place.clock)
        self._strikes.clear()

    def _note_signals(self, event: Record) -> None:
        """What was never supplied is missing, not zero."""
        kind = int(event["type"])
        supplied = {
            Signal.NETWORK: event["network"] != 0,
            Signal.DEVICE: event["device"] != 0,
            Signal.SIZE: event["size"] >= 0 and kind == K.MESSAGE,
            Signal.GROUP_MESSAGE: event["target"] == 0 and kind == K.MESSAGE,
            Signal.PHONE: event["phone_range"] != 0,
            Signal.CLIENT: event["client"] != 0 and kind == K.REGISTER,
            # In a ruling it is the rung that a person named.
            Signal.FORWARDS: event["forwards"] != MISSING_FORWARDS and kind != K.RULING,
        }
        self.signals |= _SIGNAL_OF_KIND.get(K(kind), Signal(0))
        for signal, is_supplied in supplied.items():
            if is_supplied:
                self.signals |= signal

    def _account(self, key: int) -> Account:
        return self.accounts.setdefault(key, Account(key))

    def _judge(self, account: Account, stage: Stage, now: float, network: int = 0, device: int = 0) -> Judged:
        return Judged(account.key, stage, self.features(account, now, network, device))

    def _finding(self, event: Record, now: float) -> Judged | None:
        """Said about an account by a person or a slower analysis; only the latter moves a feature.

        A ring's victim is looked at again when half of what was said against it, or more, came from the ring.
        """
        account = self._account(int(event["target"]) or int(event["actor"]))
        account.hears(now)
        if event["type"] != K.CAMPAIGN:
            return None
        told = min(max(int(event["size"]) / 1000.0, 0.0), 1.0)
        if event["reason"] == Reason.LEGITIMATE:
            return self._judge(account, Stage.FEEDBACK, now) if self._relief(account, told) else None
        self._member(account, told, event["reason"] == Reason.OTHER)
        return self._judge(account, Stage.CAMPAIGN, now)

    def _member(self, account: Account, strength: float, in_ring: bool) -> None:
        """One of a fleet of senders, or of a ring of false reporters; from a half on, complaints of either weigh nothing.

        A fleet's member that is found in a ring too stays what it is, unless that finding was weak or has faded.
        """
        if strength == 0.0:
            return
        said = account.said_clock
        if in_ring != account.in_ring:
            if in_ring and account.campaign.at(said) >= WORTHLESS_FROM:
                return
            account.in_ring, account.campaign = in_ring, Decaying(FORTNIGHT_S)
        account.campaign.raise_to(strength, said)

    def _relief(self, account: Account, share_of_ring: float) -> bool:
        """A ring brought this share of all complaints; whether half of what they weigh, or more, is taken out.

        What others said is taken to be what weighs: whoever lets weightless accounts complain about themselves gets
        rid of nothing. What is taken out counts among the weightless, so that no finding takes it out twice.
        """
        said = account.said_clock
        weight = account.blocks.at(said) + account.reports.at(said)
        if weight <= 0.0:
            return False
        left = min((1.0 - share_of_ring) * (weight + account.unfounded.at(said)) / weight, 1.0)
        for complaints in (account.blocks, account.reports, account.negative):
            complaints.keep(left)
        account.unfounded.add(weight * (1.0 - left), said)
        return left <= 0.5

    def _deed(self, event: Record, kind: int, now: float) -> Judged | None:
        """Something an account did: network and device hear of it, then the recipient; then it is judged."""
        actor, target = int(event["actor"]), int(event["target"])
        network, device = int(event["network"]), int(event["device"])
        if network:
            self.networks.setdefault(network, Surroundings()).sees(actor, kind, now)
        if device:
            self.devices.setdefault(device, Surroundings(bits=64)).sees(actor, kind, now)
        account = self._account(actor)
        account.acts(network, device, now)
        if kind == K.REGISTER:
            self._sign_up(account, event, now)
            return self._judge(account, Stage.REGISTRATION, now, network, device)
        if kind == K.LEAVE:
            self._leave(account, int(event["chat"]), now)
            return None
        other = self._account(target) if target not in (0, actor) and kind in _ABOUT_SOMEBODY else None
        if kind == K.MESSAGE:
            judged = self._message(account, other, event, now)
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

    def _message(self, account: Account, other: Account | None, event: Record, now: float) -> bool:
        """Judged: a first contact, a message at a tool's pace, a message in a flood to groups.

        A chat among friends at a human pace is not.
        """
        clock = account.own_clock
        first_contact, load, was_active = False, 0.0, False
        if other is not None:
            was_active = other.first_active_s != 0
            first_contact, load = self._meet(account, other, event, now)
        if not account.has_sent:
            account.first_message_delay = (
                max(now - account.registered_s, 0.0) if account.registered_s else 0.0
            )
        else:
            account.gaps.add(clock - account.last_message)
        account.has_sent, account.last_message = True, clock
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
        of_sender, _ = sender.peers.meet(person.key)
        known_to_sender = of_sender.they_began or of_sender.i_began or of_sender.invited
        is_reply = of_sender.they_began
        if not known_to_sender:
            of_sender.i_began = True
        of_person, known_to_person = person.peers.meet(sender.key)
        load = person.stranger_load * math.exp2(-max(now - person.stranger_load_s, 0.0) / DAY_S)
        if not known_to_person:
            # Whoever has forgotten that they wrote first is not taken for somebody who was contacted.
            of_person.i_began, of_person.they_began = is_reply, not is_reply
        elif of_person.invited:
            # An invitation to a group is no acquaintance: the first message is still the first.
            of_person.invited, of_person.they_began, known_to_person = False, True, False
        if not known_to_person:
            person.stranger_load, person.stranger_load_s = load + 1.0, math.floor(now)
        # Either side may have forgotten the other; who is remembered by one is no stranger.
        first_contact = not known_to_person and not known_to_sender
        person.hears(now)
        person.received.add(1.0, person.said_clock)
        if first_contact:
            person.inbound.add(1.0, person.said_clock)
        if is_reply and not of_sender.answered:
            of_sender.answered = True
            self._answer(sender, person, event, now)
        return first_contact, load

    def _answer(self, sender: Account, person: Account, event: Record, now: float) -> None:
        """Somebody whom ``person`` wrote to first writes back; neighbours of that person count a tenth."""
        person.answered.add(1.0, person.said_clock)
        on_network = int(event["network"]) != 0 and int(event["network"]) == person.network
        on_device = int(event["device"]) != 0 and int(event["device"]) == person.device
        worth = sender.trust(now) * (NEIGHBOUR_WORTH if on_network or on_device else 1.0)
        person.trusted_answers.add(worth, person.said_clock)

    def _first_contact(
        self, account: Account, event: Record, was_active: bool, load: float, now: float
    ) -> None:
        if account.inactive_targets.count:
            account.stranger_gaps.add(account.own_clock - account.last_stranger)
        account.last_stranger = account.own_clock
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
        other.hears(now)
        peer, known = other.peers.meet(account.key)
        peer.invited = peer.invited or not known
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

        A stranger's first message: 1. A conversation: a half. A contact that the complainant began: near
        nothing, and less with each more. Somebody who never wrote, or a member of a campaign: 0.
        """
        about.hears(now)
        peer = person.peers.known(about.key)
        contacted_first = peer is not None and (peer.they_began or peer.invited)
        weight = 0.0 if peer is None else person.trust(now)
        if peer is not None:
            weight *= INITIATED_WEIGHT if not contacted_first else CONVERSED_WEIGHT if peer.answered else 1.0
            weight *= REPEATED_WEIGHT if peer.complained else 1.0
            weight *= max(1.0 - person.campaign.at(person.said_clock) / WORTHLESS_FROM, 0.0)
            peer.complained = True
        if not contacted_first or weight <= 0.0:
            weight /= 1.0 + about.unfounded.at(about.said_clock)
            about.unfounded.add(1.0, about.said_clock)
        elif network:
            if network in about.complaining_networks:
                weight *= CORRELATED_WEIGHT
            about.complaining_networks.append(network)
        (about.reports if kind == K.REPORT else about.blocks).add(weight, about.said_clock)
        about.negative.add(weight, about.said_clock)
        return weight >= JUDGED_COMPLAINT

    def _kind_word(self, person: Account, about: Account, kind: int, now: float) -> None:
        about.hears(now)
        # An unblock takes nothing back: what it took back, sock puppets could take back too.
        if kind == K.READ:
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

    def features(self, account: Account, now: float, network: int = 0, device: int = 0) -> dict[str, float]:
        """Every feature in the order of the table; missing until the log has carried each signal it needs."""
        log_age_s = now - (self.first_time if self.first_time is not None else now)
        values = features_of(account, self.networks.get(network), self.devices.get(device), log_age_s, now)
        return {f.name: values[f.name] if (self.signals & f.needs) == f.needs else NAN for f in FEATURES}
