"""Days and nights: at which hour a person begins a conversation, and how long a message waits for the
morning.

A person's day runs from ``wake_h``; the last ``sleep_h`` hours before it are the night, in which only about
one per cent of conversations begin (people's quietest six hours hold 0.4 to 1.6 % of their messages,
Copenhagen and CollegeMsg).
"""

import numpy as np
from numpy.typing import NDArray

from tidegate.events.compiled import inlined

DAY_S = 86_400.0
HOUR_S = 3_600.0
_STEPS = 480
_NIGHT_SHARE = 0.015


def _day_curve() -> NDArray[np.float64]:
    """Inverse distribution of the share of the waking day that has passed: a rise at noon, a peak in the
    evening.
    """
    x = np.linspace(0.0, 1.0, 2_001)
    density = 0.25 + 0.9 * np.exp(-(((x - 0.35) / 0.16) ** 2)) + 1.3 * np.exp(-(((x - 0.8) / 0.14) ** 2))
    density *= np.minimum(1.0, x / 0.08)
    cumulative = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2.0)])
    return np.interp(np.linspace(0.0, 1.0, _STEPS + 1), cumulative / cumulative[-1], x)


_CURVE = _day_curve()


def moments(
    rng: np.random.Generator,
    day: NDArray[np.int64],
    wake_h: NDArray[np.float32],
    sleep_h: NDArray[np.float32],
) -> NDArray[np.float64]:
    """A time (s from the start) on each given day, by the rhythm of the account that begins; some fall
    outside the log.
    """
    count = len(day)
    awake = 24.0 - sleep_h.astype(np.float64)
    hours = np.interp(rng.random(count), np.linspace(0.0, 1.0, _STEPS + 1), _CURVE) * awake
    night = rng.random(count) < _NIGHT_SHARE
    hours = np.where(night, awake + rng.random(count) * sleep_h, hours)
    return np.asarray(day * DAY_S + (wake_h + hours) * HOUR_S)


@inlined
def hours_awake(time: float, wake_h: float) -> float:
    """Hours since the account's day began, 0 to 24."""
    hour = time / 3600.0 - wake_h
    return float(hour - 24.0 * np.floor(hour / 24.0))


@inlined
def after_sleep(rng: np.random.Generator, time: float, wake_h: float, sleep_h: float) -> float:
    """The same time, or a little after waking when it falls into the account's night (once in twenty-five
    they answer at night).
    """
    hour = hours_awake(time, wake_h)
    if hour <= 24.0 - sleep_h or rng.random() < 0.04:
        return time
    return time + (24.0 - hour) * 3600.0 + rng.standard_exponential() * 2400.0
