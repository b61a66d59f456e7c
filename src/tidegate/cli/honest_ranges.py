"""Measuring what is usual among honest accounts, in simulated worlds: ``tidegate calibrate --ranges``."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from tidegate.cli.train import TRAINING
from tidegate.cli.worlds import training_worlds
from tidegate.engine.policy import load_policy, shipped_policy_text
from tidegate.learning.ranges import honest_ranges_of
from tidegate.learning.samples import Samples, collect
from tidegate.statements import ranges
from tidegate.statements.in_force import RULES_ALONE, shipped_model

PATH = Path(ranges.__file__).with_name(ranges.FILE)


def measured_ranges(
    say: Callable[[str], None],
    worlds: int = TRAINING["worlds"],
    people: int = TRAINING["people"],
    days: int = TRAINING["days"],
) -> ranges.Ranges:
    """Replay training worlds under the shipped policy and model; ranges over their honest accounts."""
    policy, model = load_policy(shipped_policy_text(), "default.toml"), shipped_model()
    parts = []
    for number, log in enumerate(training_worlds(worlds, people, days)):
        part = collect(log.events, log.truth, policy, model)
        # The same names occur in every world, and are other accounts there.
        part.account[:] ^= np.uint64(number + 1)
        parts.append(part)
        say(f"  world {number + 1}/{worlds}: {len(log.events):,} events, {len(part.rows):,} rows kept")
    accounts, young, older = honest_ranges_of(Samples.joined(parts))
    return ranges.Ranges(
        simulated=True,
        worlds=worlds,
        people=people,
        days=days,
        policy=f"{policy.name} {policy.version} ({policy.digest})",
        model=f"{model.name} ({model.digest})" if model else RULES_ALONE,
        accounts=accounts,
        young=young,
        older=older,
    )


def ranges_text(measured: ranges.Ranges) -> str:
    """As the file holds them."""
    return msgspec.json.format(msgspec.json.encode(measured), indent=1).decode() + "\n"
