"""What happened in a case, in order, and as a picture. The picture is a pure function of what happened."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from html import escape

from tidegate.desk.evidence.cases.happened import Happened, Lane
from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.dossier import told as own
from tidegate.desk.evidence.exhibits import told as exhibits
from tidegate.desk.evidence.grounds.rules import NOTICE_2019
from tidegate.desk.evidence.reading import told as reading
from tidegate.desk.evidence.steps import told as steps
from tidegate.desk.evidence.subjects import told as subjects

ROOMS = (exhibits, reading, subjects, steps, own)
LANES = {
    Lane.MESSENGER: "On the messenger",
    Lane.ELSEWHERE: "Seen elsewhere",
    Lane.CASE: "In the case",
    Lane.LETTERS: "Letters",
}
WIDTH, LEFT, RIGHT, TOP, STEP, FOOT = 900, 130, 24, 18, 44, 34
APART = 12
"""Pixels within which several are drawn as one, with their number."""
LEAST = timedelta(days=1)
"""The shortest span that is drawn."""
TICKS = 5


def happened(case: Case) -> list[Happened]:
    """All of it, oldest first."""
    found = [one for room in ROOMS for one in room.happened(case)]
    return sorted(found, key=lambda one: (one.at, one.lane, one.words))


def picture(found: Sequence[Happened]) -> str:
    """SVG; empty when nothing happened."""
    if not found:
        return ""
    first, last = min(one.at for one in found), max(one.at for one in found)
    if last - first < LEAST:
        first, last = last - LEAST / 2 - (last - first) / 2, last + LEAST / 2
    height = TOP + STEP * len(LANES) + FOOT

    def x(at: datetime) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * ((at - first) / (last - first))

    parts = [
        f'<svg class="timeline" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="Timeline from {first:%Y-%m-%d} to {last:%Y-%m-%d}; the table beside it says the same">'
    ]
    bottom = TOP + STEP * len(LANES)
    for tick in range(TICKS):
        at = first + (last - first) * tick / (TICKS - 1)
        anchor = "start" if tick == 0 else "end" if tick == TICKS - 1 else "middle"
        parts.append(f'<line class="tick" x1="{x(at):.1f}" x2="{x(at):.1f}" y1="{TOP}" y2="{bottom}"/>')
        form = "%d %b %Y" if last - first > timedelta(days=3) else "%d %b %H:%M"
        parts.append(
            f'<text x="{x(at):.1f}" y="{bottom + 20}" text-anchor="{anchor}">{at.astimezone(UTC):{form}}</text>'
        )
    cutoff = NOTICE_2019.safely_after
    if first <= cutoff <= last:
        parts.append(
            f'<line class="cutoff" x1="{x(cutoff):.1f}" x2="{x(cutoff):.1f}" y1="{TOP}" y2="{bottom}"/>'
        )
        parts.append(f'<text class="cutoff" x="{x(cutoff) + 4:.1f}" y="{TOP - 4}">cut-off day over</text>')
    for row, (lane, words) in enumerate(LANES.items()):
        y = TOP + STEP * row + STEP / 2
        parts.append(f'<text x="0" y="{y + 4:.1f}">{escape(words)}</text>')
        parts.append(f'<line class="lane" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
        for place, group in _clustered([(x(one.at), one) for one in found if one.lane is lane]):
            title = "; ".join(f"{one.at:%Y-%m-%d} {one.words}" for one in group[:5])
            size = 6 if len(group) == 1 else 9
            parts.append(
                f'<g><title>{escape(title)}</title><circle class="{lane}" cx="{place:.1f}" cy="{y}" r="{size}"/>'
            )
            if len(group) > 1:
                parts.append(
                    f'<text class="many" x="{place:.1f}" y="{y + 4:.1f}" text-anchor="middle">{len(group)}</text>'
                )
            parts.append("</g>")
    return "".join([*parts, "</svg>"])


def _clustered(places: list[tuple[float, Happened]]) -> list[tuple[float, list[Happened]]]:
    made: list[tuple[float, list[Happened]]] = []
    for place, one in sorted(places, key=lambda pair: pair[0]):
        if made and place - made[-1][0] < APART:
            made[-1][1].append(one)
        else:
            made.append((place, [one]))
    return made
