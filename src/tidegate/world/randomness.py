"""Where every random number of a world comes from: one generator for each (seed, purpose).

Separate purposes keep worlds comparable: asking for other attackers does not move a single message of the
people.
"""

from zlib import crc32

import numpy as np
from numpy.typing import NDArray


def generator(seed: int, *purpose: str | int) -> np.random.Generator:
    """The generator of one purpose, independent of every other purpose of the same seed."""
    words = tuple(crc32(part.encode()) if isinstance(part, str) else part for part in purpose)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=words)))


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """One draw, uniform in the logarithm, from a positive interval."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def power_law(
    rng: np.random.Generator, count: int, exponent: float, low: float, high: float
) -> NDArray[np.float64]:
    """Draws from the density x**-exponent on [low, high]; exponent other than 1. Inverse transform."""
    power = 1.0 - exponent
    edge_low, edge_high = low**power, high**power
    return np.asarray((edge_low + rng.random(count) * (edge_high - edge_low)) ** (1.0 / power))


def spread_counts(counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For counts [2, 0, 3]: owners [0, 0, 2, 2, 2] and ranks [0, 1, 0, 1, 2]."""
    owners = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
    firsts = np.cumsum(counts) - counts
    return owners, np.arange(len(owners), dtype=np.int64) - firsts[owners]
