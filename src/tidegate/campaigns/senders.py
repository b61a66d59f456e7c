"""Fleets: groups among the candidates that are too tightly tied, and too badly received, to be chance or a crowd."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.campaigns.candidates import Candidates
from tidegate.campaigns.communities import Group, groups_of
from tidegate.campaigns.facts import senders_paragraph, strongest_facts
from tidegate.campaigns.finding import Campaign, Kind
from tidegate.campaigns.fringe import core_of, surely
from tidegate.campaigns.infrastructure import shared_infrastructure
from tidegate.campaigns.likeness import Likeness
from tidegate.campaigns.memory import Memory
from tidegate.campaigns.merging import centre_of, merged
from tidegate.campaigns.reception import received_together
from tidegate.campaigns.registry import Registry
from tidegate.campaigns.settings import SearchSettings
from tidegate.campaigns.surprise import e_bh, log_e_conduct, log_e_links
from tidegate.campaigns.surroundings import Around

REMEMBERED_GROUPS = 4_096


@dataclass(frozen=True, slots=True)
class Fleet:
    """A group with whom it brings along, and what speaks for it."""

    group: Group
    rows: NDArray[Any]
    """OUTREACH of its members."""
    costs: NDArray[np.float64]
    """Nats that a tie had to have, by member."""
    log_e: float


class Senders:
    """Finds fleets of senders among the candidates."""

    def __init__(
        self,
        memory: Memory,
        likeness: Likeness,
        candidates: Candidates,
        registry: Registry,
        settings: SearchSettings,
    ) -> None:
        self._memory, self._likeness, self._candidates = memory, likeness, candidates
        self._registry, self._settings = registry, settings
        self._fleet_of: OrderedDict[bytes, Fleet] = OrderedDict()

    def find(self, now_s: float) -> list[Campaign]:
        """Fleets that are new, or have new members."""
        settings = self._settings
        pairs, weights = self._candidates.ties()
        groups = merged(
            self._likeness,
            self._candidates,
            groups_of(pairs, weights, settings.least_ties),
            pairs,
            weights,
        )
        costs = self._candidates.costs
        fleets = [
            self._fleet(group, costs, now_s)
            for group in groups
            if len(group.members) >= settings.least_members
        ]
        reported = e_bh(np.array([fleet.log_e for fleet in fleets]), settings.false_discovery_rate)
        return [
            self._campaign(fleet, now_s)
            for fleet, said in zip(fleets, reported, strict=True)
            if said and not self._registry.known(fleet.rows["key"].tolist())
        ]

    def erase(self, key: int) -> None:
        """Forget an account."""
        holding = [
            mark for mark, fleet in self._fleet_of.items() if (fleet.rows["key"] == np.uint64(key)).any()
        ]
        for mark in holding:
            del self._fleet_of[mark]

    def _fleet(self, group: Group, costs: NDArray[np.float64], now_s: float) -> Fleet:
        """What speaks for a group; remembered as long as nothing about its members changes."""
        rows = self._candidates.rows[group.members]
        mark = rows["key"].tobytes() + rows["opened"].tobytes()
        fleet = self._fleet_of.pop(mark, None)
        if fleet is None:
            fleet = self._weighed(group, costs, now_s)
        self._fleet_of[mark] = fleet
        while len(self._fleet_of) > REMEMBERED_GROUPS:
            self._fleet_of.popitem(last=False)
        return fleet

    def _weighed(self, group: Group, costs: NDArray[np.float64], now_s: float) -> Fleet:
        group, nats = core_of(self._likeness, self._candidates, group)
        rows, costs = self._candidates.rows[group.members], costs[group.members]
        if len(rows) < self._settings.least_members:
            return Fleet(group, rows, costs, -np.inf)
        log_e = log_e_links(nats, costs)
        if log_e <= 0.0:
            return Fleet(group, rows, costs, log_e)
        sure = surely(nats, costs, rows["conduct"].astype(np.float64))
        group, rows, costs = group.only(np.flatnonzero(sure)), rows[sure], costs[sure]
        if len(rows) < self._settings.least_members:
            return Fleet(group, rows, costs, -np.inf)
        # Whoever stands around has hardly anything to add to what speaks against the members.
        log_e = min(log_e, self._conduct(rows["slot"], now_s))
        if log_e < -np.log(self._settings.false_discovery_rate):
            return Fleet(group, rows, costs, log_e)
        around = self._candidates.surroundings.around(rows, centre_of(group), self._candidates.rows)
        fleet = _with_recruits(group, rows, costs, around)
        beside = around.rows["slot"][around.belongs & ~around.recruits]
        log_e = min(log_e, self._conduct(np.concatenate([fleet.rows["slot"], beside]), now_s))
        return Fleet(fleet.group, fleet.rows, fleet.costs, log_e)

    def _conduct(self, slots: NDArray[np.uint32], now_s: float) -> float:
        return log_e_conduct(received_together(self._memory, slots.astype(np.int64), now_s))

    def _campaign(self, fleet: Fleet, now_s: float) -> Campaign:
        """As a finding, under the number of the one it continues."""
        rows, group = fleet.rows, fleet.group
        nats = np.bincount(group.local.ravel(), np.repeat(group.weights, 2), len(rows))
        beyond = nats / np.maximum(group.ties, 1.0) - fleet.costs
        breadth = np.minimum(group.ties / max(len(rows) - 1, 1), 1.0)
        scores = 1.0 / (1.0 + np.exp(-(0.5 + beyond + 3.0 * breadth)))
        order = np.argsort(-scores, kind="stable")
        keys = rows["key"][order].copy()
        facts = strongest_facts(self._likeness, rows)
        campaign = Campaign(
            id=self._registry.number_for(keys.tolist(), now_s),
            kind=Kind.SENDERS,
            found_s=now_s,
            members=keys,
            scores=scores[order],
            score=float(scores.mean()),
            log_e=fleet.log_e,
            facts=facts,
            links=group.links(np.argsort(order)),
            infrastructure=shared_infrastructure(self._memory, rows),
            reason=senders_paragraph(rows, facts, fleet.log_e),
        )
        self._registry.enter(campaign)
        return campaign


def _with_recruits(group: Group, rows: NDArray[Any], costs: NDArray[np.float64], around: Around) -> Fleet:
    """The group with the accounts around it that certainly belong, each tied to the central members."""
    chosen = np.flatnonzero(around.recruits)
    centre = centre_of(group)
    tied = around.nats[chosen] >= around.cost
    recruit, central = np.nonzero(tied)
    added = np.stack([centre[central], len(rows) + recruit], 1)
    local = np.concatenate([group.local, added])
    weights = np.concatenate([group.weights, around.nats[chosen][tied]])
    everybody = np.concatenate([rows, around.rows[chosen]])
    numbers = np.arange(len(everybody))
    return Fleet(
        Group(numbers, local, local, weights),
        everybody,
        np.concatenate([costs, np.full(len(chosen), around.cost)]),
        0.0,
    )
