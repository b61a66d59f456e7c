"""Our own powers, logarithms and hashes agree with the mathematics."""

import math
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tidegate.engine.arithmetic import exp2, ln, mixed, probability
from tidegate.engine.rooms.decay import kept
from tidegate.events.compiled import compiled

EXP2_ERROR = 1e-12
LN_ERROR = 1e-9


@compiled
def every_exp2(x: Any, out: Any) -> None:
    for i in range(len(x)):
        out[i] = exp2(x[i])


@compiled
def every_ln(x: Any, out: Any) -> None:
    for i in range(len(x)):
        out[i] = ln(x[i])


@compiled
def every_probability(x: Any, out: Any) -> None:
    for i in range(len(x)):
        out[i] = probability(x[i])


@compiled
def every_kept(x: Any, out: Any) -> None:
    for i in range(len(x)):
        out[i] = kept(x[i], 60.0)


@compiled
def every_mixed(x: Any, out: Any) -> None:
    for i in range(len(x)):
        out[i] = mixed(x[i])


def values(function: Any, x: list[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    given_ = np.array(x, np.float64)
    out = np.zeros(len(given_))
    function(given_, out)
    return out


@settings(deadline=None)
@given(st.lists(st.floats(-1000.0, 1000.0), min_size=1))
def test_a_power_of_two_is_right_to_eight_digits(x: list[float]) -> None:
    for power, result in zip(x, values(every_exp2, x), strict=True):
        assert math.isclose(result, math.exp2(power), rel_tol=EXP2_ERROR)


def test_the_largest_error_of_a_power_of_two_over_two_octaves() -> None:
    x = np.linspace(-1.0, 1.0, 20_001)
    assert np.max(np.abs(values(every_exp2, x) / np.exp2(x) - 1.0)) < EXP2_ERROR


def test_a_power_beyond_the_range_is_nothing_or_the_largest() -> None:
    assert values(every_exp2, [-1001.0, -1e300, -math.inf]).tolist() == [0.0, 0.0, 0.0]
    assert values(every_exp2, [1e300])[0] == values(every_exp2, [1000.0])[0]


@settings(deadline=None)
@given(st.lists(st.floats(1e-300, 1e300), min_size=1))
def test_a_logarithm_is_right_to_nine_decimals(x: list[float]) -> None:
    for value, result in zip(x, values(every_ln, x), strict=True):
        assert abs(result - math.log(value)) <= LN_ERROR + 1e-15 * abs(math.log(value))


def test_a_counter_never_grows_by_waiting_and_loses_half_in_a_half_life() -> None:
    elapsed = np.concatenate([[0.0, 1e-9, 1e-6], np.linspace(0.0, 600.0, 6001), [1e6, 1e12]])
    left = values(every_kept, elapsed)
    assert left.max() <= 1.0 and left[0] == 1.0 and left[-1] == 0.0
    assert np.all(np.diff(np.sort(elapsed)) >= 0.0) and np.all(np.diff(left[np.argsort(elapsed)]) <= 0.0)
    assert values(every_kept, [60.0, 120.0]).tolist() == [0.5, 0.25]


def test_a_score_of_zero_is_even_odds_and_scores_stay_probabilities() -> None:
    raw = [-1e6, -40.0, -1.0, 0.0, 1.0, 40.0, 1e6]
    result = values(every_probability, raw)
    assert math.isclose(result[3], 0.5, rel_tol=EXP2_ERROR)
    assert np.all(np.diff(result) >= 0.0) and result[0] >= 0.0 and result[-1] <= 1.0
    assert math.isclose(result[4], 1.0 / (1.0 + math.exp(-1.0)), rel_tol=EXP2_ERROR)


def test_mixing_gives_every_number_another_and_flips_half_its_bits() -> None:
    numbers = np.arange(20_000, dtype=np.uint64)
    scrambled = np.zeros_like(numbers)
    every_mixed(numbers, scrambled)
    assert len(np.unique(scrambled)) == len(numbers)
    flipped = scrambled[::2] ^ scrambled[1::2]
    bits = np.unpackbits(flipped.view(np.uint8)).sum() / len(flipped)
    assert 31.0 < bits < 33.0
