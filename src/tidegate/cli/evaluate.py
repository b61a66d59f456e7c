"""``tidegate evaluate``: what is stopped, how soon, and who is wronged, on logs nobody trained on."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.markdown import Markdown

from tidegate.cli.goals import goals_table
from tidegate.cli.in_force import decide_by
from tidegate.cli.outputs import replacing
from tidegate.cli.truth_file import read_truth
from tidegate.cli.worlds import labelled, seed_for
from tidegate.engine.model import Model
from tidegate.engine.policy import Policy
from tidegate.events.log import open_log
from tidegate.events.pseudonym import Pseudonyms
from tidegate.learning import tables
from tidegate.learning.baselines import model_only, naive, rules_only
from tidegate.learning.evaluation import MONTH_DAYS, Tally, add_world
from tidegate.learning.stopping import enforce
from tidegate.statements.in_force import InForce
from tidegate.world import WorldSettings

DAYS = 30
BASELINE_WORLDS = 2
"""Baselines are measured on this many of the worlds, which is enough to tell them apart."""


def evaluate_worlds(
    worlds: int, people: int, policy: Policy, model: Model | None, say: Callable[[str], None]
) -> str:
    """The full simulated evaluation as Markdown."""
    full = Tally("rules and model (shipped)")
    others: list[tuple[Tally, Policy, Model | None]] = [
        (Tally("naive rate rule: 20 strangers an hour"), *naive()),
        (Tally("rules only"), *rules_only(policy)),
    ]
    if model:
        others.append((Tally("model only"), *model_only(policy, model)))
    shipped_on_same = Tally("rules and model (shipped)")
    for number in range(worlds):
        log = labelled(WorldSettings(people=people, days=DAYS, seed=seed_for("evaluate", number)))
        add_world(full, log.events, log.truth, log.days, policy, model)
        if number < BASELINE_WORLDS:
            add_world(shipped_on_same, log.events, log.truth, log.days, policy, model)
            for tally, its_policy, its_model in others:
                add_world(tally, log.events, log.truth, log.days, its_policy, its_model)
        so_far = f"{len(log.events):,} events, {full.honest:,} honest accounts so far"
        say(f"  world {number + 1}/{worlds}: {so_far}")
    compared = [*(tally for tally, _, _ in others), shipped_on_same]
    return "\n\n".join(
        (
            f"All figures of this section are *simulated*: {full.worlds} worlds of {people:,} people over "
            f"{DAYS} days, {full.events:,} events, seeds from {seed_for('evaluate', 0):,} (training and "
            f"calibration use other ranges). Policy `{policy.digest}`, "
            f"model `{model.digest if model else 'none'}`.",
            "### Goals",
            goals_table(full),
            "### Attackers",
            tables.families_table(full),
            "`stopped` is lock or stronger; contacts made before it count as reached. *Got through in all* "
            "adds those made after a rung ended, as if nobody extended it. Intervals are bootstrapped over "
            "campaigns.",
            "### Honest accounts",
            tables.wrongful_table(full),
            "Clopper-Pearson upper bounds. They rest on simulated people and say nothing about real ones.",
            tables.strata_table(full),
            f"### Beside simpler deciders (the first {min(worlds, BASELINE_WORLDS)} worlds)",
            tables.comparison_table(compared),
        )
    )


def evaluate_log(events: Path, truth_file: Path, policy: Policy, model: Model | None) -> str:
    """The same tables for one labelled log."""
    pseudonyms = Pseudonyms()
    chunks = [chunk.events.copy() for chunk in open_log([events], pseudonyms=pseudonyms)]
    log = np.concatenate(chunks)
    truth = read_truth(truth_file, pseudonyms)
    days = max((log["time"][-1] - log["time"][0]) / 86_400.0, 1.0)
    tally = Tally("rules and model")
    add_world(tally, log, truth, days, policy, model)
    return "\n\n".join(
        (
            f"{len(log):,} events over {days:.1f} days ({days / MONTH_DAYS:.2f} months)",
            tables.families_table(tally),
            tables.wrongful_table(tally),
            tables.strata_table(tally),
        )
    )


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a results page: its mark there, its heading, the command that makes it, its text."""

    name: str
    title: str
    command: str
    body: str


def _of_log(events: Path, truth: Path, force: InForce) -> Section:
    command = f"tidegate evaluate --events {events.name} --truth {truth.name}"
    return Section("log", "A labelled log", command, evaluate_log(events, truth, force.policy, force.model))


def _of_umdwikipedia(folder: Path) -> Section:
    from tidegate.learning.wikipedia import evaluate_umdwikipedia

    title, command = "Early detection on Wikipedia (real)", "tidegate evaluate --umdwikipedia DIR"
    return Section("umdwikipedia", title, command, evaluate_umdwikipedia(folder).to_markdown())


def _of_wikiticker(file: Path) -> Section:
    from tidegate.learning.wikipedia import evaluate_wikiticker

    title, command = "Bots of one Wikipedia day (real)", "tidegate evaluate --wikiticker FILE"
    return Section("wikiticker", title, command, evaluate_wikiticker(file).to_markdown())


def _of_real_logs(folder: Path, force: InForce) -> Section:
    from tidegate.cli.real_logs import evaluate_real_logs

    title, command = "Real message logs, unlabelled", "tidegate evaluate --real-logs DIR"
    return Section("real-logs", title, command, evaluate_real_logs(folder, force, click.echo))


def _of_reports(folder: Path) -> Section:
    from tidegate.learning.report_folds import evaluate_reports

    title, command = "Reports weighed by structure (real)", "tidegate evaluate --reports DIR"
    return Section("reports", title, command, evaluate_reports(folder).to_markdown())


def _of_campaigns(worlds: int, people: int, force: InForce) -> Section:
    from tidegate.cli.campaign_evaluation import CampaignScale, evaluate_campaigns

    title = "Accounts that act together (simulated)"
    command = f"tidegate evaluate --campaigns --worlds {worlds} --people {people}"
    acting = partial(enforce, policy=force.policy, model=force.model)
    return Section(
        "campaigns", title, command, evaluate_campaigns(CampaignScale(worlds, people), click.echo, acting)
    )


def _of_rings(worlds: int, force: InForce) -> Section:
    from tidegate.cli.ring_evaluation import evaluate_rings

    title, command = "Rings of reporters (simulated)", f"tidegate evaluate --rings --worlds {worlds}"
    acting = partial(enforce, policy=force.policy, model=force.model)
    return Section("rings", title, command, evaluate_rings(worlds, click.echo, acting))


def _of_unseen(force: InForce) -> Section:
    from tidegate.cli.unseen import evaluate_unseen

    title, command = "Attackers nobody trained on (simulated)", "tidegate evaluate --unseen"
    return Section("unseen", title, command, evaluate_unseen(force.policy, click.echo))


def _of_adaptive(plans: int, force: InForce) -> Section:
    from tidegate.cli.adaptive import evaluate_adaptive

    title, command = "An attacker who searches (simulated)", f"tidegate evaluate --adaptive {plans}"
    return Section(
        "adaptive", title, command, evaluate_adaptive(plans, force.policy, force.model, click.echo)
    )


def _of_worlds(worlds: int, people: int, force: InForce) -> Section:
    command = f"tidegate evaluate --worlds {worlds} --people {people}"
    body = evaluate_worlds(worlds, people, force.policy, force.model, click.echo)
    return Section("worlds", "Simulated worlds", command, body)


def write_section(page: Path, section: Section) -> None:
    """Put a section with its command into a results page."""
    text = page.read_text("utf-8") if page.exists() else "# Results\n"
    body = f"## {section.title}\n\n`{section.command}`\n\n{section.body}"
    with replacing(page) as temporary:
        Path(temporary).write_text(tables.with_section(text, section.name, body), "utf-8")


@click.command("evaluate")
@click.option("--events", type=click.Path(path_type=Path, exists=True), help="A labelled log.")
@click.option(
    "--truth", type=click.Path(path_type=Path, exists=True), help="Its truth.csv (account,role,campaign)."
)
@click.option(
    "--umdwikipedia", type=click.Path(path_type=Path, exists=True), help="UMDWikipedia folder (real data)."
)
@click.option(
    "--wikiticker", type=click.Path(path_type=Path, exists=True), help="Wikiticker file (real data)."
)
@click.option(
    "--real-logs", type=click.Path(path_type=Path, exists=True), help="Folder of unlabelled logs (real data)."
)
@click.option(
    "--reports", type=click.Path(path_type=Path, exists=True), help="Folder of who reported whom (real data)."
)
@click.option(
    "--campaigns",
    is_flag=True,
    help="Fleets found, honest crowds spared (simulated); try --worlds 6 --people 8000.",
)
@click.option("--rings", is_flag=True, help="What becomes of somebody whom 200 accounts report (simulated).")
@click.option("--worlds", default=8, show_default=True, help="Simulated worlds.")
@click.option("--people", default=40_000, show_default=True, help="Honest people in each.")
@click.option("--unseen", is_flag=True, help="Leave each attacker family out of training in turn.")
@click.option(
    "--adaptive", type=int, help="Let an attacker try this many plans for the cheapest that gets through."
)
@click.option(
    "--policy", "policy_file", type=click.Path(path_type=Path, exists=True), help="Policy to evaluate."
)
@click.option("--write", type=click.Path(path_type=Path), help="Results page to put the section into.")
def evaluate(
    events: Path | None,
    truth: Path | None,
    umdwikipedia: Path | None,
    wikiticker: Path | None,
    real_logs: Path | None,
    reports: Path | None,
    campaigns: bool,
    rings: bool,
    worlds: int,
    people: int,
    unseen: bool,
    adaptive: int | None,
    policy_file: Path | None,
    write: Path | None,
) -> None:
    """Measure what is stopped, how soon, and who is wronged."""
    force = decide_by(policy_file)
    if (events is None) != (truth is None):
        raise click.UsageError("--events and --truth go together")
    if events and truth:
        section = _of_log(events, truth, force)
    elif umdwikipedia:
        section = _of_umdwikipedia(umdwikipedia)
    elif wikiticker:
        section = _of_wikiticker(wikiticker)
    elif real_logs:
        section = _of_real_logs(real_logs, force)
    elif reports:
        section = _of_reports(reports)
    elif campaigns:
        section = _of_campaigns(worlds, people, force)
    elif rings:
        section = _of_rings(worlds, force)
    elif unseen:
        section = _of_unseen(force)
    elif adaptive:
        section = _of_adaptive(adaptive, force)
    else:
        section = _of_worlds(worlds, people, force)
    console = Console()
    if console.is_terminal:
        console.print(Markdown(section.body))
    else:
        click.echo(section.body)
    if write:
        write_section(write, section)
        click.echo(f"wrote the section into {write}")
