"""What the search finds: a campaign, its members, and why."""

from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.events.columns import EVENT, MISSING_FORWARDS, EventType, Reason

THOUSANDTHS = 1000.0


class Kind(IntEnum):
    """What the accounts do together."""

    SENDERS = 1
    """They write to strangers."""
    REPORTERS = 2
    """They complain about somebody who never sought them out."""


@dataclass(frozen=True, slots=True)
class SharedFact:
    """One thing that most members have in common."""

    signal: str
    """A name of :data:`tidegate.campaigns.evidence.SIGNALS`."""
    text: str
    members: int
    """How many have it in common."""
    honest_share: float
    """Of what is alike: the share of other pairs of accounts in this log that are as much alike. Of what is shared: the
    share of accounts that have what two members share."""


@dataclass(frozen=True, slots=True)
class Infrastructure:
    """A network or device that several members used."""

    kind: str
    """``network`` or ``device``."""
    key: int
    """Its pseudonym."""
    members: int
    accounts: int
    """How many accounts have it in all, members among them, as far as the search remembers."""


@dataclass(frozen=True, slots=True)
class Link:
    """Two members and how strongly they are tied."""

    one: int
    """Index into ``members``."""
    other: int
    weight: float
    """Nats."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """Accounts found to act together."""

    id: int
    """64 bits, made from the first member and the time; it stays while the campaign grows."""
    kind: Kind
    found_s: float
    """Unix seconds of the pass that said so."""
    members: NDArray[np.uint64]
    """Pseudonyms, strongest tied first."""
    scores: NDArray[np.float64]
    """0 to 1, one for each member."""
    score: float
    """0 to 1, of the whole."""
    log_e: float
    """Natural logarithm of the e-value against *these accounts have nothing to do with each other, or are honest*."""
    facts: tuple[SharedFact, ...] = ()
    """The three strongest first."""
    links: tuple[Link, ...] = ()
    infrastructure: tuple[Infrastructure, ...] = ()
    """Most its own first."""
    victims: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))
    """Whom a ring of reporters complains about."""
    victim_shares: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    """The ring's share of the complaints about each."""
    reason: str = ""
    """One paragraph."""

    def without(self, key: int) -> "Campaign":
        """The same without one member or victim."""
        others = self.victims != key
        kept = self.members != key
        place = np.cumsum(kept) - 1
        links = tuple(
            Link(int(place[link.one]), int(place[link.other]), link.weight)
            for link in self.links
            if kept[link.one] and kept[link.other]
        )
        return replace(
            self,
            members=self.members[kept],
            scores=self.scores[kept],
            links=links,
            infrastructure=(),  # not known which of it was that one's alone
            victims=self.victims[others],
            victim_shares=self.victim_shares[others],
        )

    @property
    def q_value(self) -> float:
        """The smallest false-discovery rate at which this one alone would be reported: 1 / e-value, at most 1."""
        return float(np.exp(-max(self.log_e, 0.0)))


_ABOUT = {Kind.SENDERS: Reason.ABUSIVE, Kind.REPORTERS: Reason.OTHER}


def events_of(campaign: Campaign, members: NDArray[np.uint64] | None = None) -> NDArray[Any]:
    """EVENT[n] that tell the engine: one for each member (or of ``members``), then one for each victim.

    ``actor`` is the account, ``chat`` the campaign, ``size`` the strength in thousandths, ``members`` how many there
    are. ``reason`` says what the account is: ABUSIVE a sender, OTHER one of a ring of reporters, LEGITIMATE its victim,
    and then ``size`` is the ring's share of the complaints.
    """
    told = np.ones(len(campaign.members), bool) if members is None else np.isin(campaign.members, members)
    about = np.concatenate([campaign.members[told], campaign.victims])
    strength = np.concatenate([campaign.scores[told], campaign.victim_shares])
    events = np.zeros(len(about), EVENT)
    events["time"], events["type"] = campaign.found_s, int(EventType.CAMPAIGN)
    events["actor"], events["chat"] = about, np.uint64(campaign.id)
    events["size"] = np.round(THOUSANDTHS * strength)
    events["members"] = len(campaign.members)
    events["reason"] = int(_ABOUT[campaign.kind])
    events["reason"][told.sum() :] = int(Reason.LEGITIMATE)
    events["forwards"] = MISSING_FORWARDS
    return events
