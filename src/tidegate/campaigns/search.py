"""The near-line search: take events in, and every few minutes say which accounts act together."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.campaigns.candidates import Candidates
from tidegate.campaigns.finding import Campaign
from tidegate.campaigns.likeness import Likeness
from tidegate.campaigns.memory import Memory
from tidegate.campaigns.registry import Registry
from tidegate.campaigns.reporters import Reporters
from tidegate.campaigns.senders import Senders
from tidegate.campaigns.settings import SearchSettings
from tidegate.events.columns import EventType

__all__ = ["Search", "SearchSettings"]


class Search:
    """Finds campaigns in a log that is handed over in order of time. The same log gives the same findings."""

    def __init__(self, settings: SearchSettings | None = None) -> None:
        self.settings = settings = settings or SearchSettings()
        self.memory = Memory(settings.window_s, settings.complaints)
        likeness = Likeness(self.memory)
        self.candidates = Candidates(self.memory, likeness, settings)
        self._registry = Registry()
        self._senders = Senders(self.memory, likeness, self.candidates, self._registry, settings)
        self._reporters = Reporters(self.memory, likeness, self._registry, settings)
        self._next_s = self._next_refresh_s = self._next_forget_s = 0.0

    @property
    def campaigns(self) -> dict[int, Campaign]:
        """What was found in about the last window, by id, as it was last seen."""
        return self._registry.campaigns

    def observe(self, events: NDArray[Any]) -> None:
        """EVENT[n], in order."""
        erasures = np.flatnonzero(events["type"] == int(EventType.ERASURE))
        start = 0
        for at in erasures.tolist():
            self.memory.remember(events[start:at])
            for part in (self.memory, self.candidates, self._senders, self._registry):
                part.erase(int(events["actor"][at]))
            start = at + 1
        self.memory.remember(events[start:])

    def due(self, now_s: float) -> bool:
        """Whether a pass is due at this time of the log, Unix seconds."""
        return now_s >= self._next_s

    def find(self, now_s: float) -> list[Campaign]:
        """Campaigns that are new, or have new members, as of ``now_s``, Unix seconds.

        Raises :class:`tidegate.campaigns.communities.Unavailable` without NetworKit.
        """
        settings = self.settings
        self._next_s = now_s + settings.every_s
        everybody = now_s >= self._next_refresh_s
        if everybody:
            self._next_refresh_s = now_s + settings.refresh_s
        if now_s >= self._next_forget_s:
            self._next_forget_s = now_s + settings.forget_every_s
            self.memory.forget(now_s)
            self._registry.forget(now_s - settings.window_s)
            everybody = True
        changed = self.candidates.update(now_s, everybody)
        found = self._senders.find(now_s) if changed else []
        return found + self._reporters.find(now_s)
