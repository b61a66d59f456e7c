"""``tidegate bench``: every row is made and shown; how fast this machine is, no test asks."""

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from tidegate.cli.bench import command as bench_module
from tidegate.cli.bench import process as bench_process
from tidegate.cli.bench.events import NOBODY, Columns, Traffic, as_events, joined
from tidegate.cli.bench.logs import write_json_lines, write_parquet
from tidegate.cli.bench.machine import one_core, this_machine
from tidegate.cli.bench.page import NODE, write_section
from tidegate.cli.bench.result import Row, Target, events_a_second
from tidegate.cli.failures import Refused
from tidegate.cli.main import main
from tidegate.events.columns import EventType
from tidegate.events.log import open_log
from tidegate.events.pseudonym import Pseudonyms

START, END = "<!-- bench:start -->", "<!-- bench:end -->"
ROWS = {
    "state",
    "check-p50",
    "check-p99",
    "kernel-Zipf",
    "kernel-uniform",
    "kernel-all-judged",
    "columnar",
    "columnar-all-judged",
    "growth",
    "parquet",
    "jsonl",
    "scan",
    "scan-memory",
    "start-up",
}
SCAN_AS_IT_IS = (
    sys.executable,
    "-c",
    "from tidegate.cli import main, scan; scan.prepare = lambda *_: None; main.main()",
    "scan",
)


@pytest.fixture(autouse=True)
def _kernels_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several test processes at once must not throw each other's machine code away."""
    monkeypatch.setattr(bench_module, "prepare", lambda *_: None)
    monkeypatch.setattr(bench_process, "SCAN_COMMAND", SCAN_AS_IT_IS)


def bench(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["bench", "--quick", *arguments])


def traffic(count: int = 4_000, accounts: int = 500) -> Columns:
    made = Traffic(accounts, zipf=True)
    return joined([made.sign_ups(), made.hellos(), made.usual(count)])


def test_a_quick_run_completes_and_makes_every_row(tmp_path: Path) -> None:
    page = tmp_path / "results.md"
    result = bench("--json", "--write", str(page))
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert {row["name"] for row in found["rows"]} == ROWS
    assert all(row["median"] > 0 and row["n"] > 0 for row in found["rows"])
    assert found["machine"]["cpu"] and found["machine"]["cores"] >= 1
    text = page.read_text("utf-8")
    assert all(row["what"] in text for row in found["rows"])
    assert "synthetic" in text and "the figures mean nothing" in text
    assert f"numba {found['machine']['numba']}" in text.lower()


def test_only_the_rows_asked_for_are_made_and_shown_to_a_person() -> None:
    result = bench("--only", "state")
    assert result.exit_code == 0, result.output
    assert "bytes an account" in result.stdout and "JSON Lines" not in result.stdout
    assert "≤ 640 bytes" in result.stdout


def test_part_of_the_rows_cannot_replace_the_whole_table(tmp_path: Path) -> None:
    result = bench("--only", "state", "--write", str(tmp_path / "results.md"))
    assert result.exit_code == 2 and "--only" in result.output
    assert not (tmp_path / "results.md").exists()


def test_only_what_stands_between_the_marks_is_replaced(tmp_path: Path) -> None:
    page = tmp_path / "results.md"
    page.write_text("# Results\n\nBefore.\n", "utf-8")
    write_section(page, "old")
    page.write_text(page.read_text("utf-8") + "\nAfter.\n", "utf-8")
    write_section(page, r"new \1")
    text = page.read_text("utf-8")
    assert "old" not in text and text.count(START) == text.count(END) == 1
    assert text.startswith("# Results\n\nBefore.\n") and text.endswith("\nAfter.\n")
    assert f"{START}\nnew \\1\n{END}" in text


def test_a_page_with_half_a_mark_is_refused_and_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "results.md"
    page.write_text(f"{START}\nold\n", "utf-8")
    with pytest.raises(Refused):
        write_section(page, "new")
    assert page.read_text("utf-8") == f"{START}\nold\n"


def test_a_target_is_met_on_its_own_side_of_the_bound() -> None:
    fast = Row("fast", "", events_a_second(1), [2e6, 0.5e6, 1e6])
    slow = Row("slow", "", Target(10, "ms", 1e3), [0.02])
    assert fast.median == 1e6 and fast.met is True and fast.verdict == "met"
    assert slow.met is False and slow.verdict == "not met" and slow.target.words == "≤ 10 ms"


def test_traffic_is_the_same_every_time_and_in_the_order_of_time() -> None:
    events = as_events(traffic())
    assert events.tobytes() == as_events(traffic()).tobytes()
    assert np.all(np.diff(events["time"]) >= 0.0)
    assert np.all(events["actor"] != 0)
    assert 0.6 < np.mean(as_events(Traffic(500, zipf=False).usual(4_000))["type"] == EventType.MESSAGE) < 0.8


def test_both_written_logs_are_read_back_whole_as_the_same_events(tmp_path: Path) -> None:
    columns = traffic()
    write_json_lines(columns, tmp_path / "a.jsonl")
    write_parquet(columns, tmp_path / "a.parquet")
    read = []
    for name in ("a.jsonl", "a.parquet"):
        log = open_log([tmp_path / name], pseudonyms=Pseudonyms())
        read.append(np.concatenate([chunk.events for chunk in log]))
        assert not log.summary.rejected
    assert len(read[0]) == len(columns) == pq.read_metadata(tmp_path / "a.parquet").num_rows
    assert read[0].tobytes() == read[1].tobytes()
    assert np.array_equal(read[0]["time"], columns.time)
    assert np.array_equal(read[0]["target"] == 0, columns.target == NOBODY)
    for name in ("actor", "device", "network", "phone_range", "client"):
        assert len(np.unique(read[0][name])) == len(np.unique(as_events(columns)[name])), name


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps a process to one core")
def test_a_measurement_gives_the_cores_back() -> None:
    cores = this_machine().cores
    with one_core() as held:
        assert held and this_machine().cores == 1
    assert this_machine().cores == cores


def test_a_child_that_fails_says_why() -> None:
    with pytest.raises(Refused, match="broken on purpose"):
        bench_process.run_child((sys.executable, "-c", "raise SystemExit('broken on purpose')"))


def test_each_section_of_the_page_has_marks_of_its_own(tmp_path: Path) -> None:
    page = tmp_path / "results.md"
    write_section(page, "of the engine")
    write_section(page, "of the node", NODE)
    write_section(page, "of the node, later", NODE)
    text = page.read_text("utf-8")
    assert "of the engine" in text
    assert text.count("of the node") == 1


def test_rows_of_the_node_are_asked_for_with_node() -> None:
    result = bench("--only", "kills")
    assert result.exit_code == 2
    assert "without --node" in result.output
