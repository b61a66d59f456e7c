"""Weights from sentences: logistic regressions on TF-IDF of hashed n-grams with concepts, and on vectors of pieces."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from tidegate.desk.evidence.claims.features import (
    BUCKETS,
    CONCEPT_VALUE,
    Features,
    concept_columns,
    features_of,
)
from tidegate.desk.evidence.claims.learning.corpus import MESSENGER_NAME, Labelled
from tidegate.desk.evidence.claims.learning.encoder import pieces_and_vectors
from tidegate.desk.evidence.claims.learning.loose import PREFIX
from tidegate.desk.evidence.claims.meanings import shipped_vocabulary
from tidegate.desk.evidence.claims.settings import NEUTRAL_NAMES
from tidegate.desk.evidence.claims.terms import shipped_terms
from tidegate.desk.evidence.claims.tokens import names_pattern, tokens_of
from tidegate.desk.evidence.claims.weights import HEADS, OUTPUTS, Weights, quantised

INVERSE_REGULARISATION = 10.0
MOST_ITERATIONS = 300
LOOSE_WEIGHT, TEMPLATE_WEIGHT = 4.0, 1.0
"""Of a sentence: each template is there four times, and in twelve languages."""
MEANING_REGULARISATION = 1.0
"""Inverse, too."""
MEANING_TEMPLATE_WEIGHT = 0.25
SHARE = 0.7
"""Of each of the two regressions in the log-odds of a claim. Learned together, words that were seen would leave nothing
to the meanings, which are what there is for words that were not."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A sentence with its features."""

    sentence: Labelled
    features: Features


def prepare(sentences: Sequence[Labelled]) -> list[Prepared]:
    """The features of each sentence, in the same order."""
    vocabulary = shipped_vocabulary()
    terms, names = shipped_terms(), names_pattern((MESSENGER_NAME, *NEUTRAL_NAMES))
    columns = concept_columns(terms)
    prepared = []
    for sentence in sentences:
        tokens = tokens_of(sentence.text, names)
        prepared.append(
            Prepared(sentence, features_of(tokens, list(terms.hits(tokens)), columns, vocabulary))
        )
    return prepared


def train(prepared: Sequence[Prepared], made_from: str, heads: Sequence[str] = tuple(HEADS)) -> Weights:
    """The same sentences give the same weights. Heads that are not asked for are 0.

    Raises ValueError when the vocabulary in the package is not that of the encoder.
    """
    columns = len(concept_columns(shipped_terms()))
    idf = _idf(prepared)
    inputs = _inputs(prepared, idf, columns)
    known_pieces, vectors = pieces_and_vectors()
    if known_pieces != list(shipped_vocabulary()):
        raise ValueError("pieces.npz is not of this encoder: run `tidegate claims train`, which writes it")
    grams, concepts = np.zeros((BUCKETS, OUTPUTS)), np.zeros((columns, OUTPUTS))
    bias, pieces = np.zeros(OUTPUTS), np.zeros(len(vectors))
    at = 0
    for head, outputs in HEADS.items():
        here = slice(at, at + len(outputs))
        at = here.stop
        if head not in heads:
            continue
        labels, known = _labels(prepared, head)
        weights = _weights(prepared, TEMPLATE_WEIGHT)
        model = _fitted(inputs[known], labels[known], weights[known], INVERSE_REGULARISATION)
        share = SHARE if head == "claim" else 1.0
        grams[:, here] = model.coef_[:, :BUCKETS].T * share
        concepts[:, here] = model.coef_[:, BUCKETS:].T * share
        bias[here] = model.intercept_ * share
        if head == "claim":
            weights = _weights(prepared, MEANING_TEMPLATE_WEIGHT)
            model = _fitted(_meanings(prepared, vectors), labels, weights, MEANING_REGULARISATION)
            pieces = vectors @ model.coef_[0] * SHARE
            bias[here] += model.intercept_ * SHARE
    return quantised(idf, grams, concepts, bias, pieces, made_from)


def _fitted(
    inputs: Any,
    labels: npt.NDArray[np.int64],
    weights: npt.NDArray[np.float64],
    inverse_regularisation: float,
) -> LogisticRegression:
    model = LogisticRegression(C=inverse_regularisation, max_iter=MOST_ITERATIONS)
    # Vectors are short: threads would only wait for each other, and add up in another order.
    with threadpool_limits(1):
        return model.fit(inputs, labels, sample_weight=weights)


def _weights(prepared: Sequence[Prepared], template_weight: float) -> npt.NDArray[np.float64]:
    loose = [one.sentence.family.startswith(PREFIX) for one in prepared]
    return np.where(loose, LOOSE_WEIGHT, template_weight)


def _meanings(prepared: Sequence[Prepared], vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """The vectors of a sentence's pieces, added up as :meth:`Weights.of_pieces` adds what is made of them."""
    rows = [
        vectors[one.features.pieces].sum(axis=0) / np.sqrt(max(len(one.features.pieces), 1))
        for one in prepared
    ]
    return np.stack(rows).astype(np.float64)


def _idf(prepared: Sequence[Prepared]) -> npt.NDArray[np.float64]:
    documents = np.zeros(BUCKETS)
    for one in prepared:
        documents[np.unique(one.features.buckets)] += 1
    return np.asarray(np.log((1 + len(prepared)) / (1 + documents)) + 1)


def _inputs(prepared: Sequence[Prepared], idf: npt.NDArray[np.float64], columns: int) -> csr_matrix:
    rows: list[npt.NDArray[np.int64]] = []
    values: list[npt.NDArray[np.float64]] = []
    for one in prepared:
        buckets = np.unique(one.features.buckets)
        value = idf[buckets]
        rows.append(buckets)
        values.append(value / max(float(np.sqrt(value @ value)), 1e-12))
    ends = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    grams = csr_matrix((np.concatenate(values), np.concatenate(rows), ends), shape=(len(prepared), BUCKETS))
    there = [one.features.concepts for one in prepared]
    ends = np.concatenate([[0], np.cumsum([len(row) for row in there])])
    at = np.array([column for row in there for column in row], dtype=np.int64)
    concepts = csr_matrix((np.full(len(at), CONCEPT_VALUE), at, ends), shape=(len(prepared), columns))
    return csr_matrix(hstack([grams, concepts]))


def _labels(prepared: Sequence[Prepared], head: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Number of the right output, and where one is known."""
    if head == "claim":
        return np.array([int(one.sentence.is_claim) for one in prepared]), np.ones(len(prepared), dtype=bool)
    outputs = HEADS[head]
    words = [getattr(one.sentence, head) for one in prepared]
    known = np.array([word in outputs for word in words])
    return np.array([outputs.index(word) if word in outputs else 0 for word in words]), known
