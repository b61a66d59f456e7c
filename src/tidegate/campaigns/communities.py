"""From strong pairs to groups: the Leiden algorithm (Traag, Waltman, van Eck 2019) as NetworKit implements it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SEED = 1


class Unavailable(ImportError):  # noqa: N818 - a state
    """The library for community detection is not installed."""


@dataclass(frozen=True, slots=True)
class Group:
    """Accounts that hang together."""

    members: NDArray[np.int64]
    pairs: NDArray[np.int64]
    """[e, 2] of the nodes' numbers."""
    local: NDArray[np.int64]
    """The same as indices into ``members``."""
    weights: NDArray[np.float64]

    @property
    def ties(self) -> NDArray[np.float64]:
        """How many each member has."""
        counted: NDArray[np.int64] = np.bincount(self.local.ravel(), minlength=len(self.members))
        return counted.astype(np.float64)


def groups_of(
    pairs: NDArray[np.int64], weights: NDArray[np.float64], least_ties: int, *, split: bool = True
) -> list[Group]:
    """Groups of accounts with weighted ties ``pairs`` int64[n, 2], without members that have too few to others of theirs.

    ``split`` looks for communities; otherwise whatever hangs together is one group.
    """
    if not len(pairs):
        return []
    nodes, compact = np.unique(pairs, return_inverse=True)
    compact = compact.reshape(pairs.shape)
    labels = communities(len(nodes), compact, weights) if split else components(len(nodes), compact)
    inside = labels[compact[:, 0]] == labels[compact[:, 1]]
    order = np.flatnonzero(inside)[np.argsort(labels[compact[inside, 0]], kind="stable")]
    label = labels[compact[order, 0]]
    cuts = np.flatnonzero(label[1:] != label[:-1]) + 1
    found = []
    for part in np.split(order, cuts):
        kept = _core(pairs[part], least_ties)
        if kept.any():
            part = part[kept]
            members, local = np.unique(pairs[part], return_inverse=True)
            found.append(Group(members, pairs[part], local.reshape(-1, 2), weights[part]))
    return found


def _core(pairs: NDArray[np.int64], least_ties: int) -> NDArray[np.bool_]:
    """Which pairs are left when accounts with too few are taken away, again and again (the k-core)."""
    kept = np.ones(len(pairs), np.bool_)
    while kept.any():
        nodes, ties = np.unique(pairs[kept], return_counts=True)
        weak = nodes[ties < least_ties]
        if not len(weak):
            break
        kept &= ~np.isin(pairs, weak).any(axis=1)
    return kept


def communities(count: int, pairs: NDArray[np.int64], weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """A group number for each of ``count`` nodes, from weighted ``pairs`` int64[n, 2]; nodes without pairs are alone.

    The same graph gives the same groups. Raises :class:`Unavailable`.
    """
    try:
        import networkit as nk
    except ImportError:
        raise Unavailable(
            "the search for campaigns needs NetworKit: pip install 'tidegate[campaigns]'"
        ) from None
    nk.setNumberOfThreads(1)
    nk.setSeed(SEED, False)
    graph = nk.Graph(count, weighted=True)
    graph.addEdges((weights, (pairs[:, 0], pairs[:, 1])))
    found = nk.community.ParallelLeiden(graph, randomize=False)
    found.run()
    return np.array(found.getPartition().getVector(), np.int64)


def components(count: int, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """A group number for each of ``count`` nodes: the smallest node that can be reached."""
    labels = np.arange(count)
    while True:
        least = labels.copy()
        for side in (0, 1):
            np.minimum.at(least, pairs[:, side], labels[pairs[:, 1 - side]])
        least = least[least]
        if (least == labels).all():
            return labels
        labels = least


def spanning_tree(count: int, pairs: NDArray[np.int64], weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Indices of ``pairs`` that form a spanning forest of greatest weight (Kruskal 1956)."""
    root = list(range(count))

    def find(node: int) -> int:
        while root[node] != node:
            root[node] = root[root[node]]
            node = root[node]
        return node

    kept = []
    for at in np.argsort(-weights, kind="stable").tolist():
        one, other = find(int(pairs[at, 0])), find(int(pairs[at, 1]))
        if one != other:
            root[one] = other
            kept.append(at)
    return np.array(kept, np.int64)
