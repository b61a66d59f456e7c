"""Ground and steps in a real browser: read, determined, and a letter written and approved."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from desk.stepping import at, ready_case, with_account, with_contact
from tidegate.desk.evidence.steps.models import Letter, Step


def test_a_letter_is_determined_written_and_approved(browser_at: Any, people: Any, settings: Any) -> None:
    with_contact(settings)
    case = ready_case(people)
    with_account(case, people["officer"])
    browser = browser_at("officer")
    browser.open(at(case))
    browser.wait_for_text("Nobody has determined anything yet")
    browser.check()
    browser.shoot("steps-empty")
    browser.fill("#id_reasons", "Its own page sells bulk sending on our messenger.")
    browser.fill("#id_dissent", "The price could be a joke.")
    browser.click("form[action$='determine/'] button")
    browser.wait_for_text("Nothing has changed since")
    browser.check()
    browser.shoot("steps-determined")
    browser.open(at(case, "letter/"))
    browser.check()
    browser.chromium.js("document.querySelector('[name=claims]').checked = true")
    for field, value in (
        ("language", "ar"),
        ("recipient_address", "1 Sea Street"),
        ("signed_by", "Legal department"),
        ("cure_by", (timezone.now() + timedelta(days=14)).date().isoformat()),
    ):
        browser.fill(f"[name={field}]", value)
    browser.click("button[name=preview]")
    browser.wait_for_text("We send 80,000 bulk messages a day")
    browser.check()
    browser.shoot("steps-letter-preview")
    browser.click("form[method=post] button.primary")
    browser.wait_for_text("The letter waits for a second person")
    browser.check()
    browser.shoot("steps-letter-waits")
    senior = browser_at("senior")
    senior.open(at(case, f"{Letter.objects.get().step_id}/"))
    senior.check()
    senior.shoot("steps-letter-second")
    senior.click("form[action$='approve/'] button")
    senior.wait_for_text("Approved.")
    assert Step.objects.get().state == "approved"
    senior.check()
    senior.shoot("steps-letter-approved")
