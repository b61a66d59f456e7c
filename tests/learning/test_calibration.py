"""Thresholds spend a budget on each account's worst month, and the policy file says what they rest on."""

import numpy as np

from tidegate.engine.policy import load_policy, shipped_policy_text
from tidegate.engine.rungs import SCORE_TABLES, Rung
from tidegate.learning.calibration import BUDGET_PER_100K, TABLE_SHARE, as_policy, calibrate


def honest_scores(accounts: int = 60_000) -> np.ndarray:
    scores = np.full((accounts, len(SCORE_TABLES)), np.nan)
    scores[: accounts // 2] = np.random.default_rng(5).beta(1.0, 20.0, (accounts // 2, len(SCORE_TABLES)))
    return scores


def test_each_threshold_stays_within_its_share_of_the_budget_or_says_that_it_cannot() -> None:
    for item in calibrate(honest_scores()):
        asked = TABLE_SHARE[item.table] * BUDGET_PER_100K[item.rung] / 100_000.0
        assert item.threshold.asked_rate == asked
        assert item.threshold.is_met == (item.threshold.claimed_rate <= asked)
        if item.threshold.is_met:
            assert item.threshold.exceeding / item.threshold.account_months < asked


def test_a_sign_up_alone_never_gets_beyond_rationing() -> None:
    rungs = {item.rung for item in calibrate(honest_scores()) if item.table == "registration"}
    assert max(rungs) == Rung.BUDGET


def test_the_sections_load_as_policy_and_name_their_evidence() -> None:
    sections = as_policy(calibrate(honest_scores()))
    assert "in 100,000 account-months" in sections and "too few account-months" in sections
    own = 'extends = "default"\nname = "own"\nversion = "1"\n' + sections
    policy = load_policy(own, "own.toml")
    for table in TABLE_SHARE:
        thresholds = [t for t in policy.model[SCORE_TABLES[table]] if np.isfinite(t)]
        assert thresholds == sorted(thresholds) and len(set(thresholds)) == len(thresholds)


def test_the_shipped_policy_carries_calibrated_sections() -> None:
    assert "simulated ones exceed it" in shipped_policy_text()
