"""How well scores tell abusive accounts from the others, with bootstrap intervals."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FALSE_ALARM_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its bootstrap 95 % interval over accounts (percentile method)."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True, slots=True)
class Measures:
    """How well scores tell abusive accounts from the others."""

    auroc: Estimate
    average_precision: Estimate
    recall: Estimate
    """At the threshold that 1 % of the tested legitimate accounts exceed."""


def measures(scores: Floats, abusive: NDArray[np.bool_], resamples: int) -> Measures:
    """Measures of ``scores`` float64[n] against ``abusive`` bool[n]; both kinds must be there."""
    _, place = np.unique(-scores, return_inverse=True)
    order = np.argsort(place, kind="stable")
    ties = np.flatnonzero(np.r_[True, np.diff(place[order]) != 0])
    truth = abusive[order]

    def figures(weight: Floats) -> tuple[float, float, float]:
        good = np.add.reduceat(weight * truth, ties)
        bad = np.add.reduceat(weight * ~truth, ties)
        found, alarms = np.cumsum(good), np.cumsum(bad)
        auroc = float(bad @ (found - good / 2) / (found[-1] * alarms[-1]))
        precision = found / np.maximum(found + alarms, 1e-9)
        allowed = int(np.searchsorted(alarms, FALSE_ALARM_SHARE * alarms[-1] + 1e-9, "right"))
        recall = float(found[allowed - 1] / found[-1]) if allowed else 0.0
        return auroc, float(good @ precision / found[-1]), recall

    random, n = np.random.default_rng(20130101), len(scores)
    point = figures(np.ones(n))
    drawn = [
        figures(np.bincount(random.integers(n, size=n), minlength=n).astype(np.float64))
        for _ in range(resamples)
    ]
    ends = np.percentile(np.array(drawn), [2.5, 97.5], axis=0) if drawn else np.full((2, 3), np.nan)
    return Measures(*(Estimate(point[i], float(ends[0, i]), float(ends[1, i])) for i in range(3)))
