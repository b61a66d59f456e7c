"""What the condition language accepts, what it means, and what it says when something is wrong."""

import math
import operator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.engine.features import FEATURE_INDEX, FEATURES
from tidegate.engine.policy.conditions import (
    COLUMNS,
    MAX_TERMS,
    SCORE_COLUMN,
    AllOf,
    AnyOf,
    Condition,
    Op,
    Predicate,
    evaluate,
    predicates,
)
from tidegate.engine.policy.language import MAX_NESTING, parse_condition
from tidegate.engine.policy.units import describe_value, parse_duration


def parsed(text: str) -> Condition:
    condition, problems = parse_condition(text)
    assert not problems, problems
    assert condition is not None
    return condition


def only_problem(text: str, spread: float = 0.0) -> tuple[int, str, str]:
    condition, problems = parse_condition(text, spread)
    assert condition is None
    assert len(problems) == 1, problems
    return problems[0].offset, problems[0].what, problems[0].right


def test_and_binds_tighter_than_or_and_not_tighter_than_both() -> None:
    assert parsed("sent_1m > 1 or sent_1h > 2 and not sent_1d > 3") == AnyOf(
        (
            Predicate("sent_1m", Op.ABOVE, 1.0),
            AllOf((Predicate("sent_1h", Op.ABOVE, 2.0), Predicate("sent_1d", Op.AT_MOST, 3.0))),
        )
    )
    assert parsed("(sent_1m > 1 or sent_1h > 2) and sent_1d > 3") == AllOf(
        (
            AnyOf((Predicate("sent_1m", Op.ABOVE, 1.0), Predicate("sent_1h", Op.ABOVE, 2.0))),
            Predicate("sent_1d", Op.ABOVE, 3.0),
        )
    )


@pytest.mark.parametrize(
    ("text", "threshold"),
    [
        ("account_age <= 90s", 90.0),
        ("account_age <= 10m", 600.0),
        ("account_age <= 1.5h", 5_400.0),
        ("account_age <= 3d", 259_200.0),
        ("account_age <= 2w", 1_209_600.0),
        ("first_contact_ratio_1d >= 80%", 0.8),
        ("first_contact_ratio_1d >= 0.8", 0.8),
        ("first_contact_ratio_1d >= 7%", 0.07),
        ("sent_1d >= 2k", 2_000.0),
        ("session_gap_cv < 60%", 0.6),
        ("burstiness <= -0.3", -0.3),
        ("cold_outreach >= -2.5", -2.5),
        ("score >= 0.97", 0.97),
    ],
)
def test_a_number_is_read_in_the_unit_of_its_feature(text: str, threshold: float) -> None:
    condition = parsed(text)
    assert isinstance(condition, Predicate)
    assert condition.threshold == threshold


def test_a_tilde_marks_a_threshold_and_the_factor_moves_it() -> None:
    condition = parsed("sent_1m >= ~50")
    assert condition == Predicate("sent_1m", Op.AT_LEAST, 50.0, random=True)
    assert evaluate(condition, {"sent_1m": 55.0})
    assert not evaluate(condition, {"sent_1m": 55.0}, factor=1.15)
    assert evaluate(condition, {"sent_1m": 45.0}, factor=0.85)
    assert not evaluate(parsed("sent_1m >= 50"), {"sent_1m": 45.0}, factor=0.85)


def test_a_missing_value_makes_a_comparison_false_and_its_negation_too() -> None:
    for symbol in (">=", ">", "<=", "<", "=="):
        for values in ({}, {"account_age": math.nan}):
            assert not evaluate(parsed(f"account_age {symbol} 7d"), values)
            assert not evaluate(parsed(f"not account_age {symbol} 7d"), values)
    assert evaluate(parsed("not (account_age <= 7d and sent_1m >= 5)"), {"sent_1m": 4.0})
    assert not evaluate(parsed("not (account_age <= 7d or sent_1m >= 5)"), {"sent_1m": 4.0})


def test_missing_values_can_be_asked_for_by_name_only() -> None:
    assert evaluate(parsed("unknown(account_age)"), {})
    assert not evaluate(parsed("known(account_age)"), {})
    assert evaluate(parsed("not known(account_age)"), {"account_age": math.nan})
    assert evaluate(parsed("not unknown(account_age)"), {"account_age": 0.0})


def test_not_equal_is_below_or_above() -> None:
    condition = parsed("not groups_created_1h == 3")
    assert evaluate(condition, {"groups_created_1h": 2.0})
    assert evaluate(condition, {"groups_created_1h": 4.0})
    assert not evaluate(condition, {"groups_created_1h": 3.0})


def test_the_score_is_the_column_after_the_features() -> None:
    assert SCORE_COLUMN == len(FEATURES) == COLUMNS["score"]
    assert {name: COLUMNS[name] for name in FEATURE_INDEX} == FEATURE_INDEX


def test_values_and_thresholds_are_compared_as_float32() -> None:
    assert evaluate(
        parsed("first_contact_ratio_1d >= 0.7"), {"first_contact_ratio_1d": float(np.float32(0.7))}
    )
    assert evaluate(parsed("first_contact_ratio_1d == 0.7"), {"first_contact_ratio_1d": 0.7})


@pytest.mark.parametrize(
    ("text", "offset", "what", "right"),
    [
        ("sent_1min > 5", 0, 'unknown feature "sent_1min"', 'did you mean "sent_1m"?'),
        ("zzz > 5", 0, 'unknown feature "zzz"', "every name is listed in the feature reference"),
        ("known(acount_age)", 6, 'unknown feature "acount_age"', 'did you mean "account_age"?'),
        (
            "sent_1m >= 5m",
            12,
            'unit "m" does not fit sent_1m',
            "sent_1m is a number of messages: write 50 or 2k",
        ),
        (
            "sent_1m >= 5%",
            12,
            'unit "%" does not fit sent_1m',
            "sent_1m is a number of messages: write 50 or 2k",
        ),
        ("account_age < 600", 14, "600 has no unit", "account_age is a time: write 30s, 10m, 6h, 3d or 2w"),
        (
            "account_age < 6min",
            15,
            'unknown unit "min"',
            "account_age is a time: write 30s, 10m, 6h, 3d or 2w",
        ),
        ("account_age < 6 m", 16, "a space before the unit", "write 6m"),
        (
            "quiet_share > 80",
            14,
            "80 is out of range",
            "quiet_share is a share from 0 to 1: write 0.8 or 80%",
        ),
        ("sent_1m > -1", 10, "-1 is out of range", "sent_1m is a number of messages: write 50 or 2k"),
        ("score > 2", 8, "2 is out of range", "score is a share from 0 to 1: write 0.8 or 80%"),
        ("1 < sent_1m < 5", 0, '"1" cannot stand here', "expected a feature's name first"),
        ("sent_1m > 1 < 5", 12, "comparisons cannot be chained", "write both and join them with and"),
        ("sent_1m > sent_1h", 10, "a feature can only be compared with a number", "replace sent_1h"),
        ("sent_1m = 5", 8, '"=" is not part of the language', 'for "equal" write =='),
        ("sent_1m != 5", 8, '"!=" is not part of the language', "write: not feature == number"),
        ("sent_1m > 5 && sent_1h > 5", 12, '"&&" is not part of the language', "write and"),
        ("sent_1m ≥ 5", 8, '"≥" is not part of the language', "write >="),
        ("sent_1m > 5 AND sent_1h > 5", 12, '"AND" cannot stand here', "write and in small letters"),
        ("Not sent_1m > 5", 0, '"Not" cannot stand here', "write not in small letters"),
        ("sent_1m > 5 sent_1h > 5", 12, '"sent_1h" cannot stand here', "expected and, or, or the end"),
        ("sent_1m", 7, "the condition ends too early", "expected a comparison after sent_1m"),
        ("sent_1m >", 9, "the condition ends too early", "expected a number"),
        ("sent_1m > 5 and", 15, "the condition ends too early", "expected a comparison such as"),
        ("", 0, "the condition ends too early", "expected a comparison such as"),
        ("(sent_1m > 5", 0, "this ( is never closed", "close it with )"),
        ("sent_1m > 5)", 11, "this ) closes nothing", "remove it"),
        ("known sent_1m", 6, '"sent_1m" cannot stand here', "expected known(feature)"),
        ("sent_1m == ~5", 12, "an exact comparison cannot be randomised", "remove the ~"),
        ("sent_1m > 99999999999999", 10, "99999999999999 is out of range", "sent_1m is a number"),
        ("unfounded_reports_14d > 9", 0, "unfounded_reports_14d may never count against", "only < or <="),
        (
            "not unfounded_reports_14d <= 9",
            4,
            "unfounded_reports_14d may never count against",
            "only < or <=",
        ),
        ("unfounded_reports_14d == 9", 0, "unfounded_reports_14d may never count against", "only < or <="),
    ],
)
def test_an_error_points_at_the_place_and_says_what_would_be_right(
    text: str, offset: int, what: str, right: str
) -> None:
    found = only_problem(text)
    assert found[0] == offset
    assert found[1].startswith(what)
    assert right in found[2]


def test_unfounded_reports_may_speak_for_an_account() -> None:
    assert evaluate(parsed("unfounded_reports_14d < 5"), {"unfounded_reports_14d": 2.0})


def test_all_wrong_names_and_units_of_a_condition_are_found_at_once() -> None:
    _, problems = parse_condition("sent_1min > 5 and account_age < 5 and (quiet_share > 9 or nothing > 1)")
    assert [p.offset for p in problems] == [0, 32, 53, 58]


def test_a_randomised_bound_that_could_move_out_of_reach_is_refused() -> None:
    offset, what, right = only_problem("first_contact_ratio_1d >= ~0.9", spread=0.15)
    assert (offset, right) == (27, "at most ~0.86, or remove the ~")
    assert "first_contact_ratio_1d never does" in what
    assert parse_condition("first_contact_ratio_1d >= ~0.86", spread=0.15)[1] == []
    assert parse_condition("first_contact_ratio_1d <= ~0.9", spread=0.15)[1] == []


def test_terms_nesting_and_length_are_limited() -> None:
    most = " and ".join(["sent_1m > 1"] * MAX_TERMS)
    assert len(list(predicates(parsed(most)))) == MAX_TERMS
    assert "65 terms" in only_problem(most + " and sent_1m > 1")[1]
    # "not ==" is two comparisons
    assert (
        "65 terms"
        in only_problem(" and ".join(["sent_1m > 1"] * (MAX_TERMS - 1)) + " and not sent_1m == 1")[1]
    )
    assert parsed("(" * MAX_NESTING + "sent_1m > 1" + ")" * MAX_NESTING) == Predicate(
        "sent_1m", Op.ABOVE, 1.0
    )
    assert "nested too deeply" in only_problem("(" * 1_900 + "sent_1m > 1" + ")" * 1_900)[1]
    assert "nested too deeply" in only_problem("not " * 900 + "sent_1m > 1")[1]
    assert "4,000 is the limit" in only_problem("sent_1m > 1" + " " * 4_000)[2]


@given(st.text(alphabet="sent_1m account_age<>=~()andornot0123456789.%khdw&|!-\n≥ ", max_size=60))
def test_no_text_makes_the_parser_fail_otherwise_than_with_a_problem_inside_it(text: str) -> None:
    condition, problems = parse_condition(text)
    assert (condition is None) == bool(problems)
    assert all(0 <= problem.offset <= len(text) for problem in problems)


@pytest.mark.parametrize(
    ("feature", "value", "shown"),
    [
        ("account_age", 300.0, "5 minutes"),
        ("account_age", 60.0, "1 minute"),
        ("account_age", 59.9, "1 minute"),
        ("account_age", 5_400.0, "1.5 hours"),
        ("account_age", 0.2, "under a second"),
        ("account_age", 86_400.0 * 1_234, "1,234 days"),
        ("account_age", math.nan, "unknown"),
        ("sent_1m", 92.3, "92"),
        ("sent_1d", 12_345.0, "12,345"),
        ("sent_1m", 0.3, "under 1"),
        ("sent_1m", math.nan, "an unknown number of"),
        ("negative_1d", 2.25, "2.2"),
        ("first_contact_ratio_1d", 0.834, "83%"),
        ("session_gap_cv", 0.312, "0.31"),
        ("score", 0.987, "0.99"),
    ],
)
def test_values_are_shown_as_a_reviewer_reads_them(feature: str, value: float, shown: str) -> None:
    assert describe_value(feature, value) == shown


def test_every_feature_can_be_shown_and_compared() -> None:
    for feature in FEATURES:
        number = "1m" if feature.unit == "seconds" else "0.5"
        assert parse_condition(f"{feature.name} < {number}")[1] == []
        assert describe_value(feature.name, 0.5)
    with pytest.raises(KeyError):
        describe_value("sent_1min", 1.0)


def test_a_length_of_time_needs_its_unit() -> None:
    assert parse_duration("1.5d") == 129_600.0
    for wrong in ("", "1", "d", "1 d", "1x", "-1d", "1dd", "٣d"):
        assert parse_duration(wrong) is None


_names = st.sampled_from(["sent_1m", "sent_1h", "strangers_1m", "declines_14d"])


@st.composite
def written(draw: st.DrawFn, depth: int = 3) -> tuple[str, object]:
    """A condition as text beside an independent reading of it: a nested tuple."""
    kind = draw(st.sampled_from(["compare", "known", "not", "and", "or"] if depth else ["compare", "known"]))
    if kind == "compare":
        name, symbol, number = (
            draw(_names),
            draw(st.sampled_from([">=", ">", "<=", "<", "=="])),
            draw(st.integers(0, 3)),
        )
        return f"{name} {symbol} {number}", (symbol, name, number)
    if kind == "known":
        word, name = draw(st.sampled_from(["known", "unknown"])), draw(_names)
        return f"{word}({name})", (word, name)
    if kind == "not":
        text, tree = draw(written(depth - 1))
        return f"not ({text})", ("not", tree)
    (left, a), (right, b) = draw(written(depth - 1)), draw(written(depth - 1))
    return f"({left}) {kind} ({right})", (kind, a, b)


def reading(tree: object, values: dict[str, float]) -> bool:
    """Two-valued logic, for rows in which nothing is missing."""
    assert isinstance(tree, tuple)
    match tree:
        case ("not", inner):
            return not reading(inner, values)
        case ("and", a, b):
            return reading(a, values) and reading(b, values)
        case ("or", a, b):
            return reading(a, values) or reading(b, values)
        case ("known", _):
            return True
        case ("unknown", _):
            return False
        case (symbol, name, number):
            compare = {
                ">=": operator.ge,
                ">": operator.gt,
                "<=": operator.le,
                "<": operator.lt,
                "==": operator.eq,
            }
            return bool(compare[symbol](values[name], number))
    raise AssertionError(tree)


@settings(max_examples=200)
@given(written(), st.lists(st.integers(0, 3), min_size=4, max_size=4))
def test_where_nothing_is_missing_the_language_is_plain_logic(
    text_and_tree: tuple[str, object], numbers: list[int]
) -> None:
    text, tree = text_and_tree
    values = dict(
        zip(["sent_1m", "sent_1h", "strangers_1m", "declines_14d"], map(float, numbers), strict=True)
    )
    assert evaluate(parsed(text), values) == reading(tree, values)


@settings(max_examples=200)
@given(written())
def test_where_everything_is_missing_only_unknown_can_make_a_condition_true(
    text_and_tree: tuple[str, object],
) -> None:
    condition = parsed(text_and_tree[0])
    if evaluate(condition, {}):
        assert any(p.op is Op.UNKNOWN for p in predicates(condition))
