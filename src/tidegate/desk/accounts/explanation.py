"""Why a decision fell: the rules' own words and conditions, and each value beside what is usual among honest accounts."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from tidegate.desk.accounts.conditions import mark_of, meaning_of, policy_of, rule_named, terms
from tidegate.desk.accounts.range_bar import range_bar, range_words
from tidegate.desk.ledger.models import Account, Decision
from tidegate.desk.node_link import NodeAbsent, node
from tidegate.engine.features import FEATURE_INDEX
from tidegate.engine.policy import Rule
from tidegate.engine.policy.conditions import predicates
from tidegate.engine.policy.units import describe_value
from tidegate.statements.ranges import YOUNG_S, honest_ranges

NOTES = frozenset({"ruling", "proof", "relief", "rung-ended", "two-key-rule", "trusted"})
"""Reasons that say what a person or the ladder did; every other one says what was seen."""
Row = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Observation:
    """One measured value."""

    feature: str
    meaning: str
    value: str
    """In words."""
    then: bool
    """It is the value when the decision fell; False: the value now."""
    order: int
    """Its place among what moved the model's score, from 1; 0: the score did not rest on it."""
    usual: str
    """What is usual among honest accounts, in words; empty: not measured."""
    beyond: str
    """Where it stands out, in words; empty: it does not."""
    bar: SafeString


@dataclass(frozen=True, slots=True)
class RuleSaid:
    """A rule that fired."""

    name: str
    text: str
    rung: str
    """What it proposes; empty when the policy is no longer known."""
    terms: list[str]
    """What it asks for; empty when the policy in force is not the one that decided."""


def row_now(account: Account) -> Row | None:
    """What the engine would measure of an account now; None: nobody can tell. Raises StorageError."""
    try:
        return node().row(account.key)
    except NodeAbsent:
        return None


def explain(decision: Decision, row: Row | None = None, *, blind: bool = False) -> dict[str, Any]:
    """What ``accounts/_decision.html`` shows.

    ``row``: from :func:`row_now`, for the values that the decision did not keep. ``blind``: without anything that tells
    what was decided: no rung, score, rule or ladder; only what was seen.
    """
    policy = _deciding_policy(decision)
    reasons = list(decision.reasons)
    seen = [reason for reason in reasons if reason.get("name") not in NOTES]
    fired = [
        (reason, rule_named(policy, str(reason["name"]))) for reason in seen if reason.get("kind") == "rule"
    ]
    age_s = _age_then(decision, row)
    return {
        "decision": decision,
        "blind": blind,
        "rules": [] if blind else [_said(reason, rule) for reason, rule in fired],
        "notes": [] if blind else [reason["text"] for reason in reasons if reason.get("name") in NOTES],
        "observations": _observations(seen, fired, row, age_s),
        "policy_in_force": policy is not None,
        "young": age_s is not None and age_s < YOUNG_S,
        "simulated": honest_ranges().simulated,
        "dropped": not reasons,
    }


def _deciding_policy(decision: Decision) -> Any:
    """The policy that decided, when it is the one in force."""
    try:
        policy = policy_of(node().policy_text)
    except NodeAbsent:
        return None
    return policy if policy is not None and mark_of(policy) == decision.basis.policy else None


def _said(reason: Mapping[str, Any], rule: Rule | None) -> RuleSaid:
    name, text = str(reason["name"]), str(reason["text"])
    return RuleSaid(name, text, rule.rung.word if rule else "", terms(rule.when) if rule else [])


def _observations(
    seen: list[Mapping[str, Any]],
    fired: list[tuple[Mapping[str, Any], Rule | None]],
    row: Row | None,
    age_s: float | None,
) -> list[Observation]:
    """What moved the score first, in order; then what the rules measured."""
    then: dict[str, float] = {}
    order: dict[str, int] = {}
    for reason in seen:
        if reason.get("kind") == "model" and reason["name"] in FEATURE_INDEX:
            order[reason["name"]] = len(order) + 1
            then[reason["name"]] = _number(reason.get("value"))
    wanted = list(order)
    for reason, rule in fired:
        measured = (
            [one.feature for one in predicates(rule.when) if one.feature in FEATURE_INDEX] if rule else []
        )
        known = _number(reason.get("value"))
        # A rule keeps the first value that it measures and that is known; which one that was follows from the row.
        if measured and not math.isnan(known) and _first_known(measured, row) == measured[0]:
            then.setdefault(measured[0], known)
        wanted += [feature for feature in measured if feature not in wanted]
    return [
        _observed(feature, then.get(feature), row, order.get(feature, 0), age_s)
        for feature in wanted
        if feature in then or _number((row or {}).get(feature)) == _number((row or {}).get(feature))
    ]


def _observed(
    feature: str, then: float | None, row: Row | None, order: int, age_s: float | None
) -> Observation:
    value = then if then is not None else _number((row or {}).get(feature))
    usual = honest_ranges().of(feature, age_s)
    drawn = usual is not None and not math.isnan(value)
    return Observation(
        feature=feature,
        meaning=meaning_of(feature),
        value=describe_value(feature, value),
        then=then is not None,
        order=order,
        usual=range_words(feature, usual) if usual else "",
        beyond=usual.beyond(value) if usual else "",
        bar=mark_safe(range_bar(feature, value, usual)) if drawn and usual else SafeString(),
    )


def _first_known(measured: list[str], row: Row | None) -> str | None:
    """The first feature that the log carries; without a row the first of all."""
    if row is None:
        return measured[0]
    return next((feature for feature in measured if row.get(feature) is not None), None)


def _age_then(decision: Decision, row: Row | None) -> float | None:
    """Seconds between sign-up and the decision; None: the sign-up was not seen, or nobody can tell."""
    age_s = _number((row or {}).get("account_age"))
    if math.isnan(age_s):
        return None
    return max(age_s - (timezone.now() - decision.time).total_seconds(), 0.0)


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)
