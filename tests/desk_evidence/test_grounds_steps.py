"""What the software refuses, and what it lets a person do."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from held_facts import (
    AFTER,
    BEFORE,
    COUNSEL,
    DECIDER,
    NOW,
    SECOND,
    claim,
    exhibit,
    facts,
    finding,
    link,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.desk.evidence.grounds import (
    NOTICE_2019,
    Action,
    Confirmed,
    Decider,
    DeciderKind,
    Facts,
    GroundError,
    Link,
    OffPlatform,
    OnPlatform,
    RefusedStepError,
    Step,
    Strength,
    Subject,
    SubjectRole,
    determine,
    in_force,
    read,
    refusals,
    require,
)
from tidegate.desk.evidence.grounds.determination import digest, held

SOFTWARE = Decider("classifier 7", DeciderKind.SOFTWARE)


def step(held_facts: Facts, action: Action = Action.LETTER, **changes: Any) -> Step:
    values: dict[str, Any] = {
        "action": action,
        "by": DECIDER,
        "facts": held_facts,
        "rules": NOTICE_2019,
        "determination": determine(held_facts, NOTICE_2019, DECIDER, NOW),
        "second": SECOND,
    }
    return Step(**values | changes)


def codes(one: Step) -> set[str]:
    return {refusal.code for refusal in refusals(one)}


# -- what goes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", [Action.LETTER, Action.SUIT])
def test_a_person_and_a_second_one_may_write_to_a_company_on_its_own_dated_offer(action: Action) -> None:
    require(step(facts(), action))


def test_linked_abuse_on_the_messenger_carries_a_letter_whatever_its_date() -> None:
    for at in (BEFORE, AFTER):
        require(step(facts(exhibits=(), claims=(), findings=(finding(at),))))


def test_a_classifier_ban_goes_on_without_a_determination_or_a_person() -> None:
    held_facts = facts(account="acc1", account_signals=("model 7: 0.99",), exhibits=(), claims=())
    require(step(held_facts, Action.TERMINATE, by=SOFTWARE, determination=None, second=None))


def test_against_an_individual_seen_elsewhere_only_counsel_decides() -> None:
    person = facts(subject=Subject.INDIVIDUAL)
    assert codes(step(person)) == {"counsel"}
    require(step(person, counsel=COUNSEL))


# -- what is refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "held_facts"),
    [
        ("name_match", facts(links=(link(("name",)),))),
        ("name_match", facts(links=(link(("name",)),), findings=(finding(),))),
        ("weak_exhibit", facts(exhibits=(exhibit(weak=True),))),
        ("weak_exhibit", facts(exhibits=(exhibit(at=None),))),
        ("implicit_claim", facts(claims=(claim(strength=Strength.IMPLICIT),))),
        ("not_granted", facts(links=(link(state=Confirmed.PROPOSED),))),
        ("not_granted", facts(links=(link(state=Confirmed.REJECTED),))),
        ("not_granted", facts(claims=(claim(offers=False),))),
        ("not_granted", facts(claims=(claim(state=Confirmed.PROPOSED),))),
        ("not_granted", facts(exhibits=(exhibit(at=BEFORE),))),
        ("not_granted", facts(subject=Subject.UNIDENTIFIED)),
        ("not_granted", facts(subject=Subject.UNIDENTIFIED, findings=(finding(),))),
    ],
)
@pytest.mark.parametrize("action", [Action.LETTER, Action.SUIT])
def test_a_letter_or_a_suit_is_refused_with_words(action: Action, code: str, held_facts: Facts) -> None:
    with pytest.raises(RefusedStepError) as refused:
        require(step(held_facts, action))
    assert code in {refusal.code for refusal in refused.value.refusals}
    assert all(len(refusal.words.split()) > 5 for refusal in refused.value.refusals)


def test_a_name_match_with_an_account_does_not_make_an_individual_a_defendant() -> None:
    """A sound exhibit beside it leaves the individual where counsel decides."""
    links = (link(), Link("l2", ("name",), Confirmed.CONFIRMED, "officer"))
    person = facts(subject=Subject.INDIVIDUAL, links=links, findings=(finding(link="l2"),))
    assert codes(step(person)) == {"counsel"}


def test_a_suit_never_goes_by_itself() -> None:
    assert codes(step(facts(), Action.SUIT, by=SOFTWARE)) == {"automatic"}
    assert "no_determination" in codes(step(facts(), Action.SUIT, determination=None))


@pytest.mark.parametrize("second", [None, DECIDER, Decider(" Officer "), SOFTWARE, Decider("")])
def test_a_letter_needs_a_second_person_other_than_the_first(second: Decider | None) -> None:
    assert codes(step(facts(), second=second)) == {"no_second_person"}


def test_two_weak_dated_exhibits_do_where_one_does_not() -> None:
    other = "c" * 64
    two = facts(
        exhibits=(exhibit(weak=True), exhibit(other, weak=True)),
        claims=(claim(), claim(other)),
    )
    require(step(two))


def test_an_account_is_not_banned_for_what_was_seen_elsewhere() -> None:
    for action in (Action.LIMIT, Action.SUSPEND, Action.TERMINATE):
        assert codes(step(facts(account="acc1"), action)) == {"off_platform_only"}
        assert codes(step(facts(), action)) == {"no_account"}


# -- frozen ----------------------------------------------------------------------------------------------


def test_what_was_held_is_frozen_at_the_determination() -> None:
    before = facts()
    made = determine(before, NOTICE_2019, DECIDER, NOW)
    later = facts(findings=(finding(),))
    assert held(made, before, NOTICE_2019)
    assert not held(made, later, NOTICE_2019)
    assert codes(step(later, determination=made)) == {"changed"}
    assert not held(replace(made, inputs=made.inputs.replace("c1", "c2")), before, NOTICE_2019)


def test_the_frozen_digest_is_that_of_the_canonical_json_and_stays_the_same() -> None:
    made = determine(facts(), NOTICE_2019, DECIDER, NOW)
    assert made.inputs_sha256 == digest(made.inputs)
    # Written down once: a change of the form would make old determinations unreadable by their digest.
    assert made.inputs_sha256 == "db924dfa84500219bee4a6e686be3fcee4080ddbe442c2d5e5f09edcb8f0ea76"
    later = determine(facts(), NOTICE_2019, DECIDER, NOW + timedelta(days=9))
    assert later.inputs_sha256 == made.inputs_sha256


def test_what_came_later_was_not_held() -> None:
    with pytest.raises(GroundError, match="was not held"):
        determine(facts(findings=(finding(acquired_at=NOW + timedelta(days=1)),)), NOTICE_2019, DECIDER, NOW)
    with pytest.raises(GroundError, match="was not held"):
        determine(facts(exhibits=(exhibit(at=NOW + timedelta(days=1)),)), NOTICE_2019, DECIDER, NOW)


def test_software_determines_nothing() -> None:
    with pytest.raises(GroundError, match="by a person"):
        determine(facts(), NOTICE_2019, SOFTWARE, NOW)


# -- dates -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "state"),
    [
        ("2019-12-07T12:00:00+00:00", OffPlatform.NOT_AFTER),
        ("2019-12-08T11:59:59+00:00", OffPlatform.NOT_AFTER),
        ("2019-12-08T12:00:00+00:00", OffPlatform.AFTER),
        ("2019-12-08T00:00:00-12:00", OffPlatform.AFTER),
        ("2019-12-08T13:59:59+02:00", OffPlatform.NOT_AFTER),
    ],
)
def test_after_the_day_means_after_it_everywhere(at: str, state: OffPlatform) -> None:
    seen = facts(exhibits=(exhibit(at=datetime.fromisoformat(at)),))
    reading = read(seen, NOTICE_2019, determined=True)
    assert reading.state.off_platform is state
    assert bool(reading.for_counsel) == (state is OffPlatform.NOT_AFTER)


@pytest.mark.parametrize(
    ("abuse", "recorded", "state", "flags"),
    [
        ("2019-12-01", "2019-12-02", OnPlatform.LINKED_BEFORE, 1),
        ("2019-12-01", "2019-12-09", OnPlatform.LINKED, 1),
        ("2019-12-06T09:59:59", "2019-12-06T09:59:59", OnPlatform.LINKED_BEFORE, 1),
        ("2019-12-06T10:00:00", "2019-12-06T10:00:00", OnPlatform.LINKED, 2),
        ("2020-01-01", "2020-01-02", OnPlatform.LINKED, 0),
    ],
)
def test_where_only_one_date_precedes_counsel_is_told_and_the_narrower_ground_taken(
    abuse: str, recorded: str, state: OnPlatform, flags: int
) -> None:
    """``acquired_at`` is 2020: with all else before, that alone is already for counsel."""

    def at(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)

    found = finding(abuse_at=at(abuse), recorded_at=at(recorded), acquired_at=AFTER)
    reading = read(facts(findings=(found,)), NOTICE_2019, determined=True)
    assert reading.state.on_platform is state
    assert len(reading.for_counsel) == flags


def test_dates_without_an_offset_or_out_of_order_are_no_facts() -> None:
    with pytest.raises(GroundError, match="no time zone"):
        exhibit(at=datetime(2020, 1, 1))
    with pytest.raises(GroundError, match="follow each other"):
        finding(abuse_at=NOW, recorded_at=AFTER)


def test_no_rules_were_in_force_before_the_notice() -> None:
    assert in_force(NOW) is NOTICE_2019
    with pytest.raises(GroundError, match="exactly one version"):
        in_force(datetime(2019, 12, 7, 11, 59, tzinfo=UTC))
    with pytest.raises(GroundError, match="not in force"):
        determine(facts(exhibits=(), claims=()), NOTICE_2019, DECIDER, BEFORE)
    ended = replace(NOTICE_2019, effective_to=AFTER.date())
    newer = replace(NOTICE_2019, version="2", effective_from=AFTER.date() + timedelta(days=1))
    assert in_force(NOW, (ended, newer)) is newer


# -- no input leads to a refused action -------------------------------------------------------------------

MOMENTS = st.sampled_from([BEFORE, datetime(2019, 12, 7, 23, tzinfo=UTC), AFTER])
REASONS = st.sampled_from([("name",), ("name", "phone"), ("domain",)])
DECIDERS = st.sampled_from([DECIDER, SECOND, SOFTWARE, Decider("")])


@st.composite
def any_facts(draw: st.DrawFn) -> Facts:
    links = tuple(
        Link(
            f"l{number}",
            draw(REASONS),
            draw(st.sampled_from(Confirmed)),
            draw(st.sampled_from(["", "officer"])),
        )
        for number in range(draw(st.integers(0, 2)))
    )
    ids = st.sampled_from(["", *(one.id for one in links)])
    findings = tuple(finding(draw(MOMENTS), link=draw(ids)) for _ in range(draw(st.integers(0, 2))))
    exhibits = tuple(
        exhibit(digit * 64, draw(st.none() | MOMENTS), weak=draw(st.booleans()), link=draw(ids))
        for digit in draw(st.sampled_from(["", "a", "ab"]))
    )
    claims = tuple(
        claim(
            one.sha256,
            draw(st.sampled_from(Strength)),
            state=draw(st.sampled_from(Confirmed)),
            offers=draw(st.booleans()),
        )
        for one in exhibits
    )
    account = draw(st.sampled_from(["", "acc1"]))
    return Facts(
        subject_id="c1",
        subject=draw(st.sampled_from(Subject)),
        role=draw(st.sampled_from(SubjectRole)),
        links=links,
        findings=findings,
        exhibits=exhibits,
        claims=claims,
        account=account,
        account_signals=draw(st.sampled_from([(), ("model 7",)])) if account else (),
    )


@given(
    any_facts(),
    st.sampled_from(Action),
    DECIDERS,
    st.none() | DECIDERS,
    st.none() | DECIDERS,
    st.booleans(),
)
@settings(max_examples=600, deadline=None)
def test_no_input_leads_to_a_refused_action(
    held_facts: Facts,
    action: Action,
    by: Decider,
    second: Decider | None,
    counsel: Decider | None,
    determined: bool,
) -> None:
    made = determine(held_facts, NOTICE_2019, DECIDER, NOW) if determined else None
    if refusals(Step(action, by, held_facts, NOTICE_2019, made, second, counsel)):
        return
    if action in (Action.LIMIT, Action.SUSPEND, Action.TERMINATE):
        assert held_facts.account and held_facts.account_signals
    if action not in (Action.LETTER, Action.SUIT):
        return
    assert by.is_person and made is not None and second is not None and second.is_person and second != DECIDER
    assert held_facts.subject is not Subject.UNIDENTIFIED
    sound = {
        one.id
        for one in held_facts.links
        if one.state is Confirmed.CONFIRMED and one.reviewer and set(one.reasons) != {"name"}
    }
    if any(one.link in sound for one in held_facts.findings):
        return
    said = {
        one.exhibit
        for one in held_facts.claims
        if one.strength is Strength.EXPLICIT and one.offers and one.state is Confirmed.CONFIRMED
    }
    carrying = [one for one in held_facts.exhibits if one.link in sound and one.sha256 in said]
    assert any(one.observed_at == AFTER for one in carrying)
    assert len([one for one in held_facts.exhibits if one.observed_at and one.link in sound]) > 1 or not all(
        one.weak for one in carrying
    )
    if held_facts.subject is Subject.INDIVIDUAL:
        assert counsel is not None and counsel.is_person
