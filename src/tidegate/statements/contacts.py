"""First contacts and first answers, told apart in what one account sent and received."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def contacts_and_answers(
    other: NDArray[np.uint64], sent: NDArray[np.bool_]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """``(first contacts, answers)``: rows of an account's one-to-one messages, in the order of time.

    ``other``: with whom; ``sent``: by the account, else received. A first contact is the first message to somebody who
    had not written before; an answer is the first message back, at most one for each first contact.
    """
    _, first, pair = np.unique(other, return_index=True, return_inverse=True)
    began = sent[first]
    received: NDArray[Any] = np.flatnonzero(~sent & began[pair])
    _, answer = np.unique(pair[received], return_index=True)
    return first[began], received[answer]
