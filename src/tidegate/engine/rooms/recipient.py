"""Room three: the person on the receiving side, who they know, and what their answer is worth.

Each account remembers 32 peers as a 27-bit fingerprint with five flags. New peers take the 16 probation places in
turn; a peer met again changes places with one of the 16 kept ones, so a flood of strangers cannot wash out friends.
"""

from typing import Any

import numpy as np

from tidegate.engine.features import DAY_S
from tidegate.engine.layout import (
    ANSWERED,
    COMPLAINED,
    I_FIRST,
    PEER_FLAGS,
    PEERS,
    SAVED,
    THEY_FIRST,
)
from tidegate.engine.rooms.decay import clock, kept_day, since
from tidegate.events.compiled import inlined

_HALF = PEERS // 2
_INVITED = np.uint32(THEY_FIRST | I_FIRST)
"""Both flags at once: added to a group by the other side, no message yet."""
_WITHOUT_I_FIRST = np.uint32(0xFFFFFFFF ^ int(I_FIRST))
_FINGERPRINT = np.uint32(0xFFFFFFFF ^ PEER_FLAGS)

TRUSTED_AGE_S = 3 * DAY_S
"""From this age on an account's answer or complaint counts fully."""
LEAST_TRUST = np.float32(0.25)
DECLINE_WINDOW_S = 3600.0
INITIATED_WEIGHT = np.float32(0.05)
"""Weight of the first complaint by someone who began the contact; later ones shrink harmonically."""
REPEATED_WEIGHT = np.float32(0.3)
CONVERSED_WEIGHT = np.float32(0.5)
DISCOUNT = np.float32(2.0)
"""Of a complaint, for each unit of the strength of the campaign that the complainant was found in: nothing is left from
a half on."""


@inlined
def fingerprint(key: Any) -> Any:
    """The upper 27 bits of a peer entry; never 0."""
    bits = np.uint32(np.uint64(key) >> np.uint64(32)) & _FINGERPRINT
    return bits if bits != np.uint32(0) else np.uint32(PEER_FLAGS + 1)


@inlined
def place_of(person: Any, print_: Any) -> Any:
    """Where a peer is remembered, or -1. Free of branches, so that eight places are compared at once."""
    found = np.int64(-1)
    for i in range(PEERS):
        if (person.peers[i] & _FINGERPRINT) == print_:
            found = np.int64(i)
    return found


@inlined
def meet(person: Any, other: Any, flags_if_new: Any) -> Any:
    """Flags known about ``other`` before now (0 = a stranger, then remembered with ``flags_if_new``)."""
    print_ = fingerprint(other)
    place = place_of(person, print_)
    if place < 0:
        head = np.int64(person.peer_head)
        person.peers[_HALF + head] = print_ | np.uint32(flags_if_new)
        person.peer_head = np.uint8((head + 1) % _HALF)
        return np.uint32(0)
    entry = person.peers[place]
    if place >= _HALF:
        person.peers[place] = person.peers[place - _HALF]
        person.peers[place - _HALF] = entry
    # A peer is always remembered with a flag, so a known one never looks like a stranger.
    return entry & np.uint32(PEER_FLAGS)


@inlined
def flag(person: Any, other: Any, flags: Any) -> None:
    """Add flags to a peer that was just met."""
    place = place_of(person, fingerprint(other))
    if place >= 0:
        person.peers[place] |= np.uint32(flags)


@inlined
def trust(person: Any, now: float) -> Any:
    """What this person's word is worth, 0.25 to 1, by age. An unseen sign-up is old, not new."""
    if person.registered_s == 0:
        return np.float32(1.0)
    share = np.float32(since(now, person.registered_s) / TRUSTED_AGE_S)
    return min(np.float32(1.0), max(LEAST_TRUST, share))


@inlined
def hears_from(person: Any, sender: Any, is_reply: Any, now: float) -> Any:
    """A message arrives: ``(is_first_contact, strangers who wrote to this person lately)``.

    ``is_reply``: the sender remembers that this person wrote first. Then a person who has forgotten it is not taken
    for somebody who was contacted: else whoever makes room in their own memory could complain of a reply.
    """
    known = meet(person, sender, I_FIRST if is_reply else THEY_FIRST)
    load = np.float32(person.stranger_load * kept_day(since(now, person.stranger_load_s)))
    is_stranger = known == 0
    if known & _INVITED == _INVITED:
        # An invitation to a group is no acquaintance: the first message is still the first.
        place = place_of(person, fingerprint(sender))
        person.peers[place] &= _WITHOUT_I_FIRST
        is_stranger = True
    if is_stranger:
        person.stranger_load = load + np.float32(1.0)
        person.stranger_load_s = clock(now)
    return is_stranger, load


@inlined
def answers(person: Any, other: Any, now: float) -> Any:
    """This person writes to ``other``: ``(began_it, is_reply, first_answer, worth)``.

    ``began_it``: it is a new conversation; having saved the number does not make it an old one.
    ``first_answer``: ``other`` wrote first and had no answer until now.
    """
    known = meet(person, other, I_FIRST)
    began_it = (known & _INVITED) == 0
    if began_it:
        flag(person, other, I_FIRST)
    is_reply = (known & _INVITED) == THEY_FIRST
    first_answer = is_reply and (known & ANSWERED) == 0
    if first_answer:
        flag(person, other, ANSWERED)
    return began_it, is_reply, first_answer, trust(person, now)


@inlined
def left_of_word(person: Any) -> Any:
    """The share of this person's complaints that counts: found among senders or false reporters, little or nothing."""
    strength = max(person.campaign_14d, -person.campaign_14d)
    return max(np.float32(1.0) - DISCOUNT * strength, np.float32(0.0))


@inlined
def complaint_weight(person: Any, about: Any, now: float) -> Any:
    """``(weight, was_contacted_first)`` of a block or report by this person, from structure alone.

    A stranger's first message: 1. A conversation: a half. A contact this person began: near nothing (the caller
    lets it shrink with repetition). Somebody who never wrote: 0. From a member of a campaign: nothing, see
    :func:`left_of_word`.
    """
    print_ = fingerprint(about)
    place = place_of(person, print_)
    if place < 0:
        return np.float32(0.0), False
    entry = person.peers[place]
    they_first = (entry & THEY_FIRST) != 0
    weight = trust(person, now) * left_of_word(person)
    if not they_first:
        weight *= INITIATED_WEIGHT
    elif (entry & ANSWERED) != 0:
        weight *= CONVERSED_WEIGHT
    if (entry & COMPLAINED) != 0:
        weight *= REPEATED_WEIGHT
    person.peers[place] = entry | COMPLAINED
    return weight, they_first


@inlined
def saves(person: Any, other: Any) -> Any:
    """This person saves ``other`` as a contact; True the first time."""
    known = meet(person, other, SAVED)
    if (known & SAVED) != 0:
        return False
    flag(person, other, SAVED)
    return True


@inlined
def is_invited(person: Any, inviter: Any, chat: Any, now: float) -> None:
    """Somebody adds this person to a group."""
    meet(person, inviter, _INVITED)
    person.invited_by = inviter
    person.invited_chat = np.uint32(np.uint64(chat) & np.uint64(0xFFFFFFFF))
    person.invited_s = clock(now)


@inlined
def declines(person: Any, chat: Any, now: float) -> Any:
    """Key of the inviter when this person leaves a group within an hour of being added to it, else 0."""
    same = person.invited_chat == np.uint32(np.uint64(chat) & np.uint64(0xFFFFFFFF))
    if person.invited_by == np.uint64(0) or not same or since(now, person.invited_s) > DECLINE_WINDOW_S:
        return np.uint64(0)
    inviter = person.invited_by
    person.invited_by = np.uint64(0)
    return inviter
