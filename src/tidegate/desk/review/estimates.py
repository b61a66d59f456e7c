"""How often automatic actions are wrong, estimated from those that were drawn and looked at again.

The rate is a ratio of weighted sums (Hájek 1971; Särndal, Swensson and Wretman 1992, §5.7): each action that a person
looked at counts with one over the probability it was drawn with. Its interval is Wilson's (1927) with the effective
number of looks (Kish 1965). Actions that were drawn and not looked at yet are taken to be like the others.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Sum

from tidegate.desk.ledger.models import Tally
from tidegate.desk.review.models import Sample
from tidegate.engine.rungs import Rung

Z95 = 1.959964
LIMITS_FROM = int(Rung.CHALLENGE)
METHOD = (
    "Automatic actions are drawn at random, with a probability that is written down, and a person looks at them again; "
    "some without knowing what was decided. Each counts with one over its probability (Hájek's ratio estimator); the "
    "interval is Wilson's at 95 % with Kish's effective number of looks. An action counts as wrongful when the person "
    "undid it."
)


@dataclass(frozen=True, slots=True)
class Estimate:
    """Of the share of automatic actions that were wrongful. Shares lie in 0 to 1."""

    actions: int
    """Automatic actions of the time."""
    sampled: int
    """Drawn and looked at."""
    waiting: int
    """Drawn and not looked at yet."""
    wrong: int
    """Of those looked at, how many a person undid."""
    rate: float
    low: float
    high: float
    method: str = METHOD


def wrongful(begin: datetime, end: datetime) -> Estimate:
    """For actions from ``begin`` up to but without ``end``. With nothing looked at the interval is 0 to 1."""
    actions = (
        Tally.objects.filter(day__gte=begin.date(), day__lt=end.date()).aggregate(Sum("automatic"))[
            "automatic__sum"
        ]
        or 0
    )
    drawn = Sample.objects.filter(time__gte=begin, time__lt=end)
    looked_at = list(drawn.filter(wrong__isnull=False).values_list("wrong", "probability"))
    waiting = drawn.filter(wrong__isnull=True).count()
    rate, low, high = weighted(looked_at)
    return Estimate(
        actions, len(looked_at), waiting, sum(1 for wrong, _ in looked_at if wrong), rate, low, high
    )


def weighted(looked_at: Iterable[tuple[bool, float]]) -> tuple[float, float, float]:
    """Rate and 95 % interval from (was wrong, probability of having been drawn)."""
    weights = [(bool(wrong), 1.0 / chance) for wrong, chance in looked_at]
    total = sum(weight for _, weight in weights)
    if not weights:
        return 0.0, 0.0, 1.0
    rate = sum(weight for wrong, weight in weights if wrong) / total
    effective = total * total / sum(weight * weight for _, weight in weights)
    return rate, *wilson(rate, effective)


def wilson(rate: float, looks: float) -> tuple[float, float]:
    """Wilson's 95 % score interval of a share seen in so many looks."""
    squared = Z95 * Z95
    middle = (rate + squared / (2 * looks)) / (1 + squared / looks)
    half = Z95 / (1 + squared / looks) * math.sqrt(rate * (1 - rate) / looks + squared / (4 * looks * looks))
    return max(middle - half, 0.0), min(middle + half, 1.0)
