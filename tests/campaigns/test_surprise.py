"""The arithmetic of surprise."""

import itertools

import numpy as np
import pytest

from tidegate.campaigns.communities import components, groups_of
from tidegate.campaigns.surprise import cost_of_picking, e_bh, log_e_conduct, log_e_links, log_mean_of_trees


def _matrix(count: int, pairs: dict[tuple[int, int], float]) -> np.ndarray:
    nats = np.full((count, count), -50.0)
    for (one, other), weight in pairs.items():
        nats[one, other] = nats[other, one] = weight
    return nats


def test_the_mean_over_trees_is_the_mean_over_all_of_them() -> None:
    """Four nodes have 16 trees; each is looked at."""
    rng = np.random.default_rng(5)
    nats = rng.normal(0.0, 2.0, (4, 4))
    nats = (nats + nats.T) / 2.0
    edges = list(itertools.combinations(range(4), 2))
    products = [
        np.exp(sum(nats[edge] for edge in tree))
        for tree in itertools.combinations(edges, 3)
        if (components(4, np.array(tree)) == 0).all()
    ]
    assert len(products) == 16
    assert log_mean_of_trees(nats) == pytest.approx(np.log(np.mean(products)))


def test_a_group_must_pay_for_having_been_chosen() -> None:
    costs = cost_of_picking(np.full(10, 500.0), 500)
    alike = np.full((10, 10), 4.0)
    by_chance = log_e_links(np.zeros((10, 10)), costs)
    assert by_chance < -20.0
    assert log_e_links(alike, costs) == pytest.approx(by_chance + 9 * 4.0)


def test_groups_of_strangers_are_seldom_claimed() -> None:
    """Pairs of unrelated accounts have likelihood ratios with mean 1; then so has the group, and few pass the price."""
    rng = np.random.default_rng(8)
    costs = cost_of_picking(np.arange(1.0, 201.0), 200)
    claimed = 0
    for _ in range(200):
        spots = rng.normal(0.0, 1.0, 200)
        apart = spots[:, None] - spots[None, :]
        # Two of one operator lie 0.3 apart, two others 1.4.
        nats = np.log(np.sqrt(2.0) / 0.3) - 0.5 * apart**2 * (1.0 / 0.3**2 - 0.5)
        centre = int(rng.integers(0, 200))
        nearest = np.argsort(np.abs(apart[centre]))[:12]
        claimed += log_e_links(nats[np.ix_(nearest, nearest)], costs[nearest]) > np.log(20.0)
    assert claimed <= 200 / 20


def test_answered_bystanders_clear_a_group() -> None:
    members = np.full(6, 3.0)
    assert log_e_conduct(members) == pytest.approx(18.0)
    assert log_e_conduct(np.concatenate([members, np.full(30, -2.0)])) < 0.0


def test_one_loud_account_is_no_group() -> None:
    assert log_e_conduct(np.array([100.0, 0.5, 0.5])) == pytest.approx(5.0)


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


def test_components_are_what_can_be_reached() -> None:
    pairs = np.array([[0, 1], [1, 2], [4, 5]])
    assert components(6, pairs).tolist() == [0, 0, 0, 3, 4, 4]


def test_members_with_too_few_ties_leave_their_group() -> None:
    clique = [[a, b] for a in range(5) for b in range(a + 1, 5)]
    pairs = np.array([*clique, [4, 9]])
    (group,) = groups_of(pairs, np.ones(len(pairs)), 2, split=False)
    assert group.members.tolist() == [0, 1, 2, 3, 4]
