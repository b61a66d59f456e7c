"""Setting up the official-only adapter: an example that works, and errors that say what would be right."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tidegate.cli.main import main
from tidegate.messengers.matrix.official.errors import StateError
from tidegate.messengers.matrix.official.example import example_settings
from tidegate.messengers.matrix.official.settings import (
    AppserviceSection,
    EnforcementSection,
    NodeSection,
    PollingSection,
    read_settings,
)
from tidegate.messengers.matrix.official.state import State

SMALLEST = 'server_name = "tide.test"\n[homeserver]\nurl = "http://127.0.0.1:8008"\n'


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["matrix", *map(str, arguments)])


def write(folder: Path, text: str = SMALLEST) -> Path:
    file = folder / "matrix.toml"
    file.write_text(text, "utf-8")
    return file


def test_init_writes_settings_that_can_be_read_and_never_over_others(tmp_path: Path) -> None:
    file = tmp_path / "matrix.toml"
    assert run("init", "--config", file, "--server-name", "example.org").exit_code == 0
    place = read_settings(file)
    assert place.settings.server_name == "example.org"
    assert place.is_ignored("@notices:example.org") and not place.is_ignored("@ann:example.org")
    again = run("init", "--config", file, "--server-name", "other.org")
    assert again.exit_code == 2 and "exists already" in again.output
    assert read_settings(file).settings.server_name == "example.org"


def test_the_defaults_that_the_example_shows_are_the_defaults() -> None:
    text = example_settings("tide.test", "http://127.0.0.1:8008")
    shown = [re.sub(r"^# (?=\[|\w+ = )", "", line) for line in text.splitlines()]
    settings = tomllib.loads("\n".join(shown))
    sections = {
        "appservice": AppserviceSection(),
        "node": NodeSection(),
        "polling": PollingSection(),
        "enforcement": EnforcementSection(),
    }
    for name, defaults in sections.items():
        assert settings[name], name
        for key, value in settings[name].items():
            assert getattr(defaults, key) == value, f"{name}.{key}"


def test_the_registration_is_not_exclusive_and_keeps_its_tokens(tmp_path: Path) -> None:
    file, out = write(tmp_path, SMALLEST.replace("tide.test", "tide.example-1.org")), tmp_path / "r.yaml"
    assert run("appservice-registration", "--config", file, "--out", out).exit_code == 0
    first = out.read_text()
    assert run("appservice-registration", "--config", file, "--out", out).exit_code == 0
    assert out.read_text() == first, "written again with the same tokens"
    lines = [line.partition("  #")[0] for line in first.splitlines() if not line.startswith("#")]
    values = dict(line.split(": ", 1) for line in lines if ": " in line)
    assert json.loads(values["hs_token"]) == (tmp_path / "hs.token").read_text().strip()
    assert json.loads(values["      regex"]) == r"@.*:tide\.example\-1\.org"
    assert values["    - exclusive"] == "false" and values["receive_ephemeral"] == "true"
    for secret in (out, tmp_path / "as.token", tmp_path / "hs.token"):
        assert secret.stat().st_mode & 0o077 == 0, f"{secret} is for its owner alone"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "missing required field `server_name`"),
        ("server_name = ", "not TOML"),
        (SMALLEST + "tiemout_s = 3", "unknown field `tiemout_s`"),
        (SMALLEST + "[polling]\npage = 0", "polling.page is 0; it must be above 0"),
        (SMALLEST + "[appservice]\nrooms = 5", "at least 1000"),
        (SMALLEST + '[appservice]\nsender_localpart = "Tide Gate"', "as in _tidegate"),
        (SMALLEST + '[enforcement]\nbudget = "slow"', "Invalid enum value 'slow'"),
        (SMALLEST + '[enforcement]\nchallenge_url = "https://example.org/"', "with {ticket} in it"),
        (SMALLEST + '[words]\nbanned = "x"', "no such rung; known are allow, ban, budget"),
    ],
)
def test_settings_that_cannot_be_used_are_told_with_what_would_be_right(
    tmp_path: Path, text: str, words: str
) -> None:
    result = run("run", "--config", write(tmp_path, text))
    assert result.exit_code == 2
    assert words in result.output and "matrix.toml" in result.output


def test_a_settings_file_that_is_not_there_names_the_command_that_makes_one(tmp_path: Path) -> None:
    result = run("run", "--config", tmp_path / "none.toml")
    assert result.exit_code == 2 and "tidegate matrix init" in result.output


@pytest.mark.parametrize("name", ["admin.token", "node.token", "hs.token"])
def test_a_token_that_is_missing_is_named(tmp_path: Path, name: str) -> None:
    for token in ("admin.token", "node.token", "hs.token"):
        (tmp_path / token).write_text("secret\n")
    (tmp_path / name).unlink()
    result = run("run", "--config", write(tmp_path))
    assert result.exit_code == 2 and name in result.output


def test_one_adapter_at_a_time(tmp_path: Path) -> None:
    first = State(tmp_path / "state")
    with pytest.raises(StateError, match="only one may run"):
        State(tmp_path / "state")
    first.close()
    State(tmp_path / "state").close()
