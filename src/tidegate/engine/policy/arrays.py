"""A policy as flat arrays: what the kernels read. Data only; nothing here generates code.

Conditions become one postfix program over shared comparisons: a code of 0 or more pushes the truth of that
predicate, :data:`AND` and :data:`OR` combine the two on top. A condition of ``n`` terms never needs a stack
deeper than ``n``, and ``n`` is at most :data:`tidegate.engine.policy.conditions.MAX_TERMS`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidegate.engine.features import FAMILIES
from tidegate.engine.policy.conditions import COLUMNS, AllOf, Condition, Predicate
from tidegate.engine.policy.form import Policy
from tidegate.engine.rungs import Rung

AND, OR = -1, -2


@dataclass(frozen=True, slots=True)
class PolicyArrays:
    """P predicates, R rules, C codes. All arrays are C-contiguous; nobody writes to them."""

    predicate_feature: NDArray[np.int32]
    """[P] column of the row: an index into FEATURES, or ``len(FEATURES)`` for the score."""
    predicate_op: NDArray[np.uint8]
    """[P] :class:`tidegate.engine.policy.conditions.Op`."""
    predicate_threshold: NDArray[np.float32]
    """[P] in the feature's own unit; 0 for known and unknown."""
    predicate_random: NDArray[np.uint8]
    """[P] 1 when the threshold is multiplied by the account's factor, in float32, before comparing."""
    code: NDArray[np.int32]
    """[C] postfix programs of all rules, one after another."""
    rule_start: NDArray[np.int32]
    """[R + 1] rule ``r`` is ``code[rule_start[r]:rule_start[r + 1]]``."""
    rule_rung: NDArray[np.uint8]
    """[R]"""
    rule_family: NDArray[np.uint8]
    """[R] index into FAMILIES."""
    rule_stages: NDArray[np.uint8]
    """[R] bit ``1 << stage`` is set for each stage at which the rule may fire."""
    rule_accounts: NDArray[np.float64]
    """[R, 2] percent: the rule counts for accounts whose draw lies from the first on and below the second."""
    rung_keys: NDArray[np.uint8]
    """[7] families of evidence that the rung takes."""
    rung_durations: NDArray[np.float64]
    """[7, 3] seconds, for the first, second and any later time; infinite for a ban, 0 for allow."""
    score_threshold: NDArray[np.float32]
    """[5, 7] minimum score by row of ``SCORE_TABLES`` and rung; infinite for none."""
    spread: float
    period_s: float


class _Program:
    """Collects predicates once each, and the codes of rule after rule."""

    def __init__(self) -> None:
        self.predicates: dict[tuple[int, int, float, bool], int] = {}
        self.code: list[int] = []

    def add(self, condition: Condition) -> None:
        if isinstance(condition, Predicate):
            # Thresholds that are one number in float32 are one predicate.
            threshold = float(np.float32(condition.threshold))
            key = (COLUMNS[condition.feature], int(condition.op), threshold, condition.random)
            self.code.append(self.predicates.setdefault(key, len(self.predicates)))
            return
        operator = AND if isinstance(condition, AllOf) else OR
        for i, term in enumerate(condition.terms):
            self.add(term)
            if i:
                self.code.append(operator)


def compile_policy(policy: Policy) -> PolicyArrays:
    """``policy`` as arrays, rules in the order of ``policy.rules``."""
    program = _Program()
    starts = [0]
    for rule in policy.rules:
        program.add(rule.when)
        starts.append(len(program.code))
    shared = list(program.predicates)
    return PolicyArrays(
        predicate_feature=np.array([column for column, _, _, _ in shared], np.int32),
        predicate_op=np.array([op for _, op, _, _ in shared], np.uint8),
        predicate_threshold=np.array([threshold for _, _, threshold, _ in shared], np.float32),
        predicate_random=np.array([random for _, _, _, random in shared], np.uint8),
        code=np.array(program.code, np.int32),
        rule_start=np.array(starts, np.int32),
        rule_rung=np.array([rule.rung for rule in policy.rules], np.uint8),
        rule_family=np.array([FAMILIES.index(rule.family) for rule in policy.rules], np.uint8),
        rule_stages=np.array([sum(1 << stage for stage in rule.stages) for rule in policy.rules], np.uint8),
        rule_accounts=np.array([rule.accounts for rule in policy.rules], np.float64).reshape(-1, 2),
        rung_keys=np.array([policy.ladder[rung].keys for rung in Rung], np.uint8),
        rung_durations=np.array([policy.ladder[rung].durations_s for rung in Rung], np.float64),
        score_threshold=np.array(policy.model, np.float32),
        spread=policy.spread,
        period_s=policy.period_s,
    )
