"""How each feature is spread over honest accounts, at the moments when the engine judges them."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from tidegate.engine.features import FEATURES
from tidegate.engine.rows import ACCOUNT_AGE
from tidegate.learning.samples import Samples
from tidegate.statements.ranges import LOW, QUANTILES, YOUNG_S, Range

LEAST_ACCOUNTS = 200
"""Fewer, and a range would say little."""
DIGITS = 5
"""Significant; the engine's own values carry about seven."""


def honest_ranges_of(samples: Samples) -> tuple[dict[str, int], dict[str, Range], dict[str, Range]]:
    """``(accounts, young, older)`` of the honest accounts among labelled rows; every account counts the same."""
    honest = samples.where((samples.family == "honest") & ~samples.abusive)
    young = honest.rows[:, ACCOUNT_AGE] < YOUNG_S
    accounts = {
        name: len(np.unique(honest.account[mask])) for name, mask in (("young", young), ("older", ~young))
    }
    return accounts, _ranges(honest.where(young)), _ranges(honest.where(~young))


def _ranges(samples: Samples) -> dict[str, Range]:
    _, place, rows_each = np.unique(samples.account, return_inverse=True, return_counts=True)
    weight = 1.0 / rows_each[place]
    measured: dict[str, Range] = {}
    for column, feature in enumerate(FEATURES):
        values = samples.rows[:, column].astype(np.float64)
        known = np.isfinite(values)
        if len(np.unique(place[known])) < LEAST_ACCOUNTS:
            continue
        found = dict(zip(QUANTILES, weighted_quantiles(values[known], weight[known], QUANTILES), strict=True))
        shown = {quantile: float(f"{value:.{DIGITS}g}") for quantile, value in found.items()}
        low = shown if feature.direction <= 0 else {}
        measured[feature.name] = Range(
            p50=shown[0.5],
            p90=shown[0.9],
            p99=shown[0.99],
            p999=shown[0.999],
            p1=low.get(LOW[0]),
            p10=low.get(LOW[1]),
            known=round(float(weight[known].sum() / weight.sum()), 4),
        )
    return measured


def weighted_quantiles(
    values: NDArray[np.float64], weight: NDArray[np.float64], quantiles: Iterable[float]
) -> list[float]:
    """For each quantile the least value at or below which at least that share of the weight lies."""
    order = np.argsort(values, kind="stable")
    through = np.cumsum(weight[order])
    wanted = np.array(list(quantiles)) * through[-1]
    at = np.minimum(np.searchsorted(through, wanted * (1.0 - 1e-12)), len(order) - 1)
    return [float(value) for value in values[order[at]]]
