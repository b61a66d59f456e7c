"""Pictures about the whole log, as inline SVG: the crowd of senders and the changes of rung over time.

Every picture is ``width: 100%`` with a fixed height in pixels: horizontal places are percentages, or live in
a nested ``viewBox`` that may be stretched, so text stays readable on a phone. Colours are CSS variables of
``report.css``; the shapes of the rungs are symbols of ``glyphs.svg``.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from tidegate.cli.findings import RUNGS, Findings
from tidegate.cli.report.markup import short
from tidegate.cli.wording import DAY_S, Dates, count, plural

ACTING_RUNGS = RUNGS[1:]


@dataclass(frozen=True, slots=True)
class Tick:
    """One label of a time axis."""

    time: float
    label: str
    context: str
    """The day or year, at the first tick and where it changes; otherwise empty."""


_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200)
_STEPS_DAYS = (1, 2, 7, 14)
_STEPS_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120)


def time_ticks(start: float, end: float, dates: Dates, about: int = 7) -> list[Tick]:
    """About so many round times between ``start`` and ``end``: whole seconds up to whole months."""
    wanted = max(end - start, 1.0) / about
    steps = [float(step) for step in _STEPS_S] + [days * DAY_S for days in _STEPS_DAYS]
    step = next((step for step in steps if step >= wanted), None)
    if step is None and dates.origin is None:
        return _month_ticks(start, end, dates, wanted)
    step = step or math.ceil(wanted / (28 * DAY_S)) * 28 * DAY_S
    origin = dates.origin or 0.0
    first = math.ceil((start - origin) / step) * step + origin
    ticks: list[Tick] = []
    context_before = ""
    for i in range(int((end - first) // step) + 1 if end >= first else 0):
        time = first + i * step
        if step < DAY_S:
            label, context = dates.clock(time, seconds=step < 60), dates.short_day(time)
        else:
            label = dates.short_day(time)
            context = dates.day(time).split()[-1] if dates.origin is None else ""
        ticks.append(Tick(time, label, context if context != context_before else ""))
        context_before = context
    return ticks


def _month_ticks(start: float, end: float, dates: Dates, wanted_s: float) -> list[Tick]:
    every = next((m for m in _STEPS_MONTHS if m * 30.4 * DAY_S >= wanted_s), _STEPS_MONTHS[-1])
    ticks: list[Tick] = []
    day = math.ceil(start / DAY_S) * DAY_S
    month_before = dates.month_of(day - DAY_S)
    year_shown = ""
    while day <= end:
        month = dates.month_of(day)
        if month != month_before and (month[1] - 1 + 12 * month[0]) % every == 0:
            year = str(month[0])
            label = dates.short_day(day).split()[-1]
            ticks.append(Tick(day, label, year if year != year_shown else ""))
            year_shown = year
        month_before = month
        day += DAY_S
    return ticks


def axis(ticks: Sequence[Tick], start: float, end: float, top: float, bottom: float) -> str:
    """Grid lines from ``top`` to ``bottom`` (px) with labels below; every other one is dropped on a phone."""
    span = max(end - start, 1e-9)
    parts = []
    for i, tick in enumerate(ticks):
        place = 100 * (tick.time - start) / span
        anchor = "start" if place < 3 else "end" if place > 97 else "middle"
        odd = " odd" if i % 2 else ""
        x = f"{place:.2f}%"
        parts.append(f'<line class="grid{odd}" x1="{x}" x2="{x}" y1="{short(top)}" y2="{short(bottom)}"/>')
        parts.append(
            f'<text class="tick{odd}" x="{x}" y="{short(bottom + 15)}" text-anchor="{anchor}">'
            f"{escape(tick.label)}</text>"
        )
        if tick.context and (i == 0 or place < 92):
            parts.append(
                f'<text class="tick ctx" x="{x}" y="{short(bottom + 29)}" text-anchor="{anchor}">'
                f"{escape(tick.context)}</text>"
            )
    return "".join(parts)


CROWD_COLUMNS, CROWD_AT_MOST = 50, 1_000
_PITCH = 10


def crowd(findings: Findings) -> str:
    """A field of dots, one for each sender or each thousandth of them, coloured by strongest rung."""
    population = max(findings.senders, len(findings.acted_on))
    dots = min(population, CROWD_AT_MOST)
    if not dots:
        return ""
    strongest = [acted.strongest.rung for acted in findings.acted_on]
    shares: list[tuple[str, int]] = []
    for rung in reversed(ACTING_RUNGS):
        accounts = strongest.count(rung)
        if accounts:
            shares.append((rung, max(1, round(accounts * dots / population))))
    rows = math.ceil(dots / CROWD_COLUMNS)
    width, height = CROWD_COLUMNS * _PITCH, rows * _PITCH
    coloured: list[str] = []
    for rung, number in shares:
        paths = "".join(
            f"M{(i // rows) * _PITCH + 5} {(i % rows) * _PITCH + 5}v0"
            for i in range(len(coloured), min(dots, len(coloured) + number))
        )
        coloured += [""] * (number - 1) + [f'<path class="dot r-{rung}" d="{paths}"/>']
    quiet = "".join(f"M{(i // rows) * _PITCH + 5} {(i % rows) * _PITCH + 5}v0" for i in range(dots))
    per_dot = population / dots
    each = "one sender" if per_dot == 1 else f"about {count(round(per_dot, 1))} senders"
    words = ", ".join(f"{count(strongest.count(rung))} {rung}" for rung, _ in shares) or "none acted on"
    more = "; a rung that was reached shows at least one dot" if per_dot > 1 and shares else ""
    return (
        f'<figure class="crowd"><svg viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{plural(findings.senders, "sender")}: {words}">'
        f'<path class="dot quiet" d="{quiet}"/>{"".join(coloured)}</svg>'
        f"<figcaption>Each dot is {each}{more}.</figcaption></figure>"
    )


_PLOT_PX, _UNIT_PX, _TRAFFIC_PX = 150, 13, 34


def rungs_over_time(findings: Findings, dates: Dates) -> str:
    """Stacked bars: decisions for each rung in each bin of time; below them, faint, how busy the log was."""
    starts = sorted({start for row in findings.rung_series.values() for start, _ in row})
    first, last = findings.log.first_time, findings.log.last_time
    if not starts or first is None or last is None:
        return ""
    width_s = min((b - a for a, b in pairwise(starts)), default=max(last - first, 1.0))
    begin, end = min(starts[0], first), max(starts[-1] + width_s, last)
    by_start = {rung: dict(row) for rung, row in findings.rung_series.items()}
    tallest = max(sum(row.get(start, 0) for row in by_start.values()) for start in starts)
    units = tallest <= 8  # few decisions: each one is a block that can be counted
    height = max(40, tallest * _UNIT_PX) if units else _PLOT_PX
    scale = float(_UNIT_PX) if units else height / _round_up(tallest)
    bars = "".join(
        _bar(by_start, start, begin, end, width_s, height + 8, scale, units, dates) for start in starts
    )
    bottom = height + 8
    grid = "" if units else _count_grid(_round_up(tallest), bottom, scale)
    traffic = _traffic(findings, begin, end, bottom + 6) if findings.traffic else ""
    foot = bottom + (6 + _TRAFFIC_PX if traffic else 0)
    total = sum(number for row in findings.rung_series.values() for _, number in row)
    label = f"{plural(total, 'change')} of rung over time, stacked by rung; the largest bin holds {tallest}"
    return (
        f'<svg class="plot" width="100%" height="{foot + 34}" role="img" aria-label="{label}">'
        f"{axis(time_ticks(begin, end, dates, about=9), begin, end, 0, foot)}{grid}{bars}{traffic}"
        f'<line class="base" x1="0" x2="100%" y1="{bottom}" y2="{bottom}"/></svg>'
    )


def _bar(
    by_start: dict[str, dict[float, int]],
    start: float,
    begin: float,
    end: float,
    width_s: float,
    bottom: float,
    scale: float,
    units: bool,
    dates: Dates,
) -> str:
    """One bin's stack, mildest at the foot."""
    place = 100 * (start - begin) / (end - begin)
    width = max(0.5, 100 * width_s / (end - begin) * 0.86)
    parts, y, words = [], bottom, []
    for rung in ACTING_RUNGS:
        number = by_start.get(rung, {}).get(start, 0)
        if not number:
            continue
        words.append(f"{number} {rung}")
        blocks = number if units else 1
        step = number * scale / blocks
        for _ in range(blocks):
            y -= step
            parts.append(
                f'<rect class="r-{rung}" x="{place:.2f}%" y="{short(y + 0.75)}" width="{width:.2f}%" '
                f'height="{short(max(step - 1.5, 0.8))}" rx="2"/>'
            )
    if not parts:
        return ""
    return (
        f'<g class="bar">{"".join(parts)}<title>{escape(dates.moment(start))}: {", ".join(words)}</title></g>'
    )


def _round_up(number: int) -> int:
    """The next 1, 2, 2.5 or 5 times a power of ten."""
    magnitude = 10 ** math.floor(math.log10(max(number, 1)))
    return next(int(f * magnitude) for f in (1, 2, 2.5, 5, 10) if f * magnitude >= number)


def _count_grid(top: int, bottom: float, scale: float) -> str:
    parts = []
    for part in (top // 2, top):
        y = short(bottom - part * scale)
        parts.append(
            f'<line class="grid" x1="0" x2="100%" y1="{y}" y2="{y}"/>'
            f'<text class="tick" x="-6" y="{y}" dy="4" text-anchor="end">{count(part)}</text>'
        )
    return "".join(parts)


def _traffic(findings: Findings, begin: float, end: float, top: float) -> str:
    """The log's own volume as a faint area below ``top``."""
    busiest = max((number for _, number in findings.traffic), default=0)
    if not busiest:
        return ""
    foot = _TRAFFIC_PX
    places = [1000 * (start - begin) / (end - begin) for start, _ in findings.traffic]
    heights = [foot - 28 * number / busiest for _, number in findings.traffic]
    points = "".join(f"L{x:.0f} {short(y)}" for x, y in zip(places, heights, strict=True))
    return (
        f'<svg x="0" y="{short(top)}" width="100%" height="{_TRAFFIC_PX}" viewBox="0 0 1000 {_TRAFFIC_PX}" '
        f'preserveAspectRatio="none"><path class="traffic" '
        f'd="M{places[0]:.0f} {foot}{points}L{places[-1]:.0f} {foot}z"/></svg>'
        f'<text class="tick" x="-6" y="{short(top + foot - 3)}" text-anchor="end">events</text>'
    )
