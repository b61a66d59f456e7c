"""When an attacker's accounts write to strangers: jitter, caps by the hour and day, warm-up, waking hours."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.events.compiled import compiled
from tidegate.world.plans import GAP_KINDS, Operator
from tidegate.world.played import Floats, Longs
from tidegate.world.rhythm import after_sleep

_KINDS = {kind: code for code, kind in enumerate(GAP_KINDS)}
_HUMAN_EXPONENT = 1.15


class _Workers(NamedTuple):
    """Accounts at work; arrays of one length."""

    start: Floats
    until: Floats
    total: Longs
    wake_h: NDArray[np.float32]
    sleep_h: NDArray[np.float32]


class _Tempo(NamedTuple):
    """An operator's pace."""

    kind: int
    low_s: float
    high_s: float
    hourly_cap: float
    daily_cap: float
    first_day: float
    growth: float


@compiled
def _pace(
    rng: np.random.Generator, workers: _Workers, tempo: _Tempo, out_time: Floats, out_who: Longs
) -> int:
    n = 0
    power = 1.0 - _HUMAN_EXPONENT
    for i in range(len(workers.start)):
        t = workers.start[i]
        sent = 0
        today, sent_today, hour_began, sent_hour = -1, 0, t, 0
        cap = tempo.daily_cap
        while sent < workers.total[i] and n < len(out_time):
            t = after_sleep(rng, t, workers.wake_h[i], workers.sleep_h[i])
            if t >= workers.until[i]:
                break
            day = int((t - workers.start[i]) / 86400.0)
            if day > today:
                today, sent_today = day, 0
                cap = min(tempo.daily_cap, tempo.first_day * tempo.growth**day)
                if tempo.kind == 3:
                    cap = np.floor(cap * (0.6 + 0.4 * rng.random()) + 0.5)
            if sent_today >= cap:
                t = workers.start[i] + (today + 1) * 86400.0 + rng.standard_exponential() * 1800.0
                continue
            if t - hour_began >= 3600.0:
                hour_began, sent_hour = t, 0
            if sent_hour >= tempo.hourly_cap:
                t = hour_began + 3600.0 + rng.standard_exponential() * 120.0
                continue
            out_time[n] = t
            out_who[n] = i
            n += 1
            sent += 1
            sent_today += 1
            sent_hour += 1
            if tempo.kind == 0:
                t += tempo.low_s + rng.random() * (tempo.high_s - tempo.low_s)
            elif tempo.kind == 1:
                t += max(
                    0.5 * tempo.low_s,
                    0.5 * (tempo.low_s + tempo.high_s)
                    + 0.25 * (tempo.high_s - tempo.low_s) * rng.standard_normal(),
                )
            elif tempo.kind == 2:
                t += (tempo.low_s**power + rng.random() * (tempo.high_s**power - tempo.low_s**power)) ** (
                    1.0 / power
                )
            else:
                t += (86400.0 - workers.sleep_h[i] * 3600.0) / (cap + 0.5) * rng.standard_exponential()
    return n


def pace(
    rng: np.random.Generator,
    operator: Operator,
    start: NDArray[np.float64],
    until: NDArray[np.float64],
    total: NDArray[np.int64],
    wake_h: NDArray[np.float32],
    sleep_h: NDArray[np.float32],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Times of first messages and the position (in ``start``) of the account that sends each.

    No account exceeds ``total``, nor the operator's caps in any day counted from its own ``start``.
    """
    capacity = int(total.sum())
    out_time, out_who = np.empty(capacity, np.float64), np.empty(capacity, np.int64)
    workers = _Workers(start, until, total, wake_h, sleep_h)
    tempo = _Tempo(
        _KINDS[operator.gap_kind],
        operator.gap_low_s,
        max(operator.gap_high_s, operator.gap_low_s),
        operator.hourly_cap,
        operator.daily_cap,
        operator.first_day,
        operator.growth,
    )
    n = _pace(rng, workers, tempo, out_time, out_who)
    return out_time[:n], out_who[:n]
