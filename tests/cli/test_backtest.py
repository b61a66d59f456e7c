"""``tidegate backtest``: who is treated otherwise under another policy, and how many decisions a day."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tidegate.cli import backtest as backtest_module
from tidegate.cli.main import main
from tidegate.statements.tally import DailyRate

DAY_S = 86_400
MIDNIGHT = 1_767_225_600  # 1 January 2026
LADDER = """\
name = "{name}"
version = "1"
[randomisation]
spread = 0.0
period = "1d"
[ladder]
warn = {{ durations = ["1d"] }}
challenge = {{ durations = ["1h"] }}
budget = {{ durations = ["1d"] }}
lock = {{ durations = ["1d"] }}
suspend = {{ durations = ["3d"] }}
"""
RULE = """
[[rule]]
name = "many-strangers"
stage = ["messaging"]
when = "{when}"
family = "first contact"
rung = "{rung}"
reason = "Wrote to {{strangers_1h}} strangers in about an hour."
notice = "Your account wrote to many new people."
"""


@pytest.fixture(autouse=True)
def _kernels_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backtest_module, "prepare", lambda *_: None)


def policy(folder: Path, name: str, when: str, rung: str = "lock") -> Path:
    path = folder / f"{name}.toml"
    path.write_text(LADDER.format(name=name) + RULE.format(when=when, rung=rung))
    return path


def backtest(*arguments: str | Path) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(main, ["backtest", "--no-model", *map(str, arguments)])


def outcome(folder: Path, *arguments: str | Path) -> dict[str, dict[str, object]]:
    """``backtest.json`` of a backtest that succeeded."""
    result = backtest(*arguments, "--out", folder / "out")
    assert result.exit_code == 0, result.output
    found: dict[str, dict[str, object]] = json.loads((folder / "out" / "backtest.json").read_text())
    return found


def listed(difference: dict[str, object]) -> list[str]:
    accounts = difference["listed"]
    assert isinstance(accounts, list)
    return [one["account"] for one in accounts]


def sender(name: str, strangers: int, start: float, answered: int = 0) -> list[tuple[float, str, str]]:
    """Writes to so many strangers, one every ten seconds; the first ``answered`` of them write back."""
    sent = [(start + 10 * i, name, f"{name}-{i}") for i in range(strangers)]
    return sent + [(start + 10 * i + 4, f"{name}-{i}", name) for i in range(answered)]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Two days: on the first someone with many strangers, on the second several with a middling number."""
    talk = sender("flood", 80, MIDNIGHT + 3600)
    talk += sender("silent", 30, MIDNIGHT + DAY_S + 3600)
    talk += sender("organiser", 30, MIDNIGHT + DAY_S + 7200, answered=25)
    talk += sender("friendly", 30, MIDNIGHT + DAY_S + 10_800, answered=9)
    talk += sender("quiet", 3, MIDNIGHT + DAY_S + 3600)
    path = tmp_path / "log.jsonl"
    lines = (
        json.dumps({"time": at, "type": "message", "actor": actor, "target": target})
        for at, actor, target in sorted(talk)
    )
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


@pytest.fixture
def lax(tmp_path: Path) -> Path:
    return policy(tmp_path, "lax", "strangers_1h >= 50")


@pytest.fixture
def firm(tmp_path: Path) -> Path:
    return policy(tmp_path, "firm", "strangers_1h >= 20", "challenge")


def test_who_is_acted_on_only_under_the_proposed_policy_is_named(
    tmp_path: Path, log: Path, lax: Path, firm: Path
) -> None:
    found = outcome(tmp_path, firm, log, "--against", lax)
    assert set(listed(found["newly_acted_on"])) == {"silent", "organiser", "friendly"}
    assert found["newly_acted_on"]["per_rung"] == {"challenge": 3}
    assert found["no_longer_acted_on"]["accounts"] == 0
    assert found["on_a_milder_rung"] == 1 and found["on_a_stronger_rung"] == 0


def test_the_reverse_names_who_is_no_longer_acted_on(
    tmp_path: Path, log: Path, lax: Path, firm: Path
) -> None:
    found = outcome(tmp_path, lax, log, "--against", firm)
    assert set(listed(found["no_longer_acted_on"])) == {"silent", "organiser", "friendly"}
    assert found["newly_acted_on"]["accounts"] == 0 and found["on_a_stronger_rung"] == 1


def test_accounts_that_look_honest_come_first(tmp_path: Path, log: Path, lax: Path, firm: Path) -> None:
    result = backtest(firm, log, "--against", lax)
    assert result.exit_code == 0, result.output
    rows = [line for line in result.output.splitlines() if " challenge " in line and "strangers" in line]
    assert [row.split()[0] for row in rows] == ["organiser", "friendly", "silent"]
    assert "2026-01-02 03:0" in rows[1] and "Wrote to 21 strangers" in rows[1]
    newly = outcome(tmp_path, firm, log, "--against", lax)["newly_acted_on"]["listed"]
    assert isinstance(newly, list)
    assert [(one["answered"], one["received"], one["first_contacts"]) for one in newly] == [
        (25, 25, 30),
        (9, 9, 30),
        (0, 0, 30),
    ]
    assert all(19 <= one["first_contacts_before"] <= 22 for one in newly)


def test_decisions_a_day_are_counted_for_both(tmp_path: Path, log: Path, lax: Path, firm: Path) -> None:
    found = outcome(tmp_path, firm, log, "--against", lax)
    now, then = found["in_force"], found["proposed"]
    assert now["first_day"] == then["first_day"] == "2026-01-01"
    assert now["decisions_by_day"]["lock"] == [1, 0]  # type: ignore[index]
    assert then["decisions_by_day"]["lock"] == [0, 0]  # type: ignore[index]
    first, second = then["decisions_by_day"]["challenge"]  # type: ignore[index]
    assert first >= 1 and second >= 3
    rate = then["decisions_a_day"]["challenge"]  # type: ignore[index]
    assert rate["mean"] == (first + second) / 2 and rate["busiest_day"] == "2026-01-02"


def test_a_day_without_decisions_counts_as_a_day() -> None:
    assert DailyRate.of([0, 4, 0, 0], 20_454) == DailyRate(1.0, 0.0, 4, 20_455)
    assert DailyRate.of([0, 0], 20_454).busiest_day is None


def test_a_policy_compared_with_itself_changes_nothing(tmp_path: Path, log: Path, firm: Path) -> None:
    found = outcome(tmp_path, firm, log, "--against", firm)
    assert found["in_force"] == found["proposed"]
    assert found["newly_acted_on"]["accounts"] == found["no_longer_acted_on"]["accounts"] == 0
    assert found["on_a_stronger_rung"] == found["on_a_milder_rung"] == 0


def test_the_shipped_policy_is_in_force_unless_another_is_named(
    tmp_path: Path, log: Path, firm: Path
) -> None:
    assert str(outcome(tmp_path, firm, log)["in_force"]["policy"]).startswith("default ")


def test_nothing_is_written_without_being_asked(
    log: Path, firm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "here"
    empty.mkdir()
    monkeypatch.chdir(empty)
    assert backtest(firm, log).exit_code == 0
    assert list(empty.iterdir()) == []


def test_pseudonyms_can_stand_for_the_accounts(tmp_path: Path, log: Path, lax: Path, firm: Path) -> None:
    found = outcome(tmp_path, firm, log, "--against", lax, "--pseudonyms")
    assert all(len(name) == 16 and int(name, 16) for name in listed(found["newly_acted_on"]))


def test_a_mistake_in_the_proposed_policy_is_told_with_its_line(log: Path, tmp_path: Path) -> None:
    wrong = policy(tmp_path, "wrong", "strangers_1h >= many")
    result = backtest(wrong, log)
    assert result.exit_code == 2
    assert "wrong.toml:16:" in result.output and "Traceback" not in result.output


def test_a_policy_that_is_not_there_is_told_plainly(log: Path, tmp_path: Path) -> None:
    result = backtest(tmp_path / "nowhere.toml", log)
    assert result.exit_code == 2 and "nowhere.toml: the file cannot be read" in result.output
