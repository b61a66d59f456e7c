"""What Tidegate is compared with, in the same run on the same logs."""

from dataclasses import replace

from tidegate.engine.model import Model
from tidegate.engine.policy import NO_THRESHOLDS, Policy, load_policy

NAIVE_RATE_RULE = """
name = "naive"
version = "1"
[randomisation]
spread = 0.0
period = "1d"
[ladder.warn]
durations = ["1d"]
[ladder.challenge]
durations = ["1d"]
[ladder.budget]
durations = ["1d"]
[ladder.lock]
durations = ["1d"]
[ladder.suspend]
durations = ["3d"]
keys = 2
[[rule]]
name = "twenty-strangers-an-hour"
stage = ["messaging"]
when = "strangers_1h >= 19.5"
family = "first contact"
rung = "lock"
reason = "{strangers_1h} strangers in about an hour."
notice = "Your account wrote to many new people in a short time."
"""
"""The rule of thumb: twenty or more first contacts within an hour."""


def naive() -> tuple[Policy, Model | None]:
    """The rate rule alone."""
    return load_policy(NAIVE_RATE_RULE, "naive.toml"), None


def rules_only(policy: Policy) -> tuple[Policy, Model | None]:
    """The policy's rules without any model."""
    return replace(policy, model=(NO_THRESHOLDS,) * len(policy.model)), None


def model_only(policy: Policy, model: Model) -> tuple[Policy, Model | None]:
    """The model's thresholds without any rule. With one family of evidence nothing beyond a lock stands."""
    return replace(policy, rules=()), model
