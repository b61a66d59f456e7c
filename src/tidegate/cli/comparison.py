"""Two policies over the same log: who is acted on under one of them only, and how many decisions a day."""

import math
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from tidegate.cli.findings import ActedOn
from tidegate.cli.timelines import Timelines, with_timeline
from tidegate.engine.features import DAY_S
from tidegate.statements.decision import DecisionShown
from tidegate.statements.tally import DailyRate, DecisionTally, Shift, per_rung

LOOKED_AT_MOST = 1_000
"""Accounts of one kind whose conversations are counted exactly: those that received most."""


@dataclass(frozen=True, slots=True)
class Side:
    """What one policy did with the log."""

    policy: str
    model: str
    tally: DecisionTally
    acted: dict[int, list[DecisionShown]]
    """Decisions of each account acted on, by pseudonym."""
    first_day: int
    """Days since 1970 of the first day of the log."""
    per_day: dict[str, list[int]]
    """For each rung above allow, decisions to it on each day of the log."""

    @property
    def accounts_per_rung(self) -> dict[str, int]:
        """Accounts by the strongest rung they reached."""
        return self.tally.accounts_per_rung

    def rate(self, rung: str) -> DailyRate:
        """How many decisions to ``rung`` a day brings."""
        return DailyRate.of(self.per_day[rung], self.first_day)


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
    policy: str,
    model: str,
    decisions: NDArray[Any],
    acted: dict[int, list[DecisionShown]],
    first_s: float,
    last_s: float,
) -> Side:
    """One policy's side: DECISION[n] over a log from ``first_s`` to ``last_s`` (Unix seconds), and in words."""
    tally = DecisionTally()
    tally.add(decisions)
    first_day = math.floor(first_s / DAY_S)
    days = math.floor(last_s / DAY_S) - first_day + 1
    return Side(policy, model, tally, acted, first_day, tally.per_day(first_day, days))


def changed_keys(in_force: Side, proposed: Side) -> list[int]:
    """Accounts acted on under one policy only."""
    return sorted(in_force.acted.keys() ^ proposed.acted.keys())


def compare(in_force: Side, proposed: Side, timelines: Timelines) -> Comparison:
    """The whole comparison; ``timelines`` are those of :func:`changed_keys`."""
    shift = Shift.between(in_force.tally, proposed.tally)
    return Comparison(
        in_force,
        proposed,
        _only(proposed, shift.newly, timelines),
        _only(in_force, shift.no_longer, timelines),
        shift.stronger,
        shift.milder,
    )


def _only(one: Side, keys: list[int], timelines: Timelines) -> Difference:
    received = timelines.received()
    # who was answered most is among those who received most: an answer is a message received
    nearest = sorted(keys, key=lambda key: (-received.get(key, 0), key))[:LOOKED_AT_MOST]
    listed = []
    for key in nearest:
        made = one.acted[key]
        acted = with_timeline(ActedOn(made[0].account, made), timelines.of(key))
        listed.append(Changed(acted, acted.totals["answered"], received.get(key, 0)))
    listed.sort(key=lambda each: (-each.answered, -each.received, each.acted.account))
    return Difference(len(keys), per_rung(one.tally.acted[key] for key in keys), listed)
