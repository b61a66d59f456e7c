"""``tidegate bench``: throughput, latency, memory and start-up on this machine, against the targets."""

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import click
from rich.console import Console

from tidegate.cli.bench.campaigns import SIZES, campaign_rows
from tidegate.cli.bench.desk import DATABASES, desk_rows
from tidegate.cli.bench.machine import one_core, this_machine
from tidegate.cli.bench.page import BUSY, CAMPAIGNS, DESK, ENGINE, NODE, Page, Section, write_section
from tidegate.cli.bench.process import cold_start_row, scan_rows, start_up_row
from tidegate.cli.bench.result import NotMeasuredError, Row
from tidegate.cli.bench.rows import (
    FULL,
    QUICK,
    Sizes,
    WarmEngine,
    WrittenLogs,
    check_rows,
    columnar_all_judged_row,
    columnar_row,
    file_row,
    growth_row,
    kernel_all_judged_row,
    kernel_row,
    state_row,
    write_logs,
)
from tidegate.cli.failures import Refused, told_plainly
from tidegate.cli.in_force import decide_by
from tidegate.cli.warm_up import ROOMS, SCANNING, compile_scanning, prepare
from tidegate.statements.in_force import InForce


class Bench:
    """What rows share, made when first needed: written logs, and an engine that knows everybody."""

    def __init__(self, sizes: Sizes, in_force: InForce, folder: Path) -> None:
        self.sizes = sizes
        self.in_force = in_force
        self.folder = folder

    @cached_property
    def logs(self) -> WrittenLogs:
        return write_logs(self.folder, self.sizes)

    @cached_property
    def warm(self) -> WarmEngine:
        return WarmEngine(self.in_force, self.sizes, zipf=True)

    def start_up(self) -> Iterator[Row]:
        yield start_up_row(self.sizes)

    def scan(self) -> Iterator[Row]:
        yield from scan_rows(self.logs, self.sizes)

    def jsonl(self) -> Iterator[Row]:
        with one_core():
            yield file_row(self.in_force, self.logs, self.sizes, "jsonl")

    def parquet(self) -> Iterator[Row]:
        with one_core():
            yield file_row(self.in_force, self.logs, self.sizes, "parquet")

    def growth(self) -> Iterator[Row]:
        with one_core():
            yield growth_row(self.in_force, self.sizes)

    def state(self) -> Iterator[Row]:
        yield state_row(self.warm)

    def kernel(self) -> Iterator[Row]:
        with one_core():
            yield kernel_row(self.warm, self.sizes, "Zipf")
            yield kernel_row(WarmEngine(self.in_force, self.sizes, zipf=False), self.sizes, "uniform")
            yield kernel_all_judged_row(self.warm, self.sizes)

    def columnar(self) -> Iterator[Row]:
        with one_core():
            yield columnar_row(self.warm, self.sizes)
            yield columnar_all_judged_row(self.warm, self.sizes)

    def check(self) -> Iterator[Row]:
        with one_core():
            yield from check_rows(self.warm, self.sizes)

    def cold_start(self) -> Iterator[Row]:
        yield cold_start_row()


MEASUREMENTS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "state": Bench.state,
    "check": Bench.check,
    "kernel": Bench.kernel,
    "columnar": Bench.columnar,
    "growth": Bench.growth,
    "parquet": Bench.parquet,
    "jsonl": Bench.jsonl,
    "scan": Bench.scan,
    "start-up": Bench.start_up,
    "cold-start": Bench.cold_start,
}
"""In the order they are made: traffic with nothing but first contacts comes after everyday traffic."""
COLD = "cold-start"


def measure(bench: Bench, names: list[str], told: Console) -> list[Row]:
    """Make the rows, saying which one is under way."""
    rows: list[Row] = []
    for name in names:
        told.print(f"measuring {name} …", style="dim")
        rows += MEASUREMENTS[name](bench)
    return rows


NODE_MEASUREMENTS = ("requests", "module", "restart", "kills")
"""The rows about a node; what they need is an extra, imported when it is measured."""


@dataclass(slots=True)
class Measured:
    """Rows, and what could not be had."""

    rows: list[Row] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    """What this machine lacks for a row."""
    failed: list[str] = field(default_factory=list)
    """What went wrong; the other rows stand."""

    @property
    def missing(self) -> list[str]:
        """For the reader of the table."""
        return [f"Not measured: {why}" for why in (*self.absent, *self.failed)]


def measure_node(names: list[str], quick: bool, told: Console) -> Measured:
    """Make the rows about a node. A quarter of an hour of measuring is not thrown away when one part fails."""
    from tidegate.cli.bench import node

    sizes = node.NODE_QUICK if quick else node.NODE_FULL
    measured = Measured()
    for name in names:
        told.print(f"measuring {name} …", style="dim")
        try:
            for row in node.MEASUREMENTS[name](sizes):
                measured.rows.append(row)
        except NotMeasuredError as absent:
            measured.absent.append(f"{name}: {absent}")
        except Refused as failed:
            measured.failed.append(f"{name}: {failed.message}")
    return measured


def _measure_rows(rows: Iterator[Row], names: list[str], told: Console) -> Measured:
    """Make the rows of a table that is made row by row. What was measured stands when a larger size fails."""
    measured = Measured()
    told.print(f"measuring {', '.join(names)} …", style="dim")
    try:
        for row in rows:
            told.print(f"  {row.what}: {row.middle}", style="dim", soft_wrap=True)
            measured.rows.append(row)
    except NotMeasuredError as absent:
        measured.absent.append(str(absent))
    except Refused as failed:
        measured.failed.append(failed.message)
    return measured


ROWS: dict[str, tuple[Section, list[str]]] = {
    "": (ENGINE, list(MEASUREMENTS)),
    "--node": (NODE, list(NODE_MEASUREMENTS)),
    "--campaigns": (CAMPAIGNS, list(SIZES)),
    "--desk": (DESK, list(DATABASES)),
}
"""Each of the tables by its option, with the names of its rows."""


@click.command()
@click.option("--quick", is_flag=True, help="A handful of accounts, to see that everything runs.")
@click.option(
    "--only",
    multiple=True,
    type=click.Choice([*MEASUREMENTS, *NODE_MEASUREMENTS, *SIZES, *DATABASES]),
    help="Only this row; may be repeated.",
)
@click.option(
    "--node",
    is_flag=True,
    help="Measure a node instead: requests, the Synapse module, restart, kills under load.",
)
@click.option(
    "--campaigns",
    is_flag=True,
    help="Measure the search for campaigns instead, at 10k, 100k and 1M accounts.",
)
@click.option(
    "--desk",
    is_flag=True,
    help="Measure the desk instead: its pages with 10 M decisions on SQLite and PostgreSQL, 200 reviewers at once.",
)
@click.option("--cold", is_flag=True, help="Also compile everything anew and time that.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option(
    "--write", type=click.Path(path_type=Path), help="Also put the table into this page, as docs/results.md."
)
def bench(
    quick: bool,
    only: tuple[str, ...],
    node: bool,
    campaigns: bool,
    desk: bool,
    cold: bool,
    as_json: bool,
    write: Path | None,
) -> None:
    """Measure throughput, latency, memory and start-up on this machine.

    Takes a few minutes and up to 4 GB of memory; a node takes a quarter of an hour, campaigns take a quarter of an hour
    and up to 8 GB, the desk takes half an hour and 12 GB of disk. Traffic is synthetic or simulated and the same every
    time.
    """
    console, told = Console(highlight=False), Console(stderr=True, highlight=False)
    if node + campaigns + desk > 1:
        raise Refused("--node, --campaigns and --desk make different tables: one at a time.")
    if only and write:
        raise Refused("--write replaces the whole table, so it needs a run of every row, without --only.")
    machine = this_machine()
    if machine.is_busy:
        told.print(f"load average {machine.load_at_start:.2f}. {BUSY}", style="yellow", soft_wrap=True)
    which = "--node" if node else "--campaigns" if campaigns else "--desk" if desk else ""
    section, known = ROWS[which]
    names = [name for name in known if (name in only if only else name != COLD or cold)]
    if only and len(names) < len(set(only)):
        raise Refused(
            f"{f'with {which}' if which else 'without --node, --campaigns or --desk'} the rows are {', '.join(known)}."
        )
    with told_plainly(), tempfile.TemporaryDirectory(prefix="tidegate-bench-") as folder:
        in_force = decide_by()
        prepare(told, ROOMS if campaigns else SCANNING)
        compile_scanning()  # loads the machine code, so that no first run pays for it
        if node:
            measured = measure_node(names, quick, told)
        elif campaigns:
            measured = _measure_rows(campaign_rows(names, quick), names, told)
        elif desk:
            measured = _measure_rows(desk_rows(names, quick), names, told)
        else:
            measured = Measured(measure(Bench(QUICK if quick else FULL, in_force, Path(folder)), names, told))
    page = Page(measured.rows, machine, section, quick, measured.missing)
    if as_json:
        click.echo(json.dumps(page.as_json()))
    else:
        page.show(console)
    if write:
        flags = {"--node": node, "--campaigns": campaigns, "--desk": desk, "--quick": quick, "--cold": cold}
        command = " ".join(["tidegate bench", *(flag for flag, given in flags.items() if given)])
        write_section(write, page.markdown(f"{command} --write {write}"), page.section)
    if measured.failed:
        raise Refused("; ".join(measured.failed))
