"""The compiled kernel holds what the plain-Python reference says, on every kind of event."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from logs import SIGNALS, K, policy, random_log
from numpy.typing import NDArray

from tidegate.engine.engine import MAX_PIECE, Engine
from tidegate.engine.features import FEATURE_INDEX, FEATURES
from tidegate.engine.reference import Judged, ReferenceEngine
from tidegate.engine.rungs import Rung, Stage

RELATIVE, ABSOLUTE = 1e-3, 1e-4
"""float32 keeps about 7 digits; a running variance and a long-lived counter lose some of them."""

MOVED_BY_DECISIONS = {"net_strikes_14d", "net_abuse_rate", "device_strikes_14d", "reg_strikes"}


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
    rows, seen, start = [], [], 0
    # An erased account's record may become another's, so whose it is gets looked up before each erasure.
    erasures = np.flatnonzero(events["type"] == K.ERASURE).tolist()
    for end in sorted({*erasures, *range(MAX_PIECE, len(events), MAX_PIECE), len(events)}):
        some_rows, looks = kernel.rows(events[start:end])
        rows.extend(some_rows)
        keys = kernel.keys_of(looks["slot"]).tolist()
        for i, whose, stage in zip(looks["event"].tolist(), keys, looks["stage"].tolist(), strict=True):
            seen.append((start + i, whose, Stage(stage)))
        start = end
    assert seen == [(i, judged.account, judged.stage) for i, judged in expected]
    wrong: list[str] = []
    for (i, judged), row in zip(expected, rows, strict=True):
        wrong += differences(f"event {i}", judged.features, row)
    assert not wrong, f"{len(wrong)} values differ\n" + "\n".join(wrong[:20])
    return expected


def test_the_kernel_agrees_with_the_reference_on_twenty_thousand_events_of_every_kind() -> None:
    judged = assert_same(random_log(4, 20_000))
    for feature in FEATURES:
        known = {value for _, look in judged if not math.isnan(value := look.features[feature.name])}
        assert known, f"{feature.name} is never known"
        assert len(known) > 5 or feature.name in MOVED_BY_DECISIONS, f"{feature.name} hardly moves"


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
    assert_same(
        random_log(seed, 400, accounts=accounts, gap_s=gap_s, without=without, late=late, kinds=kinds)
    )


def test_strikes_of_decisions_reach_the_features_of_kernel_and_reference_alike() -> None:
    kinds = [kind for kind in K if kind not in (K.LABEL, K.RULING)]
    events = random_log(12, 5000, accounts=120, late=0.0, kinds=kinds)
    lively = policy("first contact | lock | strangers_1d >= 2.5", "groups | budget | invites_1d >= 2.5")
    looking, deciding, reference = Engine(lively), Engine(lively), ReferenceEngine()
    wrong: list[str] = []
    most = dict.fromkeys(MOVED_BY_DECISIONS, 0.0)
    for i in range(len(events)):
        rows, _ = looking.rows(events[i : i + 1], decide=True)
        decisions = deciding.observe(events[i : i + 1]).decisions
        judged = reference.observe(events[i])
        assert len(rows) == (judged is not None)
        if judged is None:
            continue
        wrong += differences(f"event {i}", judged.features, rows[0])
        for name in MOVED_BY_DECISIONS:
            most[name] = max(most[name], float(np.nan_to_num(rows[0, FEATURE_INDEX[name]])))
        for decision in decisions:
            if decision["rung"] >= Rung.LOCK > decision["previous"]:
                reference.strike(judged.account)
    assert not wrong, f"{len(wrong)} values differ\n" + "\n".join(wrong[:20])
    assert min(most.values()) > 0.01, most
