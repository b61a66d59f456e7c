"""``tidegate bench --campaigns``: what a search over a day costs, measured in a process of its own."""

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from tidegate.campaigns.search import Search
from tidegate.cli.bench import campaign_day
from tidegate.cli.bench import command as bench_module
from tidegate.cli.bench.campaign_day import attackers, read_pieces, write_day
from tidegate.cli.bench.campaign_run import SearchCost, measure
from tidegate.cli.bench.campaigns import MeasuredSize, growth_row, rows_of
from tidegate.cli.bench.page import CAMPAIGNS, write_section
from tidegate.cli.main import main

if find_spec("networkit") is None:
    pytest.skip(
        "community detection needs NetworKit: pip install 'tidegate[campaigns]'", allow_module_level=True
    )
PEOPLE = 300


@pytest.fixture(autouse=True)
def _kernels_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several test processes at once must not throw each other's machine code away."""
    monkeypatch.setattr(bench_module, "prepare", lambda *_: None)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bench") / "day"
    write_day(PEOPLE, path)
    return path


def bench(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["bench", "--campaigns", "--quick", *arguments])


def test_a_size_is_measured_in_processor_seconds_and_in_memory() -> None:
    result = bench("--only", "10k", "--json")
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)["rows"]
    assert [row["name"] for row in rows] == ["campaigns-10k-cpu", "campaigns-10k-memory"]
    assert all(row["median"] > 0 and row["n"] > 0 and row["target"] is None for row in rows)
    assert 5e7 < rows[1]["median"] < 5e9, "the peak memory of a process with Python in it, in bytes"
    assert "s per million events" in rows[0]["note"] and "candidates" in rows[0]["note"]


def test_the_log_is_read_in_bounded_pieces_and_searched_once_whole(
    day: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = np.concatenate(list(read_pieces(day)))
    assert (np.diff(whole["time"]) >= 0).all()
    monkeypatch.setattr(campaign_day, "READ_AT_ONCE", 1_000)
    pieces = list(read_pieces(day))
    assert max(map(len, pieces)) == 1_000
    assert np.concatenate(pieces).tobytes() == whole.tobytes()
    cost, search, found = measure(day), Search(), set()
    at, every_s = 0, search.settings.every_s
    first, last = whole["time"][0] // every_s + 1, whole["time"][-1] // every_s + 1
    for pass_s in every_s * np.arange(first, last + 1):
        end = int(np.searchsorted(whole["time"], pass_s))
        search.observe(whole[at:end])
        found |= {key for campaign in search.find(float(pass_s)) for key in campaign.members.tolist()}
        at = end
    assert cost.events == len(whole) and cost.passes == last - first + 1
    assert cost.found == found and cost.members == len(found) > 0
    assert cost.longest_pass_s <= cost.finding_s < cost.seconds


def test_every_size_has_the_same_share_of_fleets() -> None:
    def share(people: int) -> float:
        return sum(int(plan.accounts or 0) for plan in attackers(people).values()) / people

    assert share(10_000) == pytest.approx(share(1_000_000)) and 0.01 < share(10_000) < 0.03


def measured(name: str, events: int, seconds: float) -> MeasuredSize:
    return MeasuredSize(name, events, SearchCost(events, events // 12, 0.1 * seconds, 0.9 * seconds), 1.0, 1)


def test_the_exponent_is_that_of_the_largest_step() -> None:
    sizes = [measured("10k", 10**5, 4.0), measured("100k", 10**6, 400.0), measured("1M", 10**7, 4_000.0)]
    row = growth_row(sizes)
    assert row.median == pytest.approx(1.0) and row.met is True
    assert "10k to 100k 2.00, 100k to 1M 1.00" in row.note
    assert growth_row(sizes[:2]).met is False


def test_the_largest_size_is_held_to_the_targets() -> None:
    time, memory = rows_of(measured("1M", 10**7, 601.0), has_targets=True)
    assert time.target_words == "≤ 600 s" and time.met is False
    assert memory.target_words == "≤ 6 GB" and memory.met is True
    assert "60.1 s per million events" in time.note


def test_the_table_has_a_place_of_its_own_on_the_page(tmp_path: Path) -> None:
    page = tmp_path / "results.md"
    write_section(page, "one", CAMPAIGNS)
    write_section(page, "two", CAMPAIGNS)
    text = page.read_text("utf-8")
    assert "two" in text and "one" not in text and text.count(CAMPAIGNS.heading) == 1


def test_two_tables_are_not_made_at_once() -> None:
    result = bench("--node")
    assert result.exit_code == 2 and "one at a time" in result.output
    result = bench("--only", "kills")
    assert result.exit_code == 2 and "with --campaigns the rows are 10k, 100k, 1M" in result.output
