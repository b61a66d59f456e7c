"""From strong pairs to groups: the Leiden algorithm (Traag, Waltman, van Eck 2019) as NetworKit implements it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidegate.campaigns.finding import Link

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

    def only(self, kept: NDArray[np.int64]) -> "Group":
        """Of these members, given as indices into ``members``, with the ties among them."""
        kept = np.sort(kept)
        place = np.full(len(self.members), -1)
        place[kept] = np.arange(len(kept))
        whole = (place[self.local] >= 0).all(axis=1)
        return Group(self.members[kept], self.pairs[whole], place[self.local[whole]], self.weights[whole])

    def links(self, place: NDArray[np.int64]) -> tuple[Link, ...]:
        """The ties, where member ``i`` is shown at ``place[i]``."""
        return tuple(
            Link(int(place[one]), int(place[other]), float(weight))
            for (one, other), weight in zip(self.local.tolist(), self.weights.tolist(), strict=True)
        )


def groups_of(
    pairs: NDArray[np.int64], weights: NDArray[np.float64], least_ties: int, *, split: bool = True
) -> list[Group]:
    """Groups of accounts with weighted ties ``pairs`` int64[n, 2], without members that have too few to others of theirs.

    ``split`` looks for communities; otherwise whatever hangs together is one group.
    """
    if not len(pairs):
        return []
    found = []
    for part in _parts(pairs, weights, least_ties, split=split):
        # In a large graph small communities are not told apart (Fortunato and Barthelemy 2007); in a small one they are.
        inner = _parts(pairs[part], weights[part], least_ties, split=True) if split else ()
        for within in (part[one] for one in inner) if len(inner) > 1 else (part,):
            members, local = np.unique(pairs[within], return_inverse=True)
            found.append(Group(members, pairs[within], local.reshape(-1, 2), weights[within]))
    return found


def _parts(
    pairs: NDArray[np.int64], weights: NDArray[np.float64], least_ties: int, *, split: bool
) -> list[NDArray[np.int64]]:
    """Indices of the pairs inside each group."""
    nodes, compact = np.unique(pairs, return_inverse=True)
    compact = compact.reshape(pairs.shape)
    labels = communities(len(nodes), compact, weights) if split else components(len(nodes), compact)
    inside = np.flatnonzero(labels[compact[:, 0]] == labels[compact[:, 1]])
    inside = inside[_core(compact[inside], least_ties)]
    order = inside[np.argsort(labels[compact[inside, 0]], kind="stable")]
    label = labels[compact[order, 0]]
    cuts = np.flatnonzero(label[1:] != label[:-1]) + 1
    return np.split(order, cuts) if len(order) else []


def _core(pairs: NDArray[np.int64], least_ties: int) -> NDArray[np.bool_]:
    """Which pairs are left when accounts with too few are taken away, again and again (the k-core)."""
    kept = np.ones(len(pairs), np.bool_)
    while kept.any():
        ties = np.bincount(pairs[kept].ravel(), minlength=int(pairs.max()) + 1)
        weak = (ties < least_ties)[pairs].any(axis=1) & kept
        if not weak.any():
            break
        kept &= ~weak
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
