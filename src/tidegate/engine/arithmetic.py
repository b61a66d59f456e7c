"""Powers, logarithms and mixing in plain arithmetic, so that every machine gives the same bits.

The C library's ``exp2`` and ``log2`` differ in the last bit between versions; these do not.
"""

from typing import Any

import numpy as np

from tidegate.engine.machine import bits_float, float_bits
from tidegate.events.compiled import inlined

LN2 = 0.6931471805599453
_SQRT2 = 1.4142135623730951
_MANTISSA = (1 << 52) - 1
_ONE_BITS = 1023 << 52


@inlined
def exp2(x: Any) -> Any:
    """2**x for -1000 < x < 1000; relative error below 1e-12 (Taylor series about the middle of [n, n+1])."""
    if x < -1000.0:
        return 0.0
    if x > 1000.0:
        x = 1000.0
    whole = np.int64(np.floor(x))
    t = (x - whole - 0.5) * LN2
    # In pairs, so that the processor can work on several at once.
    t2 = t * t
    t4 = t2 * t2
    low = (1.0 + t) + t2 * (0.5 + t / 6.0)
    middle = (1.0 / 24 + t / 120.0) + t2 * (1.0 / 720 + t / 5040.0)
    high = (1.0 / 40_320 + t / 362_880.0) + t2 / 3_628_800.0
    return bits_float((whole + 1023) << 52) * _SQRT2 * (low + t4 * (middle + t4 * high))


@inlined
def ln(x: Any) -> Any:
    """Natural logarithm of a normal x > 0; absolute error below 1e-9 (series in (m-1)/(m+1))."""
    bits = float_bits(x)
    exponent = (bits >> 52) - 1023
    mantissa = bits_float((bits & _MANTISSA) | _ONE_BITS)
    if mantissa > _SQRT2:
        mantissa *= 0.5
        exponent += 1
    s = (mantissa - 1.0) / (mantissa + 1.0)
    q = s * s
    return 2.0 * s * (1.0 + q * (1.0 / 3 + q * (1.0 / 5 + q * (1.0 / 7 + q / 9)))) + exponent * LN2


@inlined
def mixed(value: Any) -> Any:
    """A bijective scramble of 64 bits (the finaliser of SplitMix64, Steele et al. 2014)."""
    x = np.uint64(value)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@inlined
def probability(raw: Any) -> Any:
    """The logistic function of a model's raw score."""
    return 1.0 / (1.0 + exp2(-raw / LN2))
