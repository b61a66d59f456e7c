"""The timeline picture of one account: what it did, what came back, and when the ladder moved.

From top to bottom: a ribbon of the account's whole life with the part that is drawn large; flags for changes
of rung; strangers written to and strangers who answered, both cumulative (the gap between them is the story);
one lane for each kind of moment; a time axis.
"""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape

from tidegate.cli.findings import ActedOn
from tidegate.cli.report.charts import axis, time_ticks
from tidegate.cli.report.flags import FLAG_PX, lay_out
from tidegate.cli.report.markup import short
from tidegate.cli.report.window import Window, life_of, story_window
from tidegate.cli.wording import DAY_S, HOUR_S, MINUTE_S, Dates, count, duration, plural
from tidegate.statements.decision import DecisionShown

RIBBON_PX, JOIN_PX, CURVE_PX, LANE_PX, AXIS_PX = 26, 16, 104, 22, 36
BINS = 250

LANES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("First contacts", "fc", ("first_contact",)),
    ("Other messages", "msg", ("message", "group_message")),
    ("Received", "got", ("received", "reply")),
    ("Groups", "grp", ("group", "invite", "join")),
    ("Blocks, reports", "bad", ("block", "report")),
)


def timeline(acted: ActedOn, dates: Dates) -> str:
    """The whole picture as one ``<figure>``."""
    window = story_window(acted)
    picture = _Picture(acted, window, dates)
    label = (
        f"Timeline: {plural(picture.total('first_contact'), 'stranger')} written to, "
        f"{count(picture.total('reply'))} answered; "
        + "; ".join(f"{d.rung} at {dates.moment(d.time, seconds=True)}" for d in acted.decisions[:6])
    )
    body = picture.draw()
    return (
        f'<figure class="life"><svg width="100%" height="{short(picture.height)}" role="img" '
        f'aria-label="{escape(label)}">{body}</svg>{_caption(acted, window, dates)}</figure>'
    )


def _caption(acted: ActedOn, window: Window, dates: Dates) -> str:
    words = []
    if not window.whole:
        first, last = life_of(acted)
        words.append(
            f"Drawn large: {duration(window.end - window.start)} of the {duration(last - first)} "
            "this account is in the log."
        )
    if acted.moments_left_out:
        words.append(
            f"{plural(acted.moments_left_out, 'ordinary moment')} left out to keep the picture small."
        )
    return f"<figcaption>{' '.join(words)}</figcaption>" if words else ""


@dataclass(slots=True)
class _Picture:
    """Draws downwards; ``height`` is how far it got."""

    acted: ActedOn
    window: Window
    dates: Dates
    height: float = 0.0
    parts: list[str] = field(default_factory=list)

    def total(self, kind: str) -> int:
        return sum(moment.kind == kind for moment in self.acted.moments)

    def draw(self) -> str:
        if not self.window.whole:
            self._ribbon()
        flags, rows = lay_out(self.acted, self.window)
        top = self.height
        self.height += max(1, rows) * FLAG_PX + 3
        curve_top = self.height
        self._curves()
        self._lanes()
        bottom = self.height
        ground = [
            self._states(curve_top, bottom),
            axis(
                time_ticks(self.window.start, self.window.end, self.dates),
                self.window.start,
                self.window.end,
                curve_top,
                bottom,
            ),
        ]
        self.height += AXIS_PX
        lines = [flag.lines(top, bottom) for flag in flags]
        marks = [flag.label(top) for flag in flags if flag.row >= 0]
        return "".join([*ground, *self.parts, *lines, *marks])

    def _states(self, top: float, bottom: float) -> str:
        """A tint behind the time a rung was in force."""
        return "".join(
            f'<rect class="state r-{rung}" x="{x0:.2f}%" y="{short(top)}" width="{x1 - x0:.2f}%" '
            f'height="{short(bottom - top)}"/>'
            for rung, x0, x1 in _in_force(self.acted.decisions, self.window)
        )

    def _ribbon(self) -> None:
        """The whole life, small, with the drawn stretch marked and joined to the large picture below."""
        first, last = life_of(self.acted)
        margin = 0.01 * (last - first)
        life = Window(first - margin, last + margin, whole=True)
        x0, x1 = life.place(self.window.start), life.place(self.window.end)
        x0, x1 = max(0.0, min(x0, 99.2)), min(100.0, max(x1, x0 + 0.8))
        sent = Counter(
            _bin(life.place(m.time))
            for m in self.acted.moments
            if m.kind not in ("received", "reply", "sign_up")
        )
        states = "".join(
            f'<rect class="band r-{rung}" x="{a:.2f}%" y="{RIBBON_PX - 4}" '
            f'width="{max(b - a, 0.4):.2f}%" height="4"/>'
            for rung, a, b in _in_force(self.acted.decisions, life)
        )
        self.parts.append(
            f'<rect class="ribbon" x="0" y="0" width="100%" height="{RIBBON_PX}" rx="3"/>{states}'
            f'<text class="lane" x="-8" y="11" text-anchor="end">Whole life</text>'
            f'<text class="lane sub" x="-8" y="23" text-anchor="end">'
            f"from {escape(self.dates.short_day(first))}</text>"
            + _stretched(0, RIBBON_PX, f'<path class="mark rib" d="{_pills(sent, 11, 6)}"/>')
            + f'<rect class="lens" x="{x0:.2f}%" y="0" width="{x1 - x0:.2f}%" height="{RIBBON_PX}"/>'
            + _stretched(
                RIBBON_PX,
                JOIN_PX,
                f'<path class="join" d="M{x0 * 10:.1f} 0L0 {JOIN_PX}H1000L{x1 * 10:.1f} 0z"/>',
            )
        )
        self.height = RIBBON_PX + JOIN_PX + 4

    def _curves(self) -> None:
        """Strangers written to, and those who answered, as two step lines from the same foot."""
        top, height = self.height, CURVE_PX
        written = _steps(self.acted, "first_contact", self.window)
        answered = _steps(self.acted, "reply", self.window)
        peak = max(written[-1][1], answered[-1][1], 1)
        scale = (height - 24) / peak

        def y(number: int) -> float:
            return height - number * scale

        self._grid(peak, top + height, scale)
        w_line, a_line = _step_path(written, y), _step_path(answered, y)
        self.parts.append(
            _stretched(
                top,
                height,
                f'<path class="area fc" d="{w_line}V{height}H0z"/>'
                f'<path class="area got" d="{a_line}V{height}H0z"/>'
                f'<path class="step fc" d="{w_line}"/><path class="step got" d="{a_line}"/>',
            )
        )
        n_written, n_answered = written[-1][1], answered[-1][1]
        y_written, y_answered = top + y(n_written), top + y(n_answered)
        texts = [(y_written - 6, "fc", f"{count(n_written)} written to")]
        if y_answered - y_written >= 17:
            texts.append((y_answered - 5, "got", f"{count(n_answered)} answered"))
        else:
            texts = [(min(y_written, y_answered) - 6, "fc", f"{texts[0][2]}, {count(n_answered)} answered")]
        self.parts += [
            f'<text class="direct {kind}" x="99.4%" y="{short(at)}" text-anchor="end">{words}</text>'
            for at, kind, words in texts
        ]
        self.height += height + 6

    def _grid(self, peak: int, bottom: float, scale: float) -> None:
        for number in sorted({_nice_below(peak), _nice_below(peak) // 2} - {0}):
            y = short(bottom - number * scale)
            self.parts.append(
                f'<line class="grid" x1="0" x2="100%" y1="{y}" y2="{y}"/>'
                f'<text class="tick" x="-8" y="{y}" dy="4" text-anchor="end">{count(number)}</text>'
            )
        self.parts.append(
            f'<line class="base" x1="0" x2="100%" y1="{short(bottom)}" y2="{short(bottom)}"/>'
            f'<text class="lane" x="-8" y="{short(bottom - CURVE_PX + 12)}" '
            'text-anchor="end">Strangers</text>'
        )

    def _lanes(self) -> None:
        for name, style, kinds in LANES:
            inside = [m for m in self.acted.moments if m.kind in kinds]
            if not inside and style != "fc":
                continue
            middle = self.height + LANE_PX / 2
            self.parts.append(
                f'<line class="rail" x1="0" x2="100%" y1="{short(middle)}" y2="{short(middle)}"/>'
                f'<text class="lane" x="-8" y="{short(middle + 4)}" text-anchor="end">{name}</text>'
            )
            for kind in kinds:
                bins = Counter(
                    _bin(self.window.place(m.time))
                    for m in inside
                    if m.kind == kind and self.window.holds(m.time)
                )
                if not bins:
                    continue
                if style == "bad":
                    self.parts += [
                        f'<svg x="{100 * b / BINS:.1f}%" y="{short(middle - 6)}" overflow="visible">'
                        f'<use class="bad" href="#g-{kind}" x="-6" width="12" height="12"/></svg>'
                        for b in bins
                    ]
                else:
                    path = _pills(bins, LANE_PX / 2, 8)
                    self.parts.append(
                        _stretched(self.height, LANE_PX, f'<path class="mark {style} k-{kind}" d="{path}"/>')
                    )
            self.height += LANE_PX


def _in_force(decisions: list[DecisionShown], window: Window) -> list[tuple[str, float, float]]:
    """(rung, from, to) in percent of the window, for each stretch above ``allow``."""
    stretches = []
    for i, decision in enumerate(decisions):
        until = decision.until if decision.until is not None else math.inf
        if i + 1 < len(decisions):
            until = min(until, decisions[i + 1].time)
        x0 = max(0.0, window.place(decision.time))
        x1 = min(100.0, window.place(until))
        if decision.rung != "allow" and x1 > x0:
            stretches.append((decision.rung, x0, x1))
    return stretches


def _bin(place: float) -> int:
    return min(BINS, max(0, round(place * BINS / 100)))


def _pills(bins: Counter[int], middle: float, half_at_most: float) -> str:
    """Round-capped vertical strokes: a dot for one moment, taller for more (logarithmic)."""
    parts = []
    for place, number in sorted(bins.items()):
        half = min(half_at_most, 1.9 * math.log2(number))
        parts.append(f"M{short(1000 * place / BINS)} {short(middle - half)}v{short(2 * half)}")
    return "".join(parts)


def _stretched(y: float, height: float, content: str) -> str:
    """Content on a canvas 1000 units wide that fills the width; strokes keep their width in pixels."""
    return (
        f'<svg y="{short(y)}" width="100%" height="{short(height)}" viewBox="0 0 1000 {short(height)}" '
        f'preserveAspectRatio="none">{content}</svg>'
    )


def _steps(acted: ActedOn, kind: str, window: Window) -> list[tuple[int, int]]:
    """(place in thousandths, moments of this kind so far), starting at the window's left edge."""
    so_far = 0
    points: dict[int, int] = {0: 0}
    for moment in acted.moments:
        if moment.kind != kind or moment.time > window.end:
            continue
        so_far += 1
        points[max(0, round(10 * window.place(moment.time)))] = so_far
    points[1000] = so_far
    return sorted(points.items())


def _step_path(points: list[tuple[int, int]], y: Callable[[int], float]) -> str:
    path = [f"M0 {short(y(points[0][1]))}"]
    path += [
        f"H{x}V{short(y(number))}"
        for (x, number), before in zip(points[1:], points, strict=False)
        if number != before[1]
    ]
    return "".join(path) + "H1000"


def _nice_below(number: int) -> int:
    """The largest 1, 2 or 5 times a power of ten that is not above ``number``."""
    magnitude: int = 10 ** math.floor(math.log10(max(number, 1)))
    return next(int(f * magnitude) for f in (5, 2, 1) if f * magnitude <= max(number, 1))


TABLE_ROWS = 12


def timeline_table(acted: ActedOn, dates: Dates) -> str:
    """The picture as a table: up to a dozen equal stretches of the account's life, empty ones dropped."""
    first, last = life_of(acted)
    width = _round_width((last - first) / TABLE_ROWS)
    rows: dict[int, Counter[str]] = {}
    origin = math.floor(first / width) * width
    for moment in acted.moments:
        rows.setdefault(int((moment.time - origin) // width), Counter())[moment.kind] += 1
    columns = [
        (name, kinds) for name, _, kinds in LANES if any(row[k] for row in rows.values() for k in kinds)
    ]
    head = "".join(f'<th scope="col" class="n">{name}</th>' for name, _ in columns)
    body = "".join(
        f"<tr><td>{escape(dates.moment(origin + i * width, seconds=width < MINUTE_S))}</td>"
        + "".join(f'<td class="n">{count(sum(rows[i][k] for k in kinds))}</td>' for _, kinds in columns)
        + "</tr>"
        for i in sorted(rows)
    )
    return (
        f'<table><thead><tr><th scope="col">{duration(width)} from ({escape(dates.zone)})</th>'
        f"{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )


def _round_width(seconds: float) -> float:
    widths = (1.0, 10.0, MINUTE_S, 10 * MINUTE_S, HOUR_S, 6 * HOUR_S, DAY_S, 7 * DAY_S, 28 * DAY_S)
    return next(
        (width for width in widths if width >= seconds), math.ceil(seconds / (28 * DAY_S)) * 28 * DAY_S
    )
