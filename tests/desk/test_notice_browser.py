"""The public notice and terms in a real browser: right to left, by keyboard."""

from typing import Any

import msgspec
import pytest

from tidegate.desk.notice.answering import Limit
from tidegate.desk.notice.models import Answered
from tidegate.desk.notice.words import words_in


@pytest.fixture(autouse=True)
def reachable(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A desk whose operator says where to turn to."""
    settings.TIDEGATE = msgspec.structs.replace(settings.TIDEGATE, contact="mailto:help@example.org")
    monkeypatch.setattr("tidegate.desk.notice.views.limit", Limit())


def test_the_terms_can_be_read_on_a_phone(visitor: Any) -> None:
    visitor.open("/terms/en/")
    visitor.wait_for_text("What you must not do")
    visitor.check()
    visitor.shoot("terms-en")


def test_in_arabic_the_page_begins_on_the_right(visitor: Any) -> None:
    visitor.open("/notice/ar/")
    brand, chooser = (
        float(visitor.chromium.js(f"document.querySelector('{one}').getBoundingClientRect().left"))
        for one in (".brand", ".languages")
    )
    assert brand > chooser
    visitor.open("/notice/en/")
    brand, chooser = (
        float(visitor.chromium.js(f"document.querySelector('{one}').getBoundingClientRect().left"))
        for one in (".brand", ".languages")
    )
    assert brand < chooser


def test_a_reader_chooses_another_language(visitor: Any) -> None:
    visitor.open("/notice/en/")
    visitor.click(".languages > summary")
    visitor.check()
    visitor.chromium.size(360)
    visitor.shoot("notice-languages")
    visitor.click('.languages a[hreflang="de"]')
    visitor.wait_for_text(words_in("de").question)
    assert "auf Example Chat" in visitor.text()


def press(visitor: Any, key: str, code: int, text: str = "") -> None:
    for kind in ("keyDown", "keyUp"):
        visitor.chromium.call(
            "Input.dispatchKeyEvent",
            type=kind,
            key=key,
            code=key,
            windowsVirtualKeyCode=code,
            **({"text": text} if text and kind == "keyDown" else {}),
        )


def test_the_question_is_answered_by_keyboard_alone(visitor: Any) -> None:
    visitor.open("/notice/en/")
    visitor.wait_for_text("Did this answer your question?")
    focused: list[str] = []
    for _ in range(60):
        press(visitor, "Tab", 9)
        focused.append(str(visitor.chromium.js("document.activeElement.innerText")).strip())
        if focused[-1] == "Yes":
            break
    assert focused[0] == "To the content"
    assert focused[-1] == "Yes", focused
    press(visitor, "Enter", 13, "\r")
    visitor.wait_for_text("Thank you for your answer.")
    visitor.check()
    visitor.shoot("notice-answered")
    row = Answered.objects.get()
    assert (row.language, row.yes, row.no) == ("en", 1, 0)


def test_the_list_of_versions_can_be_read(visitor: Any) -> None:
    for code in ("en", "ar"):
        visitor.open(f"/notice/{code}/versions/")
        visitor.wait_for_text(words_in(code).versions)
        visitor.check()
        visitor.shoot(f"notice-versions-{code}")


def test_staff_look_at_the_answers(browser_at: Any) -> None:
    Answered.objects.create(
        document="notice", valid_from="2026-11-20", language="ar", day="2026-11-20", yes=3, no=1
    )
    staff = browser_at("analyst")
    staff.open("/desk/notice/")
    staff.wait_for_text("Did this answer your question?")
    staff.check()
    staff.shoot("notice-answers")
