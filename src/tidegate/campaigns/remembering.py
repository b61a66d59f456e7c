"""One event into the memory of the search: who was met, who answered, from where. Compiled."""

from typing import Any

import numpy as np

from tidegate.campaigns.layout import CHATS, DEVICES, LATENCY_BINS, NETWORKS, PEERS
from tidegate.engine.arithmetic import mixed
from tidegate.engine.index import find, find_or_add
from tidegate.engine.layout import CLOCK_ZERO_S
from tidegate.events.columns import EventType, Reason
from tidegate.events.compiled import compiled, inlined

REGISTER, MESSAGE, TYPING = int(EventType.REGISTER), int(EventType.MESSAGE), int(EventType.TYPING)
JOIN = int(EventType.JOIN)
BLOCK, REPORT = int(EventType.BLOCK), int(EventType.REPORT)
LABEL, RULING = int(EventType.LABEL), int(EventType.RULING)
LAST_OF_TRAFFIC = int(EventType.CONTACT)
LEGITIMATE = int(Reason.LEGITIMATE)
TYPED_WITHIN_S = np.uint32(120)
"""A typing notice this long before a message belongs to it."""
_NOBODY = np.uint64(0)
_PAIR = np.uint64(0x9E3779B97F4A7C15)
NETWORK_SALT, DEVICE_SALT, RANGE_SALT, CLIENT_SALT, CHAT_SALT = (
    np.uint64(0x6E65740000000000 + n) for n in range(5)
)
"""Keep the tokens of one kind apart from those of another in the same table."""


@inlined
def token_of(salt: Any, value: Any) -> Any:
    """Key of a network, device, … in the table of tokens."""
    return mixed(salt ^ np.uint64(value))


@inlined
def pair_of(a: Any, b: Any) -> Any:
    """Key of two accounts, whichever comes first."""
    low, high = min(a, b), max(a, b)
    return mixed(low * _PAIR ^ high)


@inlined
def counted(t: Any, salt: Any, value: Any, now: Any) -> None:
    """One more account has this token."""
    slot, _ = find_or_add(t.token_book[0], t.token_index, t.token_old, t.tokens, token_of(salt, value))
    t.tokens[slot].last_s = now
    t.tokens[slot].accounts += np.uint32(1)


@inlined
def person_of(t: Any, key: Any, clock: Any) -> Any:
    """Slot of an account, made when new."""
    slot, is_new = find_or_add(t.person_book[0], t.person_index, t.person_old, t.persons, key)
    if is_new:
        t.persons[slot].first_seen = clock
    return slot


@inlined
def notes_peer(person: Any, slot: Any) -> None:
    """Keep the latest few people an account has exchanged messages with."""
    wanted = np.uint32(slot + 1)
    for i in range(PEERS):
        if person.peers[i] == wanted:
            return
    person.peers[person.peer_at] = wanted
    person.peer_at = np.uint8((person.peer_at + 1) % PEERS)


@inlined
def comes_from(t: Any, person: Any, event: Any) -> None:
    """Networks and devices of an account, the latest few of each."""
    if event.network != _NOBODY:
        known = False
        for i in range(NETWORKS):
            known = known or person.networks[i] == event.network
        if not known:
            person.networks[person.network_at] = event.network
            person.network_at = np.uint8((person.network_at + 1) % NETWORKS)
            counted(t, NETWORK_SALT, event.network, event.time)
    if event.device != _NOBODY:
        known = False
        for i in range(DEVICES):
            known = known or person.devices[i] == event.device
        if not known:
            person.devices[person.device_at] = event.device
            person.device_at = np.uint8((person.device_at + 1) % DEVICES)
            counted(t, DEVICE_SALT, event.device, event.time)


@inlined
def is_in_chat(t: Any, person: Any, chat: Any, now: Any) -> None:
    """A group that an account belongs to."""
    for i in range(CHATS):
        if person.chats[i] == chat:
            return
    person.chats[person.chat_at] = chat
    person.chat_at = np.uint8((person.chat_at + 1) % CHATS)
    counted(t, CHAT_SALT, chat, now)


@inlined
def signs_up(t: Any, person: Any, event: Any, clock: Any) -> None:
    """A registration."""
    person.registered = clock
    if event.phone_range != 0:
        person.phone_range = event.phone_range
        counted(t, RANGE_SALT, event.phone_range, event.time)
    if event.client != 0:
        person.client = event.client
        counted(t, CLIENT_SALT, event.client, event.time)


@inlined
def writes_to(t: Any, slot: Any, event: Any, clock: Any) -> None:
    """A one-to-one message: a new contact, an answer, or one more of many."""
    other_slot = person_of(t, event.target, clock)
    person, other = t.persons[slot], t.persons[other_slot]
    at, is_new = find_or_add(
        t.contact_book[0], t.contact_index, t.contact_old, t.contacts, pair_of(event.actor, event.target)
    )
    contact = t.contacts[at]
    contact.last_s = event.time
    if is_new:
        contact.opener, contact.other = np.uint32(slot), np.uint32(other_slot)
        contact.began, contact.answered = clock, np.uint32(0)
        contact.before = person.contact_head
        contact.size = event.size
        contact.complained = np.uint8(0)
        contact.typed = np.uint8(clock - person.last_typing <= TYPED_WITHIN_S)
        if person.opened == 0:
            person.started = clock
        person.contact_head = np.uint32(at + 1)
        person.opened += np.uint32(1)
        person.changed = np.uint8(1)
        other.approached += np.uint32(1)
        t.totals[0].opened += 1
    elif contact.answered == 0 and contact.opener != np.uint32(slot):
        contact.answered = clock
        opener = t.persons[contact.opener]
        opener.changed = np.uint8(1)
        waited = np.float64(clock - contact.began) + 1.0
        t.latency[min(np.int64(2.0 * np.log2(waited)), LATENCY_BINS - 1)] += 1.0
        notes_peer(person, other_slot)
        notes_peer(opener, slot)


@inlined
def in_one_chat(one: Any, other: Any) -> Any:
    """Whether two accounts are known to have a group in common."""
    for i in range(CHATS):
        if one.chats[i] != _NOBODY:
            for k in range(CHATS):
                if one.chats[i] == other.chats[k]:
                    return True
    return False


@inlined
def complains(t: Any, slot: Any, event: Any, clock: Any) -> None:
    """A block or report."""
    about = person_of(t, event.target, clock)
    at = find(
        t.contact_book[0], t.contact_index, t.contact_old, t.contacts, pair_of(event.actor, event.target)
    )
    wrote_first = at >= 0 and t.contacts[at].opener == np.uint32(about)
    if wrote_first and t.contacts[at].complained == 0:
        t.contacts[at].complained = np.uint8(1)
        t.persons[about].changed = np.uint8(1)
    number = t.totals[0].complaints
    complaint = t.complaints[number % len(t.complaints)]
    complaint.time_s = event.time
    complaint.by, complaint.about = np.uint32(slot), np.uint32(about)
    complaint.by_key, complaint.about_key = event.actor, event.target
    complaint.solicited = np.uint8(wrote_first or in_one_chat(t.persons[slot], t.persons[about]))
    t.totals[0].complaints = number + 1


@inlined
def remember_one(t: Any, event: Any) -> None:
    """One event. Kinds that say nothing about who acts with whom pass by."""
    kind = np.int64(event.type)
    clock = np.uint32(event.time - CLOCK_ZERO_S)
    if kind > LAST_OF_TRAFFIC:
        if (kind == LABEL or kind == RULING) and event.reason == LEGITIMATE and event.target != _NOBODY:
            slot = find(t.person_book[0], t.person_index, t.person_old, t.persons, event.target)
            if slot >= 0:
                t.persons[slot].cleared = np.uint8(1)
        return
    slot = person_of(t, event.actor, clock)
    person = t.persons[slot]
    person.last_s = event.time
    if person.first_active == 0:
        person.first_active = clock
        t.totals[0].active += 1
    comes_from(t, person, event)
    if kind == REGISTER:
        signs_up(t, person, event, clock)
    elif kind == TYPING:
        person.last_typing = clock
    elif kind == MESSAGE:
        person.sent += np.uint32(1)
        if event.target != _NOBODY:
            if event.target != event.actor:
                writes_to(t, slot, event, clock)
        elif event.chat != _NOBODY:
            is_in_chat(t, person, event.chat, event.time)
    elif kind == JOIN:
        if event.chat != _NOBODY:
            is_in_chat(t, person, event.chat, event.time)
    elif (kind == BLOCK or kind == REPORT) and event.target != _NOBODY and event.target != event.actor:
        complains(t, slot, event, clock)


@compiled
def remember(t: Any, events: Any) -> None:
    """EVENT[n], in order. There is room for whatever they bring."""
    for i in range(len(events)):
        remember_one(t, events[i])
