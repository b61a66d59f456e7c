"""The benchmark's table: in the terminal, and in its place on the page of results."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tidegate.cli.bench.machine import Machine
from tidegate.cli.bench.result import Row
from tidegate.cli.failures import Refused
from tidegate.cli.outputs import replacing

BUSY = "The machine was busy with other work; a quiet one is faster. Compare the figures by processor time."
QUICK_RUN = "A quick run on a handful of accounts: the figures mean nothing."
HEAD = ("what", "target", "median (spread)", "", "n", "seconds", "note")


@dataclass(frozen=True, slots=True)
class Section:
    """One of the tables of the page of results."""

    name: str
    """Of the marks that it stands between."""
    heading: str
    traffic: str
    """What the figures were made with."""
    caution: str


ENGINE = Section(
    "bench",
    "## Speed and memory",
    "*synthetic*",
    "Synthetic traffic: these figures are about speed and memory and say nothing about who is caught.",
)
NODE = Section(
    "node",
    "## The node",
    "*simulated* and *synthetic* traffic",
    "These figures are about speed and durability and say nothing about who is caught.",
)
CAMPAIGNS = Section(
    "campaign-cost",
    "## The search for campaigns: what it costs",
    "*simulated* traffic",
    "These figures are about speed and memory. Who is found is in the section about accounts that act together.",
)

DESK = Section(
    "desk",
    "## The desk when it is full",
    "*synthetic* accounts and decisions",
    "These figures are about speed and say nothing about who is caught.",
)


@dataclass(frozen=True, slots=True)
class Page:
    """Rows with what they depend on."""

    rows: Sequence[Row]
    machine: Machine
    section: Section
    quick: bool = False
    missing: Sequence[str] = ()
    """Why rows are not there."""

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return {
            "machine": self.machine.as_json(),
            "quick": self.quick,
            "rows": [row.as_json() for row in self.rows],
            "missing": list(self.missing),
        }

    def show(self, console: Console) -> None:
        """The table for a person."""
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        table.add_column("what", overflow="fold")
        for title in ("target", "median", "spread", ""):
            justify: Literal["right", "left"] = "right" if title in ("median", "spread") else "left"
            table.add_column(title, no_wrap=True, justify=justify)
        for row in self.rows:
            what = Text(row.what).append(f"\n{_effort(row)}", style="dim")
            style = {True: "green", False: "bold red", None: ""}[row.met]
            table.add_row(what, row.target_words, row.middle, row.spread, Text(row.verdict, style=style))
        console.print(self.machine.words, soft_wrap=True)
        if self.rows:
            console.print(table)
        for line in self._remarks():
            console.print(line, style="dim", soft_wrap=True)

    def markdown(self, command: str) -> str:
        """The table with its date, machine and command."""
        lines = [HEAD, ["---"] * len(HEAD), *(_cells(row) for row in self.rows)]
        table = "\n".join(
            "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
        )
        made = f"Made on {datetime.now(UTC):%Y-%m-%d} by `{command}`, {self.section.traffic}. {self.machine.words}."
        return "\n\n".join([made, " ".join(self._remarks()), table])

    def _remarks(self) -> list[str]:
        remarks = [self.section.caution]
        if self.machine.is_busy:
            remarks.append(BUSY)
        if self.quick:
            remarks.append(QUICK_RUN)
        return [*remarks, *self.missing]


def _cells(row: Row) -> tuple[str, ...]:
    n = f"{row.n:,} {row.n_of}"
    measured = f"{row.middle} ({row.spread})" if row.spread else row.middle
    return row.what, row.target_words, measured, row.verdict, n, f"{row.seconds:.1f}", row.note


def _effort(row: Row) -> str:
    effort = f"{row.n:,} {row.n_of}, {len(row.runs)} runs, {row.seconds:.1f} s"
    return f"{effort}; {row.note}" if row.note else effort


def write_section(path: Path, text: str, section: Section = ENGINE) -> None:
    """Put ``text`` between the two marks, added at the end of the page when missing. Raises Refused."""
    begin, stop = f"<!-- {section.name}:start -->", f"<!-- {section.name}:end -->"
    try:
        page = path.read_text("utf-8") if path.exists() else "# Results\n"
        between = f"{begin}\n{text}\n{stop}"
        marks = page.count(begin), page.count(stop)
        if marks == (0, 0):
            page = f"{page.rstrip()}\n\n{section.heading}\n\n{between}\n"
        elif marks == (1, 1) and page.index(begin) < page.index(stop):
            page = re.sub(f"{re.escape(begin)}.*{re.escape(stop)}", lambda _: between, page, flags=re.S)
        else:
            raise Refused(f"{path}: the marks {begin} and {stop} must stand there once each, in this order.")
        with replacing(path) as temporary:
            temporary.write_text(page, "utf-8")
    except OSError as error:
        raise Refused(f"{path}: the results cannot be written: {error.strerror}.") from None
