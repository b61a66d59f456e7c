"""One value beside what is usual among honest accounts, drawn as a small bar."""

import math
from html import escape

from tidegate.engine.policy.units import describe_value, unit_of
from tidegate.statements.ranges import Range

HEIGHT_PX = 22
_TRACK_Y, _TRACK_PX = 8, 6
_ROOM = 1.15
"""Beyond the largest number drawn, so that the mark does not stand on the edge."""
_LINEAR = frozenset({"share", "ratio", "correlation", "index"})


def range_words(feature: str, found: Range) -> str:
    """``half at most 3, 999 of 1,000 at most 41``; and from below, where less is what stands out."""
    words = f"half {_at_most(feature, found.p50)}, 999 of 1,000 {_at_most(feature, found.p999)}"
    if found.p1 is not None and found.p1 > 0.0:
        words += f", 99 of 100 at least {describe_value(feature, found.p1)}"
    return words


def range_bar(feature: str, value: float, found: Range) -> str:
    """An ``<svg>`` as wide as its place: where 9 of 10 honest accounts lie, where 999 of 1,000, the middle, the value."""
    low = min(0.0, value, found.p50, found.p1 if found.p1 is not None else 0.0)
    high = max(value, found.p999) - low
    high = high * _ROOM if high > 0.0 else 1.0
    turn = max(found.p50 - low, high / 100.0)
    linear = unit_of(feature) in _LINEAR

    def place(number: float) -> float:
        at = (number - low) / high if linear else math.log1p((number - low) / turn) / math.log1p(high / turn)
        return 1.0 + 98.0 * min(max(at, 0.0), 1.0)

    start = place(found.p10 if found.p10 is not None else low)
    outer = place(found.p1 if found.p1 is not None else low)
    far = "far" if found.beyond(value) else "usual"
    shown = f"{describe_value(feature, value)}; honest accounts: {range_words(feature, found)}"
    return (
        f'<svg class="range" width="100%" height="{HEIGHT_PX}" role="img" aria-label="{escape(shown)}">'
        f"<title>{escape(shown)}</title>"
        + _band("track", 0.0, 100.0)
        + _band("nearly-all", outer, place(found.p999))
        + _band("most", start, place(found.p90))
        + _tick(place(found.p50))
        + f'<circle class="value {far}" cx="{place(value):.1f}%" cy="{_TRACK_Y + _TRACK_PX / 2:g}" r="6"/></svg>'
    )


def _band(kind: str, start: float, end: float) -> str:
    return (
        f'<rect class="{kind}" x="{start:.1f}%" y="{_TRACK_Y}" width="{max(end - start, 0.5):.1f}%" '
        f'height="{_TRACK_PX}" rx="3"/>'
    )


def _tick(at: float) -> str:
    return f'<line class="middle" x1="{at:.1f}%" x2="{at:.1f}%" y1="{_TRACK_Y - 4}" y2="{_TRACK_Y + _TRACK_PX + 4}"/>'


def _at_most(feature: str, value: float) -> str:
    said = describe_value(feature, value)
    return said if said.startswith("under ") else f"at most {said}"
