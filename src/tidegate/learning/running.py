"""Numbering the events of each account, or of each page, in the order in which they came."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def running_number(keys: NDArray[Any]) -> NDArray[np.int64]:
    """How often each key came before it in ``keys``, int64[n]."""
    by_key = np.argsort(keys, kind="stable")
    ordered = keys[by_key]
    places = np.arange(len(keys))
    first = np.r_[True, ordered[1:] != ordered[:-1]][: len(keys)]
    numbers = np.empty(len(keys), np.int64)
    numbers[by_key] = places - np.maximum.accumulate(np.where(first, places, 0))
    return numbers
