"""One account that would be acted on, as a card: who, which rung, when, why in words, and its timeline."""

from collections.abc import Sequence
from html import escape

from tidegate.cli.findings import SEVERITY, ActedOn
from tidegate.cli.report.markup import TEXT_SHOWN_AT_MOST, badge, safe_text
from tidegate.cli.report.timeline import timeline, timeline_table
from tidegate.cli.wording import RUNG_DONE, Dates, count, plural, shown_name
from tidegate.statements.decision import DecisionShown, ReasonShown

REASONS_ON_CARD = 5
ROW_TEXT_AT_MOST = 140


def name_of(acted: ActedOn) -> str:
    return f"<bdi>{escape(shown_name(acted.account))}</bdi>"


def search_key(acted: ActedOn) -> str:
    return escape(shown_name(acted.account, 200).lower())


def reason_text(reason: ReasonShown, at_most: int = TEXT_SHOWN_AT_MOST) -> str:
    return safe_text(reason.text or reason.name, at_most)


def card(number: int, acted: ActedOn, dates: Dates) -> str:
    """The whole card as one ``<article>``."""
    decision = acted.strongest
    pictured = timeline(acted, dates) if acted.moments else ""
    tables = f"<h4>Every change of rung</h4>{_decisions_table(acted.decisions, dates)}"
    if acted.moments:
        tables += f"<h4>The picture in figures</h4>{timeline_table(acted, dates)}"
    return (
        f'<article class="card r-{decision.rung}" data-rung="{decision.rung}" '
        f'data-name="{search_key(acted)}">'
        f'<header>{badge(decision.rung)}<h3><span class="no">{number}</span>{name_of(acted)}</h3>'
        f"<time>{escape(dates.moment(decision.time, seconds=True))}</time></header>"
        f'<p class="said">{_said(acted, dates)}</p>{_reasons(decision)}{pictured}{_totals(acted)}'
        f'<details><summary>Details as tables</summary><div class="scroll">{tables}</div></details></article>'
    )


def _said(acted: ActedOn, dates: Dates) -> str:
    """What happened, in a sentence or three."""
    decision, first = acted.strongest, acted.first
    done = RUNG_DONE[decision.rung].capitalize()
    if decision.messages == 0:
        words = f"{done} <b>before its first message</b>"
    else:
        words = (
            f"{done} after <b>{plural(decision.first_contacts, 'first contact')}</b> "
            f"and {plural(decision.messages, 'message')}"
        )
    if dates.origin is None and decision.until is not None and decision.until != float("inf"):
        words += f", until {escape(dates.moment(decision.until))}"
    words += "."
    if SEVERITY[first.rung] < SEVERITY[decision.rung] and first.time <= decision.time:
        words += f" First {RUNG_DONE[first.rung]} after {plural(first.first_contacts, 'first contact')}."
    later = acted.totals.get("first contacts", 0) - decision.first_contacts
    if later > 0:
        strangers = plural(later, "more stranger")
        words += f' <span class="later">In this log it went on to write to {strangers}.</span>'
    return words


def _reasons(decision: DecisionShown) -> str:
    shown = decision.reasons[:REASONS_ON_CARD]
    if not shown:
        return ""
    items = "".join(
        f'<li class="{_kind(reason)}"><span class="why">{reason_text(reason)}</span>'
        f'<span class="source">{_kind(reason)} <code>{safe_text(reason.name, 60)}</code></span></li>'
        for reason in shown
    )
    score = ""
    if decision.score is not None:
        share = max(0.0, min(1.0, decision.score))
        score = (
            f'<p class="score">Model score <b>{decision.score:.3f}</b>'
            f'<span class="meter"><span style="width:{100 * share:.1f}%"></span></span></p>'
        )
    return f'<div class="because"><ul class="reasons">{items}</ul>{score}</div>'


def _kind(reason: ReasonShown) -> str:
    return "rule" if reason.kind == "rule" else "model"


def _totals(acted: ActedOn) -> str:
    if not acted.totals:
        return ""
    cells = []
    contacts, answered = acted.totals.get("first contacts", 0), acted.totals.get("answered", 0)
    for words, number in acted.totals.items():
        note = (
            f" <small>{100 * answered / contacts:.0f} %</small>" if words == "answered" and contacts else ""
        )
        cells.append(f"<div><dt>{safe_text(words, 40)}</dt><dd>{count(number)}{note}</dd></div>")
    return f'<dl class="totals">{"".join(cells)}</dl>'


def _decisions_table(decisions: Sequence[DecisionShown], dates: Dates, at_most: int = 30) -> str:
    rows = "".join(
        f"<tr><td>{escape(dates.moment(d.time, seconds=True))}</td><td>{badge(d.rung)}</td>"
        f"<td>{_until(d, dates)}</td><td>{safe_text(d.stage, 30)}</td>"
        f'<td class="n">{"" if d.score is None else f"{d.score:.3f}"}</td>'
        f'<td class="n">{count(d.first_contacts)}</td>'
        f"<td>{'; '.join(reason_text(reason, ROW_TEXT_AT_MOST) for reason in d.reasons[:3])}</td>"
        f"<td><code>{safe_text(d.id, 40)}</code></td></tr>"
        for d in decisions[:at_most]
    )
    more = len(decisions) - at_most
    note = f"<p>{plural(more, 'further change')} of rung in decisions.jsonl.</p>" if more > 0 else ""
    return (
        '<table><thead><tr><th scope="col">Time</th><th scope="col">Rung</th><th scope="col">Until</th>'
        '<th scope="col">Stage</th><th scope="col" class="n">Score</th>'
        '<th scope="col" class="n">First contacts</th><th scope="col">Reasons</th>'
        f'<th scope="col">Decision</th></tr></thead><tbody>{rows}</tbody></table>{note}'
    )


def _until(decision: DecisionShown, dates: Dates) -> str:
    if decision.until is None or decision.until == float("inf"):
        return "no end" if decision.rung != "allow" else ""
    return escape(dates.moment(decision.until))


def row(acted: ActedOn, dates: Dates) -> str:
    """The account in one line of the compact table."""
    decision = acted.strongest
    why = reason_text(decision.reasons[0], ROW_TEXT_AT_MOST) if decision.reasons else ""
    return (
        f'<tr data-rung="{decision.rung}" data-name="{search_key(acted)}"><td>{badge(decision.rung)}</td>'
        f'<td class="who">{name_of(acted)}</td><td>{escape(dates.sortable(decision.time))}</td>'
        f'<td class="n">{count(decision.first_contacts)}</td><td>{why}</td></tr>'
    )
