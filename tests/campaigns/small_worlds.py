"""Small simulated messengers for the tests of the search, and the search run over them as a node would."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.campaigns.finding import Campaign
from tidegate.campaigns.search import Search, SearchSettings
from tidegate.cli.worlds import LabelledLog, labelled
from tidegate.world.plans import FAMILIES
from tidegate.world.settings import WorldSettings

EVERY_S = 600.0


@dataclass(frozen=True)
class Searched:
    """A log, who is who, and what was found in it."""

    log: LabelledLog
    search: Search
    found: list[Campaign]
    """Every finding, as it was told."""

    def family_of(self, key: int) -> str:
        at = np.flatnonzero(self.log.truth.keys == np.uint64(key))
        return str(self.log.truth.family[at[0]]) if len(at) else "?"

    def members(self) -> set[int]:
        return {key for campaign in self.found for key in campaign.members.tolist()}

    def of_family(self, family: str) -> set[int]:
        truth = self.log.truth
        return {int(key) for key in truth.keys[truth.family == family]}

    def honest_members(self) -> set[int]:
        return self.members() & self.of_family("honest")


def fleet(family: str, size: int, **changes: Any) -> Mapping[str, Any]:
    """One operator of a family with so many accounts."""
    return {family: replace(FAMILIES[family], accounts=size, per_operator=size, **changes)}


def run(
    events: NDArray[Any], settings: SearchSettings | None = None, every_s: float = EVERY_S
) -> tuple[Search, list[Campaign]]:
    """The search over a log, a pass every ten minutes of its time."""
    search = Search(settings)
    found: list[Campaign] = []
    at, now_s = 0, float(events["time"][0]) + every_s
    while at < len(events):
        end = int(np.searchsorted(events["time"], now_s))
        search.observe(events[at:end])
        found += search.find(now_s)
        at, now_s = end, now_s + every_s
    return search, found


@lru_cache
def world(people: int, days: int, seed: int, *attackers: tuple[str, int], **settings: Any) -> Searched:
    """A world with one fleet of each kind named, searched."""
    plans: dict[str, Any] = {}
    for family, size in attackers:
        plans.update(fleet(family, size))
    log = labelled(WorldSettings(people=people, days=days, seed=seed, attackers=plans, **settings))
    return Searched(log, *run(log.events))
