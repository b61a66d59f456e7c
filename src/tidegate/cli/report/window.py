"""Which stretch of an account's life its timeline draws large.

A bulk sender's life is months of nothing and one minute of everything. The window is the stretch before the
strongest decision that is most crowded with first contacts, with some room for what followed.
"""

import math
from dataclasses import dataclass

from tidegate.cli.findings import ActedOn

STORY_SHARE, STORY_AT_LEAST = 0.3, 8
"""The window holds at least this share of the first contacts before the decision, and at least so many."""
CROWDING = 3.0
"""How much a window with twice the first contacts may be longer: 2 to this power."""
BEFORE, AFTER = 0.08, 0.4
"""Room left of the first contacts and right of the decision, as shares of the stretch between them."""
SHORTEST_S = 20.0
WHOLE_LIFE_FROM = 0.55
"""A window longer than this share of the life is not worth zooming into."""


@dataclass(slots=True)
class Window:
    """The stretch of time drawn large."""

    start: float
    end: float
    whole: bool
    """It is the account's whole life in this log."""

    def place(self, time: float) -> float:
        """Percent from the left."""
        return 100.0 * (time - self.start) / (self.end - self.start)

    def holds(self, time: float) -> bool:
        return self.start <= time <= self.end


def life_of(acted: ActedOn) -> tuple[float, float]:
    times = [moment.time for moment in acted.moments] + [decision.time for decision in acted.decisions]
    return min(times), max(times)


def story_window(acted: ActedOn) -> Window:
    """The stretch to draw large. All sizes are relative, so ten minutes and ten months both fit."""
    first, last = life_of(acted)
    decided = acted.strongest.time
    before = [
        moment.time for moment in acted.moments if moment.kind == "first_contact" and moment.time <= decided
    ]
    if len(before) < 3:
        before = [moment.time for moment in acted.moments if moment.time <= decided][-STORY_AT_LEAST:] or [
            first
        ]
    fewest = min(len(before), max(math.ceil(STORY_SHARE * len(before)), STORY_AT_LEAST))
    held = min(
        range(fewest, len(before) + 1), key=lambda n: max(decided - before[-n], SHORTEST_S) / n**CROWDING
    )
    length = max(decided - before[-held], SHORTEST_S)
    began = decided - length
    life = last - first
    if length * (1 + BEFORE + AFTER) > WHOLE_LIFE_FROM * life:
        margin = max(0.03 * life, SHORTEST_S / 4)
        return Window(first - margin, last + margin, whole=True)
    return Window(began - BEFORE * length, decided + AFTER * length, whole=False)
