"""``tidegate train``: from simulated worlds to the shipped model.

Deterministic: the same version of the code gives the same bytes, which ``tidegate train --check`` holds it
to.
"""

from pathlib import Path
from typing import Any

import click
import numpy as np

from tidegate.cli.worlds import seed_for, training_worlds
from tidegate.engine.model import Model
from tidegate.engine.policy import Policy, load_policy, shipped_policy_text
from tidegate.learning import training
from tidegate.learning.evaluation import NOT_SENDERS
from tidegate.learning.samples import Samples, collect

TRAINING = {"worlds": 30, "people": 2_500, "days": 28}
MODEL_NAME = "default"
MODEL_PATH = Path(__file__).parent.parent / "engine" / "models" / "default.json"


def model_card(samples: Samples, without: frozenset[str]) -> dict[str, Any]:
    """What the model was trained on and what it must not be trusted for."""
    families, counts = np.unique(samples.family[samples.abusive], return_counts=True)
    return {
        "trained_on": "simulated worlds only (tidegate.world) with randomised habits; "
        "no real account was ever used",
        "worlds": TRAINING,
        "first_seed": seed_for("train", 0),
        "rows": len(samples.rows),
        "abusive_rows": {str(f): int(c) for f, c in zip(families, counts, strict=True)},
        "left_out": sorted(without | NOT_SENDERS),
        "intended_use": "scoring accounts of a messenger for bulk or automated sending, together with rules, "
        "under a policy whose thresholds were calibrated on that messenger's own honest accounts",
        "not_to_be_trusted_for": [
            "a false-positive rate on real people: simulated honest people are not real ones",
            "e-mail, calls and other media whose habits differ from a messenger's",
            "judging what a message says, or why somebody writes",
            "bans by itself: a suspension or ban needs a second family of evidence or a person",
        ],
    }


def train_on_worlds(
    policy: Policy, without: frozenset[str] = frozenset(), worlds: int | None = None
) -> Model:
    """Simulate the training worlds, replay each under the rules, and fit. ``without``: families left out."""
    parts = []
    count = worlds or TRAINING["worlds"]
    for log in training_worlds(count, TRAINING["people"], TRAINING["days"], without=without):
        parts.append(collect(log.events, log.truth, policy, None))
        click.echo(
            f"  world {len(parts)}/{count}: {len(log.events):,} events, {len(parts[-1].rows):,} rows kept"
        )
    samples = Samples.joined(parts)
    samples = samples.where(~np.isin(samples.family, list(NOT_SENDERS)))
    return training.train(samples, MODEL_NAME, model_card(samples, without))


@click.command("train")
@click.option("--out", type=click.Path(path_type=Path), default=MODEL_PATH, help="Where to write the model.")
@click.option(
    "--check", is_flag=True, help="Only compare with the model that is there; exit 1 when it differs."
)
def train(out: Path, check: bool) -> None:
    """Train the model on simulated worlds (bit-identical on every run)."""
    model = train_on_worlds(load_policy(shipped_policy_text(), "default.toml"))
    text = model.to_json()
    if check:
        same = out.exists() and out.read_text("utf-8") == text
        click.echo("identical" if same else f"{out} differs from what training gives")
        raise SystemExit(0 if same else 1)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, "utf-8")
    click.echo(f"wrote {out} ({len(text):,} bytes, digest {model.digest})")
