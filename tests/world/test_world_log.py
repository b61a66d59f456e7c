import numpy as np
import pytest
from world_observed import accounts_of, of_type

from tidegate.events.columns import EventType
from tidegate.world import AttackerPlan, World, WorldSettings, only, simulate
from tidegate.world.accounts import HONEST_ROLES
from tidegate.world.plans import FAMILIES


def test_no_event_lies_outside_the_window_and_time_never_goes_back(mixed_world: World) -> None:
    time, settings = mixed_world.columns["time"], mixed_world.settings
    assert time[0] >= settings.start
    assert time[-1] < settings.start + settings.length_s
    assert (np.diff(time) >= 0.0).all()


def test_the_truth_covers_every_actor(mixed_world: World) -> None:
    assert int(mixed_world.columns["actor"].max()) < len(mixed_world.accounts)
    assert int(mixed_world.columns["actor"].min()) >= 0
    assert len(np.unique(mixed_world.names)) == len(mixed_world.names)


def test_unused_numbers_receive_but_never_act(mixed_world: World) -> None:
    assert (mixed_world.columns["target"] >= len(mixed_world.accounts)).any()


def test_every_role_and_family_is_present(mixed_world: World) -> None:
    present = set(mixed_world.accounts.role.tolist())
    assert set(FAMILIES) <= present
    # A greeting to thirty people needs a world that has a holiday.
    assert set(HONEST_ROLES) - {"holiday_greeter"} <= present


def test_honest_accounts_are_as_many_as_asked(mixed_world: World) -> None:
    assert (mixed_world.accounts.family == "honest").sum() == mixed_world.settings.people


def test_an_honest_world_has_no_attacker() -> None:
    world = simulate(WorldSettings(people=200, days=3, seed=1, attackers={}))
    assert (world.accounts.family == "honest").all()
    assert (world.accounts.campaign == "").all()


def test_nobody_acts_before_signing_up(mixed_world: World) -> None:
    first = np.full(len(mixed_world.accounts), np.inf)
    np.minimum.at(first, mixed_world.columns["actor"], mixed_world.columns["time"])
    signed = ~np.isnan(mixed_world.accounts.signup)
    assert (first[signed] >= mixed_world.accounts.signup[signed] - 0.002).all()


def test_sign_ups_in_the_log_are_those_inside_the_window(mixed_world: World) -> None:
    registered = np.sort(mixed_world.columns["actor"][of_type(mixed_world, EventType.REGISTER)])
    inside = np.flatnonzero(~np.isnan(mixed_world.accounts.signup))
    assert np.array_equal(registered, inside)


def test_a_prelude_shows_every_sign_up_at_its_own_time() -> None:
    world = simulate(WorldSettings(people=200, days=3, seed=2, prelude=True))
    registrations = of_type(world, EventType.REGISTER)
    assert registrations.sum() == len(world.accounts)
    before = world.columns["time"] < world.settings.start
    assert (world.columns["type"][before] == EventType.REGISTER).all()


def test_a_message_to_a_group_has_a_chat_and_members_and_no_target(mixed_world: World) -> None:
    to_group = of_type(mixed_world, EventType.MESSAGE) & (mixed_world.columns["target"] < 0)
    assert to_group.any()
    assert (mixed_world.columns["chat"][to_group] >= 0).all()
    assert (mixed_world.columns["members"][to_group] >= 1).all()


def test_nobody_writes_to_himself(mixed_world: World) -> None:
    assert (mixed_world.columns["actor"] != mixed_world.columns["target"]).all()


def test_a_changed_number_falls_silent_and_the_new_one_writes_to_many(mixed_world: World) -> None:
    fresh = accounts_of(mixed_world, "number_change")
    messages = of_type(mixed_world, EventType.MESSAGE)
    counts = [
        len(np.unique(mixed_world.columns["target"][messages & (mixed_world.columns["actor"] == account)]))
        for account in fresh.tolist()
    ]
    assert max(counts) >= 10
    ended = np.flatnonzero(np.isfinite(mixed_world.who.death))
    for account in ended.tolist():
        acted = mixed_world.columns["time"][mixed_world.columns["actor"] == account]
        if len(acted):
            assert acted[-1] <= mixed_world.settings.start + mixed_world.who.death[account]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"people": 3}, "at least 50 people"),
        ({"days": 0}, "days must be"),
        ({"attacker_share": 0.7}, "attacker_share"),
        ({"signals": frozenset({"smell"})}, "unknown signals"),
        ({"attackers": {"martians": FAMILIES["slow_drip"]}}, "unknown attacker families"),
    ],
)
def test_settings_that_make_no_world_are_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        WorldSettings(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{"gap_kind": "psychic"}, {"targets": "enemies"}, {"accounts": -1}])
def test_plans_that_nobody_can_follow_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"gap_kind|targets|accounts"):
        AttackerPlan(**wrong)  # type: ignore[arg-type]


def test_a_family_with_no_accounts_is_left_out() -> None:
    world = simulate(WorldSettings(people=200, days=2, seed=1, attackers=only("slow_drip", accounts=0)))
    assert (world.accounts.family == "honest").all()
