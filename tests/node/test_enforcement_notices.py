"""What account holders are told: plain, complete, and nothing to tune against."""

import re

import pytest
from ledger_cases import HOUR, NOW

from tidegate.engine.rungs import Rung
from tidegate.node.enforcement import ALLOWED, Measure
from tidegate.node.notices import notice

LIMITS = [rung for rung in Rung if rung is not Rung.ALLOW]


@pytest.mark.parametrize("rung", LIMITS)
@pytest.mark.parametrize("until_s", [None, NOW + HOUR])
def test_every_rung_has_words_and_says_what_can_be_done(rung: Rung, until_s: float | None) -> None:
    words = notice(Measure(rung, until_s), Rung.ALLOW)
    assert "{" not in words
    assert "look at it" in words
    if rung is not Rung.WARN:
        assert "not because of what they say" in words
        assert ("2 February 2026, 03:40 UTC" in words) == (until_s is not None)


@pytest.mark.parametrize("rung", LIMITS)
def test_no_number_is_told_that_could_be_tuned_against(rung: Rung) -> None:
    assert not re.search(r"\d", notice(Measure(rung, None), Rung.ALLOW))


@pytest.mark.parametrize("previous", Rung)
def test_an_end_is_told_when_there_was_something_to_end(previous: Rung) -> None:
    words = notice(ALLOWED, previous)
    assert bool(words) == (previous > Rung.WARN)
    assert ("opened again" in words) == (previous is Rung.BAN)


def test_a_milder_measure_says_that_it_is_one() -> None:
    assert notice(Measure(Rung.BUDGET, None), Rung.LOCK).startswith(
        "Your account is limited less than before."
    )
    assert "less than before" not in notice(Measure(Rung.LOCK, None), Rung.BUDGET)
