"""What the page tells about dates and about changes since a determination."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from held_facts import AFTER, DECIDER, NOW, claim, exhibit, facts, finding, link

from tidegate.desk.evidence.grounds import NOTICE_2019, Confirmed, Facts, Subject, determine
from tidegate.desk.evidence.steps.changes import changes
from tidegate.desk.evidence.steps.dates import Side, dates_of, side_of

RULES = NOTICE_2019


@pytest.mark.parametrize(
    ("at", "side"),
    [
        (None, Side.UNDATED),
        (RULES.safely_before - timedelta(microseconds=1), Side.BEFORE),
        (RULES.safely_before, Side.ON),
        (datetime(2019, 12, 7, 12, tzinfo=UTC), Side.ON),
        (RULES.safely_after - timedelta(microseconds=1), Side.ON),
        (RULES.safely_after, Side.AFTER),
    ],
)
def test_a_moment_falls_on_one_side_of_the_cut_off_day(at: datetime | None, side: Side) -> None:
    assert side_of(at, RULES) is side


def test_each_finding_has_three_dates_and_each_exhibit_one() -> None:
    shown = dates_of(facts(findings=(finding(),)), RULES)
    assert [one.about for one in shown] == ["exhibit", "finding", "finding", "finding"]
    assert all(one.counts for one in shown)
    assert "2019-12-08 12:00 UTC" in shown[0].means


def test_what_is_only_proposed_does_not_count() -> None:
    shown = dates_of(facts(links=(link(state=Confirmed.PROPOSED),)), RULES)
    assert [one.counts for one in shown] == [False]


def since(now: Facts) -> list[str]:
    return changes(determine(facts(), RULES, DECIDER, NOW).inputs, now, RULES)


def test_nothing_has_changed() -> None:
    assert since(facts()) == []


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (facts(subject=Subject.INDIVIDUAL), "The subject is now individual, it was company."),
        (
            facts(links=(link(state=Confirmed.REJECTED),)),
            "Changed: link l1 by phone, domain (rejected): state is now rejected, it was confirmed.",
        ),
        (
            facts(exhibits=(exhibit(), exhibit("c" * 64, AFTER))),
            "New: exhibit cccccccccccc, observed 2020-05-01T00:00:00.000000+00:00.",
        ),
        (
            facts(exhibits=(exhibit(weak=True),)),
            "Changed: exhibit aaaaaaaaaaaa, observed 2020-05-01T00:00:00.000000+00:00: weak is now yes, it was no.",
        ),
        (facts(claims=()), "Gone: quote bbbbbbbbbbbb in exhibit aaaaaaaaaaaa (confirmed)."),
        (facts(account="a1", account_signals=("s",)), "A signal about the account is new: s."),
        (facts(findings=(finding(),)), "New: finding about acc1 of 2020-05-01T00:00:00.000000+00:00."),
    ],
)
def test_a_change_is_told_in_words(now: Facts, said: str) -> None:
    assert said in since(now)


def test_whatever_differs_is_told() -> None:
    """Also what the words have no place for: an exhibit that is held twice, another version of the rules."""
    twice = facts(exhibits=(exhibit(), exhibit()))
    assert since(twice)
    frozen = determine(facts(), RULES, DECIDER, NOW).inputs
    assert changes(frozen, facts(), replace(RULES, version="2"))
    many = tuple(claim(quote_sha256=f"{number:064x}") for number in range(100))
    told = since(facts(claims=many))
    assert told[-1] == "And 61 more."
