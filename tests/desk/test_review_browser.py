"""A reviewer at work in a real browser: takes the next case, reads why, overturns it; the node lifts the measure, and
puts it back when that is taken back."""

from collections.abc import Callable
from typing import Any

from desk.sending import bulk_sender
from tidegate.desk.review.models import Case
from tidegate.engine.rungs import Rung

MALLORY = "@mallory:example.org"


def test_a_case_is_taken_read_and_overturned(browser_at: Callable[[str], Any], beside: Any) -> None:
    beside.hear(bulk_sender(MALLORY))
    beside.copy()
    Case.objects.update(kind="risk", blind=False)
    before = beside.link.standing(beside.key(MALLORY)).rung
    visitor = browser_at("senior")
    visitor.open("/desk/queue/")
    visitor.check()
    visitor.shoot("queue")
    visitor.click("form[action$='/next/'] button")
    visitor.wait_for_text("Decide, and on to the next")
    visitor.check()
    visitor.shoot("case")
    visitor.click("input[value=overturn]")
    visitor.fill("textarea[name=note]", "They all know each other from the choir.")
    visitor.click("form[action$='/ruling/'] button")
    visitor.wait_for_text("Nothing waits")
    assert beside.link.standing(beside.key(MALLORY)).rung is Rung.ALLOW
    visitor.wait_for_text("Just decided by you")
    visitor.check()
    visitor.shoot("just-decided")
    visitor.click("form[action$='/undo/'] button")
    visitor.wait_for_text("Taken back")
    assert beside.link.standing(beside.key(MALLORY)).rung is before


def test_a_blind_case_asks_what_is_seen(browser_at: Callable[[str], Any], beside: Any) -> None:
    beside.hear(bulk_sender(MALLORY))
    beside.copy()
    Case.objects.update(kind="blind", blind=True)
    visitor = browser_at("reviewer")
    visitor.open("/desk/queue/")
    visitor.click("form[action$='/next/'] button")
    visitor.wait_for_text("What do you see?")
    visitor.check()
    visitor.shoot("blind-case")
    visitor.click("input[value=legitimate]")
    visitor.fill("textarea[name=note]", "I see nothing unusual here.")
    visitor.click("form[action$='/ruling/'] button")
    visitor.wait_for_text("a senior reviewer looks at it too")
    assert Case.objects.get().first_by.username == "the-reviewer"
