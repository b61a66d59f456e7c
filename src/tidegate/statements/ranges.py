"""What is usual among honest accounts, for showing an account's values beside it.

The figures come from simulated worlds (``tidegate calibrate --ranges``), not from real people: they help a reviewer to
see which value stands out, and prove nothing by themselves.
"""

import importlib.resources
import math
from functools import cache

import msgspec

FILE = "honest_ranges.json"
YOUNG_S = 7 * 86_400.0
"""Younger accounts are compared with one another. Who was never seen to sign up counts as older: unknown is not new."""
QUANTILES = (0.01, 0.1, 0.5, 0.9, 0.99, 0.999)
LOW = (0.01, 0.1)
"""Kept only where less may be worse."""


class Range(msgspec.Struct, frozen=True):
    """How a feature is spread over honest accounts, in the feature's own unit. None: not measured."""

    p50: float
    p90: float
    p99: float
    p999: float
    p1: float | None = None
    p10: float | None = None
    known: float = 1.0
    """Share of judged moments at which the feature had a value at all."""

    def beyond(self, value: float) -> str:
        """Where a value stands out, in words; empty when it does not, or is missing."""
        if math.isnan(value):
            return ""
        for limit, share in ((self.p999, "99.9"), (self.p99, "99"), (self.p90, "90")):
            if value > limit:
                return f"above {share} % of honest accounts"
        for low, share in ((self.p1, "99"), (self.p10, "90")):
            if low is not None and value < low:
                return f"below {share} % of honest accounts"
        return ""


class Ranges(msgspec.Struct, frozen=True):
    """All that was measured."""

    simulated: bool
    worlds: int
    people: int
    """In each world."""
    days: int
    policy: str
    model: str
    accounts: dict[str, int]
    """Honest accounts that were judged at least once, ``young`` and ``older``."""
    young: dict[str, Range]
    """By feature; features never measured among so young accounts are left out."""
    older: dict[str, Range]

    def of(self, feature: str, age_s: float | None) -> Range | None:
        """The range that an account of this age is compared with. ``age_s``: since sign-up; None or NaN: unknown."""
        known = age_s is not None and not math.isnan(age_s)
        among = self.young if known and age_s < YOUNG_S else self.older  # type: ignore[operator]
        return among.get(feature)


@cache
def honest_ranges() -> Ranges:
    """The ranges that come with Tidegate."""
    text = (importlib.resources.files("tidegate.statements") / FILE).read_bytes()
    return msgspec.json.decode(text, type=Ranges)
