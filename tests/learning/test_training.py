"""Training gives the same bytes twice, and what decides is exactly what was trained."""

from dataclasses import replace

import lightgbm
import numpy as np
import pytest

from tidegate.engine.engine import Engine
from tidegate.engine.features import FEATURE_INDEX
from tidegate.engine.model import Model, ModelError
from tidegate.engine.policy import load_policy, shipped_policy_text
from tidegate.engine.rows import SCORE, WIDTH
from tidegate.engine.rungs import Stage
from tidegate.engine.trees import LANES, as_masks, score_columns
from tidegate.learning.samples import Samples
from tidegate.learning.training import rounded_down, to_forest, train, train_forest


def made_up_samples(count: int = 4_000, seed: int = 3) -> Samples:
    """Rows in which silence makes an account abusive, with a fifth of the values missing."""
    rng = np.random.default_rng(seed)
    rows = rng.gamma(2.0, 5.0, (count, WIDTH)).astype(np.float32)
    silence = rows[:, FEATURE_INDEX["cold_outreach"]] + rng.normal(0, 3, count)
    rows[rng.random(rows.shape) < 0.2] = np.nan
    abusive = silence > 14.0
    family = np.where(abusive, "naive_blaster", "honest")
    stage = rng.integers(0, 3, count)
    return Samples(rows, stage, abusive, family, np.arange(count).astype(np.uint64), np.ones(count))


@pytest.fixture(scope="module")
def model() -> Model:
    return train(made_up_samples(), "test", {"trained_on": "made-up rows"})


def test_training_twice_gives_the_same_bytes(model: Model) -> None:
    assert train(made_up_samples(), "test", {"trained_on": "made-up rows"}).to_json() == model.to_json()


def test_a_model_survives_its_file(model: Model) -> None:
    again = Model.from_json(model.to_json())
    assert again.to_json() == model.to_json() and again.digest == model.digest


def test_our_scores_are_lightgbms_scores() -> None:
    samples = made_up_samples()
    booster = train_forest(samples.rows, samples.abusive, samples.weight, 40)
    forest, _ = to_forest(booster)
    masks = as_masks(forest)
    rows = made_up_samples(LANES, seed=9).rows
    totals = np.zeros(LANES)
    columns = np.ascontiguousarray(rows.T)
    score_columns(
        columns,
        LANES,
        masks.splits,
        masks.trees,
        masks.leaves,
        0,
        len(masks.trees),
        np.zeros(LANES, np.uint32),
        totals,
    )
    expected = booster.predict(rows[:, :SCORE].astype(np.float64), raw_score=True)
    np.testing.assert_allclose(totals, expected, rtol=0, atol=1e-12)


def test_a_score_does_not_depend_on_how_many_rows_wait_together(model: Model) -> None:
    masks = as_masks(model.forests[Stage.MESSAGING])
    rows = made_up_samples(LANES, seed=9).rows
    together, alone = np.zeros(LANES), np.zeros(LANES)
    work = np.zeros(LANES, np.uint32)
    columns = np.ascontiguousarray(rows.T)
    score_columns(
        columns, LANES, masks.splits, masks.trees, masks.leaves, 0, len(masks.trees), work, together
    )
    for lane in range(LANES):
        one = np.zeros((WIDTH, LANES), np.float32)
        one[:, 0] = rows[lane]
        total = np.zeros(LANES)
        score_columns(one, 8, masks.splits, masks.trees, masks.leaves, 0, len(masks.trees), work, total)
        alone[lane] = total[0]
    assert together.tobytes() == alone.tobytes()


def test_doing_more_of_what_is_bad_never_lowers_the_score() -> None:
    samples = made_up_samples()
    booster = train_forest(samples.rows, samples.abusive, samples.weight, 40)
    rows = samples.rows[:300, :SCORE].astype(np.float64)
    worse = rows.copy()
    worse[:, FEATURE_INDEX["cold_outreach"]] += 5.0
    assert (booster.predict(worse) >= booster.predict(rows) - 1e-12).all()


def test_a_threshold_rounded_down_decides_as_the_double_did() -> None:
    for threshold in (0.1, 1 / 3, 1e300, -0.1, 16_777_217.0):
        rounded = rounded_down(threshold)
        assert float(rounded) <= threshold
        with np.errstate(over="ignore"):
            above = float(np.nextafter(rounded, np.float32(np.inf)))
        assert above > threshold


def test_a_stage_without_enough_abusive_rows_gets_no_forest() -> None:
    samples = made_up_samples()
    few = samples.where((samples.stage != Stage.FEEDBACK) | ~samples.abusive)
    assert Stage.FEEDBACK not in train(few, "test", {}).forests


def test_a_model_for_other_features_is_refused_and_says_what_to_do(model: Model) -> None:
    said = r"other features \(differing: cold_outreach, colder_outreach\); run `make model`"
    with pytest.raises(ModelError, match=said):
        Model.from_json(model.to_json().replace('"cold_outreach"', '"colder_outreach"'))
    with pytest.raises(ModelError, match="not JSON"):
        Model.from_json("{")


def test_the_engine_takes_the_model_without_losing_state(model: Model) -> None:
    policy = load_policy(shipped_policy_text(), "default.toml")
    engine = Engine(policy)
    engine.put_in_force(policy, model)
    engine.put_in_force(replace(policy, rules=()), None)
    assert engine.model is None


def test_lightgbm_is_the_pinned_one() -> None:
    assert lightgbm.__version__.startswith("4.")
