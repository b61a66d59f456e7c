"""Simulated people against the Copenhagen text messages and CollegeMsg (see ``tidegate.world.figures``)."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tidegate.events.columns import EventType
from tidegate.world import World
from tidegate.world.figures import REFERENCE, human_figures

TOLERANCE = 1.8
"""A figure may lie outside the two data sets' range by this factor: a messenger is neither of them."""
NEAR_ZERO = 0.02
"""Shares below this need no factor: the quietest six hours of most people hold nothing at all."""


def _figures(world: World) -> dict[str, float]:
    private = (world.columns["type"] == EventType.MESSAGE) & (world.columns["target"] >= 0)
    private &= world.columns["target"] < len(world.accounts)
    return human_figures(
        world.columns["time"][private],
        world.columns["actor"][private].astype(np.int64),
        world.columns["target"][private].astype(np.int64),
    )


@pytest.fixture(scope="module")
def simulated(human_world: World) -> dict[str, float]:
    return _figures(human_world)


@pytest.mark.parametrize("figure", REFERENCE)
def test_people_lie_between_or_around_the_two_data_sets(simulated: dict[str, float], figure: str) -> None:
    low, high = sorted(REFERENCE[figure])
    value = simulated[figure]
    if high <= NEAR_ZERO:
        assert value <= high * TOLERANCE
    else:
        assert low / TOLERANCE <= value <= high * TOLERANCE


def test_tie_strength_and_turn_taking_are_close(simulated: dict[str, float]) -> None:
    assert 0.60 <= simulated["alternation"] <= 0.75
    assert 0.60 <= simulated["top_fifth_tie_share"] <= 0.85
    assert 0.64 <= simulated["reciprocity"] <= 0.95
    assert 1.05 <= simulated["gap_exponent"] <= 1.25


@pytest.mark.parametrize(("name", "place"), [("copenhagen_sms.csv", 0), ("collegemsg.txt", 1)])
def test_the_figures_of_the_real_data_are_the_published_ones(
    real_data: Callable[[str], Path], name: str, place: int
) -> None:
    path = real_data(f"private-messages/{name}")
    if name.endswith("csv"):
        time, sender, receiver = np.loadtxt(path, delimiter=",", skiprows=1)[:, :3].T
    else:
        sender, receiver, time = np.loadtxt(path).T
    order = np.argsort(time, kind="stable")
    order = order[sender[order] != receiver[order]]
    figures = human_figures(time[order], sender[order].astype(np.int64), receiver[order].astype(np.int64))
    for figure, published in REFERENCE.items():
        if figure.startswith("quiet_six_hours"):
            continue
        assert figures[figure] == pytest.approx(published[place], rel=0.2), figure
