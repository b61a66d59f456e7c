"""Networks and devices are forgotten when nobody uses them, and never taken for one another."""

from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from logs import DAY, HOUR, START, K, blast, event, key, log, people, policy, random_log
from numpy.typing import NDArray

from tidegate.engine.engine import Engine
from tidegate.engine.features import FEATURE_INDEX
from tidegate.engine.layout import BLOCK
from tidegate.engine.rungs import Rung
from tidegate.events.columns import Reason

SENDER = key("sender")
LOCKED = policy("first contact | lock | strangers_1m >= 2.9")


def in_use(engine: Engine, table: str) -> NDArray[Any]:
    records = engine.state_parts()[table]
    return records[records["last_s"] >= 0]


def device_ids(rounds: int, each: int = 100, **fields: Any) -> NDArray[Any]:
    """One account that names ``each`` new devices an hour."""
    events = np.repeat(event(K.LOGIN, 0.0, SENDER, **fields), rounds * each)
    events["device"] = np.random.default_rng(1).integers(1, 2**64, len(events), dtype=np.uint64)
    events["time"] = START + np.repeat(np.arange(rounds), each) * HOUR
    return events


# --- Nothing is unbounded ---------------------------------------------------------------------------------


def test_device_ids_made_up_by_one_account_take_bounded_memory() -> None:
    forgetful, faithful = Engine(policy(), idle_limit_s=5 * HOUR), Engine(policy())
    for engine in (forgetful, faithful):
        engine.observe(device_ids(200))
    assert len(faithful.state_parts()["devices"]) == 20_000
    # Six hours of new ones are within the limit; the sweep may lag behind by as much again.
    assert len(forgetful.state_parts()["devices"]) < 2_000


def test_networks_number_ranges_and_clients_take_bounded_memory() -> None:
    events = device_ids(200)
    draw = np.random.default_rng(2)
    events["type"], events["network"], events["device"] = K.REGISTER, events["device"], 0
    events["client"], events["phone_range"] = draw.integers(1, 2**32, (2, len(events)))
    engine = Engine(policy(), idle_limit_s=5 * HOUR)
    engine.observe(events)
    assert len(engine.state_parts()["networks"]) < 6_000


def test_whatever_the_idle_limit_the_place_an_account_was_last_at_is_kept_while_the_account_is() -> None:
    engine = Engine(policy(), idle_limit_s=HOUR)
    home = event(K.LOGIN, 0.0, SENDER, network=7, device=8)
    # It goes on acting without saying from where.
    kept_busy = [event(K.READ, hour * HOUR, SENDER) for hour in range(100)]
    others = device_ids(100)
    others["actor"], others["network"] = key("other"), others["device"]
    everything = log([home, *kept_busy, others])
    engine.observe(everything[np.argsort(everything["time"], kind="stable")])
    for table, name in (("networks", 7), ("devices", 8)):
        assert np.isin(np.uint64(name), in_use(engine, table)["key"])
        assert len(in_use(engine, table)) < 1_000


def test_what_was_forgotten_begins_anew() -> None:
    engine = Engine(policy(), idle_limit_s=5 * HOUR)
    engine.observe(event(K.REGISTER, -30 * DAY, key("once"), device=8))
    engine.observe(device_ids(20))
    rows, _ = engine.rows(event(K.REGISTER, 20 * HOUR, key("twice"), device=8))
    assert rows[0, FEATURE_INDEX["device_age"]] == 0.0
    assert rows[0, FEATURE_INDEX["device_accounts"]] < 1.1


def test_nothing_is_forgotten_without_an_idle_limit() -> None:
    engine = Engine(policy())
    events = device_ids(50)
    engine.observe(events)
    assert len(in_use(engine, "devices")) == len(np.unique(events["device"]))


# --- A freed place is never another's ---------------------------------------------------------------------


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 2**32),
    gap_s=st.sampled_from([60.0, 900.0, 6000.0]),
    idle_limit_s=st.sampled_from([60.0, HOUR, DAY]),
    piece=st.sampled_from([1, 50, 500]),
)
def test_every_account_points_to_the_network_and_device_it_was_last_at(
    seed: int, gap_s: float, idle_limit_s: float, piece: int
) -> None:
    events = random_log(seed, 500, accounts=60, gap_s=gap_s, kinds=list(K))
    engine = Engine(LOCKED, idle_limit_s=idle_limit_s, capacity=16)
    last: dict[tuple[str, int], int] = {}
    for start in range(0, len(events), piece):
        for one in events[start : start + piece]:
            # Who is forgotten and comes back later has no place until they say one.
            born = engine.newcomers(one.reshape(1))
            for is_target in born["is_target"].tolist():
                whose = int(one["target" if is_target else "actor"])
                last.pop(("network", whose), None), last.pop(("device", whose), None)
            engine.observe(one.reshape(1))
            if one["type"] < K.LABEL:
                for place in ("network", "device"):
                    if one[place]:
                        last[place, int(one["actor"])] = int(one[place])
        for place in ("network", "device"):
            records = engine.state_parts()[f"{place}s"]
            pointing = in_use(engine, "accounts")
            pointing = pointing[pointing[f"{place}_slot"] > 0]
            slots = pointing[f"{place}_slot"].astype(np.int64) - 1
            assert (records["last_s"][slots] >= 0).all()
            wanted = [last[place, whose] for whose in pointing["key"].tolist()]
            assert records["key"][slots].tolist() == wanted
            assert records["held_by"].tolist() == np.bincount(slots, minlength=len(records)).tolist()


def test_a_strike_that_waits_reaches_the_network_of_its_account_and_no_later_one() -> None:
    engine = Engine(LOCKED, idle_limit_s=HOUR)
    engine.observe(blast(key("filler"), [SENDER] * (BLOCK - 4), every=0.0))
    engine.observe(blast(SENDER, people(3), network=7, device=8, every=0.0))
    assert engine.rung_of(SENDER) == Rung.LOCK
    # The strike is under way when the network's only account is erased, and arrives a day later.
    engine.observe(event(K.ERASURE, 0.0, SENDER))
    busy = device_ids(30)
    busy["actor"], busy["network"] = key("other"), busy["device"]
    busy["time"] += DAY
    engine.observe(busy[:1])
    networks = in_use(engine, "networks")
    assert networks["key"][networks["strikes_14d"] > 0].tolist() == [7]
    # Nobody holds it any more, so it goes in time; no other has inherited the strike.
    engine.observe(busy[1:])
    for table, name in (("networks", 7), ("devices", 8)):
        assert not np.isin(np.uint64(name), in_use(engine, table)["key"])
        assert (engine.state_parts()[table]["strikes_14d"] == 0).all()


def test_a_ruling_on_an_account_idle_for_long_strikes_the_network_it_was_last_at() -> None:
    engine = Engine(LOCKED, idle_limit_s=HOUR)
    engine.observe(event(K.LOGIN, 0.0, SENDER, network=7))
    engine.observe(event(K.RULING, 0.0, SENDER, reason=int(Reason.LEGITIMATE)))
    busy = device_ids(50)
    busy["actor"] = key("other")
    busy["network"] = busy["device"]
    engine.observe(busy)
    engine.observe(event(K.LABEL, 51 * HOUR, SENDER, reason=int(Reason.ABUSIVE)))
    engine.observe(blast(key("other"), [SENDER] * BLOCK, at=51 * HOUR, every=0.0))
    struck = in_use(engine, "networks")
    assert struck["key"][struck["strikes_14d"] > 0].tolist() == [7]


def test_a_number_range_that_was_forgotten_is_not_struck() -> None:
    engine = Engine(LOCKED, idle_limit_s=HOUR)
    engine.observe(event(K.REGISTER, 0.0, SENDER, phone_range=6))
    engine.observe(event(K.RULING, 0.0, SENDER, reason=int(Reason.LEGITIMATE)))
    busy = device_ids(20)
    busy["actor"], busy["network"] = key("other"), busy["device"]
    engine.observe(busy)
    engine.observe(event(K.LABEL, 21 * HOUR, SENDER, reason=int(Reason.ABUSIVE)))
    engine.observe(blast(key("other"), [SENDER] * BLOCK, at=21 * HOUR, every=0.0))
    assert (in_use(engine, "networks")["strikes_14d"] == 0).all()
