"""From a decision of the engine to reasons in words: rules that fired, features that moved the score."""

import math
from typing import Any

import numpy as np

from tidegate.engine.features import FEATURES
from tidegate.engine.ladder import SUPPORTING, TRUSTED_CEILING
from tidegate.engine.layout import CAUSE_EXPIRY, CAUSE_PERSON, CAUSE_PROOF
from tidegate.engine.policy.conditions import COLUMNS, predicates
from tidegate.engine.policy.units import describe_duration, describe_value
from tidegate.engine.rungs import Rung, Stage
from tidegate.engine.trees import Forest, contributions
from tidegate.statements.decision import ReasonShown
from tidegate.statements.in_force import InForce

FEATURES_SHOWN = 3
_COLUMN_NAMES = tuple(sorted(COLUMNS, key=lambda name: COLUMNS[name]))

_MORE_IS_WORSE = np.array(
    [feature.direction > 0 for feature in FEATURES] + [False] * (len(COLUMNS) - len(FEATURES))
)


class Explainer:
    """Explains decisions made under one policy and model."""

    def __init__(self, in_force: InForce) -> None:
        # A policy's digest is taken over all its rules: once, not for every decision.
        self.policy_mark, self.model_mark = in_force.policy_mark, in_force.model_mark
        self._policy, self._model = in_force.policy, in_force.model
        self._thresholds = np.array(in_force.policy.model, np.float32)

    def reasons(self, decision: Any, raised_s: float | None) -> tuple[ReasonShown, ...]:
        """Reasons for a DECISION record, strongest first; ``raised_s``: when the rung that now ends began."""
        if decision["cause"] == CAUSE_EXPIRY:
            return (_ended(Rung(int(decision["previous"])), float(decision["time"]), raised_s),)
        if decision["cause"] == CAUSE_PERSON:
            return (_person(Rung(int(decision["rung"]))),)
        if decision["cause"] == CAUSE_PROOF:
            return (_note("proof", "the account holder passed the challenge"),)
        rung = int(decision["rung"])
        least = min(rung, SUPPORTING)
        values = dict(zip(_COLUMN_NAMES, decision["row"].tolist(), strict=True))
        # Rules first: they were written to be read. The sort is stable, so equals stay in the policy's order.
        ranked = sorted(self._rules(decision, values, least), key=lambda item: -item[0])
        ranked += self._score(decision, values, least)
        shown: list[ReasonShown] = []
        for _, reason in ranked:
            # A milder rule may say no more than a stronger one did.
            if not any(reason.text in said.text for said in shown):
                shown.append(reason)
        strongest = max((proposed for proposed, _ in ranked), default=rung)
        if decision["short_of_keys"]:
            shown.append(
                _note(
                    "two-key-rule", f"a {_suspension(strongest)} needs a second, independent kind of evidence"
                )
            )
        elif strongest > rung and rung <= TRUSTED_CEILING:
            shown.append(_note("trusted", "a person found this account legitimate, so it is only warned"))
        return tuple(shown)

    @staticmethod
    def warm_up() -> None:
        """Compile what explains a score."""
        row, moved = np.zeros(len(_COLUMN_NAMES), np.float32), np.zeros(len(_COLUMN_NAMES))
        empty = Forest.empty()
        contributions(row, empty.nodes, np.zeros(0, np.float32), empty.leaves, empty.roots, 0, 0, moved)

    def _rules(self, decision: Any, values: dict[str, float], least: int) -> list[tuple[int, ReasonShown]]:
        words = decision["rules"].tolist()
        found = []
        for number, rule in enumerate(self._policy.rules):
            if words[number >> 6] >> (number & 63) & 1 and rule.rung >= least:
                named = (values.get(predicate.feature, math.nan) for predicate in predicates(rule.when))
                measured = next((value for value in named if math.isfinite(value)), None)
                reason = ReasonShown(rule.name, measured, _clause(rule.describe(values)), "rule")
                found.append((int(rule.rung), reason))
        return found

    def _score(self, decision: Any, values: dict[str, float], least: int) -> list[tuple[int, ReasonShown]]:
        """The features that moved the score most, when the score crossed a threshold that matters."""
        stage, score = Stage(int(decision["stage"])), decision["score"]
        crossed = np.flatnonzero(score >= self._thresholds[stage])
        proposed = int(crossed[-1]) if len(crossed) else 0
        if self._model is None or stage not in self._model.forests or proposed < max(least, 1):
            return []
        forest = self._model.forests[stage]
        moved = np.zeros(len(_COLUMN_NAMES))
        row = np.ascontiguousarray(decision["row"])
        values_at = self._model.values[stage]
        contributions(row, forest.nodes, values_at, forest.leaves, forest.roots, 0, len(forest.roots), moved)
        moved[np.isnan(row)] = 0.0  # what the log never carried is no reason
        moved[_MORE_IS_WORSE & (row == 0.0)] = 0.0  # nor is nothing of what would be bad
        found = []
        for column in np.argsort(-moved, kind="stable")[:FEATURES_SHOWN].tolist():
            if moved[column] <= 0.0 or column >= len(FEATURES):
                break
            feature = FEATURES[column]
            text = f"{feature.meaning}: {describe_value(feature.name, values[feature.name])}"
            found.append((proposed, ReasonShown(feature.name, values[feature.name], text, "model")))
        return found


def _clause(sentence: str) -> str:
    """Reasons are joined by semicolons where there is little room, so the full stop goes."""
    return sentence.removesuffix(".")


def _suspension(rung: int) -> str:
    return {Rung.SUSPEND: "suspension", Rung.BAN: "ban"}.get(Rung(rung), Rung(rung).word)


def _note(name: str, text: str) -> ReasonShown:
    return ReasonShown(name, None, text, "rule")


def _ended(previous: Rung, ended_s: float, raised_s: float | None) -> ReasonShown:
    lasted = "" if raised_s is None else f" after {describe_duration(max(ended_s - raised_s, 0.0))}"
    return _note("rung-ended", f"the {previous.word} ended{lasted} without a stronger finding")


def _person(rung: Rung) -> ReasonShown:
    found = "legitimate" if rung is Rung.ALLOW else "abusive"
    return _note("ruling", f"a person found the account {found}")
