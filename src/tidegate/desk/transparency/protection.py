"""Rounding, so that no single account can be picked out of the figures.

Every count is rounded to the nearest multiple of five by itself, and one below five is told as that. So totals tell no
more than their parts: a number that is left out cannot be had back by subtraction, as it could if only small numbers
were hidden. Rounding moves a count by two at most.
"""

STEP = 5
FEW = f"<{STEP}"
LEAST_FOR_TIMES = 5
"""Appeals decided, before a median is told."""
LEAST_LOOKED_AT = 30
"""Actions looked at again, before an estimate is told."""
WORDS = (
    f"Each count is rounded to the nearest multiple of {STEP} by itself, so parts may not add up to totals; "
    f"1 to {STEP - 1} is given as {FEW}."
)
Value = int | float | str | None
"""A rounded count, a measured number, :data:`FEW`, or None: not enough to tell."""


def rounded(count: int) -> int | str:
    """A count as it is published."""
    assert count >= 0
    return FEW if 0 < count < STEP else STEP * ((count + STEP // 2) // STEP)
