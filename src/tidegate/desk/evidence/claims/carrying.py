"""Which words of a sentence carried its score: what each n-gram, piece and concept added, shared among its words."""

from collections.abc import Mapping, Sequence

import numpy as np

from tidegate.desk.evidence.claims.features import CONCEPT_VALUE, Features, sign_of
from tidegate.desk.evidence.claims.terms import Hit
from tidegate.desk.evidence.claims.tokens import Token
from tidegate.desk.evidence.claims.weights import Floats, Weights


def carried(
    weights: Weights,
    features: Features,
    tokens: Sequence[Token],
    hits: Sequence[Hit],
    columns: Mapping[tuple[str, ...], int],
) -> Floats:
    """What each word added to the log-odds of a claim, ``(words,)``; with the bias they sum up to the log-odds."""
    added = _of_grams(weights, features, len(tokens)) + _of_concepts(weights, features, tokens, hits, columns)
    np.add.at(added, features.piece_words, weights.of_pieces(features))
    return added


def _of_grams(weights: Weights, features: Features, words: int) -> Floats:
    buckets, inverse, counts = np.unique(features.buckets, return_inverse=True, return_counts=True)
    values = weights.idf[buckets]
    values = values / max(float(np.sqrt(values @ values)), 1e-12)
    each = values * weights.grams[buckets, 0].astype(np.float64) * weights.scale[0] / counts
    sizes = features.last - features.first + 1
    shares = each[inverse] / sizes
    added = np.zeros(words)
    for offset in range(int(sizes.max())):
        there = sizes > offset
        np.add.at(added, features.first[there] + offset, shares[there])
    return added


def _of_concepts(
    weights: Weights,
    features: Features,
    tokens: Sequence[Token],
    hits: Sequence[Hit],
    columns: Mapping[tuple[str, ...], int],
) -> Floats:
    owners: dict[str, set[int]] = {}
    for index, token in enumerate(tokens):
        names = {hit.concept for hit in hits if hit.start < token.end and token.start < hit.end}
        for name in names | ({sign} if (sign := sign_of(token.norm)) else set()):
            owners.setdefault(name, set()).add(index)
    added = np.zeros(len(tokens))
    there = set(features.concepts)
    for names_together, column in columns.items():
        if column in there:
            each = weights.concepts[column, 0] * CONCEPT_VALUE / len(names_together)
            for name in names_together:
                added[list(owners[name])] += each / len(owners[name])
    return added
