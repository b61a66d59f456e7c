"""Who was told of which finding: each account once, and again when it is found to belong much more strongly.

Whatever leads a search through a log (a scan, a node, an evaluation) tells through this, so all tell the same. What was
told stands in the log as ``campaign`` events; from them a search that begins anew knows it again.
"""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.campaigns.finding import THOUSANDTHS, Campaign, Kind, events_of
from tidegate.campaigns.settings import DAY_S
from tidegate.events.columns import EventType, Reason

TOLD_AGAIN_FROM = 0.1
"""A member is told once more when its score has risen by so much: a weak member may have become a strong one."""
_AGAIN = round(THOUSANDTHS * TOLD_AGAIN_FROM)
_CAMPAIGN, _ERASURE = int(EventType.CAMPAIGN), int(EventType.ERASURE)
_VICTIM = int(Reason.LEGITIMATE)
_MEMBER = {Kind.SENDERS: int(Reason.ABUSIVE), Kind.REPORTERS: int(Reason.OTHER)}


@dataclass(frozen=True, slots=True)
class News:
    """A finding, and what of it is to be told."""

    campaign: Campaign
    """Under the id that its members are known by."""
    events: NDArray[Any]
    """EVENT[n] for the log; empty when everybody knows."""


class Telling:
    """Remembers for ``window_s`` seconds of the log who was told what, and in which campaign somebody was found last."""

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._told: dict[tuple[int, int], tuple[int, float]] = {}
        """By (reason of the event, account): its size, and when."""
        self._campaign_of: dict[int, tuple[int, float]] = {}
        self._forget_s = -np.inf

    def news(self, campaign: Campaign) -> News:
        """What is new about a finding; from now on it is told."""
        now_s = campaign.found_s
        self._forget(now_s)
        campaign = replace(campaign, id=self._number_of(campaign))
        about = _MEMBER[campaign.kind]
        new = []
        sizes = np.round(THOUSANDTHS * campaign.scores).astype(np.int64)
        for key, size in zip(campaign.members.tolist(), sizes.tolist(), strict=True):
            self._campaign_of[key] = (campaign.id, now_s)
            told = self._told.get((about, key))
            if told is None or size >= told[0] + _AGAIN:
                self._told[about, key] = (size, now_s)
                new.append(key)
        # A victim hears of the ring, and of each that joins it: its share of the complaints has grown.
        shares = np.round(THOUSANDTHS * campaign.victim_shares).astype(np.int64)
        hear = np.array(
            [bool(new) or (_VICTIM, key) not in self._told for key in campaign.victims.tolist()], bool
        )
        for key, share in zip(campaign.victims[hear].tolist(), shares[hear].tolist(), strict=True):
            self._told[_VICTIM, key] = (share, now_s)
        told_of = replace(
            campaign, victims=campaign.victims[hear], victim_shares=campaign.victim_shares[hear]
        )
        return News(campaign, events_of(told_of, np.array(new, np.uint64)))

    def heard(self, events: NDArray[Any]) -> None:
        """Take in what a log says: who was told, who was erased. EVENT[n], in order; others are passed over."""
        kinds = events["type"]
        for event in events[(kinds == _CAMPAIGN) | (kinds == _ERASURE)]:
            key = int(event["actor"])
            if event["type"] == _ERASURE:
                self.erase(key)
                continue
            about, size, time_s = int(event["reason"]), int(event["size"]), float(event["time"])
            before = self._told.get((about, key), (0, -np.inf))
            self._told[about, key] = (max(size, before[0]), max(time_s, before[1]))
            if about != _VICTIM:
                self._campaign_of[key] = (int(event["chat"]), time_s)

    def erase(self, key: int) -> None:
        """Forget an account."""
        self._campaign_of.pop(key, None)
        for about in (*_MEMBER.values(), _VICTIM):
            self._told.pop((about, key), None)

    def _number_of(self, campaign: Campaign) -> int:
        """The id under which most of its members were found before; its own when none was."""
        known = Counter(
            self._campaign_of[key][0] for key in sorted(campaign.members.tolist()) if key in self._campaign_of
        )
        return known.most_common(1)[0][0] if known else campaign.id

    def _forget(self, now_s: float) -> None:
        """Once a day, what lies further back than the window: the search has forgotten it, too."""
        if now_s < self._forget_s:
            return
        self._forget_s = now_s + DAY_S
        before_s = now_s - self._window_s
        self._told = {key: told for key, told in self._told.items() if told[1] >= before_s}
        self._campaign_of = {key: of for key, of in self._campaign_of.items() if of[1] >= before_s}
