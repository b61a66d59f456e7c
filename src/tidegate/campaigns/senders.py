"""Fleets: groups among the candidates that are too tightly tied, and too badly received, to be chance or a crowd."""

from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.campaigns.candidates import Candidates
from tidegate.campaigns.communities import Group, components, groups_of, spanning_tree
from tidegate.campaigns.facts import senders_paragraph, strongest_facts
from tidegate.campaigns.finding import Campaign, Kind, Link
from tidegate.campaigns.likeness import Likeness
from tidegate.campaigns.memory import Memory
from tidegate.campaigns.outreach import outreach_of
from tidegate.campaigns.registry import Registry
from tidegate.campaigns.settings import SearchSettings
from tidegate.campaigns.surprise import e_bh, log_e_conduct, log_e_links

REMEMBERED_GROUPS = 4_096
CENTRE = 7
"""Members with the most ties, who stand for a group when others are held against it."""
LESS_ALIKE_NATS, LEAST_ALIKE_NATS = 5.0, 1.0
"""A bystander is so much less like the members than they are like each other, and at least so much like them."""
LEAST_ALIKE_CONTACTS = 5
MERGED_AT_NATS = 3.0
"""Mean evidence between the central members of two groups from which on they are one."""
ALL_GROUPS = 64
NEAR_SIGN_UP_S = 3_600


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
        self._log_e_of: OrderedDict[bytes, float] = OrderedDict()

    def find(self, now_s: float) -> list[Campaign]:
        """Fleets that are new, or have new members."""
        settings, rows = self._settings, self._candidates.rows
        pairs, weights = self._candidates.ties()
        groups = [
            group
            for group in self._merged(groups_of(pairs, weights, settings.least_ties), pairs, weights)
            if len(group.members) >= settings.least_members
        ]
        log_e = np.array([self._log_e(group, now_s) for group in groups])
        reported = e_bh(log_e, settings.false_discovery_rate)
        return [
            self._campaign(group, float(value), now_s)
            for group, value, said in zip(groups, log_e, reported, strict=True)
            if said and not self._registry.known(rows["key"][group.members].tolist())
        ]

    def _merged(
        self, groups: list[Group], pairs: NDArray[np.int64], weights: NDArray[np.float64]
    ) -> list[Group]:
        """Groups put together that are, pair for pair, likelier of one operator than not.

        Communities are cut where ties are fewer than inside; two halves of one fleet are often cut so.
        """
        if len(groups) < 2:
            return groups
        label = np.full(len(self._candidates.rows), -1)
        for number, group in enumerate(groups):
            label[group.members] = number
        centres = [group.members[np.argsort(-group.ties, kind="stable")[:CENTRE]] for group in groups]
        one, other = self._worth_merging(label, pairs, len(groups))
        across = [
            np.stack([np.repeat(centres[a], len(centres[b])), np.tile(centres[b], len(centres[a]))], 1)
            for a, b in zip(one.tolist(), other.tolist(), strict=True)
        ]
        if not across:
            return groups
        nats, _ = self._likeness.weigh(self._candidates.rows, np.concatenate(across))
        mean = np.array([part.mean() for part in np.split(nats, np.cumsum([len(p) for p in across])[:-1])])
        same = mean >= MERGED_AT_NATS
        together = components(len(groups), np.stack([one[same], other[same]], 1))
        place = np.where(label >= 0, together[label], -1)
        inside = (place[pairs[:, 0]] == place[pairs[:, 1]]) & (place[pairs[:, 0]] >= 0)
        made = []
        for number in np.unique(together).tolist():
            mine = inside & (place[pairs[:, 0]] == number)
            members, local = np.unique(pairs[mine], return_inverse=True)
            made.append(Group(members, pairs[mine], local.reshape(-1, 2), weights[mine]))
        return made

    @staticmethod
    def _worth_merging(
        label: NDArray[np.int64], pairs: NDArray[np.int64], count: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Pairs of groups to be held against each other: all of them, or those with a tie between them."""
        if count <= ALL_GROUPS:
            one, other = np.triu_indices(count, 1)
            return one, other
        ends = np.sort(label[pairs], axis=1)
        ends = np.unique(ends[(ends[:, 0] >= 0) & (ends[:, 0] != ends[:, 1])], axis=0)
        return ends[:, 0], ends[:, 1]

    def _log_e(self, group: Group, now_s: float) -> float:
        """The e-value's logarithm; remembered as long as the members stay the same."""
        rows = self._candidates.rows[group.members]
        mark = rows["key"].tobytes()
        found = self._log_e_of.pop(mark, None)
        if found is None:
            tree = spanning_tree(len(group.members), group.local, group.weights)
            found = log_e_links(group.weights[tree], len(self._candidates.rows))
            if found > 0.0:
                beside = self._bystanders(group, now_s)
                found = min(found, log_e_conduct(rows["conduct"].astype(np.float64), beside))
        self._log_e_of[mark] = found
        while len(self._log_e_of) > REMEMBERED_GROUPS:
            self._log_e_of.popitem(last=False)
        return found

    def _bystanders(self, group: Group, now_s: float) -> NDArray[np.float64]:
        """Conduct of accounts that are as much like the members as those are like each other, but are no candidates.

        Only the coldest of a sales team or of many couriers are candidates; their colleagues tell what they are.
        """
        people = self._memory.people()
        rows = self._candidates.rows[group.members]
        usual_contacts = 0.5 * float(np.median(rows["opened"]))
        beside = (people["opened"] >= self._settings.least_contacts) & (people["last_s"] > 0.0)
        beside &= _near(people, rows) | (people["opened"] >= max(usual_contacts, LEAST_ALIKE_CONTACTS))
        beside[self._candidates.rows["slot"]] = False
        slots = np.flatnonzero(beside)
        if len(slots) > self._settings.most_bystanders:
            slots = slots[
                np.argsort(-people["opened"][slots], kind="stable")[: self._settings.most_bystanders]
            ]
        if not len(slots):
            return np.zeros(0)
        others = outreach_of(self._memory, slots, now_s)
        centre = rows[np.argsort(-group.ties, kind="stable")[:CENTRE]]
        among = np.stack(np.triu_indices(len(centre), 1), 1).astype(np.int64)
        usual, _ = self._likeness.weigh(centre, among)
        across = np.stack(np.divmod(np.arange(len(others) * len(centre)), len(centre)), 1)
        across[:, 0] += len(centre)
        nats, _ = self._likeness.weigh(np.concatenate([centre, others]), across)
        nats = np.median(nats.reshape(len(others), len(centre)), axis=1)
        belongs = nats >= max(float(np.median(usual)) - LESS_ALIKE_NATS, LEAST_ALIKE_NATS)
        conduct: NDArray[np.float64] = others["conduct"][belongs].astype(np.float64)
        return conduct

    def _campaign(self, group: Group, log_e: float, now_s: float) -> Campaign:
        """As a finding, under the number of the one it continues."""
        rows = self._candidates.rows[group.members]
        ties = group.ties
        nats = np.bincount(group.local.ravel(), np.repeat(group.weights, 2), len(rows))
        beyond = nats / np.maximum(ties, 1.0) - self._candidates.threshold
        breadth = np.minimum(ties / max(len(rows) - 1, 1), 1.0)
        scores = 1.0 / (1.0 + np.exp(-(0.5 + beyond + 3.0 * breadth)))
        order = np.argsort(-scores, kind="stable")
        place = np.argsort(order)
        keys = rows["key"][order].copy()
        facts = strongest_facts(self._likeness, rows)
        campaign = Campaign(
            id=self._registry.number_for(keys.tolist(), now_s),
            kind=Kind.SENDERS,
            found_s=now_s,
            members=keys,
            scores=scores[order],
            score=float(scores.mean()),
            log_e=log_e,
            facts=facts,
            links=links_of(group, place),
            reason=senders_paragraph(rows, facts, log_e),
        )
        self._registry.enter(campaign)
        return campaign


def links_of(group: Group, place: NDArray[np.int64]) -> tuple[Link, ...]:
    """The ties of a group whose member ``i`` is shown at ``place[i]``."""
    return tuple(
        Link(int(place[one]), int(place[other]), float(weight))
        for (one, other), weight in zip(group.local.tolist(), group.weights.tolist(), strict=True)
    )


def _near(people: NDArray[Any], rows: NDArray[Any]) -> NDArray[np.bool_]:
    """PERSON records that share a network, device, group, number range or the time of sign-up with two members."""
    near = np.zeros(len(people), np.bool_)
    for name in ("networks", "devices", "chats", "phone_range"):
        values, counts = np.unique(rows[name], return_counts=True)
        common = values[(counts >= 2) & (values != 0)]
        if len(common):
            found = np.isin(people[name], common)
            near |= found.any(axis=1) if found.ndim == 2 else found
    signed_up = rows["registered"][rows["registered"] != 0].astype(np.int64)
    if len(signed_up):
        low, high = np.quantile(signed_up, (0.1, 0.9))
        at = people["registered"].astype(np.int64)
        near |= (at >= low - NEAR_SIGN_UP_S) & (at <= high + NEAR_SIGN_UP_S)
    return near
