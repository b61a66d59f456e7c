"""What account holders read: complete in ten languages, coarse enough to teach nobody how to get round the protection."""

import re
from typing import Any

import pytest

from tidegate.desk.appeals.deciding import SENTENCES
from tidegate.desk.appeals.grounds import CONDUCT, GROUNDS, grounds_of, rules_now
from tidegate.desk.appeals.texts import NAMES, RIGHT_TO_LEFT, placeholders, texts
from tidegate.engine.features import FEATURES
from tidegate.engine.policy import load_policy, shipped_policy_text

OTHERS = [code for code in NAMES if code != "en"]


def test_there_are_ten_languages_and_arabic_runs_from_right_to_left() -> None:
    assert set(NAMES) == {"en", "it", "fr", "es", "pt", "de", "ar", "hi", "id", "zh-hans"}
    assert {"ar"} == RIGHT_TO_LEFT


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_has_every_text_with_its_placeholders(language: str) -> None:
    english, said = texts("en"), texts(language)
    assert said.keys() == english.keys()
    for name, text in said.items():
        assert text.strip() == text and text, name
        assert placeholders(text) == placeholders(english[name]), name
        assert text.format(**dict.fromkeys(placeholders(text), "7")), name


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_is_left_untranslated(language: str) -> None:
    english, said = texts("en"), texts(language)
    assert [name for name in said if said[name] == english[name] and len(english[name].split()) > 1] == []


@pytest.mark.parametrize(("language", "script"), [("ar", "؀-ۿ"), ("hi", "ऀ-ॿ"), ("zh-hans", "一-鿿")])
def test_languages_with_a_script_of_their_own_are_written_in_it(language: str, script: str) -> None:
    for name, text in texts(language).items():
        assert re.search(f"[{script}]", text), name


@pytest.mark.parametrize("language", list(NAMES))
def test_no_ground_names_a_figure_or_a_signal(language: str) -> None:
    said = texts(language)
    named = {feature.name for feature in FEATURES} | {
        rule.name for rule in load_policy(shipped_policy_text(), "d").rules
    }
    for name, text in said.items():
        if name.startswith("ground_") or name in ("data", "rule_broken", "no_details"):
            assert not re.search(r"\d", text), name
        assert not any(one in text for one in named if "_" in one or "-" in one), name


def test_every_ground_and_every_reason_has_its_sentence() -> None:
    said = texts("en")
    assert {name for name in said if name.startswith("ground_")} == {f"ground_{ground}" for ground in GROUNDS}
    offered = {name for names in SENTENCES.values() for name in names}
    assert offered == {name for name in said if name.startswith("reason_")}


def test_every_rule_and_every_feature_is_told_as_a_ground() -> None:
    rules = rules_now()
    assert set(rules) == {rule.name for rule in load_policy(shipped_policy_text(), "d").rules}
    for feature in FEATURES:
        (ground,) = grounds_of([{"name": feature.name, "kind": "model"}], "messaging", rules)
        assert ground in GROUNDS


@pytest.mark.parametrize(
    ("reasons", "stage", "told"),
    [
        (
            [{"name": "complaints", "kind": "rule"}, {"name": "complaints-begin", "kind": "rule"}],
            "feedback",
            ["complaints"],
        ),
        ([{"name": "ruling", "kind": "rule"}], "messaging", ["person"]),
        ([{"name": "two-key-rule", "kind": "rule"}], "messaging", [CONDUCT]),
        ([{"name": "a rule of long ago", "kind": "rule"}], "campaign", ["together"]),
        ([{"name": "a rule of long ago", "kind": "rule"}], "messaging", [CONDUCT]),
        ([{"name": "net_accounts", "kind": "model"}], "messaging", [CONDUCT]),
        (
            [{"name": "complaints", "kind": "rule"}, {"name": "net_accounts", "kind": "model"}],
            "feedback",
            ["complaints"],
        ),
        ([], "registration", [CONDUCT]),
    ],
)
def test_a_ground_follows_from_the_reasons(
    reasons: list[dict[str, Any]], stage: str, told: list[str]
) -> None:
    assert grounds_of(reasons, stage, rules_now()) == told
