"""Who is in which crowd, and what they own and where they are because of it. Settled before anybody writes.

Members are ordinary people of the world: they keep their friends, their groups and their habits.
"""

import numpy as np
from numpy.typing import NDArray

from tidegate.world.accounts import ROLE_CODE
from tidegate.world.crowds import meetings, waves, work
from tidegate.world.crowds.crowd import Crowd
from tidegate.world.crowds.kinds import CROWDS, FREE_SHARE
from tidegate.world.randomness import log_uniform
from tidegate.world.scene import Scene

_NEARNESS: dict[str, float] = {
    "family": 1.0,
    "school": 0.6,
    "parents": 0.6,
    "volunteers": 0.3,
    "complaints": 0.3,
    "company": 0.1,
    "chain": 0.0,
    "couriers": 0.0,
    "conference": 0.0,
    "festival": 0.0,
    "carrier_nat": 0.0,
}
"""Share of the people around a crowd's centre who belong to it; 0 draws members from anywhere. Those that
need neighbours choose first."""

_SETTLE = {
    "school": waves.settle_school,
    "family": waves.settle_family,
    "festival": waves.settle_festival,
    "carrier_nat": waves.settle_carrier_nat,
    "company": work.settle_company,
    "couriers": work.settle_couriers,
    "chain": work.settle_chain,
    "conference": meetings.settle_conference,
    "volunteers": meetings.settle_volunteers,
    "parents": meetings.settle_parents,
}


def gather(scene: Scene) -> list[Crowd]:
    """The crowds that the settings ask for, numbered in the order of :data:`CROWDS`.

    Raises ValueError when the world has too few ordinary people for even the smallest such crowds.
    """
    wanted = scene.settings.crowds or {}
    kinds = [kind for kind in CROWDS for _ in range(wanted.get(kind, 0))]
    if not kinds:
        return []
    who = scene.who
    free = np.zeros(len(who), np.bool_)
    people = slice(0, scene.people)
    free[people] = (
        (who.role[people] == ROLE_CODE["person"]) & (who.signup[people] < 0.0) & np.isinf(who.death[people])
    )
    sizes = _sizes(scene, kinds, int(free.sum()))
    crowds: list[Crowd] = []
    for number in sorted(range(len(kinds)), key=lambda n: list(_NEARNESS).index(kinds[n])):
        kind = kinds[number]
        rng = scene.rng("crowds", kind, number)
        members = _choose(rng, free, scene.people, sizes[number], _NEARNESS[kind])
        free[members] = False
        who.role[members] = ROLE_CODE[f"crowd_{kind}"]
        who.crowd[members] = number
        crowds.append(Crowd(number, kind, members, rng))
    crowds.sort(key=lambda crowd: crowd.number)
    for crowd in crowds:
        if crowd.kind in _SETTLE:
            _SETTLE[crowd.kind](scene, crowd)
    return crowds


def _sizes(scene: Scene, kinds: list[str], free: int) -> list[int]:
    """Members of each crowd, shrunk together towards the least of each where the world is small."""
    rng = scene.rng("crowd sizes")
    least = np.array([CROWDS[kind].least for kind in kinds])
    drawn = np.array([log_uniform(rng, CROWDS[kind].least, CROWDS[kind].most) for kind in kinds])
    room = min(int(FREE_SHARE * scene.people), free)
    if least.sum() > room:
        raise ValueError(
            f"these crowds need at least {least.sum():,} ordinary people; this world has room for {room:,}"
        )
    beyond = float((drawn - least).sum())
    shrink = min(1.0, (room - int(least.sum())) / beyond) if beyond > 0.0 else 1.0
    return [int(n) for n in np.floor(least + (drawn - least) * shrink + 1e-9)]


def _choose(
    rng: np.random.Generator, free: NDArray[np.bool_], people: int, size: int, nearness: float
) -> NDArray[np.int64]:
    candidates = np.flatnonzero(free)
    if nearness <= 0.0:
        return rng.permutation(candidates)[:size]
    centre = int(rng.choice(candidates))
    apart = np.abs(candidates - centre)
    around = candidates[np.argsort(np.minimum(apart, people - apart), kind="stable")]
    belongs = rng.random(len(around)) < nearness
    belongs[0] = True
    # The nearest who belong; where these are too few, the nearest of the others.
    return np.concatenate([around[belongs], around[~belongs]])[:size]
