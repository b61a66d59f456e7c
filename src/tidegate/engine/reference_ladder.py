"""Where accounts stand when nothing but people, time and passed challenges moves them, in plain Python.

The plain reading of :func:`tidegate.engine.verdict.person_decides` and what surrounds it. Rules and the model propose
nothing here, so it is to be compared with a kernel whose policy has no rules.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tidegate.engine.features import DAY_S
from tidegate.engine.reference import Judged, Record, ReferenceEngine
from tidegate.engine.rungs import Rung
from tidegate.events.columns import EventType, Reason

CLEAN_S = 30 * DAY_S
STRIKES_KEPT = 4
K = EventType


@dataclass(slots=True)
class Standing:
    """One account on the ladder."""

    rung: int = Rung.ALLOW
    until_s: float = 0.0
    """Whole seconds; infinite for no end."""
    raised: int = 0
    """How often before."""
    struck: bool = False
    """Its surroundings are."""


class Move(NamedTuple):
    """An account came to stand on another rung, or on the same for another time."""

    account: int
    rung: int
    previous: int
    until_s: float
    """Meaningless on allow."""


class ReferenceLadder:
    """Observe a log event by event; say who was moved."""

    def __init__(self, durations_s: Sequence[Sequence[float]]) -> None:
        """``durations_s[rung]``: for the first, the second and any later time."""
        self.engine = ReferenceEngine()
        self._durations_s = durations_s
        self._standings: dict[int, Standing] = {}

    def observe(self, event: Record) -> tuple[Judged | None, list[Move]]:
        """Take in one event: what the reference engine says of it, and who was moved."""
        judged = self.engine.observe(event)
        now, kind = float(event["time"]), int(event["type"])
        actor, target = int(event["actor"]), int(event["target"])
        if kind == K.ERASURE:
            self._standings.pop(actor, None)
        about = judged.account if judged else 0
        if kind in (K.LABEL, K.RULING):
            about = target or actor
        elif kind == K.PROOF and actor in self.engine.accounts:
            about = actor
        if not about:
            return judged, []
        standing = self._standings.setdefault(about, Standing())
        moves = self._expired(about, standing, now)
        previous, until_s = standing.rung, standing.until_s
        if kind == K.PROOF and standing.rung == Rung.CHALLENGE:
            standing.rung, standing.until_s = Rung.ALLOW, math.floor(now)
        elif kind in (K.LABEL, K.RULING):
            self._person(about, standing, event, now)
        if standing.rung != previous or (standing.rung and standing.until_s != until_s):
            moves.append(Move(about, standing.rung, previous, standing.until_s))
        return judged, moves

    def _expired(self, account: int, standing: Standing, now: float) -> list[Move]:
        if standing.rung == Rung.ALLOW or math.floor(now) < standing.until_s:
            return []
        previous, standing.rung = standing.rung, Rung.ALLOW
        return [Move(account, Rung.ALLOW, previous, standing.until_s)]

    def _person(self, account: int, standing: Standing, event: Record, now: float) -> None:
        ruling, reason = event["type"] == K.RULING, int(event["reason"])
        named = int(event["forwards"]) if ruling else 0
        if reason == Reason.ABUSIVE and Rung.WARN <= named <= Rung.BAN:
            self._named(account, standing, named, 60.0 * int(event["members"]), now)
        elif reason == Reason.ABUSIVE:
            if not standing.struck:
                self.engine.strike(account)
            if ruling and standing.rung < Rung.SUSPEND:
                self._climb(standing, Rung.SUSPEND, now)
            standing.struck = True
        elif reason == Reason.LEGITIMATE:
            self.engine.take_back(account, STRIKES_KEPT, now)
            standing.struck = False
            if ruling:
                standing.rung, standing.raised = Rung.ALLOW, 0

    def _named(self, account: int, standing: Standing, rung: int, lasting_s: float, now: float) -> None:
        """Exactly that rung. The surroundings are struck from lock on, once, and no more when it is lowered below."""
        previous, struck = standing.rung, standing.struck
        if rung > previous:
            self._climb(standing, rung, now)
        elif rung < previous:
            standing.rung = rung
            standing.until_s = self._end(rung, max(standing.raised - 1, 0), now)
        if lasting_s >= 0.0:
            standing.until_s = math.floor(now + lasting_s)
        standing.struck = struck
        if rung >= Rung.LOCK and not struck:
            self.engine.strike(account)
            standing.struck = True
        elif rung < Rung.LOCK <= previous and struck:
            self.engine.take_back(account, 1, now)
            standing.struck = False

    def _climb(self, standing: Standing, rung: int, now: float) -> None:
        if standing.rung == Rung.ALLOW and now - standing.until_s > CLEAN_S:
            standing.raised, standing.struck = 0, False
        standing.rung, standing.until_s = rung, self._end(rung, standing.raised, now)
        standing.raised = min(standing.raised + 1, 127)

    def _end(self, rung: int, earlier: int, now: float) -> float:
        duration_s = self._durations_s[rung][min(earlier, 2)]
        return math.floor(now + duration_s) if math.isfinite(duration_s) else math.inf
