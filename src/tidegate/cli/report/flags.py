"""The flags over a timeline: where the account changed rung or signed up, labelled without overlap."""

from dataclasses import dataclass

from tidegate.cli.findings import SEVERITY, ActedOn
from tidegate.cli.report.markup import glyph, short
from tidegate.cli.report.window import Window

FLAG_PX = 19
FLAG_ROWS_AT_MOST = 4
FLAG_WIDTH, STRONGEST_WIDTH, FLAG_GLYPH, SAME_FLAG, MARKS_OF_A_FLAG = 13.0, 26.0, 2.5, 2.5, 6
"""In percent of the width: a label with one glyph (the strongest decision's is also written out on a phone),
each further glyph, and lines closer than this share a label."""


@dataclass(slots=True)
class Flag:
    """Vertical lines of changes of rung close together, with their glyphs and the last one's name."""

    marks: list[tuple[float, str]]
    """(percent from the left, rung or ``sign_up``)."""
    row: int = 0
    """Counted from the top; -1: no room for a label, the lines stand alone."""
    strongest: bool = False
    """It holds the strongest decision: the one flag that keeps its word on a phone."""

    @property
    def left(self) -> bool:
        """The label stands left of the line."""
        return self.marks[-1][0] > 100 - self.width

    @property
    def width(self) -> float:
        return (STRONGEST_WIDTH if self.strongest else FLAG_WIDTH) + FLAG_GLYPH * (len(self.marks) - 1)

    @property
    def reach(self) -> tuple[float, float]:
        first, last = self.marks[0][0], self.marks[-1][0]
        return (first - self.width, last) if self.left else (first, last + self.width)

    def lines(self, top: float, bottom: float) -> str:
        y = short(top + max(self.row, 0) * FLAG_PX + 2)
        return "".join(
            f'<line class="cut r-{kind}" x1="{place:.2f}%" x2="{place:.2f}%" y1="{y}" y2="{short(bottom)}"/>'
            for place, kind in self.marks
        )

    def label(self, top: float) -> str:
        """Glyphs in the order of the climb, then the name of the last."""
        y = top + self.row * FLAG_PX
        side, anchor = (-1, "end") if self.left else (1, "start")
        kinds = [kind for _, kind in self.marks]
        placed = list(enumerate(reversed(kinds) if self.left else kinds))
        icons = "".join(
            f'<circle class="pin r-sign_up" cx="{side * (11 + 17 * i)}" cy="{short(y + 9)}" r="4"/>'
            if kind == "sign_up"
            else f'<g class="r-{kind}" transform="translate({side * (11.5 + 17 * i) - 7.5:g} {y + 1:g})">'
            f"{glyph(kind, 15)}</g>"
            for i, kind in placed
        )
        words = "sign-up" if kinds[-1] == "sign_up" else kinds[-1]
        # right of the last line, or left of the first one, so that no line crosses the label
        at = self.marks[0][0] if self.left else self.marks[-1][0]
        style = "flag strongest" if self.strongest else "flag"
        text = f'x="{side * (7 + 17 * len(kinds))}" y="{short(y + 13)}" text-anchor="{anchor}"'
        return (
            f'<svg x="{at:.2f}%" y="0" overflow="visible">{icons}'
            f'<text class="{style}" {text}>{words}</text></svg>'
        )


def lay_out(acted: ActedOn, window: Window) -> tuple[list[Flag], int]:
    """The flags inside the window, each in a row with room for it; returns (flags, rows)."""
    events = [(decision.time, decision.rung) for decision in acted.decisions]
    events += [(moment.time, "sign_up") for moment in acted.moments if moment.kind == "sign_up"]
    inside = [(window.place(time), kind) for time, kind in events if window.holds(time)]
    strongest = window.place(acted.strongest.time)
    inside.sort(key=lambda event: (event[0], SEVERITY.get(event[1], -1)))
    flags: list[Flag] = []
    for place, kind in inside:
        last = flags[-1] if flags else None
        if last and place - last.marks[0][0] < SAME_FLAG and len(last.marks) < MARKS_OF_A_FLAG:
            last.marks.append((place, kind))
        else:
            flags.append(Flag([(place, kind)]))
    taken: list[float] = []
    for flag in flags:
        flag.strongest = (strongest, acted.strongest.rung) in flag.marks
        begins, ends = flag.reach
        free = (i for i, until in enumerate(taken) if until <= begins)
        flag.row = next(free, len(taken)) if len(taken) < FLAG_ROWS_AT_MOST else next(free, -1)
        if flag.row >= 0:
            taken[flag.row : flag.row + 1] = [ends]
    return flags, len(taken)
