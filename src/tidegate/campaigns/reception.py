"""How accounts were received by the people they wrote to, taken together. Compiled."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.campaigns.layout import TARGETS
from tidegate.campaigns.memory import Memory
from tidegate.campaigns.outreach import answered_within, said_back
from tidegate.engine.layout import CLOCK_ZERO_S
from tidegate.events.compiled import compiled

RECEIVED_AT_MOST = 512
"""Contacts looked at to see how one account is received."""


@compiled
def _said_back_to(
    t: Any, slots: Any, most: Any, clock: Any, answered_by: Any, opener: Any, other: Any, nats: Any
) -> Any:
    """Fill in the latest ``most`` contacts of each account; returns how many in all."""
    n = 0
    for i in range(len(slots)):
        at, oldest, looked_at = np.int64(t.persons[slots[i]].contact_head) - 1, clock, 0
        while at >= 0 and looked_at < most:
            contact = t.contacts[at]
            # The chain ends where a forgotten contact's place was given to another.
            if contact.last_s < 0.0 or contact.opener != np.uint32(slots[i]) or contact.began > oldest:
                break
            oldest = contact.began
            looked_at += 1
            opener[n], other[n] = i, contact.other
            nats[n] = said_back(t, contact, clock, answered_by)
            n += 1
            at = np.int64(contact.before) - 1
    return n


def _contacts(
    memory: Memory, slots: NDArray[np.int64], most: int, now_s: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """(index into ``slots``, slot of the other, nats of bulk conduct) of each account's latest contacts."""
    room = most * len(slots)
    opener, other, nats = np.zeros(room, np.int64), np.zeros(room, np.int64), np.zeros(room)
    clock = np.uint32(now_s - CLOCK_ZERO_S)
    n = _said_back_to(memory.arrays, slots, most, clock, answered_within(memory.latency), opener, other, nats)
    return opener[:n], other[:n], nats[:n]


def received_by_others(memory: Memory, slot: int, apart: NDArray[np.int64], now_s: float) -> float:
    """Nats of bulk conduct of an account towards everybody but those in the slots ``apart``."""
    _, other, nats = _contacts(memory, np.array([slot]), RECEIVED_AT_MOST, now_s)
    return float(nats[~np.isin(other, apart)].sum())


def received_together(memory: Memory, slots: NDArray[np.int64], now_s: float) -> NDArray[np.float64]:
    """Nats of bulk conduct of each account of a group towards people outside it.

    What members say to each other shows nothing, and each person outside counts once, however many members it
    answers: neither fellows nor paid answerers make a fleet look welcome.
    """
    opener, other, nats = _contacts(memory, slots, TARGETS, now_s)
    outside = ~np.isin(other, slots)
    opener, other, nats = opener[outside], other[outside], nats[outside]
    _, person, met_by = np.unique(other, return_inverse=True, return_counts=True)
    shown = np.zeros(len(slots))
    np.add.at(shown, opener, nats / met_by[person])
    return shown
