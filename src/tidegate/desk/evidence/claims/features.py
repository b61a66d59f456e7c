"""What the weights are over: words, pairs of words and pieces of words, hashed; concepts that rules found; pieces.

Hashed n-grams after Weinberger et al., "Feature hashing for large scale multitask learning" (ICML 2009), without signs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from zlib import crc32

import numpy as np
import numpy.typing as npt

from tidegate.desk.evidence.claims.meanings import pieces_of
from tidegate.desk.evidence.claims.terms import Hit, Terms
from tidegate.desk.evidence.claims.tokens import MESSENGER, MONEY, NUMBER, Token

BUCKETS = 1 << 16
PIECES = (3, 4)
"""Characters of the pieces of words."""
CONCEPT_VALUE = 0.3
"""Of a concept that is there; the n-grams of a sentence have the length 1 together."""
SIGNS = ("messenger", "number", "money")
"""Concepts that no list of words is needed for."""
LARGE_NUMBER_DIGITS = 3
_EDGE = "\x02"


@dataclass(frozen=True, slots=True)
class Features:
    """Of one sentence."""

    buckets: npt.NDArray[np.int64]
    """Of every n-gram, ``(grams,)``, with repetitions."""
    first: npt.NDArray[np.int64]
    """Number of the word where the n-gram begins, ``(grams,)``."""
    last: npt.NDArray[np.int64]
    """And where it ends."""
    concepts: tuple[int, ...]
    """Columns of the concepts and pairs of them that are there."""
    pieces: npt.NDArray[np.int64]
    """Numbers of the pieces in the vocabulary, ``(pieces,)``, with repetitions."""
    piece_words: npt.NDArray[np.int64]
    """Number of the word of each, ``(pieces,)``."""


def concept_columns(terms: Terms) -> dict[tuple[str, ...], int]:
    """A column for each concept and each pair of them."""
    names = (*terms.concepts, *SIGNS)
    singles: list[tuple[str, ...]] = [(name,) for name in names]
    return {key: column for column, key in enumerate([*singles, *combinations(names, 2)])}


def features_of(
    tokens: Sequence[Token],
    hits: Sequence[Hit],
    columns: dict[tuple[str, ...], int],
    vocabulary: Mapping[str, int],
) -> Features:
    """Of a sentence of at least one token. Raises KeyError for a concept that has no column."""
    grams: list[bytes] = []
    owners: list[tuple[int, int]] = []
    norms = [token.norm for token in tokens]
    for index, norm in enumerate(norms):
        grams.append(b"w" + norm.encode())
        owners.append((index, index))
        padded = f"{_EDGE}{norm}{_EDGE}"
        if len(norm) > 1:
            pieces = [padded[at : at + size] for size in PIECES for at in range(len(padded) - size + 1)]
            grams += [b"c" + piece.encode() for piece in pieces]
            owners += [(index, index)] * len(pieces)
    for size in (2, 3):
        for at in range(len(norms) - size + 1):
            # Three words in a row are learned by heart; three characters of a script without spaces are a word.
            if size == 2 or all(len(norm) == 1 for norm in norms[at : at + size]):
                grams.append(b"p" + " ".join(norms[at : at + size]).encode())
                owners.append((at, at + size - 1))
    places = np.array(owners, dtype=np.int64).reshape(-1, 2)
    buckets = np.array([crc32(gram) & (BUCKETS - 1) for gram in grams], dtype=np.int64)
    cut = np.array(list(pieces_of(norms, vocabulary)), dtype=np.int64).reshape(-1, 2)
    concepts = _concepts(norms, hits, columns)
    return Features(buckets, places[:, 0], places[:, 1], concepts, cut[:, 0], cut[:, 1])


def sign_of(norm: str) -> str | None:
    """Which of :data:`SIGNS` a word is."""
    if norm == MESSENGER:
        return "messenger"
    if norm == MONEY:
        return "money"
    return "number" if norm.startswith(NUMBER) and int(norm[1:]) >= LARGE_NUMBER_DIGITS else None


def _concepts(
    norms: Sequence[str], hits: Sequence[Hit], columns: dict[tuple[str, ...], int]
) -> tuple[int, ...]:
    there = {hit.concept for hit in hits} | {sign for norm in norms if (sign := sign_of(norm))}
    in_order = [key[0] for key in columns if len(key) == 1 and key[0] in there]
    return tuple(columns[key] for key in [*((name,) for name in in_order), *combinations(in_order, 2)])
