"""A trained model as data: one forest for each stage, and what it was trained on."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.engine.features import FEATURES
from tidegate.engine.rungs import Stage
from tidegate.engine.trees import NODE, SPLIT, TREE, Forest, as_masks

STAGE_COUNT = 4
FORMAT = 1


class ModelError(ValueError):
    """The bytes are not a model this engine can use; the message says why."""


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """Forests by stage; never changed, so what is made of them is kept. ``values[stage]`` is the mean raw score at each
    node, for explanations only."""

    name: str
    forests: dict[Stage, Forest]
    values: dict[Stage, NDArray[np.float32]]
    card: dict[str, Any] = field(default_factory=dict)
    digest: str = ""

    _made: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    @staticmethod
    def empty() -> "Model":
        """No model: rules alone decide."""
        return Model("none", {}, {})

    def joined(self) -> dict[str, NDArray[Any]]:
        """All stages as masks in one set of arrays, for reading. The campaign stage uses the messaging trees unless it
        has its own."""
        if "joined" not in self._made:
            self._made["joined"] = self._joined()
        found: dict[str, NDArray[Any]] = self._made["joined"]
        return found

    def _joined(self) -> dict[str, NDArray[Any]]:
        splits, trees, leaves = [np.zeros(0, SPLIT)], [np.zeros(0, TREE)], [np.zeros(0)]
        stage_trees = np.zeros((STAGE_COUNT, 2), np.int32)
        stage_base = np.zeros(STAGE_COUNT)
        split_at = leaf_at = tree_at = 0
        for stage, forest in self.forests.items():
            masks = as_masks(forest)
            moved = masks.trees.copy()
            for name in ("start", "missing_right_from", "end"):
                moved[name] += split_at
            moved["first_leaf"] += leaf_at
            splits.append(masks.splits)
            trees.append(moved)
            leaves.append(masks.leaves)
            stage_trees[stage] = tree_at, tree_at + len(moved)
            stage_base[stage] = forest.base
            split_at, leaf_at, tree_at = (
                split_at + len(masks.splits),
                leaf_at + len(masks.leaves),
                tree_at + len(moved),
            )
        if Stage.CAMPAIGN not in self.forests and Stage.MESSAGING in self.forests:
            stage_trees[Stage.CAMPAIGN] = stage_trees[Stage.MESSAGING]
            stage_base[Stage.CAMPAIGN] = stage_base[Stage.MESSAGING]
        return {
            "splits": np.concatenate(splits),
            "trees": np.concatenate(trees),
            "leaves": np.concatenate(leaves),
            "stage_trees": stage_trees,
            "stage_base": stage_base,
        }

    def to_json(self) -> str:
        """The model as one JSON text; the same model gives the same text."""
        if "text" not in self._made:
            self._made["text"] = self._text()
        return str(self._made["text"])

    def _text(self) -> str:
        body = {
            "format": FORMAT,
            "name": self.name,
            "features": [feature.name for feature in FEATURES],
            "card": self.card,
            "stages": {
                stage.word: _forest_out(forest, self.values[stage]) for stage, forest in self.forests.items()
            },
        }
        return json.dumps(body, separators=(",", ":"), sort_keys=True) + "\n"

    @staticmethod
    def from_json(text: str) -> "Model":
        """Raises ModelError when the text is not a model for this engine's features."""
        try:
            body = json.loads(text)
        except json.JSONDecodeError as error:
            raise ModelError(f"the model is not JSON: {error}") from error
        if not isinstance(body, dict) or body.get("format") != FORMAT:
            found = body.get("format") if isinstance(body, dict) else None
            raise ModelError(f"the model's format is {found!r}, not {FORMAT}")
        ours = [feature.name for feature in FEATURES]
        if body["features"] != ours:
            differing = ", ".join(sorted(set(ours) ^ set(body["features"]))) or "their order"
            raise ModelError(
                f"the model was trained on other features (differing: {differing}); run `make model`"
            )
        forests, values = {}, {}
        for word, stage_body in body["stages"].items():
            stage = Stage[word.upper()]
            forests[stage], values[stage] = _forest_in(stage_body)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        return Model(body["name"], forests, values, body["card"], digest)


def _forest_out(forest: Forest, values: NDArray[np.float32]) -> dict[str, Any]:
    nodes = {name: forest.nodes[name].tolist() for name in NODE.names or ()}
    return {
        "nodes": nodes,
        "leaves": forest.leaves.tolist(),
        "roots": forest.roots.tolist(),
        "values": [float(f"{value:.6g}") for value in values],
        "base": forest.base,
    }


def _forest_in(body: dict[str, Any]) -> tuple[Forest, NDArray[np.float32]]:
    nodes = np.zeros(len(body["nodes"]["feature"]), NODE)
    for name in NODE.names or ():
        nodes[name] = body["nodes"][name]
    forest = Forest(
        nodes, np.array(body["leaves"], np.float64), np.array(body["roots"], np.int32), float(body["base"])
    )
    return forest, np.array(body["values"], np.float32)
