"""On which ground a decision rests, as coarsely as an account holder is told: enough to answer it, too little to tune
against.

Rules and features belong to families of evidence; each family is told as one ground, whatever the rule's threshold.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from tidegate.desk.node_link import NodeAbsent, node
from tidegate.engine.features import FAMILIES, FEATURES
from tidegate.engine.policy import load_policy, shipped_policy_text

PERSON = "person"
CONDUCT = "conduct"
"""When nothing more exact is known of a reason."""
_OF_FAMILY = {
    "velocity": "automated",
    "first contact": "new_people",
    "reciprocity": "unanswered",
    "age": CONDUCT,
    "timing": "automated",
    "typing": "automated",
    "size": "automated",
    "groups": "groups",
    "feedback": "complaints",
    "network": "network",
    "device": "device",
    "registration": "sign_up",
    "campaign": "together",
}
assert _OF_FAMILY.keys() == set(FAMILIES)
_OF_STAGE = {"registration": "sign_up", "feedback": "complaints", "campaign": "together"}
_SURROUNDINGS = frozenset({"network", "device", "registration"})
"""Families about others as much as about the account: that such a feature moved a score does not say that there was
misuse, as a rule about it does.
"""
_OF_FEATURE = {
    feature.name: CONDUCT if feature.family in _SURROUNDINGS else _OF_FAMILY[feature.family]
    for feature in FEATURES
}
GROUNDS = tuple(dict.fromkeys([*_OF_FAMILY.values(), PERSON]))
_NOTES = frozenset({"two-key-rule", "trusted", "rung-ended", "proof", "relief"})
"""Reasons that explain how strong a measure is or why it ended, not why there is one."""
_MOST = 3
"""Grounds told for one decision."""


class RuleTold(NamedTuple):
    """What an account holder may be told of a rule."""

    ground: str
    notice: str
    """The policy's own sentence, in the language in which the policy is written."""


def grounds_of(reasons: Iterable[Mapping[str, Any]], stage: str, rules: Mapping[str, RuleTold]) -> list[str]:
    """The grounds of a decision, weightiest first, at least one; texts have ``ground_NAME`` for each.

    ``rules``: of the policy, by name, as :func:`rules_now` gives them. What moved a score is told only when no rule and
    no person says more.
    """
    weighed = [reason for reason in reasons if reason.get("name") not in _NOTES]
    said = [reason for reason in weighed if reason.get("kind") != "model"]
    found: list[str] = []
    for reason in said or weighed:
        name = str(reason.get("name", ""))
        if name == "ruling":
            ground = PERSON
        elif reason.get("kind") == "model":
            ground = _OF_FEATURE.get(name, CONDUCT)
        elif name in rules:
            ground = rules[name].ground
        else:
            ground = _OF_STAGE.get(stage, CONDUCT)
        if ground not in found:
            found.append(ground)
    exact = [ground for ground in found if ground != CONDUCT]
    return (exact or [CONDUCT])[:_MOST]


def notices_of(reasons: Iterable[Mapping[str, Any]], rules: Mapping[str, RuleTold]) -> list[str]:
    """The sentences that the policy has for the holder, each once."""
    said = (rules[name].notice for reason in reasons if (name := str(reason.get("name", ""))) in rules)
    return list(dict.fromkeys(said))[:_MOST]


def rules_now() -> Mapping[str, RuleTold]:
    """What may be told of each rule, by its name: of the policy in force, or of the one that comes with Tidegate."""
    try:
        return _rules(node().policy_text)
    except NodeAbsent:
        return _rules("")


@lru_cache(maxsize=4)
def _rules(text: str) -> Mapping[str, RuleTold]:
    policy = load_policy(text or shipped_policy_text(), "policy in force")
    return {rule.name: RuleTold(_OF_FAMILY[rule.family], rule.notice) for rule in policy.rules}
