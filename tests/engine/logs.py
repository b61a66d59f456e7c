"""Logs made for the engine's tests: one event at a time in words, or thousands at random from a seed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.engine.policy import Policy, load_policy
from tidegate.events.columns import EVENT, MISSING_FORWARDS, MISSING_INT, EventType, Reason

START = 1_700_000_000.0
"""When these logs begin; a whole minute, hour and threshold period lie after it."""
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
K = EventType

HEAD = """\
name = "test"
version = "1"
[randomisation]
spread = 0.2
period = "1d"
[ladder]
warn = { durations = ["1h"] }
challenge = { durations = ["1h", "6h", "1d"] }
budget = { durations = ["1d"] }
lock = { durations = ["1d", "2d", "7d"] }
suspend = { durations = ["3d"] }
"""


def policy(*rules: str) -> Policy:
    """A small policy: each rule is ``"family | rung | condition"``, for every stage."""
    text = HEAD
    for number, rule in enumerate(rules):
        family, rung, when = (part.strip() for part in rule.split("|"))
        text += f"""
[[rule]]
name = "rule-{number}"
stage = ["registration", "messaging", "feedback", "campaign"]
when = "{when}"
family = "{family}"
rung = "{rung}"
reason = "Rule number {number}."
notice = "A rule."
"""
    return load_policy(text, "test.toml")


def key(name: int | str, kind: str = "account") -> int:
    """A pseudonym as good as the real ones: every bit depends on the name."""
    words = np.random.SeedSequence([*kind.encode(), 0, *str(name).encode()])
    return int(words.generate_state(1, np.uint64)[0]) | 1


def event(kind: EventType, at: float, actor: int, target: int = 0, **fields: Any) -> NDArray[Any]:
    """One event, EVENT[1], ``at`` seconds after :data:`START`; what is not given was not supplied."""
    one = np.zeros(1, EVENT)
    one["type"], one["time"], one["actor"], one["target"] = int(kind), START + at, actor, target
    one["members"] = one["size"] = MISSING_INT
    one["forwards"] = MISSING_FORWARDS
    for name, value in fields.items():
        one[name] = value
    return one


def log(events: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Several events as one log, in the order given."""
    return np.concatenate(events) if events else np.zeros(0, EVENT)


def blast(
    sender: int, people: Sequence[int], at: float = 0.0, every: float = 1.0, **fields: Any
) -> NDArray[Any]:
    """One message to each of ``people``."""
    return log([event(K.MESSAGE, at + i * every, sender, other, **fields) for i, other in enumerate(people)])


def people(count: int, kind: str = "account") -> list[int]:
    """``count`` pseudonyms."""
    return [key(i, kind) for i in range(count)]


_MIX: dict[EventType, float] = {
    K.REGISTER: 0.04,
    K.LOGIN: 0.02,
    K.MESSAGE: 0.5,
    K.TYPING: 0.1,
    K.READ: 0.05,
    K.GROUP_CREATE: 0.02,
    K.INVITE: 0.05,
    K.JOIN: 0.03,
    K.LEAVE: 0.05,
    K.BLOCK: 0.03,
    K.UNBLOCK: 0.01,
    K.REPORT: 0.04,
    K.CONTACT: 0.03,
    K.LABEL: 0.005,
    K.RULING: 0.005,
    K.POLICY: 0.005,
    K.CAMPAIGN: 0.01,
    K.TICK: 0.01,
    K.PROOF: 0.02,
    K.ERASURE: 0.01,
}
NOBODY_FORGOTTEN = tuple(kind for kind in _MIX if kind is not K.ERASURE)

SIGNALS = ("network", "device", "size", "phone_range", "client", "forwards")


def random_log(
    seed: int,
    count: int,
    *,
    accounts: int = 200,
    gap_s: float = 120.0,
    without: Sequence[str] = (),
    late: float = 0.02,
    kinds: Sequence[EventType] = NOBODY_FORGOTTEN,
) -> NDArray[Any]:
    """Every kind of event among ``accounts`` people, a few of whom do most; times in quarters of a second.

    ``without`` names columns that this log never carries; a share ``late`` of the events is up to a day late.
    """
    draw = np.random.default_rng(seed)
    who = np.array(people(accounts), np.uint64)
    networks, devices = np.array(people(40, "network"), np.uint64), np.array(people(150, "device"), np.uint64)
    busy = 1.0 / np.arange(1, accounts + 1)
    weights = np.array([_MIX[kind] for kind in kinds])
    events = np.zeros(count, EVENT)
    steps = np.where(
        draw.random(count) < 0.02, draw.exponential(60 * gap_s, count), draw.exponential(gap_s, count)
    )
    steps[draw.random(count) < 0.1] = 0.0
    events["time"] = START + np.round(np.cumsum(steps) * 4.0) / 4.0
    events["type"] = draw.choice([int(kind) for kind in kinds], count, p=weights / weights.sum())
    events["actor"] = who[draw.choice(accounts, count, p=busy / busy.sum())]
    near = np.arange(accounts)
    events["target"] = np.where(
        draw.random(count) < 0.5, who[draw.choice(near, count)], who[draw.choice(near[:20], count)]
    )
    # Groups have no target, and carry many members.
    grouped = (events["type"] == K.MESSAGE) & (draw.random(count) < 0.2)
    events["target"][grouped] = 0
    events["members"] = np.where(grouped, draw.integers(3, 1000, count), 2)
    events["chat"] = draw.integers(1, 30, count)
    events["network"] = np.where(
        draw.random(count) < 0.9, networks[draw.integers(0, len(networks), count)], 0
    )
    events["device"] = np.where(draw.random(count) < 0.9, devices[draw.integers(0, len(devices), count)], 0)
    events["size"] = np.where(draw.random(count) < 0.9, draw.integers(0, 40, count) * 16, MISSING_INT)
    events["forwards"] = np.where(draw.random(count) < 0.5, draw.integers(0, 5, count), MISSING_FORWARDS)
    signing_up = events["type"] == K.REGISTER
    events["client"] = np.where(signing_up, draw.integers(0, 4, count), 0)
    events["phone_range"] = np.where(signing_up, draw.integers(0, 10, count), 0)
    events["reason"] = draw.choice([int(Reason.ABUSIVE), int(Reason.LEGITIMATE), int(Reason.OTHER)], count)
    findings = events["type"] == K.CAMPAIGN
    events["size"][findings] = draw.integers(0, 1000, int(findings.sum()))
    for column in without:
        events[column] = MISSING_FORWARDS if column == "forwards" else MISSING_INT if column == "size" else 0
    behind = draw.random(count) < late
    events["time"][behind] -= np.round(draw.exponential(HOUR, int(behind.sum())))
    return events
