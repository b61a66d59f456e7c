"""The compiled kernel holds what the plain-Python reference says, on every kind of event."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from logs import DAY, HOUR, SIGNALS, START, K, event, key, log, policy, random_log
from numpy.typing import NDArray

from tidegate.engine.engine import MAX_PIECE, Engine
from tidegate.engine.features import FEATURE_INDEX, FEATURES
from tidegate.engine.layout import CAUSE_EVIDENCE
from tidegate.engine.reference import Judged, ReferenceEngine
from tidegate.engine.rungs import Rung, Stage

RELATIVE, ABSOLUTE = 1e-3, 1e-4
"""float32 keeps about 7 digits; a running variance or a counter of thousands of additions loses some of them."""


def differences(where: str, ours: dict[str, float], row: NDArray[np.float32]) -> list[str]:
    """Features on which kernel and reference disagree, in words."""
    found = []
    for name, column in FEATURE_INDEX.items():
        expected, value = ours[name], float(row[column])
        if math.isnan(expected) and math.isnan(value):
            continue
        if not math.isclose(expected, value, rel_tol=RELATIVE, abs_tol=ABSOLUTE):
            found.append(f"{where}: {name} is {value!r}, the reference says {expected!r}")
    return found


def assert_same(events: NDArray[Any]) -> list[tuple[int, Judged]]:
    """Kernel and reference judge the same accounts at the same events, with the same features."""
    kernel, reference = Engine(policy()), ReferenceEngine()
    expected = []
    for i, one in enumerate(events):
        judged = reference.observe(one)
        if judged is not None:
            expected.append((i, judged))
    rows, looks = [], []
    for start in range(0, len(events), MAX_PIECE):
        some_rows, some = kernel.rows(events[start : start + MAX_PIECE])
        some["event"] += start
        rows.extend(some_rows)
        looks.extend((int(look["event"]), int(look["slot"]), Stage(int(look["stage"]))) for look in some)
    slots = kernel.accounts["key"]
    seen = [(i, int(slots[slot]), stage) for i, slot, stage in looks]
    assert seen == [(i, judged.account, judged.stage) for i, judged in expected]
    wrong: list[str] = []
    for (i, judged), row in zip(expected, rows, strict=True):
        wrong += differences(f"event {i}", judged.features, row)
    assert not wrong, f"{len(wrong)} values differ\n" + "\n".join(wrong[:20])
    return expected


def test_the_kernel_agrees_with_the_reference_on_twenty_thousand_events_of_every_kind() -> None:
    judged = assert_same(random_log(1, 20_000))
    for feature in FEATURES:
        if feature.family != "network" or "strikes" not in feature.name:
            assert any(not math.isnan(look.features[feature.name]) for _, look in judged), f"{feature.name} is never known"


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 2**32),
    accounts=st.integers(2, 60),
    gap_s=st.sampled_from([0.5, 20.0, 600.0, 20_000.0]),
    without=st.lists(st.sampled_from(SIGNALS), unique=True),
    late=st.sampled_from([0.0, 0.1, 0.5]),
    left_out=st.lists(st.sampled_from(list(K)), unique=True, max_size=12),
)
def test_the_kernel_agrees_with_the_reference_whatever_a_log_lacks(
    seed: int, accounts: int, gap_s: float, without: Sequence[str], late: float, left_out: Sequence[K]
) -> None:
    kinds = [kind for kind in K if kind not in left_out]
    assert_same(random_log(seed, 400, accounts=accounts, gap_s=gap_s, without=without, late=late, kinds=kinds))
