"""``tidegate scan``: replay logs, say which accounts would be acted on and why, and write it down."""

import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from tidegate.cli import options
from tidegate.cli.accounts_table import account_columns
from tidegate.cli.campaign_watch import CampaignWatch
from tidegate.cli.campaigns_shown import (
    campaign_record,
    campaigns_shown,
    event_records,
    pictured_members,
)
from tidegate.cli.decisions import by_account, decisions_shown
from tidegate.cli.failures import folder_for, told_plainly, written
from tidegate.cli.findings import RUNGS, ActedOn, Findings, LogShown, most_severe_first, rung_series
from tidegate.cli.in_force import decide_by
from tidegate.cli.outputs import write_accounts, write_campaigns, write_decisions, write_lines
from tidegate.cli.reading import read_through
from tidegate.cli.replay import Replay
from tidegate.cli.report import CARDS_AT_MOST, write_report
from tidegate.cli.terminal import print_findings
from tidegate.cli.timelines import collect, with_timeline
from tidegate.cli.warm_up import SCANNING, SEARCHING, prepare
from tidegate.engine.engine import Engine
from tidegate.engine.features import DAY_S, SIGNAL_WORDS, Signal
from tidegate.events.log import Log, open_log
from tidegate.statements.decision import DecisionShown
from tidegate.statements.in_force import InForce

REJECTED = "rejected.jsonl"
CAMPAIGNS, CAMPAIGN_EVENTS = "campaigns.json", "campaign-events.jsonl"


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """What a person may ask of a scan."""

    logs: Sequence[Path]
    out: Path
    format: str = "auto"
    strict: bool = False
    pseudonyms_only: bool = False
    idle_days: float = 0.0
    title: str = ""
    campaigns: bool = True
    """Whether to look for accounts that act together."""


def scan_logs(settings: ScanSettings, in_force: InForce, told: Console) -> Findings:
    """Replay the logs and write all results. Raises LogError; a failure leaves no half file."""
    began = time.monotonic()
    folder_for(settings.out)
    engine = Engine(
        in_force.policy, in_force.model, pepper=in_force.pepper, idle_limit_s=settings.idle_days * DAY_S
    )
    replay = Replay(engine, settings.pseudonyms_only)
    with tempfile.TemporaryDirectory(prefix=".scan-", dir=settings.out) as staging:
        rejected = Path(staging) / REJECTED
        log = _open(settings, in_force, rejected)
        watch = CampaignWatch() if settings.campaigns else None
        read_through([replay], log, settings.logs, told, watch)
        findings = _findings(replay, log, settings, in_force)
        decisions = replay.decisions()
        shown = decisions_shown(replay, decisions, in_force)
        shown = _fill(findings, replay, shown, settings, in_force, watch)
        findings.seconds = time.monotonic() - began
        findings.events_per_second = replay.events / max(findings.seconds, 1e-9)
        findings.peak_memory_bytes = peak_memory_bytes()
        _write_tables(shown, replay, decisions, rejected if log.summary.rejected else None, settings)
        _write_campaigns(findings, watch, replay, settings)
        written(write_report, settings.out / "report.html", findings)
    return findings


def _open(settings: ScanSettings, in_force: InForce, rejected: Path | None) -> Log:
    return open_log(
        settings.logs,
        format=settings.format,
        pseudonyms=in_force.pseudonyms,
        strict=settings.strict and rejected is not None,
        rejected=rejected,
    )


def _findings(replay: Replay, log: Log, settings: ScanSettings, in_force: InForce) -> Findings:
    shown = LogShown.of(log.summary)
    if Signal.REGISTER not in replay.engine.signals:
        shown.notes.append(
            "The log starts mid-life, without sign-ups: contacts made before it cannot be told from new ones."
        )
    names = [path.name for path in settings.logs]
    senders, _ = replay.messages.merged()
    findings = Findings(
        title=settings.title or (names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"),
        sources=[str(path) for path in settings.logs],
        log=shown,
        senders=len(senders),
        accounts=replay.engine.account_count,
        missing_signals=[
            words for signal, words in SIGNAL_WORDS.items() if signal not in replay.engine.signals
        ],
        policy_name=in_force.policy_name,
        policy_digest=in_force.policy.digest,
        model_name=in_force.model_name,
        model_digest=in_force.model.digest if in_force.model else "",
    )
    if shown.first_time is not None and shown.last_time is not None:
        findings.traffic = replay.traffic.series(shown.first_time, shown.last_time)
    return findings


def _fill(
    findings: Findings,
    replay: Replay,
    shown: list[DecisionShown],
    settings: ScanSettings,
    in_force: InForce,
    watch: CampaignWatch | None,
) -> list[DecisionShown]:
    """Accounts acted on, worst first, and campaigns, largest first; those with a picture with their timelines.

    Returns the decisions in the same order, with counts made exact where a timeline was drawn.
    """
    acted = by_account(shown)
    sent = dict(zip(acted, replay.messages.of(np.array(list(acted), np.uint64)).tolist(), strict=True))
    ordered = most_severe_first(
        ActedOn(made[0].account, made, totals=_totals(made, sent[key])) for key, made in acted.items()
    )
    pictured, rest = ordered[:CARDS_AT_MOST], ordered[CARDS_AT_MOST:]
    found = [] if watch is None else watch.standing()
    keys = [one.decisions[0].pseudonym for one in pictured] + pictured_members(found)
    timelines = None
    if keys:
        timelines = collect(replay.every_brief(lambda: _open(settings, in_force, None)), keys)
        if timelines.left_out:
            findings.log.notes.append(
                f"{timelines.left_out:,} events of the accounts shown did not fit into their pictures."
            )
        pictured = [with_timeline(one, timelines.of(one.decisions[0].pseudonym)) for one in pictured]
    findings.acted_on = most_severe_first(pictured) + rest
    findings.search = "off" if watch is None else watch.ended
    findings.campaigns = campaigns_shown(found, replay.names_by_key, acted, timelines)
    findings.decisions_total = len(shown)
    findings.per_rung = {
        rung: sum(any(d.rung == rung for d in made) for made in acted.values())
        for rung in RUNGS
        if rung != "allow"
    }
    if findings.log.first_time is not None and findings.log.last_time is not None:
        findings.rung_series = rung_series(shown, findings.log.first_time, findings.log.last_time)
    exact = {decision.id: decision for one in pictured for decision in one.decisions}
    return [exact.get(decision.id, decision) for decision in shown]


def _totals(made: list[DecisionShown], messages: int) -> dict[str, int]:
    return {"messages": messages, "first contacts": max(decision.first_contacts for decision in made)}


def _write_tables(
    shown: list[DecisionShown],
    replay: Replay,
    decisions: NDArray[Any],
    rejected: Path | None,
    settings: ScanSettings,
) -> None:
    """Each file appears whole or not at all; what an earlier scan set aside is not left lying about."""
    out = settings.out
    if rejected is None:
        (out / REJECTED).unlink(missing_ok=True)
    else:
        written(rejected.replace, out / REJECTED)
    written(write_decisions, out / "decisions.jsonl", shown)
    names = None if settings.pseudonyms_only else replay.names
    columns = account_columns(replay.engine, names, decisions, replay.messages)
    written(write_accounts, out / "accounts.parquet", columns)


def _write_campaigns(
    findings: Findings, watch: CampaignWatch | None, replay: Replay, settings: ScanSettings
) -> None:
    """What was found, and the same as events of a log; nothing when nobody looked."""
    found, events = settings.out / CAMPAIGNS, settings.out / CAMPAIGN_EVENTS
    if watch is None or watch.ended == "missing":
        found.unlink(missing_ok=True)
    else:
        written(write_campaigns, found, [campaign_record(one) for one in findings.campaigns])
    if watch is None or not watch.told_events or settings.pseudonyms_only:
        events.unlink(missing_ok=True)  # by pseudonyms they could not be read beside the log
    else:
        written(write_lines, events, event_records(watch, replay.names_by_key))


def peak_memory_bytes() -> int:
    """The most memory this process ever held, as the system counts it."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


@click.command()
@click.argument("logs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="LOG...")
@options.log_format
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("out"),
    show_default=True,
    help="Folder for the results.",
)
@click.option("--policy", type=click.Path(path_type=Path), help="A policy file instead of the shipped one.")
@click.option("--no-model", is_flag=True, help="Decide by rules alone.")
@click.option("--strict", is_flag=True, help="Stop at the first line that cannot be used.")
@options.key_file
@click.option("--pseudonyms", is_flag=True, help="Write pseudonyms instead of the log's own identifiers.")
@click.option(
    "--idle-days",
    type=click.FloatRange(min=0.0),
    default=0.0,
    help="Forget accounts idle for longer. 0: never.",
)
@click.option("--no-campaigns", is_flag=True, help="Do not look for accounts that act together.")
def scan(
    logs: tuple[Path, ...],
    format: str,
    out: Path,
    policy: Path | None,
    no_model: bool,
    strict: bool,
    key_file: Path | None,
    pseudonyms: bool,
    idle_days: float,
    no_campaigns: bool,
) -> None:
    """Replay LOGs in event time and say who would be acted on, when, and why.

    Reads JSON Lines, CSV, Parquet and edge lists (`a b unix_seconds`), plain, gzip or xz.
    """
    console, told = Console(highlight=False), Console(stderr=True, highlight=False)
    with told_plainly():
        in_force = decide_by(policy, no_model, key_file)
        told.print(f"policy {in_force.policy_mark}, model {in_force.model_mark}", style="dim", soft_wrap=True)
        prepare(told, SCANNING if no_campaigns else SEARCHING)
        settings = ScanSettings(logs, out, format, strict, pseudonyms, idle_days, campaigns=not no_campaigns)
        findings = scan_logs(settings, in_force, told)
    print_findings(console, findings, out)
