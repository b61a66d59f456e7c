"""Each family behaves as it is named."""

import numpy as np
from world_observed import accounts_of, first_contacts, most_within, of_type

from tidegate.events.columns import EventType
from tidegate.world import AttackerPlan, World, WorldSettings, only, simulate
from tidegate.world.plans import FAMILIES

DAY_S = 86_400.0


def _contacts_of(world: World, role: str) -> list[np.ndarray]:
    """Times of the first contacts of each account of a role that made any."""
    time, sender, _ = first_contacts(world)
    times = [time[sender == account] for account in accounts_of(world, role).tolist()]
    return [own for own in times if len(own)]


def test_a_naive_blaster_reaches_a_hundred_people_within_two_minutes(busy_attackers: World) -> None:
    fastest = [most_within(own, 120.0) for own in _contacts_of(busy_attackers, "naive_blaster")]
    assert np.median(fastest) >= 100


def test_a_slow_drip_never_exceeds_its_daily_pace(busy_attackers: World) -> None:
    drips = _contacts_of(busy_attackers, "slow_drip")
    assert drips
    days = busy_attackers.settings.days
    for own in drips:
        began = own[0]
        per_day = np.bincount(((own - began) // DAY_S).astype(int))
        # Two of its own days may touch one of these.
        assert per_day.max() <= 10
        assert len(own) <= 5 * (days + 1)


def test_a_slow_drip_types_and_sleeps(busy_attackers: World) -> None:
    drips = accounts_of(busy_attackers, "slow_drip")
    own = np.isin(busy_attackers.columns["actor"], drips)
    typed = (own & of_type(busy_attackers, EventType.TYPING)).sum()
    sent = (own & of_type(busy_attackers, EventType.MESSAGE)).sum()
    assert typed / sent > 0.7
    hours = np.bincount(
        (
            busy_attackers.columns["time"][own & of_type(busy_attackers, EventType.MESSAGE)] // 3_600 % 24
        ).astype(int),
        minlength=24,
    )
    around = np.concatenate([hours, hours[:3]])
    assert np.convolve(around, np.ones(4), "valid").min() / hours.sum() < 0.06


def test_a_jittered_tool_stays_below_two_hundred_an_hour(busy_attackers: World) -> None:
    for own in _contacts_of(busy_attackers, "jittered_tool"):
        began = own[0]
        per_hour = np.bincount(((own - began) // 3_600.0).astype(int))
        # Two of its own hours may touch one of these.
        assert per_hour.max() <= 400
        assert len(own) <= 200 * ((own[-1] - began) / 3_600.0 + 1.0)


def test_a_warm_up_fleet_grows_from_twenty_a_day() -> None:
    fleet = simulate(WorldSettings(people=2_500, days=12, seed=8, attackers=only("warmup_fleet", accounts=6)))
    contacts = _contacts_of(fleet, "warmup_fleet")
    longest = max(contacts, key=lambda own: own[-1] - own[0])
    per_day = np.bincount(((longest - longest[0]) // DAY_S).astype(int))
    assert per_day[0] <= 30
    assert per_day.max() > 2 * per_day[0]
    assert per_day.max() <= 700


def test_rotating_proxies_come_from_many_networks() -> None:
    families = only("rotating_proxies", accounts=8)
    world = simulate(WorldSettings(people=1_500, days=2, seed=6, attackers=families))
    networks = []
    for account in accounts_of(world, "rotating_proxies").tolist():
        own = world.columns["ip"][world.columns["actor"] == account]
        networks.append(len(np.unique(world.addresses[own] >> 8)))
    assert np.median(networks) >= 3


def test_a_sim_farm_signs_up_in_a_burst_with_neighbouring_numbers() -> None:
    plan = {"sim_farm": FAMILIES["sim_farm"]}
    world = simulate(WorldSettings(people=300, days=7, seed=6, attackers=plan, attacker_share=0.2))
    farm = accounts_of(world, "sim_farm")
    for campaign in np.unique(world.accounts.campaign[farm]).tolist():
        members = farm[world.accounts.campaign[farm] == campaign]
        assert np.ptp(world.accounts.signup[members]) <= 14_400.0
    ranges = world.who.phone[farm] // 10_000
    assert len(np.unique(ranges)) < len(farm) / 2


def test_a_group_adder_adds_hundreds_and_many_leave_within_the_hour(busy_attackers: World) -> None:
    columns = busy_attackers.columns
    adders = accounts_of(busy_attackers, "group_adder")
    added = of_type(busy_attackers, EventType.INVITE) & np.isin(columns["actor"], adders)
    assert added.sum() / len(adders) >= 100
    groups = np.unique(columns["chat"][added])
    joined = of_type(busy_attackers, EventType.JOIN) & np.isin(columns["chat"], groups)
    left = of_type(busy_attackers, EventType.LEAVE) & np.isin(columns["chat"], groups)
    assert 0.2 <= left.sum() / joined.sum() <= 0.7


def test_a_group_scraper_joins_groups_and_writes_to_their_members(mixed_world: World) -> None:
    columns = mixed_world.columns
    scrapers = accounts_of(mixed_world, "group_scraper")
    assert (of_type(mixed_world, EventType.JOIN) & np.isin(columns["actor"], scrapers)).any()
    assert _contacts_of(mixed_world, "group_scraper")


def test_a_hijacked_account_has_a_past_and_then_a_new_device(busy_attackers: World) -> None:
    columns, table = busy_attackers.columns, busy_attackers.accounts
    stolen = accounts_of(busy_attackers, "hijacked")
    assert np.isnan(table.signup[stolen]).all()
    known_before = 0
    for account in stolen.tolist():
        own = columns["actor"] == account
        past = own & (columns["time"] < table.attack_start[account] - 3_600.0)
        known_before += int(past.sum() > 0)
        thief = own & (np.abs(columns["time"] - table.attack_start[account]) < 0.01)
        assert not np.isin(columns["device"][thief], columns["device"][past]).any()
    assert known_before > len(stolen) / 2


def test_a_false_report_ring_complains_about_people_who_did_not_write_first(mixed_world: World) -> None:
    columns = mixed_world.columns
    ring = accounts_of(mixed_world, "false_report_ring")
    complaints = of_type(mixed_world, EventType.REPORT) | of_type(mixed_world, EventType.BLOCK)
    victims = np.unique(columns["target"][complaints & np.isin(columns["actor"], ring)])
    assert set(mixed_world.accounts.family[victims].tolist()) == {"honest"}
    _, sender, receiver = first_contacts(mixed_world)
    assert not (np.isin(sender, victims) & np.isin(receiver, ring)).any()
    assert "false_report_victim" in mixed_world.accounts.role[victims]


def test_a_ratio_gamer_is_answered_more_often_than_a_blaster() -> None:
    world = simulate(
        WorldSettings(people=500, days=8, seed=5, attackers=only("ratio_gamer", "naive_blaster", accounts=20))
    )
    assert _answered(world, "ratio_gamer") > 1.3 * _answered(world, "naive_blaster")


def _answered(world: World, role: str) -> float:
    messages = of_type(world, EventType.MESSAGE) & (world.columns["target"] >= 0)
    actor, target = world.columns["actor"][messages], world.columns["target"][messages]
    said = set(zip(actor.tolist(), target.tolist(), strict=True))
    accounts = set(accounts_of(world, role).tolist())
    outgoing = [(a, b) for a, b in said if a in accounts]
    return sum((b, a) in said for a, b in outgoing) / len(outgoing)


def test_an_adaptive_plan_is_obeyed_to_the_letter() -> None:
    plan = AttackerPlan(
        accounts=4,
        age_days=30.0,
        gap_kind="uniform",
        gap_low_s=60.0,
        gap_high_s=60.0,
        hourly_cap=7,
        total=40,
        work_days=2,
        typing=1.0,
        circadian=0.0,
        openings=1,
        invalid=0.0,
        replies=0.0,
        rotation_s=0.0,
        networks_shared=0.0,
        accomplices=0.0,
    )
    world = simulate(WorldSettings(people=300, days=5, seed=1, attackers={"adaptive": plan}))
    assert (world.accounts.family == "adaptive").sum() == 4
    assert np.isnan(world.accounts.signup[accounts_of(world, "adaptive")]).all()
    for own in _contacts_of(world, "adaptive"):
        assert len(own) <= 40
        assert most_within(own, 3_599.0) <= 14
        assert np.median(np.diff(own)) == 60.0


def test_clean_and_shared_infrastructure_both_occur(mixed_world: World) -> None:
    attackers = mixed_world.accounts.family != "honest"
    assert {"clean", "shared"} == set(mixed_world.accounts.stratum[attackers].tolist())


def test_strangers_complain_about_attackers_more_than_about_people(mixed_world: World) -> None:
    columns, table = mixed_world.columns, mixed_world.accounts
    blocks = of_type(mixed_world, EventType.BLOCK) & ~np.isin(
        columns["actor"], accounts_of(mixed_world, "false_report_ring")
    )
    blocked = table.family[columns["target"][blocks]]
    attackers = (table.family != "honest").sum()
    assert (blocked != "honest").sum() / attackers > 20 * (blocked == "honest").sum() / len(table)
