"""What the search promises: fleets are found, honest people are left alone, the same log gives the same findings."""

from importlib.util import find_spec

import numpy as np
import pytest
from small_worlds import EVERY_S, run, world

from tidegate.campaigns.finding import Kind, events_of
from tidegate.campaigns.search import Search, SearchSettings
from tidegate.events.columns import EVENT, EventType, Reason

if find_spec("networkit") is None:
    pytest.skip(
        "community detection needs NetworKit: pip install 'tidegate[campaigns]'", allow_module_level=True
    )

FLEETS = (("slow_drip", 40), ("sim_farm", 30), ("warmup_fleet", 25))
DAY_S = 86_400.0


def test_most_of_every_fleet_is_found() -> None:
    searched = world(3_000, 6, 11, *FLEETS)
    for family, size in FLEETS:
        found = searched.of_family(family) & searched.members()
        assert len(found) >= 0.8 * size, f"{len(found)} of {size} of {family}"


def test_members_are_attackers() -> None:
    assert not world(3_000, 6, 11, *FLEETS).honest_members()


@pytest.mark.parametrize(("seed", "open_society"), [(21, False), (22, True)])
def test_a_world_of_honest_people_has_no_campaigns(seed: int, open_society: bool) -> None:
    assert world(1_500, 5, seed, open_society=open_society).found == []


def test_accounts_of_two_operators_are_two_campaigns() -> None:
    searched = world(3_000, 6, 11, *FLEETS)
    for campaign in searched.search.campaigns.values():
        families = [searched.family_of(int(key)) for key in campaign.members]
        most = max(families.count(family) for family in set(families))
        assert most >= 0.9 * len(families)


def test_a_finding_says_what_is_shared_and_how_rare_that_is() -> None:
    for campaign in world(3_000, 6, 11, *FLEETS).found:
        assert 1 <= len(campaign.facts) <= 3
        for fact in campaign.facts:
            assert 0 < fact.members <= len(campaign.members)
            assert np.isnan(fact.honest_share) or 0.0 <= fact.honest_share <= 1.0
        assert f"{len(campaign.members)} accounts act together" in campaign.reason
        assert all(link.weight > 0.0 for link in campaign.links)


def test_a_campaign_keeps_its_id_while_it_grows() -> None:
    searched = world(3_000, 6, 11, *FLEETS)
    farm = [c for c in searched.found if searched.family_of(int(c.members[0])) == "sim_farm"]
    assert len(farm) > 1
    assert len({campaign.id for campaign in farm}) <= 2
    assert len(farm[-1].members) > len(farm[0].members)


def test_the_same_log_gives_the_same_findings_however_it_is_cut() -> None:
    searched = world(3_000, 6, 11, *FLEETS)
    events = searched.log.events
    search = Search()
    found = []
    at, now_s = 0, float(events["time"][0]) + EVERY_S
    end_s = now_s + 2 * DAY_S
    while now_s < end_s:
        end = int(np.searchsorted(events["time"], now_s))
        for cut in range(at, end, 97):
            search.observe(events[cut : min(cut + 97, end)])
        found += search.find(now_s)
        at, now_s = end, now_s + EVERY_S
    before = [campaign for campaign in searched.found if campaign.found_s < end_s]
    assert len({campaign.id for campaign in before}) > 1
    assert [c.id for c in found] == [c.id for c in before]
    assert all((a.members == b.members).all() for a, b in zip(found, before, strict=True))


def test_findings_become_one_event_for_each_member() -> None:
    campaign = world(3_000, 6, 11, *FLEETS).found[0]
    events = events_of(campaign)
    assert events.dtype == EVENT
    assert (events["type"] == EventType.CAMPAIGN).all()
    assert (events["actor"] == campaign.members).all()
    assert (events["reason"] == Reason.ABUSIVE).all()
    assert (events["chat"] == np.uint64(campaign.id)).all()
    assert events["size"] == pytest.approx(campaign.scores * 1_000, abs=0.5)
    some = events_of(campaign, campaign.members[:2])
    assert len(some) == 2


def test_who_a_person_found_legitimate_is_left_out() -> None:
    searched = world(3_000, 6, 11, *FLEETS)
    cleared = searched.found[0].members[0]
    ruling = np.zeros(1, EVENT)
    ruling["time"], ruling["type"] = searched.log.events["time"][0], int(EventType.LABEL)
    ruling["actor"], ruling["target"], ruling["reason"] = 1, cleared, int(Reason.LEGITIMATE)
    events = searched.log.events
    # The account must be known before anything can be said of it.
    first = int(np.flatnonzero(events["actor"] == cleared)[0]) + 1
    ruling["time"] = events["time"][first - 1]
    later = int(np.searchsorted(events["time"], searched.found[0].found_s + DAY_S))
    _, found = run(np.concatenate([events[:first], ruling, events[first:later]]))
    assert int(cleared) not in {key for campaign in found for key in campaign.members.tolist()}


def test_an_erased_account_is_forgotten() -> None:
    searched = world(3_000, 6, 11, *FLEETS)
    times = searched.log.events["time"]
    events = searched.log.events[: int(np.searchsorted(times, searched.found[0].found_s + EVERY_S))]
    search, found = run(events)
    key = int(found[-1].members[0])
    assert search.memory.persons.find(key) != -1
    erasure = np.zeros(1, EVENT)
    erasure["time"], erasure["type"] = events["time"][-1], int(EventType.ERASURE)
    erasure["actor"] = key
    search.observe(erasure)
    assert search.memory.persons.find(key) == -1
    assert key not in {k for campaign in search.campaigns.values() for k in campaign.members.tolist()}


def test_memory_does_not_grow_beyond_the_window() -> None:
    events = world(2_000, 5, 21).log.events
    short = SearchSettings(window_s=DAY_S, forget_every_s=DAY_S / 4)
    long = SearchSettings()
    live = [run(events, settings)[0].memory.contacts.live for settings in (short, long)]
    assert live[0] < 0.5 * live[1]


def test_a_ring_of_reporters_is_found_with_its_victim() -> None:
    searched = world(3_000, 6, 42, ("false_report_ring", 80))
    rings = [c for c in searched.found if c.kind is Kind.REPORTERS]
    assert rings
    ring = searched.of_family("false_report_ring")
    for campaign in rings:
        assert set(campaign.members.tolist()) <= ring
        assert len(campaign.victims) == 1
        assert searched.family_of(int(campaign.victims[0])) == "honest"
        about = events_of(campaign)[-1]
        assert about["reason"] == Reason.LEGITIMATE and about["actor"] == campaign.victims[0]
        assert 0 < about["size"] <= 1_000


def test_people_who_report_a_real_spammer_are_no_ring() -> None:
    searched = world(3_000, 6, 11, ("naive_blaster", 12))
    assert not [c for c in searched.found if c.kind is Kind.REPORTERS]
