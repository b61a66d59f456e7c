"""The search for campaigns in step with a replay: what it finds is put into the log at the place where it was found.

The engine then observes those events like any other, so its verdicts come from the log alone; and a log written with
them (``campaign-events.jsonl``) gives the same verdicts without a search.
"""

import importlib.util
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tidegate.campaigns.communities import Unavailable
from tidegate.campaigns.finding import Campaign
from tidegate.campaigns.passes import LEAST_EVENTS, Passes
from tidegate.campaigns.search import Search, SearchSettings
from tidegate.campaigns.telling import Telling
from tidegate.cli.campaign_findings import Ended
from tidegate.cli.shared_things import Shared, shared_things
from tidegate.events.columns import EVENT, EventType
from tidegate.events.names import Field
from tidegate.events.reorder import Chunk

__all__ = ["LEAST_EVENTS", "CampaignWatch", "Found", "Hears", "Woven"]

LIBRARY = "networkit"


@dataclass(frozen=True, slots=True)
class Woven:
    """A stretch of the log with what was found in it."""

    chunk: Chunk
    events: NDArray[Any]
    """EVENT[n] for the engine."""
    rows: NDArray[np.int64] | None = None
    """For each, its row in ``chunk``, or -1 for a finding; None: the chunk as it is."""

    def names(self, rows: NDArray[np.integer[Any]], side: Field) -> list[str]:
        """The original identifiers of these rows of ``events``, empty for a finding."""
        if self.rows is None:
            return self.chunk.names(rows, side)
        at = self.rows[rows]
        found = iter(self.chunk.names(at[at >= 0], side))
        return [next(found) if row >= 0 else "" for row in at.tolist()]

    @property
    def told(self) -> NDArray[Any]:
        """The findings among ``events``."""
        return self.events[:0] if self.rows is None else self.events[self.rows < 0]


@dataclass(slots=True)
class Found:
    """A campaign as it was last seen, and what was said about it when."""

    campaign: Campaign
    first_s: float
    """When it was found first, Unix seconds."""
    member_since_s: dict[int, float] = field(default_factory=dict)
    """By pseudonym, of everybody who was ever found to belong."""
    scores: dict[int, float] = field(default_factory=dict)
    """Of the same, as each was last found to belong."""
    shared: tuple[Shared, ...] = ()


class Hears(Protocol):
    """Who is told how many campaigns were found so far."""

    def found(self, campaigns: int) -> None:
        """A pass has ended."""


class CampaignWatch:
    """Leads a search through the log of a replay."""

    def __init__(self, settings: SearchSettings | None = None) -> None:
        self._search = Search(settings)
        self.ended: Ended = "done" if importlib.util.find_spec(LIBRARY) is not None else "missing"
        self.campaigns: dict[int, Found] = {}
        """By id, in the order in which they were found."""
        self.passes = 0
        self.told_events: list[NDArray[Any]] = []
        """EVENT arrays in the order of time: all that was put into the log."""
        self._belongs: dict[int, int] = {}
        self._telling = Telling(self._search.settings.window_s)
        self._passes = Passes(self._search.settings)

    @property
    def searching(self) -> bool:
        """Whether the search still goes on."""
        return self.ended == "done"

    def standing(self) -> list[tuple[Found, list[int]]]:
        """Campaigns with the pseudonyms of their members: as last seen, then others found earlier; largest first.

        Groups change as more is seen. Who was left behind stays with the campaign in which it was found last; a
        campaign all of whose members were found to belong to another one since is that other one.
        """
        left_behind: dict[int, list[int]] = {number: [] for number in self.campaigns}
        for key, number in self._belongs.items():
            left_behind[number].append(key)
        standing = []
        for number, belong in left_behind.items():
            if belong:
                found = self.campaigns[number]
                last_seen = found.campaign.members.tolist()
                standing.append((found, last_seen + sorted(set(belong) - set(last_seen))))
        return sorted(standing, key=lambda one: (-len(one[1]), one[0].first_s, one[0].campaign.id))

    def weave(self, chunk: Chunk, hears: Hears) -> Woven:
        """The next stretch of the log, with what was found in it."""
        if not self.searching:
            return Woven(chunk, chunk.events)
        own = np.flatnonzero(chunk.events["type"] == EventType.CAMPAIGN)
        events = chunk.events[: own[0]] if len(own) else chunk.events
        places: list[int] = []
        findings: list[NDArray[Any]] = []
        begun = 0
        for at, pass_s in self._passes.due(events["time"]):
            if at > begun:
                self._search.observe(events[begun:at])
                begun = at
            told = self._pass(pass_s)
            if told is None:
                break
            hears.found(len(self.campaigns))
            places += [at] * len(told)
            findings.append(told)
        else:
            self._search.observe(events[begun:])
        if len(own):
            self.ended = "in-log"
        if not places:
            return Woven(chunk, chunk.events)
        rows = np.insert(np.arange(len(chunk.events)), places, -1)
        return Woven(chunk, np.insert(chunk.events, places, np.concatenate(findings)), rows)

    def finish(self, hears: Hears) -> Woven:
        """What a last pass finds, at the time of the log's last event."""
        nothing = Chunk(np.zeros(0, EVENT), np.zeros(0, np.int64), {})
        told = nothing.events
        if self.searching and self._passes.pending:
            found = self._pass(self._passes.clock_s)
            told = told if found is None else found
            hears.found(len(self.campaigns))
        return Woven(nothing, told, np.full(len(told), -1))

    def _pass(self, now_s: float) -> NDArray[Any] | None:
        """Look once; the events that tell what is new. None: the search cannot go on."""
        self.passes += 1
        try:
            found = self._search.find(now_s)
        except Unavailable:
            self.ended = "missing"
            return None
        told = [self._note(campaign) for campaign in found]
        events = np.concatenate(told) if told else np.zeros(0, EVENT)
        if len(events):
            self.told_events.append(events)
        return events

    def _note(self, campaign: Campaign) -> NDArray[Any]:
        """Keep a finding; the events that tell what is new of it."""
        news = self._telling.news(campaign)
        campaign = news.campaign
        found = self.campaigns.setdefault(campaign.id, Found(campaign, campaign.found_s))
        found.campaign = campaign
        found.shared = shared_things(self._search.memory, campaign.members)
        for key, score in zip(campaign.members.tolist(), campaign.scores.tolist(), strict=True):
            found.member_since_s.setdefault(key, campaign.found_s)
            found.scores[key] = score
            self._belongs[key] = campaign.id
        return news.events
