"""A lawyer checks a case file with what any system has, by the text in the file."""

import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from tampering import change, put_rows, rows

STEPS = 4


def steps(folder: Path) -> list[str]:
    """The commands under each heading of VERIFY.txt."""
    text = (folder / "VERIFY.txt").read_text("utf-8")
    parts = re.split(r"^\d\. .*\n-+\n", text, flags=re.M)[1:]
    assert len(parts) == STEPS
    return [
        "\n".join(line[4:] for line in part.splitlines() if re.match(r"    (?![0-9a-f]{64}$)", line))
        for part in parts
    ]


def unpacked(path: Path, to: Path) -> Path:
    for program in ("sha256sum", "openssl", "sh"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    with zipfile.ZipFile(path) as zipped:
        zipped.extractall(to)
    return to / "case-7"


def run(script: str, folder: Path) -> tuple[str, str]:
    done = subprocess.run(
        ["sh", "-c", script], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout, done.stderr


def test_every_command_finds_an_untouched_case_good(sealed: Path, tmp_path: Path) -> None:
    folder = unpacked(sealed, tmp_path / "there")
    files, seal, exhibits, custody = steps(folder)
    assert run(files, folder) == ("", "")
    said, _ = run(seal, folder)
    assert said.count("subject=") == 2 and "NOT GOOD" not in said
    output = "".join(run(seal, folder))
    assert output.count("Verification: OK") == 2
    assert "".join(run(exhibits, folder)).count("Verification: OK") == 5
    assert run(custody, folder) == ("", "")


def test_the_commands_name_what_was_changed(sealed: Path, tmp_path: Path) -> None:
    folder = unpacked(sealed, tmp_path / "there")
    files, seal, exhibits, _ = steps(folder)
    changed = next((folder / "data" / "exhibits").iterdir())
    changed.write_bytes(changed.read_bytes()[:-1] + b"?")
    (folder / "data" / "more.txt").write_text("put in later")
    said = "".join(run(files, folder))
    assert f"data/exhibits/{changed.name}: FAILED" in said
    assert "data/more.txt" in said
    assert "".join(run(exhibits, folder)).count("NOT GOOD") == 2
    manifest = folder / "manifest-sha256.txt"
    manifest.write_text(manifest.read_text() + "\n")
    assert "".join(run(seal, folder)).count("NOT GOOD") == 2


def test_the_commands_find_a_broken_chain(sealed: Path, tmp_path: Path) -> None:
    change(sealed, lambda files: put_rows(files, rows(files)[:1] + rows(files)[2:], linked=False))
    folder = unpacked(sealed, tmp_path / "there")
    said, _ = run(steps(folder)[3], folder)
    assert said.startswith("BROKEN before:") and '"number":3' in said
