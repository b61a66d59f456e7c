"""The first page in a real browser: it follows by itself, and leaves whoever reads it in peace."""

from collections.abc import Iterator
from typing import Any

import pytest

from desk.sending import bulk_sender
from tidegate.desk.now.sampling import sampler
from tidegate.engine.rungs import Rung


@pytest.fixture(autouse=True)
def fresh_sampler() -> Iterator[None]:
    sampler.forget()
    yield
    sampler.forget()


def test_it_follows_by_itself_without_moving_the_focus(beside: Any, browser_at: Any) -> None:
    visitor = browser_at("senior")
    visitor.open("/desk/")
    visitor.wait_for_text("Nothing has arrived yet")
    visitor.check()
    visitor.shoot("now-empty")
    visitor.chromium.js("document.querySelector('#appeals-waiting').focus()")
    for number in range(30):
        beside.hear(bulk_sender(f"@mallory{number}:example.org", ago_s=2_000.0 + number))
    beside.copy()
    visitor.wait_for_text("shows everything decided so far")
    visitor.wait_for_text("Circuit breakers are open")
    assert visitor.chromium.js("document.activeElement.id") == "appeals-waiting"
    visitor.chromium.wait_for("!document.querySelector('#live').innerText.includes('Nothing has arrived')")
    # The alarm stands in the one part that is read out, and that part stays as it is while the alarm does.
    visitor.chromium.js(
        "document.querySelector('#alarms').firstElementChild.dataset.kept = 'yes'; window.left = 2"
    )
    visitor.chromium.js("document.addEventListener('htmx:afterSettle', () => { window.left -= 1; })")
    visitor.chromium.wait_for("window.left <= 0")
    assert visitor.chromium.js("document.querySelector('#alarms').firstElementChild.dataset.kept") == "yes"
    visitor.open("/desk/")
    visitor.wait_for_text("Circuit breakers")
    visitor.check()
    visitor.shoot("now")


def test_a_breaker_is_closed_from_there(beside: Any, browser_at: Any) -> None:
    for number in range(30):
        beside.hear(bulk_sender(f"@mallory{number}:example.org", ago_s=2_000.0 + number))
    beside.copy()
    visitor = browser_at("senior")
    visitor.open("/desk/")
    visitor.click("#breaker-ban")
    visitor.wait_for_text("Close it")
    visitor.check()
    visitor.shoot("breaker")
    visitor.click("input[value=drop]")
    visitor.fill("#id_reason", "They were what they seemed")
    visitor.click("button.danger")
    visitor.wait_for_text("The breaker of ban is closed again")
    assert all(one.opened is None for one in beside.link.breakers() if one.rung is Rung.BAN)


def test_it_pauses_while_nobody_sees_it(beside: Any, browser_at: Any) -> None:
    visitor = browser_at("auditor")
    visitor.open("/desk/")
    visitor.wait_for_text("Nothing has arrived yet")
    visitor.chromium.js(
        "Object.defineProperty(document, 'visibilityState', {get: () => 'hidden', configurable: true}); window.asked = 0;"
        "document.addEventListener('htmx:beforeRequest', () => { window.asked += 1; })"
    )
    # Longer than two rounds would take.
    visitor.chromium.js("new Promise(done => setTimeout(done, 4500))")
    assert visitor.chromium.js("window.asked") == 0
    visitor.chromium.js("delete document.visibilityState")
    visitor.chromium.wait_for("window.asked > 0")
