import csv
import json
from pathlib import Path

import numpy as np
import pytest

from tidegate.events.log import open_log
from tidegate.events.pseudonym import Pseudonyms
from tidegate.world import SIGNALS, World, WorldSettings, simulate


@pytest.fixture(scope="module")
def small_world() -> World:
    return simulate(WorldSettings(people=120, days=3, seed=21))


def _read(path: Path, world: World) -> np.ndarray:
    log = open_log([path], pseudonyms=Pseudonyms(), strict=True, now_s=world.settings.start)
    return np.concatenate([chunk.events for chunk in log])


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_a_written_log_reads_back_as_the_same_events(small_world: World, tmp_path: Path, form: str) -> None:
    path = small_world.write(tmp_path, form)  # type: ignore[arg-type]
    expected = small_world.events(Pseudonyms())
    read = _read(path, small_world)
    assert len(read) == len(expected)
    for name in expected.dtype.names or ():
        assert np.array_equal(read[name], expected[name]), name


def test_a_log_without_signals_reads_back_too(tmp_path: Path) -> None:
    poor = SIGNALS - {"network", "device", "client", "phone", "size", "forwards"}
    world = simulate(WorldSettings(people=80, days=2, seed=3, signals=poor))
    expected = world.events(Pseudonyms())
    read = _read(world.write(tmp_path), world)
    assert np.array_equal(read, expected)
    for name in ("network", "device", "client", "phone_range"):
        assert not read[name].any()


def test_the_truth_file_names_role_and_campaign_of_every_actor(small_world: World, tmp_path: Path) -> None:
    small_world.write(tmp_path, "jsonl")
    with (tmp_path / "truth.csv").open() as file:
        truth = {row["account"]: row for row in csv.DictReader(file)}
    assert set(next(iter(truth.values()))) == {"account", "role", "campaign"}
    with (tmp_path / "events.jsonl").open() as file:
        actors = {json.loads(line)["actor"] for line in file}
    assert actors <= set(truth)
    assert any(row["campaign"] for row in truth.values())


def test_a_log_holds_no_name_that_tells_the_role(small_world: World) -> None:
    """Names are in random order: attackers do not come last in the alphabet."""
    rank = np.argsort(np.argsort(small_world.accounts.account))
    attackers = small_world.accounts.family != "honest"
    assert 0.2 < rank[attackers].mean() / len(rank) < 0.8
