"""A finding of the search for campaigns on its way from the searching process to the node."""

from collections.abc import Collection
from typing import Any

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from tidegate.campaigns.finding import Campaign
from tidegate.campaigns.telling import News
from tidegate.events.columns import EVENT

MOST_LINKS = 2_000
"""Ties of one campaign that are kept: its strongest."""


class FactFound(msgspec.Struct, frozen=True):
    """See :class:`~tidegate.campaigns.finding.SharedFact`."""

    signal: str
    text: str
    members: int
    honest_share: float | None
    """None: it cannot be told from this log."""


class InfrastructureFound(msgspec.Struct, frozen=True):
    """See :class:`~tidegate.campaigns.finding.Infrastructure`."""

    kind: str
    key: int
    members: int
    accounts: int


class CampaignFound(msgspec.Struct, frozen=True, tag="found", kw_only=True):
    """Accounts found to act together, by pseudonym, and what of it is new."""

    id: int
    kind: int
    found_s: float
    """Unix seconds of the pass, by the log's time."""
    members: list[int]
    """Strongest tied first."""
    scores: list[float]
    victims: list[int]
    victim_shares: list[float]
    score: float
    q_value: float
    reason: str
    facts: list[FactFound]
    links: list[tuple[int, int, float]]
    """Two indices into ``members``, and nats."""
    told: bytes
    """EVENT[n] for the journal."""
    infrastructure: list[InfrastructureFound] = []

    @classmethod
    def of(cls, news: News) -> "CampaignFound":
        """What the search has found."""
        campaign: Campaign = news.campaign
        links = sorted(campaign.links, key=lambda link: -link.weight)[:MOST_LINKS]
        return cls(
            id=campaign.id,
            kind=int(campaign.kind),
            found_s=campaign.found_s,
            members=campaign.members.tolist(),
            scores=campaign.scores.tolist(),
            victims=campaign.victims.tolist(),
            victim_shares=campaign.victim_shares.tolist(),
            score=campaign.score,
            q_value=campaign.q_value,
            reason=campaign.reason,
            facts=[
                FactFound(
                    fact.signal,
                    fact.text,
                    fact.members,
                    float(fact.honest_share) if np.isfinite(fact.honest_share) else None,
                )
                for fact in campaign.facts
            ],
            links=[(link.one, link.other, link.weight) for link in links],
            told=news.events.tobytes(),
            infrastructure=[
                InfrastructureFound(one.kind, one.key, one.members, one.accounts)
                for one in campaign.infrastructure
            ],
        )

    @property
    def accounts(self) -> set[int]:
        """Everybody named."""
        return {*self.members, *self.victims}

    def events(self) -> NDArray[Any]:
        """EVENT[n] for the journal."""
        return np.frombuffer(self.told, EVENT)

    def among(self, known: Collection[int]) -> "CampaignFound":
        """The same without accounts that nobody knows any more: they were erased meanwhile."""
        if self.accounts <= set(known):
            return self
        kept = [at for at, key in enumerate(self.members) if key in known]
        place = {at: new for new, at in enumerate(kept)}
        victims = [at for at, key in enumerate(self.victims) if key in known]
        events = self.events()
        left = np.array([key in known for key in events["actor"].tolist()], bool)
        return replace(
            self,
            members=[self.members[at] for at in kept],
            scores=[self.scores[at] for at in kept],
            victims=[self.victims[at] for at in victims],
            victim_shares=[self.victim_shares[at] for at in victims],
            links=[
                (place[one], place[other], weight)
                for one, other, weight in self.links
                if one in place and other in place
            ],
            told=events[left].tobytes(),
            infrastructure=[],  # not known which of it was theirs alone
        )


class Passed(msgspec.Struct, frozen=True, tag="passed"):
    """The search has looked once."""

    time_s: float
    """By the log's time, Unix seconds."""
    sequence: int
    """Events of the journal that it has read."""
    took_s: float
    bytes: int
    """Memory of its tables."""


Said = CampaignFound | Passed
"""One line of the searching process."""
said_in: msgspec.json.Decoder[Said] = msgspec.json.Decoder(Said)
