"""The table of signals: what accounts of one operator have in common, how telling it is, and what it costs to avoid.

One table in one file. Comparison, explanation and documentation read it. ``m`` and ``u`` are the shares of pairs at
each level among accounts of one operator and among others (honest ones whose contacts stay silent, and other
operators'); they were measured on simulated fleets of every kind, a third each with cheap, mixed and clean networks,
devices and numbers. How an account writes shows only after some contacts: such signals have a table for each class of
how many contacts the comparison rests on. In a log, ``u`` is never taken to be smaller than the log itself shows
(:func:`live_weights`): on a platform where everybody signed up this week, signing up in one week says nothing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidegate.campaigns import comparing

LEVELS, CLASSES = comparing.LEVELS, comparing.CLASSES
ENOUGH_PAIRS = 200
"""Of ordinary accounts, for what they show to count."""
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
    m: tuple[tuple[float, ...], ...] = ()
    """By class of how many contacts are known of either account (one row: any), then by level, from 1."""
    u: tuple[tuple[float, ...], ...] = ()
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
    Signal("network", "origin", "were seen on the same network", 2, shared_m=0.2, differs=-0.2),
    Signal("device", "origin", "were seen on the same device", 2, shared_m=0.1, differs=-0.05),
    Signal("number_range", "origin", "have numbers of the same range", 2, shared_m=0.3, differs=-0.3),
    Signal("client", "origin", "signed up with the same client software", 1, shared_m=0.6, differs=-0.4),
    Signal("sign_up", "origin", "signed up close together", 2,
        m=((0.091, 0.270, 0.304, 0.265, 0.067, 0.002, 0.002),),
        u=((0.017, 0.147, 0.191, 0.250, 0.337, 0.056, 0.002),)),
    Signal("start", "start", "began to write to strangers at the same time", 2,
        m=((0.149, 0.338, 0.236, 0.185, 0.079, 0.012),),
        u=((0.014, 0.070, 0.160, 0.275, 0.375, 0.106),)),
    Signal("size", "manner", "send first messages of the same length", 1,
        m=((0.128, 0.184, 0.231, 0.163, 0.159, 0.135),
           (0.190, 0.213, 0.240, 0.142, 0.090, 0.125),
           (0.202, 0.281, 0.220, 0.139, 0.086, 0.071),
           (0.334, 0.288, 0.192, 0.118, 0.055, 0.013),),
        u=((0.054, 0.080, 0.122, 0.148, 0.180, 0.414),
           (0.065, 0.095, 0.142, 0.158, 0.186, 0.353),
           (0.079, 0.098, 0.157, 0.192, 0.211, 0.263),
           (0.066, 0.091, 0.131, 0.155, 0.208, 0.349),)),
    Signal("size_spread", "manner", "vary the length of first messages alike", 1,
        m=((),
           (0.172, 0.201, 0.264, 0.098, 0.265),
           (0.235, 0.238, 0.170, 0.041, 0.317),
           (0.319, 0.205, 0.114, 0.089, 0.273),),
        u=((),
           (0.082, 0.149, 0.171, 0.098, 0.499),
           (0.126, 0.154, 0.121, 0.065, 0.534),
           (0.100, 0.109, 0.107, 0.082, 0.602),)),
    Signal("pace", "manner", "write to strangers at the same pace", 2,
        m=((),
           (0.152, 0.190, 0.255, 0.222, 0.114, 0.067),
           (0.300, 0.309, 0.214, 0.108, 0.043, 0.026),
           (0.591, 0.188, 0.098, 0.047, 0.039, 0.036),),
        u=((),
           (0.065, 0.081, 0.115, 0.163, 0.163, 0.413),
           (0.039, 0.071, 0.071, 0.115, 0.215, 0.488),
           (0.062, 0.052, 0.107, 0.147, 0.245, 0.388),)),
    Signal("hours", "manner", "are at work in the same hours", 1,
        m=((),
           (0.211, 0.071, 0.101, 0.237, 0.379),
           (0.180, 0.190, 0.141, 0.160, 0.329),
           (0.227, 0.280, 0.197, 0.116, 0.180),),
        u=((),
           (0.019, 0.095, 0.088, 0.324, 0.474),
           (0.039, 0.105, 0.163, 0.231, 0.462),
           (0.029, 0.081, 0.128, 0.235, 0.527),)),
    Signal("typing", "manner", "type before writing equally often", 0,
        m=((),
           (0.376, 0.109, 0.225, 0.255, 0.034),
           (0.399, 0.267, 0.219, 0.111, 0.004),
           (0.599, 0.300, 0.094, 0.005, 0.002),),
        u=((),
           (0.300, 0.121, 0.200, 0.273, 0.107),
           (0.210, 0.197, 0.242, 0.185, 0.166),
           (0.391, 0.348, 0.224, 0.026, 0.011),)),
    Signal("dead_targets", "manner", "write to unused numbers equally often", 1,
        m=((),
           (0.659, 0.097, 0.134, 0.106, 0.004),
           (0.522, 0.257, 0.193, 0.025, 0.002),
           (0.689, 0.268, 0.038, 0.003, 0.002),),
        u=((),
           (0.634, 0.183, 0.098, 0.082, 0.003),
           (0.503, 0.330, 0.151, 0.014, 0.002),
           (0.600, 0.328, 0.068, 0.003, 0.002),)),
    Signal("targets", "targets", "wrote to the same people", 3, shared_m=0.2, differs=-0.2),
    Signal("region", "targets", "wrote to people of the same circle", 3,
        m=((0.900, 0.038, 0.024, 0.016, 0.011, 0.004, 0.008),
           (0.801, 0.093, 0.045, 0.023, 0.017, 0.011, 0.010),
           (0.748, 0.179, 0.051, 0.013, 0.004, 0.003, 0.002),
           (0.535, 0.314, 0.108, 0.032, 0.006, 0.003, 0.002),),
        u=((0.979, 0.009, 0.003, 0.002, 0.002, 0.002, 0.002),
           (0.946, 0.037, 0.007, 0.003, 0.002, 0.002, 0.002),
           (0.876, 0.105, 0.008, 0.002, 0.004, 0.002, 0.002),
           (0.655, 0.271, 0.058, 0.009, 0.002, 0.002, 0.002),)),
    Signal("group", "targets", "were in the same group", 2, shared_m=0.4, differs=-0.1),
    Signal("talk", "talk", "write to each other", 2,
        m=((0.956, 0.044),),
        u=((0.996, 0.004),)),
    Signal("novelty", "manner", "write to hardly anybody but strangers", 2,
        m=((0.391, 0.180, 0.208, 0.140, 0.080),
           (0.317, 0.283, 0.255, 0.137, 0.007),
           (0.382, 0.320, 0.213, 0.082, 0.003),
           (0.604, 0.305, 0.084, 0.005, 0.002),),
        u=((0.181, 0.132, 0.145, 0.271, 0.271),
           (0.205, 0.159, 0.183, 0.253, 0.200),
           (0.072, 0.117, 0.265, 0.382, 0.164),
           (0.150, 0.190, 0.257, 0.334, 0.068),)),
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
    """Nats[class, signal, level] for things that are alike; level 0 (not measured) weighs nothing.

    ``seen`` [class, signal, level]: how many pairs of ordinary accounts in this log stand there.
    """
    weights = np.zeros((CLASSES, len(SIGNALS), LEVELS))
    for i, signal in enumerate(SIGNALS):
        for known in range(CLASSES) if signal.m else ():
            m = np.array(signal.m[min(known, len(signal.m) - 1)])
            u = np.maximum(np.array(signal.u[min(known, len(signal.u) - 1)]), LEAST_U)
            levels = slice(1, len(m) + 1)
            counted = seen[known, i, levels] if len(signal.m) > 1 else seen[:, i, levels].sum(axis=0)
            if counted.sum() >= ENOUGH_PAIRS:
                u = np.maximum(u, counted / counted.sum())
            weights[known, i, levels] = np.maximum(np.log(m / u), LEAST_NATS) if len(m) else 0.0
    return weights
