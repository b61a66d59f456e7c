"""Finding the few events that concern a few accounts among very many."""

import numpy as np
from numpy.typing import NDArray


class Wanted:
    """Keys to look for. Most events concern none, which a look at 16 bits of their key shows."""

    def __init__(self, keys: NDArray[np.uint64]) -> None:
        """``keys``: sorted, each once."""
        self.keys = keys
        self._possible = np.zeros(1 << 16, np.bool_)
        self._possible[keys.astype(np.uint16)] = True

    def among(self, keys: NDArray[np.uint64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows whose key is wanted, and which one it is."""
        rows = np.flatnonzero(self._possible[keys.astype(np.uint16)])
        if not len(rows) or not len(self.keys):
            return rows[:0], rows[:0]
        at = np.minimum(np.searchsorted(self.keys, keys[rows]), len(self.keys) - 1)
        found = self.keys[at] == keys[rows]
        return rows[found], at[found]
