"""Words cut into pieces of a vocabulary of many languages: a word never learned has the score of its likes.

The pieces are those of the universal sentence encoder, multilingual (Yang et al., ACL 2020; Apache-2.0). The
encoder itself is only needed to learn: what is left of it in the package is one number for each piece.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from io import BytesIO
from typing import IO

import numpy as np

from tidegate.desk.evidence.claims.tokens import MESSENGER, MONEY, NUMBER, stands_alone

FILE = "pieces.npz"
WORD_BEGINS = "\u2581"
"""Before a piece that only begins a word."""
LONGEST_PIECE = 16
"""Characters, with the sign for the beginning."""
_NOT_WORDS = (MESSENGER, MONEY, NUMBER)


def pieces_of(norms: Sequence[str], vocabulary: Mapping[str, int]) -> Iterator[tuple[int, int]]:
    """Number of each piece and of the word where it begins: the longest that fits, from left to right.

    Characters in no piece are passed over.
    """
    at = 0
    while at < len(norms):
        run = at + 1
        if norms[at][:1] in _NOT_WORDS:
            at = run
            continue
        if stands_alone(norms[at]):
            while run < len(norms) and stands_alone(norms[run]):
                run += 1
            letters = "".join(norms[at:run])
            yield from ((piece, at + offset) for piece, offset in _longest(letters, vocabulary))
        else:
            yield from ((piece, at) for piece, _ in _longest(WORD_BEGINS + norms[at], vocabulary))
        at = run


def _longest(letters: str, vocabulary: Mapping[str, int]) -> Iterator[tuple[int, int]]:
    start = 0
    while start < len(letters):
        for end in range(min(len(letters), start + LONGEST_PIECE), start, -1):
            piece = vocabulary.get(letters[start:end])
            if piece is not None:
                yield piece, start
                start = end
                break
        else:
            start += 1


def write(pieces: Sequence[str], file: IO[bytes]) -> None:
    """As a compressed NumPy archive."""
    np.savez_compressed(file, pieces=np.frombuffer("\n".join(pieces).encode(), dtype=np.uint8))


@cache
def shipped_vocabulary() -> Mapping[str, int]:
    """Numbers of the pieces in the package. Raises FileNotFoundError when it was never written."""
    with np.load(
        BytesIO(resources.files(__package__).joinpath(FILE).read_bytes()), allow_pickle=False
    ) as parts:
        return numbered(parts["pieces"].tobytes().decode("utf-8").split("\n"))


def numbered(pieces: Sequence[str]) -> Mapping[str, int]:
    """From the pieces in their order."""
    return {piece: number for number, piece in enumerate(pieces)}
