"""The page for operators says what is so."""

import re
from pathlib import Path

import msgspec

from tidegate.desk.access.roles import IN_WORDS, RIGHTS, Right, Role
from tidegate.desk.settings import DeskSettings

PAGE = (Path(__file__).parents[2] / "docs" / "desk.md").read_text("utf-8")


def rows(heading: str) -> list[list[str]]:
    """Cells of the first table below a heading, without its own two heading lines."""
    table = re.search(r"(?:^\|.*\n)+", PAGE.split(f"\n{heading}\n", 1)[1], re.M)
    assert table
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in table[0].splitlines()[2:]]


def test_the_table_of_roles_is_the_one_that_the_gate_reads() -> None:
    assert set(IN_WORDS) == set(Right)
    wanted = [
        [words, *("yes" if right in RIGHTS[role] else "" for role in Role)]
        for right, words in IN_WORDS.items()
    ]
    assert rows("## Roles") == wanted


def test_every_setting_is_named_with_its_default() -> None:
    said = {
        name: default for names, default, _ in rows("## Settings") for name, default in _pairs(names, default)
    }
    shown = {
        name: ""
        if value == ""
        else str(value).lower()
        if isinstance(value, bool)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
        for name, value in msgspec.to_builtins(DeskSettings()).items()
        if name != "evidence"  # has a page of its own
    }
    assert said == shown


def _pairs(names: str, defaults: str) -> list[tuple[str, str]]:
    found = re.findall(r"`([^`]+)`", names)
    values = re.findall(r"`([^`]*)`", defaults) or [""] * len(found)
    return list(zip(found, values, strict=True))
