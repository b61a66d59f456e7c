"""``tidegate evaluate``: what is stopped, how soon, and who is wronged, on logs nobody trained on."""

from collections.abc import Callable
from pathlib import Path

import click
import numpy as np

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
from tidegate.learning.evaluation import MONTH_DAYS, Tally, add_world, overall
from tidegate.world import WorldSettings

DAYS = 30
BASELINE_WORLDS = 2
"""Baselines are measured on this many of the worlds, which is enough to tell them apart."""


def targets_table(tally: Tally) -> str:
    """The goals of the evaluation, each beside what was reached."""
    results = {result.family: result for result in _families(tally)}
    o = overall(tally)
    wrong = {w.rung.word: w for w in tables.wrongful_results(tally)}
    blaster, drip = results.get("naive_blaster"), results.get("slow_drip")
    rows: list[tuple[str, str, str, bool]] = []
    if blaster:
        rows.append(
            ("naive tools stopped", "≥ 99 %", tables.percent(blaster.stopped), blaster.stopped >= 0.99)
        )
        shown = f"{blaster.reached_median:.0f} / {blaster.reached_p90:.0f}"
        rows.append(
            (
                "naive tools: strangers reached, median / p90",
                "≤ 5 / ≤ 15",
                shown,
                blaster.reached_median <= 5 and blaster.reached_p90 <= 15,
            )
        )
    if drip:
        rows.append(
            (
                "slow drip: strangers reached, median",
                "≤ 25",
                f"{drip.reached_median:.0f}",
                drip.reached_median <= 25,
            )
        )
    rows.append(
        (
            "stops before any complaint",
            "≥ 85 %",
            tables.percent(o.before_complaint),
            o.before_complaint >= 0.85,
        )
    )
    rows.append(
        (
            "limited before the first message",
            "≥ 35 %",
            tables.percent(o.limited_first),
            o.limited_first >= 0.35,
        )
    )
    for word, limit in (("ban", 1), ("lock", 20), ("challenge", 200)):
        w = wrong[word]
        shown = f"{w.rate:.1f} (upper bound {w.upper:.1f})"
        rows.append(
            (
                f"honest accounts at {word} or more, per 100,000 account-months",
                f"≤ {limit}",
                shown,
                w.rate <= limit,
            )
        )
    return tables.markdown(
        ("goal (simulated)", "target", "measured", "met"),
        [(a, b, c, "yes" if d else "**no**") for a, b, c, d in rows],
    )


def _families(tally: Tally):  # type: ignore[no-untyped-def]
    return tables.family_results(tally)


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
        say(
            f"  world {number + 1}/{worlds}: {len(log.events):,} events, {full.honest:,} honest accounts so far"
        )
    compared = [*(tally for tally, _, _ in others), shipped_on_same]
    return "\n\n".join(
        (
            f"All figures of this section are *simulated*: {full.worlds} worlds of {people:,} people over {DAYS} days, "
            f"{full.events:,} events, seeds from {seed_for('evaluate', 0):,} (training and calibration use other ranges). "
            f"Policy `{policy.digest}`, model `{model.digest if model else 'none'}`.",
            "### Goals",
            targets_table(full),
            "### Attackers",
            tables.families_table(full),
            "`stopped` is lock or stronger; contacts made before it count as reached. *Got through in all* adds those made "
            "after a rung ended, as if nobody extended it. Intervals are bootstrapped over campaigns.",
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


def write_section(page: Path, name: str, title: str, command: str, body: str) -> None:
    """Put a section with its command into a results page."""
    text = page.read_text("utf-8") if page.exists() else "# Results\n"
    section = f"## {title}\n\n`{command}`\n\n{body}"
    with replacing(page) as temporary:
        Path(temporary).write_text(tables.with_section(text, name, section), "utf-8")


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
        section = (
            "log",
            "A labelled log",
            f"tidegate evaluate --events {events.name} --truth {truth.name}",
            evaluate_log(events, truth, force.policy, force.model),
        )
    elif umdwikipedia:
        from tidegate.learning.wikipedia import evaluate_umdwikipedia

        body = evaluate_umdwikipedia(umdwikipedia).to_markdown()
        section = (
            "umdwikipedia",
            "Early detection on Wikipedia (real)",
            "tidegate evaluate --umdwikipedia DIR",
            body,
        )
    elif wikiticker:
        from tidegate.learning.wikipedia import evaluate_wikiticker

        section = (
            "wikiticker",
            "Bots of one Wikipedia day (real)",
            "tidegate evaluate --wikiticker FILE",
            evaluate_wikiticker(wikiticker).to_markdown(),
        )
    elif unseen:
        from tidegate.cli.unseen import evaluate_unseen

        section = (
            "unseen",
            "Attackers nobody trained on (simulated)",
            "tidegate evaluate --unseen",
            evaluate_unseen(force.policy, click.echo),
        )
    elif adaptive:
        from tidegate.cli.adaptive import evaluate_adaptive

        body = evaluate_adaptive(adaptive, force.policy, force.model, click.echo)
        section = (
            "adaptive",
            "An attacker who searches (simulated)",
            f"tidegate evaluate --adaptive {adaptive}",
            body,
        )
    else:
        body = evaluate_worlds(worlds, people, force.policy, force.model, click.echo)
        section = (
            "worlds",
            "Simulated worlds",
            f"tidegate evaluate --worlds {worlds} --people {people}",
            body,
        )
    click.echo(section[3])
    if write:
        write_section(write, *section)
        click.echo(f"wrote the section into {write}")
