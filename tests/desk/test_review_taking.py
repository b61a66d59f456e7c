"""Two people who reach for the same case at the same instant: one gets it, and nobody decides what another holds."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.utils import timezone

from desk.sending import bulk_sender
from tidegate.desk.access.models import Person
from tidegate.desk.audit.models import Record
from tidegate.desk.ledger.models import Account
from tidegate.desk.review import taking
from tidegate.desk.review.models import Case, Ruled
from tidegate.desk.review.ruling import rule, rule_many
from tidegate.engine.rungs import Rung

PEOPLE, CASES = 6, 9
WAIT_S = 30.0


@contextmanager
def all_at_once(what: Callable[[Any], object], people: list[Person]) -> Iterator[dict[str, object]]:
    """Each person in a thread and on a database connection of their own, let loose together."""
    start = threading.Barrier(len(people))
    came_back: dict[str, object] = {}

    def run(person: Person) -> None:
        try:
            start.wait(WAIT_S)
            came_back[person.username] = what(person)
        except Exception as error:  # noqa: BLE001 - handed to the test, which looks at it
            came_back[person.username] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    yield came_back


@pytest.fixture
def reviewers(transactional_db: Any, hashed_password: str) -> list[Person]:
    return [
        Person.objects.create(username=f"reviewer-{number}", password=hashed_password, role="reviewer")
        for number in range(PEOPLE)
    ]


def waiting_cases(count: int) -> list[Case]:
    now = timezone.now()
    accounts = Account.objects.bulk_create(
        [Account(id=1 + n, rung=4, decided=now, first_decided=now, stage="messaging") for n in range(count)]
    )
    return list(
        Case.objects.bulk_create(
            [Case(account=one, kind="risk", opened=now, priority=1.0) for one in accounts]
        )
    )


def test_of_many_who_take_the_same_case_at_once_exactly_one_gets_it(reviewers: list[Person]) -> None:
    for case in waiting_cases(3):
        with all_at_once(partial(taking.take, case.pk), reviewers) as got:
            assert sorted(map(repr, got.values())) == ["False"] * (PEOPLE - 1) + ["True"]
        case.refresh_from_db()
        assert got[case.locked_by.username] is True


def test_nobody_is_given_a_next_case_that_another_was_given(reviewers: list[Person]) -> None:
    waiting_cases(CASES)
    with all_at_once(taking.take_next, reviewers) as got:
        cases = list(got.values())
    assert all(isinstance(case, Case) for case in cases), cases
    assert len({case.pk for case in cases if isinstance(case, Case)}) == PEOPLE
    for name, case in got.items():
        assert Case.objects.get(pk=case.pk).locked_by.username == name  # type: ignore[attr-defined]


@pytest.mark.django_db
def test_nobody_rules_about_an_account_whose_case_another_holds(beside: Any, people: Any) -> None:
    beside.hear(bulk_sender("@mallory:example.org"))
    beside.copy()
    account = Account.objects.get()
    case = Case.objects.get(state="open")
    assert taking.take(case.pk, people["reviewer"])
    for attempt in (rule, lambda person, one, *rest, **named: rule_many(person, [one], *rest, **named)):
        with pytest.raises(PermissionDenied, match="somebody else"):
            attempt(people["senior"], account, "overturn", note="beside the queue")
    assert not Ruled.objects.exists()
    # Who loaded the page before somebody else took it over is refused as well.
    stale = Case.objects.get(pk=case.pk)
    assert taking.take_over(case.pk, people["senior"])
    assert Record.objects.get(did="case.taken-over").details["held"] == "the-reviewer"
    with pytest.raises(PermissionDenied, match="somebody else"):
        rule(people["reviewer"], account, "overturn", note="too late", case=stale)


@pytest.mark.django_db
def test_a_case_that_was_settled_meanwhile_is_not_decided_again(beside: Any, people: Any) -> None:
    beside.hear(bulk_sender("@mallory:example.org"))
    beside.copy()
    account, case = Account.objects.get(), Case.objects.get(state="open")
    stale = Case.objects.get(pk=case.pk)
    rule(people["senior"], account, "overturn", note="a mistake", case=case)
    with pytest.raises(PermissionDenied, match="settled"):
        rule(people["reviewer"], account, "change", note="sent twice", rung=Rung.LOCK, case=stale)
    assert Ruled.objects.count() == 1


@pytest.mark.django_db
def test_next_case_leaves_closed_accounts_to_those_who_may_uphold_them(people: Any) -> None:
    (case,) = waiting_cases(1)
    Account.objects.update(rung=int(Rung.BAN))
    assert taking.take_next(people["reviewer"]) is None
    assert taking.take_next(people["senior"]) == case
    Case.objects.update(blind=True, locked_until=timezone.now() - timedelta(seconds=1))
    assert taking.take_next(people["reviewer"]) == case
