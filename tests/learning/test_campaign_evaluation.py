"""A finding counts from the moment it could have been made, and every account in it counts for or against."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from campaign_logs import DAY_S, HOUR_S, START_S, Log

from tidegate.cli.campaign_evaluation import CampaignScale, TidegateFinder, evaluate_campaigns
from tidegate.engine.rungs import Rung
from tidegate.events.columns import EventType
from tidegate.learning.campaign_evaluation import (
    Bound,
    CampaignTally,
    Crowds,
    DripReach,
    Share,
    add_log,
    found_at,
    result_of,
)
from tidegate.learning.campaign_finder import Finding, findings
from tidegate.learning.campaign_fleets import Fleet, fleets_of
from tidegate.learning.stopping import Enforcement

MINUTE_S = 60.0
FLEET = range(900, 930)
TENTH_S = 2 * HOUR_S + 9 * MINUTE_S


def fleet_log(days: int = 4, strangers: int = 20) -> Log:
    """Thirty accounts that begin a minute apart after two hours, among people who talk to each other."""
    log = Log()
    log.attack("c1", *FLEET)
    for number, member in enumerate(FLEET):
        log.message(HOUR_S, member, FLEET[number - 1])  # warms up with a fellow
        for target in range(strangers):
            log.message(
                2 * HOUR_S + MINUTE_S * (number + 31 * target), member, 10_000 + 100 * number + target
            )
    for hour in range(24 * days):
        log.message(hour * HOUR_S, 1 + hour % 50, 1 + (hour + 1) % 50)
    return log


class Scripted:
    """Says what it is told to say, once the log has come so far."""

    every_s = 5 * MINUTE_S

    def __init__(self, *script: tuple[float, Any]) -> None:
        self.script = script
        self.seen_s = -np.inf

    def observe(self, events: np.ndarray) -> None:
        assert events["time"][0] >= self.seen_s
        self.seen_s = float(events["time"][-1])

    def find(self, now_s: float) -> list[np.ndarray]:
        assert self.seen_s < now_s, "a finder must not see what comes later"
        return [np.array(list(keys), np.uint64) for time, keys in self.script if now_s >= START_S + time]


def tallied(log: Log, *script: tuple[float, Any], crowds: Crowds | None = None) -> CampaignTally:
    tally = CampaignTally("scripted")
    more = {"crowds": crowds} if crowds else {}
    add_log(tally, Scripted(*script), log.events(), log.truth(), **more)
    return tally


def test_a_finder_sees_only_what_lies_before_and_repeats_count_once() -> None:
    found = list(findings(Scripted((HOUR_S, FLEET), (2 * HOUR_S, range(5))), fleet_log().events()))
    assert [finding.time - START_S for finding in found] == [HOUR_S, 2 * HOUR_S]


def test_a_fleet_begins_with_its_first_message_to_a_stranger_outside_of_it() -> None:
    log = fleet_log()
    log.attack("c2", 990, 991)
    [fleet] = fleets_of(log.events(), log.truth())
    assert (fleet.name, len(fleet.members)) == ("c1", 30)
    assert fleet.tenth_s == START_S + TENTH_S
    assert fleet.strangers_a_day == 20.0
    assert not fleet.is_drip
    [slow] = fleets_of(*(lambda log: (log.events(), log.truth()))(fleet_log(strangers=5)))
    assert slow.is_drip


def test_an_answer_to_a_stranger_is_no_first_contact() -> None:
    log = Log()
    log.attack("c1", *range(900, 920))
    for member in range(900, 920):
        log.message(HOUR_S, 5_000 + member, member)
        log.message(2 * HOUR_S, member, 5_000 + member)
    [fleet] = fleets_of(log.events(), log.truth())
    assert np.isinf(fleet.first_deed).all()
    assert np.isinf(fleet.tenth_s)


def test_a_ring_begins_with_its_complaints() -> None:
    log = Log()
    log.attack("r1", *range(900, 920), family="false_report_ring")
    for member in range(900, 920):
        log.add(EventType.REPORT, HOUR_S + member, member, 7)
    [ring] = fleets_of(log.events(), log.truth())
    assert ring.is_ring and not ring.is_drip
    assert ring.tenth_s == START_S + HOUR_S + 909


@pytest.mark.parametrize(
    ("late_s", "members", "in_time"),
    [
        (25 * MINUTE_S, FLEET, True),
        (35 * MINUTE_S, FLEET, False),
        (25 * MINUTE_S, FLEET[:15], True),
        (25 * MINUTE_S, FLEET[:14], False),
        (0.0, FLEET[20:], False),
        (-TENTH_S + HOUR_S, FLEET[:5], True),
        (-TENTH_S + HOUR_S, FLEET[:4], False),
    ],
)
def test_a_fleet_is_found_by_half_of_its_members_active_so_far(
    late_s: float, members: range, in_time: bool
) -> None:
    # the finder is asked every five minutes; 30 members are active 21 minutes after the tenth
    result = result_of(tallied(fleet_log(), (TENTH_S + late_s, members)))
    assert result.in_time.of == 1
    assert result.in_time.value == in_time
    assert result.members_found.value == pytest.approx(len(members) / 30)


def test_two_halves_in_two_findings_do_not_find_a_fleet() -> None:
    fleet = Fleet("c", "sim_farm", np.arange(30, dtype=np.uint64), np.arange(30.0), 9.0, False)
    thirds = [Finding(40.0, fleet.members[at::3]) for at in range(3)]
    assert found_at(fleet, thirds) == np.inf
    assert found_at(fleet, [*thirds, Finding(50.0, fleet.members[:15])]) == 50.0


def test_drip_fleets_have_48_hours_and_count_only_where_the_log_lasts_so_long() -> None:
    found = (TENTH_S + 40 * HOUR_S, FLEET)
    long = result_of(tallied(fleet_log(strangers=5), found))
    assert (long.drips_in_time.of, long.drips_in_time.value, long.in_time.of) == (1, 1.0, 0)
    short = result_of(tallied(fleet_log(days=2, strangers=5), found))
    assert short.drips_in_time.of == 0
    late = result_of(tallied(fleet_log(strangers=5), (TENTH_S + 50 * HOUR_S, FLEET)))
    assert late.drips_in_time.value == 0.0


def test_every_grouped_account_counts_for_or_against() -> None:
    log = fleet_log()
    log.attack("c2", 990, 991)
    result = result_of(tallied(log, (DAY_S, [*FLEET, 990, 1, 2]), (2 * DAY_S, [3, 4, 5, 6, 7])))
    assert result.not_attackers == Bound(7, 38)
    assert result.not_of_operator == Bound(8, 38)
    assert result.honest_grouped == Bound(7, 50)
    assert result.worlds_with_any_grouped == Bound(1, 1)


def test_a_hijacked_account_is_no_attacker_before_the_theft() -> None:
    log = fleet_log()
    truth = log.truth()
    truth.abusive_from[truth.keys == FLEET[0]] = START_S + DAY_S
    for time, wrong in ((DAY_S - HOUR_S, 1), (DAY_S + HOUR_S, 0)):
        tally = CampaignTally("scripted")
        add_log(tally, Scripted((time, FLEET)), log.events(), truth)
        assert result_of(tally).not_attackers.count == wrong


def test_a_crowd_is_grouped_when_one_finding_holds_three_of_it() -> None:
    crowds = Crowds(np.arange(1, 13, dtype=np.uint64), np.repeat(["school 1", "school 2", "shop chain 1"], 4))
    tally = tallied(fleet_log(), (DAY_S, [1, 2, 5, 6, *FLEET]), (DAY_S, [3, 9, 10, 11]), crowds=crowds)
    assert tally.crowds == {"school": 2, "shop chain": 1}
    assert tally.crowds_grouped == {"shop chain": 1}
    assert result_of(tally).crowds_grouped == Bound(1, 3)


def test_no_error_in_100_seeds_is_three_in_a_hundred_at_most() -> None:
    assert Bound(0, 100).upper == pytest.approx(0.0295, abs=0.0005)
    assert np.isnan(Bound(0, 0).rate)


def test_shares_draw_whole_campaigns() -> None:
    alike = Share.over(np.array([50, 50]), np.array([100, 100]))
    unlike = Share.over(np.array([100, 0]), np.array([100, 100]))
    assert (alike.value, alike.low, alike.high) == (0.5, 0.5, 0.5)
    assert (unlike.value, unlike.low, unlike.high) == (0.5, 0.0, 1.0)


def test_strangers_reached_before_the_lock_are_those_of_drip_fleets_alone() -> None:
    def locked_at(time: float) -> Callable[[Any, Any], Enforcement]:
        def enforced(events: Any, truth: Any) -> Enforcement:
            first_at = np.full((len(truth.keys), len(Rung)), np.inf)
            first_at[:, Rung.LOCK] = time
            return Enforcement(first_at, np.zeros(0, [("account", int), ("start", float), ("end", float)]))

        return enforced

    log, fast = fleet_log(strangers=5), fleet_log()
    reached = DripReach("a lock after three strangers")
    for each in (log, fast):
        fleets = fleets_of(each.events(), each.truth())
        reached.add(each.events(), each.truth(), fleets, locked_at(START_S + 2 * HOUR_S + 92 * MINUTE_S))
    assert len(reached.reached) == 1
    assert reached.quantile(0.5).value == 3


def test_tidegates_search_puts_its_findings_where_they_were_made() -> None:
    events = fleet_log().events()
    finder = TidegateFinder()
    found = list(findings(finder, events))
    woven = finder.woven(events)
    told = woven["type"] == EventType.CAMPAIGN
    assert (np.diff(woven["time"]) >= 0).all()
    assert np.array_equal(woven[~told], events)
    assert set(woven["time"][told]) == {finding.time for finding in found}
    assert {key for finding in found for key in finding.members.tolist()} <= set(
        woven["actor"][told].tolist()
    )


def test_the_evaluation_names_every_finder_and_says_that_it_is_simulated() -> None:
    said: list[str] = []
    page = evaluate_campaigns(CampaignScale(1, 200, 2, 1, 200, 2, training_worlds=1), said.append)
    for name in ("Tidegate's search", "SynchroTrap", "Ianus", "shared networks and devices"):
        assert page.count(f"| {name}") >= 2
    assert "*simulated*" in page
    assert len(said) == 3
