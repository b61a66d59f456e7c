"""``report.html``: one self-contained page about a scan, that asks for nothing and needs no JavaScript.

Its content security policy forbids everything but its own style and its one small script, so even a hostile
account name that slipped past escaping could not run or load anything.
"""

import base64
import hashlib
from collections.abc import Iterable
from html import escape
from pathlib import Path

from tidegate.cli.findings import SEVERITY, ActedOn, Findings
from tidegate.cli.outputs import replacing
from tidegate.cli.report.campaigns import campaigns
from tidegate.cli.report.cards import card, row
from tidegate.cli.report.charts import ACTING_RUNGS, crowd, rungs_over_time
from tidegate.cli.report.log import about, log_quality
from tidegate.cli.report.markup import asset, badge, glyph, safe_text, section
from tidegate.cli.wording import (
    RUNG_MEANING,
    Dates,
    alert_rate,
    caution,
    count,
    duration,
    headline,
    large,
    plural,
)

CARDS_AT_MOST = 200
CARDS_BYTES_AT_MOST, ROWS_BYTES_AT_MOST = 5_000_000, 2_500_000
"""The page stays below 10 MB whatever is found; the rest is in ``decisions.jsonl``, and the page says so."""


def write_report(path: Path, findings: Findings) -> None:
    """Write the page to ``path``, all of it or nothing. Raises OSError."""
    with replacing(path) as temporary:
        # half a surrogate pair, from a file name or a log, has no UTF-8
        temporary.write_text(render_report(findings), encoding="utf-8", errors="backslashreplace")


def render_report(findings: Findings) -> str:
    """The page. The same findings give the same bytes."""
    dates = Dates.of(findings.log)
    script = asset("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    parts = [
        _hero(findings, dates),
        "<main>",
        _tiles(findings, dates),
        _ladder(findings),
        _history(findings, dates),
        *filter(None, [campaigns(findings, dates)]),
        _accounts(findings, dates),
        log_quality(findings, dates),
        about(findings),
        "</main>",
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(headline(findings))} · Tidegate</title>\n"
        f"<style>\n{asset('report.css')}</style></head>\n"
        f"<body>{asset('glyphs.svg')}" + "\n".join(parts) + f"\n<script>{script}</script></body></html>\n"
    )


def _hero(findings: Findings, dates: Dates) -> str:
    simulated = '<span class="simulated">Simulated</span>' if findings.simulated else ""
    log = findings.log
    when = ""
    if log.first_time is not None and log.last_time is not None:
        when = (
            f", {duration(log.span_s)} long"
            if dates.origin is not None
            else f", {escape(dates.day(log.first_time))} to {escape(dates.day(log.last_time))}"
        )
    return (
        f'<header class="hero"><div class="inner"><p class="brand">'
        '<svg class="logo" width="30" height="30" aria-hidden="true"><use href="#g-logo"/></svg>'
        "<b>Tidegate</b><span>scan</span></p>"
        f'<div class="words"><p class="title">{safe_text(findings.title, 120)}{when}{simulated}</p>'
        f'<h1>{escape(headline(findings))}</h1><p class="rate">{escape(alert_rate(findings))}</p>'
        f'<p class="caution">{escape(caution(findings))}</p></div>{crowd(findings)}</div></header>'
    )


def _tiles(findings: Findings, dates: Dates) -> str:
    log, median = findings.log, findings.median_first_contacts
    held = sum(SEVERITY[acted.strongest.rung] >= SEVERITY["lock"] for acted in findings.acted_on)
    tiles = [
        (
            count(held),
            "locked, suspended or banned",
            f"{count(len(findings.acted_on) - held)} on milder rungs only",
        ),
        (
            "none" if median is None else count(median),
            "strangers reached before the first action",
            "median over the accounts acted on",
        ),
        (count(findings.senders), "senders", f"{count(findings.accounts)} accounts seen in all"),
        (large(log.accepted), "events used", f"{count(log.set_aside)} set aside"),
        (duration(log.span_s), "of log", _period(findings, dates)),
        (duration(findings.seconds), "to scan", f"{large(findings.events_per_second)} events/s"),
    ]
    cells = "".join(
        f"<div><dd>{escape(value)}</dd><dt>{escape(words)}</dt><dd class='note'>{escape(note)}</dd></div>"
        for value, words, note in tiles
    )
    return f'<dl class="tiles">{cells}</dl>'


def _period(findings: Findings, dates: Dates) -> str:
    log = findings.log
    if log.first_time is None or log.last_time is None:
        return "no events"
    if dates.origin is not None:
        return "counted from its own start"
    return f"{dates.day(log.first_time)} to {dates.day(log.last_time)}"


def _ladder(findings: Findings) -> str:
    if not findings.acted_on:
        return ""
    strongest = [acted.strongest.rung for acted in findings.acted_on]
    steps = "".join(
        f'<li class="r-{rung}{"" if findings.per_rung.get(rung) else " empty"}">'
        f'<div class="head">{glyph(rung, 22)}<b>{rung}</b></div>'
        f"<strong>{count(findings.per_rung.get(rung, 0))}</strong>"
        f"<span>{_ended_here(strongest.count(rung))}</span><p>{RUNG_MEANING[rung]}</p></li>"
        for rung in ACTING_RUNGS
    )
    return section(
        "ladder",
        "The ladder",
        f'<ol class="ladder">{steps}</ol>',
        "Accounts that ever reached each rung, mildest first. "
        "An account that climbs is counted on every rung it stood on.",
    )


def _ended_here(number: int) -> str:
    return "strongest for none" if not number else f"strongest for {count(number)}"


def _history(findings: Findings, dates: Dates) -> str:
    picture = rungs_over_time(findings, dates) if findings.acted_on else ""
    if not picture:
        return ""
    legend = "".join(
        f'<li class="r-{rung}">{glyph(rung, 14)}{rung}</li>'
        for rung in ACTING_RUNGS
        if findings.rung_series.get(rung)
    )
    when = "times are UTC" if dates.origin is None else "days are counted from the start of the log"
    starts = sorted({start for series in findings.rung_series.values() for start, _ in series})
    counts = {rung: dict(series) for rung, series in findings.rung_series.items()}
    rungs = [rung for rung in ACTING_RUNGS if rung in counts]
    rows = "".join(
        f"<tr><td>{escape(dates.moment(start))}</td>"
        + "".join(f'<td class="n">{count(counts[rung].get(start, 0))}</td>' for rung in rungs)
        + "</tr>"
        for start in starts
        if any(counts[rung].get(start, 0) for rung in rungs)
    )
    head = "".join(f'<th scope="col" class="n">{rung}</th>' for rung in rungs)
    table = (
        '<details><summary>As a table</summary><div class="scroll"><table><thead><tr>'
        f'<th scope="col">From</th>{head}</tr></thead><tbody>{rows}</tbody></table></div></details>'
    )
    return section(
        "history",
        "When the ladder moved",
        f'<div class="panel"><ul class="legend">{legend}</ul><figure class="wide">{picture}</figure>'
        f"{table}</div>",
        f"{plural(findings.decisions_total, 'change')} of rung; {when}.",
    )


def _accounts(findings: Findings, dates: Dates) -> str:
    if not findings.acted_on:
        return _nobody(findings)
    cards: list[str] = []
    room = CARDS_BYTES_AT_MOST
    for acted in findings.acted_on[:CARDS_AT_MOST]:
        drawn = card(len(cards) + 1, acted, dates)
        room -= len(drawn.encode(errors="backslashreplace"))
        if room < 0:
            break
        cards.append(drawn)
    rest = findings.acted_on[len(cards) :]
    lead = "Strongest rung first, then by strangers written to."
    if rest:
        lead += (
            f" The first {count(len(cards))} have a picture; the rest ({count(len(rest))}) follow in a table."
        )
    body = f'{_filter(findings)}<div class="cards">{"".join(cards)}</div>'
    body += _rest(_rest_rows(rest, dates), len(rest))
    body += '<p class="nothing" hidden>No account matches.</p>'
    return section("accounts", "Who would be acted on, and why", body, lead)


def _rest_rows(rest: Iterable[ActedOn], dates: Dates) -> list[str]:
    rows: list[str] = []
    room = ROWS_BYTES_AT_MOST
    for acted in rest:
        drawn = row(acted, dates)
        room -= len(drawn.encode(errors="backslashreplace"))
        if room < 0:
            break
        rows.append(drawn)
    return rows


def _rest(rows: list[str], wanted: int) -> str:
    if not wanted:
        return ""
    missing = wanted - len(rows)
    note = (
        f"<p>{plural(missing, 'further account')} only in decisions.jsonl, to keep this page small.</p>"
        if missing
        else ""
    )
    return (
        f'<h3 class="more">{count(wanted)} more</h3><div class="panel scroll"><table class="rest"><thead><tr>'
        '<th scope="col">Rung</th><th scope="col">Account</th><th scope="col">When</th>'
        '<th scope="col" class="n">First contacts</th><th scope="col">Main reason</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>{note}</div>"
    )


def _filter(findings: Findings) -> str:
    """Shown by the script only: without it there is nothing to filter with."""
    if len(findings.acted_on) < 4:
        return ""
    strongest = [acted.strongest.rung for acted in findings.acted_on]
    options = "".join(
        f'<label class="r-{rung}"><input type="radio" name="rung" value="{rung}">{badge(rung)} '
        f"{count(strongest.count(rung))}</label>"
        for rung in reversed(ACTING_RUNGS)
        if rung in strongest
    )
    return (
        '<form class="filter" hidden><label><input type="radio" name="rung" value="" checked>'
        f'<span class="badge all">all</span> {count(len(strongest))}</label>{options}'
        '<input type="search" placeholder="Find an account" aria-label="Find an account"></form>'
    )


def _nobody(findings: Findings) -> str:
    blind = ""
    if findings.missing_signals:
        what = f"no {_listed(findings.missing_signals)}"
        if len(findings.missing_signals) > 3:
            what = f"none of the {len(findings.missing_signals)} signals marked “never” below"
        blind = f" The log carried {escape(what)}, so whatever only shows there stayed unseen."
    if not findings.log.accepted:
        words = "No event in this log could be used. What was set aside, and why, is below."
    else:
        words = (
            f"{plural(findings.senders, 'sender')} and {plural(findings.log.accepted, 'event')} went "
            "through, and nobody reached even the mildest rung. That is what a quiet log looks like; it is "
            f"no proof that nobody abused it.{blind}"
        )
    calm = '<svg width="120" height="60" aria-hidden="true"><use href="#g-calm"/></svg>'
    return section("accounts", "Nobody to act on", f'<div class="panel calm">{calm}<p>{words}</p></div>')


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
