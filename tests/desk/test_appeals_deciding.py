"""Deciding appeals: by somebody who had no part before, all of it or nothing, and the node does what follows."""

from collections.abc import Iterator
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.utils import timezone

from desk.appealing import SENDER, appeal_by, limited_account, status_of
from tidegate.desk.access.models import Person
from tidegate.desk.appeals.deciding import NotDecided, decide, release, take_up
from tidegate.desk.appeals.lodging import AGAIN_AFTER, may_appeal
from tidegate.desk.appeals.measures import By, measures_of
from tidegate.desk.appeals.models import LOCK, Appeal, Outcome, State
from tidegate.desk.appeals.service_level import service_level
from tidegate.desk.appeals.texts import texts
from tidegate.desk.audit.models import Record
from tidegate.desk.node_link import NodeAbsent, connect
from tidegate.desk.review.models import Case, Ruled
from tidegate.desk.review.ruling import rule
from tidegate.engine.rungs import Rung

pytestmark = pytest.mark.django_db


@pytest.fixture
def appealed(beside: Any) -> Iterator[Any]:
    yield appeal_by(limited_account(beside))


def another(role: str = "senior") -> Person:
    return Person.objects.create_user(username=f"another-{role}", role=role)


def enforced(beside: Any) -> Rung:
    return Rung(beside.link.standing(beside.key(SENDER)).enforced)


def test_a_granted_appeal_ends_the_measure_on_the_node(beside: Any, people: Any, appealed: Any) -> None:
    assert enforced(beside) > Rung.ALLOW
    decide(
        people["reviewer"],
        appealed,
        Outcome.GRANTED,
        sentence="reason_explained",
        words="Thank you.",
        note="ok",
    )
    beside.copy()
    assert enforced(beside) is Rung.ALLOW
    appealed.refresh_from_db()
    assert (appealed.state, appealed.outcome, appealed.decided_by) == (
        State.DECIDED,
        "granted",
        people["reviewer"],
    )
    told = Record.objects.get(did="appeal.decided")
    assert (told.who, told.about) == ("the-reviewer", appealed.account.pseudonym)
    assert Ruled.objects.get(appeal_id=appealed.pk).verdict == "overturn"
    shown = Client().get(status_of(appealed.account)).content.decode()
    said = texts("en")
    assert said["granted"] in shown and said["reason_explained"] in shown and "Thank you." in shown
    assert said["nothing"] in shown and "ok</" not in shown


def test_a_rejected_appeal_changes_nothing_on_the_node(beside: Any, people: Any, appealed: Any) -> None:
    before = beside.link.standing(beside.key(SENDER))
    decide(people["reviewer"], appealed, Outcome.REJECTED, sentence="reason_confirmed")
    beside.copy()
    after = beside.link.standing(beside.key(SENDER))
    assert (after.rung, after.until_s, after.enforced) == (before.rung, before.until_s, before.enforced)
    latest = measures_of(appealed.account, timezone.now()).latest
    assert latest is not None and latest.by is By.BOTH


def test_an_appeal_granted_in_part_puts_a_milder_measure_in_the_place(
    beside: Any, people: Any, appealed: Any
) -> None:
    account = appealed.account
    with pytest.raises(NotDecided, match="milder"):
        decide(
            people["reviewer"], appealed, Outcome.PARTLY, sentence="reason_milder", rung=Rung(account.rung)
        )
    with pytest.raises(NotDecided, match="milder"):
        decide(people["reviewer"], appealed, Outcome.PARTLY, sentence="reason_milder")
    decide(
        people["reviewer"],
        appealed,
        Outcome.PARTLY,
        sentence="reason_milder",
        rung=Rung.WARN,
        duration_s=86_400.0,
    )
    beside.copy()
    assert beside.link.standing(account.key).rung is Rung.WARN


def test_whoever_has_ruled_on_the_account_does_not_decide(beside: Any, people: Any, appealed: Any) -> None:
    rule(people["senior"], appealed.account, "uphold", note="looked at it")
    with pytest.raises(PermissionDenied, match="somebody else"):
        decide(people["senior"], appealed, Outcome.GRANTED, sentence="reason_mistake")
    appealed.refresh_from_db()
    assert appealed.state == State.WAITING
    decide(people["reviewer"], appealed, Outcome.GRANTED, sentence="reason_mistake")


def test_whoever_rejected_an_appeal_does_not_decide_the_next(beside: Any, people: Any, appealed: Any) -> None:
    decide(people["senior"], appealed, Outcome.REJECTED, sentence="reason_confirmed")
    Appeal.objects.update(decided=timezone.now() - AGAIN_AFTER, received=timezone.now() - AGAIN_AFTER)
    again = appeal_by(appealed.account)
    with pytest.raises(PermissionDenied, match="somebody else"):
        decide(people["senior"], again, Outcome.GRANTED, sentence="reason_mistake")


@pytest.mark.parametrize("role", ["analyst", "auditor", "administrator"])
def test_only_those_with_the_right_decide(people: Any, appealed: Any, role: str) -> None:
    with pytest.raises(PermissionDenied, match="role"):
        decide(people[role], appealed, Outcome.GRANTED, sentence="reason_mistake")


def test_an_appeal_that_somebody_looks_at_is_theirs_until_the_lock_ends(people: Any, appealed: Any) -> None:
    one, other, now = people["reviewer"], people["senior"], timezone.now()
    assert take_up(one, appealed, now) and take_up(one, appealed, now)
    assert not take_up(other, appealed, now + LOCK / 2)
    appealed.refresh_from_db()
    assert appealed.looked_at == now and appealed.holder_now(now) == "the-reviewer"
    with pytest.raises(NotDecided, match="the-reviewer"):
        decide(other, appealed, Outcome.GRANTED, sentence="reason_mistake")
    assert take_up(other, appealed, now + LOCK)
    release(other, appealed)
    assert take_up(one, appealed, now)


def test_an_appeal_is_decided_once_and_with_a_fitting_reason(people: Any, appealed: Any) -> None:
    with pytest.raises(NotDecided, match="reason"):
        decide(people["reviewer"], appealed, Outcome.GRANTED, sentence="reason_confirmed")
    decide(people["reviewer"], appealed, Outcome.GRANTED, sentence="reason_mistake")
    with pytest.raises(NotDecided, match="not waiting"):
        decide(people["senior"], appealed, Outcome.REJECTED, sentence="reason_confirmed")


def test_without_a_node_nothing_is_decided(people: Any, appealed: Any) -> None:
    connect(None)
    with pytest.raises(NodeAbsent):
        decide(people["reviewer"], appealed, Outcome.GRANTED, sentence="reason_mistake")
    appealed.refresh_from_db()
    assert appealed.state == State.WAITING and not Ruled.objects.exists()
    assert not Record.objects.filter(did="appeal.decided").exists()


def test_after_a_rejection_it_takes_something_new_or_thirty_days(
    beside: Any, people: Any, appealed: Any
) -> None:
    account, now = appealed.account, timezone.now()
    decide(people["reviewer"], appealed, Outcome.REJECTED, sentence="reason_confirmed")
    appealed.refresh_from_db()
    measures = measures_of(account, now)
    may = may_appeal(measures, appealed, now)
    assert not may.yes and may.again_from == appealed.decided + AGAIN_AFTER
    assert may_appeal(measures, appealed, appealed.decided + AGAIN_AFTER).yes
    latest = account.history.latest("number")
    latest.time = now + timedelta(hours=1)
    latest.save()
    assert may_appeal(measures_of(account, now), appealed, now + timedelta(hours=2)).yes


def test_after_a_grant_there_is_nothing_left_to_appeal_against(
    beside: Any, people: Any, appealed: Any
) -> None:
    decide(people["reviewer"], appealed, Outcome.GRANTED, sentence="reason_mistake")
    beside.copy()
    appealed.refresh_from_db()
    now = timezone.now()
    assert not may_appeal(measures_of(appealed.account, now), appealed, now).yes


def test_the_service_level_is_measured(people: Any, appealed: Any) -> None:
    now = timezone.now()
    assert service_level(now).waiting == 1 and service_level(now).share_in_time is None
    Appeal.objects.filter(pk=appealed.pk).update(
        received=now - timedelta(hours=30), due=now - timedelta(hours=6)
    )
    level = service_level(now)
    assert level.overdue == 1 and level.share_in_time == 0.0
    decide(people["reviewer"], appealed, Outcome.REJECTED, sentence="reason_confirmed")
    level = service_level(timezone.now())
    assert level.decided == 1 and level.in_time == 0 and not level.tellable
    assert level.median_hours is not None and 29.9 < level.median_hours < 30.1


def test_accounts_limited_in_the_same_campaign_come_before_people_again(
    beside: Any, people: Any, appealed: Any
) -> None:
    from tidegate.campaigns.finding import Kind
    from tidegate.node.campaign_found import CampaignFound
    from tidegate.node.campaign_table import write
    from tidegate.node.database import opened, transaction

    other = limited_account(beside, "@another:example.org")
    ruled_on = limited_account(beside, "@third:example.org")
    rule(people["senior"], ruled_on, "uphold", note="looked at it")
    keys = (appealed.account.key, other.key, ruled_on.key)
    found = CampaignFound(
        id=5, kind=Kind.SENDERS, found_s=beside.link.now_s(), score=0.9, q_value=0.01, reason="alike", facts=[],
        members=list(keys), scores=[0.9] * 3, links=[], victims=[], victim_shares=[], told=b"",
    )  # fmt: skip
    db = opened(beside.node.campaigns.path, "", read_only=False)
    with transaction(db):
        write(db, found, beside.link.now_s())
    db.close()
    Case.objects.all().delete()  # those that the decisions themselves have opened
    decide(people["reviewer"], appealed, Outcome.GRANTED, sentence="reason_mistake")
    assert [case.account for case in Case.objects.filter(kind="campaign")] == [other]


@pytest.mark.django_db(transaction=True)
def test_two_people_who_take_it_at_once_do_not_both_get_it(beside: Any, people: Any) -> None:
    appeal = appeal_by(limited_account(beside))
    together, got = Barrier(4), []

    def take(person: Any) -> None:
        together.wait()
        got.append(take_up(person, appeal))
        connection.close()

    takers = [people["reviewer"], people["senior"], another("reviewer"), another("senior")]
    threads = [Thread(target=take, args=(person,)) for person in takers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [False, False, False, True]
