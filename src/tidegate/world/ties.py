"""Who knows whom: a small-world graph of contacts with a few strong ties and many weak ones."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidegate.world.habits import Habits
from tidegate.world.randomness import spread_counts


@dataclass(slots=True)
class Ties:
    """Undirected ties, one row each, and each person's contacts as a compressed list."""

    one: NDArray[np.int32]
    other: NDArray[np.int32]
    rate: NDArray[np.float64]
    """Conversations a day on this tie."""
    rank: NDArray[np.int32]
    """0 for the strongest tie of the person who named it."""
    offsets: NDArray[np.int64]
    """Contacts of person i: ``contacts[offsets[i]:offsets[i + 1]]``."""
    contacts: NDArray[np.int32]

    def of(self, person: int) -> NDArray[np.int32]:
        return self.contacts[self.offsets[person] : self.offsets[person + 1]]


def tie_people(rng: np.random.Generator, people: int, activity: NDArray[np.float32], habits: Habits) -> Ties:
    """Draw contacts: four in five from the neighbourhood on a ring (so that contacts know each other),
    others anywhere.

    Strength falls with rank as ``(rank + 1) ** -tie_decay``: strong ties are few, as in every measured
    network of messages (the strongest fifth of ties carries 63 to 80 % of them).
    """
    wanted = habits.contacts_median * np.exp(0.65 * rng.standard_normal(people))
    half = np.clip(wanted / 2.0, 1.0, min(125.0, people / 8.0)).astype(np.int64)
    one, rank = spread_counts(half)
    step = np.round(rng.laplace(0.0, 45.0, len(one))).astype(np.int64)
    step[step == 0] = 1
    near = (one + step) % people
    far = rng.integers(0, people, len(one))
    other = np.where(rng.random(len(one)) < 0.8, near, far)
    key = np.minimum(one, other) * people + np.maximum(one, other)
    _, first = np.unique(key, return_index=True)
    first = np.sort(first[one[first] != other[first]])
    one, other, rank = one[first], other[first], rank[first]
    strength = (rank + 1.0) ** -habits.tie_decay
    total = np.bincount(one, strength, people)
    # A quiet person is quiet with everybody, whoever named the tie.
    liveliness = activity.astype(np.float64) ** 0.6
    rate = activity[one] * strength / total[one] * liveliness[other] / liveliness.mean()
    both = np.concatenate([one, other])
    order = np.argsort(both, kind="stable")
    contacts = np.concatenate([other, one])[order].astype(np.int32)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(both, minlength=people))]).astype(np.int64)
    return Ties(one.astype(np.int32), other.astype(np.int32), rate, rank.astype(np.int32), offsets, contacts)
