"""What a node writes into its journal for itself: ticks of its clock, proofs, erasures, policies."""

from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from logs import DAY, HOUR, START, K, blast, event, key, log, people, policy, random_log
from numpy.typing import NDArray

from tidegate.engine.engine import Engine
from tidegate.engine.features import FEATURE_INDEX
from tidegate.engine.layout import BLOCK, CAUSE_EXPIRY, CAUSE_PROOF
from tidegate.engine.rungs import Rung
from tidegate.events.columns import Reason

SENDER, VICTIM = key("sender"), key("victim")
PEOPLE = people(60, "people")
CHALLENGED = policy("first contact | challenge | strangers_1m >= 2.9")
LOCKED = policy("first contact | lock | strangers_1m >= 2.9")
QUIET = (K.TICK, K.POLICY, K.PROOF, K.ERASURE)


def facts(engine: Engine) -> tuple[Any, ...]:
    return (
        engine.watermark,
        engine.late,
        engine.signals,
        float(engine.state_parts()["header"]["first_time"][0]),
    )


# --- None of it is traffic --------------------------------------------------------------------------------


def test_a_log_does_not_begin_with_a_tick_nor_does_its_clock_follow_one() -> None:
    engine = Engine(policy())
    before = facts(engine)
    loud = {"network": 3, "device": 4, "size": 9, "client": 5, "phone_range": 6, "forwards": 1}
    engine.observe(log([event(kind, at, SENDER, VICTIM, **loud) for kind in QUIET for at in (DAY, 0.0)]))
    assert facts(engine) == before and engine.sequence == 8
    assert len(engine.state_parts()["networks"]) == len(engine.accounts) == 0


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 2**32), every=st.sampled_from([1, 7, 64]), at=st.sampled_from([-DAY, 0.0, 400 * DAY])
)
def test_ticks_leave_every_feature_as_it_is_whatever_the_nodes_clock_says(
    seed: int, every: int, at: float
) -> None:
    """The messenger may deliver a log of last month, or its clock may be wrong."""
    events = random_log(seed, 300, accounts=30)
    ticks = np.repeat(event(K.TICK, at, 0), -(-len(events) // every))
    places = np.arange(0, len(events), every)
    ticked = np.insert(events, places, ticks)
    plain, disturbed = Engine(policy()), Engine(policy())
    rows, looks = plain.rows(events)
    other_rows, other_looks = disturbed.rows(ticked)
    assert np.array_equal(rows, other_rows, equal_nan=True)
    assert (ticked["actor"][other_looks["event"]] == events["actor"][looks["event"]]).all()
    assert facts(plain) == facts(disturbed)


def test_a_tick_at_the_beginning_of_a_block_does_not_age_what_the_strikes_reach() -> None:
    def strikes(first_of_block: NDArray[Any]) -> float:
        engine = Engine(LOCKED)
        engine.observe(blast(SENDER, PEOPLE[:5], every=0.0, network=7))
        engine.observe(log([event(K.READ, 0.0, one) for one in PEOPLE[: BLOCK - 5]]))
        engine.observe(first_of_block)
        rows, _ = engine.rows(event(K.REGISTER, 0.0, VICTIM, network=7))
        return float(rows[0, FEATURE_INDEX["net_strikes_14d"]])

    assert strikes(event(K.TICK, 365 * DAY, 0)) == strikes(event(K.READ, 0.0, VICTIM)) == 1.0


# --- Proofs -----------------------------------------------------------------------------------------------


def test_a_proof_ends_a_challenge_at_its_time() -> None:
    engine = Engine(CHALLENGED)
    engine.observe(blast(SENDER, PEOPLE[:5]))
    assert engine.standing_of(SENDER) == (Rung.CHALLENGE, START + 2 + HOUR)
    (passed,) = engine.observe(event(K.PROOF, 60.0, SENDER)).decisions
    assert (passed["rung"], passed["previous"], passed["cause"]) == (Rung.ALLOW, Rung.CHALLENGE, CAUSE_PROOF)
    assert passed["time"] == START + 60.0 and passed["event"] == 0 and np.isnan(passed["until"])
    assert engine.standing_of(SENDER) == (Rung.ALLOW, None)
    assert len(engine.observe(event(K.PROOF, 61.0, SENDER)).decisions) == 0, "it ends once"
    assert len(engine.end_rungs(START + DAY)) == 0


def test_whoever_is_challenged_again_after_a_proof_is_challenged_for_longer() -> None:
    engine = Engine(CHALLENGED)
    lasting = []
    for round_ in range(3):
        at = round_ * 600.0
        (raised,) = engine.observe(blast(SENDER, PEOPLE[5 * round_ : 5 * round_ + 4], at)).decisions
        lasting.append(float(raised["until"] - raised["time"]))
        engine.observe(event(K.PROOF, at + 60.0, SENDER))
    assert lasting == [HOUR, 6 * HOUR, DAY]
    (raised,) = engine.observe(blast(SENDER, PEOPLE[20:24], 32 * DAY)).decisions
    assert raised["until"] - raised["time"] == HOUR, "a month without a rung is forgotten"


def test_a_proof_moves_no_other_rung_and_makes_nobody_known() -> None:
    engine = Engine(LOCKED)
    engine.observe(blast(SENDER, PEOPLE[:5]))
    outcome = engine.observe(log([event(K.PROOF, 60.0, SENDER), event(K.PROOF, 60.0, key("nobody"))]))
    assert len(outcome.decisions) == len(outcome.newborn) == 0
    assert engine.rung_of(SENDER) == Rung.LOCK and not engine.knows(key("nobody"))


def test_a_proof_that_comes_after_the_challenge_has_run_out_changes_nothing_more() -> None:
    engine = Engine(CHALLENGED)
    engine.observe(blast(SENDER, PEOPLE[:5]))
    (ended,) = engine.observe(event(K.PROOF, DAY, SENDER)).decisions
    assert ended["cause"] == CAUSE_EXPIRY and ended["time"] == START + 2 + HOUR


# --- Erasures ---------------------------------------------------------------------------------------------


def test_an_erased_account_is_forgotten_with_its_rung_and_begins_anew() -> None:
    engine = Engine(LOCKED)
    engine.observe(blast(SENDER, PEOPLE[:5]))
    outcome = engine.observe(event(K.ERASURE, 60.0, SENDER))
    assert len(outcome.decisions) == 0 and not engine.knows(SENDER)
    assert not np.isin(np.uint64(SENDER), engine.accounts["key"]), "nothing of it is left in its record"
    assert engine.rung_of(SENDER) == Rung.ALLOW and engine.account_count == 5
    (again,) = engine.observe(blast(SENDER, [PEOPLE[0]], at=120.0)).newborn
    assert again["slot"] == 0, "its record is used again"
    assert len(engine.accounts) == 6


def test_erasing_an_unknown_account_or_one_twice_changes_nothing() -> None:
    engine = Engine(LOCKED)
    engine.observe(blast(SENDER, PEOPLE[:5]))
    engine.observe(log([event(K.ERASURE, 60.0, SENDER), event(K.ERASURE, 60.0, SENDER)]))
    engine.observe(event(K.ERASURE, 60.0, key("nobody")))
    assert engine.account_count == 5 and int(engine.state_parts()["header"]["evicted"][0]) == 1


def test_what_an_account_did_before_its_erasure_is_judged_and_what_it_does_after_is_new() -> None:
    """All of it in one block, where rows wait to be judged together."""
    engine = Engine(
        policy("first contact | lock | strangers_1m >= 2.9", "first contact | warn | strangers_1m >= 1")
    )
    before, after = blast(SENDER, PEOPLE[:3]), blast(SENDER, PEOPLE[3:5], at=10.0)
    decisions = engine.observe(log([before, event(K.ERASURE, 5.0, SENDER), after])).decisions
    assert decisions["rung"].tolist() == [Rung.WARN, Rung.LOCK, Rung.WARN]
    assert decisions["event"].tolist() == [0, 2, 4] and (decisions["key"] == SENDER).all()
    assert engine.rung_of(SENDER) == Rung.WARN


def test_an_erasure_just_after_somebody_else_was_locked_takes_no_rung_along() -> None:
    engine = Engine(LOCKED)
    engine.observe(
        log([blast(SENDER, PEOPLE[:3]), event(K.ERASURE, 5.0, VICTIM), event(K.READ, 6.0, VICTIM)])
    )
    engine.observe(log([event(K.ERASURE, 7.0, VICTIM), event(K.READ, 8.0, key("third"))]))
    assert engine.rung_of(SENDER) == Rung.LOCK and engine.rung_of(key("third")) == Rung.ALLOW


# --- Ends of rungs ----------------------------------------------------------------------------------------


def some_rungs() -> tuple[Engine, list[int]]:
    """An engine in which four accounts are challenged an hour, one for ever and one no more."""
    engine = Engine(
        policy("first contact | challenge | strangers_1m >= 2.9", "velocity | ban | sent_1m > 90")
    )
    senders = people(4, "sender")
    for one in senders:
        engine.observe(blast(one, PEOPLE[:3]))
    engine.observe(event(K.RULING, 10.0, VICTIM, senders[3], reason=int(Reason.LEGITIMATE)))
    return engine, senders


def test_only_the_accounts_asked_for_are_looked_at() -> None:
    engine, senders = some_rungs()
    keys = np.array([key("nobody"), senders[2], senders[0], senders[2], PEOPLE[0]], np.uint64)
    assert len(engine.end_rungs(START + 60.0, keys)) == 0
    ended = engine.end_rungs(START + DAY, keys)
    assert ended["key"].tolist() == [senders[2], senders[0]], "in the order asked for, once each"
    assert engine.rung_of(senders[1]) == Rung.CHALLENGE
    assert len(engine.end_rungs(START + DAY, keys[:0])) == 0
    (last,) = engine.end_rungs(START + DAY)
    assert last["key"] == senders[1]


def test_an_end_is_the_same_decision_whoever_comes_to_it() -> None:
    made = []
    for way in range(3):
        engine, senders = some_rungs()
        keys = np.array(senders[:1], np.uint64)
        if way == 0:
            decision = engine.end_rungs(START + DAY)[0]
        elif way == 1:
            (decision,) = engine.end_rungs(START + 2 * DAY, keys)
        else:
            decision = engine.observe(event(K.MESSAGE, 3 * DAY, senders[0], PEOPLE[9])).decisions[0]
        made.append((int(decision["id"]), int(decision["key"]), float(decision["time"])))
    assert len(set(made)) == 1


def test_the_rungs_that_will_end_are_listed_with_their_ends() -> None:
    assert [len(part) for part in Engine(policy()).rungs_ending()] == [0, 0]
    engine, senders = some_rungs()
    keys, until_s = engine.rungs_ending()
    assert keys.tolist() == senders[:3], "not the one that was cleared"
    assert until_s.tolist() == [START + 2 + HOUR] * 3
    engine.end_rungs(START + DAY)
    assert len(engine.rungs_ending()[0]) == 0


def test_a_rung_without_an_end_is_not_among_those_that_will_end() -> None:
    rules = ("first contact | ban | strangers_1m >= 3", "velocity | ban | sent_1m >= 3")
    engine = Engine(policy(*rules))
    engine.observe(blast(SENDER, PEOPLE[:5], every=0.0))
    assert engine.standing_of(SENDER) == (Rung.BAN, None)
    assert len(engine.rungs_ending()[0]) == 0
