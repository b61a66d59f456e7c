"""``tidegate calibrate --campaigns``: how alike accounts of one operator are, measured anew beside what is shipped."""

import re

import numpy as np
import pytest
from click.testing import CliRunner

from tidegate.campaigns.evidence import SIGNALS
from tidegate.cli.campaign_likelihoods import (
    Counted,
    LikelihoodScale,
    _pairs,
    likelihoods_shown,
    measured_likelihoods,
    smoothed,
)
from tidegate.cli.main import main

SCALE = LikelihoodScale(worlds=1, people=600, days=4)


@pytest.fixture(scope="module")
def counted() -> Counted:
    return measured_likelihoods(SCALE, lambda _: None)


def test_each_group_of_pairs_weighs_the_same_and_small_ones_do_not_count() -> None:
    many, few, tiny = np.array([9_000.0, 1_000.0, 0.0]), np.array([0.0, 40.0, 0.0]), np.array([0.0, 0.0, 5.0])
    shares, pairs = smoothed([many, few, tiny], 3)
    assert shares is not None and shares == pytest.approx([0.45, 0.55, 0.0], abs=0.01)
    assert shares.sum() == pytest.approx(1.0) and shares.min() > 0.0
    assert pairs == 10_045
    assert smoothed([tiny], 3) == (None, 5)


def test_accounts_of_one_operator_are_more_alike_than_others(counted: Counted) -> None:
    for name in ("sign_up", "start", "size", "pace"):
        place = [signal.name for signal in SIGNALS].index(name)
        levels = max(map(len, SIGNALS[place].m))
        same, _ = smoothed(counted.at_levels(place, None, same=True), levels)
        others, _ = smoothed(counted.at_levels(place, None, same=False), levels)
        assert same is not None and others is not None
        assert same[0] > 1.3 * others[0] and same[-1] <= others[-1], name


def test_pairs_of_others_are_never_of_one_operator() -> None:
    operator = np.array([""] * 50 + ["c1"] * 20 + ["c2"] * 20)
    family = np.array(["honest"] * 50 + ["drip_fleet_own"] * 40)
    cold = np.arange(90) % 2 == 0
    drawn = dict(_pairs(operator, family, cold, np.random.default_rng(1)))
    of = {name: operator[pairs] for name, pairs in drawn.items()}
    assert (of["same", "drip_fleet_own"] == "c2").all()  # the last of two fleets of the family
    assert (of["rivals",][:, 0] != of["rivals",][:, 1]).all() and (of["rivals",] != "").all()
    assert (of["strangers",] == "").all() and (of["silent",] == "").all()
    assert cold[drawn["silent",]].all() and cold[drawn["mixed",][:, 1]].all()
    assert all((pairs[:, 0] != pairs[:, 1]).all() for pairs in drawn.values())


def test_the_same_seeds_count_the_same(counted: Counted) -> None:
    again = measured_likelihoods(SCALE, lambda _: None)
    assert list(again.levels) == list(counted.levels)
    assert all((again.levels[group] == counts).all() for group, counts in counted.levels.items())


def test_the_table_has_every_signal_beside_what_is_shipped_with_the_number_of_pairs(counted: Counted) -> None:
    shown = likelihoods_shown(counted, SCALE)
    assert "*Simulated*: 1 world of 600 people over 4 days" in shown
    for signal in SIGNALS:
        rows = re.findall(rf"^\| {signal.name} \|.*$", shown, re.M)
        assert rows, signal.name
        if signal.m:
            shipped = [" ".join(f"{share:.3f}" for share in shares) for shares in signal.m if shares]
            assert all(any(shares in row for row in rows) for shares in shipped), signal.name
        else:
            assert f"| {signal.shared_m:.3f} |" in rows[0]
    width = {line.count("|") for line in shown.splitlines() if line.startswith("|")}
    assert width == {11, 5}


def test_it_writes_no_policy(tmp_path_factory: pytest.TempPathFactory) -> None:
    policy = tmp_path_factory.mktemp("policy") / "own.toml"
    policy.write_text("")
    result = CliRunner().invoke(main, ["calibrate", "--campaigns", "--write", str(policy)])
    assert result.exit_code == 2 and "writes no policy" in result.output
    assert policy.read_text() == ""
