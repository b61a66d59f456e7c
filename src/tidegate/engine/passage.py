"""One event's way through the four rooms.

``pass_event`` finds the records, lets each room change its own, and says whose turn it is to be judged, if anybody's.
An event that can only make an account look better (a reply, a typing notice, a chat among friends at a human pace) is
not judged: that is the screen that keeps the model for the events that matter.
"""

from typing import Any

import numpy as np

from tidegate.engine.arithmetic import mixed
from tidegate.engine.features import Signal
from tidegate.engine.forgetting import arrives, leaves
from tidegate.engine.index import find, find_or_add
from tidegate.engine.rooms.device import device_sees
from tidegate.engine.rooms.network import CLIENT_SALT, NUMBER_RANGE_SALT, network_sees, surge
from tidegate.engine.rooms.recipient import (
    answers,
    complaint_weight,
    declines,
    hears_from,
    is_invited,
    saves,
)
from tidegate.engine.rooms.sender import (
    acts,
    contacts_stranger,
    creates_group,
    invites,
    is_answered,
    is_complained_about,
    is_found_in_campaign,
    joins,
    loses_complaints,
    receives,
    registers,
    said_back_catches_up,
    sends,
    sends_to_group,
    types,
)
from tidegate.events.columns import EventType, Reason
from tidegate.events.compiled import inlined

REGISTRATION, MESSAGING, FEEDBACK, CAMPAIGN, PERSON = (np.int64(stage) for stage in range(5))
"""Stages, as :class:`tidegate.engine.rungs.Stage`, and one more for what a person decided."""

FAST_SENT_1M = np.float32(8.0)
"""From this pace on every message is judged, whoever it goes to."""
FAST_GROUP_SENT_1H = np.float32(30.0)
JUDGED_COMPLAINT = np.float32(0.2)
"""Complaints that weigh less do not lead to a judgement by themselves."""
BY_ACTOR, BY_TARGET = np.uint8(0), np.uint8(1)
"""Which field of an event named an account."""

KIND_REGISTER, KIND_LOGIN, KIND_MESSAGE = (
    int(EventType.REGISTER),
    int(EventType.LOGIN),
    int(EventType.MESSAGE),
)
KIND_TYPING, KIND_READ, KIND_GROUP = int(EventType.TYPING), int(EventType.READ), int(EventType.GROUP_CREATE)
KIND_INVITE, KIND_JOIN, KIND_LEAVE = int(EventType.INVITE), int(EventType.JOIN), int(EventType.LEAVE)
KIND_BLOCK, KIND_UNBLOCK, KIND_REPORT = int(EventType.BLOCK), int(EventType.UNBLOCK), int(EventType.REPORT)
KIND_CONTACT, KIND_LABEL, KIND_RULING = int(EventType.CONTACT), int(EventType.LABEL), int(EventType.RULING)
KIND_POLICY, KIND_CAMPAIGN = int(EventType.POLICY), int(EventType.CAMPAIGN)
KIND_TICK, KIND_PROOF, KIND_ERASURE = int(EventType.TICK), int(EventType.PROOF), int(EventType.ERASURE)
_RING_REPORTER, _RING_VICTIM = int(Reason.OTHER), int(Reason.LEGITIMATE)
"""What a campaign finding says an account is; anything else: one of a fleet of senders."""
_NOBODY = np.uint64(0)
_ONE = np.float32(1.0)


def _signal_bits() -> tuple[int, ...]:
    bits = [0] * 32
    bits[KIND_REGISTER] = int(Signal.REGISTER)
    bits[KIND_TYPING] = int(Signal.TYPING)
    bits[KIND_BLOCK] = bits[KIND_REPORT] = int(Signal.FEEDBACK)
    bits[KIND_CONTACT] = int(Signal.CONTACT)
    bits[KIND_READ] = int(Signal.READ)
    for kind in (KIND_GROUP, KIND_INVITE, KIND_JOIN, KIND_LEAVE):
        bits[kind] = int(Signal.GROUP)
    return tuple(bits)


_SIGNAL_OF_TYPE = np.array(_signal_bits(), np.int64)
_NETWORK, _DEVICE, _SIZE = int(Signal.NETWORK), int(Signal.DEVICE), int(Signal.SIZE)
_PHONE, _CLIENT, _FORWARDS = int(Signal.PHONE), int(Signal.CLIENT), int(Signal.FORWARDS)
_GROUP_MESSAGE = int(Signal.GROUP_MESSAGE)


@inlined
def note_signals(header: Any, event: Any) -> None:
    """Remember which signals this log carries: what was never supplied is missing, not zero."""
    bits = _SIGNAL_OF_TYPE[event.type & 31]
    if event.network != _NOBODY:
        bits |= _NETWORK
    if event.device != _NOBODY:
        bits |= _DEVICE
    if event.type == KIND_MESSAGE:
        if event.size >= 0:
            bits |= _SIZE
        if event.target == _NOBODY:
            bits |= _GROUP_MESSAGE
    if event.phone_range != 0:
        bits |= _PHONE
    if event.client != 0 and event.type == KIND_REGISTER:
        bits |= _CLIENT
    if event.forwards != 255 and event.type != KIND_RULING:  # there it is the rung that a person named
        bits |= _FORWARDS
    header.signals |= bits


@inlined
def note_newborn(newborn: Any, count: Any, slot: Any, event_index: Any, is_target: Any) -> Any:
    """Tell the caller that a record now belongs to an account named in this event."""
    newborn[count].slot = np.uint32(slot)
    newborn[count].event = np.int32(event_index)
    newborn[count].is_target = is_target
    return count + 1


@inlined
def network_of(t: Any, key: Any) -> Any:
    """Slot of a network, number range or client software, made when new."""
    slot, is_new = find_or_add(t.nt[0], t.ni, t.no, t.networks, key)
    if is_new:
        t.header[0].network_births += 1
    return slot


@inlined
def enter_network(t: Any, event: Any) -> Any:
    """Room one. Slot of the event's network, or -1."""
    if event.network == _NOBODY:
        return np.int64(-1)
    slot = network_of(t, event.network)
    is_message = event.type == KIND_MESSAGE
    network_sees(t.networks[slot], event.actor, event.type == KIND_REGISTER, is_message, event.time)
    return slot


@inlined
def enter_device(t: Any, event: Any) -> Any:
    """Room two. Slot of the event's device, or -1."""
    if event.device == _NOBODY:
        return np.int64(-1)
    slot, is_new = find_or_add(t.dt[0], t.di, t.do, t.devices, event.device)
    if is_new:
        t.header[0].device_births += 1
    device_sees(t.devices[slot], event.actor, event.type == KIND_REGISTER, event.time)
    return slot


@inlined
def sign_up(t: Any, account: Any, event: Any, network_slot: Any, device_slot: Any) -> None:
    """A registration: what network, device, number range and client know is kept with the account."""
    now = event.time
    registers(account, event.phone_range, now)
    strikes = np.float32(0.0)
    if network_slot >= 0:
        account.reg_net_1h = t.networks[network_slot].registrations_1h
        strikes += t.networks[network_slot].strikes_14d
    if device_slot >= 0:
        strikes += t.devices[device_slot].strikes_14d
    if event.phone_range != 0:
        slot = network_of(t, mixed(NUMBER_RANGE_SALT ^ np.uint64(event.phone_range)))
        network_sees(t.networks[slot], event.actor, True, False, now)
        account.reg_range_1h = t.networks[slot].registrations_1h
        strikes += t.networks[slot].strikes_14d
    if event.client != 0:
        slot = network_of(t, mixed(CLIENT_SALT ^ np.uint64(event.client)))
        network_sees(t.networks[slot], event.actor, True, False, now)
        account.reg_client_surge = surge(t.networks[slot], now)
    account.reg_strikes = strikes


@inlined
def message_to_person(
    account: Any,
    person: Any,
    event: Any,
    network_slot: Any,
    device_slot: Any,
    first_ever: Any,
) -> Any:
    """A one-to-one message; True when the sender is to be judged."""
    now = event.time
    was_active = person.first_active_s != 0
    unknown_to_sender, is_reply, first_answer, worth = answers(account, event.target, now)
    unknown_to_person, load = hears_from(person, event.actor, is_reply, now)
    # Either side may have forgotten the other; who is remembered by one is no stranger.
    first_contact = unknown_to_person and unknown_to_sender
    receives(person, first_contact, now)
    if first_answer:
        is_answered(person, worth, network_slot + 1, device_slot + 1)
    sends(account, event, first_ever, now)
    if first_contact:
        contacts_stranger(account, event, was_active, load, now)
    return first_contact or account.sent_1m >= FAST_SENT_1M


@inlined
def message_to_group(account: Any, event: Any, first_ever: Any) -> Any:
    """A message to a group; True when the sender is to be judged."""
    sends(account, event, first_ever, event.time)
    sends_to_group(account)
    return account.sent_1m >= FAST_SENT_1M or account.group_sent_1h >= FAST_GROUP_SENT_1H


@inlined
def what_it_does(account: Any, event: Any, first_ever: Any) -> Any:
    """Own deeds that concern no second account; True when the account is to be judged."""
    kind = event.type
    if kind == KIND_MESSAGE:
        return message_to_group(account, event, first_ever)
    if kind == KIND_GROUP:
        creates_group(account)
        return True
    if kind == KIND_JOIN:
        joins(account)
        return True
    if kind == KIND_TYPING:
        types(account, event.time)
    return False


@inlined
def tell(person: Any, other: Any, event: Any) -> Any:
    """Deeds that say something about ``other`` (the target); True when ``other`` is to be judged for it."""
    kind, now = event.type, event.time
    if kind == KIND_BLOCK or kind == KIND_REPORT:
        weight, contacted_first = complaint_weight(person, event.target, now)
        counted = is_complained_about(other, weight, contacted_first, kind == KIND_REPORT, event.network, now)
        return counted >= JUDGED_COMPLAINT
    said_back_catches_up(other, now)
    # An unblock takes nothing back: what it took back, sock puppets could take back too. Blocks fade by themselves.
    if kind == KIND_READ:
        other.reads_14d += _ONE
    elif kind == KIND_CONTACT and saves(person, event.target):
        other.saved_14d += _ONE
    return False


@inlined
def account_slot(t: Any, key: Any, newborn: Any, newborn_count: Any, index: Any, is_target: Any) -> Any:
    """``(slot, newborn_count)`` of an account, made when new."""
    slot, is_new = find_or_add(t.at[0], t.ai, t.ao, t.accounts, key)
    if is_new:
        newborn_count = note_newborn(newborn, newborn_count, slot, index, is_target)
        t.header[0].births += 1
    return slot, newborn_count


@inlined
def needs_target(kind: Any) -> Any:
    """Whether events of this kind say something about the account in ``target``."""
    return (
        kind == KIND_MESSAGE
        or kind == KIND_INVITE
        or kind == KIND_BLOCK
        or kind == KIND_UNBLOCK
        or kind == KIND_REPORT
        or kind == KIND_CONTACT
        or kind == KIND_READ
    )


@inlined
def decided_by_person(kind: Any) -> Any:
    """Labels, rulings and campaign findings: they are about an account, not by it."""
    return kind == KIND_LABEL or kind == KIND_RULING or kind == KIND_CAMPAIGN


@inlined
def hear_of_campaign(account: Any, event: Any) -> Any:
    """A finding about this account: ``(is judged, stage)``. Strength, or the ring's share, is `size` in thousandths.

    A member is judged for what it is found to be. A ring's victim is looked at as after a complaint, and only when most
    of what was said against it has gone.
    """
    told = min(max(np.float32(event.size) / np.float32(1000.0), np.float32(0.0)), _ONE)
    if event.reason == _RING_VICTIM:
        return loses_complaints(account, told), FEEDBACK
    is_found_in_campaign(account, told, event.reason == _RING_REPORTER)
    return True, CAMPAIGN


@inlined
def says_nothing_of_traffic(kind: Any) -> Any:
    """What a node writes into its journal for itself. No room, no clock and no signal of the log hears of it."""
    return kind == KIND_TICK or kind == KIND_POLICY or kind == KIND_PROOF or kind == KIND_ERASURE


@inlined
def does(
    t: Any,
    event: Any,
    slot: Any,
    network_slot: Any,
    device_slot: Any,
    first_ever: Any,
    index: Any,
    newborn: Any,
    newborn_count: Any,
) -> Any:
    """What the account in ``slot`` does: ``(judged slot or -1, stage, newborn count)``."""
    now, kind = event.time, np.int64(event.type)
    no_slot = np.int64(-1)
    account = t.accounts[slot]
    if kind == KIND_REGISTER:
        sign_up(t, account, event, network_slot, device_slot)
        return slot, REGISTRATION, newborn_count
    if event.target != _NOBODY and event.target != event.actor and needs_target(kind):
        other_slot, newborn_count = account_slot(t, event.target, newborn, newborn_count, index, BY_TARGET)
        account, other = t.accounts[slot], t.accounts[other_slot]
        if kind == KIND_MESSAGE:
            judged = message_to_person(account, other, event, network_slot, device_slot, first_ever)
        elif kind == KIND_INVITE:
            invites(account)
            said_back_catches_up(other, now)
            is_invited(other, event.actor, event.chat, now)
            judged = True
        else:
            judged = tell(account, other, event)
            if judged:
                return other_slot, FEEDBACK, newborn_count
        return slot if judged else no_slot, MESSAGING, newborn_count
    if kind == KIND_LEAVE:
        inviter = declines(account, event.chat, now)
        if inviter != _NOBODY:
            other_slot = find(t.at[0], t.ai, t.ao, t.accounts, inviter)
            if other_slot >= 0:
                said_back_catches_up(t.accounts[other_slot], now)
                t.accounts[other_slot].declines_14d += np.float32(1.0)
        return no_slot, MESSAGING, newborn_count
    judged = what_it_does(account, event, first_ever)
    return slot if judged else no_slot, MESSAGING, newborn_count


@inlined
def pass_event(t: Any, event: Any, index: Any, newborn: Any, newborn_count: Any) -> Any:
    """One event through the rooms: ``(judged slot or -1, stage, network slot, device slot, newborn count)``."""
    now, kind = event.time, np.int64(event.type)
    no_slot = np.int64(-1)
    if says_nothing_of_traffic(kind):
        # A proof concerns the ladder alone; an erasure was carried out before this event's turn.
        slot = find(t.at[0], t.ai, t.ao, t.accounts, event.actor) if kind == KIND_PROOF else no_slot
        return slot, PERSON, no_slot, no_slot, newborn_count
    if decided_by_person(kind):
        about = event.target if event.target != _NOBODY else event.actor
        slot, newborn_count = account_slot(
            t, about, newborn, newborn_count, index, BY_TARGET if about == event.target else BY_ACTOR
        )
        said_back_catches_up(t.accounts[slot], now)
        if kind == KIND_CAMPAIGN:
            judged, stage = hear_of_campaign(t.accounts[slot], event)
            return slot if judged else no_slot, stage, no_slot, no_slot, newborn_count
        return slot, PERSON, no_slot, no_slot, newborn_count

    network_slot = enter_network(t, event)
    device_slot = enter_device(t, event)
    slot, newborn_count = account_slot(t, event.actor, newborn, newborn_count, index, BY_ACTOR)
    account = t.accounts[slot]
    first_ever = account.sent_14d == np.float32(0.0)
    left_network, left_device = arrives(t, account, network_slot, device_slot)
    acts(account, network_slot + 1, device_slot + 1, now)
    said_back_catches_up(account, now)
    judged, stage, newborn_count = does(
        t, event, slot, network_slot, device_slot, first_ever, index, newborn, newborn_count
    )
    leaves(t, left_network, left_device)
    if stage == FEEDBACK:
        return judged, stage, no_slot, no_slot, newborn_count
    return judged, stage, network_slot, device_slot, newborn_count
