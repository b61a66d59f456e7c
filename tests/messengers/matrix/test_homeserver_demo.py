"""The live part of ``tidegate demo``: what it promises to show is seen, and without Synapse one line says so."""

import io
import re
from pathlib import Path

import pytest
from guarded import tidegate_or_skip
from rich.console import Console

from tidegate.cli import demo_matrix, demo_past, demo_scene

COLUMNS = 100


@pytest.fixture(autouse=True)
def _short_past(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_past, "PEOPLE", 200)
    monkeypatch.setattr(demo_past, "DAYS", 3)


def shown(out: Path) -> str:
    console = Console(file=io.StringIO(), width=COLUMNS, highlight=False)
    with demo_matrix.live(console, Console(file=io.StringIO()), out):
        pass
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_sender_is_rationed_locked_suspended_and_the_friends_are_not_disturbed(
    synapse: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tidegate_or_skip(synapse)
    hurried = {
        "HEAD_START_S": 1.0,
        "SENDER_GAP_S": 1.0,
        "FRIEND_GAP_S": 1.5,
        "COMPLAINT_GAP_S": 0.5,
        "LAST_LOOK_S": 2.0,
    }
    for name, seconds in hurried.items():
        monkeypatch.setattr(demo_scene, name, seconds)
    text = shown(tmp_path)
    rungs = [text.find(f" {rung} ") for rung in ("budget", "lock", "suspend")]
    assert -1 not in rungs and rungs == sorted(rungs), text
    for refusal in ("429 rationed", "403 suspended"):
        assert refusal in text, text
    outcome = text[text.index("the five friends") :]
    found = re.search(r"encrypted group +(\d+) +(\d+) of (\d+) +(\d+)", outcome)
    assert found is not None, outcome
    sent, decrypted, expected, refused = map(int, found.groups())
    assert decrypted == expected == 4 * sent > 0 and refused == 0
    assert "m.room.encrypted" in outcome and "words: not found" in outcome.replace("\n", " ")
    assert max(len(line.rstrip()) for line in text.splitlines()) <= COLUMNS
