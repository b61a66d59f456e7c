"""``tidegate demo``: simulate a small world, scan it, compare with the truth, and scan a plain edge list."""

import csv
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tidegate.cli.failures import folder_for, told_plainly
from tidegate.cli.findings import SEVERITY, Findings
from tidegate.cli.in_force import decide_by
from tidegate.cli.outputs import replacing
from tidegate.cli.scan import ScanSettings, scan_logs
from tidegate.cli.terminal import print_findings
from tidegate.cli.warm_up import ROOMS, prepare
from tidegate.cli.wording import alert_rate, count, duration, headline, plural
from tidegate.cli.world import write_world
from tidegate.cli.worlds import seed_for
from tidegate.events.columns import EventType
from tidegate.events.log import open_log
from tidegate.events.pseudonym import Pseudonyms
from tidegate.statements.in_force import InForce
from tidegate.world import World, WorldSettings

if TYPE_CHECKING:
    from tidegate.cli.demo_desk import DeskShown
    from tidegate.cli.demo_matrix import Stage

PEOPLE, DAYS = 2_000, 14
HONEST = "honest"
STOPPED_FROM = SEVERITY["lock"]
LOG_VARIABLE = "TIDEGATE_DEMO_LOG"


def write_edge_list(world: World, path: Path) -> None:
    """The world's one-to-one messages as ``sender recipient unix_seconds``: all that such a log can carry."""
    columns = world.columns
    talk = (columns["type"] == EventType.MESSAGE) & (columns["target"] >= 0)
    senders = world.names[columns["actor"][talk]].tolist()
    recipients = world.names[columns["target"][talk]].tolist()
    seconds = columns["time"][talk].astype(int).tolist()
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.writelines(f"{a} {b} {at}\n" for a, b, at in zip(senders, recipients, seconds, strict=True))


@dataclass(slots=True)
class FamilyTold:
    """What happened to the accounts of one role."""

    accounts: int = 0
    acted_on: int = 0
    stopped: int = 0
    """Locked, suspended or banned."""
    strangers: list[int] | None = None
    """Strangers each stopped account had reached by then."""

    @property
    def median_strangers(self) -> str:
        reached = sorted(self.strangers or [])
        return count(reached[len(reached) // 2]) if reached else "-"


def roles_in(truth: Path) -> Iterator[tuple[str, str]]:
    """(account, role) from ``truth.csv``."""
    with truth.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield row["account"], row["role"]


def compare(findings: Findings, truth: Path, honest_roles: frozenset[str]) -> dict[str, FamilyTold]:
    """What the scan did to each attacker family, and to everybody honest (``honest``)."""
    acted = {one.account: one for one in findings.acted_on}
    told: dict[str, FamilyTold] = {}
    for account, role in roles_in(truth):
        family = told.setdefault(HONEST if role in honest_roles else role, FamilyTold(strangers=[]))
        family.accounts += 1
        one = acted.get(account)
        if one is None:
            continue
        family.acted_on += 1
        held = next((d for d in one.decisions if SEVERITY[d.rung] >= STOPPED_FROM), None)
        if held is not None and family.strangers is not None:
            family.stopped += 1
            family.strangers.append(held.first_contacts)
    return told


def print_comparison(console: Console, told: dict[str, FamilyTold]) -> None:
    """The table of verdicts against the truth, and the two sentences that matter."""
    attackers = {role: family for role, family in sorted(told.items()) if role != HONEST}
    honest = told.get(HONEST, FamilyTold())
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    for name in ("who", "accounts", "acted on", "stopped", "strangers reached"):
        table.add_column(name, justify="left" if name == "who" else "right", no_wrap=True)
    for role, family in [*attackers.items(), ("honest people", honest)]:
        table.add_row(
            Text(role.replace("_", " "), style="bold green" if family is honest else ""),
            count(family.accounts),
            count(family.acted_on),
            count(family.stopped),
            family.median_strangers,
        )
    stopped, total = sum(f.stopped for f in attackers.values()), sum(f.accounts for f in attackers.values())
    acted = sum(f.acted_on for f in attackers.values())
    console.print(
        Text.assemble(
            (f"{count(acted)} of {plural(total, 'attacker')} acted on, {count(stopped)} stopped", "bold"),
            " (locked, suspended or banned); ",
            f"{count(honest.acted_on)} of {count(honest.accounts)} honest people acted on, ",
            f"{count(honest.stopped)} stopped.",
        )
    )
    console.print()
    console.print(table)
    console.print(
        Text(
            "strangers reached: median, when it was stopped. A small world: see tidegate evaluate.",
            style="dim",
        )
    )


def print_headline(console: Console, findings: Findings) -> None:
    """The same accounts a second time would tire; the sentence and what the log lacked are enough."""
    console.print(
        Text.assemble(
            (headline(findings), "bold"), f": {alert_rate(findings)}, by nothing but times and pairs."
        )
    )
    console.print(Text(f"Such a log lacks {', '.join(findings.missing_signals)}.", style="dim"))


def _step(console: Console, number: int, words: str) -> None:
    console.print()
    console.rule(Text(f"{number}  {words}", style="bold"), align="left", style="cyan")


@contextmanager
def _live(console: Console, told: Console, out: Path) -> Iterator["Stage | None"]:
    """The live part, where what it needs is installed; else None, and one line that says what is missing."""
    try:
        from tidegate.cli.demo_matrix import live
    except ModuleNotFoundError as missing:
        needed = "pip install 'tidegate[node,matrix-clients]'"
        console.print(f"Left out: {missing.name} is not installed ({needed})", soft_wrap=True)
        yield None
        return
    with live(console, told, out / "live") as stage:
        yield stage


def _look_at(console: Console, folders: Sequence[Path]) -> None:
    for folder in folders:
        console.print(Text(f"  {(folder / 'report.html').resolve()}", style="bold"), soft_wrap=True)
    console.print("\nThen: tidegate scan YOUR_LOG --out out/yours", soft_wrap=True)
    console.print("      tidegate demo --log YOUR_LOG", soft_wrap=True)
    console.print("      tidegate world --people 20000 --days 30 --out world\n", soft_wrap=True)


def _case(console: Console, told: Console, stage: "Stage", desk: "DeskShown", out: Path) -> None:
    """What a case officer does at the desk, played; or one line that says what is missing."""
    from tidegate.cli.demo_case import play_case
    from tidegate.cli.demo_officer import CaseError

    if stage.told is None:
        return
    try:
        play_case(console, told, desk, stage.told.fleet, out)
    except CaseError as failure:
        console.print(f"Left out: {failure}", soft_wrap=True)


def _go_on(console: Console, stage: "Stage", desk: "DeskShown", staying: bool) -> None:
    """The desk: to be looked at now where somebody sits there to end it, else later."""
    from tidegate.cli.demo_desk import answers, holder_page, print_desk, stay
    from tidegate.cli.demo_scene import SENDER

    if not answers(desk):
        console.print(f"The desk does not answer; its log is {stage.node.log}", soft_wrap=True)
        return
    if not staying:
        print_desk(console, desk, running=False)
        return
    if stage.homeserver is not None:
        desk = replace(desk, holder_page=holder_page(stage.node, stage.homeserver.user_id(SENDER)))
    print_desk(console, desk, running=True)
    stay(console)


def run(
    out: Path,
    log: Path | None,
    in_force: InForce,
    console: Console,
    told: Console,
    live: bool = False,
    staying: bool = False,
) -> None:
    """The whole demonstration. Raises LogError for a ``log`` that is none."""
    _step(console, 1, f"A simulated messenger: {count(PEOPLE)} people, {DAYS} days, every kind of attacker")
    began = time.monotonic()
    settings = WorldSettings(people=PEOPLE, days=DAYS, seed=seed_for("demo", 0))
    with told.status("simulating"):
        world, events = write_world(settings, out / "world", "parquet")
    console.print(
        f"{plural(len(world), 'event')} in {duration(time.monotonic() - began)}: {events}", soft_wrap=True
    )
    first = ScanSettings([events], out / "simulated", title=f"Simulated world of {count(PEOPLE)} people")
    findings = scan_logs(first, in_force, told)
    print_findings(console, findings, first.out)

    _step(console, 2, "The verdicts against the truth (simulated)")
    honest = frozenset(world.accounts.role[world.accounts.family == HONEST].tolist())
    print_comparison(console, compare(findings, out / "world" / "truth.csv", honest))

    if log is None:
        _step(console, 3, "The same people as a bare edge list: who wrote to whom, when (simulated)")
        log, title = out / "world" / "edges.txt", "Simulated world as an edge list"
        write_edge_list(world, log)
    else:
        _step(console, 3, f"A log of your own: {log.name}")
        title = log.name
    second = ScanSettings([log], out / "edge-list", title=title)
    findings = scan_logs(second, in_force, told)
    if findings.simulated:
        print_headline(console, findings)
    else:
        print_findings(console, findings, second.out)

    folders = (first.out, second.out)
    if not live:
        _step(console, 4, "Look at it")
        _look_at(console, folders)
        return
    _step(console, 4, "Live: end-to-end encrypted chat on a real Matrix homeserver, guarded")
    with _live(console, told, out) as stage:
        if stage is not None and stage.desk is not None:
            _step(
                console,
                5,
                "A case: from saved pages and a campaign to a sealed file (all invented)",
            )
            _case(console, told, stage, stage.desk, out / "case")
        _step(console, 6, "Look at it")
        _look_at(console, folders)
        if stage is not None and stage.desk is not None:
            _go_on(console, stage, stage.desk, staying)


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("out/demo"),
    show_default=True,
    help="Folder for results.",
)
@click.option(
    "--log", type=click.Path(path_type=Path), help=f"A real log to scan as well (or set {LOG_VARIABLE})."
)
@click.option(
    "--live/--no-live",
    default=True,
    show_default=True,
    help="Guard a real Matrix homeserver too, if installed.",
)
@click.option(
    "--stay/--no-stay",
    "staying",
    default=None,
    help="Keep homeserver, node and desk running at the end until Ctrl-C; by default where this is a terminal.",
)
def demo(out: Path, log: Path | None, live: bool, staying: bool | None) -> None:
    """Simulate a world, scan it, compare with the truth, scan an edge list, guard a Matrix homeserver, play a case.

    Three to four minutes; under a minute without the last two.
    """
    console, told = Console(highlight=False), Console(stderr=True, highlight=False)
    if log is None and os.environ.get(LOG_VARIABLE):
        log = Path(os.environ[LOG_VARIABLE])
    with told_plainly():
        if log is not None:
            open_log([log], pseudonyms=Pseudonyms())  # a name mistyped is told now, not after the simulation
        in_force = decide_by()
        prepare(told, ROOMS)
        folder_for(out)
        run(out, log, in_force, console, told, live, sys.stdin.isatty() if staying is None else staying)
