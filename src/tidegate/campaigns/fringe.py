"""Who of a group belongs to it: accounts that hang on by a chance tie or two are let go."""

import numpy as np
from numpy.typing import NDArray

from tidegate.campaigns.candidates import Candidates
from tidegate.campaigns.communities import Group
from tidegate.campaigns.likeness import Likeness

FRINGE_SHARE = 0.45
"""A member is of the fringe when its mean evidence with the others is less than this share of the usual one …"""
FRINGE_NATS = 2.0
"""… and less by more than this."""
CHANCE_TIES, SURE_NATS = 2, 2.0
"""A member is named when all its ties but the strongest two outweigh the cost of picking it by so much, …"""
CONDUCT_COUNTS = (-2.0, 3.0)
"""… with its own conduct, held between these."""
LARGEST = 200
"""Of larger groups so many are looked at pair by pair: those with the most ties."""
ROUNDS = 3


def core_of(likeness: Likeness, candidates: Candidates, group: Group) -> tuple[Group, NDArray[np.float64]]:
    """The group without its fringe, and the evidence [member, member] in nats between any two that are left.

    A member stays when what ties it to all others taken together outweighs what it costs to have picked it.
    """
    if len(group.members) > LARGEST:
        group = group.only(np.argsort(-group.ties, kind="stable")[:LARGEST])
    costs = candidates.costs[group.members]
    nats = likeness.between(candidates.rows[group.members])
    for _ in range(ROUNDS):
        count = len(group.members)
        if count < 3:
            break
        apart = ~np.eye(count, dtype=np.bool_)
        mean = nats.sum(axis=1, where=apart) / (count - 1)
        usual = float(np.median(mean))
        together = np.log(np.exp(nats).sum(axis=1, where=apart))
        kept = (mean >= min(FRINGE_SHARE * usual, usual - FRINGE_NATS)) & (together >= costs)
        if kept.all():
            break
        group, costs, nats = group.only(np.flatnonzero(kept)), costs[kept], nats[np.ix_(kept, kept)]
    return group, nats


def surely(
    nats: NDArray[np.float64], costs: NDArray[np.float64], conduct: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """[member]: whether it would belong even without its two strongest ties, as chance gives anybody one or two.

    What strangers said back to it (``conduct``, nats) counts beside its ties.
    """
    apart = ~np.eye(len(nats), dtype=np.bool_)
    ordered = np.sort(np.where(apart, nats, -np.inf), axis=1)
    others = np.exp(ordered[:, : max(len(nats) - CHANCE_TIES, 0)])
    with np.errstate(divide="ignore"):
        evidence = np.log(others.sum(axis=1)) + np.clip(conduct, *CONDUCT_COUNTS)
    sure: NDArray[np.bool_] = evidence >= costs + SURE_NATS
    return sure
