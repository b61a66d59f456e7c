"""Units: how a number of each kind of feature is written in a policy and shown in a reason."""

import math
import re
from dataclasses import dataclass

from tidegate.engine.features import FEATURE_INDEX, FEATURES
from tidegate.engine.policy.conditions import SCORE, Op, Predicate

DURATIONS_S: dict[str, float] = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0}
SCALES: dict[str, float] = {"": 1.0, "%": 0.01, "k": 1_000.0, **DURATIONS_S}
_WEIGHTED = frozenset({"blocks", "reports", "complaints"})
_COUNTED = _WEIGHTED | {"messages", "people", "groups", "accounts", "changes"}


@dataclass(frozen=True, slots=True)
class Kind:
    """How numbers of one kind are written: suffixes, the least and most they can be, and all that in words."""

    suffixes: tuple[str, ...]
    lowest: float
    highest: float
    how: str


_TIME = Kind(tuple(DURATIONS_S), 0.0, math.inf, "a time: write 30s, 10m, 6h, 3d or 2w")
_SHARE = Kind(("", "%"), 0.0, 1.0, "a share from 0 to 1: write 0.8 or 80%")
_COUNT = Kind(("", "k"), 0.0, math.inf, "a number of {unit}: write 50 or 2k")
_RATIO = Kind(("", "%"), 0.0, math.inf, "a {unit}: write a plain number such as 0.6, or 60%")
_UNIT_INTERVAL = Kind(("",), -1.0, 1.0, "a {unit} from -1 to 1: write a plain number such as 0.6")
PLAIN = Kind(("",), -math.inf, math.inf, "in {unit}: write a plain number such as 2.5")
KINDS: dict[str, Kind] = {
    "seconds": _TIME,
    "share": _SHARE,
    "ratio": _RATIO,
    "correlation": _UNIT_INTERVAL,
    "index": _UNIT_INTERVAL,
    **dict.fromkeys(_COUNTED, _COUNT),
}


def unit_of(feature: str) -> str:
    """The unit of a feature, or of the score. Raises KeyError for any other name."""
    return "share" if feature == SCORE else FEATURES[FEATURE_INDEX[feature]].unit


def is_reachable(predicate: Predicate, spread: float) -> bool:
    """False for a ``~`` lower bound that ``spread`` can move past anything the feature ever is."""
    if not predicate.random or predicate.op not in (Op.AT_LEAST, Op.ABOVE):
        return True
    return predicate.threshold * (1.0 + spread) <= KINDS.get(unit_of(predicate.feature), PLAIN).highest


def parse_duration(text: str) -> float | None:
    """Seconds in ``"30s"``, ``"10m"``, ``"6h"``, ``"1.5d"`` or ``"2w"``; None for anything else."""
    found = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)([smhdw])", text)
    return float(found[1]) * DURATIONS_S[found[2]] if found else None


_SPOKEN_UNITS = (("day", 86_400.0), ("hour", 3_600.0), ("minute", 60.0), ("second", 1.0))


def describe_duration(seconds: float) -> str:
    """``300`` as "5 minutes", ``5400`` as "1.5 hours"; rounded to what a person would say."""
    if math.isinf(seconds):
        return "without end"
    if seconds < 1.0:
        return "under a second"
    # 59.8 s is shown as "1 minute", not "60 seconds"
    word, length_s = next(unit for unit in _SPOKEN_UNITS if seconds >= unit[1] * 0.995)
    amount = seconds / length_s
    shown = f"{amount:,.0f}" if amount >= 10 else f"{amount:.1f}".removesuffix(".0")
    return f"{shown} {word}" if shown == "1" else f"{shown} {word}s"


def describe_value(feature: str, value: float) -> str:
    """``value`` of ``feature`` as a reason shows it: "5 minutes", "83%", "97"; "unknown" when missing.

    Times carry their unit and shares their sign; counts are bare, since the sentence around them names what
    was counted. Decayed counts are rounded to whole ones. Raises KeyError for a name that no feature has.
    """
    unit = unit_of(feature)
    if math.isnan(value):
        return "an unknown number of" if unit in _COUNTED else "unknown"
    if unit == "seconds":
        return describe_duration(value)
    if feature == SCORE:
        return f"{value:.2f}"
    if unit == "share":
        return f"{value:.0%}"
    if unit in _WEIGHTED and value < 10:
        return f"{value:.1f}".removesuffix(".0")
    if unit in _COUNTED:
        return "under 1" if 0.0 < value < 0.5 else f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:,.0f}"
