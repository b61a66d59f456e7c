"""A rule's reason in words, prepared once for all decisions that it will explain."""

import math
from collections.abc import Sequence

from tidegate.engine.policy.conditions import COLUMNS, predicates
from tidegate.engine.policy.form import PLACEHOLDER, Rule
from tidegate.engine.policy.units import describe_value
from tidegate.statements.decision import ReasonShown


class RuleWords:
    """What one rule says about a row of features."""

    def __init__(self, rule: Rule) -> None:
        self.name, self.rung = rule.name, int(rule.rung)
        self._measured = tuple(COLUMNS[predicate.feature] for predicate in predicates(rule.when))
        pieces = PLACEHOLDER.split(rule.reason)  # text, name, text, name, ..., text
        self._texts: tuple[str, ...] = tuple(pieces[0::2])
        self._named: tuple[tuple[str, int], ...] = tuple((name, COLUMNS[name]) for name in pieces[1::2])

    def reason(self, row: Sequence[float]) -> ReasonShown:
        """The reason for these values of ``COLUMNS``; its value is the first that the rule measures and that is known."""
        text = self._texts[0]
        for (name, column), after in zip(self._named, self._texts[1:], strict=True):
            text += describe_value(name, row[column]) + after
        value = next((row[column] for column in self._measured if math.isfinite(row[column])), None)
        # Reasons are joined by semicolons where there is little room, so the full stop goes.
        return ReasonShown(self.name, value, text.removesuffix("."), "rule")
