"""Evaluating the compiled rules of a policy on a block of rows, comparison by comparison."""

from typing import Any

import numpy as np

from tidegate.engine.arithmetic import mixed
from tidegate.events.compiled import compiled, inlined

AND, OR = -1, -2
AT_LEAST, ABOVE, AT_MOST, BELOW, EQUAL, KNOWN, UNKNOWN = 0, 1, 2, 3, 4, 5, 6
MAX_DEPTH = 64
_TO_UNIT = 1.0 / 18446744073709551616.0
_TO_PERCENT = 100.0 / 9007199254740992.0
ROLLOUT_SALT = np.uint64(0x726F6C6C6F757400)


@inlined
def threshold_factor(key: Any, pepper: Any, time: float, period_s: float, spread: float) -> Any:
    """What randomised thresholds are multiplied by for this account in this period: 1 - spread to 1 + spread.

    A keyed hash, not a generator: the same log gives the same factor, and without the key nobody can compute it.
    """
    period = np.uint64(np.int64(time / period_s))
    draw = np.float64(mixed(np.uint64(key) ^ mixed(np.uint64(pepper) + period))) * _TO_UNIT
    return np.float32(1.0 + spread * (2.0 * draw - 1.0))


@inlined
def account_draw(key: Any, pepper: Any) -> Any:
    """Where an account lies between 0 and 100, for rules that count for a share of accounts: always the same place.

    A salt of its own, so that it does not go with the randomised thresholds.
    """
    bits = mixed(np.uint64(key) ^ mixed(np.uint64(pepper) ^ ROLLOUT_SALT)) >> np.uint64(11)
    return np.float64(bits) * _TO_PERCENT


@inlined
def compare(
    column: Any, lanes: Any, op: Any, threshold: Any, factors: Any, is_random: Any, truth: Any
) -> None:
    """One comparison for all rows. A missing value makes every comparison false."""
    for lane in range(lanes):
        limit = threshold * factors[lane] if is_random else threshold
        value = column[lane]
        if op == AT_LEAST:
            answer = value >= limit
        elif op == ABOVE:
            answer = value > limit
        elif op == AT_MOST:
            answer = value <= limit
        elif op == BELOW:
            answer = value < limit
        elif op == EQUAL:
            answer = value == limit
        elif op == KNOWN:
            answer = value == value
        else:
            answer = value != value
        truth[lane] = np.uint8(answer)


@compiled
def run_rules(rules: Any, columns: Any, lanes: Any, factors: Any, truth: Any, stack: Any, fired: Any) -> None:
    """Evaluate every rule on ``lanes`` rows: bit ``r & 63`` of ``fired[lane, r >> 6]`` is set when rule r holds.

    First every distinct comparison of the policy, once, into ``truth[comparison, lane]``; then each rule's postfix
    program over those, a whole row of lanes a step.
    """
    for i in range(len(rules.predicate_feature)):
        compare(
            columns[rules.predicate_feature[i]],
            lanes,
            np.int64(rules.predicate_op[i]),
            rules.predicate_threshold[i],
            factors,
            rules.predicate_random[i] != 0,
            truth[i],
        )
    for lane in range(lanes):
        for word in range(fired.shape[1]):
            fired[lane, word] = np.uint64(0)
    for rule in range(len(rules.rung)):
        depth = 0
        for position in range(rules.start[rule], rules.start[rule + 1]):
            step = rules.code[position]
            if step >= 0:
                for lane in range(lanes):
                    stack[depth, lane] = truth[step, lane]
                depth += 1
            elif step == AND:
                depth -= 1
                for lane in range(lanes):
                    stack[depth - 1, lane] &= stack[depth, lane]
            else:
                depth -= 1
                for lane in range(lanes):
                    stack[depth - 1, lane] |= stack[depth, lane]
        word, bit = rule >> 6, np.uint64(rule & 63)
        for lane in range(lanes):
            fired[lane, word] |= np.uint64(stack[0, lane]) << bit
