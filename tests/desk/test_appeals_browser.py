"""The account holder's side in a real browser: from the link in a node's notice to being let go again."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from desk.appealing import PNG, SENDER, WORDS, appeal_by, limited_account, status_of
from tidegate.desk.appeals.models import Appeal, State
from tidegate.desk.appeals.texts import NAMES, texts
from tidegate.engine.rungs import Rung
from tidegate.node.keys import FILE, keys_of
from tidegate.node.notices import status_in
from tidegate.node.settings import Enforcement, Mode, NodeSettings, Notices

PUBLIC_URL = "https://desk.example.org"


@pytest.fixture
def telling(beside: Any, tmp_path: Path) -> Iterator[Any]:
    """A node whose notices lead to this desk: it has the desk's keys, as the node in the desk's own folder has."""
    folder = tmp_path / "telling"
    folder.mkdir(mode=0o700)
    keys_of(settings.TIDEGATE_FOLDER)
    shutil.copy(settings.TIDEGATE_FOLDER / FILE, folder / FILE)
    told = NodeSettings(enforcement=Enforcement(mode=Mode.ENFORCE), notices=Notices(public_url=PUBLIC_URL))
    running = type(beside)(folder, told)
    yield running
    running.close()


def attach(visitor: Any, selector: str, path: Path) -> None:
    """Choose a file, as the browser's own dialogue does."""
    root = visitor.chromium.call("DOM.getDocument")["root"]["nodeId"]
    found = visitor.chromium.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
    visitor.chromium.call("DOM.setFileInputFiles", files=[str(path)], nodeId=found)


def test_from_the_notice_to_reinstatement(telling: Any, visitor: Any, people: Any, tmp_path: Path) -> None:
    account = limited_account(telling)
    action = telling.node.ledger.outbox.due(10, time.time())[-1]
    assert action.account == SENDER
    path = status_in(action.notice).removeprefix(PUBLIC_URL)
    assert path.startswith("/status/")
    said = texts("en")

    visitor.open(path)
    visitor.wait_for_text(said["appeal_title"])
    visitor.check()
    visitor.shoot("status-limited")
    scan = tmp_path / "list of parents.png"
    scan.write_bytes(PNG)
    visitor.fill("#text", WORDS)
    attach(visitor, "#files", scan)
    visitor.click("form[enctype] button")
    visitor.wait_for_text(said["looked_at"])
    assert said["withdraw"] in visitor.text() and said["appeal_title"] not in visitor.text()
    visitor.check()
    visitor.shoot("status-waiting")

    appeal = Appeal.objects.get()
    assert appeal.attachments.get().name == scan.name
    visitor.sign_in(people["reviewer"])
    visitor.open("/desk/appeals/")
    visitor.wait_for_text(account.pseudonym)
    visitor.check()
    visitor.shoot("appeals")
    visitor.open(f"/desk/appeals/{appeal.pk}/")
    visitor.click("form[action$='/take/'] button")
    visitor.wait_for_text("You have it to yourself")
    visitor.check()
    visitor.shoot("appeal")
    visitor.click("input[name=outcome][value=granted]")
    visitor.fill("[name=sentence]", "reason_explained")
    visitor.fill("[name=note]", "A class of thirty.")
    visitor.click("#decide ~ form button.primary")
    visitor.wait_for_text("is decided")
    appeal.refresh_from_db()
    assert appeal.state == State.DECIDED
    telling.copy()
    assert telling.link.standing(account.key).enforced is Rung.ALLOW
    lifted = telling.node.ledger.outbox.due(10, time.time() + 3_600.0)[-1]
    assert lifted.account == SENDER and lifted.rung is Rung.ALLOW

    visitor.open(path)
    visitor.wait_for_text(said["granted"])
    assert said["nothing"] in visitor.text() and "A class of thirty." not in visitor.text()
    visitor.check()
    visitor.shoot("status-granted")


@pytest.mark.parametrize("language", list(NAMES))
def test_every_language_is_readable_on_a_phone(beside: Any, visitor: Any, language: str) -> None:
    account = limited_account(beside)
    said = texts(language)
    visitor.open(f"{status_of(account)}?lang={language}")
    visitor.wait_for_text(said["appeal_title"])
    direction = visitor.chromium.js("getComputedStyle(document.body).direction")
    assert direction == ("rtl" if language == "ar" else "ltr")
    visitor.check(phone_only=True)
    visitor.shoot(f"status-{language}")


def test_a_refused_file_is_told_and_the_words_stay(beside: Any, visitor: Any, tmp_path: Path) -> None:
    path = status_of(limited_account(beside))
    page = tmp_path / "page.png"
    page.write_bytes(b"<!doctype html><html></html>")
    visitor.open(f"{path}?lang=de")
    visitor.fill("#text", WORDS)
    attach(visitor, "#files", page)
    visitor.click("form[enctype] button")
    visitor.wait_for_text(texts("de")["error_title"])
    assert "page.png" in visitor.text()
    assert visitor.chromium.js("document.querySelector('#text').value") == WORDS
    visitor.chromium.complaints.clear()  # that the answer was no success is one
    visitor.check()
    visitor.shoot("status-refused-de")


def test_everything_works_without_scripts_and_with_keys_alone(beside: Any, visitor: Any) -> None:
    account = limited_account(beside)
    visitor.chromium.scripts(False)
    visitor.open(f"{status_of(account)}?lang=fr")
    visitor.chromium.js("document.querySelector('#text').focus()")
    visitor.fill("#text", WORDS)
    for _ in range(2):
        visitor.chromium.press("Tab")
    assert visitor.chromium.js("document.activeElement.tagName") == "BUTTON"
    visitor.chromium.press("Enter")
    visitor.wait_for_text(texts("fr")["withdraw"])
    assert Appeal.objects.get().language == "fr"


def test_an_invalid_link_is_a_friendly_page(visitor: Any, transactional_db: Any) -> None:
    visitor.open("/status/nothing-of-ours/?lang=hi")
    visitor.wait_for_text(texts("hi")["gone_title"])
    visitor.chromium.complaints.clear()  # that there is no such page is one
    visitor.check()
    visitor.shoot("status-gone-hi")


def test_statements_are_chosen_by_days(browser_at: Any) -> None:
    visitor = browser_at("auditor")
    visitor.open("/desk/appeals/statements/")
    visitor.wait_for_text("Statements of reasons")
    visitor.check()
    visitor.shoot("statements")


def test_decided_appeals_stay_readable(beside: Any, browser_at: Any, people: Any) -> None:
    from tidegate.desk.appeals.deciding import decide
    from tidegate.desk.appeals.models import Outcome

    appeal = appeal_by(limited_account(beside))
    decide(people["senior"], appeal, Outcome.REJECTED, sentence="reason_unexplained", words="Nothing new.")
    visitor = browser_at("analyst")
    visitor.open("/desk/appeals/decided/")
    visitor.wait_for_text("Rejected")
    visitor.check()
    visitor.open(f"/desk/appeals/{appeal.pk}/")
    visitor.wait_for_text("Nothing new.")
    visitor.check()
    visitor.shoot("appeal-decided")
