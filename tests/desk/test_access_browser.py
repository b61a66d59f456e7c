"""Signing in with a second factor, looking after people and the record, in a real browser."""

import time
from typing import Any

import pytest
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from tidegate.desk.access.models import Person
from tidegate.desk.audit.chain import record
from tidegate.desk.audit.head_file import head_file

PASSWORD = "a long enough password"


@pytest.fixture(autouse=True)
def no_head_file() -> Any:
    """Each test begins a record of its own."""
    head_file().unlink(missing_ok=True)
    yield
    head_file().unlink(missing_ok=True)


def code_of(device: Any, ahead: int = 0) -> str:
    totp = TOTP(device.bin_key)
    totp.time = time.time() + ahead * device.step
    return f"{totp.token():06d}"


def test_a_second_factor_is_set_up_by_its_picture_and_asked_for_from_then_on(
    visitor: Any, people: Any
) -> None:
    visitor.open("/desk/me/")
    visitor.fill("#id_username", "the-reviewer")
    visitor.fill("#id_password", PASSWORD)
    visitor.click("button.primary")
    visitor.wait_for_text("None is set up")
    visitor.check()
    visitor.shoot("own-sign-in")
    visitor.click("a.button[href*='second-factor']")
    visitor.wait_for_text("authenticator app")
    assert visitor.chromium.js("document.querySelector('svg.code').getBoundingClientRect().width") > 120
    visitor.check()
    visitor.shoot("second-factor-set-up")
    device = TOTPDevice.objects.get(user=people["reviewer"])
    visitor.fill("#id_code", code_of(device, -1))
    visitor.click("button.primary")
    visitor.wait_for_text("shown only now")
    visitor.check()
    visitor.shoot("backup-codes")
    visitor.click("a.button")
    visitor.wait_for_text("10 backup codes left")
    visitor.open("/desk/me/")
    visitor.click("form.who button")
    visitor.wait_for_text("Sign in")
    visitor.fill("#id_username", "the-reviewer")
    visitor.fill("#id_password", PASSWORD)
    visitor.click("button.primary")
    visitor.wait_for_text("six digits that your app shows")
    visitor.check()
    visitor.fill("#id_code", "12345")
    visitor.click("button.primary")
    visitor.wait_for_text("That code is not right")
    visitor.check()
    visitor.shoot("second-factor")
    device.refresh_from_db()
    visitor.fill("#id_code", code_of(device))
    visitor.click("button.primary")
    visitor.wait_for_text("the-reviewer")
    assert visitor.chromium.js("location.pathname") == "/desk/"


def test_an_administrator_lets_somebody_in_and_out(browser_at: Any) -> None:
    visitor = browser_at("administrator")
    visitor.open("/desk/people/")
    visitor.check()
    visitor.shoot("people")
    visitor.fill("#id_username", "maria")
    visitor.fill("#id_role", "reviewer")
    visitor.click("form[action$='/add/'] button")
    visitor.wait_for_text("maria can sign in")
    visitor.check()
    visitor.shoot("new-password")
    maria = Person.objects.get(username="maria")
    visitor.open(f"/desk/people/{maria.pk}/")
    visitor.check()
    visitor.shoot("person")
    visitor.click("button.danger")
    visitor.wait_for_text("Nobody can sign in with that name any more")
    maria.refresh_from_db()
    assert not maria.is_active
    visitor.check()


def test_an_auditor_reads_and_checks_the_record(browser_at: Any) -> None:
    for number in range(60):
        record("maria", "account.revealed", f"{number:016x}", why="a court order, number 17 of this year")
    visitor = browser_at("auditor")
    visitor.open("/desk/record/")
    visitor.wait_for_text("Who did what")
    visitor.check()
    visitor.shoot("record")
    visitor.click("form[action$='/check/'] button")
    visitor.wait_for_text("Intact from the first record to record 60, the last one")
    visitor.check()
    visitor.chromium.scripts(False)
    visitor.open("/desk/record/?did=account.revealed")
    assert "record.checked" not in visitor.text()
    visitor.click("a.button")
    visitor.wait_for_text("0000000000000001")
    visitor.chromium.scripts(True)
