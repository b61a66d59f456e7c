"""A rule's condition in words that a reviewer reads."""

from functools import lru_cache

from tidegate.engine.features import FEATURE_INDEX, FEATURES
from tidegate.engine.policy import Policy, PolicyErrors, Rule, load_policy
from tidegate.engine.policy.conditions import SCORE, AllOf, AnyOf, Condition, Op, Predicate
from tidegate.engine.policy.units import describe_value

_RELATIONS = {
    Op.AT_LEAST: "at least",
    Op.ABOVE: "more than",
    Op.AT_MOST: "at most",
    Op.BELOW: "less than",
    Op.EQUAL: "exactly",
}


@lru_cache(maxsize=8)
def policy_of(text: str) -> Policy | None:
    """The policy written in ``text``; None when it cannot be read."""
    try:
        return load_policy(text, "policy in force")
    except PolicyErrors:
        return None


def mark_of(policy: Policy) -> str:
    """Name, version and digest, as decisions carry them."""
    return f"{policy.name} {policy.version} ({policy.digest})"


def rule_named(policy: Policy | None, name: str) -> Rule | None:
    """One rule of a policy."""
    return next((rule for rule in policy.rules if rule.name == name), None) if policy else None


def terms(condition: Condition) -> list[str]:
    """What must all hold, one sentence each."""
    parts = condition.terms if isinstance(condition, AllOf) else (condition,)
    return [_words(part) for part in parts]


def _words(condition: Condition) -> str:
    if isinstance(condition, Predicate):
        return _comparison(condition)
    joined = " and " if isinstance(condition, AllOf) else ", or "
    said = joined.join(_words(term) for term in condition.terms)
    return f"either {said}" if isinstance(condition, AnyOf) else said


def _comparison(predicate: Predicate) -> str:
    what = meaning_of(predicate.feature)
    if predicate.op is Op.KNOWN:
        return f"{what}: known"
    if predicate.op is Op.UNKNOWN:
        return f"{what}: not known"
    about = "about " if predicate.random else ""
    limit = describe_value(predicate.feature, predicate.threshold)
    return f"{what}: {_RELATIONS[predicate.op]} {about}{limit}"


def meaning_of(feature: str) -> str:
    """A feature in words."""
    if feature == SCORE:
        return "the model's score"
    return FEATURES[FEATURE_INDEX[feature]].meaning
