"""How a counter forgets: by half every half-life, brought up to date when touched."""

from typing import Any

import numpy as np

from tidegate.engine.arithmetic import exp2
from tidegate.engine.features import DAY_S, FORTNIGHT_S
from tidegate.engine.layout import CLOCK_ZERO_S
from tidegate.engine.machine import popcount
from tidegate.events.compiled import inlined

LEAST_STRIKE = np.float32(0.01)
"""What is left of a strike after three months."""


@inlined
def kept(elapsed_s: float, half_life_s: float) -> Any:
    """The share of a counter left after ``elapsed_s``."""
    return np.float32(exp2(-elapsed_s / half_life_s))


@inlined
def kept_day(elapsed_s: float) -> Any:
    """What a half-life of a day leaves."""
    return kept(elapsed_s, DAY_S)


@inlined
def kept_fortnight(elapsed_s: float) -> Any:
    """What a half-life of a fortnight leaves."""
    return kept(elapsed_s, FORTNIGHT_S)


@inlined
def kept_day_and_fortnight(elapsed_s: float) -> Any:
    """``(day, fortnight)`` from one power of two: a day's share is the fortnight's to the 14th."""
    fortnight = exp2(-elapsed_s / FORTNIGHT_S)
    return np.float32(_to_the_14th(fortnight)), np.float32(fortnight)


@inlined
def kept_hour_day_fortnight(elapsed_s: float) -> Any:
    """``(hour, day, fortnight)``: an hour's share is the day's to the 24th."""
    fortnight = exp2(-elapsed_s / FORTNIGHT_S)
    day = _to_the_14th(fortnight)
    return np.float32(_to_the_24th(day)), np.float32(day), np.float32(fortnight)


@inlined
def kept_minute_to_fortnight(elapsed_s: float) -> Any:
    """``(minute, hour, day, fortnight)``: a minute's share is the hour's to the 60th."""
    fortnight = exp2(-elapsed_s / FORTNIGHT_S)
    day = _to_the_14th(fortnight)
    hour = _to_the_24th(day)
    x4 = (hour * hour) * (hour * hour)
    x12 = x4 * x4 * x4
    x24 = x12 * x12
    return np.float32(x24 * x24 * x12), np.float32(hour), np.float32(day), np.float32(fortnight)


@inlined
def _to_the_14th(x: float) -> float:
    x2 = x * x
    x4 = x2 * x2
    return x4 * x4 * x4 * x2


@inlined
def _to_the_24th(x: float) -> float:
    x2 = x * x
    x4 = x2 * x2
    x8 = x4 * x4
    return x8 * x8 * x8


@inlined
def clock(now: float) -> Any:
    """Event time as whole seconds of the record clock (uint32, good until 2136); always above 0."""
    return np.uint32(now - CLOCK_ZERO_S)


@inlined
def since(now: float, then_s: Any) -> float:
    """Seconds from a record-clock time to an event time, never negative."""
    elapsed = now - CLOCK_ZERO_S - np.float64(then_s)
    return elapsed if elapsed > 0.0 else 0.0


@inlined
def blended(old: Any, new: Any, count: Any, cap: Any) -> Any:
    """A running mean: exact for the first ``cap`` measurements, exponential from then on."""
    rest = min(np.int64(count) + 1, cap)
    return np.float32(old + (new - old) / np.float32(rest))


@inlined
def struck(strikes: Any, weight: Any) -> Any:
    """Strikes with one more, or with what is left of one taken back.

    One that travelled and one that is taken back have aged by float32 steps of their own; a remainder below
    ``LEAST_STRIKE`` is that difference, not a strike.
    """
    left = np.float32(strikes + weight)
    if weight < np.float32(0.0) and left < LEAST_STRIKE:
        return np.float32(0.0)
    return left


@inlined
def bits_set(bitmap: Any) -> Any:
    """Bits set in a bitmap of four words."""
    return popcount(bitmap[0]) + popcount(bitmap[1]) + popcount(bitmap[2]) + popcount(bitmap[3])


@inlined
def mark(bitmap: Any, key: Any) -> None:
    """Set the bit of ``key`` in a 256-bit bitmap."""
    bit = np.uint64(key) >> np.uint64(40)
    word = (bit >> np.uint64(6)) & np.uint64(3)
    bitmap[word] |= np.uint64(1) << (bit & np.uint64(63))
