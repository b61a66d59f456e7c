"""An attacker who tries plans against the shipped decisions and keeps the one that reaches most strangers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tidegate.cli.worlds import labelled, seed_for
from tidegate.engine.model import Model
from tidegate.engine.policy import Policy
from tidegate.learning import tables
from tidegate.learning.evaluation import ACCOUNT_COST_DOLLARS, Tally, add_world
from tidegate.world import WorldSettings, only

PEOPLE, DAYS, ACCOUNTS = 1_500, 21, 40
FIRST_SEED_NUMBER = 800
SEARCH_SEED = 11

# What an attacker sets, with the range of the search; the first three on a logarithmic scale.
LOGARITHMIC: dict[str, tuple[float, float]] = {
    "daily_cap": (1.0, 80.0),
    "hourly_cap": (1.0, 40.0),
    "first_send_delay_s": (60.0, 6 * 86_400.0),
}
LINEAR: dict[str, tuple[float, float]] = {
    "typing": (0.0, 1.0),
    "size_jitter": (0.0, 0.8),
    "accomplices": (0.0, 1.5),
    "accomplice_share": (0.0, 1.0),
    "contact_import": (0.0, 1.0),
    "circadian": (0.0, 1.0),
    "networks_shared": (0.0, 0.5),
    "devices_shared": (0.0, 0.5),
}
CHOICES: dict[str, tuple[str, ...]] = {
    "gap_kind": ("human", "spread", "uniform"),
    "targets": ("list", "group", "random"),
}
FIXED: dict[str, Any] = {
    "gap_low_s": 30.0,
    "gap_high_s": 3_600.0,
    "total": 2_000.0,
    "work_days": float(DAYS),
    "client_leak": 0.0,
    "sequential_numbers": 0.0,
    "invalid": 0.05,
}


@dataclass(frozen=True, slots=True)
class Trial:
    """One plan and how far it got."""

    plan: dict[str, Any]
    reached: float
    """Strangers an account reached before its first lock, on average."""
    got_through: float
    """The same with those made after a rung ended."""
    stopped: float


def _draw(rng: np.random.Generator, best: Trial | None) -> dict[str, Any]:
    """A plan at random, or the best one with about a third of its numbers drawn anew."""
    plan: dict[str, Any] = dict(FIXED)
    for name, (low, high) in LOGARITHMIC.items():
        plan[name] = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    for name, (low, high) in LINEAR.items():
        plan[name] = float(rng.uniform(low, high))
    for name, options in CHOICES.items():
        plan[name] = options[int(rng.integers(len(options)))]
    if best is not None:
        keep = {name for name in plan if rng.random() > 0.35}
        plan |= {name: best.plan[name] for name in keep}
    return plan


def _attempt(plan: dict[str, Any], number: int, policy: Policy, model: Model | None) -> Trial:
    log = labelled(
        WorldSettings(
            people=PEOPLE,
            days=DAYS,
            seed=seed_for("evaluate", FIRST_SEED_NUMBER + number % 3),
            attackers=only("adaptive", accounts=ACCOUNTS, **plan),
        )
    )
    tally = Tally("adaptive")
    add_world(tally, log.events, log.truth, log.days, policy, model)
    bad = tally.attackers
    bad = bad[bad["in_all"] >= 3]
    if not len(bad):
        return Trial(plan, 0.0, 0.0, 1.0)
    return Trial(
        plan,
        float(bad["before_stop"].mean()),
        float((bad["in_all"] - bad["prevented"]).mean()),
        float(bad["stopped"].mean()),
    )


def evaluate_adaptive(tries: int, policy: Policy, model: Model | None, say: Callable[[str], None]) -> str:
    """Half the tries at random, half around the best so far. Markdown."""
    rng = np.random.default_rng(SEARCH_SEED)
    best: Trial | None = None
    curve = []
    for number in range(tries):
        trial = _attempt(_draw(rng, best if number >= tries // 2 else None), number, policy, model)
        if best is None or trial.reached > best.reached:
            best = trial
        if number + 1 in {1, tries // 4, tries // 2, 3 * tries // 4, tries}:
            curve.append((number + 1, best))
        say(f"  plan {number + 1}/{tries}: {trial.reached:.1f} strangers an account; best {best.reached:.1f}")
    if best is None:
        raise ValueError("at least one try is needed")
    head = (
        "plans tried",
        "strangers reached before the stop (best plan, mean)",
        "got through in all",
        "stopped",
        "dollars per 1,000 strangers",
    )
    body = tables.markdown(
        head,
        (
            (
                f"{n}",
                f"{t.reached:.1f}",
                f"{t.got_through:.1f}",
                tables.percent(t.stopped),
                f"{1000 * ACCOUNT_COST_DOLLARS / max(t.reached, 1e-9):,.0f}",
            )
            for n, t in curve
        ),
    )
    shown = ", ".join(
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in sorted(best.plan.items())
    )
    return (
        f"*Simulated*: worlds of {PEOPLE:,} people over {DAYS} days, {ACCOUNTS} accounts of one kind, an "
        "attacker who sees how many strangers each account reached. Goal of the notes: at least 40 dollars "
        f"per 1,000 strangers.\n\n{body}\n\n"
        f"The best plan: {shown}."
    )
