"""The arithmetic of surprise."""

import numpy as np
import pytest

from tidegate.campaigns.communities import components, groups_of, spanning_tree
from tidegate.campaigns.surprise import e_bh, log_e_conduct, log_e_links


def test_a_tree_must_pay_for_having_been_chosen() -> None:
    weights = np.full(9, np.log(500) + 1.0)
    assert log_e_links(weights, 500) == pytest.approx(-np.log(500))
    assert log_e_links(weights + 2.0, 500) == pytest.approx(18.0 - np.log(500))


def test_answered_bystanders_clear_a_group() -> None:
    members = np.full(6, 3.0)
    assert log_e_conduct(members, np.zeros(0)) == pytest.approx(18.0)
    assert log_e_conduct(members, np.full(30, -2.0)) < 0.0


def test_one_loud_account_is_no_group() -> None:
    assert log_e_conduct(np.array([100.0, 0.5, 0.5]), np.zeros(0)) == pytest.approx(5.0)


def test_false_discoveries_stay_below_the_stated_rate() -> None:
    """Under the null, e-values have expectation 1; of what e-BH reports, at most the stated share is null on average."""
    rng = np.random.default_rng(3)
    rate, shares = 0.05, []
    for _ in range(400):
        null = rng.normal(-2.0, 2.0, 60)  # log e-values: exp has expectation exp(-2 + 2) = 1
        real = rng.normal(8.0, 2.0, 20)
        reported = e_bh(np.concatenate([null, real]), rate)
        shares.append(reported[:60].sum() / max(reported.sum(), 1))
    assert np.mean(shares) <= rate


def test_nothing_is_reported_of_nothing() -> None:
    assert e_bh(np.zeros(0), 0.01).shape == (0,)
    assert not e_bh(np.full(5, -3.0), 0.01).any()


def test_the_heaviest_spanning_tree_is_kept() -> None:
    pairs = np.array([[0, 1], [1, 2], [0, 2], [2, 3]])
    assert sorted(spanning_tree(4, pairs, np.array([3.0, 2.0, 1.0, 5.0])).tolist()) == [0, 1, 3]


def test_components_are_what_can_be_reached() -> None:
    pairs = np.array([[0, 1], [1, 2], [4, 5]])
    assert components(6, pairs).tolist() == [0, 0, 0, 3, 4, 4]


def test_members_with_too_few_ties_leave_their_group() -> None:
    clique = [[a, b] for a in range(5) for b in range(a + 1, 5)]
    pairs = np.array([*clique, [4, 9]])
    (group,) = groups_of(pairs, np.ones(len(pairs)), 2, split=False)
    assert group.members.tolist() == [0, 1, 2, 3, 4]
