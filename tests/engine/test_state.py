"""Snapshots of the state: whoever takes one up goes on bit for bit; what does not hold together is refused."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from logs import DAY, HOUR, START, K, blast, event, key, log, people, policy, random_log
from numpy.typing import NDArray

from tidegate.engine.engine import Engine, StateError
from tidegate.engine.layout import LAYOUT_DIGEST
from tidegate.engine.rungs import Rung

LIVELY = policy(
    "first contact | challenge | strangers_1d >= ~3",
    "first contact | lock | strangers_14d >= 6",
    "feedback | ban | negative_1d >= 1.5",
    "network | budget | net_strikes_14d > 1",
)
SENDER = key("sender")


def saved(engine: Engine) -> dict[str, NDArray[Any]]:
    """A copy of the state, as a file would hold it."""
    return {name: part.copy() for name, part in engine.state_parts().items()}


def put_into(engine: Engine, parts: dict[str, NDArray[Any]]) -> Engine:
    """Fill ``engine`` byte by byte, last part first, and adopt."""
    room = engine.prepare_state({name: part.nbytes for name, part in parts.items()})
    for name in reversed(parts):
        room[name].view(np.uint8)[:] = parts[name].view(np.uint8)
    engine.adopt_state()
    return engine


# --- Going on ---------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 2**32),
    cut=st.integers(0, 900),
    again=st.integers(0, 900),
    gap_s=st.sampled_from([5.0, 300.0, 3000.0]),
    idle_limit_s=st.sampled_from([0.0, HOUR, DAY]),
)
def test_a_restored_engine_goes_on_bit_for_bit_wherever_the_log_is_cut(
    seed: int, cut: int, again: int, gap_s: float, idle_limit_s: float
) -> None:
    def engine() -> Engine:
        return Engine(LIVELY, pepper=9, idle_limit_s=idle_limit_s, capacity=16)

    events = random_log(seed, 900, accounts=80, gap_s=gap_s, kinds=list(K))
    original = engine()
    original.observe(events[:cut])
    restored = put_into(engine(), saved(original))
    assert restored.digest() == original.digest() and restored.sequence == cut
    end = max(cut, again)
    first = original.observe(events[cut:end]), restored.observe(events[cut:end])
    # From a snapshot of what came from a snapshot.
    restored = put_into(engine(), saved(restored))
    second = original.observe(events[end:]), restored.observe(events[end:])
    for ours, theirs in (first, second):
        assert ours.decisions.tobytes() == theirs.decisions.tobytes()
        assert ours.newborn.tobytes() == theirs.newborn.tobytes()
    now = float(events["time"].max()) + 2 * DAY
    assert original.end_rungs(now).tobytes() == restored.end_rungs(now).tobytes()
    assert restored.digest() == original.digest()


def test_a_restored_engine_goes_on_when_its_tables_grow_many_times() -> None:
    draw = np.random.default_rng(2)
    keys = draw.integers(1, 2**64, 60_000, dtype=np.uint64)
    events = np.repeat(event(K.MESSAGE, 0.0, SENDER), 70_000)
    events["actor"] = keys[np.minimum(np.arange(70_000) * 5 // 6, 59_999)]
    events["target"] = keys[draw.integers(0, 60_000, 70_000)]
    events["network"], events["device"] = draw.integers(1, 20_000, 70_000), draw.integers(1, 40_000, 70_000)
    events["time"] += np.arange(70_000) * 0.5
    rules = policy("first contact | warn | strangers_1d >= 1.9")
    original = Engine(rules, capacity=16)
    # In the middle of a block, and of an index that is moving.
    original.observe(events[:10_007])
    restored = put_into(Engine(rules, capacity=16), saved(original))
    ours, theirs = original.observe(events[10_007:]), restored.observe(events[10_007:])
    assert len(original.accounts) > 50_000
    assert ours.decisions.tobytes() == theirs.decisions.tobytes() and len(ours.decisions) > 100
    assert original.digest() == restored.digest()
    for one in keys[:200].tolist():
        assert restored.standing_of(one) == original.standing_of(one)


def test_strikes_that_wait_for_the_next_block_wait_in_a_restored_engine_too() -> None:
    rules = policy("first contact | lock | strangers_1m >= 2.9")
    events = blast(SENDER, people(5), network=7, device=8)
    original = Engine(rules)
    original.observe(events)
    assert len(original.state_parts()["strikes"]) == 1
    restored = put_into(Engine(rules), saved(original))
    later = log([event(K.REGISTER, 10.0, one, network=7, device=8) for one in people(70, "new")])
    rows = [engine.rows(later)[0] for engine in (original, restored)]
    assert np.array_equal(rows[0], rows[1], equal_nan=True)
    assert original.digest() == restored.digest()


def test_an_untouched_engine_can_be_saved_and_restored() -> None:
    restored = put_into(Engine(LIVELY), saved(Engine(LIVELY)))
    assert restored.check(event(K.MESSAGE, 0.0, SENDER, key("other"))[0]) == Rung.ALLOW
    assert restored.sequence == 1


def test_the_idle_limit_is_a_setting_and_not_part_of_the_state() -> None:
    original = Engine(policy(), idle_limit_s=1000 * DAY)
    original.observe(blast(SENDER, people(100)))
    restored = put_into(Engine(policy(), idle_limit_s=DAY), saved(original))
    restored.observe(blast(key("later"), people(100, "later"), at=30 * DAY))
    assert not restored.knows(SENDER)


def test_the_parts_are_views_of_live_memory() -> None:
    engine = Engine(policy())
    engine.observe(blast(SENDER, people(3)))
    once, again = engine.state_parts(), engine.state_parts()
    assert [name for name in once if name.count(".") == 0] == [
        "header",
        "strikes",
        "accounts",
        "networks",
        "devices",
        "traces",
    ]
    for name, part in once.items():
        assert part.flags.c_contiguous and part.ctypes.data == again[name].ctypes.data, name
    engine.observe(event(K.READ, 10.0, SENDER))
    assert once["header"]["sequence"][0] == 4 and once["accounts"]["last_s"][0] == START + 10.0


def test_the_layout_has_a_digest() -> None:
    assert len(bytes.fromhex(LAYOUT_DIGEST)) == 32


# --- Refusing ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def parts() -> dict[str, NDArray[Any]]:
    """A state with freed records in it."""
    engine = Engine(LIVELY, pepper=9)
    engine.observe(random_log(1, 700, accounts=80))
    erased = [event(K.ERASURE, DAY, one) for one in engine.accounts["key"][5:10].tolist()]
    engine.observe(log(erased))
    assert engine.account_count == len(engine.accounts) - 5
    return saved(engine)


def two_alike(parts: dict[str, NDArray[Any]]) -> None:
    parts["networks"]["key"][3] = parts["networks"]["key"][1]


def no_key(parts: dict[str, NDArray[Any]]) -> None:
    parts["devices"]["key"][0] = 0


def one_more_freed(parts: dict[str, NDArray[Any]]) -> None:
    parts["accounts"]["last_s"][0] = -1.0


def free_list_in_a_circle(parts: dict[str, NDArray[Any]]) -> None:
    head = int(parts["accounts.book"]["free_head"][0])
    parts["accounts"]["key"][head - 1] = head


def free_list_outside(parts: dict[str, NDArray[Any]]) -> None:
    parts["accounts.book"]["free_head"] = 1 << 40


def free_list_through_records_in_use(parts: dict[str, NDArray[Any]]) -> None:
    parts["accounts.book"]["free_head"] = 1


def fewer_live(parts: dict[str, NDArray[Any]]) -> None:
    parts["accounts.book"]["live"] -= 1


def another_count(parts: dict[str, NDArray[Any]]) -> None:
    parts["devices.book"]["count"] += 1


def another_key(parts: dict[str, NDArray[Any]]) -> None:
    parts["header"]["pepper"] = 8


def more_strikes(parts: dict[str, NDArray[Any]]) -> None:
    parts["header"]["strikes"] += 1


def behind_the_beginning(parts: dict[str, NDArray[Any]]) -> None:
    parts["header"]["sweep_at"] = -1


def no_such_rung(parts: dict[str, NDArray[Any]]) -> None:
    parts["accounts"]["rung"][0] = 7


def no_such_network(parts: dict[str, NDArray[Any]]) -> None:
    parts["accounts"]["network_slot"][0] = len(parts["networks"]) + 1


def held_by_more_than_there_are(parts: dict[str, NDArray[Any]]) -> None:
    parts["networks"]["held_by"][0] += 1


def nobody_on_a_device(parts: dict[str, NDArray[Any]]) -> None:
    parts["accounts"]["device_slot"][int(np.flatnonzero(parts["accounts"]["device_slot"])[0])] = 0


def no_such_place_for_a_peer(parts: dict[str, NDArray[Any]]) -> None:
    parts["accounts"]["peer_head"][0] = 200


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (two_alike, "networks: two records have the same key"),
        (no_key, "devices: a record has no key"),
        (one_more_freed, "accounts: the list of freed records"),
        (free_list_in_a_circle, "accounts: the list of freed records"),
        (free_list_outside, "accounts: the list of freed records"),
        (free_list_through_records_in_use, "accounts: the list of freed records"),
        (fewer_live, "accounts: the list of freed records"),
        (another_count, "but their book counts"),
        (another_key, "made with another key"),
        (more_strikes, "the header counts"),
        (behind_the_beginning, "sweep_at is negative"),
        (no_such_rung, "no rung there is"),
        (no_such_network, "network or device there is not"),
        (no_such_place_for_a_peer, "no rung there is"),
        (held_by_more_than_there_are, "the networks do not count as many accounts"),
        (nobody_on_a_device, "the devices do not count as many accounts"),
    ],
)
def test_a_state_that_does_not_hold_together_is_refused(
    parts: dict[str, NDArray[Any]], damage: Callable[[dict[str, NDArray[Any]]], None], words: str
) -> None:
    put_into(Engine(LIVELY, pepper=9), parts)
    damaged = {name: part.copy() for name, part in parts.items()}
    damage(damaged)
    with pytest.raises(StateError, match=words):
        put_into(Engine(LIVELY, pepper=9), damaged)


def test_room_is_made_in_a_new_engine_and_for_whole_records_of_the_known_parts_only(
    parts: dict[str, NDArray[Any]],
) -> None:
    sizes = {name: part.nbytes for name, part in parts.items()}
    used = Engine(LIVELY)
    used.observe(event(K.TICK, 0.0, 0))
    with pytest.raises(StateError, match="has observed events already"):
        used.prepare_state(sizes)
    for changed, words in (
        ({"accounts": 511}, "no multiple of a record's 512"),
        ({"header": 0}, "header holds 0 records; it must be one"),
        ({"strikes": 24 * 257}, "257 strikes wait; at most 256 can"),
        ({"chats": 0}, "the parts are .*chats.*; wanted "),
    ):
        with pytest.raises(StateError, match=words):
            Engine(LIVELY).prepare_state(sizes | changed)
    with pytest.raises(StateError, match="nothing was prepared"):
        Engine(LIVELY).adopt_state()
