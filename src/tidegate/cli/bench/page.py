"""The benchmark's table: in the terminal, and in its place on the page of results."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tidegate.cli.bench.machine import Machine
from tidegate.cli.bench.result import Row
from tidegate.cli.failures import Refused
from tidegate.cli.outputs import replacing

HEADINGS = {"bench": "## Speed and memory", "node": "## The node"}
"""By the name of the section between its two marks."""
CAUTION = "Synthetic traffic: these figures are about speed and memory and say nothing about who is caught."
BUSY = "The machine was busy with other work; a quiet one is faster. Compare the figures by processor time."
QUICK_RUN = "A quick run on a handful of accounts: the figures mean nothing."
HEAD = ("what", "target", "median (spread)", "", "n", "seconds", "note")


def _cells(row: Row) -> tuple[str, ...]:
    n = f"{row.n:,} {row.n_of}"
    measured = f"{row.middle} ({row.spread})" if row.spread else row.middle
    return row.what, row.target_words, measured, row.verdict, n, f"{row.seconds:.1f}", row.note


def print_rows(console: Console, rows: Sequence[Row], machine: Machine, quick: bool) -> None:
    """The table for a person."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("what", overflow="fold")
    for title in ("target", "median", "spread", ""):
        table.add_column(title, no_wrap=True, justify="right" if title in ("median", "spread") else "left")
    for row in rows:
        what = Text(row.what).append(f"\n{_effort(row)}", style="dim")
        style = {True: "green", False: "bold red", None: ""}[row.met]
        table.add_row(what, row.target_words, row.middle, row.spread, Text(row.verdict, style=style))
    console.print(machine.words, soft_wrap=True)
    console.print(table)
    for line in _remarks(machine, quick):
        console.print(line, style="dim", soft_wrap=True)


def _effort(row: Row) -> str:
    effort = f"{row.n:,} {row.n_of}, {len(row.runs)} runs, {row.seconds:.1f} s"
    return f"{effort}; {row.note}" if row.note else effort


def _remarks(machine: Machine, quick: bool) -> list[str]:
    return [CAUTION, *([BUSY] if machine.is_busy else []), *([QUICK_RUN] if quick else [])]


def markdown(rows: Sequence[Row], machine: Machine, command: str, quick: bool) -> str:
    """The table with its date, machine and command."""
    lines = [HEAD, ["---"] * len(HEAD), *(_cells(row) for row in rows)]
    table = "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
    made = f"Made on {datetime.now(UTC):%Y-%m-%d} by `{command}`, *synthetic*. {machine.words}."
    return "\n\n".join([made, " ".join(_remarks(machine, quick)), table])


def write_section(path: Path, text: str, name: str = "bench") -> None:
    """Put ``text`` between the two marks, added at the end of the page when missing. Raises Refused."""
    begin, stop = f"<!-- {name}:start -->", f"<!-- {name}:end -->"
    try:
        page = path.read_text("utf-8") if path.exists() else "# Results\n"
        section = f"{begin}\n{text}\n{stop}"
        marks = page.count(begin), page.count(stop)
        if marks == (0, 0):
            page = f"{page.rstrip()}\n\n{HEADINGS[name]}\n\n{section}\n"
        elif marks == (1, 1) and page.index(begin) < page.index(stop):
            page = re.sub(f"{re.escape(begin)}.*{re.escape(stop)}", lambda _: section, page, flags=re.S)
        else:
            raise Refused(f"{path}: the marks {begin} and {stop} must stand there once each, in this order.")
        with replacing(path) as temporary:
            temporary.write_text(page, "utf-8")
    except OSError as error:
        raise Refused(f"{path}: the results cannot be written: {error.strerror}.") from None
