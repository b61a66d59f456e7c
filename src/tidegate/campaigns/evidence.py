"""The table of signals: what accounts of one operator have in common, how telling it is, and what it costs to avoid.

One table in one file. Comparison, explanation and documentation read it. ``m`` and ``u`` are the shares of pairs at
each level among accounts of one operator and among others; they were measured on simulated fleets of 20 to 60 accounts,
half of them with clean networks, devices and numbers, and are rounded. In a log, ``u`` is never taken to be smaller than
the log itself shows (:func:`live_weights`): on a platform where everybody signed up this week, signing up in one week
says nothing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidegate.campaigns import comparing

LEVELS = comparing.LEVELS
LEAST_U = 0.0005
LEAST_NATS = -2.5
"""What an operator could do on purpose to look unlike himself must not clear him."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing two accounts may have in common."""

    name: str
    family: str
    meaning: str
    """What is shared, to follow "members …"."""
    cost: int
    """To avoid it: 0 a line of code, 1 cheap, 2 money or time for each account, 3 it is the attacker's output."""
    m: tuple[float, ...] = ()
    """By level, from 1."""
    u: tuple[float, ...] = ()
    shared_m: float = 0.0
    """For what is shared and not alike: how often two accounts of one operator share it."""
    differs: float = 0.0
    """Nats when it is not shared."""


FAMILY_MOST_NATS: dict[str, float] = {
    "origin": 12.0,
    "start": 4.0,
    "manner": 7.0,
    "targets": 8.0,
    "talk": 2.0,
}
"""No family carries a campaign by itself: what correlates in honest crowds (one network, one client, one hour of
sign-up) lies in one family."""

# fmt: off
SIGNALS: tuple[Signal, ...] = (
    Signal("network", "origin", "were seen on the same network", 2, shared_m=0.15, differs=-0.1),
    Signal("device", "origin", "were seen on the same device", 2, shared_m=0.1, differs=-0.05),
    Signal("number_range", "origin", "have numbers of the same range", 2, shared_m=0.15, differs=-0.1),
    Signal("client", "origin", "signed up with the same client software", 1, shared_m=0.7, differs=-1.5),
    Signal("sign_up", "origin", "signed up close together", 2,
        m=(0.159, 0.327, 0.263, 0.190, 0.040, 0.015, 0.006), u=(0.001, 0.025, 0.110, 0.386, 0.405, 0.073, 0.05)),
    Signal("start", "start", "began to write to strangers at the same time", 2,
        m=(0.241, 0.291, 0.244, 0.190, 0.024, 0.010), u=(0.009, 0.056, 0.156, 0.310, 0.392, 0.076)),
    Signal("size", "manner", "send first messages of the same length", 1,
        m=(0.617, 0.170, 0.099, 0.049, 0.031, 0.034), u=(0.056, 0.077, 0.129, 0.153, 0.185, 0.401)),
    Signal("size_spread", "manner", "vary the length of first messages alike", 1,
        m=(0.626, 0.178, 0.085, 0.050, 0.061), u=(0.174, 0.235, 0.246, 0.111, 0.234)),
    Signal("pace", "manner", "write to strangers at the same pace", 2,
        m=(0.532, 0.159, 0.099, 0.060, 0.078, 0.072), u=(0.058, 0.067, 0.080, 0.104, 0.135, 0.556)),
    Signal("hours", "manner", "are at work in the same hours", 1,
        m=(0.338, 0.117, 0.126, 0.152, 0.267), u=(0.044, 0.044, 0.064, 0.192, 0.656)),
    Signal("typing", "manner", "type before writing equally often", 0,
        m=(0.577, 0.197, 0.145, 0.064, 0.017), u=(0.359, 0.137, 0.195, 0.203, 0.106)),
    Signal("dead_targets", "manner", "write to unused numbers equally often", 1,
        m=(0.511, 0.259, 0.166, 0.052, 0.012), u=(0.277, 0.220, 0.312, 0.183, 0.008)),
    Signal("targets", "targets", "wrote to the same people", 3, shared_m=0.15, differs=-0.1),
    Signal("region", "targets", "wrote to people of the same circle", 3,
        m=(0.771, 0.143, 0.036, 0.018, 0.010, 0.010, 0.012), u=(0.905, 0.080, 0.012, 0.002, 0.0008, 0.0004, 0.0002)),
    Signal("group", "targets", "were in the same group", 2, shared_m=0.1, differs=-0.1),
    Signal("talk", "talk", "write to each other", 2, m=(0.940, 0.060), u=(0.992, 0.008)),
    Signal("novelty", "manner", "write to hardly anybody but strangers", 2,
        m=(0.592, 0.218, 0.140, 0.043, 0.007), u=(0.135, 0.148, 0.226, 0.326, 0.165)),
)
# fmt: on
"""In the order of :mod:`tidegate.campaigns.comparing`."""

FAMILIES: tuple[str, ...] = tuple(FAMILY_MOST_NATS)
FAMILY_OF: NDArray[np.int64] = np.array([FAMILIES.index(signal.family) for signal in SIGNALS])
MOST_NATS: NDArray[np.float64] = np.array(list(FAMILY_MOST_NATS.values()))
SHARED_M: NDArray[np.float64] = np.array([signal.shared_m for signal in SIGNALS])
DIFFERS: NDArray[np.float64] = np.array([signal.differs for signal in SIGNALS])
INDEX: dict[str, int] = {signal.name: i for i, signal in enumerate(SIGNALS)}

assert len(SIGNALS) == comparing.SIGNAL_COUNT


def live_weights(seen: NDArray[np.float64]) -> NDArray[np.float64]:
    """Nats[signal, level] for things that are alike; level 0 (not measured) weighs nothing.

    ``seen``: how many pairs of ordinary accounts in this log stand at each level of each signal.
    """
    weights = np.zeros((len(SIGNALS), LEVELS))
    for i, signal in enumerate(SIGNALS):
        if not signal.m:
            continue
        count = len(signal.m)
        m, u = np.array(signal.m), np.maximum(np.array(signal.u), LEAST_U)
        total = seen[i, 1 : count + 1].sum()
        if total > 0.0:
            u = np.maximum(u, seen[i, 1 : count + 1] / total)
        weights[i, 1 : count + 1] = np.maximum(np.log(m / u), LEAST_NATS)
    return weights
