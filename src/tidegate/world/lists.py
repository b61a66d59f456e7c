"""The lists of numbers that a fleet buys: divided or drawn from, from anywhere or from one region."""

import numpy as np
from numpy.typing import NDArray

from tidegate.world.operators import Campaign
from tidegate.world.scene import Scene

_TOWN_DENSITY = 0.5
"""Share of the people of a town whose numbers are on its list."""


def bought_list(scene: Scene, campaign: Campaign, rank: NDArray[np.int64]) -> NDArray[np.int64]:
    """A target for each message; ``rank`` is 0 for an account's first message, rows of an account together.

    A divided list has no stranger twice while it lasts. Otherwise every account draws from the whole list,
    so that a stranger on it hears from ``list_reuse`` accounts on average. No account writes twice to one.
    """
    rng, operator = campaign.rng, campaign.operator
    divided = rng.random() < operator.partitioned
    most = int(rank.max()) + 1
    wanted = len(rank) if divided else max(most, round(len(rank) / max(operator.list_reuse, 1.0)))
    valid = min(max(1, round(wanted * (1.0 - operator.invalid))), scene.people)
    if operator.region > 0.0 and rng.random() < operator.region:
        people = region(scene, rng, valid)
    else:
        people = rng.permutation(scene.people)[:valid]
    unused = max(round(valid * operator.invalid / (1.0 - operator.invalid)), most - valid, 0)
    numbers = np.concatenate([people, scene.new_numbers(unused)])
    rng.shuffle(numbers)
    if divided:
        return np.asarray(numbers[np.arange(len(rank)) % len(numbers)])
    starts = np.flatnonzero(rank == 0)
    counts = np.diff(np.append(starts, len(rank)))
    return np.concatenate([rng.permutation(numbers)[:count] for count in counts.tolist()])


def region(scene: Scene, rng: np.random.Generator, count: int) -> NDArray[np.int64]:
    """``count`` people of one region of the social graph: half the people of a town (a stretch of the ring of
    acquaintances), or somebody's contacts, their contacts, and so on.
    """
    people = scene.people
    centre = int(rng.integers(0, people))
    if rng.random() < 0.5:
        width = min(people, max(1, round(count / _TOWN_DENSITY)))
        return np.asarray(rng.permutation((centre + np.arange(width)) % people)[:count])
    found = np.zeros(people, np.bool_)
    found[centre] = True
    layers, layer, size = [np.array([centre])], np.array([centre]), 1
    while size < count:
        around = np.unique(np.concatenate([scene.ties.of(person) for person in layer.tolist()]))
        layer = rng.permutation(around[~found[around]]).astype(np.int64)
        if not len(layer):
            # The rest of the graph is not connected to this part: the seller fills up with anybody.
            layer = rng.permutation(np.flatnonzero(~found))
        layer = layer[: count - size]
        found[layer] = True
        layers.append(layer)
        size += len(layer)
    return np.concatenate(layers)
