"""Weights from sentences: TF-IDF of hashed n-grams and concepts, then logistic regressions."""

from collections.abc import Sequence
from dataclasses import dataclass

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
from tidegate.desk.evidence.claims.settings import NEUTRAL_NAMES
from tidegate.desk.evidence.claims.terms import shipped_terms
from tidegate.desk.evidence.claims.tokens import names_pattern, tokens_of
from tidegate.desk.evidence.claims.weights import HEADS, OUTPUTS, Weights, quantised

INVERSE_REGULARISATION = 30.0
MOST_ITERATIONS = 300


@dataclass(frozen=True, slots=True)
class Prepared:
    """A sentence with its features."""

    sentence: Labelled
    features: Features


def prepare(sentences: Sequence[Labelled]) -> list[Prepared]:
    """The features of each sentence, in the same order."""
    terms, names = shipped_terms(), names_pattern((MESSENGER_NAME, *NEUTRAL_NAMES))
    columns = concept_columns(terms)
    prepared = []
    for sentence in sentences:
        tokens = tokens_of(sentence.text, names)
        prepared.append(Prepared(sentence, features_of(tokens, list(terms.hits(tokens)), columns)))
    return prepared


def train(prepared: Sequence[Prepared], made_from: str, heads: Sequence[str] = tuple(HEADS)) -> Weights:
    """The same sentences give the same weights. Heads that are not asked for are 0."""
    columns = len(concept_columns(shipped_terms()))
    idf = _idf(prepared)
    inputs = _inputs(prepared, idf, columns)
    grams, concepts = np.zeros((BUCKETS, OUTPUTS)), np.zeros((columns, OUTPUTS))
    bias = np.zeros(OUTPUTS)
    at = 0
    for head, outputs in HEADS.items():
        here = slice(at, at + len(outputs))
        at = here.stop
        if head not in heads:
            continue
        labels, known = _labels(prepared, head)
        model = LogisticRegression(C=INVERSE_REGULARISATION, max_iter=MOST_ITERATIONS)
        # Vectors are short: threads would only wait for each other, and add up in another order.
        with threadpool_limits(1):
            model.fit(inputs[known], labels[known])
        grams[:, here] = model.coef_[:, :BUCKETS].T
        concepts[:, here] = model.coef_[:, BUCKETS:].T
        bias[here] = model.intercept_
    return quantised(idf, grams, concepts, bias, made_from)


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
