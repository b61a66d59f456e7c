"""The picture of an account's life: what it sent, who answered, who complained, and the rungs it stood on.

A pure function of its data. The picture is as wide as its place, with places in percent and heights in pixels, so that
words keep their size on a phone. Colours come from classes of the style sheet.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from tidegate.engine.rungs import Rung

DAY_S, HOUR_S = 86_400.0, 3_600.0
_BARS_PX, _ANSWERS_PX, _LANE_PX, _BAND_PX, _AXIS_PX, _LABEL_PX, _GAP_PX = 110, 40, 26, 22, 22, 18, 8
_MOST_TICKS = 5
_GAP_SHARE = 0.14
"""Of a slot's width, left free between bars."""
_WORD_PERCENT = 7.0
"""A stretch of at least this width has room for its rung's word; narrower ones have it as their title."""


@dataclass(frozen=True, slots=True)
class Slot:
    """What happened in one day, or one hour."""

    sent: int
    first_contacts: int
    """Of ``sent``: those to people it had never written to."""
    replies: int
    blocks: int
    reports: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """The time between one change of rung and the next. Unix seconds."""

    rung: Rung
    start_s: float
    end_s: float
    acted: bool
    """False: it was decided and not carried out."""


@dataclass(frozen=True, slots=True)
class Picture:
    """All that is drawn."""

    start_s: float
    """Unix seconds, at the beginning of the first slot."""
    slot_s: float
    slots: Sequence[Slot]
    stretches: Sequence[Stretch]
    what: str
    """In a few words, for the title: ``30 days of this account``."""

    @property
    def end_s(self) -> float:
        return self.start_s + self.slot_s * len(self.slots)


def timeline(picture: Picture, mark: str) -> str:
    """The picture as one ``<svg>``; ``mark`` makes its ids unique on a page. At least one slot."""
    parts: list[str] = []
    y = float(_LABEL_PX)
    y = _bars(parts, picture, y)
    y = _answers(parts, picture, y + _GAP_PX + _LABEL_PX)
    y = _complaints(parts, picture, y + _GAP_PX + _LABEL_PX)
    y = _band(parts, picture, y + _GAP_PX + _LABEL_PX)
    y = _axis(parts, picture, y)
    return (
        f'<svg class="life" width="100%" height="{y:.0f}" role="img" aria-labelledby="{mark}-title {mark}-desc">'
        f'<title id="{mark}-title">{escape(picture.what)}</title>'
        f'<desc id="{mark}-desc">{escape(described(picture))}</desc>{"".join(parts)}</svg>'
    )


def described(picture: Picture) -> str:
    """The same in words."""
    total = {name: sum(getattr(slot, name) for slot in picture.slots) for name in Slot.__slots__}
    words = (
        f"{total['sent']:,} messages, {total['first_contacts']:,} of them first messages to somebody new, "
        f"{total['replies']:,} answered; {total['blocks']:,} blocks and {total['reports']:,} reports."
    )
    rungs = [one.rung.word for one in picture.stretches if one.rung is not Rung.ALLOW]
    return f"{words} Rungs: {', '.join(rungs[:12])}." if rungs else f"{words} It stood on allow throughout."


def stretches_of(
    decisions: Iterable[tuple[float, Rung, float | None, bool]], start_s: float, end_s: float
) -> list[Stretch]:
    """Stretches within a picture. ``decisions``: ``(time, rung, until, acted)``, oldest first, Unix seconds."""
    ordered = list(decisions)
    found = []
    for at, (time_s, rung, until_s, acted) in enumerate(ordered):
        over_s = ordered[at + 1][0] if at + 1 < len(ordered) else math.inf
        if until_s is not None:
            over_s = min(over_s, until_s)
        first_s, last_s = max(time_s, start_s), min(over_s, end_s)
        if rung is not Rung.ALLOW and last_s >= first_s:
            found.append(Stretch(rung, first_s, last_s, acted))
    return found


def _bars(parts: list[str], picture: Picture, y: float) -> float:
    """Messages, with first contacts drawn into them."""
    most = max(slot.sent for slot in picture.slots)
    peak = max(most, 1)
    parts.append(_label(y, f"Messages (most: {most:,})"))
    bottom = y + _BARS_PX
    for kind, name in (("sent", "sent"), ("first", "first_contacts")):
        for at, slot in enumerate(picture.slots):
            number = min(getattr(slot, name), slot.sent)
            height = _BARS_PX * number / peak
            parts.append(_bar(picture, kind, at, bottom - height, height))
    parts.append(_rule(bottom))
    return bottom


def _answers(parts: list[str], picture: Picture, y: float) -> float:
    most = max(slot.replies for slot in picture.slots)
    scale = max(most, max(slot.first_contacts for slot in picture.slots), 1)
    parts.append(_label(y, f"New people who answered ({sum(slot.replies for slot in picture.slots):,})"))
    bottom = y + _ANSWERS_PX
    for at, slot in enumerate(picture.slots):
        height = _ANSWERS_PX * slot.replies / scale
        parts.append(_bar(picture, "reply", at, bottom - height, height))
    parts.append(_rule(bottom))
    return bottom


def _complaints(parts: list[str], picture: Picture, y: float) -> float:
    """A round mark for blocks, a triangle for reports; larger for more."""
    blocks = sum(slot.blocks for slot in picture.slots)
    reports = sum(slot.reports for slot in picture.slots)
    parts.append(_label(y, f"Blocks ({blocks:,}) and reports ({reports:,})"))
    middle = y + _LANE_PX / 2
    parts.append(_rule(y + _LANE_PX))
    width = 100.0 / len(picture.slots)
    for at, slot in enumerate(picture.slots):
        both = bool(slot.blocks and slot.reports)
        if slot.blocks:
            where, radius = (at + (0.3 if both else 0.5)) * width, _radius(slot.blocks)
            parts.append(
                f'<circle class="block" cx="{where:.2f}%" cy="{middle:g}" r="{radius:.1f}">'
                f"<title>{slot.blocks:,} blocks</title></circle>"
            )
        if slot.reports:
            where, radius = (at + (0.7 if both else 0.5)) * width, _radius(slot.reports)
            points = f"0,{-radius:.1f} {radius:.1f},{radius * 0.8:.1f} {-radius:.1f},{radius * 0.8:.1f}"
            parts.append(
                f'<svg x="{where:.2f}%" y="{middle:g}" overflow="visible"><polygon class="report" points="{points}">'
                f"<title>{slot.reports:,} reports</title></polygon></svg>"
            )
    return y + _LANE_PX


def _band(parts: list[str], picture: Picture, y: float) -> float:
    """The rungs, as a band with words where there is room."""
    parts.append(_label(y, "Rung"))
    parts.append(f'<rect class="band-ground" x="0" y="{y:g}" width="100%" height="{_BAND_PX}" rx="3"/>')
    whole_s = picture.end_s - picture.start_s
    for one in picture.stretches:
        start = 100.0 * (one.start_s - picture.start_s) / whole_s
        width = max(100.0 * (one.end_s - one.start_s) / whole_s, 0.4)
        word = one.rung.word if one.acted else f"{one.rung.word}, not carried out"
        shown = (
            f'<text class="on-band" x="4" y="{_BAND_PX - 7}">{word}</text>' if width >= _WORD_PERCENT else ""
        )
        # A picture in the picture, so that a word never leaves its stretch.
        parts.append(
            f'<svg x="{start:.2f}%" y="{y:g}" width="{width:.2f}%" height="{_BAND_PX}">'
            f'<rect class="{_stretch_class(one)}" width="100%" height="{_BAND_PX}"/>'
            f"{shown}<title>{word}: {_moment(one.start_s)} to {_moment(one.end_s)}</title></svg>"
        )
    return y + _BAND_PX


def _stretch_class(one: Stretch) -> str:
    return f"stretch on-{int(one.rung)}" + ("" if one.acted else " withheld")


def _axis(parts: list[str], picture: Picture, y: float) -> float:
    count = len(picture.slots)
    step = math.ceil(count / _MOST_TICKS)
    for at in range(0, count, step):
        words = _tick_words(picture.start_s + at * picture.slot_s, picture.slot_s)
        where = 100.0 * at / count
        parts.append(
            f'<line class="tick" x1="{where:.2f}%" x2="{where:.2f}%" y1="{y:g}" y2="{y + 5:g}"/>'
            f'<text class="tick" x="{where:.2f}%" y="{y + 18:g}">{words}</text>'
        )
    return y + _AXIS_PX


def _bar(picture: Picture, kind: str, at: int, top: float, height: float) -> str:
    if height <= 0.0:
        return ""
    width = 100.0 / len(picture.slots)
    left = (at + _GAP_SHARE / 2) * width
    return (
        f'<rect class="{kind}" x="{left:.2f}%" y="{top:.1f}" width="{width * (1 - _GAP_SHARE):.2f}%" '
        f'height="{max(height, 1.0):.1f}"/>'
    )


def _label(y: float, words: str) -> str:
    return f'<text class="lane" x="0" y="{y - 5:g}">{escape(words)}</text>'


def _rule(y: float) -> str:
    return f'<line class="base" x1="0" x2="100%" y1="{y:g}" y2="{y:g}"/>'


def _radius(number: int) -> float:
    """4 px for one, larger for more, by the logarithm."""
    return min(4.0 + 1.6 * math.log2(number), 11.0)


def _tick_words(time_s: float, slot_s: float) -> str:
    moment = datetime.fromtimestamp(time_s, UTC)
    return f"{moment:%H:%M}" if slot_s < DAY_S else f"{moment.day} {moment:%b}"


def _moment(time_s: float) -> str:
    return f"{datetime.fromtimestamp(time_s, UTC):%Y-%m-%d %H:%M} UTC"
