"""When the kill test kills what: drawn from a seed."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

KINDS = {
    "start": 18,
    "start-step": 16,
    "load": 22,
    "load-step": 18,
    "snapshot": 14,
    "stop": 6,
    "stop-step": 4,
    "cold": 2,
    "new": 8,
}
"""How often each kind of kill is chosen, in relation to the others."""
WHOM = ("self", "node", "group")
START_STEPS = 110
"""A node takes about so many from its start to its first answer; see :class:`tidegate.cli.bench.kill_child.Steps`."""
LOAD_STEPS = (3.0, 2_000.0)
"""Steps after that; each factor of ten is as likely as the next."""
SNAPSHOT_STEPS = 60
STOP_STEPS = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """How one node ends.

    ``kind``: ``start`` and ``load`` at a moment, ``start-step`` and ``load-step`` at a step of its work with files,
    ``snapshot`` at a step of the process that makes a snapshot, ``stop`` and ``stop-step`` while it stops in order,
    ``cold`` while the program is loaded, ``new`` at a step of the first start on a new folder.
    """

    kind: str
    moment: float
    """Where in the span of that kind, 0 to 1."""
    step: int
    """Of the process that ends itself; 0: it is killed from outside."""
    whom: str
    """``self``, ``node`` or ``group``: what the process that makes a snapshot kills."""
    group: bool
    """Kill a snapshot process together with the node."""


def plans(seed: int) -> Iterator[Plan]:
    """How one node after the other ends, without end. Same seed, same plans."""
    rng = random.Random(f"{seed} plans")
    while True:
        kind = rng.choices(list(KINDS), list(KINDS.values()))[0]
        steps = {
            "start-step": rng.randint(1, START_STEPS),
            "load-step": START_STEPS + _spread(rng, *LOAD_STEPS),
            "snapshot": rng.randint(1, SNAPSHOT_STEPS),
            "stop-step": rng.randint(1, STOP_STEPS),
            "new": rng.randint(1, START_STEPS),
        }
        yield Plan(kind, rng.random(), steps.get(kind, 0), rng.choice(WHOM), rng.random() < 0.5)


def _spread(rng: random.Random, least: float, most: float) -> int:
    return round(math.exp(rng.uniform(math.log(least), math.log(most))))
