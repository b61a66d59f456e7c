"""The report page: complete, safe to open, small enough, and clear about what its figures are not."""

import base64
import dataclasses
import hashlib
import math
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_findings import (
    DAY,
    HOUR,
    NEVER_SUPPLIED,
    START,
    assemble,
    bulk_sender,
    decision,
    from_edge_list,
    made_up,
)

from tidegate.cli.findings import (
    MOMENT_KINDS,
    RUNGS,
    ActedOn,
    Findings,
    LogShown,
    Moment,
    keep_moments,
    most_severe_first,
    rung_series,
)
from tidegate.cli.report import CARDS_AT_MOST, render_report, write_report
from tidegate.cli.report.charts import time_ticks
from tidegate.cli.report.flags import lay_out
from tidegate.cli.report.timeline import timeline, timeline_table
from tidegate.cli.report.window import story_window
from tidegate.cli.wording import Dates, duration, headline, rate, shown_name
from tidegate.events.columns import EARLIEST_S
from tidegate.events.summary import LogSummary
from tidegate.statements.decision import ReasonShown

GOLDEN = Path(__file__).parent / "golden" / "report.html"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
UTC = Dates(None)


class Page(HTMLParser):
    """Tags, attributes and visible words of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def named(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


def quiet_log(relative: bool = False) -> Findings:
    start = EARLIEST_S if relative else START
    log = LogShown(
        24_340,
        24_333,
        {"time is not a number": 5, "actor is <missing>": 2},
        first_time=start,
        last_time=start + 28 * DAY,
        relative_time=relative,
        notes=["The log starts mid-life."],
    )
    return assemble("copenhagen_sms", ["copenhagen_sms.csv"], [], log, 555, 568, NEVER_SUPPLIED)


def with_accounts(accounts: list[ActedOn], title: str = "a log") -> Findings:
    log = LogShown(100, 100, first_time=START - DAY, last_time=START + 9 * DAY)
    return assemble(title, ["a.jsonl"], accounts, log, 1_350, 1_899, [])


def body_of(html: str) -> str:
    """The page without its style and script, which change for reasons of their own."""
    return re.sub(r"<style>.*?</style>|<script>.*?</script>|'sha256-[^']*'", "", html, flags=re.DOTALL)


# what it says


def test_the_page_is_the_one_that_was_last_looked_at() -> None:
    """After a change that is meant, look at the page, then run with TIDEGATE_WRITE_GOLDEN=1."""
    page = body_of(render_report(made_up(bulk=3)))
    if os.environ.get("TIDEGATE_WRITE_GOLDEN"):
        GOLDEN.write_text(page, encoding="utf-8")
    assert page == GOLDEN.read_text(encoding="utf-8")


def test_the_first_sentence_says_how_many_of_how_many() -> None:
    accounts = [bulk_sender(f"u{i}", START, 20, 30.0, i) for i in range(3)]
    text = Page(render_report(with_accounts(accounts))).text
    assert "3 of 1,350 senders would be acted on" in text
    assert "2.2 alerts per 1,000 senders" in text


def test_an_unlabelled_log_never_gets_a_false_positive_rate() -> None:
    text = Page(render_report(with_accounts([bulk_sender("u", START, 20, 30.0, 1)]))).text
    assert "alerts per 1,000 senders, not a false-positive rate" in text
    assert "Simulated" not in text


def test_a_simulated_world_is_marked_as_simulated() -> None:
    page = Page(render_report(made_up(bulk=1)))
    assert any(attributes.get("class") == "simulated" for attributes in page.named("span"))
    assert "not real people" in page.text


def test_accounts_stopped_before_they_ever_sent_are_not_called_senders() -> None:
    stopped = [ActedOn(f"u{i}", [decision(f"u{i}", "lock", START, 0, 0)]) for i in range(4)]
    findings = dataclasses.replace(with_accounts(stopped), senders=3)
    assert headline(findings) == "4 accounts would be acted on, among 3 senders"
    assert "before its first message" in Page(render_report(findings)).text


def test_a_quiet_log_gets_a_friendly_page_that_still_shows_the_quality_of_the_log() -> None:
    page = Page(render_report(quiet_log()))
    assert "None of 555 senders would be acted on" in page.text
    assert "Nobody to act on" in page.text
    assert "typing notices : never" in page.text.replace(":", " :").replace("  ", " ")
    assert "time is not a number" in page.text and "actor is <missing>" in page.text
    assert "The log starts mid-life." in page.text
    assert not page.named("article")


def test_an_empty_log_has_a_page_too() -> None:
    page = Page(render_report(Findings("empty", ["empty.jsonl"], LogShown(), senders=0, accounts=0)))
    assert "Nobody sent anything in this log" in page.text
    assert "No event in this log could be used" in page.text


def test_a_log_that_counts_from_its_own_start_shows_days_and_no_invented_dates() -> None:
    start = EARLIEST_S
    account = bulk_sender("u", start + 2 * DAY + 4 * HOUR, 20, 30.0, 1)
    findings = dataclasses.replace(quiet_log(relative=True), acted_on=[account])
    findings.rung_series = rung_series(account.decisions, start, start + 28 * DAY)
    html = render_report(findings)
    text = Page(html).text
    assert re.search(r"\bday 3 04:\d\d:\d\d\b", text)
    assert "2000" not in text and "Jan" not in text


def test_every_card_names_rung_time_first_contacts_and_reasons() -> None:
    reasons = (
        ReasonShown("burst", 5.0, "five at once", "rule"),
        ReasonShown("quiet_share", 0.1, "", "model"),
    )
    account = ActedOn("u7", [decision("u7", "lock", START + 12, 9, 14, START + DAY, reasons)])
    text = Page(render_report(with_accounts([account]))).text
    assert "Locked after 9 first contacts and 14 messages , until 15 Nov 2023 22:13" in text.replace(
        ",", " ,"
    )
    assert "14 Nov 2023 22:13:32" in text
    assert "five at once" in text and "rule burst" in text and "model quiet_share" in text


def test_the_card_says_what_followed_in_the_log() -> None:
    account = bulk_sender("u", START, 60, 30.0, 1)  # banned at 40
    assert "it went on to write to 20 more strangers" in Page(render_report(with_accounts([account]))).text


def test_every_rung_is_told_by_shape_and_word_and_not_by_colour_alone() -> None:
    accounts = [ActedOn(rung, [decision(rung, rung, START)]) for rung in RUNGS[1:]]
    html = render_report(with_accounts(accounts))
    for rung in RUNGS[1:]:
        assert f'<symbol id="g-{rung}"' in html
        assert re.search(
            rf'<span class="badge r-{rung}"><svg[^>]*><use href="#g-{rung}"/></svg>{rung}</span>', html
        )


# safe to open


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title><svg onload=alert(1)>",
    "&lt;b&gt;",
    "\u202egro.knab@eciohc",
    "a\x00b\x1b[31mred\nline\u2028x",
    "\ud800half",
    "x" * 5_000,
    "",
]


def test_hostile_names_and_texts_stay_text() -> None:
    accounts = [
        ActedOn(
            name,
            [decision(name, "lock", START, reasons=(ReasonShown(name, math.nan, name, "rule"),), stage=name)],
            [Moment(START, "first_contact")],
            totals={name: 3},
        )
        for name in HOSTILE
    ]
    findings = dataclasses.replace(
        with_accounts(accounts),
        title=HOSTILE[0],
        sources=HOSTILE,
        policy_name=HOSTILE[1],
        missing_signals=HOSTILE,
    )
    findings.log.notes = list(HOSTILE)
    findings.log.rejected = dict.fromkeys(HOSTILE, 1)
    page = Page(render_report(findings))
    assert len(page.named("script")) == 1
    assert not page.named("img")
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert "<script>alert(1)</script>" in page.text  # shown, not run
    bidi = [word for word in page.words if "gro.knab" in word]
    assert bidi and shown_name(HOSTILE[5]) in " ".join(bidi)


def test_the_page_asks_for_nothing_from_anywhere(tmp_path: Path) -> None:
    write_report(tmp_path / "report.html", made_up())
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    page = Page(html)
    for _, attributes in page.tags:
        assert "src" not in attributes
        assert attributes.get("href", "#").startswith("#")
    assert "://" not in html and "url(" not in html and "@import" not in html
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_the_security_policy_allows_its_own_script_and_no_other() -> None:
    html = render_report(made_up(bulk=1))
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL)
    assert script
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in html


def test_a_name_that_is_half_a_character_can_still_be_written(tmp_path: Path) -> None:
    findings = dataclasses.replace(quiet_log(), title="\ud800", sources=["\udcff.csv"])
    write_report(tmp_path / "report.html", findings)
    assert "\\ud800" in (tmp_path / "report.html").read_text(encoding="utf-8")


# small enough


def test_five_thousand_long_lived_accounts_stay_below_ten_megabytes() -> None:
    moments = [Moment(START + i * 977.0 % (60 * DAY), kind) for i in range(200) for kind in MOMENT_KINDS[1:]]
    moments, left_out = keep_moments(moments)
    reasons = tuple(
        ReasonShown("rule_name", 1.0, f"a rather long reason in words, number {i} " * 3, "rule")
        for i in range(6)
    )
    accounts = [
        ActedOn(
            f"account-{i:05d}",
            [decision(f"{i}", RUNGS[1 + i % 6], START + i, reasons=reasons)],
            moments,
            left_out,
        )
        for i in range(5_000)
    ]
    html = render_report(with_accounts(most_severe_first(accounts)))
    page = Page(html)
    assert len(html.encode()) < 10_000_000
    assert len(page.named("article")) <= CARDS_AT_MOST
    listed = len(page.named("article")) + sum("data-name" in attributes for attributes in page.named("tr"))
    left = re.search(r"([\d,]+) further accounts only in decisions.jsonl", page.text)
    assert listed + (int(left[1].replace(",", "")) if left else 0) == 5_000


def test_the_page_says_how_many_accounts_have_no_picture() -> None:
    accounts = [ActedOn(f"u{i}", [decision(f"u{i}", "warn", START + i)]) for i in range(CARDS_AT_MOST + 7)]
    page = Page(render_report(with_accounts(accounts)))
    assert len(page.named("article")) == CARDS_AT_MOST
    assert "The first 200 have a picture; the rest (7) follow in a table." in page.text


def test_thinning_keeps_what_the_picture_counts() -> None:
    moments = [Moment(START + i, "message" if i % 10 else "first_contact") for i in range(10_000)]
    kept, left_out = keep_moments(moments, 2_000)
    assert len(kept) == 2_000 and left_out == 8_000
    assert sum(moment.kind == "first_contact" for moment in kept) == 1_000
    assert kept == sorted(kept, key=lambda moment: moment.time)


# the timeline picture


def picture(account: ActedOn) -> ElementTree.Element:
    return ElementTree.fromstring(timeline(account, UTC))


def words_in(svg: ElementTree.Element) -> list[str]:
    return [text.text or "" for text in svg.iter("text")]


@given(
    st.lists(
        st.tuples(
            st.one_of(st.floats(0, 1), st.floats(0, 1e4), st.floats(0, 9e8)), st.sampled_from(MOMENT_KINDS)
        ),
        min_size=1,
        max_size=40,
    ),
    st.lists(
        st.tuples(st.floats(0, 9e8), st.sampled_from(RUNGS), st.one_of(st.none(), st.floats(0, 9e8))),
        min_size=1,
        max_size=7,
    ),
)
def test_any_life_can_be_drawn(
    moments: list[tuple[float, str]], changes: list[tuple[float, str, float | None]]
) -> None:
    account = ActedOn(
        "u",
        [
            decision("u", rung, START + time, until=None if lasts is None else START + time + lasts)
            for time, rung, lasts in sorted(changes, key=lambda change: change[0])
        ],
        sorted((Moment(START + time, kind) for time, kind in moments), key=lambda moment: moment.time),
    )
    drawn = timeline(account, UTC)
    svg = ElementTree.fromstring(drawn)
    assert "nan" not in drawn and "inf" not in drawn
    assert svg.find("svg") is not None and svg.find("svg").get("aria-label")  # type: ignore[union-attr]
    for line in svg.iter("line"):
        for place in (line.get("x1", ""), line.get("x2", "")):
            if place.endswith("%"):
                assert -0.01 <= float(place[:-1]) <= 100.01
    ElementTree.fromstring(timeline_table(account, UTC))


def test_the_curves_end_at_the_numbers_written_beside_them() -> None:
    moments = [Moment(START + i, "first_contact") for i in range(30)] + [Moment(START + 31, "reply")]
    account = ActedOn("u", [decision("u", "lock", START + 29, 30, 30)], moments)
    words = words_in(picture(account))
    assert "30 written to" in words and "1 answered" in words


def test_a_minute_of_everything_in_months_of_nothing_is_drawn_large() -> None:
    moments = [Moment(START + i * 5 * DAY, "message") for i in range(30)]
    burst = START + 60 * DAY
    moments += [Moment(burst + i, "first_contact") for i in range(60)]
    moments.sort(key=lambda moment: moment.time)
    account = ActedOn("u", [decision("u", "lock", burst + 40, 41, 60)], moments)
    window = story_window(account)
    assert not window.whole
    assert window.end - window.start < 120
    assert window.holds(burst + 40)
    assert "Whole life" in words_in(picture(account))


def test_a_steady_life_is_drawn_whole() -> None:
    account = bulk_sender("u", START, 45, 3600.0, 2)
    assert story_window(account).whole
    assert "Whole life" not in words_in(picture(account))


def test_labels_of_the_ladder_never_overlap() -> None:
    for step in (0.0, 1.0, 40.0, 400.0, 4_000.0):
        moments = [Moment(START + i * 100, "first_contact") for i in range(100)]
        changes = [decision("u", rung, START + 3_000 + i * step, 30 + i) for i, rung in enumerate(RUNGS[1:])]
        account = ActedOn("u", changes, moments)
        flags, rows = lay_out(account, story_window(account))
        assert sum(len(flag.marks) for flag in flags) == sum(
            story_window(account).holds(change.time) for change in changes
        )
        for row in range(rows):
            reaches = sorted(flag.reach for flag in flags if flag.row == row)
            assert all(a[1] <= b[0] for a, b in pairwise(reaches))


def test_the_strongest_decision_is_always_labelled() -> None:
    account = bulk_sender("u", START, 60, 30.0, 1)
    account.decisions = [decision("u", rung, START + 900 + i, 10) for i, rung in enumerate(RUNGS[1:])]
    assert "ban" in words_in(picture(account))


@given(st.floats(0, 2e9), st.floats(0, 1e9), st.booleans())
def test_time_axes_have_a_handful_of_ticks_in_order_and_inside(
    start: float, span: float, relative: bool
) -> None:
    dates = Dates(math.floor(start / DAY) * DAY) if relative else UTC
    ticks = time_ticks(start, start + span, dates)
    assert len(ticks) <= 13
    assert all(start - 1e-6 <= tick.time <= start + span + 1e-6 for tick in ticks)
    assert [tick.time for tick in ticks] == sorted({tick.time for tick in ticks})
    if span > 60:
        assert len(ticks) >= 2


def test_bars_over_time_count_every_decision_once() -> None:
    decisions = [change for account in made_up().acted_on for change in account.decisions]
    series = rung_series(decisions, START, START + 14 * DAY)
    assert sum(number for row in series.values() for _, number in row) == len(decisions)
    assert len({tuple(start for start, _ in row) for row in series.values()}) == 1


# words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.42, "0.42 s"), (45, "45 s"), (600, "10 min"), (12_000, "3 h 20 min"), (194 * DAY, "194 days")],
)
def test_durations_read_like_speech(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("value", "words"), [(0, "0"), (2.222, "2.2"), (0.04321, "0.043"), (1234.5, "1,234")]
)
def test_rates_keep_the_digits_that_matter(value: float, words: str) -> None:
    assert rate(value) == words


# the log


def test_what_the_reader_counted_is_what_is_shown() -> None:
    summary = LogSummary(
        rows=9, events=5, rejected=3, rejected_by_reason={"not JSON": 3}, duplicates=1, late=2
    )
    summary.first_time_s, summary.last_time_s, summary.relative_time = EARLIEST_S, EARLIEST_S + DAY, True
    shown = LogShown.of(summary)
    assert (shown.lines, shown.accepted, shown.set_aside, shown.duplicates, shown.late) == (9, 5, 3, 1, 2)
    assert shown.span_s == DAY
    assert Dates.of(shown).moment(EARLIEST_S + 2 * DAY + 252 * 60) == "day 3 04:12"


# real things


def test_a_real_log_of_private_messages_makes_a_page(real_data: Callable[[str], Path]) -> None:
    findings = from_edge_list(real_data("private-messages/collegemsg.txt"))
    page = Page(render_report(findings))
    assert f"of {findings.senders:,} senders would be acted on" in page.text
    assert len(page.named("article")) == len(findings.acted_on)
    for word in re.findall(r"<figure class=\"life\">.*?</figure>", render_report(findings), re.DOTALL):
        ElementTree.fromstring(word)


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")
def test_a_browser_shows_the_filter_and_fits_a_phone(tmp_path: Path) -> None:
    html = render_report(made_up())
    (tmp_path / "report.html").write_text(html, encoding="utf-8")
    # the page itself forbids foreign scripts, so the measuring copy goes without that line
    measuring = re.sub(r"<meta http-equiv[^>]*>", "", html).replace(
        "</body>", "<script>document.title=`wide ${document.documentElement.scrollWidth}`</script></body>"
    )
    (tmp_path / "inner.html").write_text(measuring, encoding="utf-8")
    assert '<form class="filter">' in _dump(tmp_path / "report.html", tmp_path, 1280)
    wide = re.search(r"<title>wide (\d+)</title>", _dump(tmp_path / "inner.html", tmp_path, 500))
    assert wide and int(wide[1]) <= 500


def _dump(page: Path, folder: Path, width: int) -> str:
    """The document after its script ran."""
    command = [
        str(CHROMIUM),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
    ]
    command += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    command += [
        f"--user-data-dir={folder / 'profile'}",
        f"--window-size={width},900",
        "--dump-dom",
        page.as_uri(),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
