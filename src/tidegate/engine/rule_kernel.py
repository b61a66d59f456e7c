"""Evaluating the compiled rules of a policy on one row of features."""

from typing import Any

import numpy as np

from tidegate.engine.arithmetic import mixed
from tidegate.events.compiled import inlined

AND, OR = -1, -2
AT_LEAST, ABOVE, AT_MOST, BELOW, EQUAL, KNOWN, UNKNOWN = 0, 1, 2, 3, 4, 5, 6
MAX_DEPTH = 64
_ONE = np.float32(1.0)
_TO_UNIT = 1.0 / 18446744073709551616.0


@inlined
def threshold_factor(key: Any, pepper: Any, time: float, period_s: float, spread: float) -> Any:
    """What randomised thresholds are multiplied by for this account in this period: 1 - spread to 1 + spread.

    A keyed hash, not a generator: the same log gives the same factor, and without the key nobody can compute it.
    """
    period = np.uint64(np.int64(time / period_s))
    draw = np.float64(mixed(np.uint64(key) ^ mixed(np.uint64(pepper) + period))) * _TO_UNIT
    return np.float32(1.0 + spread * (2.0 * draw - 1.0))


@inlined
def holds(row: Any, feature: int, op: int, threshold: Any) -> bool:
    """One comparison. A missing value makes every comparison false."""
    value = row[feature]
    if op == AT_LEAST:
        return value >= threshold
    if op == ABOVE:
        return value > threshold
    if op == AT_MOST:
        return value <= threshold
    if op == BELOW:
        return value < threshold
    if op == EQUAL:
        return value == threshold
    if op == KNOWN:
        return not np.isnan(value)
    return bool(np.isnan(value))


@inlined
def check_predicates(row: Any, factor: Any, rules: Any, truth: Any) -> None:
    """Evaluate every distinct comparison of the policy once."""
    for i in range(len(rules.predicate_feature)):
        threshold = rules.predicate_threshold[i]
        if rules.predicate_random[i]:
            threshold *= factor
        truth[i] = holds(
            row, np.int64(rules.predicate_feature[i]), np.int64(rules.predicate_op[i]), threshold
        )


@inlined
def fires(code: Any, start: int, end: int, truth: Any, stack: Any) -> bool:
    """Run one rule's postfix program over the comparisons' truth values."""
    depth = 0
    for position in range(start, end):
        step = code[position]
        if step >= 0:
            stack[depth] = truth[step]
            depth += 1
        else:
            depth -= 1
            if step == AND:
                stack[depth - 1] = stack[depth - 1] and stack[depth]
            else:
                stack[depth - 1] = stack[depth - 1] or stack[depth]
    return bool(stack[0])
