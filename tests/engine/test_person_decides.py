"""A person's word: a rung that is named, for how long, and what is taken back where it was given."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from logs import DAY, HOUR, START, K, blast, event, key, log, people, policy, random_log
from numpy.typing import NDArray

from tidegate.engine.engine import Engine
from tidegate.engine.features import FEATURE_INDEX, Signal
from tidegate.engine.layout import BLOCK, CAUSE_PERSON, STRIKES_KEPT
from tidegate.engine.reference_ladder import Move, ReferenceLadder
from tidegate.engine.rungs import Rung
from tidegate.events.columns import MISSING_FORWARDS, MISSING_INT, Reason

SENDER, OTHER, MODERATOR = key("sender"), key("other"), key("moderator")
PEOPLE = people(400, "people")
LOCK_AT_THREE = "first contact | lock | strangers_1m >= 2.9"
HOME, AWAY = key("home", "device"), key("away", "device")
NAMED = [rung for rung in Rung if rung is not Rung.ALLOW]


def named(rung: Rung, at: float, minutes: int = MISSING_INT, about: int = SENDER) -> NDArray[Any]:
    fields = {"forwards": int(rung), "members": minutes, "reason": int(Reason.ABUSIVE)}
    return event(K.RULING, at, MODERATOR, about, **fields)


def cleared(at: float, about: int = SENDER, kind: K = K.RULING) -> NDArray[Any]:
    return event(kind, at, MODERATOR, about, reason=int(Reason.LEGITIMATE))


def quiet_block(at: float) -> NDArray[Any]:
    """So many events of nobody in particular that every waiting strike arrives."""
    return log([event(K.LOGIN, at, MODERATOR)] * BLOCK)


def device_strikes(engine: Engine, at: float, device: int) -> float:
    """What somebody who signs up on this device is judged by."""
    engine.observe(quiet_block(at))
    rows, _ = engine.rows(event(K.REGISTER, at, key(f"new {at} {device}"), device=device))
    assert rows[0, FEATURE_INDEX["reg_strikes"]] == rows[0, FEATURE_INDEX["device_strikes_14d"]]
    return float(rows[0, FEATURE_INDEX["device_strikes_14d"]])


# --- A rung that is named ---------------------------------------------------------------------------------


@pytest.mark.parametrize("rung", NAMED)
def test_a_person_puts_an_account_on_any_rung_for_as_long_as_they_say(rung: Rung) -> None:
    engine = Engine(policy())
    (decision,) = engine.observe(named(rung, 0.0, minutes=90)).decisions
    assert (decision["rung"], decision["cause"]) == (rung, CAUSE_PERSON)
    assert engine.standing_of(SENDER) == (rung, START + 5400.0)
    (ended,) = engine.end_rungs(START + 5400.0)
    assert ended["rung"] == Rung.ALLOW


@pytest.mark.parametrize(
    ("rung", "lasts_s"), [(Rung.WARN, HOUR), (Rung.LOCK, DAY), (Rung.SUSPEND, 3 * DAY), (Rung.BAN, math.inf)]
)
def test_without_a_time_the_rung_lasts_as_long_as_the_ladder_says(rung: Rung, lasts_s: float) -> None:
    engine = Engine(policy())
    (decision,) = engine.observe(named(rung, 0.0)).decisions
    assert decision["until"] - decision["time"] == lasts_s


def test_a_person_lowers_a_rung_and_the_lower_one_is_no_further_raise() -> None:
    engine = Engine(policy(LOCK_AT_THREE))
    engine.observe(blast(SENDER, PEOPLE[:5]))
    (lowered,) = engine.observe(named(Rung.CHALLENGE, 60.0)).decisions
    assert (lowered["rung"], lowered["previous"]) == (Rung.CHALLENGE, Rung.LOCK)
    assert lowered["until"] == START + 60.0 + HOUR, "as the first time"
    (raised,) = engine.observe(blast(SENDER, PEOPLE[5:10], at=2 * HOUR)).decisions[-1:]
    assert raised["until"] - raised["time"] == 2 * DAY, "the lock is the second raise"


def test_an_upheld_measure_keeps_its_end_and_becomes_firm() -> None:
    engine = Engine(policy("feedback | lock | reports_14d >= 0.5"))
    engine.observe(log([blast(SENDER, PEOPLE[:3]), event(K.REPORT, 9.0, PEOPLE[0], SENDER)]))
    before = engine.standing_of(SENDER)
    assert before[0] is Rung.LOCK
    assert len(engine.observe(named(Rung.LOCK, 60.0)).decisions) == 0
    assert engine.standing_of(SENDER) == before
    ring = event(K.CAMPAIGN, 90.0, SENDER, reason=int(Reason.LEGITIMATE), size=1000)
    assert len(engine.observe(ring).decisions) == 0, "what a person said does not rest on the complaints"


def test_the_same_rung_for_another_time_is_a_decision_so_that_the_messenger_hears_of_it() -> None:
    engine = Engine(policy(LOCK_AT_THREE))
    engine.observe(blast(SENDER, PEOPLE[:5]))
    (changed,) = engine.observe(named(Rung.LOCK, 60.0, minutes=10)).decisions
    assert (changed["rung"], changed["previous"]) == (Rung.LOCK, Rung.LOCK)
    assert changed["until"] == START + 660.0


def test_a_ruling_without_a_rung_does_what_it_did_and_its_columns_are_no_signal_of_the_log() -> None:
    engine = Engine(policy())
    plain = event(K.RULING, 0.0, MODERATOR, SENDER, reason=int(Reason.ABUSIVE))
    assert (int(plain["forwards"][0]), int(plain["members"][0])) == (MISSING_FORWARDS, MISSING_INT)
    assert engine.observe(plain).decisions["rung"].tolist() == [Rung.SUSPEND]
    engine.observe(named(Rung.WARN, 10.0, minutes=5))
    assert not engine.signals & Signal.FORWARDS


def test_a_rung_that_there_is_not_is_no_rung() -> None:
    engine = Engine(policy())
    for forwards in (0, 7, 254):
        ruling = event(K.RULING, 0.0, MODERATOR, forwards, forwards=forwards, reason=int(Reason.ABUSIVE))
        assert engine.observe(ruling).decisions["rung"].tolist() == [Rung.SUSPEND]


def test_only_from_lock_on_a_named_rung_strikes_and_lowering_it_takes_the_strike_back() -> None:
    engine = Engine(policy())
    engine.observe(event(K.LOGIN, 0.0, SENDER, device=HOME))
    engine.observe(named(Rung.BUDGET, 1.0))
    assert device_strikes(engine, 2.0, HOME) == 0.0
    engine.observe(named(Rung.BAN, 3.0))
    assert device_strikes(engine, 4.0, HOME) > 0.99
    engine.observe(named(Rung.LOCK, 5.0))
    assert device_strikes(engine, 6.0, HOME) > 0.99
    engine.observe(named(Rung.WARN, 7.0))
    assert device_strikes(engine, 8.0, HOME) == 0.0


# --- Taken back where it was given ------------------------------------------------------------------------


def test_who_is_cleared_after_moving_on_is_cleared_where_the_strike_was_given() -> None:
    engine, unharmed = Engine(policy(LOCK_AT_THREE)), Engine(policy(LOCK_AT_THREE))
    places = {"device": HOME, "network": key("home", "network")}
    signed_up = event(K.REGISTER, 0.0, SENDER, phone_range=4912345, **places)
    elsewhere = event(K.LOGIN, DAY, SENDER, device=AWAY, network=key("away", "network"))
    guilty = blast(OTHER, PEOPLE[10:15], at=DAY + 60.0, device=AWAY)
    for one in (engine, unharmed):
        one.observe(signed_up)
    engine.observe(blast(SENDER, PEOPLE[:5], at=1.0, **places))
    assert engine.rung_of(SENDER) == Rung.LOCK and device_strikes(engine, 60.0, HOME) > 0.99
    engine.observe(log([elsewhere, guilty, quiet_block(DAY + 120.0)]))
    engine.observe(cleared(3 * DAY))
    assert 0.9 < device_strikes(engine, 3 * DAY, AWAY) < 0.93, "another's strike stays"
    rows = []
    for one in (engine, unharmed):
        one.observe(quiet_block(4 * DAY))
        newcomer = event(K.REGISTER, 4 * DAY, key("newcomer"), phone_range=4912345, **places)
        rows.append(one.rows(newcomer)[0][0])
    judged_by = [column for name, column in FEATURE_INDEX.items() if "strikes" in name or "abuse" in name]
    assert rows[0][judged_by].tolist() == rows[1][judged_by].tolist() == [0.0] * len(judged_by)


def test_after_a_ban_was_undone_the_next_sign_up_on_that_device_meets_nothing() -> None:
    banned = ("first contact | ban | strangers_1m >= 2.9", "velocity | lock | sent_1m >= 2.9")
    engine = Engine(policy(*banned, "device | budget | device_strikes_14d >= 0.5"))
    engine.observe(event(K.REGISTER, 0.0, SENDER, device=HOME))
    engine.observe(blast(SENDER, PEOPLE[:5], at=1.0, device=HOME))
    assert engine.rung_of(SENDER) == Rung.BAN
    engine.observe(quiet_block(60.0))
    (worse,) = engine.observe(event(K.REGISTER, 61.0, key("second"), device=HOME)).decisions
    assert worse["rung"] == Rung.BUDGET
    engine.observe(event(K.LOGIN, HOUR, SENDER, device=AWAY))
    engine.observe(log([cleared(2 * HOUR), quiet_block(2 * HOUR)]))
    assert len(engine.observe(event(K.REGISTER, 3 * HOUR, key("third"), device=HOME)).decisions) == 0
    assert engine.rung_of(key("second")) == Rung.BUDGET, "it has a decision, and an appeal, of its own"


def test_what_is_taken_back_is_what_is_left_of_the_strike() -> None:
    engine = Engine(policy(LOCK_AT_THREE))
    engine.observe(blast(SENDER, PEOPLE[:5], device=HOME))
    engine.observe(blast(OTHER, PEOPLE[5:10], at=14 * DAY, device=HOME))
    engine.observe(cleared(14 * DAY + 60.0))
    assert 0.99 < device_strikes(engine, 14 * DAY + 120.0, HOME) <= 1.001, "the other's is whole"


def test_every_strike_of_an_account_is_taken_back_up_to_those_that_are_remembered() -> None:
    for times in range(1, STRIKES_KEPT + 2):
        engine = Engine(policy(LOCK_AT_THREE))
        for i in range(times):
            at = 8 * DAY * i
            engine.observe(blast(SENDER, PEOPLE[10 * i : 10 * i + 4], at=at, device=HOME if i else AWAY))
        engine.observe(cleared(8 * DAY * times))
        assert device_strikes(engine, 8 * DAY * times + 60.0, HOME) == 0.0
        left = device_strikes(engine, 8 * DAY * times + 120.0, AWAY)
        assert (left == 0.0) == (times <= STRIKES_KEPT), "the fifth pushes the first out of memory"


def test_where_strikes_went_is_forgotten_with_the_account() -> None:
    engine = Engine(policy(LOCK_AT_THREE))
    engine.observe(blast(SENDER, PEOPLE[:5], device=HOME))
    assert int(engine.state_parts()["traces.book"]["live"][0]) == 1
    engine.observe(event(K.ERASURE, 60.0, SENDER))
    assert int(engine.state_parts()["traces.book"]["live"][0]) == 0
    assert not np.isin(np.uint64(SENDER), engine.state_parts()["traces"]["key"])


# --- The reference ----------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 2**32),
    accounts=st.integers(2, 30),
    gap_s=st.sampled_from([20.0, 600.0, 20_000.0, 200_000.0]),
    late=st.sampled_from([0.0, 0.1]),
)
def test_kernel_and_reference_move_the_same_accounts_whatever_people_say(
    seed: int, accounts: int, gap_s: float, late: float
) -> None:
    events = random_log(seed, 400, accounts=accounts, gap_s=gap_s, late=late, kinds=list(K))
    draw = np.random.default_rng(seed)
    said = draw.random(len(events)) < 0.3
    events["type"][said] = draw.choice([int(K.RULING), int(K.RULING), int(K.LABEL)], int(said.sum()))
    rulings = events["type"] == K.RULING
    events["forwards"][rulings] = draw.choice([*NAMED, 0, 7, MISSING_FORWARDS], int(rulings.sum()))
    events["members"][rulings] = draw.choice([MISSING_INT, 1, 60, 100_000], int(rulings.sum()))
    ladder = policy()
    looking, deciding = Engine(ladder), Engine(ladder)
    reference = ReferenceLadder([step.durations_s for step in ladder.ladder])
    wrong: list[str] = []
    for i in range(len(events)):
        one = events[i : i + 1]
        rows, _ = looking.rows(one, decide=True)
        judged, expected = reference.observe(one[0])
        moves = [
            Move(int(d["key"]), int(d["rung"]), int(d["previous"]), float(d["until"]))
            for d in deciding.observe(one).decisions
        ]
        assert len(moves) == len(expected), f"event {i}: {moves} instead of {expected}"
        for ours, theirs in zip(moves, expected, strict=True):
            assert ours[:3] == theirs[:3] and (ours.rung == Rung.ALLOW or ours.until_s == theirs.until_s)
        assert len(rows) == (judged is not None)
        if judged is None:
            continue
        for name in ("net_strikes_14d", "device_strikes_14d", "reg_strikes"):
            expects, found = judged.features[name], float(rows[0, FEATURE_INDEX[name]])
            both_missing = math.isnan(expects) and math.isnan(found)
            if not both_missing and not math.isclose(expects, found, rel_tol=2e-3, abs_tol=1e-3):
                wrong.append(f"event {i}: {name} is {found!r}, the reference says {expects!r}")
    assert not wrong, "\n".join(wrong[:20])


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), cuts=st.lists(st.integers(0, 600), max_size=6))
def test_rulings_that_name_a_rung_replay_bit_for_bit_however_the_log_is_cut(
    seed: int, cuts: list[int]
) -> None:
    events = random_log(seed, 600, accounts=40, kinds=list(K))
    draw = np.random.default_rng(seed)
    said = draw.random(len(events)) < 0.1
    events["type"][said], events["forwards"][said] = int(K.RULING), draw.integers(0, 8, int(said.sum()))
    rules = policy(
        LOCK_AT_THREE, "feedback | ban | negative_1d >= 1.5", "network | budget | net_strikes_14d > 1"
    )
    whole, parts = (Engine(rules, pepper=3, idle_limit_s=DAY, capacity=16) for _ in range(2))
    once = whole.observe(events).decisions
    again = [parts.observe(piece).decisions for piece in np.split(events, sorted(cuts))]
    for field in ("id", "until", "rung", "previous", "score"):
        assert np.array_equal(once[field], np.concatenate(again)[field], equal_nan=True)
    assert whole.digest() == parts.digest()
