"""``tidegate backtest``: replay logs under the policy in force and under another one, and compare."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click
from rich.console import Console

from tidegate.cli import options
from tidegate.cli.backtest_outputs import print_comparison, write_backtest
from tidegate.cli.comparison import Comparison, Side, changed_keys, compare, side
from tidegate.cli.decisions import by_account, decisions_shown
from tidegate.cli.failures import folder_for, told_plainly, written
from tidegate.cli.findings import LogShown
from tidegate.cli.in_force import decide_by, policy_from
from tidegate.cli.reading import read_through
from tidegate.cli.replay import Replay
from tidegate.cli.timelines import collect
from tidegate.cli.warm_up import prepare
from tidegate.engine.engine import Engine
from tidegate.events.log import Log, open_log
from tidegate.statements.in_force import InForce

RESULTS = "backtest.json"


@dataclass(frozen=True, slots=True)
class BacktestSettings:
    """What a person may ask of a backtest."""

    logs: Sequence[Path]
    format: str = "auto"
    pseudonyms_only: bool = False


def backtest_logs(
    settings: BacktestSettings, in_force: InForce, proposed: InForce, told: Console
) -> tuple[Comparison, LogShown]:
    """Replay the logs under both. Raises LogError."""
    replays = [_replay(in_force, settings), _replay(proposed, settings)]
    replays[1].briefs = None  # the same log: kept in brief once
    log = _open(settings, in_force)
    read_through(replays, log, settings.logs, told)
    shown = LogShown.of(log.summary)
    now, then = (
        _side(replay, under, shown) for replay, under in zip(replays, (in_force, proposed), strict=True)
    )
    timelines = collect(replays[0].every_brief(lambda: _open(settings, in_force)), changed_keys(now, then))
    return compare(now, then, timelines), shown


def _replay(under: InForce, settings: BacktestSettings) -> Replay:
    return Replay(Engine(under.policy, under.model, pepper=under.pepper), settings.pseudonyms_only)


def _open(settings: BacktestSettings, in_force: InForce) -> Log:
    return open_log(settings.logs, format=settings.format, pseudonyms=in_force.pseudonyms)


def _side(replay: Replay, under: InForce, log: LogShown) -> Side:
    decisions = replay.decisions()
    acted = by_account(decisions_shown(replay, decisions, under))
    first_s, last_s = log.first_time or 0.0, log.last_time or 0.0
    return side(under.policy_mark, under.model_mark, decisions, acted, first_s, last_s)


@click.command()
@click.argument("policy", type=click.Path(path_type=Path), metavar="POLICY")
@click.argument("logs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="LOG...")
@click.option("--against", type=click.Path(path_type=Path), help="The policy in force; else the shipped one.")
@options.log_format
@click.option("--out", type=click.Path(path_type=Path), help=f"Folder to write {RESULTS} to.")
@click.option("--no-model", is_flag=True, help="Decide by rules alone, on both sides.")
@options.key_file
@click.option("--pseudonyms", is_flag=True, help="Show pseudonyms instead of the log's own identifiers.")
def backtest(
    policy: Path,
    logs: tuple[Path, ...],
    against: Path | None,
    format: str,
    out: Path | None,
    no_model: bool,
    key_file: Path | None,
    pseudonyms: bool,
) -> None:
    """Replay LOGs under the policy in force and under POLICY: who would be acted on who is not today, who no
    longer, and how many decisions a day each rung brings.

    Findings of campaigns in a log are taken as they are, and nothing else is looked for: hand over a scan's
    campaign-events.jsonl beside the log that was scanned.
    """
    console, told = Console(highlight=False), Console(stderr=True, highlight=False)
    with told_plainly():
        in_force = decide_by(against, no_model, key_file)
        proposed = replace(in_force, policy=policy_from(policy))
        if out is not None:
            folder_for(out)
        prepare(told)
        settings = BacktestSettings(logs, format, pseudonyms)
        comparison, log = backtest_logs(settings, in_force, proposed, told)
    print_comparison(console, comparison, log)
    if out is not None:
        written(write_backtest, out / RESULTS, comparison, log, [str(path) for path in logs])
        console.print(f"\n  {out / RESULTS}", soft_wrap=True, markup=False)
