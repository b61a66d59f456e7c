"""``tidegate evaluate --rings``: two hundred accounts that report somebody together. Is the victim acted on?"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.campaigns.finding import Kind
from tidegate.cli.campaign_evaluation import TidegateFinder
from tidegate.cli.worlds import seed_for, truth_of
from tidegate.engine.rungs import Rung
from tidegate.events.columns import EventType
from tidegate.events.pseudonym import Pseudonyms
from tidegate.learning import tables
from tidegate.learning.campaign_evaluation import Bound, Enforced
from tidegate.learning.campaign_finder import Keys, findings
from tidegate.learning.campaign_fleets import places
from tidegate.world import AttackerPlan, WorldSettings, fleet, only, simulate
from tidegate.world.fleets import BAIT_RING

REPORTERS = 200
PEOPLE, DAYS = 4_000, 6
FIRST_SEED_NUMBER = 900_000
RINGS: dict[str, dict[str, AttackerPlan]] = {
    "reports somebody who never wrote to most of them": only(
        "false_report_ring", per_operator=REPORTERS, accounts=REPORTERS
    ),
    "lures a shop or an organiser into writing first": fleet(BAIT_RING, "mixed", REPORTERS),
}


@dataclass
class _Tally:
    """What became of the victims of one kind of ring."""

    victims: int = 0
    acted_on: Counter[str] = field(default_factory=Counter)
    """By whether the search ran: ``with``, ``without``."""
    locked: Counter[str] = field(default_factory=Counter)
    rings: int = 0
    found: int = 0
    reporters: int = 0
    reporters_found: int = 0
    honest_found: int = 0


def evaluate_rings(worlds: int, say: Callable[[str], None], acting: Enforced) -> str:
    """As Markdown: ``worlds`` worlds for each kind of ring, decided on without the search and with it."""
    tallies = {}
    for kind, attackers in RINGS.items():
        tally = tallies[kind] = _Tally()
        for number in range(worlds):
            _add_world(tally, attackers, seed_for("evaluate", FIRST_SEED_NUMBER + number), acting)
            say(f"  {kind}, world {number + 1}/{worlds}: {tally.acted_on['with']} of {tally.victims} victims")
    head = (
        f"ring of {REPORTERS} (simulated)",
        "victims acted on, with the search",
        "without it",
        "locked or more, with the search",
        "without it",
        "rings found",
        "reporters found",
        "others taken for reporters",
    )
    return "\n\n".join(
        [
            f"All figures of this section are *simulated*: {worlds} worlds of {PEOPLE:,} people over {DAYS} days "
            f"for each kind of ring, {REPORTERS} reporters and one to three victims each. A victim is acted on when "
            "it is raised to a rung that it never stood on before the ring's first complaint, `locked or more` when "
            "that rung is `lock` or above. One-sided 95 % Clopper-Pearson bounds.",
            tables.markdown(head, (_row(kind, tally) for kind, tally in tallies.items())),
        ]
    )


def _add_world(tally: _Tally, attackers: dict[str, AttackerPlan], seed: int, acting: Enforced) -> None:
    world = simulate(WorldSettings(people=PEOPLE, days=DAYS, seed=seed, attackers=attackers))
    pseudonyms = Pseudonyms()
    truth = truth_of(world, pseudonyms)
    events = world.events(pseudonyms)
    ring = truth.keys[truth.family != "honest"]
    victims = np.flatnonzero((world.accounts.victim_of != "") & (truth.family == "honest"))
    finder = TidegateFinder()
    for _ in findings(finder, events):
        pass
    found = [one for one in finder.campaigns if one.kind is Kind.REPORTERS]
    members = np.unique(np.concatenate([one.members for one in found])) if found else ring[:0]
    complained_s = _first_complaint_s(events, ring)
    tally.victims += len(victims)
    for log, search in ((events, "without"), (finder.woven(events), "with")):
        first_at = acting(log, truth).first_at[victims]
        for rung, counter in ((Rung.WARN, tally.acted_on), (Rung.LOCK, tally.locked)):
            raised = np.isfinite(first_at[:, rung:]) & (first_at[:, rung:] >= complained_s)
            counter[search] += int(raised.any(axis=1).sum())
    tally.rings += 1
    tally.found += bool(np.isin(members, ring).any())
    tally.reporters += len(ring)
    tally.reporters_found += int(np.isin(ring, members).sum())
    tally.honest_found += int((~np.isin(members, ring) & (places(members, truth) >= 0)).sum())


def _first_complaint_s(events: NDArray[Any], ring: Keys) -> float:
    complaint = (events["type"] == EventType.REPORT) | (events["type"] == EventType.BLOCK)
    return float(events["time"][complaint & np.isin(events["actor"], ring)].min(initial=np.inf))


def _row(kind: str, tally: _Tally) -> tuple[str, ...]:
    def share(count: int) -> str:
        bound = Bound(count, tally.victims)
        return f"{count} of {tally.victims} (≤ {100 * bound.upper:.1f} %)"

    return (
        kind,
        share(tally.acted_on["with"]),
        share(tally.acted_on["without"]),
        share(tally.locked["with"]),
        share(tally.locked["without"]),
        f"{tally.found} of {tally.rings}",
        f"{tally.reporters_found:,} of {tally.reporters:,}",
        f"{tally.honest_found:,}",
    )
