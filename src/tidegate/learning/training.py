"""Training: labelled rows in, a model out. The same rows give the same bytes.

Gradient-boosted trees (LightGBM, Ke et al. 2017), one forest for each stage, monotone in every feature whose
direction is known, so that an attacker can never look better by doing more of what is bad.
"""

from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from tidegate.engine.features import FEATURES
from tidegate.engine.model import Model
from tidegate.engine.rows import SCORE
from tidegate.engine.rungs import Stage
from tidegate.engine.trees import NODE, Forest
from tidegate.learning.samples import Samples

TREES: dict[Stage, int] = {Stage.REGISTRATION: 60, Stage.MESSAGING: 160, Stage.FEEDBACK: 80}
MIN_ROWS = 200
"""A stage with fewer abusive rows gets no forest: rules alone decide there."""

PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "num_leaves": 24,
    "learning_rate": 0.08,
    "min_data_in_leaf": 60,
    "lambda_l2": 5.0,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "max_bin": 127,
    "seed": 7,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 2,
    "verbosity": -1,
}


def train_forest(
    rows: NDArray[np.float32], abusive: NDArray[np.bool_], weight: NDArray[np.float64], trees: int
) -> Any:
    """Fit LightGBM on ``rows[:, :SCORE]``; returns the booster."""
    data = lightgbm.Dataset(
        rows[:, :SCORE].astype(np.float64),
        label=abusive.astype(np.float64),
        weight=weight,
        free_raw_data=True,
    )
    directions = [feature.direction for feature in FEATURES]
    return lightgbm.train({**PARAMETERS, "monotone_constraints": directions}, data, num_boost_round=trees)


def rounded_down(threshold: float) -> np.float32:
    """The largest float32 not above ``threshold``; keeps ``value <= threshold`` exact for float32 values."""
    with np.errstate(over="ignore"):
        near = np.float32(threshold)
    return near if float(near) <= threshold else np.nextafter(near, np.float32(-np.inf))


def to_forest(booster: Any) -> tuple[Forest, NDArray[np.float32]]:
    """A booster's trees as a :class:`Forest`, with the mean raw score at every node."""
    nodes: list[tuple[float, int, int, int, int]] = []
    values: list[float] = []
    leaves: list[float] = []

    def add(tree: dict[str, Any]) -> int:
        if "leaf_value" in tree:
            leaves.append(float(tree["leaf_value"]))
            return ~(len(leaves) - 1)
        place = len(nodes)
        nodes.append((0.0, 0, 0, 0, 0))
        values.append(float(tree["internal_value"]))
        threshold = float(tree["threshold"])
        # Where training saw no missing value, LightGBM takes a missing one for zero.
        missing_left = tree["default_left"] if tree["missing_type"] == "NaN" else threshold >= 0.0
        left, right = add(tree["left_child"]), add(tree["right_child"])
        nodes[place] = (
            float(rounded_down(threshold)),
            int(tree["split_feature"]),
            int(missing_left),
            left,
            right,
        )
        return place

    roots = [add(info["tree_structure"]) for info in booster.dump_model()["tree_info"]]
    forest = Forest(np.array(nodes, NODE), np.array(leaves, np.float64), np.array(roots, np.int32), 0.0)
    return forest, np.array(values, np.float32)


def train(samples: Samples, name: str, card: dict[str, Any]) -> Model:
    """Train a forest for every stage of :data:`TREES` that has enough rows.

    The campaign stage is not trained: a model without a forest of its own for it scores it with the messaging
    forest's trees (:meth:`tidegate.engine.model.Model.joined`).
    """
    forests: dict[Stage, Forest] = {}
    values: dict[Stage, NDArray[np.float32]] = {}
    for stage, trees in TREES.items():
        part = samples.where(samples.stage == int(stage))
        if int(part.abusive.sum()) < MIN_ROWS:
            continue
        booster = train_forest(part.rows, part.abusive, part.weight, trees)
        forests[stage], values[stage] = to_forest(booster)
    model = Model(name, forests, values, card)
    # Through text and back, so that the model in memory is the model on disk to the last bit.
    return Model.from_json(model.to_json())
