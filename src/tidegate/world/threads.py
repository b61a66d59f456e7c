"""Threads: one stretch of conversation between two accounts, before it is played out into messages."""

from dataclasses import astuple, dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Manner:
    """How a kind of conversation goes. Sizes are bytes of ciphertext."""

    alternation: float = 0.7
    """Probability that the next message comes from the other side."""
    latency_s: float = 1_500.0
    """Median time to the first answer."""
    latency_sigma: float = 1.8
    """Spread of its logarithm."""
    gap_s: float = 55.0
    """Median time of a later turn."""
    typed: float = 1.0
    """Factor on the opener's typing notices (greetings are pasted)."""
    size: float = 130.0
    """Median size of a message of the opener."""
    size_spread: float = 0.8
    """Spread of its logarithm."""
    forwarded: float = 0.03
    """Share of the opener's messages that had been forwarded before."""
    opening_gap_s: float = 20.0
    """Median time between the messages that open a conversation."""


@dataclass(slots=True)
class Threads:
    """Arrays of one length. ``start`` in seconds from the start of the log."""

    start: NDArray[np.float64]
    opener: NDArray[np.int32]
    other: NDArray[np.int32]
    """An account, or a number that nobody uses (at or beyond the number of accounts)."""
    length: NDArray[np.int16]
    """Messages of both sides, when it is answered."""
    openings: NDArray[np.int16]
    """Messages of the opener before an answer."""
    p_reply: NDArray[np.float32]
    manner: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.start)

    def take(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> "Threads":
        return Threads(*(getattr(self, name)[which] for name in self.__slots__))


def make_threads(
    start: NDArray[np.float64],
    opener: NDArray[np.integer] | int,
    other: NDArray[np.integer] | int,
    *,
    manner: int | NDArray[np.int16],
    length: NDArray[np.integer] | int = 1,
    openings: NDArray[np.integer] | int = 1,
    p_reply: NDArray[np.floating] | float = 0.0,
) -> Threads:
    """Threads from arrays, or from scalars that hold for all of them."""
    count = len(start)

    def fill(value: object, dtype: type[np.generic]) -> NDArray[np.generic]:
        return np.array(np.broadcast_to(np.asarray(value), count), dtype)

    return Threads(
        np.asarray(start, np.float64),
        fill(opener, np.int32),  # type: ignore[arg-type]
        fill(other, np.int32),  # type: ignore[arg-type]
        fill(length, np.int16),  # type: ignore[arg-type]
        fill(openings, np.int16),  # type: ignore[arg-type]
        fill(p_reply, np.float32),  # type: ignore[arg-type]
        fill(manner, np.int16),  # type: ignore[arg-type]
    )


def joined(parts: list[Threads]) -> Threads:
    """One after the other."""
    return Threads(*(np.concatenate([getattr(p, name) for p in parts]) for name in Threads.__slots__))


@dataclass(slots=True)
class Manners:
    """The kinds of conversation of a world, numbered as they are added."""

    kinds: list[Manner] = field(default_factory=list)

    def add(self, manner: Manner) -> int:
        self.kinds.append(manner)
        return len(self.kinds) - 1

    def table(self) -> NDArray[np.float64]:
        """float64[kinds, fields], in the order of the fields of :class:`Manner`."""
        return np.array([astuple(kind) for kind in self.kinds], np.float64)
