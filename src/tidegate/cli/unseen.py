"""Leaving one attacker family out of training at a time: what of an unseen attack is still stopped."""

from collections.abc import Callable

import numpy as np

from tidegate.cli.calibrate import CALIBRATION, with_sections
from tidegate.cli.train import TRAINING
from tidegate.cli.worlds import labelled, seed_for, training_worlds
from tidegate.engine.policy import Policy, load_policy, shipped_policy_text
from tidegate.learning import calibration, tables, training
from tidegate.learning.evaluation import NOT_SENDERS, Tally, add_world, family_results
from tidegate.learning.samples import Samples, collect
from tidegate.learning.stopping import highest_scores
from tidegate.world import FAMILIES, WorldSettings, only

TRAINING_WORLDS = 15
"""Half of what the shipped model is trained on: eleven models are trained here."""
CALIBRATION_WORLDS = 2
PEOPLE, DAYS, ACCOUNTS = 4_000, 30, 120
FIRST_SEED_NUMBER = 500


def evaluate_unseen(policy: Policy, say: Callable[[str], None]) -> str:
    """For each sending family: train without it, calibrate, and attack with it alone. Markdown."""
    parts = [
        collect(log.events, log.truth, policy, None)
        for log in training_worlds(TRAINING_WORLDS, TRAINING["people"], TRAINING["days"])
    ]
    samples = Samples.joined(parts)
    samples = samples.where(~np.isin(samples.family, list(NOT_SENDERS)))
    honest = [
        labelled(
            WorldSettings(
                people=CALIBRATION["people"], days=CALIBRATION["days"], seed=seed_for("calibrate", number)
            )
        )
        for number in range(CALIBRATION_WORLDS)
    ]
    rows = []
    for number, family in enumerate(name for name in FAMILIES if name not in NOT_SENDERS):
        model = training.train(samples.where(samples.family != family), f"without-{family}", {})
        highest = [
            highest_scores(log.events, log.truth, policy, model)[log.truth.family == "honest"]
            for log in honest
        ]
        sections = calibration.as_policy(calibration.calibrate(np.concatenate(highest)))
        its_policy = load_policy(with_sections(shipped_policy_text(), sections), f"without {family}")
        log = labelled(
            WorldSettings(
                people=PEOPLE,
                days=DAYS,
                seed=seed_for("evaluate", FIRST_SEED_NUMBER + number),
                attackers=only(family, accounts=ACCOUNTS),
            )
        )
        tally = Tally(family)
        add_world(tally, log.events, log.truth, log.days, its_policy, model)
        result = next(r for r in family_results(tally) if r.family == family)
        rows.append((result, result.stopped >= 0.7))
        say(f"  without {family}: {tables.percent(result.stopped)} stopped")
    head = (
        "family left out",
        "accounts",
        "stopped (95 %)",
        "strangers reached: median / p90",
        "at least 70 %",
    )
    body = tables.markdown(
        head,
        (
            (
                r.family,
                f"{r.accounts}",
                tables.with_interval(r.stopped, r.stopped_interval),
                f"{r.reached_median:.0f} / {r.reached_p90:.0f}",
                "yes" if met else "**no**",
            )
            for r, met in rows
        ),
    )
    return (
        "*Simulated*: for each family a model trained without it, thresholds calibrated anew, in a world of "
        f"{PEOPLE:,} people where only that family attacks. The rules stay as shipped; they were written "
        f"knowing all families.\n\n{body}"
    )
