"""The weights that the package brings: which they are, where they lie, what they make of a sentence."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from io import BytesIO
from typing import IO

import numpy as np
import numpy.typing as npt

from tidegate.desk.evidence.claims.features import BUCKETS, CONCEPT_VALUE, Features

FILE = "weights.npz"
HEADS: Mapping[str, tuple[str, ...]] = {
    "claim": ("claim",),
    "kind": ("bulk", "official", "personal", "unclear"),
    "stance": ("offers", "forbids", "reports"),
}
"""What is told apart. A head of one output is a logistic regression, the others are multinomial."""
OUTPUTS = sum(map(len, HEADS.values()))
_SINGLES = ("idf", "scale", "concepts", "bias", "piece_scale")
"""In single precision in the file."""
_STEPS = 127
"""Of a signed byte: weights are kept in one, with a scale for each output."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Weights:
    """Of all heads side by side."""

    idf: Floats
    """Inverse document frequency of each bucket, ``(BUCKETS,)``."""
    grams: npt.NDArray[np.int8]
    """``(BUCKETS, OUTPUTS)``, in steps of ``scale``."""
    scale: Floats
    """``(OUTPUTS,)``."""
    concepts: Floats
    """``(columns, OUTPUTS)``."""
    bias: Floats
    """``(OUTPUTS,)``."""
    pieces: npt.NDArray[np.int8]
    """Of each piece of the vocabulary towards a claim, ``(pieces,)``, in steps of ``piece_scale``."""
    piece_scale: Floats
    """``(1,)``."""
    made_from: str
    """Digest of the texts, terms and pieces they were learned from."""
    digest: str
    """Of all the numbers."""

    def outputs(self, features: Features) -> Floats:
        """Log-odds (``claim``) and unnormalised log-probabilities, ``(OUTPUTS,)``."""
        buckets = np.unique(features.buckets)
        values = self.idf[buckets]
        values = values / max(float(np.sqrt(values @ values)), 1e-12)
        from_grams = (values @ self.grams[buckets].astype(np.float64)) * self.scale
        from_concepts = self.concepts[list(features.concepts)].sum(axis=0) * CONCEPT_VALUE
        outputs = np.asarray(from_grams + from_concepts + self.bias)
        outputs[0] += self.of_pieces(features).sum()
        return outputs

    def of_pieces(self, features: Features) -> Floats:
        """What each piece of a sentence adds to the log-odds of a claim; more pieces count less each."""
        scores = self.pieces[features.pieces].astype(np.float64)
        return np.asarray(scores * (self.piece_scale[0] / np.sqrt(max(len(scores), 1))))


def quantised(
    idf: Floats, grams: Floats, concepts: Floats, bias: Floats, pieces: Floats, made_from: str
) -> Weights:
    """Weights as they are shipped, from those that were learned."""
    scale, piece_scale = _scale(grams), _scale(pieces[:, None])
    steps = np.round(grams / scale).astype(np.int8)
    piece_steps = np.round(pieces / piece_scale[0]).astype(np.int8)
    # What is written is what runs: the same rounding before and after.
    floats = (idf, scale, concepts, bias, piece_scale)
    idf, scale, concepts, bias, piece_scale = (part.astype(np.float32).astype(np.float64) for part in floats)
    digest = _digest(idf, steps, scale, concepts, bias, piece_steps, piece_scale)
    return Weights(idf, steps, scale, concepts, bias, piece_steps, piece_scale, made_from, digest)


def _scale(weights: Floats) -> Floats:
    return np.asarray(np.maximum(np.abs(weights).max(axis=0), 1e-9) / _STEPS)


def _digest(*parts: npt.NDArray[np.generic]) -> str:
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()[:16]


def write(weights: Weights, file: IO[bytes]) -> None:
    """As a compressed NumPy archive."""
    singles = {name: getattr(weights, name).astype(np.float32) for name in _SINGLES}
    np.savez_compressed(
        file, grams=weights.grams, pieces=weights.pieces, made_from=np.array(weights.made_from), **singles
    )


def read(file: IO[bytes]) -> Weights:
    """Raises ValueError when the shapes are not this version's."""
    with np.load(file, allow_pickle=False) as parts:
        grams = parts["grams"]
        if grams.shape != (BUCKETS, OUTPUTS) or grams.dtype != np.int8 or "pieces" not in parts:
            raise ValueError(
                f"weights: {grams.dtype} {grams.shape}, expected int8 {(BUCKETS, OUTPUTS)} and pieces: train again"
            )
        idf, scale, concepts, bias, piece_scale = (parts[name].astype(np.float64) for name in _SINGLES)
        pieces, made_from = parts["pieces"], str(parts["made_from"])
    digest = _digest(idf, grams, scale, concepts, bias, pieces, piece_scale)
    return Weights(idf, grams, scale, concepts, bias, pieces, piece_scale, made_from, digest)


@cache
def shipped() -> Weights:
    """Those in the package. Raises FileNotFoundError when they were never trained."""
    return read(BytesIO(resources.files(__package__).joinpath(FILE).read_bytes()))
