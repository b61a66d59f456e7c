"""The transparency report: page, CSV and JSON say the same, small numbers are protected, nothing is counted live."""

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import jsonschema
import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from desk.sending import bulk_sender
from tidegate.desk.appeals.models import Appeal
from tidegate.desk.ledger.models import Account, Tally
from tidegate.desk.review.models import Ruled, Sample
from tidegate.desk.transparency import refreshing, report
from tidegate.desk.transparency.files import COLUMNS, cell
from tidegate.desk.transparency.measures import ALL, MEASURES, RUNGS, SCHEMA_VERSION
from tidegate.desk.transparency.months import Month, span
from tidegate.desk.transparency.protection import FEW, LEAST_FOR_TIMES, LEAST_LOOKED_AT, STEP, rounded
from tidegate.engine.rungs import Rung

pytestmark = pytest.mark.django_db
NOW = Month.of(timezone.now().date())
LAST = NOW.moved(-1)
BEFORE = NOW.moved(-2)


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    cache.clear()


def tally(month: Month, rung: Rung, stage: str, raised: int, automatic: int, unreported: int) -> None:
    """A day of decisions, as copying counts them."""
    Tally.objects.create(
        day=month.first_day + timedelta(days=3),
        rung=int(rung),
        stage=stage,
        decided=raised + 7,
        acted=raised + 2,
        raised=raised,
        automatic=automatic,
        unreported=unreported,
    )


_made = 0


def appeal(received: datetime, hours: float | None, outcome: str = "rejected", *, state: str = "") -> None:
    """One that is due after 24 hours; ``hours``: until it was decided, None: it waits."""
    global _made
    _made += 1
    account = Account.objects.create(
        id=_made, decided=received, first_decided=received, stage="messaging", rung=5
    )
    Appeal.objects.create(
        account=account,
        language="en",
        text="It was me.",
        received=received,
        due=received + timedelta(hours=24),
        state=state or ("waiting" if hours is None else "decided"),
        outcome="" if hours is None or state else outcome,
        decided=None if hours is None else received + timedelta(hours=hours),
    )


def asked_json(query: str = "") -> dict[str, Any]:
    response = Client().get(f"/transparency/figures.json{query}")
    assert response.status_code == 200
    found: dict[str, Any] = json.loads(response.content)
    return found


def values(query: str = "") -> dict[tuple[str, str, str], Any]:
    """Of the JSON file, by month, measure and rung."""
    return {(one["month"], one["measure"], one["rung"]): one["value"] for one in asked_json(query)["figures"]}


def some_months() -> None:
    tally(BEFORE, Rung.SUSPEND, "messaging", 1_203, 1_200, 842)
    tally(LAST, Rung.SUSPEND, "messaging", 100, 93, 61)
    tally(LAST, Rung.SUSPEND, "feedback", 50, 50, 0)
    tally(LAST, Rung.BAN, "campaign", 3, 2, 1)
    tally(LAST, Rung.CHALLENGE, "registration", 41, 41, 41)
    tally(LAST, Rung.ALLOW, "messaging", 0, 0, 0)
    for number in range(9):
        appeal(LAST.start + timedelta(days=number), 2.0 + number, "granted" if number < 6 else "rejected")
    appeal(LAST.start, 30.0, "partly")
    appeal(LAST.start, None)
    appeal(LAST.start, 1.0, state="withdrawn")


def test_months_and_rungs_are_counted_from_the_ledgers_tallies() -> None:
    some_months()
    found = values()
    month = str(LAST)
    assert found[month, "actions", "suspend"] == 150
    assert found[month, "automatic", "suspend"] == 145  # 143
    assert found[month, "by_person", "suspend"] == 5  # 7
    assert found[month, "before_any_report", "suspend"] == 60  # 61
    assert found[month, "while_messaging", "suspend"] == 95  # 93
    assert found[month, "from_feedback", "suspend"] == 50
    assert found[month, "actions", "ban"] == FEW
    assert found[month, "actions", "lock"] == 0
    assert found[month, "from_campaigns", ALL] == FEW
    assert found[month, "at_registration", "challenge"] == 40
    assert found[month, "actions", ALL] == 195  # 194
    assert found[str(BEFORE), "actions", "suspend"] == 1_205
    assert found[str(NOW), "actions", ALL] == 0
    assert not [key for key in found if key[2] == "allow"]


def test_appeals_count_for_the_month_in_which_they_were_lodged() -> None:
    some_months()
    found = values()
    appeals = {key[1].removeprefix("appeals_"): value for key, value in found.items() if key[0] == str(LAST)}
    assert appeals["received"] == 10  # 12
    assert appeals["decided"] == 10
    assert appeals["in_time"] == 10  # 9
    assert appeals["late"] == FEW  # one decided after 30 hours, one that still waits
    assert appeals["waiting"] == appeals["withdrawn"] == appeals["partly"] == FEW
    assert appeals["granted"] == 5  # 6
    assert appeals["median_hours"] == 6.0  # of 2, 3, 4, 5, 6, 7, 8, 9, 10, 30
    assert found[str(BEFORE), "appeals_median_hours", ALL] is None


def test_a_median_takes_enough_appeals() -> None:
    tally(LAST, Rung.SUSPEND, "messaging", 10, 10, 10)
    for number in range(LEAST_FOR_TIMES - 1):
        appeal(LAST.start, 3.0 + number)
    assert values()[str(LAST), "appeals_median_hours", ALL] is None
    appeal(LAST.start, 12.5)
    cache.clear()
    assert values()[str(LAST), "appeals_median_hours", ALL] == 5.0


def test_measures_undone_by_people_are_counted_with_and_without_an_appeal(people: dict[str, Any]) -> None:
    tally(LAST, Rung.SUSPEND, "messaging", 10, 10, 10)
    for number in range(17):
        Ruled.objects.create(
            person=people["senior"],
            time=LAST.start + timedelta(hours=number),
            verdict="overturn" if number < 16 else "uphold",
            finding="legitimate",
            rung_before=int(Rung.SUSPEND),
            rung_after=0,
            appeal_id=number if number < 6 else None,
        )
    found = values()
    assert found[str(LAST), "reinstated_on_appeal", ALL] == 5  # 6
    assert found[str(LAST), "reinstated_by_review", ALL] == 10
    assert found[str(NOW), "reinstated_by_review", ALL] == 0


def looked_at_again(count: int, wrong: int) -> None:
    """Actions that were drawn with probability 0.1, and looked at."""
    for number in range(count):
        Sample.objects.create(
            decision_number=number,
            time=LAST.start + timedelta(hours=number),
            rung=5,
            kind="blind",
            probability=0.1,
            wrong=number < wrong,
        )


def test_wrongful_actions_are_estimated_once_enough_were_looked_at_again() -> None:
    tally(LAST, Rung.SUSPEND, "messaging", 1_000, 1_000, 400)
    looked_at_again(LEAST_LOOKED_AT - 1, 3)
    found = values()
    assert found[str(LAST), "wrongful_share", ALL] is None
    assert found[str(LAST), "wrongful_actions_high", ALL] is None
    assert "Not enough looked at yet" in Client().get("/transparency/").content.decode()
    Sample.objects.all().delete()
    cache.clear()
    looked_at_again(100, 5)
    found = values()
    share, low, high = (found[str(LAST), f"wrongful_share{end}", ALL] for end in ("", "_low", "_high"))
    assert share == 0.05
    assert 0.0 < low < share < high < 0.15
    assert found[str(LAST), "wrongful_actions", ALL] == 50
    upper = found[str(LAST), "wrongful_actions_high", ALL]
    assert upper % STEP == 0
    assert abs(upper - high * 1_000) <= STEP
    assert found[str(LAST), "wrongful_looked_at", ALL] == 100
    said = {one["month"]: one["estimation_method"] for one in asked_json()["months"]}
    assert "random" in said[str(LAST)]
    assert said[str(NOW)] is None
    page = Client().get("/transparency/").content.decode()
    assert "5.0 %" in page
    assert said[str(LAST)].split(";")[0] in page


@pytest.mark.parametrize("count", [*range(60), 1_234_567])
def test_no_published_count_gives_a_single_account_away(count: int) -> None:
    told = rounded(count)
    assert told == FEW if 0 < count < STEP else isinstance(told, int)
    if isinstance(told, int):
        assert told % STEP == 0
        assert abs(told - count) <= 2
        assert (told == 0) == (count == 0)


def test_csv_and_json_say_the_same() -> None:
    some_months()
    query = f"?from={BEFORE}&to={NOW}"
    response = Client().get(f"/transparency/figures.csv{query}")
    said = asked_json(query)
    body = response.content.decode()
    assert response["content-type"].startswith("text/csv")
    assert f"transparency-{BEFORE}-to-{NOW}.csv" in response["content-disposition"]
    assert body.endswith("\r\n")
    assert body.count("\r\n") == body.count("\n") == body.count("\r")
    rows = list(csv.DictReader(io.StringIO(body, newline=""), strict=True))
    assert tuple(rows[0]) == COLUMNS
    assert [(row["month"], row["measure"], row["rung"], row["value"]) for row in rows] == [
        (one["month"], one["measure"], one["rung"], "" if one["value"] is None else str(one["value"]))
        for one in said["figures"]
    ]
    units = {one["measure"]: one["unit"] for one in said["measures"]}
    complete = {one["month"]: one["complete"] for one in said["months"]}
    assert complete == {str(BEFORE): True, str(LAST): True, str(NOW): False}
    for row in rows:
        assert row["schema_version"] == SCHEMA_VERSION
        assert row["unit"] == units[row["measure"]]
        assert row["complete"] == ("yes" if complete[row["month"]] else "no")
    rungs = [rung.word for rung in RUNGS]
    expected = sum(len(rungs) + 1 if measure.per_rung else 1 for measure in MEASURES)
    assert len(rows) == 3 * expected


def test_the_json_file_keeps_to_its_schema() -> None:
    schema = json.loads(Client().get("/transparency/schema.json").content)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(asked_json(), schema)
    some_months()
    cache.clear()
    said = asked_json()
    jsonschema.validate(said, schema, format_checker=jsonschema.FormatChecker())
    said["figures"][0]["value"] = "<6"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(said, schema)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_run_by_a_spreadsheet(text: str) -> None:
    assert cell(text) == f"'{text}"
    assert cell("2026-11") == "2026-11"


def test_the_page_shows_the_figures_of_the_files() -> None:
    some_months()
    page = Client().get(f"/transparency/?month={LAST}").content.decode()
    for words in ("&lt; 5", ">150<", ">145<", ">195<", "6.0 h", "Not enough looked at yet"):
        assert words in page, words
    assert "is not over yet" not in page
    now = Client().get(f"/transparency/?month={NOW}").content.decode()
    assert f"{NOW.words} is not over yet" in now


def test_without_a_choice_the_latest_complete_month_is_shown() -> None:
    empty = Client().get("/transparency/").content.decode()
    assert f"Actions in {NOW.words}" in empty
    some_months()
    cache.clear()
    assert f"Actions in {LAST.words}" in Client().get("/transparency/").content.decode()


@pytest.mark.parametrize(
    "query",
    ["?month=2026-13", "?month=soon", "?month=1999-01", "?month=9999-12", f"?month={NOW.moved(1)}"],
)
def test_months_without_figures_are_told(query: str) -> None:
    some_months()
    assert Client().get(f"/transparency/{query}").status_code == 404


def test_files_of_impossible_spans_are_refused() -> None:
    some_months()
    for query in (f"?from={NOW}&to={LAST}", "?from=x", f"?to={BEFORE.moved(-1)}"):
        for kind in ("csv", "json"):
            assert Client().get(f"/transparency/figures.{kind}{query}").status_code == 404


def test_a_page_takes_a_fixed_number_of_queries_and_then_few(django_assert_max_num_queries: Any) -> None:
    for back in range(20):
        tally(NOW.moved(-back), Rung.SUSPEND, "messaging", 100, 90, 50)
    with django_assert_max_num_queries(10):
        Client().get("/transparency/")
    with django_assert_max_num_queries(1):
        Client().get("/transparency/")  # the rest is kept for a while
    assert span(NOW.moved(-19), NOW)[0] == NOW.moved(-19)


def test_what_a_real_node_did_is_in_the_report(beside: Any) -> None:
    for number in range(6):
        beside.hear(bulk_sender(f"@mallory{number}:example.org"))
    beside.copy()
    exact = sum(Tally.objects.filter(rung__gt=0).values_list("raised", flat=True))
    assert exact >= 6
    month = Month.of(Tally.objects.order_by("-day").values_list("day", flat=True)[0])
    told = [value for key, value in values().items() if key[1:] == ("actions", ALL)]
    if Tally.objects.dates("day", "month").count() == 1:
        assert values()[str(month), "actions", ALL] == rounded(exact)
    assert sum(one for one in told if isinstance(one, int)) > 0


def test_everybody_may_read_it_and_nobody_change_it(signed_in: Callable[[str], Client]) -> None:
    for client in (Client(), signed_in("auditor")):
        for path in ("", "figures.csv", "figures.json", "schema.json"):
            assert client.get(f"/transparency/{path}").status_code == 200
            assert client.post(f"/transparency/{path}").status_code == 405


def test_months_follow_the_calendar() -> None:
    assert Month.of(date(2026, 12, 31)).moved(1) == Month(2027, 1)
    assert Month(2026, 1).moved(-1) == Month(2025, 12)
    assert Month(2027, 1).start == datetime(2027, 1, 1, tzinfo=UTC) == Month(2026, 12).end
    assert [str(month) for month in span(Month(2026, 11), Month(2027, 2))] == [
        *("2026-11", "2026-12", "2027-01", "2027-02"),
    ]


def test_readers_of_the_last_months_find_their_figures_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    tally(BEFORE, Rung.SUSPEND, "messaging", 40, 30, 20)
    monkeypatch.setattr(refreshing, "_next_s", {"current": -1.0, "complete": -1.0})
    asked = []
    for name in ("actions_in", "people_in"):
        of = getattr(report, name)
        monkeypatch.setattr(report, name, lambda *given, of=of: asked.append(given[0]) or of(*given))
    refreshing.tend()
    assert len(asked) == 3, "both asked the actions, one asked the people"
    for path in ("", "figures.csv", "figures.json"):
        assert Client().get(f"/transparency/{path}").status_code == 200
    refreshing.tend()
    assert len(asked) == 3, "nobody asked the database again"
    refreshing._next_s["current"] = -1.0
    refreshing.tend()
    assert asked[3:] == [[NOW]] * 3
