"""``tidegate calibrate``: score thresholds to a false-positive budget, from simulated account-months; the table of
likelihoods that the search for campaigns weighs pairs by; and what is usual among honest accounts.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np

from tidegate.cli.campaign_likelihoods import LikelihoodScale, likelihoods_shown, measured_likelihoods
from tidegate.cli.honest_ranges import PATH, measured_ranges, ranges_text
from tidegate.cli.train import MODEL_PATH
from tidegate.cli.worlds import LEAN_LOGS, LabelledLog, labelled, seed_for
from tidegate.engine.model import Model
from tidegate.engine.policy import Policy, load_policy, shipped_policy_text
from tidegate.learning import calibration
from tidegate.learning.stopping import highest_scores
from tidegate.world import SIGNALS, WorldSettings

CALIBRATION = {"worlds": 8, "people": 14_000, "days": 30}


def calibration_worlds() -> Iterator[LabelledLog]:
    """Larger worlds; every fourth is an open society whose log lacks everything but messages."""
    for number in range(CALIBRATION["worlds"]):
        lean = number % 4 == 3
        yield labelled(
            WorldSettings(
                people=CALIBRATION["people"],
                days=CALIBRATION["days"],
                seed=seed_for("calibrate", number),
                open_society=lean,
                signals=SIGNALS - LEAN_LOGS[-1] if lean else SIGNALS,
            )
        )


def calibrated_sections(policy: Policy, model: Model) -> str:
    """The ``[model.…]`` sections for a policy, from the honest accounts of the calibration worlds."""
    highest = []
    for log in calibration_worlds():
        scores = highest_scores(log.events, log.truth, policy, model)
        highest.append(scores[log.truth.family == "honest"])
        click.echo(f"  world {len(highest)}/{CALIBRATION['worlds']}: {len(log.events):,} events")
    return calibration.as_policy(calibration.calibrate(np.concatenate(highest)))


def with_sections(policy_text: str, sections: str) -> str:
    """The policy text with its calibrated sections replaced. Raises ValueError when it has none."""
    found = re.search(r"^\[model\.registration\]\n.*?(?=^\[model\.campaign\])", policy_text, re.M | re.S)
    if not found:
        raise ValueError("the policy has no [model.registration] … [model.campaign] sections to replace")
    return policy_text[: found.start()] + sections + "\n" + policy_text[found.end() :]


@click.command("calibrate")
@click.option("--model", "model_path", type=click.Path(path_type=Path, exists=True), default=MODEL_PATH)
@click.option(
    "--write", type=click.Path(path_type=Path, exists=True), help="Policy file to put the thresholds into."
)
@click.option(
    "--campaigns",
    is_flag=True,
    help="Instead: measure how alike accounts of one operator are, beside the shipped table.",
)
@click.option(
    "--ranges",
    is_flag=True,
    help="Instead: measure how features are spread over honest accounts, into the shipped file of ranges.",
)
@click.option("--worlds", default=2, show_default=True, help="With --campaigns: worlds of each hygiene.")
@click.option("--people", default=6_000, show_default=True, help="With --campaigns: people in each.")
def calibrate(
    model_path: Path, write: Path | None, campaigns: bool, ranges: bool, worlds: int, people: int
) -> None:
    """Find score thresholds for the false-positive budget, from simulated honest account-months.

    With --campaigns: how often two accounts of one operator agree in each signal (m), and how often others do (u).
    With --ranges: what the desk shows an account's values beside. A few minutes.
    """
    if ranges:
        if write or campaigns:
            raise click.UsageError(
                "--ranges measures one thing only; it goes with neither --write nor --campaigns"
            )
        PATH.write_text(ranges_text(measured_ranges(click.echo)), "utf-8")
        click.echo(f"wrote {PATH}")
        return
    if campaigns:
        if write:
            raise click.UsageError("--campaigns prints a table to look at; it writes no policy")
        scale = LikelihoodScale(worlds, people)
        click.echo(likelihoods_shown(measured_likelihoods(scale, click.echo), scale))
        return
    policy = load_policy(shipped_policy_text(), "default.toml")
    sections = calibrated_sections(policy, Model.from_json(model_path.read_text("utf-8")))
    click.echo(sections)
    if write:
        write.write_text(with_sections(write.read_text("utf-8"), sections), "utf-8")
        click.echo(f"wrote the thresholds into {write}")
