"""Blocks find the pairs that matter without looking at all of them."""

import numpy as np
from small_worlds import world

from tidegate.campaigns.likeness import Likeness
from tidegate.campaigns.outreach import outreach_of
from tidegate.campaigns.proposing import everybody, in_blocks, propose

FLEET = ("slow_drip", 40)


def test_blocks_propose_most_of_the_ties_that_comparing_everybody_finds() -> None:
    searched = world(2_000, 5, 21, FLEET)
    candidates = searched.search.candidates
    rows = candidates.rows
    fresh = np.ones(len(rows), np.bool_)
    pairs = everybody(len(rows), fresh)
    weights, _ = Likeness(searched.search.memory).weigh(rows, pairs)
    costs = candidates.costs[pairs].max(axis=1)
    ties = {tuple(pair) for pair in pairs[weights >= costs].tolist()}
    proposed = {tuple(pair) for pair in in_blocks(rows, fresh, most=1_000_000).tolist()}
    assert len(proposed) < len(pairs)
    assert len(ties & proposed) >= 0.9 * len(ties)


def test_everybody_is_each_pair_once() -> None:
    for fresh in ([1, 1, 1, 1], [0, 1, 0, 1], [0, 0, 0, 1]):
        mask = np.array(fresh, np.bool_)
        pairs = [tuple(pair) for pair in everybody(4, mask).tolist()]
        wanted = {(a, b) for a in range(4) for b in range(a + 1, 4) if mask[a] or mask[b]}
        assert len(pairs) == len(set(pairs)) and set(pairs) == wanted


def test_pairs_without_a_fresh_account_are_not_proposed() -> None:
    searched = world(2_000, 5, 21, FLEET)
    slots = np.flatnonzero(searched.search.memory.people()["opened"] >= 2)
    rows = outreach_of(searched.search.memory, slots, float(searched.log.events["time"][-1]))
    fresh = np.zeros(len(rows), np.bool_)
    fresh[::7] = True
    pairs = propose(rows, fresh, 100_000, 0)
    assert len(pairs) and fresh[pairs].any(axis=1).all()
