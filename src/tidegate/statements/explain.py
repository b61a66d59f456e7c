"""From decisions of the engine to reasons in words: rules that fired, features that moved the score.

Many decisions are explained together: what NumPy does costs nearly the same for one row as for thirty.
"""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.engine.features import FEATURES
from tidegate.engine.ladder import SUPPORTING, TRUSTED_CEILING
from tidegate.engine.layout import CAUSE_EVIDENCE, CAUSE_EXPIRY, CAUSE_PERSON, CAUSE_RELIEF
from tidegate.engine.policy.conditions import COLUMNS
from tidegate.engine.policy.units import describe_duration, describe_value
from tidegate.engine.rungs import Rung
from tidegate.engine.trees import Forest, contributions
from tidegate.statements.decision import ReasonShown
from tidegate.statements.in_force import InForce
from tidegate.statements.rule_words import RuleWords

FEATURES_SHOWN = 3
_EVIDENCE, _EXPIRY, _PERSON = int(CAUSE_EVIDENCE), int(CAUSE_EXPIRY), int(CAUSE_PERSON)
_RELIEF = int(CAUSE_RELIEF)
_WORD_BITS = 64
_MORE_IS_WORSE = np.array(
    [feature.direction > 0 for feature in FEATURES] + [False] * (len(COLUMNS) - len(FEATURES))
)
_BEGINNINGS = tuple((feature.name, f"{feature.meaning}: ") for feature in FEATURES)
_RUNG_NUMBERS = np.arange(len(Rung))
_RUNG_WORDS = tuple(rung.word for rung in Rung)
_strongest_first = itemgetter(0)

Ranked = list[tuple[int, ReasonShown]]
"""Reasons, each with the rung that it proposed."""


class Explainer:
    """Explains decisions made under one policy and model."""

    def __init__(self, in_force: InForce) -> None:
        # A policy's digest is taken over all its rules: once, not for every decision.
        self.policy_mark, self.model_mark = in_force.policy_mark, in_force.model_mark
        self._model = in_force.model
        self._rules = tuple(map(RuleWords, in_force.policy.rules))
        self._proposing = [_bits(rule.rung >= least for rule in self._rules) for least in range(len(Rung))]
        """By rung: the rules that propose at least that one, a bit each."""
        self._thresholds = np.array(in_force.policy.model, np.float32)

    def reasons(
        self, decisions: NDArray[Any], raised_s: Sequence[float | None]
    ) -> list[tuple[ReasonShown, ...]]:
        """Reasons for each of DECISION[n], strongest first.

        ``raised_s``: for each, when the rung that the account stood on until then began; used where it ended by itself.
        """
        causes = decisions["cause"].tolist()
        shown: list[tuple[ReasonShown, ...]] = [()] * len(causes)
        found = [at for at, cause in enumerate(causes) if cause == _EVIDENCE]
        if found:
            for at, reasons in zip(found, self._found(decisions[found]), strict=True):
                shown[at] = reasons
        if len(found) < len(causes):
            times, previous, rungs = (decisions[name].tolist() for name in ("time", "previous", "rung"))
            for at, cause in enumerate(causes):
                if cause == _EXPIRY:
                    shown[at] = (_ended(previous[at], times[at], raised_s[at]),)
                elif cause == _PERSON:
                    shown[at] = _PERSON_SAID[rungs[at] != Rung.ALLOW]
                elif cause == _RELIEF:
                    shown[at] = _RELIEVED
                elif cause != _EVIDENCE:
                    shown[at] = _PROVED
        return shown

    @staticmethod
    def warm_up() -> None:
        """Compile what explains a score."""
        row, moved = np.zeros(len(COLUMNS), np.float32), np.zeros(len(COLUMNS))
        empty = Forest.empty()
        contributions(row, empty.nodes, np.zeros(0, np.float32), empty.leaves, empty.roots, 0, 0, moved)

    def _found(self, decisions: NDArray[Any]) -> list[tuple[ReasonShown, ...]]:
        """For decisions that evidence led to."""
        rungs, rows = decisions["rung"].tolist(), decisions["row"]
        values, words = rows.tolist(), decisions["rules"].tolist()
        by_score = self._scores(decisions, rows, values)
        shown = []
        for at, short_of_keys in enumerate(decisions["short_of_keys"].tolist()):
            rung = rungs[at]
            # Rules first: they were written to be read.
            ranked = self._fired(words[at], values[at], min(rung, SUPPORTING)) + by_score[at]
            shown.append(_without_echoes(ranked, rung, bool(short_of_keys)))
        return shown

    def _fired(self, words: Sequence[int], values: Sequence[float], least: int) -> Ranked:
        """Rules that fired and proposed at least ``least``: strongest first, then in the policy's order."""
        bits = 0
        for number, word in enumerate(words):
            bits |= word << (number * _WORD_BITS)
        bits &= self._proposing[least]
        found: Ranked = []
        while bits:
            rule = self._rules[(bits & -bits).bit_length() - 1]
            found.append((rule.rung, rule.reason(values)))
            bits &= bits - 1
        if len(found) > 1:
            found.sort(key=_strongest_first, reverse=True)  # stable, so equals stay in order
        return found

    def _scores(
        self, decisions: NDArray[Any], rows: NDArray[np.float32], values: Sequence[Sequence[float]]
    ) -> list[Ranked]:
        """The features that moved the score most, for decisions whose score crossed a threshold that matters."""
        by_score: list[Ranked] = [[]] * len(rows)
        if self._model is None:
            return by_score
        proposed = self._proposed(decisions["stage"], decisions["score"])
        mattering = proposed >= np.clip(decisions["rung"], 1, SUPPORTING)
        for stage, forest in self._model.forests.items():
            picked = np.flatnonzero(mattering & (decisions["stage"] == stage))
            if len(picked):
                moved = self._moved(forest, self._model.values[stage], rows[picked])
                strength = proposed[picked].tolist()
                for at, rung, columns in zip(picked.tolist(), strength, moved, strict=True):
                    by_score[at] = [(rung, _by_feature(column, values[at])) for column in columns]
        return by_score

    def _proposed(self, stages: NDArray[Any], scores: NDArray[np.float32]) -> NDArray[np.int64]:
        """The highest rung whose threshold each score reaches; 0 when it reaches none, or there is no score."""
        reached = scores[:, None] >= self._thresholds[stages]
        highest: NDArray[np.int64] = np.where(reached, _RUNG_NUMBERS, 0).max(axis=1)
        return highest

    @staticmethod
    def _moved(forest: Forest, values_at: NDArray[np.float32], rows: NDArray[np.float32]) -> list[list[int]]:
        """For each of float32[n, columns]: the features that raised the score most, most first."""
        moved = np.zeros(rows.shape)
        for row, out in zip(rows, moved, strict=True):
            contributions(
                row, forest.nodes, values_at, forest.leaves, forest.roots, 0, len(forest.roots), out
            )
        moved[np.isnan(rows)] = 0.0  # what the log never carried is no reason
        moved[_MORE_IS_WORSE & (rows == 0.0)] = 0.0  # nor is nothing of what would be bad
        order = np.argsort(-moved, axis=1, kind="stable")[:, :FEATURES_SHOWN]
        counts = np.count_nonzero(np.take_along_axis(moved, order, 1) > 0.0, axis=1).tolist()
        return [
            _features_alone(columns[:count]) for columns, count in zip(order.tolist(), counts, strict=True)
        ]


def _bits(chosen: Any) -> int:
    return sum(1 << number for number, yes in enumerate(chosen) if yes)


def _features_alone(columns: list[int]) -> list[int]:
    """Up to the first column that is no feature."""
    return next((columns[:at] for at, column in enumerate(columns) if column >= len(FEATURES)), columns)


def _by_feature(column: int, values: Sequence[float]) -> ReasonShown:
    name, beginning = _BEGINNINGS[column]
    return ReasonShown(name, values[column], beginning + describe_value(name, values[column]), "model")


def _without_echoes(ranked: Ranked, rung: int, short_of_keys: bool) -> tuple[ReasonShown, ...]:
    """Each reason that says something new, and why the rung is milder than what was proposed, if it is."""
    shown: list[ReasonShown] = []
    for _, reason in ranked:
        # A milder rule may say no more than a stronger one did.
        for said in shown:
            if reason.text in said.text:
                break
        else:
            shown.append(reason)
    strongest = max((proposed for proposed, _ in ranked), default=rung)
    if short_of_keys:
        text = f"a {_suspension(strongest)} needs a second, independent kind of evidence"
        shown.append(_note("two-key-rule", text))
    elif strongest > rung and rung <= TRUSTED_CEILING:
        shown.append(_note("trusted", "a person found this account legitimate, so it is only warned"))
    return tuple(shown)


def _suspension(rung: int) -> str:
    return {Rung.SUSPEND: "suspension", Rung.BAN: "ban"}.get(Rung(rung), _RUNG_WORDS[rung])


def _note(name: str, text: str) -> ReasonShown:
    return ReasonShown(name, None, text, "rule")


def _ended(previous: int, ended_s: float, raised_s: float | None) -> ReasonShown:
    lasted = "" if raised_s is None else f" after {describe_duration(max(ended_s - raised_s, 0.0))}"
    return _note("rung-ended", f"the {_RUNG_WORDS[previous]} ended{lasted} without a stronger finding")


_PERSON_SAID = tuple(
    (_note("ruling", f"a person found the account {found}"),) for found in ("legitimate", "abusive")
)
_PROVED = (_note("proof", "the account holder passed the challenge"),)
_RELIEVED = (_note("relief", "the complaints that it rested on came from a ring of false reporters"),)
