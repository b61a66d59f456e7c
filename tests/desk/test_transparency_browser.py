"""The transparency report in a real browser: chart and table, month chooser, on a phone and printed."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from tidegate.desk.ledger.models import Tally
from tidegate.desk.transparency.months import Month
from tidegate.engine.rungs import Rung

NOW = Month.of(timezone.now().date())


@pytest.fixture(autouse=True)
def a_year(transactional_db: Any) -> None:
    cache.clear()
    for back in range(13):
        for place, rung in enumerate(list(Rung)[1:]):
            raised = max(2, (900 >> place) - 31 * back)
            Tally.objects.create(
                day=NOW.moved(-back).first_day + timedelta(days=1),
                rung=int(rung),
                stage=("registration", "messaging", "feedback", "campaign")[place % 4],
                decided=raised * 2,
                acted=raised,
                raised=raised,
                automatic=raised - raised // 8,
                unreported=raised // 2,
            )


def test_the_report_can_be_read_and_another_month_chosen(visitor: Any) -> None:
    visitor.open("/transparency/")
    visitor.wait_for_text("Transparency report")
    visitor.chromium.wait_for("document.querySelector('.chart canvas') !== null")
    visitor.check()
    visitor.shoot("transparency")
    latest = NOW.moved(-1)
    assert f"Actions in {latest.words}" in visitor.text()
    visitor.fill("#month", str(NOW))
    visitor.click(".chooser button")
    visitor.wait_for_text(f"{NOW.words} is not over yet")
    visitor.check()
    other = NOW.moved(-5)
    visitor.click(f'td a[href="?month={other}"], th a[href="?month={other}"]')
    visitor.wait_for_text(f"Actions in {other.words}")


def test_it_prints_without_what_cannot_be_used_on_paper(visitor: Any) -> None:
    visitor.open("/transparency/")
    visitor.wait_for_text("Transparency report")
    visitor.chromium.call("Emulation.setEmulatedMedia", media="print")
    gone = ("header.top", "form.chooser", ".foot nav")
    assert all(
        visitor.chromium.js(f"document.querySelector('{one}').checkVisibility()") is False for one in gone
    )
    assert visitor.chromium.js("document.querySelector('table').checkVisibility()") is True
    visitor.chromium.call("Emulation.setEmulatedMedia", media="")


def test_explanations_open_by_click_and_stay_readable(visitor: Any) -> None:
    visitor.open("/transparency/")
    visitor.wait_for_text("Transparency report")
    visitor.chromium.js("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    visitor.wait_for_text("Decisions that put an account under a stronger measure")
    visitor.check()
    visitor.shoot("transparency-explained")
