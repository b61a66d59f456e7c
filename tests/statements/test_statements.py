"""Decisions in words: the same however many are put in words together, and saying what the policy says."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tidegate.engine.features import FEATURES
from tidegate.engine.layout import CAUSE_EXPIRY, CAUSE_PERSON, CAUSE_PROOF, DECISION
from tidegate.engine.policy import load_policy, shipped_policy_text
from tidegate.engine.policy.conditions import COLUMNS, predicates
from tidegate.engine.rungs import Rung, Stage
from tidegate.events.pseudonym import Pseudonyms
from tidegate.statements.decision import DecisionShown, decision_record
from tidegate.statements.explain import Explainer
from tidegate.statements.in_force import InForce, shipped_model
from tidegate.statements.statement import Before, statements_of

NOW = 1_770_000_000.0
POLICY = load_policy(shipped_policy_text(), "default.toml")
ACCOUNTS = 40
FIRST_KEY = np.uint64(1 << 63)


def in_force(*, model: bool) -> InForce:
    return InForce(POLICY, shipped_model() if model else None, Pseudonyms(), 0)


def decisions(count: int, seed: int) -> NDArray[Any]:
    """Decisions of every kind about a few accounts: many rules fired, features missing, nothing, or large."""
    chance = np.random.default_rng(seed)
    made = np.zeros(count, DECISION)
    made["time"] = NOW + np.arange(count) * 17.3
    made["until"] = np.where(chance.random(count) < 0.3, np.inf, made["time"] + 3_600.0)
    made["key"] = FIRST_KEY + chance.integers(0, ACCOUNTS, count, dtype=np.uint64)
    made["id"] = chance.integers(0, 1 << 63, count, dtype=np.uint64)
    made["rung"], made["previous"] = chance.integers(0, len(Rung), (2, count))
    made["stage"], made["cause"] = chance.integers(0, len(Stage), count), chance.integers(0, 4, count)
    made["short_of_keys"] = chance.random(count) < 0.1
    made["score"] = np.where(chance.random(count) < 0.2, np.nan, chance.random(count) ** 0.3)
    for number in range(len(POLICY.rules)):
        fired = (chance.random(count) < 0.15).astype(np.uint64)
        made["rules"][:, number >> 6] |= fired << np.uint64(number & 63)
    row = chance.lognormal(0.0, 3.0, made["row"].shape).astype(np.float32)
    row[chance.random(row.shape) < 0.2] = np.nan
    row[chance.random(row.shape) < 0.1] = 0.0
    made["row"] = row
    return made


def stated(made: NDArray[Any], explainer: Explainer, at_once: int) -> list[DecisionShown]:
    last: dict[int, Before] = {}
    found: list[DecisionShown] = []
    for start in range(0, len(made), at_once):
        found += statements_of(made[start : start + at_once], {int(FIRST_KEY): "@ann:x"}, explainer, last)
    return found


@pytest.mark.parametrize("model", [False, True])
def test_statements_do_not_depend_on_what_is_put_in_words_together(model: bool) -> None:
    if model and shipped_model() is None:
        pytest.skip("needs the shipped model, which this checkout does not have")
    made, explainer = decisions(2_500, 7), Explainer(in_force(model=model))
    apart = stated(made, explainer, 1)
    assert stated(made, explainer, 7) == apart == stated(made, explainer, len(made))
    kinds = {reason.kind for statement in apart for reason in statement.reasons}
    assert kinds == ({"rule", "model"} if model else {"rule"})
    named = {decision_record(statement)["account"] for statement in apart}
    assert "@ann:x" in named and f"{int(FIRST_KEY) + 1:016x}" in named


def test_a_rule_is_quoted_as_the_policy_words_it() -> None:
    row = np.arange(len(COLUMNS), dtype=np.float32) * 37.0
    values = dict(zip(COLUMNS, (float(row[column]) for column in COLUMNS.values()), strict=True))
    explainer = Explainer(in_force(model=False))
    for number, rule in enumerate(POLICY.rules):
        made = decisions(1, 1)
        made["cause"], made["rung"], made["short_of_keys"] = 0, rule.rung, 0
        made["rules"] = 0
        made["rules"][0, number >> 6] = np.uint64(1) << np.uint64(number & 63)
        made["row"] = row
        (statement,) = stated(made, explainer, 1)
        (reason,) = statement.reasons
        assert reason.text == rule.describe(values).removesuffix(".")
        assert (reason.name, reason.kind) == (rule.name, "rule")
        assert reason.value == values[next(iter(predicates(rule.when))).feature]


def test_what_ends_by_itself_says_how_long_it_lasted_and_keeps_the_counts() -> None:
    made = decisions(2, 1)
    made["key"], made["cause"] = 5, (0, CAUSE_EXPIRY)
    made["rung"], made["previous"] = (Rung.LOCK, Rung.ALLOW), (Rung.ALLOW, Rung.LOCK)
    made["time"] = NOW, NOW + 7_200.0
    names = [feature.name for feature in FEATURES]
    made["row"][0, names.index("distinct_strangers")], made["row"][0, names.index("sent_14d")] = 61.2, 80.0
    made["row"][1] = np.nan
    for at_once in (1, 2):
        raised, ended = stated(made, Explainer(in_force(model=False)), at_once)
        assert (raised.first_contacts, raised.messages) == (61, 80)
        assert (ended.first_contacts, ended.messages) == (61, 80)
        assert [reason.text for reason in ended.reasons] == [
            "the lock ended after 2 hours without a stronger finding"
        ]


@pytest.mark.parametrize(
    ("cause", "rung", "said"),
    [
        (CAUSE_PERSON, Rung.SUSPEND, "a person found the account abusive"),
        (CAUSE_PERSON, Rung.ALLOW, "a person found the account legitimate"),
        (CAUSE_PROOF, Rung.ALLOW, "the account holder passed the challenge"),
        (CAUSE_EXPIRY, Rung.ALLOW, "the ban ended without a stronger finding"),
    ],
)
def test_what_no_evidence_caused_says_what_did(cause: int, rung: Rung, said: str) -> None:
    made = decisions(1, 1)
    made["cause"], made["rung"], made["previous"] = cause, rung, Rung.BAN
    (statement,) = stated(made, Explainer(in_force(model=False)), 1)
    assert [reason.text for reason in statement.reasons] == [said]
