"""Score thresholds from honest accounts' monthly maxima, to a false-positive budget for each rung.

The unit is the account-month: an account that is judged a hundred times in a month has a hundred chances to
be judged wrongly, so the budget is spent on its highest score, not on each.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidegate.engine.rungs import SCORE_TABLES, Rung
from tidegate.learning.intervals import Threshold, threshold_for

BUDGET_PER_100K: dict[Rung, float] = {
    Rung.CHALLENGE: 90.0,
    Rung.BUDGET: 50.0,
    Rung.LOCK: 12.0,
    Rung.SUSPEND: 4.0,
    Rung.BAN: 0.6,
}
"""What the model alone may spend, per 100,000 account-months; rules have the rest of the goals (200, -, 20,
-, 1)."""

TABLE_SHARE: dict[str, float] = {
    "registration": 0.25,
    "messaging": 0.35,
    "feedback": 0.15,
    "unseen_sign_up": 0.25,
}
"""How the budget is divided between the score tables."""

TABLE_CEILING: dict[str, Rung] = {
    "registration": Rung.BUDGET,
    "messaging": Rung.BAN,
    "feedback": Rung.BAN,
    "unseen_sign_up": Rung.SUSPEND,
}
"""The strongest rung a score alone may propose: who has not yet written to anybody is not locked for it, and
an account older than the log is not banned for it."""


@dataclass(frozen=True, slots=True)
class TableThreshold:
    """One threshold with what may be claimed for it."""

    table: str
    rung: Rung
    threshold: Threshold


def calibrate(highest: NDArray[np.float64]) -> list[TableThreshold]:
    """Thresholds from ``highest[account, score table]`` (honest accounts over a month; NaN: never scored).

    An account that was never scored by a table counts as an account-month with score 0: nothing wrong
    happened to it.
    """
    found = []
    for table, share in TABLE_SHARE.items():
        scores = np.nan_to_num(highest[:, SCORE_TABLES[table]], nan=0.0)
        for rung, budget in BUDGET_PER_100K.items():
            if rung <= TABLE_CEILING[table]:
                found.append(TableThreshold(table, rung, threshold_for(scores, share * budget / 100_000.0)))
    return found


def _beyond(claim: Threshold) -> float:
    """The threshold, moved further out where the account-months are too few for the rate that was asked for.

    The odds are raised by the factor that is missing. That is caution, not proof: the claim stays what the
    data support.
    """
    if claim.is_met or not 0.0 < claim.value < 1.0:
        return claim.value
    odds = claim.value / (1.0 - claim.value) * claim.claimed_rate / claim.asked_rate
    return odds / (1.0 + odds)


def as_policy(thresholds: list[TableThreshold]) -> str:
    """The ``[model.…]`` sections of a policy file, with what each threshold rests on."""
    lines: list[str] = []
    for table in TABLE_SHARE:
        lines.append(f"[model.{table}]")
        floor = 0.0
        for item in (t for t in thresholds if t.table == table):
            # A policy wants thresholds that grow with the rung; equal evidence goes to the stronger one.
            claim = item.threshold
            value = min(max(_beyond(claim), floor), 1.0)
            floor = value + 1e-6
            met = (
                ""
                if claim.is_met
                else f"; asked {1e5 * claim.asked_rate:.3g}, too few account-months to claim it"
            )
            found = f"{claim.exceeding} of {claim.account_months} simulated ones exceed it"
            lines.append(
                f"{item.rung.word} = {float(np.float32(value)):.7f}  # at most "
                f"{1e5 * claim.claimed_rate:.3g} in 100,000 account-months ({found}){met}"
            )
        lines.append("")
    return "\n".join(lines)
