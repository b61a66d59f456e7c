"""Signing in and out: password, throttling, second factor, backup codes."""

import re
import time
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from tidegate.desk.access import second_factor
from tidegate.desk.audit.models import Record

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough password"
SIGN_IN, SECOND, OWN = "/desk/sign-in/", "/desk/second-factor/", "/desk/me/"


def sign_in(client: Client, name: str, password: str = PASSWORD, **more: Any) -> Any:
    return client.post(SIGN_IN, {"username": name, "password": password}, **more)


def code_of(device: Any, ahead: int = 0) -> str:
    """What the app shows ``ahead`` steps from now."""
    totp = TOTP(device.bin_key, device.step, device.t0, device.digits)
    totp.time = time.time() + ahead * device.step
    return f"{totp.token():06d}"


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def forget_the_wait(person: Any) -> None:
    """As if the time after a wrong code had passed."""
    for model in (TOTPDevice, StaticToken.device.field.related_model):
        model.objects.filter(user=person).update(
            throttling_failure_timestamp=timezone.now().replace(year=2020)
        )


@pytest.fixture
def set_up(people: Any, signed_in: Any) -> Any:
    """A reviewer with a second factor: the person, the device, the backup codes."""
    reviewer = people["reviewer"]
    device = second_factor.pending(reviewer)
    tried, codes = second_factor.confirm(reviewer, code_of(device, -1))
    assert tried.device is not None
    device.refresh_from_db()
    return reviewer, device, codes


def test_name_and_password_open_the_desk_and_that_is_recorded(people: Any) -> None:
    client = Client()
    answer = sign_in(client, "the-reviewer", REMOTE_ADDR="192.0.2.7")
    assert answer.status_code == 302
    assert client.get(OWN).status_code == 200
    opened = Record.objects.get(did="session.opened")
    assert (opened.who, opened.details) == ("the-reviewer", {"by": "password", "address": "192.0.2.7"})


def test_signing_out_needs_a_post_and_ends_the_session(people: Any) -> None:
    client = Client()
    sign_in(client, "the-reviewer")
    assert client.get("/desk/sign-out/").status_code == 405
    assert client.post("/desk/sign-out/", {"next": "https://elsewhere.example/"})["Location"] == SIGN_IN
    assert client.get(OWN).status_code == 302
    assert Record.objects.filter(did="session.closed", who="the-reviewer").exists()


@pytest.mark.parametrize("page", [SIGN_IN, SECOND])
def test_nobody_is_led_out_of_the_desk(people: Any, set_up: Any, page: str) -> None:
    _, device, _ = set_up
    client, away = Client(), {"next": "https://elsewhere.example/"}
    name = "the-reviewer" if page == SECOND else "the-analyst"
    answer = client.post(SIGN_IN, {"username": name, "password": PASSWORD, **away})
    if page == SECOND:
        answer = client.post(SECOND, {"code": code_of(device), **away})
    assert answer["Location"] == "/desk/"


def test_a_session_gets_a_new_name_when_somebody_signs_in(people: Any, settings: Any) -> None:
    client = Client()
    session = client.session
    session["before"] = True
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    sign_in(client, "the-reviewer")
    assert client.cookies[settings.SESSION_COOKIE_NAME].value != session.session_key


# -- throttling --------------------------------------------------------------------------------------------


def test_five_wrong_passwords_close_a_name_to_that_address_even_for_the_right_one(people: Any) -> None:
    client = Client()
    answers = [sign_in(client, "the-reviewer", f"wrong {number}").status_code for number in range(5)]
    assert answers == [200, 200, 200, 200, 429]
    assert sign_in(client, "the-reviewer").status_code == 429
    assert sign_in(client, "the-analyst").status_code == 302
    elsewhere = sign_in(Client(), "the-reviewer", REMOTE_ADDR="198.51.100.1")
    assert elsewhere.status_code == 302


def test_saying_to_come_from_elsewhere_changes_nothing(people: Any) -> None:
    for number in range(5):
        sign_in(
            Client(), "the-reviewer", f"wrong {number}", headers={"X-Forwarded-For": f"203.0.113.{number}"}
        )
    late = sign_in(
        Client(), "the-reviewer", headers={"X-Forwarded-For": "203.0.113.77", "X-Real-IP": "203.0.113.77"}
    )
    assert late.status_code == 429


def test_a_closed_name_is_recorded_once_and_names_that_do_not_exist_never(people: Any) -> None:
    client = Client()
    for number in range(8):
        sign_in(client, "the-reviewer", f"wrong {number}")
        sign_in(client, "nobody-called-so", f"wrong {number}")
    (record,) = Record.objects.filter(did="session.locked-out")
    assert (record.who, record.about) == ("tidegate", "the-reviewer")


def test_the_right_password_forgets_the_wrong_ones(people: Any) -> None:
    client = Client()
    for _ in range(2):
        for number in range(4):
            assert sign_in(client, "the-reviewer", f"wrong {number}").status_code == 200
        assert sign_in(client, "the-reviewer").status_code == 302
        client.post("/desk/sign-out/")


def test_nobody_signs_in_who_was_deactivated(people: Any) -> None:
    people["reviewer"].is_active = False
    people["reviewer"].save()
    assert sign_in(Client(), "the-reviewer").status_code == 200


# -- the second factor -------------------------------------------------------------------------------------


def test_the_second_factor_is_set_up_with_a_code_and_backup_codes_are_shown_once(people: Any) -> None:
    client = Client()
    sign_in(client, "the-reviewer")
    page = client.get(SECOND).content.decode()
    device = TOTPDevice.objects.get(user=people["reviewer"])
    assert "<svg" in page
    assert second_factor.secret_of(device) in page
    assert client.get(SECOND).content.decode().count(second_factor.secret_of(device)) == 1
    assert not people["reviewer"].has_second_factor
    refused = client.post(SECOND, {"code": wrong(code_of(device))}).content.decode()
    assert "That code is not right" in refused
    forget_the_wait(people["reviewer"])
    shown = client.post(SECOND, {"code": code_of(device)}).content.decode()
    codes = re.findall(r"<li>([a-z0-9]{5}-[a-z0-9]{5})</li>", shown)
    assert len(set(codes)) == 10
    assert not StaticToken.objects.filter(token__in=[code.replace("-", "") for code in codes]).exists()
    assert client.get(OWN).status_code == 200
    assert client.get(SECOND).status_code == 302
    assert Record.objects.filter(did="second-factor.set-up", who="the-reviewer").count() == 1


def test_a_password_alone_opens_nothing_once_there_is_a_second_factor(set_up: Any) -> None:
    _, device, _ = set_up
    client = Client()
    sign_in(client, "the-reviewer")
    assert client.get(OWN)["Location"] == "/desk/second-factor/?next=%2Fdesk%2Fme%2F"
    assert not Record.objects.filter(did="session.opened").exists()
    before = client.session.session_key
    answer = client.post(SECOND, {"code": code_of(device), "next": OWN})
    assert answer["Location"] == OWN
    assert client.get(OWN).status_code == 200
    assert client.session.session_key != before
    assert Record.objects.get(did="session.opened").details["by"] == "code"


def test_who_has_given_a_password_only_cannot_set_up_another_factor(set_up: Any) -> None:
    client = Client()
    sign_in(client, "the-reviewer")
    assert "<svg" not in client.get(SECOND).content.decode()
    with pytest.raises(second_factor.AlreadySetUpError):
        second_factor.pending(set_up[0])
    assert client.post("/desk/me/backup-codes/").status_code == 302
    assert TOTPDevice.objects.count() == 1


def test_a_code_of_the_app_works_once(set_up: Any) -> None:
    reviewer, device, _ = set_up
    code = code_of(device)
    assert second_factor.check(reviewer, code).device is not None
    assert second_factor.check(reviewer, code).device is None


def test_a_backup_code_works_once_and_its_use_is_recorded(set_up: Any) -> None:
    reviewer, _, codes = set_up
    for typed, fits in ((codes[0].upper().replace("-", " "), True), (codes[0], False)):
        client = Client()
        sign_in(client, "the-reviewer")
        forget_the_wait(reviewer)
        client.post(SECOND, {"code": typed})
        assert (client.get(OWN).status_code == 200) is fits
    assert Record.objects.get(did="second-factor.backup-code-used").details == {"left": 9}


def test_new_backup_codes_make_the_old_ones_useless(set_up: Any) -> None:
    reviewer, device, codes = set_up
    client = Client()
    sign_in(client, "the-reviewer")
    client.post(SECOND, {"code": code_of(device)})
    shown = client.post("/desk/me/backup-codes/").content.decode()
    (new, *_) = re.findall(r"<li>([a-z0-9]{5}-[a-z0-9]{5})</li>", shown)
    assert second_factor.check(reviewer, codes[1]).device is None
    forget_the_wait(reviewer)
    assert second_factor.check(reviewer, new).device is not None


def test_after_wrong_codes_even_the_right_one_has_to_wait(set_up: Any) -> None:
    reviewer, device, codes = set_up
    client = Client()
    sign_in(client, "the-reviewer")
    for _ in range(5):
        forget_the_wait(reviewer)
        page = client.post(SECOND, {"code": wrong(code_of(device))}).content.decode()
    assert "Wait until" in page
    assert client.post(SECOND, {"code": code_of(device)}).status_code == 200
    assert client.get(OWN).status_code == 302
    # Wrong codes of the app do not close the way by paper.
    assert client.post(SECOND, {"code": codes[0]}).status_code == 302


def test_guessing_backup_codes_has_to_wait_too(set_up: Any) -> None:
    reviewer, _, codes = set_up
    assert second_factor.check(reviewer, "aaaaa-aaaaa").wait_until is not None
    assert second_factor.check(reviewer, codes[0]).device is None


# -- the password ------------------------------------------------------------------------------------------


def test_a_changed_password_ends_the_other_sessions_and_not_this_one(people: Any, signed_in: Any) -> None:
    here, there = signed_in("reviewer"), signed_in("reviewer")
    new = "an entirely other password"
    fields = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert here.post("/desk/me/password/", {**fields, "old_password": "wrong"}).status_code == 200
    assert (
        here.post(
            "/desk/me/password/", {**fields, "new_password1": "short", "new_password2": "short"}
        ).status_code
        == 200
    )
    assert there.get(OWN).status_code == 200
    assert here.post("/desk/me/password/", fields)["Location"] == OWN
    assert here.get(OWN).status_code == 200
    assert there.get(OWN).status_code == 302
    assert sign_in(Client(), "the-reviewer", new).status_code == 302
    assert Record.objects.filter(did="password.changed", who="the-reviewer").count() == 1
