"""Evaluation: what a policy and a model do to attackers and to honest people, in worlds neither has seen."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.engine.model import Model
from tidegate.engine.policy import Policy
from tidegate.engine.rungs import Rung
from tidegate.learning.campaign_fleets import RING_FAMILIES
from tidegate.learning.intervals import upper_bound
from tidegate.learning.samples import Truth
from tidegate.learning.stopping import Reach, enforce, reach

ACCOUNT_COST_DOLLARS = 1.02
"""What a verified account costs (COTSI, Science 2025, as cited in the notes)."""
MONTH_DAYS = 30.0
STOPPED = Rung.LOCK
"""From this rung on an account counts as stopped: it can start no new chat."""
NOT_SENDERS = frozenset({"false_report_ring"})
"""Families that attack by reporting, not by sending: their measure is what happens to the victims. Fleets of the
same kind are not among them by name: :func:`sends`."""

BAD = np.dtype(
    [
        ("family", "U24"),
        ("campaign", "U24"),
        ("before_stop", np.int64),
        ("in_all", np.int64),
        ("prevented", np.int64),
        ("stopped", np.bool_),
        ("limited_first", np.bool_),  # challenged or more before the first message
        ("stopped_at_sign_up", np.bool_),
        ("before_complaint", np.bool_),
        ("suspended", np.bool_),
        ("banned", np.bool_),
    ]
)


@dataclass
class Tally:
    """Counts over several worlds for one policy."""

    name: str
    bad: list[NDArray[Any]] = field(default_factory=list)
    honest: int = 0
    months: float = 0.0
    wrongful: dict[Rung, int] = field(default_factory=dict)
    strata: dict[str, int] = field(default_factory=dict)
    wrongful_strata: dict[tuple[str, Rung], int] = field(default_factory=dict)
    worlds: int = 0
    events: int = 0

    @property
    def attackers(self) -> NDArray[Any]:
        """BAD[n] over all worlds."""
        return np.concatenate(self.bad) if self.bad else np.zeros(0, BAD)


def add_world(
    tally: Tally, events: NDArray[Any], truth: Truth, days: float, policy: Policy, model: Model | None
) -> None:
    """Run one labelled log and add what happened."""
    enforcement = enforce(events, truth, policy, model)
    reached = reach(events, truth, enforcement)
    tally.worlds += 1
    tally.events += len(events)
    _add_honest(tally, enforcement.first_at, truth, days)
    tally.bad.append(_attackers(truth, enforcement.first_at, reached))


def _add_honest(tally: Tally, first_at: NDArray[np.float64], truth: Truth, days: float) -> None:
    honest = truth.family == "honest"
    tally.honest += int(honest.sum())
    tally.months += float(honest.sum()) * days / MONTH_DAYS
    for rung in Rung:
        if rung is Rung.ALLOW:
            continue
        hit = honest & np.isfinite(first_at[:, rung])
        tally.wrongful[rung] = tally.wrongful.get(rung, 0) + int(hit.sum())
        for stratum in np.unique(truth.stratum[honest]):
            key = (str(stratum), rung)
            tally.wrongful_strata[key] = tally.wrongful_strata.get(key, 0) + int(
                (hit & (truth.stratum == stratum)).sum()
            )
    for stratum, count in zip(*np.unique(truth.stratum[honest], return_counts=True), strict=True):
        tally.strata[str(stratum)] = tally.strata.get(str(stratum), 0) + int(count)


def _attackers(truth: Truth, first_at: NDArray[np.float64], reached: Reach) -> NDArray[Any]:
    began = (truth.family != "honest") & (reached.strangers_in_all > 0)
    bad = np.zeros(int(began.sum()), BAD)
    stop, limited = first_at[began, STOPPED], first_at[began, Rung.CHALLENGE]
    bad["family"], bad["campaign"] = truth.family[began], truth.campaign[began]
    bad["before_stop"] = reached.strangers_before_stop[began]
    bad["in_all"] = reached.strangers_in_all[began]
    bad["prevented"] = reached.strangers_prevented[began]
    bad["stopped"] = np.isfinite(stop)
    bad["limited_first"] = limited < reached.first_message[began]
    bad["stopped_at_sign_up"] = stop < reached.first_message[began]
    bad["before_complaint"] = np.isfinite(stop) & (stop < reached.first_complaint[began])
    bad["suspended"] = np.isfinite(first_at[began, Rung.SUSPEND])
    bad["banned"] = np.isfinite(first_at[began, Rung.BAN])
    return bad


@dataclass(frozen=True, slots=True)
class FamilyResult:
    """One attacker family under one policy."""

    family: str
    accounts: int
    stopped: float
    stopped_interval: tuple[float, float]
    """Bootstrap over campaigns, 95 %."""
    reached_median: float
    reached_p90: float
    reached_in_all_median: float
    limited_first: float
    before_complaint: float
    dollars_per_thousand: float
    """What 1,000 reached strangers cost in accounts at the mean number reached before the stop."""


def sends(family: str) -> bool:
    """Whether a family or fleet attacks by sending, and not by reporting."""
    return not family.startswith(RING_FAMILIES)


def family_results(tally: Tally, seed: int = 1) -> list[FamilyResult]:
    """Each family that sends, in alphabetical order."""
    bad = tally.attackers
    return [
        _family(str(name), bad[bad["family"] == name], seed)
        for name in np.unique(bad["family"])
        if sends(str(name))
    ]


def _family(name: str, bad: NDArray[Any], seed: int) -> FamilyResult:
    stopped = bad["stopped"]
    got_through = bad["in_all"] - bad["prevented"]
    mean = float(bad["before_stop"].mean())
    return FamilyResult(
        name,
        len(bad),
        float(stopped.mean()),
        _bootstrap(stopped.astype(float), bad["campaign"], seed),
        float(np.median(bad["before_stop"])),
        float(np.percentile(bad["before_stop"], 90)),
        float(np.median(got_through)),
        float(bad["limited_first"].mean()),
        float(bad["before_complaint"][stopped].mean()) if stopped.any() else 0.0,
        1000.0 * ACCOUNT_COST_DOLLARS / mean if mean > 0 else float("inf"),
    )


def _bootstrap(
    values: NDArray[np.float64], groups: NDArray[Any], seed: int, rounds: int = 500
) -> tuple[float, float]:
    """95 % interval of the mean, drawing whole campaigns: accounts of one operator are not independent."""
    _, group = np.unique(groups, return_inverse=True)
    sums = np.bincount(group, weights=values)
    sizes = np.bincount(group)
    rng = np.random.default_rng(seed)
    draws = rng.integers(0, len(sums), (rounds, len(sums)))
    means = sums[draws].sum(axis=1) / sizes[draws].sum(axis=1)
    return float(np.percentile(means, 2.5)), float(np.percentile(means, 97.5))


@dataclass(frozen=True, slots=True)
class Wrongful:
    """Honest accounts that ever stood on a rung, per 100,000 account-months."""

    rung: Rung
    accounts: int
    rate: float
    upper: float
    months: float


def wrongful_results(tally: Tally) -> list[Wrongful]:
    """From the weakest rung to the strongest."""
    scale = 100_000.0
    return [
        Wrongful(
            rung, count, scale * count / tally.months, scale * upper_bound(count, tally.months), tally.months
        )
        for rung, count in sorted(tally.wrongful.items())
    ]


@dataclass(frozen=True, slots=True)
class Overall:
    """Over all sending families together."""

    stopped: float
    before_complaint: float
    limited_first: float
    stopped_at_sign_up: float
    reached_median: float
    reached_p90: float


def overall(tally: Tally) -> Overall:
    """All attackers of sending families, each account counting once."""
    bad = tally.attackers
    bad = bad[np.array([sends(str(family)) for family in bad["family"]], np.bool_)]
    stopped = bad["stopped"]
    return Overall(
        float(stopped.mean()),
        float(bad["before_complaint"][stopped].mean()) if stopped.any() else 0.0,
        float(bad["limited_first"].mean()),
        float(bad["stopped_at_sign_up"].mean()),
        float(np.median(bad["before_stop"])),
        float(np.percentile(bad["before_stop"], 90)),
    )
