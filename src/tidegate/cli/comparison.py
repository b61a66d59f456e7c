"""Two policies over the same log: who is acted on under one of them only, and how many decisions a day."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from tidegate.cli.findings import RUNGS, SEVERITY, ActedOn
from tidegate.cli.timelines import Timelines, with_timeline
from tidegate.engine.features import DAY_S
from tidegate.statements.decision import DecisionShown

LOOKED_AT_MOST = 1_000
"""Accounts of one kind whose conversations are counted exactly: those that received most."""
MEASURES: tuple[str, ...] = RUNGS[1:]


@dataclass(frozen=True, slots=True)
class Side:
    """What one policy did with the log."""

    policy: str
    model: str
    acted: dict[int, list[DecisionShown]]
    """Decisions of each account acted on, by pseudonym."""
    first_day: int
    """Days since 1970 of the first day of the log."""
    per_day: dict[str, list[int]]
    """For each rung above allow, decisions to it on each day of the log."""

    @property
    def accounts_per_rung(self) -> dict[str, int]:
        """Accounts by the strongest rung they reached."""
        return per_rung(ActedOn("", made) for made in self.acted.values())

    def rate(self, rung: str) -> "DailyRate":
        """How many decisions to ``rung`` a day brings."""
        return DailyRate.of(self.per_day[rung], self.first_day)


@dataclass(frozen=True, slots=True)
class DailyRate:
    """Decisions a day, over every day of the log."""

    mean: float
    median: float
    most: int
    busiest_day: int | None
    """Days since 1970; None when there was no decision."""

    @staticmethod
    def of(counts: Sequence[int], first_day: int) -> "DailyRate":
        """Of the decisions on each day from ``first_day`` on."""
        most = max(counts, default=0)
        busiest = first_day + list(counts).index(most) if most else None
        return DailyRate(sum(counts) / max(len(counts), 1), float(median(counts or (0,))), most, busiest)


@dataclass(frozen=True, slots=True)
class Changed:
    """An account that only one of the two policies acts on."""

    acted: ActedOn
    answered: int
    """Of its first contacts, how many wrote back."""
    received: int
    """Messages it received, first answers among them."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Accounts that one policy acts on and the other does not."""

    accounts: int
    per_rung: dict[str, int]
    """By the strongest rung reached."""
    listed: list[Changed]
    """Honest-looking ones first: most first contacts answered, then most messages received."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The policy in force beside the one proposed."""

    in_force: Side
    proposed: Side
    newly: Difference
    """Acted on under the proposed policy only."""
    no_longer: Difference
    """Acted on today only."""
    stronger: int
    """Accounts acted on under both, on a stronger rung under the proposed policy."""
    milder: int


def side(
    policy: str, model: str, acted: dict[int, list[DecisionShown]], first_s: float, last_s: float
) -> Side:
    """One policy's side, over a log from ``first_s`` to ``last_s`` (Unix seconds)."""
    first_day = math.floor(first_s / DAY_S)
    days = math.floor(last_s / DAY_S) - first_day + 1
    per_day = {rung: [0] * days for rung in MEASURES}
    for decision in (decision for made in acted.values() for decision in made):
        if decision.rung in per_day:
            day = math.floor(decision.time / DAY_S) - first_day
            per_day[decision.rung][min(max(day, 0), days - 1)] += 1
    return Side(policy, model, acted, first_day, per_day)


def changed_keys(in_force: Side, proposed: Side) -> list[int]:
    """Accounts acted on under one policy only."""
    return sorted(in_force.acted.keys() ^ proposed.acted.keys())


def compare(in_force: Side, proposed: Side, timelines: Timelines) -> Comparison:
    """The whole comparison; ``timelines`` are those of :func:`changed_keys`."""
    both = [
        SEVERITY[ActedOn("", made).strongest.rung] - SEVERITY[ActedOn("", in_force.acted[key]).strongest.rung]
        for key, made in proposed.acted.items()
        if key in in_force.acted
    ]
    return Comparison(
        in_force,
        proposed,
        _only(proposed, in_force, timelines),
        _only(in_force, proposed, timelines),
        sum(steps > 0 for steps in both),
        sum(steps < 0 for steps in both),
    )


def per_rung(acted: Iterable[ActedOn]) -> dict[str, int]:
    """How many accounts reached each rung and none stronger."""
    counted = Counter(one.strongest.rung for one in acted)
    return {rung: counted[rung] for rung in MEASURES if counted[rung]}


def _only(one: Side, other: Side, timelines: Timelines) -> Difference:
    only = {key: made for key, made in one.acted.items() if key not in other.acted}
    received = timelines.received()
    # who was answered most is among those who received most: an answer is a message received
    nearest = sorted(only, key=lambda key: (-received.get(key, 0), key))[:LOOKED_AT_MOST]
    listed = []
    for key in nearest:
        made = only[key]
        acted = with_timeline(ActedOn(made[0].account, made), timelines.of(key))
        listed.append(Changed(acted, acted.totals["answered"], received.get(key, 0)))
    listed.sort(key=lambda each: (-each.answered, -each.received, each.acted.account))
    return Difference(len(only), per_rung(ActedOn("", made) for made in only.values()), listed)
