"""Steps on an account: on the messenger's own signals, by somebody who may, carried out by a real node."""

from typing import Any

import pytest

from desk.sending import bulk_sender
from desk.stepping import at, ready_case, with_account, words
from tidegate.desk.evidence.steps.models import Step
from tidegate.desk.ledger.models import stored
from tidegate.engine.rungs import Rung

SENDER = "@mallory:example.org"
pytestmark = pytest.mark.django_db


def asked(client: Any, case: Any, action: str = "terminate") -> Step:
    said = {"action": action, "note": "bulk sending, seen on the messenger"}
    assert client.post(at(case, "propose/"), said).status_code == 302
    return Step.objects.get()


def seen_sending(case: Any, beside: Any, person: Any) -> int:
    """The account of the case as the node knows it."""
    beside.hear(bulk_sender(SENDER))
    beside.copy()
    key = int(beside.key(SENDER))
    with_account(case, person, key=key)
    assert case.account == stored(key)
    return key


def test_a_senior_closes_an_account_by_what_the_messenger_saw(
    people: Any, signed_in: Any, beside: Any
) -> None:
    case = ready_case(people)
    key = seen_sending(case, beside, people["officer"])
    senior = signed_in("senior")
    step = asked(senior, case)
    assert senior.post(at(case, f"{step.pk}/carry-out/")).status_code == 302
    assert beside.link.standing(key).rung is Rung.BAN
    assert Step.objects.get().state == "done"


def test_a_case_officer_only_proposes_it(people: Any, signed_in: Any, beside: Any) -> None:
    case = ready_case(people)
    key = seen_sending(case, beside, people["officer"])
    before = beside.link.standing(key).rung
    officer = signed_in("officer")
    step = asked(officer, case)
    answer = officer.post(at(case, f"{step.pk}/carry-out/"))
    assert answer.status_code == 400
    assert "this role does not decide about accounts" in words(answer)
    assert beside.link.standing(key).rung is before
    assert Step.objects.get().state == "proposed"


def test_without_a_node_nothing_is_done_and_the_page_says_so(people: Any, signed_in: Any) -> None:
    case = ready_case(people)
    with_account(case, people["officer"])
    senior = signed_in("senior")
    step = asked(senior, case, "suspend")
    assert "No node runs beside this desk" in words(senior.post(at(case, f"{step.pk}/carry-out/")))
    assert Step.objects.get().state == "proposed"


def test_looking_further_is_done_at_once(people: Any, signed_in: Any) -> None:
    case = ready_case(people)
    source = case.sources.get()
    assert source.next_at is None
    step = asked(signed_in("officer"), case, "watch")
    source.refresh_from_db()
    assert step.state == "done"
    assert source.every_days == 7
    assert source.next_at is not None
