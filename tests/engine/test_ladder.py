"""Rungs: what raises an account, what it takes, when it ends, and what a person can undo."""

import itertools
from typing import Any

import numpy as np
from logs import DAY, HOUR, START, K, blast, event, key, log, people, policy
from numpy.typing import NDArray

from tidegate.engine.engine import Engine
from tidegate.engine.features import FEATURE_INDEX
from tidegate.engine.layout import BLOCK, CAUSE_EVIDENCE, CAUSE_EXPIRY, CAUSE_PERSON
from tidegate.engine.rule_kernel import threshold_factor
from tidegate.engine.rungs import Rung
from tidegate.events.columns import Reason
from tidegate.events.compiled import compiled

SENDER, MODERATOR = key("sender"), key("moderator")
PEOPLE = people(400, "people")
LOCK_AT_THREE = "first contact | lock | strangers_1m >= 2.9"
"""At the third first contact within seconds: by then the first two have decayed a little."""


def ruling(reason: Reason, at: float, about: int = SENDER, kind: K = K.RULING) -> NDArray[Any]:
    return event(kind, at, MODERATOR, about, reason=int(reason))


def rungs(decisions: NDArray[Any]) -> list[Rung]:
    return [Rung(int(rung)) for rung in decisions["rung"]]


def lasting(decisions: NDArray[Any]) -> list[float]:
    """How long each decision holds, in days, as whole seconds of the record clock allow."""
    return [round(float(seconds) / DAY, 3) for seconds in decisions["until"] - decisions["time"]]


# --- Ends and escalation ----------------------------------------------------------------------------------


def test_a_rung_ends_by_itself_at_its_time() -> None:
    engine = Engine(policy(LOCK_AT_THREE))
    (raised,) = engine.observe(blast(SENDER, PEOPLE[:5])).decisions
    assert (raised["rung"], raised["previous"], raised["cause"]) == (Rung.LOCK, Rung.ALLOW, CAUSE_EVIDENCE)
    assert raised["until"] == START + 2 + DAY
    assert len(engine.end_rungs(raised["until"] - 1.0)) == 0
    (ended,) = engine.end_rungs(raised["until"] + HOUR)
    assert (ended["rung"], ended["previous"], ended["cause"]) == (Rung.ALLOW, Rung.LOCK, CAUSE_EXPIRY)
    assert ended["time"] == raised["until"], "it ended at its time, not when somebody looked"
    assert ended["event"] == -1 and np.isnan(ended["until"])
    assert len(engine.end_rungs(raised["until"] + DAY)) == 0, "it ends once"


def test_an_ended_rung_no_longer_stands_though_nothing_judged_the_account_since() -> None:
    engine = Engine(policy(LOCK_AT_THREE))
    engine.observe(blast(SENDER, PEOPLE[:5]))
    assert engine.rung_of(SENDER) == Rung.LOCK
    assert engine.check(event(K.MESSAGE, DAY - 10.0, SENDER, PEOPLE[0])[0]) == Rung.LOCK
    assert engine.check(event(K.MESSAGE, DAY + 10.0, SENDER, PEOPLE[0])[0]) == Rung.ALLOW


def test_each_time_a_rung_lasts_longer_and_a_clean_month_is_forgotten() -> None:
    engine = Engine(policy(LOCK_AT_THREE))
    starts = [0.0, 2 * DAY, 5 * DAY, 13 * DAY, 60 * DAY]
    parts = [blast(SENDER, PEOPLE[10 * i : 10 * i + 4], at) for i, at in enumerate(starts)]
    decisions = engine.observe(log(parts)).decisions
    raised = decisions[decisions["cause"] == CAUSE_EVIDENCE]
    assert rungs(raised) == [Rung.LOCK] * 5
    assert lasting(raised) == [1.0, 2.0, 7.0, 7.0, 1.0]
    assert rungs(decisions[decisions["cause"] == CAUSE_EXPIRY]) == [Rung.ALLOW] * 4


def test_stronger_evidence_raises_a_standing_rung_and_weaker_evidence_says_nothing_new() -> None:
    engine = Engine(policy("first contact | warn | strangers_1m >= 1.9", LOCK_AT_THREE))
    decisions = engine.observe(blast(SENDER, PEOPLE[:20])).decisions
    assert rungs(decisions) == [Rung.WARN, Rung.LOCK]
    assert decisions["previous"].tolist() == [Rung.ALLOW, Rung.WARN]


def test_a_decision_carries_the_rules_that_fired_and_the_features_they_saw() -> None:
    engine = Engine(policy("velocity | warn | sent_1m >= 50", LOCK_AT_THREE))
    (decision,) = engine.observe(blast(SENDER, PEOPLE[:5], every=0.0)).decisions
    assert decision["rules"].tolist() == [0b10] + [0] * 7
    assert decision["row"][FEATURE_INDEX["strangers_1m"]] == 3.0
    assert decision["event"] == 2 and decision["key"] == SENDER


# --- Two keys ---------------------------------------------------------------------------------------------


def test_one_family_of_evidence_can_lock_but_neither_suspend_nor_ban() -> None:
    for wanted in ("suspend", "ban"):
        engine = Engine(policy(f"first contact | {wanted} | strangers_1m >= 3"))
        (decision,) = engine.observe(blast(SENDER, PEOPLE[:10])).decisions
        assert decision["rung"] == Rung.LOCK and decision["short_of_keys"] == 1


def test_two_rules_of_one_family_are_one_key() -> None:
    engine = Engine(
        policy(
            "first contact | ban | strangers_1m >= 3", "first contact | ban | first_contact_ratio_1d > 0.5"
        )
    )
    assert rungs(engine.observe(blast(SENDER, PEOPLE[:10])).decisions)[-1] == Rung.LOCK


def test_a_second_family_of_evidence_turns_the_second_key() -> None:
    for wanted, rung in (("suspend", Rung.SUSPEND), ("ban", Rung.BAN)):
        rules = (f"first contact | {wanted} | strangers_1m >= 3", "velocity | lock | sent_1m >= 5")
        engine = Engine(policy(*rules))
        decisions = engine.observe(blast(SENDER, PEOPLE[:10])).decisions
        assert rungs(decisions) == [Rung.LOCK, rung]
        assert decisions["short_of_keys"].tolist() == [1, 0]
    assert np.isinf(decisions["until"][-1]), "a ban has no end"
    assert len(engine.end_rungs(START + 1000 * DAY)) == 0


def test_a_second_family_that_would_only_warn_does_not_turn_the_second_key() -> None:
    engine = Engine(policy("first contact | ban | strangers_1m >= 3", "velocity | warn | sent_1m >= 3"))
    assert rungs(engine.observe(blast(SENDER, PEOPLE[:10])).decisions) == [Rung.LOCK]


# --- People -----------------------------------------------------------------------------------------------


def strikes_seen(engine: Engine, at: float, network: int) -> float:
    """Strikes that a newcomer on this network meets, after every waiting one was delivered."""
    newcomers = [event(K.REGISTER, at, key(f"{at}-{i}"), network=network) for i in range(BLOCK + 1)]
    rows, _ = engine.rows(log(newcomers))
    return float(rows[-1, FEATURE_INDEX["net_strikes_14d"]])


def test_a_ruling_legitimate_undoes_the_rung_and_takes_back_the_strike() -> None:
    network = key("network", "network")
    engine = Engine(policy(LOCK_AT_THREE))
    engine.observe(blast(SENDER, PEOPLE[:5], network=network))
    assert strikes_seen(engine, 60.0, network) > 0.99
    (undone,) = engine.observe(ruling(Reason.LEGITIMATE, HOUR)).decisions
    assert (undone["rung"], undone["previous"], undone["cause"]) == (Rung.ALLOW, Rung.LOCK, CAUSE_PERSON)
    assert engine.rung_of(SENDER) == Rung.ALLOW
    assert strikes_seen(engine, HOUR + 60.0, network) == 0.0


def test_an_account_found_legitimate_is_not_raised_above_a_warning_for_ninety_days() -> None:
    engine = Engine(policy(LOCK_AT_THREE))
    engine.observe(ruling(Reason.LEGITIMATE, 0.0))
    engine.observe(blast(SENDER, PEOPLE[:50], at=DAY))
    assert engine.rung_of(SENDER) == Rung.WARN
    assert rungs(engine.observe(blast(SENDER, PEOPLE[50:60], at=91 * DAY)).decisions)[-1] == Rung.LOCK


def test_a_person_alone_can_suspend_and_a_label_moves_no_rung() -> None:
    engine = Engine(policy())
    assert len(engine.observe(ruling(Reason.ABUSIVE, 0.0, kind=K.LABEL)).decisions) == 0
    (decision,) = engine.observe(ruling(Reason.ABUSIVE, 10.0)).decisions
    assert (decision["rung"], decision["cause"]) == (Rung.SUSPEND, CAUSE_PERSON)
    assert decision["until"] == START + 10 + 3 * DAY


def test_abuse_found_later_ends_the_trust_of_an_earlier_ruling() -> None:
    engine = Engine(policy(LOCK_AT_THREE))
    engine.observe(log([ruling(Reason.LEGITIMATE, 0.0), ruling(Reason.ABUSIVE, 10.0, kind=K.LABEL)]))
    assert rungs(engine.observe(blast(SENDER, PEOPLE[:5], at=60.0)).decisions) == [Rung.LOCK]


# --- Strikes ----------------------------------------------------------------------------------------------


def test_a_strike_reaches_the_network_at_the_next_64th_event_and_not_before() -> None:
    network, elsewhere = key("network", "network"), key("elsewhere", "network")
    for lead in (0, 20, 57, 61):
        idle = [event(K.LOGIN, 0.0, MODERATOR) for _ in range(lead)]
        newcomers = [event(K.REGISTER, 60.0, key(i, "new"), network=network) for i in range(150)]
        far = [event(K.REGISTER, 60.0, key(i, "far"), network=elsewhere) for i in range(2)]
        events = log([*idle, blast(SENDER, PEOPLE[:3], network=network), *newcomers, *far])
        struck_by = lead + 2
        rows, looks = Engine(policy(LOCK_AT_THREE)).rows(events, decide=True)
        registered = looks["stage"] == 0
        here = registered & (looks["event"] < len(events) - 2)
        strikes = rows[:, FEATURE_INDEX["net_strikes_14d"]]
        boundary = (struck_by // BLOCK + 1) * BLOCK
        before, after = (
            strikes[here & (looks["event"] < boundary)],
            strikes[here & (looks["event"] >= boundary)],
        )
        assert len(after) and not before.any() and (after > 0.99).all(), f"lead {lead}"
        assert not strikes[looks["event"] >= len(events) - 2].any(), "another network hears nothing"


def test_a_strike_reaches_the_device_and_the_number_range_too() -> None:
    engine = Engine(policy(LOCK_AT_THREE))
    signed_up = event(K.REGISTER, 0.0, SENDER, device=77, phone_range=4912345)
    engine.observe(log([signed_up, blast(SENDER, PEOPLE[:5], at=1.0, device=77)]))
    engine.observe(log([event(K.LOGIN, 10.0, MODERATOR)] * BLOCK))
    same_device, same_range = (
        event(K.REGISTER, 20.0, key("b"), device=77),
        event(K.REGISTER, 20.0, key("c"), phone_range=4912345),
    )
    rows, _ = engine.rows(log([same_device, same_range]))
    assert rows[0, FEATURE_INDEX["device_strikes_14d"]] > 0.99
    assert (rows[:, FEATURE_INDEX["reg_strikes"]] > 0.99).all()


def test_one_account_strikes_once_however_often_it_is_found_and_takes_back_no_more_than_that() -> None:
    network, other = key("network", "network"), key("other")
    engine = Engine(policy(LOCK_AT_THREE))
    engine.observe(log([blast(who, PEOPLE[:5], network=network) for who in (SENDER, other)]))
    engine.observe(log([ruling(Reason.ABUSIVE, 10.0 + i, kind=K.LABEL) for i in range(5)]))
    assert 1.99 < strikes_seen(engine, 60.0, network) <= 2.0
    engine.observe(log([ruling(Reason.LEGITIMATE, 70.0 + i, kind=K.LABEL) for i in range(5)]))
    assert 0.99 < strikes_seen(engine, 120.0, network) <= 1.0, "that of the other account stays"


def test_a_ruling_after_the_rung_has_ended_still_takes_back_the_strike() -> None:
    network = key("network", "network")
    engine = Engine(policy(LOCK_AT_THREE))
    engine.observe(blast(SENDER, PEOPLE[:5], network=network))
    assert strikes_seen(engine, 60.0, network) > 0.99
    engine.observe(ruling(Reason.LEGITIMATE, 2 * DAY))
    assert strikes_seen(engine, 2 * DAY + 60.0, network) == 0.0


def test_an_account_below_lock_strikes_nobody() -> None:
    network = key("network", "network")
    engine = Engine(policy("first contact | budget | strangers_1m >= 3"))
    engine.observe(blast(SENDER, PEOPLE[:5], network=network))
    assert strikes_seen(engine, 60.0, network) == 0.0


# --- Ids --------------------------------------------------------------------------------------------------


def test_decision_ids_are_the_same_for_the_same_cause_and_differ_otherwise() -> None:
    rules = ("first contact | warn | strangers_1m >= 1.9", LOCK_AT_THREE)
    blasts = [blast(key(i, "spammer"), PEOPLE[10 * i : 10 * i + 6], at=i * 100.0) for i in range(30)]
    later = [blast(key(i, "spammer"), PEOPLE[300 + 3 * i : 303 + 3 * i], at=3 * DAY + i) for i in range(30)]
    events = log([*blasts, *later])
    first, again = (Engine(policy(*rules)).observe(events).decisions for _ in range(2))
    assert first["id"].tolist() == again["id"].tolist()
    assert len(first) >= 90 and len(np.unique(first["id"])) == len(first)
    stricter = Engine(policy(*rules, "velocity | warn | sent_1m >= 100")).observe(events).decisions
    assert not set(first["id"].tolist()) & set(stricter["id"].tolist()), "another policy, another cause"


# --- Randomised thresholds --------------------------------------------------------------------------------


@compiled
def every_factor(keys: Any, pepper: Any, time: float, period_s: float, spread: float, out: Any) -> None:
    for i in range(len(keys)):
        out[i] = threshold_factor(keys[i], pepper, time, period_s, spread)


def factors(time: float, *, pepper: int = 5, spread: float = 0.2) -> NDArray[np.float64]:
    keys = np.random.default_rng(3).integers(1, 2**64, 5000, dtype=np.uint64)
    out = np.zeros(len(keys))
    every_factor(keys, np.uint64(pepper), time, DAY, spread, out)
    return out


def test_a_random_threshold_stays_within_its_spread_and_uses_all_of_it() -> None:
    drawn = factors(START)
    assert drawn.min() >= np.float32(0.8) and drawn.max() <= np.float32(1.2)
    assert drawn.min() < 0.81 and drawn.max() > 1.19 and abs(drawn.mean() - 1.0) < 0.01
    assert (factors(START, spread=0.0) == 1.0).all()


def test_a_random_threshold_is_kept_for_a_period_and_drawn_anew_in_the_next() -> None:
    day = START - START % DAY
    assert (factors(day) == factors(day + DAY - 0.001)).all()
    anew = np.corrcoef(factors(day), factors(day + DAY))[0, 1]
    other_key = np.corrcoef(factors(day), factors(day, pepper=6))[0, 1]
    assert abs(anew) < 0.06 and abs(other_key) < 0.06


def test_accounts_meet_different_thresholds_and_each_the_same_one_when_replayed() -> None:
    rules = policy("first contact | warn | strangers_1d >= ~20")
    events = log([blast(key(i, "probe"), PEOPLE[:30], every=0.0) for i in range(60)])
    met = [Engine(rules, pepper=pepper).observe(events).decisions["event"] % 30 + 1 for pepper in (1, 1, 2)]
    assert len(met[0]) == 60 and met[0].min() >= 16 and met[0].max() <= 24
    assert len(set(met[0].tolist())) >= 6
    assert met[0].tolist() == met[1].tolist() != met[2].tolist()


def test_ids_of_one_account_differ_over_rungs_and_causes() -> None:
    engine = Engine(policy("first contact | warn | strangers_1m >= 1.9", LOCK_AT_THREE))
    decisions = [engine.observe(blast(SENDER, PEOPLE[:5], every=0.0)).decisions]
    for at, reason in itertools.product((DAY / 2, 3 * DAY), (Reason.LEGITIMATE, Reason.ABUSIVE)):
        decisions.append(engine.observe(ruling(reason, at + int(reason))).decisions)
    ids = np.concatenate(decisions)["id"]
    assert len(ids) >= 5 and len(np.unique(ids)) == len(ids)
