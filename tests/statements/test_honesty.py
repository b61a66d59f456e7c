"""A list is ordered by how honest accounts look; what a sender does alone does not make it look better."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tidegate.engine.features import DAY_S, FEATURE_INDEX, FEATURES
from tidegate.engine.rows import WIDTH
from tidegate.statements.honesty import honesty

NUMBERS = st.floats(0.0, 1e6, width=32) | st.just(float("nan"))


def row(**values: float) -> NDArray[np.float32]:
    made = np.full((1, WIDTH), np.nan, np.float32)
    for name, value in values.items():
        made[0, FEATURE_INDEX[name]] = value
    return made


def looks(**values: float) -> float:
    return float(honesty(row(**values))[0])


FRIENDLY = {
    "strangers_14d": 10.0,
    "answered_14d": 6.0,
    "inbound_strangers_14d": 4.0,
    "account_age": 90 * DAY_S,
}


@given(st.lists(NUMBERS, min_size=len(FEATURES), max_size=len(FEATURES)))
def test_it_lies_between_0_and_1_whatever_is_missing(values: list[float]) -> None:
    made = np.array([[*values, np.nan]], np.float32)
    assert 0.0 <= float(honesty(made)[0]) <= 1.0


def test_people_among_friends_come_before_those_whom_nobody_answers() -> None:
    assert looks(**FRIENDLY) > 0.8
    assert looks(strangers_14d=500.0, answered_14d=2.0, account_age=DAY_S) < 0.15
    assert (
        looks(**FRIENDLY)
        > looks(**FRIENDLY | {"answered_14d": 1.0})
        > looks(**FRIENDLY | {"answered_14d": 1.0, "account_age": DAY_S})
    )


def test_complaints_make_it_look_worse_reports_more_than_blocks() -> None:
    clean, blocked = looks(**FRIENDLY), looks(**FRIENDLY, blocks_14d=2.0)
    assert clean > blocked > looks(**FRIENDLY, reports_14d=2.0)


def test_sending_more_or_faster_does_not_change_it() -> None:
    assert looks(**FRIENDLY) == looks(**FRIENDLY, sent_1m=100.0, sent_14d=1e4, typing_ratio_1d=3.0)
