import numpy as np
from world_observed import first_contacts

from tidegate.events.columns import EventType
from tidegate.world import World, WorldSettings, only, simulate


def _bytes(world: World) -> bytes:
    columns = b"".join(world.columns[name].tobytes() for name in sorted(world.columns))
    return columns + world.names.tobytes() + world.accounts.role.tobytes() + world.accounts.campaign.tobytes()


def test_the_same_seed_gives_the_same_bytes() -> None:
    settings = WorldSettings(people=300, days=4, seed=9)
    assert _bytes(simulate(settings)) == _bytes(simulate(settings))


def _honest_first_messages(world: World) -> set[tuple[float, int, int]]:
    """Of pairs that nobody else can have had a hand in: the first message of two honest people."""
    time, sender, receiver = first_contacts(world)
    honest = (sender < 300) & (receiver < 300)
    return set(zip(time[honest].tolist(), sender[honest].tolist(), receiver[honest].tolist(), strict=True))


def test_another_seed_gives_another_world() -> None:
    one = simulate(WorldSettings(people=300, days=4, seed=9))
    other = simulate(WorldSettings(people=300, days=4, seed=10))
    assert _bytes(one) != _bytes(other)
    assert one.habits != other.habits


def test_other_attackers_do_not_move_the_messages_of_people() -> None:
    """Attackers are drawn from generators of their own."""
    alone = simulate(WorldSettings(people=300, days=4, seed=9, attackers={}))
    beset = simulate(WorldSettings(people=300, days=4, seed=9, attackers=only("slow_drip", accounts=5)))
    assert alone.habits == beset.habits
    assert np.array_equal(alone.who.home[:300], beset.who.home[:300])
    assert np.array_equal(alone.accounts.role[:300], beset.accounts.role[:300])
    assert _honest_first_messages(alone) == _honest_first_messages(beset)


def test_a_log_without_a_signal_is_the_same_log_with_that_signal_taken_out() -> None:
    whole = simulate(WorldSettings(people=200, days=3, seed=4))
    poor = simulate(
        WorldSettings(
            people=200, days=3, seed=4, signals=whole.settings.signals - {"network", "typing", "feedback"}
        )
    )
    dropped = (EventType.TYPING, EventType.BLOCK, EventType.UNBLOCK, EventType.REPORT)
    kept = ~np.isin(whole.columns["type"], dropped)
    for name, column in whole.columns.items():
        if name == "ip":
            assert (poor.columns["ip"] == -1).all()
        else:
            assert np.array_equal(column[kept], poor.columns[name]), name
