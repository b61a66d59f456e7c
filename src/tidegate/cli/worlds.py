"""Simulated worlds as labelled logs, with seeds kept apart by purpose.

A seed that trained a model must never evaluate it, so each purpose has its own range.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tidegate.events.pseudonym import Pseudonyms
from tidegate.learning.samples import Truth
from tidegate.world import FAMILIES, SIGNALS, World, WorldSettings, simulate

Purpose = Literal["train", "calibrate", "evaluate", "demo"]
FIRST_SEED: dict[Purpose, int] = {
    "train": 1_000_000,
    "calibrate": 2_000_000,
    "evaluate": 3_000_000,
    "demo": 4_000_000,
}
SEEDS_A_PURPOSE = 1_000_000

# What whole logs tend to lack: each entry is one kind of operator.
LEAN_LOGS: tuple[frozenset[str], ...] = (
    frozenset({"typing", "read", "contact", "forwards"}),
    frozenset({"network", "device", "client", "phone", "login"}),
    frozenset({"register", "login", "client", "phone"}),
    SIGNALS - {"feedback", "group"},
    frozenset({"feedback", "size", "forwards"}),
    SIGNALS,
)


@dataclass(frozen=True, slots=True)
class LabelledLog:
    """One world's events (EVENT[n]) and who is who."""

    events: NDArray[Any]
    truth: Truth
    days: float
    seed: int


def seed_for(purpose: Purpose, number: int) -> int:
    """The ``number``-th seed of a purpose. Raises ValueError beyond its range."""
    if not 0 <= number < SEEDS_A_PURPOSE:
        raise ValueError(f"a purpose has seeds 0 to {SEEDS_A_PURPOSE - 1}, not {number}")
    return FIRST_SEED[purpose] + number


def truth_of(world: World, pseudonyms: Pseudonyms) -> Truth:
    """The labels of a world. A stolen account is abusive only from the theft on."""
    table = world.accounts
    honest = table.family == "honest"
    stolen = table.family == "hijacked"
    abusive_from = np.where(honest, np.inf, np.where(stolen, table.attack_start, 0.0))
    abusive_from = np.where(np.isnan(abusive_from), np.inf, abusive_from)
    return Truth(
        np.asarray(pseudonyms.many([str(name) for name in table.account]), np.uint64),
        table.family,
        table.stratum,
        table.campaign,
        abusive_from,
    )


def labelled(settings: WorldSettings) -> LabelledLog:
    """Simulate one world."""
    world = simulate(settings)
    pseudonyms = Pseudonyms()
    return LabelledLog(world.events(pseudonyms), truth_of(world, pseudonyms), settings.days, settings.seed)


def training_worlds(
    count: int, people: int, days: int, purpose: Purpose = "train", without: frozenset[str] = frozenset()
) -> Iterator[LabelledLog]:
    """Worlds with randomised habits; every third lacks signals, as real logs do; no family of ``without``."""
    for number in range(count):
        lacking = LEAN_LOGS[(number // 3) % len(LEAN_LOGS)] if number % 3 == 2 else frozenset()
        plans = None
        if without:
            plans = {name: FAMILIES[name] for name in FAMILIES if name not in without}
        yield labelled(
            WorldSettings(
                people=people,
                days=days,
                seed=seed_for(purpose, number),
                attacker_share=0.12 if number % 2 else 0.05,
                attackers=plans,
                signals=SIGNALS - lacking,
                open_society=number % 5 >= 3,
            )
        )
