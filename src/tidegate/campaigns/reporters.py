"""Rings of reporters: accounts that complain about the same people and are otherwise tied to one another.

Many honest people report a real spammer within minutes; they have nothing else in common, and whoever they report wrote
to them and to many who stayed silent. A ring is tied by where it comes from and by whom else it complains about, and its
victim either never wrote to it or is well received by everybody else.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.campaigns.communities import Group, groups_of
from tidegate.campaigns.evidence import FAMILIES
from tidegate.campaigns.facts import reporters_paragraph, strongest_facts
from tidegate.campaigns.finding import Campaign, Kind
from tidegate.campaigns.infrastructure import shared_infrastructure
from tidegate.campaigns.likeness import Likeness
from tidegate.campaigns.memory import Memory
from tidegate.campaigns.outreach import outreach_of
from tidegate.campaigns.reception import received_by_others
from tidegate.campaigns.registry import Registry
from tidegate.campaigns.settings import SearchSettings
from tidegate.campaigns.surprise import FEWEST, log_e_links

TYING_FAMILIES = ("origin", "talk")
"""Many who complain never wrote to a stranger."""
ORIGIN = [FAMILIES.index(family) for family in TYING_FAMILIES]
CO_REPORT_M = 0.3
"""How often two accounts of one ring have a second victim in common."""
GROWN = 1.2
"""Complainants are looked at again when there are so many times as many."""
REMEMBERED_VICTIMS = 65_536
UNASKED_M = 0.8
"""How often two accounts of one ring complain about a victim that never wrote to them."""
USUAL_UNASKED = 4.0
"""Accounts that complain about one and the same person they never met, without being a ring."""
UNSOLICITED_NATS = 1.0
"""A complaint about somebody who never wrote first: likelier from a ring (about 8 in 10) than from others (3 in 10)."""
MOST_CREDIT_NATS = 10.0
"""That the rest of the world answers a victim counts so much at most, and that it stays silent so much against it."""


class Reporters:
    """Finds rings among those who complained."""

    def __init__(
        self, memory: Memory, likeness: Likeness, registry: Registry, settings: SearchSettings
    ) -> None:
        self._memory, self._likeness = memory, likeness
        self._registry, self._settings = registry, settings
        self._heard = 0
        self._looked_at: dict[int, int] = {}

    def find(self, now_s: float) -> list[Campaign]:
        """Rings that are new, or have new members."""
        since = self._memory.complaint_count - self._heard
        if not since:
            return []
        self._heard += since
        complaints = self._memory.complaints_since(now_s - self._settings.window_s)
        new = complaints[-since:]
        found = []
        for victim in np.unique(new["about"]).tolist():
            about = complaints[complaints["about"] == victim]
            if self._worth_a_look(victim, about, now_s):
                found += self._ring(victim, about, complaints, now_s)
        return found

    def _worth_a_look(self, victim: int, about: NDArray[Any], now_s: float) -> bool:
        """Whether a ring could be credited at all, and there are clearly more complaints than at the last look."""
        by = np.unique(about["by"])
        if len(by) < max(self._settings.least_reporters, GROWN * self._looked_at.get(victim, 0)):
            return False
        self._looked_at[victim] = len(by)
        while len(self._looked_at) > REMEMBERED_VICTIMS:
            del self._looked_at[next(iter(self._looked_at))]
        return self._credit(victim, by.astype(np.int64), about, now_s) >= self._needed

    @property
    def _needed(self) -> float:
        return float(-np.log(self._settings.false_discovery_rate))

    def _ring(
        self, victim: int, about: NDArray[Any], complaints: NDArray[Any], now_s: float
    ) -> list[Campaign]:
        """The rings, usually none or one, among those who complained about the account in slot ``victim``."""
        settings = self._settings
        slots = np.unique(about["by"][-settings.most_reporters :]).astype(np.int64)
        rows = outreach_of(self._memory, slots, now_s)
        pairs = np.stack(np.triu_indices(len(rows), 1), 1).astype(np.int64)
        _, families = self._likeness.weigh(rows, pairs)
        nats = (
            families[:, ORIGIN].sum(axis=1) + self._also(victim, slots, complaints)[pairs[:, 0], pairs[:, 1]]
        )
        # Few complain about somebody they never met; that two choose the same one is rarer still.
        unasked = np.isin(slots, about["by"][about["solicited"] == 0])
        share = USUAL_UNASKED / self._likeness.active
        nats += np.log(UNASKED_M / share) * unasked[pairs].all(axis=1)
        reporters = len(np.unique(complaints["by"]))
        cost = float(np.log(max(reporters, FEWEST)))
        strong = nats >= cost + 1.0
        between = np.zeros((len(rows), len(rows)))
        between[pairs[:, 0], pairs[:, 1]] = between[pairs[:, 1], pairs[:, 0]] = nats
        found = []
        for group in groups_of(pairs[strong], nats[strong], settings.least_ties, split=False):
            if len(group.members) < settings.least_members:
                continue
            members = slots[group.members]
            log_e = min(
                log_e_links(between[np.ix_(group.members, group.members)], np.full(len(members), cost)),
                self._credit(victim, members, about, now_s),
            )
            if log_e >= self._needed:
                keys = rows["key"][group.members]
                if not self._registry.known(keys.tolist()):
                    found.append(self._campaign(victim, rows[group.members], group, about, log_e, now_s))
        return found

    def _also(self, victim: int, slots: NDArray[np.int64], complaints: NDArray[Any]) -> NDArray[np.float64]:
        """Nats [i, k] for having complained about the same other people."""
        place = np.full(int(max(complaints["by"].max(), slots.max())) + 1, -1)
        place[slots] = np.arange(len(slots))
        other = complaints[(place[complaints["by"]] >= 0) & (complaints["about"] != victim)]
        nats = np.zeros((len(slots), len(slots)))
        accounts = max(len(np.unique(complaints["by"])), 20)
        for about in np.unique(other["about"]).tolist():
            by = np.unique(place[other["by"][other["about"] == about]])
            if len(by) >= 2:
                share = float(max(int(np.count_nonzero(complaints["about"] == about)), 2)) / accounts
                nats[np.ix_(by, by)] += max(np.log(CO_REPORT_M / share), 0.0)
        return np.minimum(nats, MOST_CREDIT_NATS)

    def _credit(self, victim: int, ring: NDArray[np.int64], about: NDArray[Any], now_s: float) -> float:
        """Nats for believing the victim: it never wrote to the ring first, or others receive it well."""
        mine = about[np.isin(about["by"], ring)]
        unsolicited = len(np.unique(mine["by"][mine["solicited"] == 0]))
        received = received_by_others(self._memory, victim, ring, now_s)
        return UNSOLICITED_NATS * unsolicited + float(
            np.clip(-received, -4.0 * MOST_CREDIT_NATS, MOST_CREDIT_NATS)
        )

    def _campaign(
        self,
        victim: int,
        rows: NDArray[Any],
        group: Group,
        about: NDArray[Any],
        log_e: float,
        now_s: float,
    ) -> Campaign:
        scores = 1.0 / (1.0 + np.exp(-(1.0 + 3.0 * group.ties / max(len(rows) - 1, 1))))
        order = np.argsort(-scores, kind="stable")
        keys = rows["key"][order].copy()
        facts = strongest_facts(self._likeness, rows, TYING_FAMILIES)
        share = float(np.isin(about["by"], rows["slot"]).mean())
        campaign = Campaign(
            id=self._registry.number_for(keys.tolist(), now_s),
            kind=Kind.REPORTERS,
            found_s=now_s,
            members=keys,
            scores=scores[order],
            score=float(scores.mean()),
            log_e=log_e,
            facts=facts,
            links=group.links(np.argsort(order)),
            infrastructure=shared_infrastructure(self._memory, rows),
            victims=np.array([self._memory.people()["key"][victim]], np.uint64),
            victim_shares=np.array([share]),
            reason=reporters_paragraph(len(rows), share, facts, log_e),
        )
        self._registry.enter(campaign)
        return campaign
