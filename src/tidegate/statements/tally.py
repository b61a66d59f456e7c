"""Decisions added up as they are made: how many to each rung on each day, and how far each account got.

What a policy would do is compared with what another does by two of these.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.engine.features import DAY_S
from tidegate.engine.rungs import Rung

MEASURES: tuple[str, ...] = tuple(rung.word for rung in Rung if rung is not Rung.ALLOW)
"""What counts as acting on an account, mildest first."""


@dataclass(slots=True)
class DecisionTally:
    """What one policy did."""

    days: dict[int, list[int]] = field(default_factory=dict)
    """By day (days since 1970, UTC): decisions to each rung, by the rung's number."""
    acted: dict[int, int] = field(default_factory=dict)
    """Accounts that ever stood above ``allow``, by pseudonym: the strongest rung each reached."""

    def add(self, decisions: NDArray[Any]) -> None:
        """Take in DECISION[n]."""
        if not len(decisions):
            return
        day = np.floor(decisions["time"] / DAY_S).astype(np.int64)
        rungs = decisions["rung"].astype(np.int64)
        pairs, counts = np.unique(day * len(Rung) + rungs, return_counts=True)
        for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True):
            self.days.setdefault(pair // len(Rung), [0] * len(Rung))[pair % len(Rung)] += count
        above = rungs > Rung.ALLOW
        for key, rung in zip(decisions["key"][above].tolist(), rungs[above].tolist(), strict=True):
            if rung > self.acted.get(key, 0):
                self.acted[key] = rung

    def per_day(self, first_day: int, days: int) -> dict[str, list[int]]:
        """For each rung above ``allow``, decisions on each of ``days`` days; what lies outside counts on the nearest."""
        found = {rung: [0] * days for rung in MEASURES}
        for day, counts in self.days.items():
            at = min(max(day - first_day, 0), days - 1)
            for rung, count in zip(MEASURES, counts[1:], strict=True):
                found[rung][at] += count
        return found

    @property
    def accounts_per_rung(self) -> dict[str, int]:
        """Accounts by the strongest rung they reached."""
        return per_rung(self.acted.values())


@dataclass(frozen=True, slots=True)
class DailyRate:
    """Decisions a day, over every day of a log."""

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
class Shift:
    """Whom two policies treat differently, by pseudonym."""

    newly: list[int]
    """Acted on under the second policy only."""
    no_longer: list[int]
    """Acted on under the first only."""
    stronger: int
    """Accounts acted on under both, on a stronger rung under the second."""
    milder: int

    @classmethod
    def between(cls, first: DecisionTally, second: DecisionTally) -> "Shift":
        """From one policy to another, over the same log."""
        steps = [rung - first.acted[key] for key, rung in second.acted.items() if key in first.acted]
        return cls(
            sorted(second.acted.keys() - first.acted.keys()),
            sorted(first.acted.keys() - second.acted.keys()),
            sum(step > 0 for step in steps),
            sum(step < 0 for step in steps),
        )


def per_rung(strongest: Iterable[int]) -> dict[str, int]:
    """How many accounts reached each rung and none stronger; rungs that none reached are left out."""
    counted = Counter(strongest)
    return {rung.word: counted[rung] for rung in Rung if rung is not Rung.ALLOW and counted[rung]}
