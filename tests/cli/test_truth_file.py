"""``truth.csv`` and what is made of it: fleets attack, crowds are honest, rings of reporters send nothing."""

from pathlib import Path

import numpy as np
import pytest
from sample_findings import made_up

from tidegate.cli.demo import HONEST, compare
from tidegate.cli.failures import Refused
from tidegate.cli.truth_file import read_truth
from tidegate.cli.worlds import truth_of
from tidegate.events.pseudonym import Pseudonyms
from tidegate.learning.evaluation import BAD, Tally, family_results, overall, sends
from tidegate.world import CROWD_ROLES, FAMILIES, FLEETS, World, WorldSettings, fleet, simulate
from tidegate.world.accounts import HONEST_ROLES


@pytest.fixture(scope="module")
def world() -> World:
    """Two fleets and some crowds among 900 people."""
    attackers = fleet("drip_fleet", "own", 20) | fleet("bait_ring", "cheap", 20)
    return simulate(
        WorldSettings(people=900, days=2, seed=5, attackers=attackers, crowds={"family": 3, "couriers": 1})
    )


def test_a_truth_file_says_of_everybody_what_the_world_says(world: World, tmp_path: Path) -> None:
    world.write(tmp_path)
    read, known = read_truth(tmp_path / "truth.csv", Pseudonyms()), truth_of(world, Pseudonyms())
    for one, other in ((read.keys, known.keys), (read.family, known.family), (read.campaign, known.campaign)):
        assert one.tolist() == other.tolist()
    assert (np.isinf(read.abusive_from) == (known.family == HONEST)).all()


@pytest.mark.parametrize("roles, honest", [(HONEST_ROLES + CROWD_ROLES, True), (tuple(FLEETS), False)])
def test_crowds_are_honest_and_fleets_are_not(roles: tuple[str, ...], honest: bool, tmp_path: Path) -> None:
    file = tmp_path / "truth.csv"
    lines = [f"a{i},{role}," for i, role in enumerate(roles)]
    file.write_text("\n".join(["account,role,campaign", *lines]) + "\n")
    truth = read_truth(file, Pseudonyms())
    assert ((truth.family == HONEST) == honest).all()
    assert (np.isinf(truth.abusive_from) == honest).all()


def test_a_table_with_other_columns_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "truth.csv"
    file.write_text("account,role\na,person\n")
    with pytest.raises(Refused, match=r"truth\.csv:1: the first line must be account,role,campaign"):
        read_truth(file, Pseudonyms())


def test_rings_of_reporters_are_not_measured_by_what_they_send() -> None:
    assert {name for name in FLEETS if not sends(name)} == {n for n in FLEETS if n.startswith("bait_ring")}
    assert [name for name in FAMILIES if not sends(name)] == ["false_report_ring"]
    bad = np.zeros(3, BAD)
    bad["family"] = ["bait_ring_own", "drip_fleet_own", "drip_fleet_own"]
    bad["before_stop"] = bad["in_all"] = [900, 4, 4]
    bad["stopped"] = [False, True, True]
    tally = Tally("any", [bad])
    assert [result.family for result in family_results(tally)] == ["drip_fleet_own"]
    assert overall(tally).stopped == 1.0 and overall(tally).reached_median == 4.0


def test_the_demonstration_counts_crowds_among_honest_people(world: World, tmp_path: Path) -> None:
    world.write(tmp_path)
    table = world.accounts
    honest = frozenset(table.role[table.family == HONEST].tolist())
    assert honest & set(CROWD_ROLES)
    told = compare(made_up(), tmp_path / "truth.csv", honest)
    assert set(told) == {HONEST, "drip_fleet_own", "bait_ring_cheap"}
    assert told[HONEST].accounts == 900
