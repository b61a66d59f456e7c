"""``tidegate demo`` and ``tidegate world``: what a newcomer sees first, and the command line around them."""

import io
import subprocess
import sys
from pathlib import Path

import numba
import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from tidegate.cli import demo as demo_module
from tidegate.cli import main as main_module
from tidegate.cli import warm_up
from tidegate.cli import world as world_module
from tidegate.cli.main import COMMANDS, main
from tidegate.cli.worlds import FIRST_SEED, seed_for


@pytest.fixture(autouse=True)
def _kernels_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (demo_module, world_module):
        monkeypatch.setattr(module, "prepare", lambda *_: None)


def run(*arguments: str | Path) -> Result:
    return CliRunner(env={"COLUMNS": "120"}).invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What a small demonstration prints, and where its results are."""
    out = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(demo_module, "PEOPLE", 400)
        patched.setattr(demo_module, "DAYS", 4)
        patched.setattr(demo_module, "prepare", lambda *_: None)
        result = run("demo", "--no-live", "--out", out)
    assert result.exit_code == 0, result.output
    return result.output, out


def test_the_demo_names_the_reports_to_open_and_they_exist(shown: tuple[str, Path]) -> None:
    output, out = shown
    for folder in ("simulated", "edge-list"):
        report = out / folder / "report.html"
        assert report.is_file() and str(report) in output


def test_everything_simulated_is_marked_so(shown: tuple[str, Path]) -> None:
    output, out = shown
    assert "Simulated events" in output
    for folder in ("simulated", "edge-list"):
        assert ">Simulated<" in (out / folder / "report.html").read_text()


def test_the_demo_counts_attackers_stopped_and_honest_people_acted_on(shown: tuple[str, Path]) -> None:
    output, _ = shown
    assert "attackers acted on" in output and "honest people acted on" in output
    assert "naive blaster" in output


def test_the_demo_scans_a_real_log_when_given_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_module, "PEOPLE", 100)
    monkeypatch.setattr(demo_module, "DAYS", 1)
    log = tmp_path / "mine.txt"
    log.write_text("".join(f"1 {i} {1_082_040_961 + i}\n" for i in range(2, 90)))
    monkeypatch.setenv("TIDEGATE_DEMO_LOG", str(log))
    result = run("demo", "--no-live", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "mine.txt" in result.output and "not labelled" in result.output


def test_a_demo_log_that_is_missing_is_told_before_anything_is_simulated(tmp_path: Path) -> None:
    result = run("demo", "--log", tmp_path / "none.txt", "--out", tmp_path / "out")
    assert result.exit_code == 2 and "none.txt" in result.output
    assert not (tmp_path / "out").exists()


def test_the_demo_world_is_not_one_that_trains_or_evaluates() -> None:
    assert seed_for("demo", 0) == FIRST_SEED["demo"]
    assert len(set(FIRST_SEED.values())) == len(FIRST_SEED)


def test_a_world_is_written_with_its_truth(tmp_path: Path) -> None:
    small = ("--people", "80", "--days", "1", "--seed", "5", "--format", "jsonl")
    result = run("world", *small, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert (tmp_path / "events.jsonl").stat().st_size > 0
    assert (tmp_path / "truth.csv").read_text().startswith("account,role,campaign\n")
    assert "tidegate scan" in result.output


@pytest.mark.parametrize(("option", "value"), [("--people", "3"), ("--days", "0"), ("--seed", "-1")])
def test_a_world_that_cannot_be_is_refused_in_plain_words(option: str, value: str, tmp_path: Path) -> None:
    result = run("world", option, value, "--out", tmp_path)
    assert result.exit_code == 2
    assert value in result.output and "Traceback" not in result.output


# --- The command line ------------------------------------------------------------------------------------


def test_help_lists_the_commands_without_loading_the_engine() -> None:
    asked = "import sys; from tidegate.cli.main import main; main(['--help'], standalone_mode=False)"
    asked += "; sys.exit('numba' in sys.modules or 'numpy' in sys.modules)"
    command_line = [sys.executable, "-c", asked]
    done = subprocess.run(command_line, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    for command in ("scan", "demo", "world"):
        assert f"  {command} " in done.stdout and COMMANDS[command][:40] in done.stdout
    assert "warm-up" not in done.stdout


def test_a_command_whose_module_is_not_there_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(main_module.COMMANDS, "imagine", "Not written yet.")
    result = run("imagine")
    assert result.exit_code == 2 and "No such command" in result.output
    assert "imagine" not in run("--help").output


# --- Compiling once ----------------------------------------------------------------------------------------


@pytest.fixture
def compiling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A machine on which nothing was compiled yet; what is compiled is listed, not done."""
    done: list[str] = []
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(warm_up, "compile_scanning", lambda: done.append("scanning"))
    monkeypatch.setattr(warm_up, "compile_searching", lambda: done.append("searching"))
    monkeypatch.setattr(warm_up, "compile_world", lambda: done.append("world"))
    return done


def test_kernels_are_compiled_once_and_it_is_said_once(compiling: list[str]) -> None:
    first, second = (Console(file=io.StringIO(), width=100) for _ in range(2))
    warm_up.prepare(first, warm_up.ROOMS)
    warm_up.prepare(second, warm_up.ROOMS)
    assert compiling == ["scanning", "searching", "world"]
    assert said(first)[0].startswith("compiling the kernels for this machine, once; about 65 s")
    assert said(second) == []


def test_a_scan_does_not_wait_for_the_kernels_of_the_simulator(compiling: list[str]) -> None:
    console = Console(file=io.StringIO(), width=100)
    warm_up.prepare(console)
    assert compiling == ["scanning"] and warm_up.not_compiled(warm_up.ROOMS) == ["campaigns", "world"]


def test_compiling_that_was_interrupted_begins_again(
    compiling: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(warm_up, "compile_scanning", interrupted)
    with pytest.raises(KeyboardInterrupt):
        warm_up.prepare(Console(file=io.StringIO()))
    assert warm_up.not_compiled(warm_up.SCANNING) == ["events", "engine"]


def said(console: Console) -> list[str]:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()
