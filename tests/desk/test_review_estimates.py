"""Estimates of the rate of wrongful actions: unbiased, with intervals that hold what they promise."""

import random
from statistics import fmean, stdev

import pytest

from tidegate.desk.review.agreement import cohens_kappa
from tidegate.desk.review.estimates import weighted, wilson
from tidegate.desk.review.opening import drawn, either

ACTIONS, WORLDS, WRONG = 4_000, 400, 0.03


def world(rng: random.Random) -> tuple[float, float, float, float]:
    """One month: many actions, of which some are wrong, drawn with chances that change during the month."""
    truth, looked_at = 0, []
    for number in range(ACTIONS):
        # Early in the month mistakes are more frequent and looks are rarer: what an unweighted mean gets wrong.
        early = number < ACTIONS // 2
        wrong = rng.random() < (WRONG * 1.6 if early else WRONG * 0.4)
        chance = either(0.02 if early else 0.12, 0.10)
        truth += wrong
        if rng.random() < chance:
            looked_at.append((wrong, chance))
    rate, low, high = weighted(looked_at)
    return truth / ACTIONS, rate, low, high


def test_the_mean_of_many_estimates_is_the_truth_and_intervals_cover_it() -> None:
    rng = random.Random(1)
    worlds = [world(rng) for _ in range(WORLDS)]
    errors = [rate - truth for truth, rate, _, _ in worlds]
    assert abs(fmean(errors)) < 3 * stdev(errors) / WORLDS**0.5
    covered = sum(low <= truth <= high for truth, _, low, high in worlds) / WORLDS
    assert covered >= 0.93, covered


def test_an_unweighted_mean_would_be_wrong_here() -> None:
    rng = random.Random(2)
    looked_at = [
        (rng.random() < p, chance) for p, chance in [(0.3, 0.05), (0.1, 0.5)] * 2_000 if rng.random() < chance
    ]
    rate, _, _ = weighted(looked_at)
    naive = sum(wrong for wrong, _ in looked_at) / len(looked_at)
    assert abs(rate - 0.2) < abs(naive - 0.2)


def test_with_nothing_looked_at_nothing_is_claimed() -> None:
    assert weighted([]) == (0.0, 0.0, 1.0)


def test_wilson_is_what_the_books_say() -> None:
    low, high = wilson(0.0, 100.0)
    assert low == 0.0 and high == pytest.approx(0.0370, abs=1e-4)


def test_draws_come_at_their_rate_and_are_the_same_every_time() -> None:
    ids = [f"{number:016x}" for number in range(20_000)]
    kinds = [drawn(one, 0.15, 0.10) for one in ids]
    assert kinds == [drawn(one, 0.15, 0.10) for one in ids]
    assert sum(map(bool, kinds)) / len(ids) == pytest.approx(either(0.15, 0.10), abs=0.01)
    assert kinds.count("both") / len(ids) == pytest.approx(0.015, abs=0.004)


def test_agreement_is_one_when_two_always_agree_and_none_when_nothing_varies() -> None:
    assert cohens_kappa([(True, True), (False, False)] * 5) == 1.0
    assert cohens_kappa([(True, True)] * 5) is None
    assert cohens_kappa([(True, False), (False, True)] * 5) == pytest.approx(-1.0)
