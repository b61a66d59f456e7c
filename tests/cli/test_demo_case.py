"""The case of the demonstration: from saved pages and a campaign to a sealed file, without Synapse too."""

import io
import re
import shutil
import zipfile
from pathlib import Path

import pytest
from rich.console import Console

pytest.importorskip("django", reason="the case needs the desk: pip install 'tidegate[desk,evidence]'")

from tidegate.cli import demo_matrix
from tidegate.cli.demo_case import play_case
from tidegate.desk.evidence.custody.verifying import verify
from tidegate.messengers.matrix.homeserver import VENV_VARIABLE


def test_saved_pages_and_a_campaign_become_a_file_that_anybody_can_check(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    monkeypatch.setenv(VENV_VARIABLE, str(tmp_path / "no-synapse"))
    # Without a Chromium, too: pictures of pages take half a minute, and are tested elsewhere.
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "openssl").symlink_to(shutil.which("openssl") or "")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    console = Console(file=io.StringIO(), width=300, highlight=False)
    quiet = Console(file=io.StringIO())
    with demo_matrix.live(console, quiet, tmp_path / "live") as stage:
        assert stage is not None and stage.desk is not None and stage.told is not None
        assert stage.homeserver is None
        file = play_case(console, quiet, stage.desk, stage.told.fleet, tmp_path / "case")
    assert isinstance(console.file, io.StringIO)
    told = console.file.getvalue()
    assert told.startswith("Left out: ") and "make synapse" in told
    assert "linked to abuse on the messenger" in told
    assert "the case file is intact" in told and "the case file is NOT intact" in told
    verdict = verify(file)
    assert verdict.intact and verdict.vouched_for and verdict.exhibits == 6
    with zipfile.ZipFile(file) as zipped:
        index = zipped.read(
            next(name for name in zipped.namelist() if name.endswith("data/index.html"))
        ).decode()
    for words in (
        "80 mil mensagens",
        "Checklist",
        "Findings on the messenger",
        "demo-second",
        "Farol Disparos Ltda",
    ):
        assert words in index
    assert re.search(r"@u[0-9a-f]+:simulated\.example", index)
