"""What ``tidegate scan`` prints: progress while it reads, then who would be acted on and why."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from tidegate.cli.findings import ActedOn, Findings
from tidegate.cli.wording import (
    Dates,
    alert_rate,
    campaigns_headline,
    caution,
    count,
    duration,
    headline,
    large,
    plural,
    search_words,
    shown_name,
    size,
)

ROWS_AT_MOST, REASONS_AT_MOST, REJECTED_AT_MOST, CAMPAIGNS_AT_MOST = 25, 2, 6, 8
NARROW_COLUMNS = 100
"""Below this width a row shows one reason and a shorter name."""
PLAIN_LINE_EVERY_S = 10.0
"""Without a terminal, a line of progress at most this often."""

RUNG_STYLE: dict[str, str] = {
    "allow": "green",
    "warn": "yellow",
    "challenge": "dark_orange",
    "budget": "bright_red",
    "lock": "bold red",
    "suspend": "bold magenta",
    "ban": "bold white on dark_magenta",
}
FILES_WRITTEN: tuple[tuple[str, str], ...] = (
    ("report.html", "the page to look at"),
    ("decisions.jsonl", "every change of rung"),
    ("accounts.parquet", "every account"),
    ("campaigns.json", "accounts that act together"),
    ("campaign-events.jsonl", "the same as events, for a backtest beside the log"),
    ("rejected.jsonl", "lines set aside, with the reason"),
)


def print_findings(console: Console, findings: Findings, out_dir: Path) -> None:
    """Print the summary, the table, what was missing, and which files of a scan exist in ``out_dir``."""
    dates = Dates.of(findings.log)
    console.print()
    head = Text(headline(findings), style="bold")
    console.print(head.append(f": {alert_rate(findings)}.", style="not bold"))
    console.print(Text(caution(findings), style="dim"))
    console.print(Text(_effort(findings), style="dim"))
    if findings.acted_on:
        console.print()
        console.print(_table(console, findings, dates))
        more = len(findings.acted_on) - ROWS_AT_MOST
        if more > 0:
            console.print(Text(f"and {count(more)} more in report.html", style="italic"))
    _print_campaigns(console, findings)
    console.print()
    _print_log_quality(console, findings)
    _print_files(console, out_dir)


def _effort(findings: Findings) -> str:
    log = findings.log
    return (
        f"{plural(log.accepted, 'event')} over {duration(log.span_s)}, in {duration(findings.seconds)} "
        f"({large(findings.events_per_second)} events/s, peak {size(findings.peak_memory_bytes)})."
    )


def _table(console: Console, findings: Findings, dates: Dates) -> Table:
    narrow = console.width < NARROW_COLUMNS
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), expand=False, show_edge=False)
    table.add_column("account", no_wrap=True, overflow="ellipsis", max_width=16 if narrow else 28)
    table.add_column("rung", no_wrap=True, min_width=9)
    table.add_column("when" if dates.origin is not None else "when (UTC)", no_wrap=True, min_width=13)
    table.add_column("after" if narrow else "first contacts", justify="right", no_wrap=True)
    table.add_column("why", overflow="fold", ratio=1)
    for acted in findings.acted_on[:ROWS_AT_MOST]:
        decision = acted.strongest
        table.add_row(
            Text(shown_name(acted.account, 28)),
            Text(f" {decision.rung} ", style=RUNG_STYLE[decision.rung]),
            Text(dates.sortable(decision.time)),
            Text(count(decision.first_contacts)),
            _why(acted, 1 if narrow else REASONS_AT_MOST),
        )
    return table


def _why(acted: ActedOn, at_most: int) -> Text:
    reasons = acted.strongest.reasons
    words = "; ".join(one_line(reason.text or reason.name) for reason in reasons[:at_most])
    more = len(reasons) - at_most
    return Text(f"{words} (+{more})" if more > 0 else words)


def _print_campaigns(console: Console, findings: Findings) -> None:
    if findings.search == "off":
        return
    console.print()
    words = search_words(findings)
    if findings.campaigns:
        words = f"{campaigns_headline(findings)} {words}".strip()
    _print_item(console, "Acting together", words)
    for campaign in findings.campaigns[:CAMPAIGNS_AT_MOST]:
        facts = "; ".join(one_line(fact.text) for fact in campaign.facts) or one_line(campaign.reason)
        who = plural(len(campaign.members), "account")
        if campaign.core < len(campaign.members):
            who += f", {count(campaign.core)} last seen together"
        if campaign.victims:
            who += f" that complain about {shown_name(campaign.victims[0].account, 28)}"
        line = Text(f"  {who}: ", style="cyan").append(facts, style="not bold default")
        line.truncate(max(console.width, 40), overflow="ellipsis")
        console.print(line)
    more = len(findings.campaigns) - CAMPAIGNS_AT_MOST
    if more > 0:
        console.print(Text(f"  and {count(more)} more in report.html", style="italic"))


def one_line(text: str) -> str:
    """Text of a rule or a log, safe and short enough for one line."""
    return shown_name(" ".join(text.split()), 200)


def _print_log_quality(console: Console, findings: Findings) -> None:
    log = findings.log
    if findings.missing_signals:
        _print_item(console, "The log never carried", f"{', '.join(findings.missing_signals)}.")
    if log.set_aside:
        worst = sorted(log.rejected.items(), key=lambda item: (-item[1], item[0]))
        reasons = ", ".join(
            f"{one_line(reason)} ({count(number)})" for reason, number in worst[:REJECTED_AT_MOST]
        )
        others = (
            f" and {plural(len(worst) - REJECTED_AT_MOST, 'other reason')}"
            if len(worst) > REJECTED_AT_MOST
            else ""
        )
        _print_item(
            console, "Set aside", f"{count(log.set_aside)} of {plural(log.lines, 'line')}: {reasons}{others}."
        )
    if log.duplicates:
        _print_item(console, "Duplicates", f"{plural(log.duplicates, 'event')} counted once.")
    if log.late:
        _print_item(console, "Late", f"{plural(log.late, 'event')} used out of order.")
    for note in log.notes:
        _print_item(console, "Note", one_line(note))


def _print_item(console: Console, title: str, words: str) -> None:
    console.print(Text(f"{title}: ", style="bold").append(words, style="not bold"))


def _print_files(console: Console, out_dir: Path) -> None:
    present = [(name, meaning) for name, meaning in FILES_WRITTEN if (out_dir / name).exists()]
    if not present:
        return
    console.print()
    for name, meaning in present:
        # soft_wrap: a path broken over two lines cannot be copied or clicked
        console.print(Text(f"  {out_dir / name}").append(f"  {meaning}", style="dim"), soft_wrap=True)


class ScanProgress(Protocol):
    """What the scan tells while it reads."""

    def source(self, name: str) -> None:
        """A new log begins."""

    def advance(self, read_bytes: int, events: int) -> None:
        """So many more bytes were read, and so many more events observed, since the last call."""

    def found(self, campaigns: int) -> None:
        """So many campaigns were found so far."""


@contextmanager
def progress(console: Console, total_bytes: int | None) -> Iterator[ScanProgress]:
    """A bar with bytes, events a second and time left; on a pipe or a file, a plain line now and then.

    ``total_bytes`` of all logs; None when unknown (a pipe).
    """
    if not console.is_terminal:
        plain = _PlainProgress(console, total_bytes)
        yield plain
        plain.finish()
        return
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        TaskProgressColumn(),
        DownloadColumn(binary_units=True),
        TextColumn("{task.fields[speed]}", style="cyan"),
        TimeRemainingColumn(compact=True),
        console=console,
        transient=True,
        expand=True,
    )
    with bar:
        yield _BarProgress(bar, bar.add_task("reading", total=total_bytes, speed=""))


@dataclass(slots=True)
class _BarProgress:
    bar: Progress
    task: TaskID
    events: int = 0
    campaigns: int = 0
    began: float = field(default_factory=time.monotonic)

    def found(self, campaigns: int) -> None:
        self.campaigns = campaigns

    def source(self, name: str) -> None:
        self.bar.update(self.task, description=Text(shown_name(Path(name).name, 24)).markup)

    def advance(self, read_bytes: int, events: int) -> None:
        self.events += events
        elapsed = time.monotonic() - self.began
        speed = f"{large(self.events / elapsed)} events/s" if elapsed > 0 else ""
        if self.campaigns:
            speed += f", {plural(self.campaigns, 'campaign')}"
        self.bar.update(self.task, advance=read_bytes, speed=speed)


@dataclass(slots=True)
class _PlainProgress:
    """Lines without colour or cursor movement."""

    console: Console
    total_bytes: int | None
    read_bytes: int = 0
    events: int = 0
    campaigns: int = 0
    began: float = field(default_factory=time.monotonic)
    said: float = field(default_factory=time.monotonic)

    def found(self, campaigns: int) -> None:
        self.campaigns = campaigns

    def source(self, name: str) -> None:
        self._say(f"reading {shown_name(name, 120)}")

    def advance(self, read_bytes: int, events: int) -> None:
        self.read_bytes += read_bytes
        self.events += events
        now = time.monotonic()
        if now - self.said < PLAIN_LINE_EVERY_S:
            return
        self.said = now
        share = f"{100 * self.read_bytes / self.total_bytes:.0f} %, " if self.total_bytes else ""
        self._say(f"{share}{self._so_far(now)}")

    def finish(self) -> None:
        self._say(f"read {self._so_far(time.monotonic())}")

    def _so_far(self, now: float) -> str:
        speed = self.events / max(now - self.began, 1e-3)
        found = f", {plural(self.campaigns, 'campaign')}" if self.campaigns else ""
        return f"{plural(self.events, 'event')}, {large(speed)} events/s{found}"

    def _say(self, words: str) -> None:
        self.console.print(Text(words), soft_wrap=True)
