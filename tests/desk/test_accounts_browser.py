"""The account's page in a real browser: its life is loaded and drawn, a verdict reaches the node."""

from typing import Any

from desk.sending import bulk_sender
from tidegate.desk.ledger.models import Account
from tidegate.engine.rungs import Rung

MALLORY = "@mallory:example.org"


def test_an_account_is_looked_at_and_decided_about(browser_at: Any, beside: Any) -> None:
    beside.hear(bulk_sender(MALLORY, 60, ago_s=80_000.0, step_s=900.0))
    beside.copy()
    account = Account.objects.get()
    browser = browser_at("senior")
    browser.open("/desk/accounts/")
    browser.wait_for_text(account.pseudonym)
    browser.check()
    browser.shoot("accounts-list")
    browser.open(f"/desk/accounts/{account.pseudonym}/")
    browser.wait_for_text("The same as a table")
    assert browser.chromium.js("document.querySelector('svg.life').getBoundingClientRect().width") > 300
    browser.check()
    browser.shoot("accounts-page")
    browser.chromium.js("document.querySelectorAll('details').forEach(one => { one.open = true })")
    browser.check()
    browser.click("#rule input[value=change]")
    browser.fill("#rule select[name=rung]", str(int(Rung.SUSPEND)))
    browser.fill("#rule textarea", "sixty strangers in a day, and many complained")
    browser.click("#rule button")
    browser.wait_for_text("The node carries it out now")
    assert beside.link.standing(account.key).rung is Rung.SUSPEND


def test_an_identifier_is_revealed_with_a_reason(browser_at: Any, beside: Any) -> None:
    beside.hear(bulk_sender(MALLORY))
    beside.copy()
    browser = browser_at("reviewer")
    browser.open(f"/desk/accounts/{Account.objects.get().pseudonym}/")
    browser.fill("form[action*=reveal] textarea", "the police asked by letter 17/2026")
    browser.click("form[action*=reveal] button")
    browser.wait_for_text(MALLORY)
    browser.check()
    browser.shoot("accounts-revealed")


def test_an_account_is_erased_in_two_steps(browser_at: Any, beside: Any) -> None:
    beside.hear(bulk_sender(MALLORY))
    beside.copy()
    pseudonym = Account.objects.get().pseudonym
    browser = browser_at("administrator")
    browser.open(f"/desk/accounts/{pseudonym}/erase/")
    browser.check()
    browser.fill("main textarea", "asked for by the account holder")
    browser.click("main button.danger")
    browser.wait_for_text("Erase for good")
    browser.check()
    browser.shoot("accounts-erase")
    browser.fill("main input[name=typed]", pseudonym)
    browser.click("main button.danger")
    browser.wait_for_text("The account was erased")
    assert not Account.objects.exists()


def test_the_page_works_without_script(browser_at: Any, beside: Any) -> None:
    beside.hear(bulk_sender(MALLORY))
    beside.copy()
    pseudonym = Account.objects.get().pseudonym
    browser = browser_at("analyst")
    browser.chromium.scripts(False)
    browser.open(f"/desk/accounts/{pseudonym}/")
    browser.click(f"main a[href='/desk/accounts/{pseudonym}/life/']")
    browser.wait_for_text("The same as a table")
    browser.chromium.scripts(True)
