"""What falls between the rooms: tokens in logs, disputes settled elsewhere, all or none."""

import logging
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from desk.sending import bulk_sender
from tidegate.desk.ledger.models import Account
from tidegate.desk.review.models import Case, Ruled
from tidegate.desk.review.ruling import rule, rule_many
from tidegate.desk.review.taking import take
from tidegate.node.requests import RequestError

pytestmark = pytest.mark.django_db
MALLORY = "@mallory:example.org"


@pytest.fixture
def sender(beside: Any) -> Account:
    beside.hear(bulk_sender(MALLORY))
    beside.copy()
    found: Account = Account.objects.get()
    return found


def test_a_holders_link_is_not_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    token = "A" * 44
    with caplog.at_level(logging.DEBUG):
        assert Client().get(f"/status/{token}/").status_code == 404
    assert token not in caplog.text


def test_a_disputed_case_is_settled_by_another_senior_reviewer_wherever_they_are(
    sender: Account, people: Any
) -> None:
    Case.objects.filter(account=sender).update(blind=True, kind="blind", first_by=people["senior"])
    for role in ("senior", "reviewer"):
        with pytest.raises(PermissionDenied, match="disputed"):
            rule(people[role], sender, "overturn", note="by another door")
    assert not Ruled.objects.exists()


def test_of_many_none_is_ruled_on_when_the_node_does_not_know_one(
    beside: Any, sender: Account, people: Any
) -> None:
    now = timezone.now()
    unknown = Account.objects.create(id=5, rung=4, decided=now, first_decided=now, stage="messaging")
    before = beside.link.standing(beside.key(MALLORY)).rung
    with pytest.raises(RequestError, match="never heard"):
        rule_many(people["senior"], [sender, unknown], "overturn", note="all of them")
    assert beside.link.standing(beside.key(MALLORY)).rung is before
    assert not Ruled.objects.exists()


def test_who_holds_a_blind_case_is_not_shown_the_account(sender: Account, people: Any) -> None:
    case = Case.objects.get(account=sender)
    Case.objects.update(blind=True, kind="blind", first_by=None)
    client = Client()
    client.force_login(people["senior"], backend="django.contrib.auth.backends.ModelBackend")
    page = f"/desk/accounts/{sender.pseudonym}/"
    assert client.get(page).status_code == 200
    assert take(case.pk, people["senior"])
    for answer in (
        client.get(page),
        client.post(f"{page}rule/", {"verdict": "overturn", "note": "by another door"}),
    ):
        assert answer.headers["location"] == f"/desk/queue/{case.pk}/"
    assert not Ruled.objects.exists()
