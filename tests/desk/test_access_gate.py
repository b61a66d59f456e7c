"""The gate: what does not say who may use it is closed, and a session is over when it should be."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path
from django.utils import timezone

from tidegate.desk.access import managing
from tidegate.desk.access.gate import public
from tidegate.desk.access.sessions import OPENED
from tidegate.desk.settings import SecondFactor

pytestmark = pytest.mark.django_db
NOW = "/desk/me/"


def unmarked(request: Any) -> HttpResponse:
    return HttpResponse("nobody should read this")


@public
def open_to_all(request: Any) -> HttpResponse:
    return HttpResponse("everybody may read this")


urlpatterns = [
    path("", include("tidegate.desk.urls")),
    path("unmarked/", unmarked),
    path("open/", open_to_all),
]


@pytest.mark.urls(__name__)
def test_a_page_that_does_not_say_who_may_use_it_is_closed_to_everybody(signed_in: Any) -> None:
    for client in (Client(), signed_in("administrator")):
        assert client.get("/unmarked/").status_code == 403
        assert client.post("/unmarked/").status_code == 403
    assert Client().get("/open/").status_code == 200


def test_who_is_not_signed_in_is_led_to_the_form_and_then_back() -> None:
    answer = Client().get("/desk/me/?a=b")
    assert answer.status_code == 302
    assert answer["Location"] == "/desk/sign-in/?next=%2Fdesk%2Fme%2F%3Fa%3Db"


def test_a_part_of_a_page_is_not_replaced_by_the_form() -> None:
    asked = {"HX-Request": "true", "HX-Current-URL": "http://testserver/desk/queue/"}
    answer = Client().get("/desk/me/", headers=asked)
    assert answer["HX-Redirect"] == "/desk/sign-in/?next=%2Fdesk%2Fqueue%2F"


def test_a_session_ends_when_its_hours_are_over_however_busy_it_was(signed_in: Any, settings: Any) -> None:
    client = signed_in("analyst")
    assert client.get(NOW).status_code == 200
    session = client.session
    session[OPENED] = timezone.now().timestamp() - settings.SESSION_COOKIE_AGE - 1
    session.save()
    assert client.get(NOW)["Location"].startswith("/desk/sign-in/")
    assert client.get(NOW).status_code == 302


def test_sessions_that_have_ended_are_forgotten_at_the_next_sign_in(signed_in: Any) -> None:
    from django.contrib.sessions.models import Session

    signed_in("analyst")
    Session.objects.update(expire_date=timezone.now() - timedelta(hours=1))
    signed_in("auditor")
    assert Session.objects.count() == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda by, one: managing.change_role(by, one, "senior"),
        managing.deactivate,
        managing.reset_second_factor,
        lambda by, one: managing.reset_password(by, one, "another long password"),
    ],
    ids=["role", "deactivation", "second factor", "password"],
)
def test_a_session_ends_when_what_it_rests_on_changes(people: Any, signed_in: Any, change: Any) -> None:
    client, other = signed_in("reviewer"), signed_in("analyst")
    assert client.get(NOW).status_code == 200
    change(people["administrator"], people["reviewer"])
    assert client.get(NOW)["Location"].startswith("/desk/sign-in/")
    assert other.get(NOW).status_code == 200


def test_being_let_in_again_does_not_revive_a_session(people: Any, signed_in: Any) -> None:
    client = signed_in("reviewer")
    managing.deactivate(people["administrator"], people["reviewer"])
    people["reviewer"].refresh_from_db()
    managing.activate(people["administrator"], people["reviewer"])
    assert client.get(NOW).status_code == 302


def test_without_the_second_factor_that_is_asked_for_nothing_opens(signed_in: Any, settings: Any) -> None:
    settings.TIDEGATE = msgspec.structs.replace(settings.TIDEGATE, second_factor=SecondFactor.REQUIRED)
    answer = signed_in("administrator").get(NOW)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/desk/second-factor/")
