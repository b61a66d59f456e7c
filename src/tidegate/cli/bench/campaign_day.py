"""One simulated day with fleets in it, as a file of EVENT records to be read in pieces.

A process of its own: the simulator takes about 6 kB an account, which must count neither for the search nor for the
benchmark. Every size has the same habits and the same share of fleets, so the sizes differ in nothing but size.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.cli.worlds import seed_for
from tidegate.events.columns import EVENT
from tidegate.events.pseudonym import Pseudonyms
from tidegate.world import AttackerPlan, WorldSettings, fleet, only, simulate
from tidegate.world.fleets import FLEET_KINDS, HYGIENE

SEED = seed_for("demo", 78)
"""A world that neither trained nor calibrated nor evaluated anything."""
PEOPLE_A_FLEET, FLEET_SIZE = 10_000, 20
"""One fleet of each kind for so many people, at least one: 1.4 % of all accounts."""
RING_SIZE = 40
WRITTEN_AT_ONCE = 1 << 18
READ_AT_ONCE = 1 << 16
"""Events; 5 MB."""


def attackers(people: int) -> dict[str, AttackerPlan]:
    """Fleets of every kind, at changing levels of hygiene, and rings of false reporters, in proportion."""
    fleets = max(people // PEOPLE_A_FLEET, 1)
    plans: dict[str, AttackerPlan] = {}
    for number, kind in enumerate(FLEET_KINDS):
        plans |= fleet(kind, HYGIENE[number % len(HYGIENE)], FLEET_SIZE, fleets)
    return plans | only("false_report_ring", per_operator=RING_SIZE, accounts=RING_SIZE * fleets)


def write_day(people: int, path: Path) -> None:
    """Simulate one day of ``people`` honest accounts and the attackers among them. Raises OSError."""
    world = simulate(
        WorldSettings(people=people, days=1, seed=SEED, attackers=attackers(people), randomised=False)
    )
    events = world.events(Pseudonyms())
    with path.open("wb") as file:
        for start in range(0, len(events), WRITTEN_AT_ONCE):
            file.write(events[start : start + WRITTEN_AT_ONCE].tobytes())


def read_pieces(path: Path) -> Iterator[NDArray[Any]]:
    """EVENT arrays in the order of the log, none longer than :data:`READ_AT_ONCE`."""
    with path.open("rb") as file:
        while len(piece := np.fromfile(file, EVENT, READ_AT_ONCE)):
            yield piece


def main() -> None:
    """``python -m tidegate.cli.bench.campaign_day PEOPLE FILE``"""
    write_day(int(sys.argv[1]), Path(sys.argv[2]))


if __name__ == "__main__":
    main()
