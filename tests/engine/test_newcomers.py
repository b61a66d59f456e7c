"""Newcomers are known before an event is observed, so that a node can keep their names first."""

from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from logs import DAY, HOUR, K, event, key, log, policy, random_log
from numpy.typing import NDArray

from tidegate.engine.engine import Engine

SENDER, VICTIM = key("sender"), key("victim")


def named(newborn: NDArray[Any], events: NDArray[Any]) -> list[tuple[int, int, int]]:
    """``(event, is_target, key)`` of each."""
    found = []
    for born in newborn:
        i, is_target = int(born["event"]), int(born["is_target"])
        found.append((i, is_target, int(events["target" if is_target else "actor"][i])))
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 2**32),
    cuts=st.lists(st.integers(0, 600), max_size=8),
    accounts=st.sampled_from([3, 40, 2000]),
    idle_limit_s=st.sampled_from([0.0, HOUR]),
)
def test_newcomers_are_whom_observing_then_makes(
    seed: int, cuts: list[int], accounts: int, idle_limit_s: float
) -> None:
    events = random_log(seed, 600, accounts=accounts, gap_s=600.0, kinds=list(K))
    engine = Engine(policy(), idle_limit_s=idle_limit_s, capacity=16)
    for part in np.split(events, sorted(cuts)):
        before = engine.digest()
        foreseen = named(engine.newcomers(part), part)
        assert engine.digest() == before
        known = set(engine.accounts["key"][engine.accounts["last_s"] >= 0].tolist())
        made = named(engine.observe(part).newborn, part)
        # Who was known, or named before in this batch, and is made all the same was forgotten during the batch.
        first: list[tuple[int, int, int]] = []
        for one in made:
            if one[2] not in known:
                known.add(one[2])
                first.append(one)
        assert foreseen == first


def test_each_newcomer_is_named_once_in_a_batch_of_any_length() -> None:
    draw = np.random.default_rng(1)
    events = np.repeat(event(K.MESSAGE, 0.0, SENDER), 50_000)
    events["actor"], events["target"] = draw.integers(1, 20_000, (2, 50_000))
    engine = Engine(policy())
    found = named(engine.newcomers(events), events)
    assert (
        len(found)
        == len({whose for _, _, whose in found})
        == len(np.unique([events["actor"], events["target"]]))
    )
    engine.observe(events)
    assert len(engine.newcomers(events)) == 0


def test_what_a_node_writes_makes_nobody() -> None:
    engine = Engine(policy())
    events = log([event(kind, DAY, SENDER, VICTIM) for kind in (K.TICK, K.POLICY, K.PROOF, K.ERASURE)])
    assert len(engine.newcomers(events)) == 0
    assert len(engine.newcomers(events[:0])) == 0
    assert len(engine.observe(events).newborn) == 0 and len(engine.accounts) == 0
