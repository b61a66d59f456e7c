"""Decisions added up: by day and rung, and how far each account got."""

import numpy as np
from numpy.typing import NDArray

from tidegate.engine.features import DAY_S
from tidegate.engine.layout import DECISION
from tidegate.engine.rungs import Rung
from tidegate.statements.tally import DecisionTally, Shift

DAY = 20_000


def decisions(*made: tuple[float, int, Rung]) -> NDArray[np.void]:
    """(day, account, rung)."""
    found = np.zeros(len(made), DECISION)
    for at, (day, key, rung) in enumerate(made):
        found[at]["time"], found[at]["key"], found[at]["rung"] = (DAY + day) * DAY_S, key, rung
    return found


def tally(*made: tuple[float, int, Rung]) -> DecisionTally:
    counted = DecisionTally()
    for one in made:
        counted.add(decisions(one))
    return counted


def test_it_does_not_matter_how_decisions_are_cut_into_batches() -> None:
    made = [
        (0.5, 1, Rung.WARN),
        (1.2, 1, Rung.LOCK),
        (1.3, 2, Rung.LOCK),
        (1.9, 1, Rung.ALLOW),
        (2.0, 1, Rung.WARN),
    ]
    together = DecisionTally()
    together.add(decisions(*made))
    assert together == tally(*made)
    assert together.acted == {1: Rung.LOCK, 2: Rung.LOCK}
    assert together.accounts_per_rung == {"lock": 2}
    assert together.per_day(DAY, 3)["warn"] == [1, 0, 1] and together.per_day(DAY, 3)["lock"] == [0, 2, 0]


def test_what_lies_outside_the_days_counts_on_the_nearest() -> None:
    assert tally((-3.0, 1, Rung.BAN), (9.0, 2, Rung.BAN)).per_day(DAY, 2)["ban"] == [1, 1]


def test_being_allowed_again_is_not_being_acted_on() -> None:
    assert tally((0.0, 1, Rung.ALLOW)).acted == {}


def test_a_shift_tells_who_is_treated_differently() -> None:
    first = tally((0, 1, Rung.LOCK), (0, 2, Rung.WARN), (0, 3, Rung.LOCK), (0, 4, Rung.BUDGET))
    second = tally((0, 2, Rung.LOCK), (0, 3, Rung.WARN), (0, 4, Rung.BUDGET), (0, 5, Rung.WARN))
    assert Shift.between(first, second) == Shift([5], [1], 1, 1)
