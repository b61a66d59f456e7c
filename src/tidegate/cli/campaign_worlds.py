"""Simulated worlds for the evaluation of campaigns: fleets of 20 and more, and honest crowds that look like them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.cli.worlds import Purpose, seed_for, truth_of
from tidegate.events.pseudonym import Pseudonyms
from tidegate.learning.campaign_evaluation import Crowds
from tidegate.learning.samples import Truth
from tidegate.world import AttackerPlan, World, WorldSettings, fleet, only, simulate
from tidegate.world.crowds.kinds import least_room
from tidegate.world.fleets import BAIT_RING, FLEET_KINDS, HYGIENE

TRAINING_WORLDS = 3
FIRST_SEED_NUMBER = 700_000
"""Apart from the seeds of the other evaluations and of training."""
FIRST_CROWD_SEED_NUMBER = 800_000
FLEETS_A_WORLD = 4
FLEET_SIZES = (20, 200)
"""Drawn uniformly in the logarithm; at most MOST_OF_THE_PEOPLE of the world's people."""
MOST_OF_THE_PEOPLE = 0.05
WANTED_CROWDS = {
    "family": 6,
    "chain": 3,
    "volunteers": 2,
    "school": 2,
    "couriers": 2,
    "parents": 2,
    "complaints": 2,
    "company": 2,
    "conference": 1,
    "festival": 1,
    "carrier_nat": 1,
}
"""In each world, as far as it has room for them; the small ones first."""


@dataclass(frozen=True, slots=True)
class CampaignLog:
    """One world with its fleets and crowds."""

    events: NDArray[Any]
    truth: Truth
    crowds: Crowds
    seed: int


def fleet_worlds(purpose: Purpose, count: int, people: int, days: int) -> Iterator[CampaignLog]:
    """Worlds with four fleets each of different kinds and hygiene, two rings of false reporters, and crowds."""
    for number in range(count):
        seed = seed_for(purpose, FIRST_SEED_NUMBER + number)
        yield _log(people, days, seed, _attackers(seed, people))


def crowd_worlds(purpose: Purpose, count: int, people: int, days: int) -> Iterator[CampaignLog]:
    """Worlds with crowds and without any fleet."""
    for number in range(count):
        yield _log(people, days, seed_for(purpose, FIRST_CROWD_SEED_NUMBER + number), {})


def crowds_for(people: int) -> dict[str, int]:
    """The crowds that a world of so many people has room for."""
    crowds: dict[str, int] = {}
    for kind, count in WANTED_CROWDS.items():
        if least_room(crowds | {kind: count}) <= people:
            crowds[kind] = count
    return crowds


def _attackers(seed: int, people: int) -> dict[str, AttackerPlan]:
    random = np.random.default_rng(seed)
    least, most = FLEET_SIZES
    most = max(min(most, int(MOST_OF_THE_PEOPLE * people)), least)

    def size() -> int:
        return round(float(np.exp(random.uniform(np.log(least), np.log(most)))))

    plans: dict[str, AttackerPlan] = {}
    for kind in (*random.choice(FLEET_KINDS, FLEETS_A_WORLD, replace=False).tolist(), BAIT_RING):
        plans |= fleet(kind, str(random.choice(HYGIENE)), size())
    ring = size()
    return plans | only("false_report_ring", per_operator=ring, accounts=ring)


def _log(people: int, days: int, seed: int, attackers: dict[str, AttackerPlan]) -> CampaignLog:
    world = simulate(
        WorldSettings(people=people, days=days, seed=seed, attackers=attackers, crowds=crowds_for(people))
    )
    pseudonyms = Pseudonyms()
    truth = truth_of(world, pseudonyms)
    return CampaignLog(world.events(pseudonyms), truth, _crowds(world, truth), seed)


def _crowds(world: World, truth: Truth) -> Crowds:
    table = world.accounts
    inside = table.crowd >= 0
    kind = np.char.replace(table.role[inside].astype(np.str_), "crowd_", "")
    names = np.char.add(np.char.add(kind, " "), table.crowd[inside].astype(np.str_))
    return Crowds(truth.keys[inside], names)
