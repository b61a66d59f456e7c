"""Intervals and thresholds for rare errors: exact, from counts alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

CONFIDENCE = 0.95


def upper_bound(events: int, trials: float, confidence: float = CONFIDENCE) -> float:
    """One-sided Clopper-Pearson upper bound on a rate (Clopper, Pearson 1934). 1 when nothing was tried."""
    if trials <= 0 or events >= trials:
        return 1.0
    return float(stats.beta.ppf(confidence, events + 1, trials - events))


def trials_needed(rate: float, confidence: float = CONFIDENCE) -> int:
    """Error-free trials needed before a rate may be claimed: 299,572 for 1e-5 at 95 %."""
    return int(np.ceil(np.log(1.0 - confidence) / np.log1p(-rate)))


@dataclass(frozen=True, slots=True)
class Threshold:
    """A score threshold and what may be claimed for it."""

    value: float
    asked_rate: float
    claimed_rate: float
    """The rate that holds with ``confidence``; above ``asked_rate`` when the data are too few for that."""
    exceeding: int
    account_months: int

    @property
    def is_met(self) -> bool:
        return self.claimed_rate <= self.asked_rate


def threshold_for(scores: NDArray[np.float64], rate: float, confidence: float = CONFIDENCE) -> Threshold:
    """The lowest threshold whose false-positive rate is at most ``rate`` with ``confidence``.

    ``scores``: the highest score of each honest account in a month. The order-statistic rule of
    Neyman-Pearson classification (Tong, Feng and Li, Science Advances 2018): with n scores and k above the
    threshold the rate exceeds ``rate`` with probability P(Binomial(n, rate) <= k). When even k = 0 is not
    enough, the threshold lies above every score seen and ``claimed_rate`` says what the data support.
    """
    n = len(scores)
    if n == 0:
        raise ValueError("no honest account-months to calibrate on")
    ordered = np.sort(scores)[::-1]
    allowed = int(stats.binom.ppf(1.0 - confidence, n, rate))
    while allowed >= 0 and stats.binom.cdf(allowed, n, rate) > 1.0 - confidence:
        allowed -= 1
    if allowed < 0:
        return Threshold(above(ordered[0]), rate, upper_bound(0, n, confidence), 0, n)
    value = above(ordered[min(allowed, n - 1)])
    exceeding = int((scores >= value).sum())
    return Threshold(value, rate, upper_bound(exceeding, n, confidence), exceeding, n)


def above(score: float) -> float:
    """The next float32 above a score."""
    return float(np.nextafter(np.float32(score), np.float32(np.inf)))
