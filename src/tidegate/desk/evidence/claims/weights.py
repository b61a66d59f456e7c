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
    made_from: str
    """Digest of the texts and terms they were learned from."""
    digest: str
    """Of all the numbers."""

    def outputs(self, features: Features) -> Floats:
        """Log-odds (``claim``) and unnormalised log-probabilities, ``(OUTPUTS,)``."""
        buckets = np.unique(features.buckets)
        values = self.idf[buckets]
        values = values / max(float(np.sqrt(values @ values)), 1e-12)
        from_grams = (values @ self.grams[buckets].astype(np.float64)) * self.scale
        from_concepts = self.concepts[list(features.concepts)].sum(axis=0) * CONCEPT_VALUE
        return np.asarray(from_grams + from_concepts + self.bias)


def quantised(idf: Floats, grams: Floats, concepts: Floats, bias: Floats, made_from: str) -> Weights:
    """Weights as they are shipped, from those that were learned."""
    scale = np.maximum(np.abs(grams).max(axis=0), 1e-9) / _STEPS
    steps = np.round(grams / scale).astype(np.int8)
    # What is written is what runs: the same rounding before and after.
    idf, scale, concepts, bias = (
        part.astype(np.float32).astype(np.float64) for part in (idf, scale, concepts, bias)
    )
    parts = (idf, steps, scale, concepts, bias)
    digest = hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()[:16]
    return Weights(idf, steps, scale, concepts, bias, made_from, digest)


def write(weights: Weights, file: IO[bytes]) -> None:
    """As a compressed NumPy archive."""
    singles = {
        name: getattr(weights, name).astype(np.float32) for name in ("idf", "scale", "concepts", "bias")
    }
    np.savez_compressed(file, grams=weights.grams, made_from=np.array(weights.made_from), **singles)


def read(file: IO[bytes]) -> Weights:
    """Raises ValueError when the shapes are not this version's."""
    with np.load(file, allow_pickle=False) as parts:
        grams = parts["grams"]
        if grams.shape != (BUCKETS, OUTPUTS) or grams.dtype != np.int8:
            raise ValueError(
                f"weights: {grams.dtype} {grams.shape}, expected int8 {(BUCKETS, OUTPUTS)}: train again"
            )
        idf, scale, concepts, bias = (
            parts[name].astype(np.float64) for name in ("idf", "scale", "concepts", "bias")
        )
        made_from = str(parts["made_from"])
    digest = hashlib.sha256(
        b"".join(part.tobytes() for part in (idf, grams, scale, concepts, bias))
    ).hexdigest()[:16]
    return Weights(idf, grams, scale, concepts, bias, made_from, digest)


@cache
def shipped() -> Weights:
    """Those in the package. Raises FileNotFoundError when they were never trained."""
    return read(BytesIO(resources.files(__package__).joinpath(FILE).read_bytes()))
