"""The fleets of a labelled log: who belongs to each, when each member began, and how fast it goes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.events.columns import EventType
from tidegate.learning.campaign_finder import DAY_S, Keys
from tidegate.learning.samples import Truth

LEAST_MEMBERS = 20
"""Fleets that the goals speak of."""
DRIP_A_DAY = 6.0
"""A fleet whose members reach at most this many strangers on a mean day of work drips."""
TENTH = 10
RING_FAMILIES = ("false_report_ring", "bait_ring")
"""How the names of families begin that attack by reporting, not by sending."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """One operator's accounts. Arrays have one entry a member."""

    name: str
    family: str
    members: Keys
    first_deed: NDArray[np.float64]
    """Unix seconds of the first message to a stranger outside the fleet (of a ring: of the first complaint);
    infinite for a member that never did."""
    strangers_a_day: float
    """Mean over members and the days on which they reached any."""
    is_ring: bool
    """Attacks by reporting, not by sending."""

    @property
    def tenth_s(self) -> float:
        """When the tenth member began; infinite if fewer did."""
        ordered = np.sort(self.first_deed)
        return float(ordered[TENTH - 1]) if len(ordered) >= TENTH else np.inf

    @property
    def is_drip(self) -> bool:
        return not self.is_ring and 0.0 < self.strangers_a_day <= DRIP_A_DAY


@dataclass(frozen=True, slots=True)
class Contacts:
    """First contacts between two accounts. One entry each, in the order of the log."""

    account: NDArray[np.int64]
    """Index into the truth: who wrote or invited first."""
    target: Keys
    time: NDArray[np.float64]


def first_contacts(events: NDArray[Any], truth: Truth, of: NDArray[np.bool_]) -> Contacts:
    """First contacts made by the accounts for which ``of`` [account] holds."""
    kind = events["type"]
    either = ((kind == EventType.MESSAGE) | (kind == EventType.INVITE)) & (events["target"] != 0)
    keys = truth.keys[of]
    either &= np.isin(events["actor"], keys) | np.isin(events["target"], keys)
    some = events[either]
    low, high = np.minimum(some["actor"], some["target"]), np.maximum(some["actor"], some["target"])
    order = np.lexsort((high, low))  # stable: the earliest of each pair comes first
    changed = (np.diff(low[order]) != 0) | (np.diff(high[order]) != 0)
    first = np.sort(order[np.r_[True, changed][: len(order)]])
    some = some[first]
    account = places(some["actor"], truth)
    made = (account >= 0) & of[account]
    return Contacts(account[made], some["target"][made], some["time"][made])


def places(keys: Keys, truth: Truth) -> NDArray[np.int64]:
    """Index of each key in the truth, -1 where it is not there."""
    order = np.argsort(truth.keys)
    at = np.minimum(np.searchsorted(truth.keys[order], keys), len(order) - 1)
    found = order[at]
    return np.where(truth.keys[found] == keys, found, -1)


def strangers_reached(events: NDArray[Any], truth: Truth) -> Contacts:
    """First contacts of attackers with accounts outside their own fleet, from the time on that they attack."""
    contacts = first_contacts(events, truth, truth.family != "honest")
    target = places(contacts.target, truth)
    fellows = (target >= 0) & (truth.campaign[target] == truth.campaign[contacts.account])
    counted = ~fellows & (contacts.time >= truth.abusive_from[contacts.account])
    return Contacts(contacts.account[counted], contacts.target[counted], contacts.time[counted])


def fleets_of(events: NDArray[Any], truth: Truth, least: int = LEAST_MEMBERS) -> list[Fleet]:
    """Fleets of at least ``least`` accounts, by name."""
    abusive = truth.family != "honest"
    reached = strangers_reached(events, truth)
    who, when = reached.account, reached.time
    sent, complained = np.full((2, len(truth.keys)), np.inf)
    np.minimum.at(sent, who, when)
    complaints = events[(events["type"] == EventType.REPORT) | (events["type"] == EventType.BLOCK)]
    reporter = places(complaints["actor"], truth)
    np.minimum.at(complained, reporter[reporter >= 0], complaints["time"][reporter >= 0])
    days = np.unique(np.stack([who, np.floor(when / DAY_S).astype(np.int64)]), axis=1)[0]
    fleets = []
    for name in np.unique(truth.campaign[abusive]):
        members = np.flatnonzero(abusive & (truth.campaign == name))
        if name == "" or len(members) < least:
            continue
        family = str(truth.family[members[0]])
        ring = family.startswith(RING_FAMILIES)
        worked = int(np.isin(days, members).sum())
        fleets.append(
            Fleet(
                str(name),
                family,
                truth.keys[members],
                complained[members] if ring else sent[members],
                float(np.isin(who, members).sum()) / max(worked, 1),
                ring,
            )
        )
    return fleets
