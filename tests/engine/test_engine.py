"""What the engine promises: the same log, the same decisions; unknown is not new; nothing is unbounded."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from logs import DAY, HOUR, START, K, blast, event, key, log, people, policy, random_log
from numpy.typing import NDArray

from tidegate.engine.engine import MAX_PIECE, Engine, Outcome
from tidegate.engine.features import FEATURE_INDEX, FEATURES, Signal
from tidegate.engine.policy import Policy
from tidegate.engine.rungs import Rung, Stage
from tidegate.events.columns import Reason

SENDER, VICTIM = key("sender"), key("victim")

LIVELY = policy(
    "first contact | warn | strangers_1d >= ~3",
    "velocity | challenge | sent_1h >= ~4",
    "first contact | lock | strangers_14d >= 6",
    "feedback | ban | negative_1d >= 1.5",
    "groups | suspend | invites_14d >= 4",
    "network | budget | net_strikes_14d > 1",
    "registration | lock | reg_strikes > 2",
)
"""Rules that fire all the time on a random log, so that the ladder, strikes and rulings are all at work."""


def features(engine: Engine, events: NDArray[Any]) -> list[dict[str, float]]:
    """Every judged row by name, in order."""
    rows, _ = engine.rows(events)
    return [{name: float(row[column]) for name, column in FEATURE_INDEX.items()} for row in rows]


def account(engine: Engine, name: int) -> Any:
    """The record of an account."""
    accounts = engine.accounts
    (found,) = accounts[(accounts["key"] == name) & (accounts["last_s"] >= 0)]
    return found


# --- The same log, the same decisions ---------------------------------------------------------------------


def whole(engine: Engine, parts: list[NDArray[Any]]) -> tuple[bytes, bytes, str]:
    """Decisions, newborn accounts and state after observing ``parts``, events counted through all of them."""
    decisions, newborn, start = [], [], 0
    for part in parts:
        outcome = engine.observe(part)
        outcome.decisions["event"][outcome.decisions["event"] >= 0] += start
        outcome.newborn["event"] += start
        decisions.append(outcome.decisions.tobytes())
        newborn.append(outcome.newborn.tobytes())
        start += len(part)
    return b"".join(decisions), b"".join(newborn), engine.digest()


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 2**32),
    cuts=st.lists(st.integers(0, 700), max_size=40),
    gap_s=st.sampled_from([5.0, 300.0, 3000.0]),
    idle_limit_s=st.sampled_from([0.0, HOUR, DAY]),
)
def test_any_split_of_a_log_into_batches_gives_the_same_bits(
    seed: int, cuts: list[int], gap_s: float, idle_limit_s: float
) -> None:
    events = random_log(seed, 700, accounts=80, gap_s=gap_s, kinds=list(K))
    once = Engine(LIVELY, idle_limit_s=idle_limit_s)
    split = Engine(LIVELY, idle_limit_s=idle_limit_s, capacity=16)
    assert whole(once, [events]) == whole(split, np.split(events, sorted(cuts)))


def test_a_log_longer_than_a_piece_gives_the_same_bits_in_one_call_in_batches_and_event_by_event() -> None:
    events = random_log(7, MAX_PIECE + 900, accounts=300, kinds=list(K))
    at_once = whole(Engine(LIVELY, idle_limit_s=DAY), [events])
    assert at_once == whole(Engine(LIVELY, idle_limit_s=DAY), np.split(events, range(0, len(events), 997)))
    assert at_once == whole(Engine(LIVELY, idle_limit_s=DAY), list(events[:, np.newaxis]))
    made = np.frombuffer(at_once[0], np.uint8)
    assert len(made) > 1000 * 100, "the comparison rests on many decisions"


def test_the_same_log_twice_gives_the_same_decisions() -> None:
    events = random_log(3, 3000)
    assert whole(Engine(LIVELY), [events]) == whole(Engine(LIVELY), [events])


def test_a_single_check_answers_what_a_batch_decides() -> None:
    events = random_log(4, 600, accounts=30, late=0.0)
    batch, single = Engine(LIVELY), Engine(LIVELY)
    batch.observe(events)
    answers = [single.check(one) for one in events]
    assert single.digest() == batch.digest()
    assert answers[-1] == batch.rung_of(int(events["actor"][-1]))
    assert len(set(answers)) >= 4


def test_looking_at_rows_does_not_decide_and_deciding_beside_does_not_change_decisions() -> None:
    events = random_log(5, 1500)
    looking, plain, both = Engine(LIVELY), Engine(LIVELY), Engine(LIVELY)
    looking.rows(events)
    assert not looking.accounts["rung"].any()
    plain.observe(events)
    both.rows(events, decide=True)
    assert both.digest() == plain.digest()


def test_a_new_policy_counts_from_the_next_event_on_and_keeps_the_state() -> None:
    events = blast(SENDER, people(20), every=0.0)
    engine = Engine(policy())
    assert len(engine.observe(events[:10]).decisions) == 0
    engine.put_in_force(policy("first contact | lock | strangers_1m >= 3"), None)
    (decision,) = engine.observe(events[10:]).decisions
    assert decision["event"] == 0 and decision["row"][FEATURE_INDEX["strangers_1m"]] == 11.0


# --- What comes in and what is told -----------------------------------------------------------------------


def test_an_array_of_another_dtype_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match=r"EVENT, not float64"):
        Engine(policy()).observe(np.zeros(3))
    with pytest.raises(TypeError, match=r"EVENT, not float64"):
        Engine(policy()).rows(np.zeros(3))


def test_an_empty_batch_changes_nothing() -> None:
    engine = Engine(LIVELY)
    before = engine.digest()
    outcome: Outcome = engine.observe(log([]))
    assert len(outcome.decisions) == 0 and len(outcome.newborn) == 0 and engine.digest() == before


def test_every_account_is_announced_once_with_the_event_that_named_it() -> None:
    events = random_log(6, 2000)
    outcome = Engine(policy()).observe(events)
    named = np.where(
        outcome.newborn["is_target"] == 1,
        events["target"][outcome.newborn["event"]],
        events["actor"][outcome.newborn["event"]],
    )
    traffic = events[~np.isin(events["type"], [K.POLICY, K.TICK, K.PROOF])]
    assert len(np.unique(named)) == len(named) == len(set(traffic["actor"].tolist()) | set(named.tolist()))
    assert outcome.newborn["slot"].tolist() == list(range(len(named)))


def test_a_million_members_in_a_group_are_one_event() -> None:
    engine = Engine(LIVELY)
    outcome = engine.observe(event(K.MESSAGE, 0.0, SENDER, chat=9, members=1_000_000))
    assert len(outcome.newborn) == 1 and len(engine.accounts) == 1
    assert account(engine, SENDER)["group_sent_1h"] == 1.0
    assert account(engine, SENDER)["strangers_14d"] == 0.0


def test_an_account_that_writes_to_itself_contacts_nobody() -> None:
    engine = Engine(LIVELY)
    engine.observe(blast(SENDER, [SENDER] * 5))
    assert account(engine, SENDER)["strangers_14d"] == 0.0 and len(engine.accounts) == 1


# --- Unknown is not new -----------------------------------------------------------------------------------

ABOUT_SIGN_UP = [
    f.name for f in FEATURES if f.name in ("account_age", "first_message_delay") or f.name[:4] == "reg_"
]


def test_a_log_without_sign_ups_never_has_an_age_or_a_registration() -> None:
    events = random_log(8, 4000, kinds=[kind for kind in K if kind is not K.REGISTER])
    rows, _ = Engine(policy()).rows(events)
    assert len(rows) > 500
    for name in ABOUT_SIGN_UP:
        assert np.isnan(rows[:, FEATURE_INDEX[name]]).all(), name


def test_an_account_whose_sign_up_was_not_seen_stays_unknown_when_others_sign_up() -> None:
    engine = Engine(policy())
    sign_ups = [event(K.REGISTER, i, key(i, "new"), network=5, phone_range=6, client=7) for i in range(10)]
    (row,) = features(engine, log([*sign_ups, event(K.MESSAGE, 20.0, SENDER, VICTIM, network=5)]))[-1:]
    for name in ABOUT_SIGN_UP:
        assert math.isnan(row[name]), name
    assert row["net_registrations_1h"] > 9.0


def test_a_signal_is_missing_until_the_log_has_carried_it_once() -> None:
    engine = Engine(policy())
    (before,) = features(engine, event(K.MESSAGE, 0.0, SENDER, VICTIM))
    for feature in FEATURES:
        if feature.needs:
            assert math.isnan(before[feature.name]), feature.name
    assert engine.signals == Signal(0)
    engine.observe(event(K.TYPING, 1.0, VICTIM))
    engine.observe(event(K.BLOCK, 2.0, VICTIM, key("other")))
    assert engine.signals == Signal.TYPING | Signal.FEEDBACK
    (after,) = features(engine, event(K.MESSAGE, 3.0, SENDER, key("third")))
    assert after["blocks_14d"] == 0.0 and after["typing_ratio_1d"] == 0.0
    assert math.isnan(after["invites_14d"])


def raised(rules: Policy, events: NDArray[Any]) -> Rung:
    engine = Engine(rules)
    engine.observe(events)
    return engine.rung_of(SENDER)


def test_missing_makes_every_comparison_false_and_can_only_be_asked_for() -> None:
    events = blast(SENDER, people(3))
    for comparison in ("< 1h", "<= 1h", "> 1h", ">= 1h", "== 1h"):
        assert raised(policy(f"age | lock | account_age {comparison}"), events) == Rung.ALLOW, comparison
    assert raised(policy("age | lock | not account_age >= 1h"), events) == Rung.ALLOW
    assert raised(policy("velocity | lock | known(account_age) and sent_1h > 0"), events) == Rung.ALLOW
    assert raised(policy("velocity | lock | unknown(account_age) and sent_1h > 0"), events) == Rung.LOCK
    signed_up = log([event(K.REGISTER, -60.0, SENDER), events])
    assert raised(policy("age | lock | account_age < 1h"), signed_up) == Rung.LOCK


# --- Who says something back ------------------------------------------------------------------------------


def complaints(engine: Engine, about: int) -> float:
    record = account(engine, about)
    return float(record["reports_14d"] + record["blocks_14d"])


def test_a_report_by_someone_never_contacted_weighs_nothing() -> None:
    engine = Engine(policy("feedback | lock | reports_14d > 0"))
    engine.observe(event(K.MESSAGE, 0.0, VICTIM, key("friend")))
    rows = features(engine, log([event(K.REPORT, 1.0, reporter, VICTIM) for reporter in people(1000)]))
    assert rows == [], "nobody is judged for it"
    assert complaints(engine, VICTIM) == 0.0
    assert account(engine, VICTIM)["unfounded_14d"] > 999.0


def test_two_hundred_colluding_reporters_who_began_the_contact_weigh_a_third_of_one_complaint() -> None:
    engine = Engine(policy("feedback | lock | negative_1d > 0.3"))
    ring = people(200, "ring")
    began = [event(K.MESSAGE, i, one, VICTIM) for i, one in enumerate(ring)]
    answered = [event(K.MESSAGE, 200.0 + i, VICTIM, one) for i, one in enumerate(ring[:100])]
    reports = [event(K.REPORT, 400.0, one, VICTIM) for one in ring]
    blocks = [event(K.BLOCK, 401.0, one, VICTIM) for one in ring]
    engine.observe(log([*began, *answered]))
    _, looks = engine.rows(log([*reports, *blocks]), decide=True)
    assert not (looks["stage"] == Stage.FEEDBACK).any() and engine.rung_of(VICTIM) == Rung.ALLOW
    # 0.05 x (1 + 1/2 + ... + 1/200) = 0.294; the second round shrinks on from there.
    assert account(engine, VICTIM)["reports_14d"] == pytest.approx(0.294, abs=0.002)
    assert complaints(engine, VICTIM) < 0.31
    honest = Engine(policy())
    honest.observe(log([event(K.MESSAGE, 0.0, SENDER, VICTIM), event(K.REPORT, 1.0, VICTIM, SENDER)]))
    assert complaints(honest, SENDER) == 1.0, "one stranger's report weighs more than the whole ring"


def test_reporters_on_one_network_count_little_more_than_once() -> None:
    weights = []
    for networks in ([key("one", "network")] * 10, people(10, "network")):
        engine, reporters = Engine(policy()), people(10)
        engine.observe(blast(SENDER, reporters, every=0.0))
        places = zip(reporters, networks, strict=True)
        engine.observe(log([event(K.REPORT, 0.0, one, SENDER, network=place) for one, place in places]))
        weights.append(complaints(engine, SENDER))
    assert weights == [1.0 + 9 * 0.25, 10.0]


def test_a_fresh_reporter_counts_a_quarter_and_a_second_complaint_by_the_same_person_less() -> None:
    engine = Engine(policy())
    engine.observe(log([event(K.REGISTER, 0.0, VICTIM), event(K.MESSAGE, 1.0, SENDER, VICTIM)]))
    engine.observe(event(K.REPORT, 1.0, VICTIM, SENDER))
    assert complaints(engine, SENDER) == 0.25
    engine.observe(event(K.BLOCK, 1.0, VICTIM, SENDER))
    assert complaints(engine, SENDER) == pytest.approx(0.25 * 1.3)


def test_an_answer_from_the_senders_own_network_is_worth_a_tenth() -> None:
    engine = Engine(policy())
    asked = [event(K.MESSAGE, 0.0, SENDER, one, network=5) for one in people(2)]
    answers = [
        event(K.MESSAGE, 0.0, one, SENDER, network=net) for one, net in zip(people(2), (5, 6), strict=True)
    ]
    engine.observe(log([*asked, *answers]))
    record = account(engine, SENDER)
    assert record["answered_14d"] == 2.0 and record["trusted_14d"] == pytest.approx(1.1)


def test_a_flood_of_strangers_does_not_wash_out_a_friend_met_twice() -> None:
    """Whether somebody is remembered shows in what a complaint about them weighs."""
    flood = log([event(K.MESSAGE, 100.0 + i, one, VICTIM) for i, one in enumerate(people(500, "flood"))])
    for messages, weight in ((1, 0.0), (2, 1.0)):
        engine = Engine(policy())
        engine.observe(log([event(K.MESSAGE, float(i), SENDER, VICTIM) for i in range(messages)]))
        engine.observe(flood)
        engine.observe(event(K.REPORT, 700.0, VICTIM, SENDER))
        assert complaints(engine, SENDER) == weight, f"after {messages} messages"


def test_saving_a_number_or_adding_its_owner_to_a_group_first_does_not_hide_a_first_contact() -> None:
    for before in (K.CONTACT, K.INVITE):
        engine = Engine(policy())
        for i, one in enumerate(people(50)):
            engine.observe(log([event(before, i, SENDER, one, chat=9), event(K.MESSAGE, i, SENDER, one)]))
        assert account(engine, SENDER)["stranger_count"] == 17, "capped"
        assert account(engine, SENDER)["strangers_14d"] > 49.9


def test_a_person_who_saved_the_number_is_no_stranger() -> None:
    engine = Engine(policy())
    engine.observe(log([event(K.CONTACT, 0.0, VICTIM, SENDER), event(K.MESSAGE, 1.0, SENDER, VICTIM)]))
    assert account(engine, SENDER)["strangers_14d"] == 0.0


def test_a_complaint_by_somebody_added_to_a_group_counts() -> None:
    engine = Engine(policy())
    engine.observe(log([event(K.INVITE, 0.0, SENDER, VICTIM, chat=9), event(K.REPORT, 0.0, VICTIM, SENDER)]))
    assert complaints(engine, SENDER) == 1.0


def test_whoever_makes_room_in_their_memory_cannot_complain_of_a_reply() -> None:
    engine, socks = Engine(policy()), people(16, "sock")
    for i, one in enumerate(people(20, "ring")):
        at = i * 100.0
        began = [event(K.MESSAGE, at, one, VICTIM), blast(one, socks, at + 1.0)]
        engine.observe(
            log([*began, event(K.MESSAGE, at + 50.0, VICTIM, one), event(K.REPORT, at + 51.0, one, VICTIM)])
        )
    assert complaints(engine, VICTIM) < 0.2


def test_an_unblock_by_sock_puppets_takes_no_block_back() -> None:
    engine, blockers = Engine(policy()), people(10)
    engine.observe(blast(SENDER, blockers, every=0.0))
    engine.observe(log([event(K.BLOCK, 0.0, one, SENDER) for one in blockers]))
    engine.observe(log([event(K.UNBLOCK, 0.0, one, SENDER) for one in people(50, "puppet")]))
    assert complaints(engine, SENDER) == 10.0


# --- Late events ------------------------------------------------------------------------------------------

COUNTS = [
    name for name in Engine(policy()).accounts.dtype.names or () if name[-3:] in ("_1m", "_1h", "_1d", "14d")
]


def test_a_late_event_is_counted_as_late_and_taken_as_having_come_now() -> None:
    on_time = blast(SENDER, people(5), at=DAY, every=0.0)
    late = blast(SENDER, people(5, "late"), at=0.0, every=0.0)
    engine, clamped = Engine(policy()), Engine(policy())
    engine.observe(log([on_time, late]))
    late["time"] = on_time["time"][-1]
    clamped.observe(log([on_time, late]))
    assert (engine.late, clamped.late) == (5, 0)
    assert engine.watermark == START + DAY
    for name in COUNTS:
        assert account(engine, SENDER)[name] == account(clamped, SENDER)[name], name
    assert account(engine, SENDER)["sent_1m"] == 10.0


def test_late_events_never_make_a_counter_larger_than_what_was_counted() -> None:
    engine = Engine(policy())
    events = random_log(11, 4000, accounts=50, late=0.5)
    engine.observe(events)
    assert engine.late > 500
    for record in engine.accounts:
        sent = np.count_nonzero((events["type"] == K.MESSAGE) & (events["actor"] == record["key"]))
        assert record["sent_14d"] <= sent + 1e-3
        for name in ("sent_1m", "sent_1h", "sent_1d"):
            assert record[name] <= record["sent_14d"] + 1e-3
        for name in COUNTS:
            assert math.isfinite(record[name]), name
            # The strength of a campaign has a sign: of senders, or of false reporters.
            assert record[name] >= (-1.0 if name == "campaign_14d" else 0.0), name


# --- Nothing is unbounded ---------------------------------------------------------------------------------


def coming_and_going(rounds: int) -> NDArray[Any]:
    """Each round, a hundred accounts do something to a hundred others, then are never seen again."""
    kinds = (K.MESSAGE, K.INVITE, K.CONTACT, K.REPORT, K.READ, K.BLOCK)
    keys = np.random.default_rng(1).integers(1, 2**64, (rounds, 100, 2), dtype=np.uint64)
    one = event(K.MESSAGE, 0.0, SENDER, VICTIM)
    events = np.repeat(one, rounds * 100)
    events["actor"], events["target"] = keys[:, :, 0].ravel(), keys[:, :, 1].ravel()
    events["type"] = np.resize([int(kind) for kind in kinds], len(events))
    events["time"] = START + np.repeat(np.arange(rounds), 100) * HOUR
    return events


def test_idle_accounts_are_forgotten_and_memory_stays_bounded() -> None:
    events = coming_and_going(200)
    forgetful, faithful = (Engine(policy(), idle_limit_s=limit, capacity=1000) for limit in (5 * HOUR, 0.0))
    forgetful.observe(events)
    faithful.observe(events)
    assert len(faithful.accounts) == 40_000
    # Six hours of newcomers are within the limit; the sweep may lag behind by as much again.
    assert len(forgetful.accounts) < 4_000
    assert np.count_nonzero(forgetful.accounts["last_s"] >= 0) < 4_000
    assert forgetful.bytes_in_use < faithful.bytes_in_use / 4


def test_an_account_that_comes_back_after_being_forgotten_is_announced_again() -> None:
    engine = Engine(policy(), idle_limit_s=HOUR)
    engine.observe(event(K.MESSAGE, -DAY, SENDER, VICTIM))
    engine.observe(coming_and_going(20))
    assert not np.isin(np.uint64(SENDER), engine.accounts["key"])
    outcome = engine.observe(event(K.MESSAGE, 30 * HOUR, SENDER, VICTIM))
    assert len(outcome.newborn) == 2
    assert account(engine, SENDER)["sent_14d"] == 1.0


def test_an_account_that_a_person_trusts_is_not_forgotten_while_that_protects_it() -> None:
    engine = Engine(policy(), idle_limit_s=HOUR)
    engine.observe(event(K.RULING, -DAY, VICTIM, SENDER, reason=int(Reason.LEGITIMATE)))
    engine.observe(coming_and_going(20))
    assert account(engine, SENDER)["trusted_until_s"] > 0


def test_an_account_on_a_rung_is_not_forgotten() -> None:
    engine = Engine(policy("first contact | lock | strangers_1m >= 2.9"), idle_limit_s=HOUR)
    engine.observe(blast(SENDER, people(5), at=-DAY))
    engine.observe(coming_and_going(20))
    assert account(engine, SENDER)["rung"] == Rung.LOCK


def test_tables_that_grow_from_sixteen_to_fifty_thousand_accounts_give_what_large_ones_give() -> None:
    draw = np.random.default_rng(2)
    keys = draw.integers(1, 2**64, 50_000, dtype=np.uint64)
    events = np.repeat(event(K.MESSAGE, 0.0, SENDER), 60_000)
    # Everybody comes in turn, and writes to somebody who has or has not come yet.
    events["actor"] = keys[np.minimum(np.arange(60_000) * 5 // 6, 49_999)]
    events["target"] = keys[draw.integers(0, 50_000, 60_000)]
    events["network"], events["device"] = draw.integers(1, 20_000, 60_000), draw.integers(1, 30_000, 60_000)
    events["time"] = START + np.arange(60_000) * 0.5
    rules = policy("first contact | warn | strangers_1d >= 1.9")
    small, large = Engine(rules, capacity=16), Engine(rules, capacity=400_000)
    grown = whole(small, np.split(events, range(0, 60_000, 700)))
    assert grown == whole(large, [events])
    assert len(small.accounts) == 50_000 and len(grown[0]) > 100_000


def test_an_account_takes_at_most_640_bytes() -> None:
    engine = Engine(policy(), capacity=16)
    empty = engine.bytes_in_use
    engine.observe(coming_and_going(250))
    assert (engine.bytes_in_use - empty) / len(engine.accounts) <= 640
