"""The figures by which simulated people are compared with real ones, computed from one-to-one messages.

The reference values are those of the Copenhagen Networks Study's text messages (Sapiezynski et al. 2019; 568
users, 28 days, a closed cohort) and of CollegeMsg (Panzarasa et al. 2009; 1,899 users, 194 days, a new
platform).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.float64]
Accounts = NDArray[np.int64]

_HOUR_S, _DAY_S, _MINUTE_S = 3_600.0, 86_400.0, 60.0
_ENOUGH_MESSAGES = 50
"""For figures about one sender's gaps and hours."""

REFERENCE: dict[str, tuple[float, float]] = {
    "reciprocity": (0.93, 0.64),
    "ties_replied": (0.87, 0.47),
    "ties_replied_1h": (0.60, 0.17),
    "ties_replied_24h": (0.77, 0.34),
    "first_reply_p25_s": (120.0, 720.0),
    "first_reply_p50_s": (900.0, 14_040.0),
    "first_reply_p75_s": (6_480.0, 97_200.0),
    "first_contact_share": (0.029, 0.23),
    "alternation": (0.71, 0.66),
    "out_degree_p50": (2.0, 7.0),
    "out_degree_p90": (5.0, 36.0),
    "out_degree_p99": (8.0, 136.0),
    "peak_contacts_day_p50": (1.0, 2.0),
    "peak_contacts_day_p90": (1.0, 8.0),
    "peak_contacts_day_p99": (2.0, 34.0),
    "peak_messages_hour_p50": (4.0, 3.0),
    "peak_messages_hour_p90": (10.0, 13.0),
    "peak_messages_hour_p99": (28.0, 41.0),
    "burstiness_p5": (0.25, 0.33),
    "burstiness_p50": (0.43, 0.55),
    "burstiness_p95": (0.64, 0.78),
    "log_gap_memory": (0.09, 0.31),
    "gap_p10_s": (19.0, 38.0),
    "gap_p50_s": (440.0, 562.0),
    "gap_p90_s": (64_800.0, 129_600.0),
    "gap_exponent": (1.18, 1.14),
    "top_fifth_tie_share": (0.80, 0.63),
    "quiet_six_hours_p50": (0.004, 0.016),
    "quiet_six_hours_p99": (0.046, 0.109),
}
"""Copenhagen SMS and CollegeMsg."""


def human_figures(time: Times, sender: Accounts, receiver: Accounts) -> dict[str, float]:
    """The figures of :data:`REFERENCE` for messages sorted by time (seconds); account numbers from 0."""
    figures = _tie_figures(time, sender, receiver)
    figures |= _sender_figures(time, sender, receiver)
    figures |= _gap_figures(time, sender)
    return figures


def _tie_figures(time: Times, sender: Accounts, receiver: Accounts) -> dict[str, float]:
    count = int(max(sender.max(), receiver.max())) + 1
    key = np.minimum(sender, receiver) * count + np.maximum(sender, receiver)
    order = np.argsort(key, kind="stable")
    key, moment, speaker = key[order], time[order], sender[order]
    begins = np.concatenate([[True], key[1:] != key[:-1]])
    tie = np.cumsum(begins) - 1
    first = np.flatnonzero(begins)
    opener = speaker[first][tie]
    answers = np.flatnonzero(speaker != opener)
    _, earliest = np.unique(tie[answers], return_index=True)
    answer = answers[earliest]
    latency = moment[answer] - moment[first][tie[answer]]
    ties, replied = len(first), len(answer)
    turns = (speaker[1:] != speaker[:-1])[~begins[1:]]
    per_tie = np.sort(np.bincount(tie))[::-1]
    quarters = np.quantile(latency, [0.25, 0.5, 0.75])
    return {
        "reciprocity": 2.0 * replied / (ties + replied),
        "ties_replied": replied / ties,
        "ties_replied_1h": float(np.mean(latency <= _HOUR_S) * replied / ties),
        "ties_replied_24h": float(np.mean(latency <= _DAY_S) * replied / ties),
        "first_reply_p25_s": float(quarters[0]),
        "first_reply_p50_s": float(quarters[1]),
        "first_reply_p75_s": float(quarters[2]),
        "first_contact_share": ties / len(time),
        "alternation": float(turns.mean()),
        "top_fifth_tie_share": float(per_tie[: max(1, ties // 5)].sum() / len(time)),
    }


def _sender_figures(time: Times, sender: Accounts, receiver: Accounts) -> dict[str, float]:
    count = int(max(sender.max(), receiver.max())) + 1
    senders = np.unique(sender)
    degree = np.bincount(np.unique(sender * count + receiver) // count, minlength=count)[senders]
    pair = np.minimum(sender, receiver) * count + np.maximum(sender, receiver)
    _, first = np.unique(pair, return_index=True)
    contacts = _peak(time[first], sender[first], _DAY_S, count)[senders]
    messages = _peak(time, sender, _HOUR_S, count)[senders]
    figures: dict[str, float] = {}
    for name, values in (
        ("out_degree", degree),
        ("peak_contacts_day", contacts),
        ("peak_messages_hour", messages),
    ):
        for percent in (50, 90, 99):
            figures[f"{name}_p{percent}"] = float(np.percentile(values, percent))
    return figures


def _peak(time: Times, account: Accounts, span_s: float, count: int) -> NDArray[np.int64]:
    """Most events of each account in one clock span."""
    spans = np.floor(time / span_s).astype(np.int64)
    spans -= spans.min()
    cell, number = np.unique(account * (int(spans.max()) + 1) + spans, return_counts=True)
    peak = np.zeros(count, np.int64)
    np.maximum.at(peak, cell // (int(spans.max()) + 1), number)
    return peak


def _gap_figures(time: Times, sender: Accounts) -> dict[str, float]:
    order = np.argsort(sender, kind="stable")
    bounds = np.flatnonzero(np.concatenate([[True], np.diff(sender[order]) != 0, [True]]))
    pooled: list[Times] = []
    burstiness, memory, quiet = [], [], []
    for low, high in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        moments = time[order[low:high]]
        gaps = np.diff(moments)
        pooled.append(gaps)
        if len(moments) < _ENOUGH_MESSAGES:
            continue
        mean, spread = float(gaps.mean()), float(gaps.std())
        burstiness.append((spread - mean) / (spread + mean))
        logs = np.log(np.maximum(gaps, 1.0))
        memory.append(_correlation(logs[:-1], logs[1:]))
        hours = np.bincount((moments // _HOUR_S % 24).astype(np.int64), minlength=24)
        around = np.concatenate([hours, hours[:5]])
        quiet.append(float(np.convolve(around, np.ones(6), "valid").min()) / len(moments))
    gaps = np.concatenate(pooled)
    quantile: Callable[[list[float], int], float] = lambda values, p: float(np.percentile(values, p))  # noqa: E731
    figures = {f"burstiness_p{p}": quantile(burstiness, p) for p in (5, 50, 95)}
    figures |= {f"quiet_six_hours_p{p}": quantile(quiet, p) for p in (50, 99)}
    figures |= {f"gap_p{p}_s": float(np.percentile(gaps, p)) for p in (10, 50, 90)}
    figures["log_gap_memory"] = float(np.median(memory))
    figures["gap_exponent"] = _exponent(gaps)
    return figures


def _correlation(a: Times, b: Times) -> float:
    if a.std() == 0.0 or b.std() == 0.0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def _exponent(gaps: Times) -> float:
    """Maximum-likelihood exponent of a power law truncated to a minute and a day."""
    inside = gaps[(gaps >= _MINUTE_S) & (gaps <= _DAY_S)]
    logs = float(np.log(inside).mean())
    candidates = np.arange(0.5, 2.5, 0.005)
    power = 1.0 - candidates
    power[np.abs(power) < 1e-9] = 1e-9
    norm = (_DAY_S**power - _MINUTE_S**power) / power
    return float(candidates[np.argmin(np.log(norm) + candidates * logs)])
