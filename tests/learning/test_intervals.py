"""Claims about rare errors rest on counts and say no more than the counts allow."""

import numpy as np
import pytest

from tidegate.learning.intervals import threshold_for, trials_needed, upper_bound


def test_one_in_a_hundred_thousand_needs_299572_error_free_account_months() -> None:
    assert trials_needed(1e-5) == 299_572
    assert trials_needed(1e-5, 0.99) == 460_515


@pytest.mark.parametrize(("errors", "months"), [(4, 1_000_000), (20, 3_000_000), (83, 10_000_000)])
def test_the_published_allowances_keep_the_upper_bound_at_one_in_100_000(errors: int, months: int) -> None:
    assert upper_bound(errors, months) <= 1e-5
    assert upper_bound(errors + 1, months) > 1e-5


def test_nothing_tried_means_nothing_known() -> None:
    assert upper_bound(0, 0) == 1.0


def test_a_threshold_keeps_its_rate_with_the_stated_confidence() -> None:
    rng = np.random.default_rng(1)
    rate, exceeded = 0.01, 0
    for _ in range(400):
        threshold = threshold_for(rng.random(1_000), rate)
        exceeded += 1.0 - threshold.value > rate  # the true rate of a uniform score
    assert exceeded <= 0.08 * 400  # 5 % promised; the rest is the luck of 400 draws


def test_the_naive_empirical_threshold_would_not_keep_it() -> None:
    rng = np.random.default_rng(1)
    exceeded = sum(1.0 - np.quantile(rng.random(1_000), 0.99) > 0.01 for _ in range(400))
    assert exceeded > 0.3 * 400


def test_too_few_account_months_refuse_the_claim_and_say_what_holds() -> None:
    threshold = threshold_for(np.linspace(0.0, 0.5, 1_000), 1e-5)
    assert not threshold.is_met
    assert threshold.value > 0.5 and threshold.exceeding == 0
    assert threshold.claimed_rate == pytest.approx(0.003, rel=0.01)


def test_no_honest_accounts_is_an_error() -> None:
    with pytest.raises(ValueError, match="no honest account-months"):
        threshold_for(np.zeros(0), 0.1)
