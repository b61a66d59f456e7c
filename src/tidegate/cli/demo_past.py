"""A past for the demonstration's node: two simulated weeks of another server's people, ending a moment ago.

A desk beside a node that has seen one sender for a minute would be nearly empty. What is told here is simulated, its
accounts belong to ``simulated.example``, and the node decides about them as about anybody.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tidegate.messengers.matrix.node_process import NodeProcess
from tidegate.world import WorldSettings, fleet, simulate
from tidegate.world.fleets import HYGIENE
from tidegate.world.plans import FAMILIES

PEOPLE, DAYS = 800, 14
DAY_S = 86_400.0
FLEET = fleet("drip_fleet", HYGIENE[0], 24)
"""Accounts of one operator, each of which does little: found only together."""
SERVER = "simulated.example"
ENDED_S = 120.0
"""So long before now."""
LINES = 5_000
MOST_ROUNDS = 200
ACTIONS = 1_000


@dataclass(frozen=True, slots=True)
class Told:
    """What the node heard."""

    events: int
    fleet: tuple[str, ...]
    """The accounts of :data:`FLEET`, as the messenger names them."""


def tell_past(node: NodeProcess, folder: Path, seed: int) -> Told:
    """Let the node hear it, and carry out its actions as a messenger would.

    ``folder``: for the log. Raises NodeError.
    """
    start_s = time.time() - ENDED_S - DAYS * DAY_S
    settings = WorldSettings(
        people=PEOPLE, days=DAYS, seed=seed, start=start_s, attackers=dict(FAMILIES) | FLEET
    )
    world = simulate(settings)
    log = world.write(folder, "jsonl")
    told, waiting = 0, list[str]()
    for line in _lines(log):
        waiting.append(line)
        if len(waiting) == LINES:
            told += _tell(node, waiting)
    told += _tell(node, waiting)
    for _ in range(MOST_ROUNDS):
        due = node.ask("GET", f"/v1/actions?wait=1&limit={ACTIONS}")["actions"]
        if not due:
            break
        results = [{"id": action["id"], "done": True} for action in due]
        node.ask("POST", "/v1/actions/confirm", {"results": results})
    table = world.accounts
    fleet = tuple(
        f"@{name}:{SERVER}" for name, role in zip(table.account, table.role, strict=True) if role in FLEET
    )
    return Told(told, fleet)


def _lines(log: Path) -> Iterator[str]:
    """The log's lines, its accounts as users of :data:`SERVER`."""
    with log.open(encoding="utf-8") as file:
        for line in file:
            event = json.loads(line)
            for field in ("actor", "target"):
                if event.get(field):
                    event[field] = f"@{event[field]}:{SERVER}"
            yield json.dumps(event)


def _tell(node: NodeProcess, waiting: list[str]) -> int:
    """Hand in what waits, and forget it. Returns how many were taken."""
    if not waiting:
        return 0
    receipt = node.take_lines("\n".join(waiting).encode())
    waiting.clear()
    return int(receipt["accepted"])
