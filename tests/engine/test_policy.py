"""The policy file: what is accepted, what is said of mistakes, overlays, arrays, and the shipped policy."""

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tidegate.engine.features import FAMILIES, FEATURE_INDEX, FEATURES
from tidegate.engine.policy import (
    MAX_ERRORS,
    MAX_RULES,
    LadderStep,
    Policy,
    PolicyErrors,
    Rule,
    load_policy,
    overlay,
    shipped_policy_text,
)
from tidegate.engine.policy.arrays import AND, OR, PolicyArrays, compile_policy
from tidegate.engine.policy.conditions import COLUMNS, MAX_TERMS, Op, evaluate, predicates
from tidegate.engine.policy.language import parse_condition
from tidegate.engine.policy.places import Places
from tidegate.engine.policy.units import parse_duration
from tidegate.engine.rungs import RUNG_MEANINGS, STAGE_MEANINGS, Rung, Stage

SHIPPED = load_policy(shipped_policy_text(), "default.toml")

HEAD = """\
name = "small"
version = "1"
[randomisation]
spread = 0.15
period = "1d"
[ladder]
warn = { durations = ["1d"] }
challenge = { durations = ["1h", "6h"] }
budget = { durations = ["1d"] }
lock = { durations = ["1d"] }
suspend = { durations = ["3d"] }
"""

RULE = """\
[[rule]]
name = "burst"
stage = ["messaging"]
when = "strangers_1m >= ~10"
family = "first contact"
rung = "challenge"
reason = "Wrote to {strangers_1m} strangers within about a minute."
notice = "Your account wrote to many new people."
"""


def errors_of(text: str) -> list[str]:
    """Each mistake as ``line:column: what; right``."""
    with pytest.raises(PolicyErrors) as caught:
        load_policy(text, "own.toml")
    return [f"{e.line}:{e.column}: {e.what}; {e.right}" for e in caught.value.errors]


def only_error(text: str) -> str:
    errors = errors_of(text)
    assert len(errors) == 1, errors
    return errors[0]


def changed(old: str, new: str) -> str:
    text = HEAD + RULE
    assert text.count(old) == 1, old
    return text.replace(old, new)


# --- Reading --------------------------------------------------------------------------------------------


def test_a_policy_is_read_as_written() -> None:
    policy = load_policy(HEAD + "[model.messaging]\nchallenge = 0.9\nlock = 1\n" + RULE, "own.toml")
    assert (policy.name, policy.version, policy.spread, policy.period_s) == ("small", "1", 0.15, 86_400.0)
    assert policy.ladder[Rung.CHALLENGE] == LadderStep((3_600.0, 21_600.0, 21_600.0), 1)
    assert policy.ladder[Rung.SUSPEND].keys == policy.ladder[Rung.BAN].keys == 2
    assert policy.ladder[Rung.BAN].durations_s == (math.inf,) * 3
    assert policy.model[Stage.MESSAGING][Rung.CHALLENGE] == 0.9
    assert policy.model[Stage.MESSAGING][Rung.LOCK] == 1.0
    assert policy.model[Stage.MESSAGING][Rung.BUDGET] == math.inf
    assert policy.model[Stage.FEEDBACK] == (math.inf,) * 7
    (rule,) = policy.rules
    assert (rule.name, rule.stages, rule.family, rule.rung) == (
        "burst",
        (Stage.MESSAGING,),
        "first contact",
        Rung.CHALLENGE,
    )
    assert str(rule.when) == "strangers_1m >= ~10.0"


def test_a_reason_is_told_with_its_values() -> None:
    rule = load_policy(HEAD + RULE, "own.toml").rules[0]
    assert rule.describe({"strangers_1m": 12.4}) == "Wrote to 12 strangers within about a minute."
    assert rule.describe({}) == "Wrote to an unknown number of strangers within about a minute."


def test_an_error_shows_the_line_and_points_into_the_condition() -> None:
    with pytest.raises(PolicyErrors) as caught:
        load_policy(changed("strangers_1m >= ~10", "strangers_1min >= ~10"), "own.toml")
    assert str(caught.value) == (
        'own.toml:15:9: unknown feature "strangers_1min"; did you mean "strangers_1m"?\n'
        '  when = "strangers_1min >= ~10"\n'
        "          ^"
    )


def test_all_mistakes_of_a_file_are_reported_together_in_its_order() -> None:
    text = HEAD.replace("spread = 0.15", "spread = 2") + RULE.replace("burst", "Burst!").replace(
        'rung = "challenge"', 'rung = "chalenge"'
    ).replace("many new", "10 new")
    assert [error.split(": ")[0] for error in errors_of(text)] == ["4:10", "13:8", "17:8", "19:33"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('name = "small"\n', "", '1:1: the policy has no "name"; add name = "my-policy"'),
        (
            'version = "1"',
            "version = 2026-11-22",
            '2:11: "version" is a date or time; write version = "2026-11-22"',
        ),
        (
            'version = "1"',
            'vresion = "1"\nversion = "1"',
            '2:1: unknown section "vresion"; did you mean "version"?',
        ),
        ("spread = 0.15", "spread = nan", "4:10: spread nan is out of range; from 0 to 0.5"),
        ("spread = 0.15", "spread = true", '4:10: "spread" is true or false; write spread = 0.15'),
        (
            "spread = 0.15\n",
            "",
            '3:1: the randomisation has no "spread"; add spread = 0.15 under [randomisation]',
        ),
        ('period = "1d"', "period = 86400", "5:10: not a length of time; write it with a unit, in quotes"),
        ('period = "1d"', 'period = "1s"', '5:10: "1s" is out of range; between 1 minutes and 28 days'),
        (
            'suspend = { durations = ["3d"] }',
            'suspend = { durations = ["3d"], keys = 1 }',
            "11:40: keys = 1 is refused",
        ),
        (
            'suspend = { durations = ["3d"] }',
            'ban = { keys = 1 }\nsuspend = { durations = ["3d"] }',
            "11:16: keys = 1",
        ),
        ('suspend = { durations = ["3d"] }\n', "", '6:1: the ladder does not say how long "suspend" lasts'),
        (
            '["1h", "6h"]',
            '["6h", "1h"]',
            '8:34: "1h" is shorter than the time before; durations may not shrink',
        ),
        ('["1h", "6h"]', '["1h", 6]', "8:34: not a length of time; write it with a unit"),
        ('["1h", "6h"]', "[]", "8:27: 0 durations; one to three"),
        (
            'warn = { durations = ["1d"] }',
            'warm = { durations = ["1d"] }\nwarn = { durations = ["1d"] }',
            '7:1: unknown rung "warm"; did you mean "warn"?',
        ),
        ('["messaging"]', '"messaging"', '14:9: "stage" is text; write stage = ["messaging"]'),
        (
            '["messaging"]',
            '["registration", "mesaging"]',
            '14:26: unknown stage "mesaging"; did you mean "messaging"?',
        ),
        ('["messaging"]', '["feedback", "feedback"]', '14:22: "feedback" is listed twice; remove one'),
        ('["messaging"]', "[]", "14:9: the rule has no stage to fire at"),
        (
            'family = "first contact"',
            'family = "frist contact"',
            '16:10: unknown family "frist contact"; did you mean "fi',
        ),
        (
            'family = "first contact"',
            'family = "network"',
            '16:10: no feature of the family "network" is measured',
        ),
        ('rung = "challenge"', 'rung = "allow"', '17:8: unknown rung "allow"; one of warn, challenge'),
        ('rung = "challenge"', "rung = 3", "17:8: unknown rung 3; one of warn, challenge"),
        (
            'notice = "Your account wrote to many new people."\n',
            "",
            '12:1: rule "burst" has no "notice"; add notice =',
        ),
        ("many new people", "100 new people", '19:33: "1" in a notice: it may not tell how thresholds lie'),
        (
            "many new people",
            "{strangers_1m} people",
            '19:33: "{" in a notice: it may not tell how thresholds lie',
        ),
        (
            "{strangers_1m} strangers",
            "{stranger_1m} strangers",
            '18:21: unknown feature "stranger_1m"; did you mean',
        ),
        (
            "{strangers_1m} strangers",
            "{strangers_1m strangers",
            '18:20: "{" is not a placeholder; write {feature}',
        ),
        ("{strangers_1m} strangers", "{strangers_1m:.2f} strangers", "is not a placeholder; write {feature}"),
        ("Your account wrote to many new people.", "", '19:10: "notice" is not one sentence'),
        ("Your account wrote to many new people.", "x" * 201, '19:10: "notice" has 201 characters'),
        ('name = "burst"', 'name = "burst"\nseverity = 3', '14:1: unknown key of a rule "severity"'),
        ('name = "burst"\n', "", "12:1: the rule has no name"),
        ("[[rule]]", "[rule]", '12:1: "rule" is a table; head each rule with [[rule]]'),
    ],
)
def test_a_mistake_is_named_with_what_would_be_right(old: str, new: str, expected: str) -> None:
    assert expected in " | ".join(errors_of(changed(old, new)))


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("challenge = 1.2", "13:13: 1.2 is not a score; above 0 and at most 1"),
        ("challenge = 0", "13:13: 0 is not a score; above 0 and at most 1"),
        ("challenge = nan", "13:13: nan is not a score; above 0 and at most 1"),
        ("challenge = true", '13:13: "challenge" is true or false; a score from 0 to 1, or false for none'),
        ("chalenge = 0.9", '13:1: unknown rung "chalenge"; did you mean "challenge"?'),
        (
            "challenge = 0.9\nlock = 0.9",
            "14:8: lock at 0.9 is no higher than challenge at 0.9; a stronger rung needs",
        ),
        (
            "lock = 0.8\nchallenge = 0.9",
            "13:8: lock at 0.8 is no higher than challenge at 0.9; a stronger rung needs",
        ),
    ],
)
def test_score_thresholds_lie_between_0_and_1_and_rise_with_the_rung(section: str, expected: str) -> None:
    assert only_error(HEAD + f"[model.messaging]\n{section}\n" + RULE).startswith(expected)


def test_a_name_is_given_to_one_rule_only() -> None:
    assert only_error(HEAD + RULE + RULE) == '21:8: a second rule named "burst"; the first is on line 13'


def test_text_that_is_not_toml_is_reported_at_its_place() -> None:
    assert only_error(HEAD + "[model.messaging]\nchallenge = high\n").startswith(
        "13:13: not valid TOML: Invalid value"
    )
    assert only_error(HEAD + 'x = "never closed\n').startswith("12:18: not valid TOML")
    assert only_error("a = [1, 2").startswith("1:10: not valid TOML")
    assert only_error("name = 'a'\nname = 'b'").startswith("2:11: not valid TOML: Cannot overwrite a value")
    assert only_error("a = " + "9" * 5_000).startswith("1:")
    assert "nested too deeply" in only_error("a = " + "[" * 5_000)
    assert "1,000,000 is the limit" in only_error("#" * 1_000_001)


def test_rules_terms_and_errors_are_limited() -> None:
    many = "".join(RULE.replace("burst", f"burst-{i}") for i in range(MAX_RULES))
    assert len(load_policy(HEAD + many, "own.toml").rules) == MAX_RULES
    assert "501 rules; 500 is the limit" in only_error(HEAD + many + RULE)
    assert "500 is the limit" in only_error('extends = "default"\n' + many)
    long = " and ".join(["strangers_1m >= 1"] * (MAX_TERMS + 1))
    assert "65 terms; 64 is the limit" in only_error(changed("strangers_1m >= ~10", long))
    with pytest.raises(PolicyErrors) as caught:
        load_policy(HEAD + many.replace("strangers_1m >= ~10", "strangers_1 >= ~10"), "own.toml")
    assert len(caught.value.errors) == MAX_ERRORS
    assert str(caught.value).endswith(f"reading stopped after {MAX_ERRORS} mistakes.")


@pytest.mark.parametrize("odd", ["keys = 0x" + "f" * 5_000, "spread = " + "9" * 400, f"{'k' * 3_000} = 1"])
def test_an_absurd_value_gives_a_short_error(odd: str) -> None:
    section = "[ladder.warn]\n" if odd.startswith("keys") else "[randomisation]\n"
    assert all(len(error) < 400 for error in errors_of('extends = "default"\n' + section + odd))


# --- Places ---------------------------------------------------------------------------------------------

TRICKY = '''\
# [[rule]] in a comment
about = """
[[rule]]
name = "not a rule" \\
   folded
"""
'literal.key' = 'a # no comment'
list = [ # comment ]
  "one", # [[rule]]
  [2, 3], { x = "deep", y = 4 },
]
a.b.c = 1979-05-27 07:32:00
q = { x = """say "hi"""", y = \'\'\'\'it\'\'\'\', z = 5 }
[[rule]] # first
name = "é\\u00e9\\tq\\"" # after
[rule.sub]
z = 1
[[ "rule" ]]
when = \'\'\'
sent_1m > 1
\'\'\'
[[rule.parts]]
n = 1
[[rule.parts]]
n = 2
'''


def test_keys_are_found_behind_comments_strings_and_nested_values() -> None:
    places = Places(TRICKY).found

    def line(*path: str | int) -> tuple[int, str]:
        offset = places[path].value
        return TRICKY.count("\n", 0, offset) + 1, TRICKY[offset:].split("\n")[0]

    assert line("literal.key") == (7, "'a # no comment'")
    assert line("list", 0) == (9, '"one", # [[rule]]')
    assert line("list", 1, 1) == (10, '3], { x = "deep", y = 4 },')
    assert line("list", 2, "x") == (10, '"deep", y = 4 },')
    assert line("a", "b", "c") == (12, "1979-05-27 07:32:00")
    assert line("q", "z") == (13, "5 }")
    assert len(places["q", "x"].chars) == len('say "hi"')
    assert line("rule", 0) == (14, "[[rule]] # first")
    assert line("rule", 0, "sub", "z") == (17, "1")
    assert line("rule", 1) == (18, '[[ "rule" ]]')
    assert line("rule", 1, "parts", 1, "n") == (25, "2")
    assert [TRICKY[o] for o in places["rule", 0, "name"].chars] == ["é", "\\", "\\", "q", "\\"]
    assert "".join(TRICKY[o] for o in places["rule", 1, "when"].chars) == "sent_1m > 1\n"
    assert len(places["about",].chars) == len(tomllib.loads(TRICKY)["about"])


def test_an_error_in_a_condition_of_several_lines_is_found_on_its_own_line() -> None:
    text = changed(
        'when = "strangers_1m >= ~10"',
        'when = """\n  strangers_1m >= ~10 and \\\n  sent_1min > 1\n  and \\u0073ent_1mim > 2\n"""',
    )
    assert [error.split(": ")[0] for error in errors_of(text)] == ["17:3", "18:7"]
    assert [error.split(": ")[0] for error in errors_of(text.replace("\n", "\r\n"))] == ["17:3", "18:7"]


_escapable = st.text(alphabet="ab \"'\\\t\n#[]={}é𝄞", max_size=12)


def _as_toml(value: object) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
        return f'"{escaped}"'
    if isinstance(value, list):
        return "[" + ", ".join(map(_as_toml, value)) + " ]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_as_toml(k)} = {_as_toml(v)}" for k, v in value.items()) + " }"
    return str(value)


@settings(max_examples=150)
@given(
    st.recursive(
        st.integers() | _escapable,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_escapable, inner, max_size=3),
        max_leaves=12,
    )
)
def test_every_value_of_a_document_has_its_place(value: object) -> None:
    text = f"first = 0 # x\n[[t]]\n v = {_as_toml(value)}\n"
    assert tomllib.loads(text)["t"][0]["v"] == value
    places = Places(text).found

    def check(value: object, path: tuple[str | int, ...]) -> None:
        assert text.startswith(_as_toml(value), places[path].value)
        if isinstance(value, str):
            assert len(places[path].chars) == len(value)
        items = (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        )
        for key, inner in items:
            check(inner, (*path, key))

    check(value, ("t", 0, "v"))


# --- Overlay and digest ---------------------------------------------------------------------------------


def test_an_own_file_replaces_adds_and_switches_off_rules() -> None:
    own = (
        'extends = "default"\n[[rule]]\nname = "many-new-people"\nenabled = false\n'
        + RULE.replace("burst", "clockwork")
        + RULE
    )
    policy = load_policy(own, "own.toml")
    names, shipped = [r.name for r in policy.rules], [r.name for r in SHIPPED.rules]
    assert names == [name for name in shipped if name != "many-new-people"] + ["burst"]
    assert str(policy.rules[names.index("clockwork")].when) == "strangers_1m >= ~10.0"
    assert (policy.name, policy.version) == ("default+own", SHIPPED.version)
    assert policy == overlay(SHIPPED, own)


def test_an_own_file_overrides_rungs_and_thresholds_one_by_one() -> None:
    own = (
        "[model.messaging]\nchallenge = 0.5\nban = false\n"
        '[ladder.lock]\nkeys = 2\n[ladder.warn]\ndurations = ["2h"]\n'
    )
    policy = overlay(SHIPPED, own)
    expected = list(SHIPPED.model[Stage.MESSAGING])
    expected[Rung.CHALLENGE], expected[Rung.BAN] = 0.5, math.inf
    assert policy.model[Stage.MESSAGING] == tuple(expected)
    assert policy.model[Stage.FEEDBACK] == SHIPPED.model[Stage.FEEDBACK]
    assert policy.ladder[Rung.LOCK] == replace(SHIPPED.ladder[Rung.LOCK], keys=2)
    assert policy.ladder[Rung.WARN].durations_s == (7_200.0,) * 3
    assert policy.rules == SHIPPED.rules


def test_an_overlay_is_checked_against_what_it_extends() -> None:
    head = 'extends = "default"\n'
    assert "3:13: challenge" not in (error := only_error(head + "[model.messaging]\nchallenge = 0.99\n"))
    assert re.match(r"3:13: budget at 0\.\d+ is no higher than challenge at 0\.99", error)
    assert only_error(head + '[[rule]]\nname = "clockwrk"\nenabled = false\n').endswith(
        'did you mean "clockwork"?'
    )
    assert only_error('extends = "other"\n') == (
        '1:11: only the shipped policy can be extended; write extends = "default"'
    )
    base = load_policy(changed("strangers_1m >= ~10", "first_contact_ratio_1d >= ~80%"), "own.toml")
    with pytest.raises(PolicyErrors, match='of rule "burst" out of reach'):
        overlay(base, "[randomisation]\nspread = 0.3\n")


def test_the_digest_changes_with_any_content_but_not_with_layout() -> None:
    text = HEAD + "[model.messaging]\nlock = 0.9\n" + RULE
    policy = load_policy(text, "own.toml")
    assert len(policy.digest) == 16
    assert int(policy.digest, 16) >= 0
    same = text.replace("strangers_1m >= ~10", "( strangers_1m  >=  ~10 )").replace(
        "[model", "# comment\n[model"
    )
    assert load_policy(same.replace('"6h"', '"360m"'), "other.toml").digest == policy.digest
    others = [
        ('name = "small"', 'name = "smaller"'),
        ('version = "1"', 'version = "2"'),
        ("0.15", "0.2"),
        ('"1d"\n', '"2d"\n'),
        ('"6h"', '"7h"'),
        ("lock = 0.9", "lock = 0.91"),
        ("~10", "10"),
        ("~10", "~11"),
        ("burst", "burst-x"),
        ('rung = "challenge"', 'rung = "lock"'),
        ("Wrote to", "Has written to"),
        ("many new", "new"),
        (">=", ">"),
        ('["messaging"]', '["feedback"]'),
    ]
    digests = {load_policy(text.replace(old, new), "own.toml").digest for old, new in others}
    assert len(digests | {policy.digest}) == len(others) + 1


def test_the_digest_is_the_same_on_every_machine() -> None:
    assert load_policy(HEAD + RULE, "own.toml").digest == "dc5a6323f47b3fe0"


# --- Arrays ---------------------------------------------------------------------------------------------


def run(arrays: PolicyArrays, rule: int, row: NDArray[np.float32], factor: float) -> bool:
    """What a kernel does with the arrays, in plain numpy, on a stack of MAX_TERMS."""
    stack = np.zeros(MAX_TERMS, np.bool_)
    top = 0
    for code in arrays.code[arrays.rule_start[rule] : arrays.rule_start[rule + 1]]:
        if code in (AND, OR):
            top -= 1
            pair = stack[top - 1 : top + 1]
            stack[top - 1] = pair.all() if code == AND else pair.any()
            continue
        value, threshold = row[arrays.predicate_feature[code]], arrays.predicate_threshold[code]
        if arrays.predicate_random[code]:
            threshold = threshold * np.float32(factor)
        missing = bool(np.isnan(value))
        stack[top] = [
            value >= threshold,
            value > threshold,
            value <= threshold,
            value < threshold,
            value == threshold,
            not missing,
            missing,
        ][arrays.predicate_op[code]]
        top += 1
    assert top == 1
    return bool(stack[0])


_comparison = st.builds(
    "{} {} {}{}".format,
    st.sampled_from(["sent_1m", "strangers_1h", "groups_created_1h", "declines_14d"]),
    st.sampled_from([">=", ">", "<=", "<"]),
    st.sampled_from(["", "~"]),
    st.sampled_from(["0", "1", "2.5", "0.1"]),
)
_term = _comparison | st.sampled_from(["known(sent_1m)", "unknown(declines_14d)", "sent_1m == 1"])
_condition = st.recursive(
    _term,
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner)
        | st.builds("not ({})".format, inner)
    ),
    max_leaves=20,
)


@settings(max_examples=150)
@given(
    st.lists(_condition, min_size=1, max_size=4),
    st.lists(st.sampled_from([math.nan, 0.0, 0.1, 1.0, 2.5, 3.0]), min_size=4, max_size=4),
    st.floats(0.85, 1.15),
)
def test_the_arrays_decide_as_the_plain_reading_does(
    texts: list[str], numbers: list[float], factor: float
) -> None:
    names = ["sent_1m", "strangers_1h", "groups_created_1h", "declines_14d"]
    conditions = [parse_condition(text)[0] for text in texts]
    rules = [
        Rule(f"r{i}", (Stage.MESSAGING,), condition, "velocity", Rung.WARN, "r", "n")
        for i, condition in enumerate(conditions)
        if condition is not None
    ]
    assert len(rules) == len(texts)
    arrays = compile_policy(replace(SHIPPED, rules=tuple(rules)))
    row = np.full(len(COLUMNS), np.nan, np.float32)
    for name, number in zip(names, numbers, strict=True):
        row[COLUMNS[name]] = number
    values = dict(zip(names, numbers, strict=True))
    for i, rule in enumerate(rules):
        assert run(arrays, i, row, factor) == evaluate(rule.when, values, factor)


def test_a_row_without_any_value_fires_no_shipped_rule() -> None:
    arrays = compile_policy(SHIPPED)
    row = np.full(len(COLUMNS), np.nan, np.float32)
    assert not any(run(arrays, i, row, 1.0) for i in range(len(SHIPPED.rules)))


def test_equal_comparisons_are_shared_between_rules() -> None:
    policy = load_policy(
        HEAD + RULE + RULE.replace("burst", "again") + RULE.replace("burst", "other").replace("~10", "10"),
        "own.toml",
    )
    arrays = compile_policy(policy)
    assert arrays.code.tolist() == [0, 0, 1]
    assert arrays.predicate_random.tolist() == [1, 0]
    assert arrays.rule_start.tolist() == [0, 1, 2, 3]


def test_arrays_have_the_shapes_and_types_that_kernels_rely_on() -> None:
    arrays = compile_policy(SHIPPED)
    n_rules, n_predicates = len(SHIPPED.rules), len(arrays.predicate_op)
    expected = {
        "predicate_feature": (np.int32, (n_predicates,)),
        "predicate_op": (np.uint8, (n_predicates,)),
        "predicate_threshold": (np.float32, (n_predicates,)),
        "predicate_random": (np.uint8, (n_predicates,)),
        "code": (np.int32, (arrays.rule_start[-1],)),
        "rule_start": (np.int32, (n_rules + 1,)),
        "rule_rung": (np.uint8, (n_rules,)),
        "rule_family": (np.uint8, (n_rules,)),
        "rule_stages": (np.uint8, (n_rules,)),
        "rung_keys": (np.uint8, (7,)),
        "rung_durations": (np.float64, (7, 3)),
        "score_threshold": (np.float32, (5, 7)),
    }
    for name, (dtype, shape) in expected.items():
        array = getattr(arrays, name)
        assert (array.dtype, array.shape) == (dtype, shape), name
        assert array.flags.c_contiguous
    assert arrays.rule_stages[[r.name for r in SHIPPED.rules].index("device-farm")] == 0b011
    assert FAMILIES[arrays.rule_family[0]] == SHIPPED.rules[0].family
    assert np.isinf(arrays.rung_durations[Rung.BAN]).all()
    assert np.isinf(arrays.score_threshold[:, Rung.ALLOW]).all()


def test_a_policy_without_rules_compiles_to_empty_arrays_of_the_same_types() -> None:
    arrays = compile_policy(load_policy(HEAD, "own.toml"))
    assert arrays.rule_start.tolist() == [0]
    assert arrays.code.dtype == np.int32
    assert arrays.predicate_threshold.dtype == np.float32
    assert arrays.code.shape == arrays.predicate_op.shape == (0,)


# --- The shipped policy ---------------------------------------------------------------------------------


def test_rungs_and_stages_are_each_explained() -> None:
    assert list(RUNG_MEANINGS) == list(Rung)
    assert list(STAGE_MEANINGS) == list(Stage)


def test_no_shipped_rule_counts_unfounded_reports_against_anyone() -> None:
    assert all(p.feature != "unfounded_reports_14d" for r in SHIPPED.rules for p in predicates(r.when))


def test_no_shipped_rule_takes_the_length_of_the_log_for_the_age_of_an_account() -> None:
    assert all(p.feature != "known_for" for r in SHIPPED.rules for p in predicates(r.when))


def test_typing_size_and_timing_never_act_without_strangers_who_stay_silent() -> None:
    for rule in SHIPPED.rules:
        if rule.family in ("typing", "size", "timing"):
            bounds = {p.feature for p in predicates(rule.when) if p.op in (Op.AT_LEAST, Op.BELOW)}
            assert any(feature.startswith("strangers_") for feature in bounds), rule.name
            assert bounds & {"trusted_reply_rate_14d", "trusted_answers_14d"}, rule.name
            assert rule.rung <= Rung.CHALLENGE, rule.name


def test_suspension_and_ban_can_be_reached_by_rules_of_several_families() -> None:
    assert {rule.family for rule in SHIPPED.rules if rule.rung >= Rung.SUSPEND} >= {
        "velocity",
        "first contact",
        "reciprocity",
        "feedback",
    }


def fired(
    values: Mapping[str, float], stage: Stage = Stage.MESSAGING, factor: float = 1.0
) -> dict[str, Rung]:
    assert set(values) <= set(COLUMNS), set(values) - set(COLUMNS)
    return {r.name: r.rung for r in SHIPPED.rules if stage in r.stages and evaluate(r.when, values, factor)}


def row(text: str) -> dict[str, float]:
    """Values written as ``feature=number`` or, for times, ``feature=5h``."""
    pairs = (item.split("=") for item in text.split())
    return {name: parse_duration(value) or float(value) for name, value in pairs}


MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0

HONEST: dict[str, str] = {
    "a newcomer greeting a hundred contacts in an afternoon": """
        account_age=5h sent_1m=3 sent_1h=45 sent_1d=140 sent_14d=150 strangers_1m=2 strangers_1h=32
        strangers_1d=95 strangers_14d=99 first_contact_ratio_1d=0.68 first_contact_ratio_14d=0.66
        stranger_gap_mean=130s answered_14d=55 trusted_answers_14d=50 reply_rate_14d=0.55
        trusted_reply_rate_14d=0.5 outstanding_14d=44 cold_outreach=-66 received_share_14d=0.4
        inbound_share_14d=0.1 session_gap_cv=0.8 same_size_share=0.4 untyped_strangers=0.3
        inactive_target_share=0.1 quiet_share=0.0 target_stranger_load=0.2
    """,
    "somebody with a new number, pasting one text to sixty people": """
        account_age=1h sent_1m=4 sent_1h=62 sent_1d=63 sent_14d=63 strangers_1m=3.5 strangers_1h=50
        strangers_1d=59 strangers_14d=60 first_contact_ratio_1d=0.9 first_contact_ratio_14d=0.9
        stranger_gap_mean=55s answered_14d=22 trusted_answers_14d=21 reply_rate_14d=0.36
        trusted_reply_rate_14d=0.35 cold_outreach=-32 inbound_share_14d=0.05 session_gap_cv=0.5
        same_size_share=0.95 untyped_strangers=0.97 received_share_14d=0.3
    """,
    "an organiser who invites sixty people": """
        account_age=400d invites_1h=55 invites_1d=62 invites_14d=64 declines_14d=3 decline_rate_14d=0.05
        groups_created_1h=1 groups_created_1d=2 strangers_1d=6 strangers_14d=9 trusted_reply_rate_14d=0.5
        first_contact_ratio_1d=0.2 cold_outreach=-4 joins_1d=1 inbound_share_14d=0.3
    """,
    "a shop with a thousand customers": """
        account_age=60d sent_1m=4 sent_1h=120 sent_1d=900 sent_14d=9000 received_14d=8500 strangers_1h=2
        strangers_1d=14 strangers_14d=120 inbound_strangers_14d=900 inbound_share_14d=0.88 answered_14d=60
        trusted_answers_14d=60 trusted_reply_rate_14d=0.5 reply_rate_14d=0.5 cold_outreach=-61
        same_size_share=0.8 first_contact_ratio_1d=0.02 first_contact_ratio_14d=0.01 session_gap_cv=0.7
        quiet_share=0.02 received_share_14d=0.49 untyped_strangers=0.5
    """,
    "holiday greetings to two hundred known contacts": """
        account_age=900d sent_1m=15 sent_1h=180 sent_1d=210 sent_14d=260 strangers_1m=1 strangers_1h=6
        strangers_1d=7 strangers_14d=8 first_contact_ratio_1d=0.03 trusted_reply_rate_14d=0.6
        same_size_share=1.0 cold_outreach=-6 session_gap_cv=0.5 untyped_strangers=1.0 received_share_14d=0.4
        inbound_share_14d=0.4
    """,
    "a victim of two hundred reporters who began the contact": """
        account_age=200d unfounded_reports_14d=200 reports_14d=0.3 blocks_14d=0.2 negative_1d=0.5
        negative_per_stranger=0.5 strangers_14d=1 trusted_reply_rate_14d=1.0 cold_outreach=-1.6
        inbound_share_14d=0.95
    """,
    "a traveller who changes networks all day": """
        account_age=500d network_changes_1h=6 network_changes_1d=20 strangers_1h=1 strangers_1d=2
        strangers_14d=3 trusted_reply_rate_14d=0.6 first_contact_ratio_1d=0.05 net_accounts=1400
        net_strikes_14d=20 net_abuse_rate=0.014 inbound_share_14d=0.5 cold_outreach=-2
    """,
    "an old account on a new phone writing to its friends": """
        account_age=500d device_changes_14d=1 device_age=1h strangers_1h=2 strangers_1d=2 strangers_14d=2
        first_contact_ratio_1d=0.05 trusted_reply_rate_14d=0.5 dormancy=3d cold_outreach=-1
    """,
}


@pytest.mark.parametrize("who", HONEST)
@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("factor", [0.85, 1.15])
def test_honest_people_are_left_alone(who: str, stage: Stage, factor: float) -> None:
    assert fired(row(HONEST[who]), stage, factor) == {}


@pytest.mark.parametrize(
    "sign_up",
    [
        {
            "reg_net_1h": 400,
            "net_accounts": 1_400,
            "reg_range_1h": 1,
            "reg_client_surge": 3,
            "reg_strikes": 40,
            "net_abuse_rate": 0.03,
            "device_registrations_14d": 1,
            "device_accounts": 1,
            "net_registrations_1h": 400,
        },
        {
            "reg_net_1h": 90,
            "net_accounts": 120,
            "reg_range_1h": 1.5,
            "reg_client_surge": 20,
            "reg_strikes": 0,
            "net_abuse_rate": 0.0,
            "device_registrations_14d": 1,
            "device_accounts": 1,
            "net_registrations_1h": 90,
        },
        {
            "reg_net_1h": 2,
            "net_accounts": 6,
            "reg_range_1h": 1,
            "device_registrations_14d": 3,
            "device_accounts": 4,
        },
    ],
    ids=["behind a carrier's address", "at a festival", "on the family's tablet"],
)
def test_honest_sign_ups_are_left_alone(sign_up: dict[str, float]) -> None:
    assert fired({"account_age": 0.0, **sign_up}, Stage.REGISTRATION) == {}


def test_a_hundred_messages_in_fifteen_seconds_from_a_newborn_turn_two_keys() -> None:
    values = {
        "account_age": 5 * MINUTE,
        "sent_1m": 92,
        "strangers_1m": 92,
        "first_contact_ratio_1d": 1.0,
        "stranger_gap_mean": 0.15,
        "trusted_answers_14d": 0,
        "trusted_reply_rate_14d": 0,
        "strangers_1h": 99,
        "strangers_1d": 100,
        "strangers_14d": 100,
    }
    hits = fired(values, factor=1.15)
    assert hits["blast-of-a-newborn"] is Rung.BAN
    assert hits["strangers-faster-than-fingers"] is Rung.SUSPEND
    families = {rule.family for rule in SHIPPED.rules if rule.name in hits}
    assert len(families) >= SHIPPED.ladder[Rung.BAN].keys


NEW: dict[str, float] = {
    "account_age": 2 * DAY,
    "first_contact_ratio_1d": 0.95,
    "first_contact_ratio_14d": 0.95,
    "trusted_answers_14d": 0.0,
    "trusted_reply_rate_14d": 0.05,
    "inbound_share_14d": 0.02,
}


@pytest.mark.parametrize(
    ("rule", "stage", "values"),
    [
        ("dozens-of-groups", Stage.MESSAGING, {"groups_created_1h": 36}),
        ("thousands-of-adds", Stage.MESSAGING, {"invites_1h": 2_000}),
        ("dozens-after-a-suspicious-sign-up", Stage.MESSAGING, {"strangers_1d": 30, "reg_range_1h": 9}),
        (
            "strangers-without-typing",
            Stage.MESSAGING,
            {"strangers_1h": 40, "untyped_strangers": 1, "trusted_reply_rate_14d": 0},
        ),
        (
            "neighbours-of-recent-abusers",
            Stage.MESSAGING,
            {"strangers_1d": 6, "net_strikes_14d": 9, "net_abuse_rate": 0.3},
        ),
        ("device-farm", Stage.REGISTRATION, {"device_accounts": 14, "device_registrations_14d": 12}),
        ("sim-farm", Stage.REGISTRATION, {"reg_range_1h": 14, "device_registrations_14d": 3}),
        ("client-surge", Stage.REGISTRATION, {"reg_client_surge": 12, "reg_range_1h": 12}),
        ("cold-outreach-suspected", Stage.MESSAGING, {"cold_outreach": 6, "strangers_14d": 11}),
        ("slow-drip", Stage.MESSAGING, {"strangers_14d": 40, "stranger_gap_mean": 3 * HOUR}),
        ("clockwork", Stage.MESSAGING, {"session_gap_cv": 0.31, "strangers_14d": 20}),
        ("one-text-for-all", Stage.MESSAGING, {"same_size_share": 1, "strangers_1d": 14}),
        ("dead-numbers", Stage.MESSAGING, {"inactive_target_share": 0.45, "strangers_14d": 12}),
        ("declined-adds", Stage.MESSAGING, {"declines_14d": 12, "decline_rate_14d": 0.4, "invites_14d": 30}),
        ("join-and-scrape", Stage.MESSAGING, {"joins_1d": 9, "strangers_1d": 12}),
        ("complaints", Stage.FEEDBACK, {"negative_1d": 5, "negative_per_stranger": 0.3, "strangers_14d": 17}),
        (
            "strangers-from-a-new-device",
            Stage.MESSAGING,
            {"device_changes_14d": 1, "device_age": HOUR, "strangers_1h": 40},
        ),
        ("woken-account", Stage.MESSAGING, {"dormancy": 40 * DAY, "strangers_1h": 20}),
        (
            "answers-only-from-its-own",
            Stage.MESSAGING,
            {"answered_14d": 15, "reply_rate_14d": 0.5, "outstanding_14d": 15},
        ),
        ("rotating-networks", Stage.MESSAGING, {"network_changes_1h": 8, "strangers_1h": 15}),
        ("forwarded-to-strangers", Stage.MESSAGING, {"forwarded_share": 1, "strangers_1d": 20}),
        ("member-of-a-campaign", Stage.CAMPAIGN, {"campaign_score": 1, "strangers_14d": 8}),
    ],
)
def test_what_attackers_do_is_met_by_its_rule(rule: str, stage: Stage, values: dict[str, float]) -> None:
    assert rule in fired({**NEW, **values}, stage, factor=1.15)
    assert rule in fired({**NEW, **values}, stage, factor=0.85)


def test_reasons_of_the_shipped_rules_read_as_sentences() -> None:
    row = dict.fromkeys((f.name for f in FEATURES), 0.5) | {"score": 0.9}
    for rule in SHIPPED.rules:
        for values in (row, {}):
            text = rule.describe(values)
            assert "{" not in text
            assert text.endswith(".")
        assert rule.notice.endswith(".")


def test_the_shipped_policy_extends_nothing_and_names_existing_features() -> None:
    assert "extends" not in tomllib.loads(shipped_policy_text())
    assert len(SHIPPED.rules) >= 25
    assert {p.feature for r in SHIPPED.rules for p in predicates(r.when)} <= set(FEATURE_INDEX) | {"score"}


def test_policies_are_values() -> None:
    again = load_policy(shipped_policy_text(), "elsewhere.toml")
    assert isinstance(again, Policy)
    assert again == SHIPPED
    assert again.digest == SHIPPED.digest
    assert hash(again) == hash(SHIPPED)


DOCUMENTATION = (Path(__file__).parents[2] / "docs" / "policy.md").read_text("utf-8")


def test_the_example_of_the_documentation_loads() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", DOCUMENTATION, re.DOTALL)
    policy = load_policy(example, "docs/policy.md")
    assert policy.name == "our-messenger"
    assert len(policy.rules) == len(SHIPPED.rules) - 1
    assert policy.model[Stage.MESSAGING][Rung.BAN] == math.inf


def test_the_documentation_names_every_family_stage_and_rung_and_explains_rungs_in_the_same_words() -> None:
    for word in (*FAMILIES, *(stage.word for stage in Stage)):
        assert f"`{word}`" in DOCUMENTATION
    for rung, meaning in RUNG_MEANINGS.items():
        assert f"| `{rung.word}` | {meaning}" in DOCUMENTATION
