"""The public notice and terms on a phone, in every language, checked by axe-core."""

from typing import Any

from desk.browser import PHONE
from tidegate.desk.notice.library import CODES
from tidegate.desk.notice.words import words_in

RIGHT_TO_LEFT = ("ar",)
LOOKED_AT = ("en", "ar", "hi", "zh-hans")
"""Of which screenshots are made: one of each script."""


def test_every_language_can_be_read_on_a_phone(visitor: Any) -> None:
    for code in CODES:
        visitor.open(f"/terms/{code}/")
        visitor.wait_for_text(words_in(code).question)
        visitor.chromium.size(PHONE)
        assert int(visitor.chromium.js("document.documentElement.scrollWidth")) <= PHONE
        visitor.open(f"/notice/{code}/")
        visitor.wait_for_text(words_in(code).question)
        visitor.check(phone_only=code != CODES[0])
        direction = visitor.chromium.js("getComputedStyle(document.body).direction")
        assert direction == ("rtl" if code in RIGHT_TO_LEFT else "ltr")
        if code in LOOKED_AT:
            visitor.shoot(f"notice-{code}")
