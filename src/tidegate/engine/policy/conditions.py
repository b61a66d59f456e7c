"""Conditions of policy rules: a small tree of comparisons, never code, and what it means.

The language in which they are written is read by :mod:`tidegate.engine.policy.language`.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from tidegate.engine.features import FEATURE_INDEX, FEATURES

SCORE = "score"
SCORE_COLUMN = len(FEATURES)
"""The model's score sits in the row right after the features."""
COLUMNS: dict[str, int] = {**FEATURE_INDEX, SCORE: SCORE_COLUMN}
"""Every name a condition may use, with its column in the row."""

MAX_TERMS = 64
"""Comparisons in one condition; also the deepest stack that evaluating its postfix form can need."""


class Op(IntEnum):
    """Comparison of a predicate; the values are those of ``predicate_op`` in the compiled policy."""

    AT_LEAST = 0
    ABOVE = 1
    AT_MOST = 2
    BELOW = 3
    EQUAL = 4
    KNOWN = 5
    UNKNOWN = 6


SYMBOLS: dict[str, Op] = {">=": Op.AT_LEAST, ">": Op.ABOVE, "<=": Op.AT_MOST, "<": Op.BELOW, "==": Op.EQUAL}
_SYMBOL_OF: dict[Op, str] = {op: symbol for symbol, op in SYMBOLS.items()}


@dataclass(frozen=True, slots=True)
class Predicate:
    """One comparison; ``threshold`` is in the feature's own unit, ``random`` says that a ``~`` marks it."""

    feature: str
    op: Op
    threshold: float = 0.0
    random: bool = False

    def __str__(self) -> str:
        if self.op in (Op.KNOWN, Op.UNKNOWN):
            return f"{self.op.name.lower()}({self.feature})"
        return f"{self.feature} {_SYMBOL_OF[self.op]} {'~' if self.random else ''}{self.threshold!r}"


@dataclass(frozen=True, slots=True)
class AllOf:
    """True when each of two or more terms is."""

    terms: tuple["Condition", ...]

    def __str__(self) -> str:
        return "(" + " and ".join(map(str, self.terms)) + ")"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True when at least one of two or more terms is."""

    terms: tuple["Condition", ...]

    def __str__(self) -> str:
        return "(" + " or ".join(map(str, self.terms)) + ")"


Condition = Predicate | AllOf | AnyOf


def predicates(condition: Condition) -> Iterable[Predicate]:
    """Each comparison of ``condition``, left to right."""
    if isinstance(condition, Predicate):
        yield condition
        return
    for term in condition.terms:
        yield from predicates(term)


def evaluate(condition: Condition, values: Mapping[str, float], factor: float = 1.0) -> bool:
    """Whether ``condition`` holds: the plain reading that the compiled form must agree with.

    A name absent from ``values`` is missing, as is NaN. Arithmetic is ``float32``, as in the kernel; a
    threshold marked ``~`` is multiplied by ``factor``.
    """
    if isinstance(condition, AllOf):
        return all(evaluate(term, values, factor) for term in condition.terms)
    if isinstance(condition, AnyOf):
        return any(evaluate(term, values, factor) for term in condition.terms)
    value = np.float32(values.get(condition.feature, math.nan))
    threshold = np.float32(condition.threshold)
    if condition.random:
        threshold = np.float32(threshold * np.float32(factor))
    match condition.op:
        case Op.AT_LEAST:
            return bool(value >= threshold)
        case Op.ABOVE:
            return bool(value > threshold)
        case Op.AT_MOST:
            return bool(value <= threshold)
        case Op.BELOW:
            return bool(value < threshold)
        case Op.EQUAL:
            return bool(value == threshold)
        case Op.KNOWN:
            return not bool(np.isnan(value))
        case Op.UNKNOWN:
            return bool(np.isnan(value))
