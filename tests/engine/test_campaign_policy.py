"""What the shipped policy does about members of a campaign: early for the weak, little for those with a history."""

import math
from typing import Any

import numpy as np
import pytest
from logs import DAY, HOUR, K, blast, event, key, log, people
from numpy.typing import NDArray

from tidegate.engine.engine import Engine
from tidegate.engine.features import FEATURE_INDEX
from tidegate.engine.layout import BLOCK, CAUSE_EVIDENCE
from tidegate.engine.policy import load_policy, shipped_policy_text
from tidegate.engine.rungs import Rung, Stage
from tidegate.events.columns import Reason

SHIPPED = load_policy(shipped_policy_text(), "default.toml")
FLEET = people(12, "fleet")
PEOPLE = people(600, "people")
OF_CAMPAIGN = [rule for rule in SHIPPED.rules if rule.family == "campaign"]


def finding(about: list[int], at: float, strength: float = 0.9) -> NDArray[Any]:
    said = {"reason": int(Reason.ABUSIVE), "size": round(1000 * strength), "chat": 5, "members": len(about)}
    return log([event(K.CAMPAIGN, at, one, **said) for one in about])


def in_order(*parts: NDArray[Any]) -> NDArray[Any]:
    """Several logs as one, by time."""
    events = log(parts)
    return events[np.argsort(events["time"], kind="stable")]


def signs_up(who: int, at: float, where: str) -> NDArray[Any]:
    return event(K.REGISTER, at, who, network=key(where, "network"), phone_range=hash_of(where))


def hash_of(where: str) -> int:
    return key(where, "range") & 0xFFFF_FFFF


def slow(who: int, each_day: int, days: int, first: int, network: int = 0) -> NDArray[Any]:
    """A few strangers a day, hours apart."""
    some = PEOPLE[first : first + each_day * days]
    return blast(who, some, 2 * HOUR, DAY / each_day, network=network)


def engine_with(events: NDArray[Any]) -> Engine:
    engine = Engine(SHIPPED)
    engine.observe(events)
    return engine


def test_a_slow_fleet_that_no_rule_meets_by_itself_is_locked_when_it_is_found() -> None:
    signed_up = [signs_up(who, 600.0 * i, f"place {i}") for i, who in enumerate(FLEET)]
    wrote = [slow(who, 5, 2, 10 * i) for i, who in enumerate(FLEET)]
    engine = Engine(SHIPPED)
    before = engine.observe(in_order(*signed_up, *wrote)).decisions
    assert not (before["rung"] >= Rung.BUDGET).any(), "five strangers a day look honest one by one"
    found = engine.observe(finding(FLEET, 2.2 * DAY)).decisions
    assert found["key"].tolist() == FLEET
    assert set(found["rung"].tolist()) == {Rung.LOCK} and set(found["cause"].tolist()) == {CAUSE_EVIDENCE}
    assert set(found["stage"].tolist()) == {Stage.CAMPAIGN}


def test_a_member_that_goes_on_after_its_lock_is_locked_again_for_longer() -> None:
    engine = engine_with(in_order(signs_up(FLEET[0], 0.0, "a"), slow(FLEET[0], 5, 1, 0)))
    engine.observe(finding(FLEET[:1], DAY))
    later = engine.observe(blast(FLEET[0], PEOPLE[50:80], 2 * DAY + HOUR, 5 * HOUR)).decisions
    raised = later[later["rung"] == Rung.LOCK]
    assert [round((one["until"] - one["time"]) / DAY) for one in raised] == [2, 7]


def test_a_member_with_hardly_any_evidence_of_its_own_is_rationed_or_asked_for_a_proof() -> None:
    engine = engine_with(in_order(signs_up(FLEET[0], 0.0, "a"), blast(FLEET[0], PEOPLE[:2], HOUR, HOUR)))
    (new,) = engine.observe(finding(FLEET[:1], DAY)).decisions
    assert new["rung"] == Rung.BUDGET
    engine = engine_with(blast(FLEET[0], PEOPLE[:2], HOUR, HOUR))
    (of_unknown_age,) = engine.observe(finding(FLEET[:1], DAY)).decisions
    assert of_unknown_age["rung"] == Rung.CHALLENGE, "unknown is not new"
    engine = engine_with(in_order(signs_up(FLEET[0], 0.0, "a"), slow(FLEET[0], 5, 1, 0)))
    (weak,) = engine.observe(finding(FLEET[:1], DAY, 0.65)).decisions
    assert weak["rung"] == Rung.CHALLENGE, "a weak finding asks for a proof, whatever else"


def test_an_account_that_was_forgotten_meanwhile_is_not_acted_on_for_the_finding_alone() -> None:
    assert len(Engine(SHIPPED).observe(finding(FLEET, DAY, 1.0)).decisions) == 0


def answered_by(who: int, some: list[int], at: float) -> NDArray[Any]:
    return log([event(K.MESSAGE, at + i, one, who, network=key(one, "home")) for i, one in enumerate(some)])


HISTORIES: dict[str, NDArray[Any]] = {
    "answered by a third": in_order(slow(FLEET[0], 6, 2, 0), answered_by(FLEET[0], PEOPLE[:4], 2.1 * DAY)),
    "sought out": in_order(slow(FLEET[0], 5, 2, 0), answered_by(FLEET[0], PEOPLE[300:310], DAY)),
    "saved as a contact": in_order(
        slow(FLEET[0], 5, 2, 0),
        log([event(K.CONTACT, DAY + i, one, FLEET[0]) for i, one in enumerate(PEOPLE[:5])]),
    ),
    "of long standing, with friends who write": in_order(
        signs_up(FLEET[0], -100 * DAY, "a"),
        *[blast(FLEET[0], [PEOPLE[400]] * 20, 100.0 + HOUR * i, 60.0) for i in range(3)],
        *[answered_by(FLEET[0], [PEOPLE[400]] * 20, 2000.0 + HOUR * i) for i in range(3)],
        slow(FLEET[0], 4, 2, 0),
    ),
}


def test_without_a_history_the_same_member_is_locked() -> None:
    engine = engine_with(slow(FLEET[0], 5, 2, 0))
    engine.observe(finding(FLEET[:1], 2.5 * DAY, 1.0))
    assert engine.rung_of(FLEET[0]) == Rung.LOCK


@pytest.mark.parametrize("history", HISTORIES)
def test_a_history_protects_a_member_from_more_than_a_proof(history: str) -> None:
    engine = engine_with(HISTORIES[history])
    engine.observe(finding(FLEET[:1], 2.5 * DAY, 1.0))
    assert engine.rung_of(FLEET[0]) <= Rung.CHALLENGE
    engine.observe(blast(FLEET[0], PEOPLE[20:22], 2.6 * DAY, HOUR))
    assert engine.rung_of(FLEET[0]) <= Rung.CHALLENGE


def test_whoever_is_mostly_sought_out_and_answered_is_left_alone() -> None:
    shop = FLEET[0]
    wrote = slow(shop, 3, 2, 0)
    engine = engine_with(
        in_order(wrote, answered_by(shop, PEOPLE[:4], 1.9 * DAY), answered_by(shop, PEOPLE[300:340], DAY))
    )
    assert len(engine.observe(finding([shop], 2.5 * DAY, 1.0)).decisions) == 0


def test_two_families_suspend_a_member_whom_nobody_answers_and_nothing_bans_it() -> None:
    engine = engine_with(in_order(signs_up(FLEET[0], 0.0, "a"), slow(FLEET[0], 5, 6, 0)))
    alone = engine.rung_of(FLEET[0])
    (found,) = engine.observe(finding(FLEET[:1], 9 * DAY, 1.0)).decisions
    assert alone < Rung.SUSPEND
    assert (found["rung"], found["short_of_keys"]) == (Rung.SUSPEND, 0)
    fired = [
        SHIPPED.rules[i]
        for i in range(len(SHIPPED.rules))
        if int(found["rules"][i // 64]) >> (i % 64) & 1 and SHIPPED.rules[i].rung >= Rung.BUDGET
    ]
    assert {rule.family for rule in fired} == {"campaign", "reciprocity"}
    engine.observe(blast(FLEET[0], PEOPLE[100:400], 13 * DAY, 600.0))
    assert engine.rung_of(FLEET[0]) == Rung.SUSPEND
    assert all(rule.rung < Rung.BAN for rule in OF_CAMPAIGN)


def test_the_score_alone_does_nothing_at_a_finding() -> None:
    assert all(threshold == math.inf for threshold in SHIPPED.model[Stage.CAMPAIGN])


def test_what_members_did_reaches_those_who_sign_up_at_the_same_place() -> None:
    network = key("farm", "network")
    signed_up = [signs_up(who, 2 * HOUR * i, "farm") for i, who in enumerate(FLEET)]
    wrote = [slow(who, 5, 2, 10 * i, network) for i, who in enumerate(FLEET)]
    engine = engine_with(in_order(*signed_up, *wrote, *(event(K.LOGIN, 2 * DAY, who) for who in FLEET)))
    engine.observe(finding(FLEET, 3 * DAY))
    assert all(engine.rung_of(who) >= Rung.LOCK for who in FLEET)
    engine.observe(log([event(K.LOGIN, 3 * DAY + 1, PEOPLE[0])] * BLOCK))
    same_place = signs_up(key("newcomer"), 3 * DAY + HOUR, "farm")
    same_range = event(K.REGISTER, 3 * DAY + HOUR, key("b"), phone_range=hash_of("farm"))
    elsewhere = signs_up(key("c"), 3 * DAY + HOUR, "elsewhere")
    rows, _ = engine.rows(log([same_place, same_range, elsewhere]), decide=True)
    strikes = rows[:, FEATURE_INDEX["reg_strikes"]]
    assert strikes[0] > 20.0 and 10.0 < strikes[1] < 12.1 and strikes[2] == 0.0
    assert engine.rung_of(key("newcomer")) == Rung.CHALLENGE
    assert engine.rung_of(key("c")) == Rung.ALLOW


def test_members_without_conduct_of_their_own_leave_their_place_without_a_strike() -> None:
    network = key("home", "network")
    signed_up = [signs_up(who, 2 * HOUR * i, "home") for i, who in enumerate(FLEET)]
    wrote = [blast(who, PEOPLE[2 * i : 2 * i + 2], DAY, HOUR, network=network) for i, who in enumerate(FLEET)]
    engine = engine_with(in_order(*signed_up, *wrote))
    engine.observe(finding(FLEET, 2 * DAY))
    assert {engine.rung_of(who) for who in FLEET} == {Rung.BUDGET}
    engine.observe(log([event(K.LOGIN, 2 * DAY + 1, PEOPLE[0])] * BLOCK))
    rows, _ = engine.rows(signs_up(key("newcomer"), 2 * DAY + HOUR, "home"))
    assert rows[0, FEATURE_INDEX["reg_strikes"]] == 0.0


@pytest.mark.parametrize("rule", OF_CAMPAIGN, ids=lambda rule: str(rule.name))
def test_words_to_the_account_holder_say_what_was_seen_and_accuse_nobody(rule: Any) -> None:
    for word in ("spam", "bulk", "abus", "fraud", "attack", "bot", "illegal", "campaign", "fake"):
        assert word not in rule.notice.lower()
