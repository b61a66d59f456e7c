"""Scoring a row with gradient-boosted trees.

A forest is data: one packed array of nodes, one of leaf values, and where each tree begins. A node sends a row left
when ``row[feature] <= threshold``; a missing value goes the node's default way, as LightGBM learned it. Thresholds are
rounded *down* to float32, which keeps ``<=`` exact for float32 features.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.events.compiled import compiled, inlined

NODE = np.dtype(
    [
        ("threshold", np.float32),
        ("feature", np.int16),
        ("missing_left", np.int16),
        ("left", np.int32),  # a child node, or ~leaf
        ("right", np.int32),
    ]
)


@dataclass(frozen=True, slots=True)
class Forest:
    """Boosted trees for one stage. ``raw score = base + sum of one leaf a tree``."""

    nodes: NDArray[Any]  # NODE[number of nodes]
    leaves: NDArray[np.float64]
    roots: NDArray[np.int32]  # first node of each tree; ~leaf for a tree of one leaf
    base: float

    @staticmethod
    def empty() -> "Forest":
        """A forest that gives every row probability one half; used where a stage has no model."""
        return Forest(np.zeros(0, NODE), np.zeros(0), np.zeros(0, np.int32), 0.0)


@inlined
def goes_left(row: Any, node: Any) -> bool:
    """Which way a row takes at a node."""
    value = row[node.feature]
    if np.isnan(value):
        return node.missing_left != 0
    return value <= node.threshold


@inlined
def raw_score(row: Any, nodes: Any, leaves: Any, roots: Any, first: int, last: int) -> float:
    """Sum of the leaves that a row reaches in trees ``first`` to ``last`` (exclusive), in tree order."""
    total = 0.0
    for tree in range(first, last):
        position = np.int64(roots[tree])
        while position >= 0:
            node = nodes[position]
            position = np.int64(node.left) if goes_left(row, node) else np.int64(node.right)
        total += leaves[~position]
    return total


@compiled
def contributions(
    row: Any, nodes: Any, values: Any, leaves: Any, roots: Any, first: int, last: int, out: Any
) -> None:
    """Add to ``out[feature]`` how much each split on the row's path moved the score (Saabas 2014).

    ``values[node]`` is the mean raw score of the training rows that passed the node.
    """
    for tree in range(first, last):
        position = np.int64(roots[tree])
        while position >= 0:
            node = nodes[position]
            following = np.int64(node.left) if goes_left(row, node) else np.int64(node.right)
            after = values[following] if following >= 0 else leaves[~following]
            out[node.feature] += after - values[position]
            position = following
