"""Scoring a row with gradient-boosted trees.

A forest is data: one packed array of nodes, one of leaf values, and where each tree begins. A node sends a row left
when ``row[feature] <= threshold``; a missing value goes the node's default way, as LightGBM learned it. Thresholds are
rounded *down* to float32, which keeps ``<=`` exact for float32 features.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.engine.machine import lowest_bit, masks_of_tree
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
def goes_left(row: Any, node: Any) -> Any:
    """Which way a row takes at a node."""
    value = row[node.feature]
    if np.isnan(value):
        return node.missing_left != 0
    return value <= node.threshold


LANES = 64
"""Rows scored together at most; they are padded to a multiple of ``LANE_STEP``, the floats of one vector register."""
LANE_STEP = 8
MAX_LEAVES = 32
"""Leaves of one tree: as many as a mask has bits."""
COLUMN_BYTES = LANES * 4

SPLIT = np.dtype(
    [("threshold", np.float32), ("feature", np.int32), ("clear", np.uint32), ("padding", np.uint32)]
)
"""A node as a mask: a row that goes right loses the leaves below the left child."""
TREE = np.dtype(
    [("start", np.int32), ("missing_right_from", np.int32), ("end", np.int32), ("first_leaf", np.int32)]
)
"""Its splits (those where a missing value goes left come first) and its leaves, numbered from left to right."""


@dataclass(frozen=True, slots=True)
class MaskForest:
    """The same forest as masks (QuickScorer, Lucchese et al. 2015): no branch depends on a row, so eight go at once."""

    splits: NDArray[Any]  # SPLIT[s]
    trees: NDArray[Any]  # TREE[t]
    leaves: NDArray[np.float64]


def as_masks(forest: Forest) -> MaskForest:
    """Turn every tree into masks. Raises ValueError when one has more than ``MAX_LEAVES`` leaves."""
    splits: list[tuple[float, int, int, int]] = []
    trees: list[tuple[int, int, int, int]] = []
    leaves: list[float] = []
    for root in forest.roots:
        start, first_leaf = len(splits), len(leaves)
        found: list[tuple[bool, tuple[float, int, int, int]]] = []
        _walk(forest, int(root), first_leaf, leaves, found)
        if len(leaves) - first_leaf > MAX_LEAVES:
            raise ValueError(f"a tree has {len(leaves) - first_leaf} leaves; at most {MAX_LEAVES} fit a mask")
        left = [split for missing_left, split in found if missing_left]
        right = [split for missing_left, split in found if not missing_left]
        splits += left + right
        trees.append((start, start + len(left), len(splits), first_leaf))
    return MaskForest(np.array(splits, SPLIT), np.array(trees, TREE), np.array(leaves, np.float64))


def _walk(
    forest: Forest,
    position: int,
    first_leaf: int,
    leaves: list[float],
    found: list[tuple[bool, tuple[float, int, int, int]]],
) -> None:
    """Visit a tree from left to right, numbering leaves and noting which ones each split would clear."""
    if position < 0:
        leaves.append(float(forest.leaves[~position]))
        return
    node = forest.nodes[position]
    before = len(leaves) - first_leaf
    _walk(forest, int(node["left"]), first_leaf, leaves, found)
    after = len(leaves) - first_leaf
    below_left = ((1 << after) - 1) ^ ((1 << before) - 1)
    split = (float(node["threshold"]), int(node["feature"]), ~below_left & 0xFFFFFFFF, 0)
    found.append((bool(node["missing_left"]), split))
    _walk(forest, int(node["right"]), first_leaf, leaves, found)


@compiled
def score_columns(
    columns: Any,
    lanes: Any,
    splits: Any,
    trees: Any,
    leaves: Any,
    first: Any,
    last: Any,
    masks: Any,
    totals: Any,
) -> None:
    """Raw scores of ``lanes`` rows, given column by column: ``columns[feature, row]``. Adds to ``totals[row]``.

    ``columns`` float32[WIDTH, LANES] contiguous; ``lanes`` a multiple of ``LANE_STEP``, at most ``LANES``.

    A tree starts with every leaf possible; each split takes away, for the rows that go right, the leaves on its left;
    the lowest leaf still possible is the one reached. A missing value compares false, so the splits that send it left
    ask "greater?" and those that send it right ask "not at most?".
    """
    for number in range(first, last):
        tree = trees[number]
        start, middle, end = np.int64(tree.start), np.int64(tree.missing_right_from), np.int64(tree.end)
        for lane in range(0, lanes, LANE_STEP):
            masks_of_tree(columns, lane, splits, start, middle, end, masks, COLUMN_BYTES)
            for i in range(LANE_STEP):
                totals[lane + i] += leaves[tree.first_leaf + lowest_bit(masks[i])]


@compiled
def contributions(
    row: Any, nodes: Any, values: Any, leaves: Any, roots: Any, first: Any, last: Any, out: Any
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
