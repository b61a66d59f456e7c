"""Fleets and rings do what their plans say, at every level of hygiene."""

import numpy as np
import pytest
from numpy.typing import NDArray
from world_observed import first_contacts, of_type

from tidegate.events.columns import EventType
from tidegate.world import FAMILIES, FLEETS, World, WorldSettings, fleet, simulate
from tidegate.world.fleets import FLEET_KINDS, HYGIENE

DAY_S, HOUR_S = 86_400.0, 3_600.0


def _world(
    attackers: dict[str, object], people: int = 1_500, days: int = 10, seed: int = 1, **more: object
) -> World:
    return simulate(WorldSettings(people=people, days=days, seed=seed, attackers=attackers, **more))  # type: ignore[arg-type]


def _fleets(world: World) -> dict[str, NDArray[np.int64]]:
    table = world.accounts
    return {c: np.flatnonzero(table.campaign == c) for c in sorted(set(table.campaign.tolist()) - {""})}


def _contacts(world: World, members: NDArray[np.int64]) -> tuple[NDArray[np.float64], ...]:
    """Time, sender and receiver of members' first messages to others."""
    time, sender, receiver = first_contacts(world)
    rows = np.isin(sender, members) & ~np.isin(receiver, members)
    return time[rows], sender[rows], receiver[rows]


def test_a_default_world_has_no_fleet() -> None:
    assert not set(FLEETS) & set(FAMILIES)
    table = simulate(WorldSettings(people=300, days=3, seed=1)).accounts
    assert not set(FLEETS) & set(table.role.tolist())


@pytest.mark.parametrize("kind", FLEET_KINDS)
def test_every_fleet_writes_to_strangers_at_every_hygiene(kind: str) -> None:
    attackers: dict[str, object] = {}
    for hygiene in HYGIENE:
        attackers |= fleet(kind, hygiene, 20)
    world = _world(attackers)
    for members in _fleets(world).values():
        assert len(members) == 20
        _, sender, _ = _contacts(world, members)
        assert len(np.unique(sender)) >= 8
        assert len(sender) >= 40


def test_fleets_have_exactly_the_size_asked_for() -> None:
    world = _world(fleet("drip_fleet", "own", 25, fleets=2) | fleet("woken_fleet", "cheap", 60), days=4)
    assert [len(members) for members in _fleets(world).values()] == [25, 25, 60]
    assert set(world.accounts.family[world.accounts.family != "honest"]) == {
        "drip_fleet_own",
        "woken_fleet_cheap",
    }


def test_a_fleet_whose_size_is_left_open_is_still_a_fleet() -> None:
    world = _world({"proxy_fleet_own": FLEETS["proxy_fleet_own"]}, people=300, days=3)
    assert (world.accounts.family == "proxy_fleet_own").sum() == 20


def test_an_unknown_fleet_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown fleet 'drip_fleet_sloppy'"):
        fleet("drip_fleet", "sloppy", 20)


def test_hygiene_is_what_it_says() -> None:
    """Networks, devices, numbers and sign-ups; those from before the log count."""
    attackers: dict[str, object] = {**fleet("drip_fleet", "cheap", 40), **fleet("drip_fleet", "own", 40)}
    world = _world(attackers, prelude=True)
    cheap, own = _fleets(world).values()
    who = world.who
    prefix = world.addresses[who.home[: len(who)]] >> 8
    people = np.unique(prefix[world.accounts.family == "honest"])
    assert len(np.unique(prefix[cheap])) <= 6
    assert not np.isin(prefix[cheap], people).any()
    assert np.isin(prefix[own], people).all()
    assert len(np.unique(who.device[cheap])) <= 25
    assert len(np.unique(who.device[own])) == 40
    assert np.diff(np.sort(who.phone[cheap])).max() <= 3
    assert np.median(np.diff(np.sort(who.phone[own]))) > 100
    assert np.ptp(who.signup[cheap]) <= 14_400.0
    assert np.ptp(who.signup[own]) >= 1.5 * DAY_S
    assert len(np.unique(who.client[own])) >= 3


def test_a_drip_fleet_writes_to_at_most_five_strangers_a_day_by_day() -> None:
    world = _world(fleet("drip_fleet", "mixed", 30, limited_after_h=0.0))
    (members,) = _fleets(world).values()
    time, sender, _ = _contacts(world, members)
    for account in np.unique(sender):
        own = time[sender == account]
        # Two of its own days may touch one of these.
        assert np.bincount(((own - own[0]) // DAY_S).astype(int)).max() <= 10
        assert len(own) <= 5 * 11


def test_a_warming_fleet_talks_among_its_own_before_the_first_stranger() -> None:
    world = _world(fleet("warming_fleet", "cheap", 20))
    (members,) = _fleets(world).values()
    time, sender, receiver = first_contacts(world)
    begins = world.accounts.attack_start
    warm = np.isin(sender, members) & np.isin(receiver, members)
    warm &= time < np.minimum(begins[sender], begins[np.minimum(receiver, len(begins) - 1)])
    assert warm.sum() > len(members)


def test_a_group_fleet_takes_its_targets_from_the_same_groups() -> None:
    world = _world(fleet("group_fleet", "own", 25))
    (members,) = _fleets(world).values()
    columns = world.columns
    joins = of_type(world, EventType.JOIN) & np.isin(columns["actor"], members)
    joined = [set(columns["chat"][joins & (columns["actor"] == a)].tolist()) for a in members.tolist()]
    active = [groups for groups in joined if groups]
    assert len(active) >= 15
    assert all(groups == active[0] for groups in active)
    assert 3 <= len(active[0]) <= 8


def test_a_woken_fleet_sleeps_a_week_and_begins_on_one_morning() -> None:
    world = _world(fleet("woken_fleet", "own", 30), prelude=True)
    (members,) = _fleets(world).values()
    started = world.accounts.attack_start[members]
    assert np.ptp(started) <= 3 * HOUR_S
    slept = started - (world.settings.start + world.who.signup[members])
    assert slept.min() >= 6.5 * DAY_S
    assert np.isin(world.columns["actor"][of_type(world, EventType.REGISTER)], members).sum() == 30


@pytest.mark.parametrize("moves_on", [0.0, 1.0])
def test_a_fleet_that_reacts_pauses_together_and_begins_again_within_an_hour(moves_on: float) -> None:
    plan = {"limited_after_h": 30.0, "pause_h": 24.0, "signup_lead": 0.0, "signup_burst_s": 3_600.0}
    world = _world(fleet("jittered_fleet", "own", 25, total=400, work_days=10, moves_on=moves_on, **plan))
    (members,) = _fleets(world).values()
    time, sender, _ = _contacts(world, members)
    quiet = int(np.argmax(np.diff(time)))
    assert np.diff(time)[quiet] >= 20 * HOUR_S
    resumed = time[quiet + 1]
    later = time > resumed - 1.0
    first = np.array([time[later & (sender == a)].min() for a in np.unique(sender[later])])
    assert len(first) >= 20
    assert np.mean(first <= resumed + HOUR_S) > 0.7
    own = np.isin(world.columns["actor"], members)
    before, after = own & (world.columns["time"] < resumed - HOUR_S), own & (world.columns["time"] >= resumed)
    kept = np.isin(world.columns["device"][after], world.columns["device"][before]).mean()
    assert kept == (0.0 if moves_on else 1.0)


def test_a_pool_of_proxies_is_shared_by_the_fleet() -> None:
    world = _world(fleet("proxy_fleet", "own", 20, limited_after_h=0.0))
    (members,) = _fleets(world).values()
    own = np.isin(world.columns["actor"], members)
    addresses, accounts = world.columns["ip"][own], world.columns["actor"][own]
    users = {int(a): len(np.unique(accounts[addresses == a])) for a in np.unique(addresses)}
    assert np.mean([users[int(a)] > 1 for a in addresses]) > 0.4


def test_a_divided_list_names_nobody_twice_and_a_shared_one_does() -> None:
    def times_each(divided: float) -> float:
        plan = {
            "partitioned": divided,
            "list_reuse": 4.0,
            "region": 0.0,
            "invalid": 0.0,
            "limited_after_h": 0.0,
        }
        world = _world(
            fleet("drip_fleet", "own", 20, signup_lead=0.0, signup_burst_s=3_600, **plan), people=3_000
        )
        (members,) = _fleets(world).values()
        _, _, receiver = _contacts(world, members)
        return len(receiver) / len(np.unique(receiver))

    assert times_each(1.0) == 1.0
    assert 2.0 <= times_each(0.0) <= 4.5


def test_people_on_a_regional_list_know_each_other() -> None:
    def acquainted_pairs(region: float) -> float:
        plan = {"partitioned": 1.0, "region": region, "invalid": 0.0, "limited_after_h": 0.0, "total": 12}
        world = _world(
            fleet("drip_fleet", "own", 20, signup_lead=0.0, signup_burst_s=3_600, **plan), people=3_000
        )
        (members,) = _fleets(world).values()
        targets = np.unique(_contacts(world, members)[2])
        _, sender, receiver = first_contacts(world)
        inside = (np.isin(sender, targets) & np.isin(receiver, targets)).sum()
        return float(inside / len(targets) ** 2)

    assert acquainted_pairs(1.0) > 2.0 * acquainted_pairs(0.0)


@pytest.mark.parametrize("size", [30, 200])
def test_a_bait_ring_complains_about_a_business_that_it_lured_into_writing_first(size: int) -> None:
    world = _world(fleet("bait_ring", "mixed", size))
    (ring,) = _fleets(world).values()
    assert len(ring) == size
    table, columns = world.accounts, world.columns
    victims = np.flatnonzero(table.victim_of == table.campaign[ring[0]])
    assert len(victims) >= 1
    assert set(table.role[victims].tolist()) <= {"shop", "organiser"}
    complaints = of_type(world, EventType.REPORT) & np.isin(columns["actor"], ring)
    assert set(columns["target"][complaints].tolist()) == set(victims.tolist())
    assert len(np.unique(columns["actor"][complaints])) > 0.4 * size
    time, sender, receiver = first_contacts(world)
    baited = dict(zip(zip(sender.tolist(), receiver.tolist(), strict=True), time.tolist(), strict=True))
    pairs = zip(columns["target"][complaints].tolist(), columns["actor"][complaints].tolist(), strict=True)
    when = [baited.get(pair) for pair in pairs]
    assert all(t is not None for t in when)
    assert all(
        t < at for t, at in zip(when, columns["time"][complaints].tolist(), strict=True) if t is not None
    )
