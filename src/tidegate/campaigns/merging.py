"""Communities put together again: one fleet is often cut into two where ties are fewer than inside."""

import numpy as np
from numpy.typing import NDArray

from tidegate.campaigns.candidates import Candidates
from tidegate.campaigns.communities import Group, components
from tidegate.campaigns.likeness import Likeness

CENTRE = 7
"""Members with the most ties, who stand for a group when others are held against it."""
MERGED_AT_NATS = 3.0
"""Logarithm of the mean likelihood ratio between the central members of two groups from which on they are one, the
highest tenth left out; with more than FEW_GROUPS more is asked, as many operators use the same tools."""
FEW_GROUPS = 8
LEAST_MEAN_NATS = 0.0
"""Their evidence must be for it on the whole as well."""
ALL_GROUPS = 64
"""Up to so many are all held against each other; beyond, those with a tie between them."""


def centre_of(group: Group) -> NDArray[np.int64]:
    """Indices into the group's members of those with the most ties."""
    order: NDArray[np.int64] = np.argsort(-group.ties, kind="stable")
    return order[:CENTRE]


def merged(
    likeness: Likeness,
    candidates: Candidates,
    groups: list[Group],
    pairs: NDArray[np.int64],
    weights: NDArray[np.float64],
) -> list[Group]:
    """``groups`` of candidates with those made one that are, pair for pair, likelier of one operator than not.

    ``pairs`` and ``weights`` are all ties among candidates.
    """
    if len(groups) < 2:
        return groups
    label = np.full(len(candidates.rows), -1)
    for number, group in enumerate(groups):
        label[group.members] = number
    one, other = _worth_merging(label, pairs, len(groups))
    if not len(one):
        return groups
    same = _alike(likeness, candidates, groups, one, other)
    together = components(len(groups), np.stack([one[same], other[same]], 1))
    place = np.where(label >= 0, together[label], -1)
    inside = (place[pairs[:, 0]] == place[pairs[:, 1]]) & (place[pairs[:, 0]] >= 0)
    made = []
    for number in np.unique(together).tolist():
        mine = inside & (place[pairs[:, 0]] == number)
        members, local = np.unique(pairs[mine], return_inverse=True)
        made.append(Group(members, pairs[mine], local.reshape(-1, 2), weights[mine]))
    return made


def _alike(
    likeness: Likeness,
    candidates: Candidates,
    groups: list[Group],
    one: NDArray[np.int64],
    other: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Whether the centres of the groups ``one`` and ``other`` are likelier of one operator than not."""
    centres = [group.members[centre_of(group)] for group in groups]
    across = [
        np.stack([np.repeat(centres[a], len(centres[b])), np.tile(centres[b], len(centres[a]))], 1)
        for a, b in zip(one.tolist(), other.tolist(), strict=True)
    ]
    nats, _ = likeness.weigh(candidates.rows, np.concatenate(across))
    cuts = np.cumsum([len(part) for part in across])[:-1]
    needed = MERGED_AT_NATS + np.log(max(len(groups) / FEW_GROUPS, 1.0))
    return np.array(
        [
            np.log(np.exp(_without_highest(part)).mean()) >= needed and part.mean() >= LEAST_MEAN_NATS
            for part in np.split(nats, cuts)
        ]
    )


def _without_highest(nats: NDArray[np.float64]) -> NDArray[np.float64]:
    ordered: NDArray[np.float64] = np.sort(nats)
    return ordered[: len(nats) - max(len(nats) // 10, 1)]


def _worth_merging(
    label: NDArray[np.int64], pairs: NDArray[np.int64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of groups to be held against each other."""
    if count <= ALL_GROUPS:
        one, other = np.triu_indices(count, 1)
        return one, other
    ends = np.sort(label[pairs], axis=1)
    ends = np.unique(ends[(ends[:, 0] >= 0) & (ends[:, 0] != ends[:, 1])], axis=0)
    return ends[:, 0], ends[:, 1]
