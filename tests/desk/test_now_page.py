"""The first page: how things are at this moment, with a node and without."""

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from desk.sending import bulk_sender
from tidegate.desk.audit.models import Record
from tidegate.desk.now.sampling import BIN_S, COUNTER, KEPT_S, Sampler, sampler
from tidegate.engine.rungs import Rung

pytestmark = pytest.mark.django_db
PAGE, LIVE = "/desk/", "/desk/now/live/"


@pytest.fixture(autouse=True)
def fresh_sampler() -> Iterator[None]:
    sampler.forget()
    yield
    sampler.forget()


def words(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.content.decode()))


def test_without_a_node_it_says_so(signed_in: Any) -> None:
    said = words(signed_in("auditor").get(PAGE))
    assert "No node runs beside this desk" in said
    assert "Nothing was decided in the last 14 days" in said


def test_before_the_first_event_it_says_what_to_do(beside: Any, signed_in: Any) -> None:
    assert "Nothing has arrived yet" in words(signed_in("analyst").get(PAGE))
    beside.hear(bulk_sender("@mallory:example.org"))
    sampler.forget()
    assert "Nothing has arrived yet" not in words(signed_in("analyst").get(LIVE))


def test_decisions_of_today_are_shown_by_rung(beside: Any, signed_in: Any) -> None:
    beside.hear(bulk_sender("@mallory:example.org", ago_s=1_000.0))
    client = signed_in("reviewer")
    assert "behind since" in words(client.get(LIVE))
    beside.copy()
    said = words(client.get(PAGE))
    assert "shows everything decided so far" in said
    assert "enforce : acts on everybody" in said
    assert "Measures decided today" in said
    assert "Nothing was decided" not in said
    assert "mallory" not in said


def test_alarms_come_along_only_when_they_have_changed(signed_in: Any) -> None:
    client = signed_in("analyst")
    first = client.get(LIVE).content.decode()
    assert "hx-swap-oob" in first
    mark = re.search(r'name="alarms" value="([0-9a-f]+)"', first)
    assert mark is not None
    assert "hx-swap-oob" not in client.get(LIVE, {"alarms": mark[1]}).content.decode()


def test_however_many_days_and_viewers_few_queries(
    beside: Any, signed_in: Any, django_assert_max_num_queries: Any
) -> None:
    client = signed_in("auditor")
    client.get(PAGE)
    with django_assert_max_num_queries(16):
        client.get(PAGE)
    with django_assert_max_num_queries(14):
        client.get(LIVE)


def test_rates_are_told_from_the_counter() -> None:
    noted = Sampler()
    assert noted.rate(10.0) is None
    for at in range(0, 7_200, 2):
        noted.note({COUNTER: 3.0 * at}, float(at))
    assert noted.rate(10.0) == pytest.approx(3.0)
    noted.note({COUNTER: 3.0 * 7_198 + 100.0}, 7_200.0)
    assert noted.rate(10.0) == pytest.approx((24.0 + 100.0) / 10.0)
    bins = noted.bins(1_000_000.0)
    assert len(bins) == KEPT_S / BIN_S
    assert bins[-1][0] == 1_000_000.0
    assert bins[0][1] == pytest.approx(3.0)
    noted.note({COUNTER: 5.0}, 7_202.0)
    assert noted.rate(3_600.0) is None, "another node counts from nought"


@pytest.fixture
def tripped(beside: Any) -> Any:
    """A node whose breaker of some rung is open and holds measures: (link, rung)."""
    for number in range(30):
        beside.hear(bulk_sender(f"@mallory{number}:example.org", ago_s=2_000.0 + number))
    beside.copy()
    until = time.monotonic() + 20.0
    while not (found := [one for one in beside.link.breakers() if one.opened is not None and one.held]):
        assert time.monotonic() < until, beside.link.breakers()
        time.sleep(0.1)
    return beside.link, found[0].rung


def test_a_breaker_is_closed_by_somebody_who_may_with_a_reason(tripped: Any, signed_in: Any) -> None:
    link, rung = tripped
    address = f"/desk/breakers/{rung.word}/"
    assert "Circuit breakers are open" in words(signed_in("analyst").get(PAGE))
    assert signed_in("analyst").post(address, {"held": "drop", "reason": "looked at them"}).status_code == 403
    senior = signed_in("senior")
    assert senior.post(address, {"held": "drop", "reason": ""}).status_code == 422
    assert senior.post(address, {"reason": "looked at them"}).status_code == 422
    held = next(one.held for one in link.breakers() if one.rung is rung)
    assert held > 0
    assert senior.post(address, {"held": "drop", "reason": "looked at them"}).status_code == 302
    shown = next(one for one in link.breakers() if one.rung is rung)
    assert (shown.opened, shown.held) == (None, 0)
    said = Record.objects.get(did="breaker.reset")
    assert (said.about, said.details["released"], said.details["held"]) == (rung.word, False, held)
    assert "closed already" in words(
        senior.post(address, {"held": "drop", "reason": "once more"}, follow=True)
    )
    assert Record.objects.filter(did="breaker.reset").count() == 1


def test_what_has_no_breaker_is_not_found(beside: Any, signed_in: Any) -> None:
    for word in ("allow", "warn", "nothing"):
        assert signed_in("senior").get(f"/desk/breakers/{word}/").status_code == 404
    assert "It is closed" in words(signed_in("senior").get(f"/desk/breakers/{Rung.LOCK.word}/"))
