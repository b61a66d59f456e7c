"""The budget: so many first contacts in any 24 hours, a reply gives one back, and no more than so many messages."""

import module_source  # noqa: F401 -- makes the next import possible
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tidegate_synapse.budget import DAY_S, FirstContacts, MessageRate

NOW_S = 1_800_000_000.0


def test_contacts_run_out_and_come_back_a_day_after_each_was_made() -> None:
    contacts = FirstContacts(2)
    assert contacts.charge("ann", NOW_S) and contacts.charge("bea", NOW_S + 100)
    assert not contacts.charge("cas", NOW_S + 200)
    assert contacts.wait_s(NOW_S + 200) == DAY_S - 200
    assert contacts.charge("cas", NOW_S + DAY_S)
    assert not contacts.charge("dan", NOW_S + DAY_S + 99)
    assert contacts.charge("dan", NOW_S + DAY_S + 100)


def test_the_same_contact_is_charged_once() -> None:
    contacts = FirstContacts(1)
    assert contacts.charge("ann", NOW_S) and contacts.charge("ann", NOW_S + 1)
    assert contacts.left(NOW_S + 1) == 0


def test_a_reply_refunds_its_own_contact_once() -> None:
    contacts = FirstContacts(1)
    contacts.charge("ann", NOW_S)
    assert not contacts.refund("bea")
    assert contacts.refund("ann") and not contacts.refund("ann")
    assert contacts.charge("bea", NOW_S + 1)
    assert not contacts.charge("cas", NOW_S + 2)


def test_a_budget_of_nothing_lets_nobody_be_contacted() -> None:
    contacts = FirstContacts(0)
    assert not contacts.charge("ann", NOW_S)
    assert contacts.wait_s(NOW_S) == DAY_S


@given(
    limit=st.integers(0, 5),
    steps=st.lists(st.tuples(st.integers(0, 12), st.floats(0.0, 20_000.0)), max_size=80),
)
def test_never_more_than_the_limit_within_any_day(limit: int, steps: list[tuple[int, float]]) -> None:
    contacts, now_s, made = FirstContacts(limit), NOW_S, list[tuple[int, float]]()
    for person, pause_s in steps:
        now_s += pause_s
        was_paid = contacts.left(now_s) >= 0 and contacts.is_paid(str(person))
        if contacts.charge(str(person), now_s) and not was_paid:
            made.append((person, now_s))
        recent = [at_s for _, at_s in made if now_s - at_s < DAY_S]
        assert len(recent) <= limit
        assert contacts.left(now_s) == limit - len(recent)


def test_messages_may_come_in_a_burst_and_then_at_the_stated_pace() -> None:
    rate = MessageRate(6)
    assert [rate.take(NOW_S) for _ in range(6)] == [0.0] * 6
    assert rate.take(NOW_S) == pytest.approx(10.0)
    assert rate.take(NOW_S + 9.0) == pytest.approx(1.0)
    assert rate.take(NOW_S + 10.0) == 0.0
    assert rate.take(NOW_S + 10.0) > 0.0


def test_a_long_pause_does_not_save_up_more_than_a_minute() -> None:
    rate = MessageRate(3)
    rate.take(NOW_S)
    assert [rate.take(NOW_S + 1e6) for _ in range(4)][:3] == [0.0] * 3
    assert rate.take(NOW_S + 1e6) > 0.0


def test_a_clock_set_back_gives_nothing_and_breaks_nothing() -> None:
    rate = MessageRate(1)
    assert rate.take(NOW_S) == 0.0
    assert rate.take(NOW_S - 3600.0) > 0.0
    assert rate.take(NOW_S - 3540.0) == 0.0
