"""Members × time: one row an account, a tick for each first message to a stranger, and what was done when.

Rows stand in the order of sign-up, so accounts made together form a slope or a step, and accounts that work in the same
hours form columns.
"""

import math
from html import escape

from tidegate.campaigns.finding import Kind
from tidegate.cli.campaign_findings import CampaignShown, MemberShown
from tidegate.cli.report.charts import axis, time_ticks
from tidegate.cli.report.markup import short
from tidegate.cli.report.window import Window
from tidegate.cli.wording import Dates, count, plural, shown_name

ROW_PX, LOW_ROW_PX, NAMED_ROWS = 15.0, 8.0, 40
"""Up to so many rows are high enough for a name."""
FLAG_PX, AXIS_PX = 22.0, 36.0
BINS = 300
NAME_AT_MOST = 15
LEAST_SPAN_S = 60.0


def members_over_time(campaign: CampaignShown, members: list[MemberShown], mark: str, dates: Dates) -> str:
    """The picture as one ``<svg>``; ``mark`` makes its ids unique on the page."""
    rows = sorted(members, key=lambda member: (_begins(member), member.account))
    window = _window(campaign, rows)
    height = ROW_PX if len(rows) <= NAMED_ROWS else LOW_ROW_PX
    bottom = FLAG_PX + height * len(rows)
    drawn = "".join(
        _row(member, FLAG_PX + i * height, height, window, dates) for i, member in enumerate(rows)
    )
    ticks = axis(time_ticks(window.start, window.end, dates), window.start, window.end, FLAG_PX, bottom)
    deed = "first message to a stranger" if campaign.kind is Kind.SENDERS else "complaint"
    acts = sum(len(member.acts_s) for member in rows)
    described = (
        f"{plural(len(rows), 'account')}, one a row, from {dates.moment(window.start)} to "
        f"{dates.moment(window.end)}, with a tick for each {deed}: {count(acts)} in all. Found at "
        f"{dates.moment(campaign.found_s)}. {_what_was_done(rows)}"
    )
    return (
        f'<svg width="100%" height="{short(bottom + AXIS_PX)}" role="img" '
        f'aria-labelledby="{mark}-when {mark}-said"><title id="{mark}-when">Members over time</title>'
        f'<desc id="{mark}-said">{escape(described)}</desc>{ticks}{drawn}'
        f"{_found(campaign, window, bottom, dates)}</svg>"
    )


def _what_was_done(rows: list[MemberShown]) -> str:
    acted = sum(member.strongest != "allow" for member in rows)
    return f"{plural(acted, 'of them was', 'of them were')} acted on."


def _begins(member: MemberShown) -> float:
    times = (*member.acts_s[:1], member.found_s) if member.signed_up_s is None else (member.signed_up_s,)
    return min(times)


def _window(campaign: CampaignShown, rows: list[MemberShown]) -> Window:
    times = [campaign.found_s]
    for member in rows:
        times += [_begins(member), member.found_s, *member.acts_s[-1:]]
        times += [decision.time for decision in member.decisions]
    first, last = min(times), max(times)
    margin = max(0.03 * (last - first), LEAST_SPAN_S)
    return Window(first - margin, last + margin, whole=True)


def _row(member: MemberShown, top: float, height: float, window: Window, dates: Dates) -> str:
    middle = top + height / 2
    name = escape(shown_name(member.account, NAME_AT_MOST))
    label = (
        f'<text class="lane sub" x="-8" y="{short(middle + 3.5)}" text-anchor="end">{name}</text>'
        if height >= ROW_PX
        else ""
    )
    path = "".join(
        f"M{short(1000 * place / BINS)} {short(0.22 * height)}v{short(0.56 * height)}"
        for place in sorted({round(window.place(time) * BINS / 100) for time in member.acts_s})
    )
    ticks = (
        f'<svg y="{short(top)}" width="100%" height="{short(height)}" viewBox="0 0 1000 {short(height)}" '
        f'preserveAspectRatio="none"><path class="act" d="{path}"/></svg>'
        if path
        else ""
    )
    sign_up = ""
    if member.signed_up_s is not None:
        sign_up = (
            f'<circle class="pin r-sign_up" cx="{window.place(member.signed_up_s):.2f}%" '
            f'cy="{short(middle)}" r="{short(min(3.2, height / 2.6))}"/>'
        )
    return (
        f'<g>{label}<line class="rail" x1="0" x2="100%" y1="{short(middle)}" y2="{short(middle)}"/>'
        f"{_held(member, top, height, window)}{sign_up}{ticks}{_decided(member, top, height, window)}"
        f"<title>{escape(_told(member, dates))}</title></g>"
    )


def _held(member: MemberShown, top: float, height: float, window: Window) -> str:
    """A band in the colour of each rung while it was in force."""
    parts = []
    for i, decision in enumerate(member.decisions):
        until = math.inf if decision.until is None else decision.until
        if i + 1 < len(member.decisions):
            until = min(until, member.decisions[i + 1].time)
        x0, x1 = window.place(decision.time), min(100.0, window.place(until))
        if decision.rung != "allow" and x1 > x0:
            parts.append(
                f'<rect class="held r-{decision.rung}" x="{x0:.2f}%" y="{short(top + 1)}" '
                f'width="{x1 - x0:.2f}%" height="{short(height - 2)}"/>'
            )
    return "".join(parts)


def _decided(member: MemberShown, top: float, height: float, window: Window) -> str:
    """A stroke in the rung's colour at the moment of each decision."""
    return "".join(
        f'<rect class="decided r-{decision.rung}" x="{window.place(decision.time):.2f}%" y="{short(top + 1)}" '
        f'width="3" height="{short(height - 2)}" rx="1"/>'
        for decision in member.decisions
        if decision.rung != "allow"
    )


def _told(member: MemberShown, dates: Dates) -> str:
    steps = [
        f"{decision.rung} {dates.moment(decision.time)}"
        for decision in member.decisions
        if decision.rung != "allow"
    ]
    done = "; ".join(steps[:4]) or "not acted on"
    return f"{shown_name(member.account)}: found {dates.moment(member.found_s)}; {done}"


def _found(campaign: CampaignShown, window: Window, bottom: float, dates: Dates) -> str:
    place = window.place(campaign.found_s)
    side, anchor = (-6, "end") if place > 60 else (6, "start")
    return (
        f'<line class="found" x1="{place:.2f}%" x2="{place:.2f}%" y1="4" y2="{short(bottom)}"/>'
        f'<svg x="{place:.2f}%" y="0" overflow="visible"><text class="flag strongest" x="{side}" y="14" '
        f'text-anchor="{anchor}">found {escape(dates.moment(campaign.found_s))}</text></svg>'
    )
