"""What was done about an account, from its decisions: what applies now, what applied before, and who decided."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from tidegate.desk.ledger.models import Account, Decision
from tidegate.desk.review.models import Ruled
from tidegate.engine.rungs import Rung

LOOKED_AT = 200
"""Latest decisions of an account that are read."""
LIMITING = int(Rung.CHALLENGE)
"""From here on up something is limited, so there is something to state reasons for and to appeal against."""


class By(StrEnum):
    """Who decided; texts have ``by_NAME`` for each."""

    PROGRAM = "program"
    BOTH = "both"
    """A program, and a person confirmed it."""
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure, from the decision that made it to its end."""

    decision: Decision
    found: Decision
    """The program's decision that a person's rests on; the decision itself when there is no other."""
    by: By
    until: datetime | None
    """When it ended or will; None: no end is set."""

    @property
    def word(self) -> str:
        """Of its rung."""
        return Rung(self.decision.rung).word

    @property
    def limits(self) -> bool:
        """Something is limited by it."""
        return bool(self.decision.rung >= LIMITING)


@dataclass(frozen=True, slots=True)
class Measures:
    """Of one account."""

    now: Measure | None
    """What applies at the moment; None: nothing does."""
    before: list[Measure]
    """Those that have ended, latest first."""

    @property
    def latest(self) -> Measure | None:
        """The latest one that limits or limited something."""
        return next((one for one in (self.now, *self.before) if one is not None and one.limits), None)


def measures_of(account: Account, now: datetime) -> Measures:
    """From the ledger's copy and from what people decided: two queries."""
    decisions = list(Decision.objects.filter(account=account).order_by("-number")[:LOOKED_AT])
    ruled = list(Ruled.objects.filter(account=account).order_by("-time")[:LOOKED_AT])
    return measures_in(decisions, ruled, now)


def measures_in(decisions: Sequence[Decision], ruled: Sequence[Ruled], now: datetime) -> Measures:
    """``decisions`` and ``ruled``: of one account, latest first."""
    made: list[Measure] = []
    standing: Measure | None = None
    found: Decision | None = None
    for decision in reversed(decisions):
        if not decision.acted:
            continue
        if not decision.by_person:
            found = decision
        if standing is not None:
            made.append(_ended(standing, decision.time))
            standing = None
        if decision.rung > Rung.ALLOW:
            by = by_whom(decision, ruled)
            rests_on = found if found is not None and found.rung > Rung.ALLOW else decision
            standing = Measure(decision, rests_on, by, decision.until)
    if standing is not None and standing.until is not None and standing.until <= now:
        made.append(standing)
        standing = None
    return Measures(standing, made[::-1])


def by_whom(decision: Decision, ruled: Iterable[Any]) -> By:
    """Who decided it; ``ruled``: what people decided about its account."""
    confirmed = any(_confirms(one) and one.time >= decision.time for one in ruled)
    if not decision.by_person:
        return By.BOTH if confirmed else By.PROGRAM
    # A person who upholds what a program decided makes a decision of their own in the ledger.
    near = sorted((one for one in ruled), key=lambda one: abs((one.time - decision.time).total_seconds()))
    return By.BOTH if near and _confirms(near[0]) else By.PERSON


def _confirms(one: Any) -> bool:
    return bool(one.verdict == "uphold" or (one.verdict == "label" and one.finding == "abusive"))


def _ended(measure: Measure, at: datetime) -> Measure:
    until = at if measure.until is None else min(measure.until, at)
    return Measure(measure.decision, measure.found, measure.by, until)
