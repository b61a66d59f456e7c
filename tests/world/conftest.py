"""Worlds that several tests look at, each simulated once."""

import pytest

from tidegate.world import World, WorldSettings, only, simulate


@pytest.fixture(scope="session")
def mixed_world() -> World:
    """Every family of attackers among 1,500 people in ten days."""
    return simulate(WorldSettings(people=1_500, days=10, seed=11, attacker_share=0.06))


@pytest.fixture(scope="session")
def human_world() -> World:
    """Honest people only, the middle of every habit, as long as the Copenhagen study."""
    return simulate(WorldSettings(people=1_200, days=28, seed=5, attackers={}, randomised=False))


@pytest.fixture(scope="session")
def busy_attackers() -> World:
    """Thirty accounts of each of the families whose pace has a promise."""
    families = only(
        "naive_blaster", "slow_drip", "jittered_tool", "warmup_fleet", "hijacked", "group_adder", accounts=30
    )
    return simulate(WorldSettings(people=800, days=12, seed=3, attackers=families))
