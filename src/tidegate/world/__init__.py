"""The simulator of a private messenger: people, groups, shops, holidays, and the attackers; deterministic
from a seed.
"""

from tidegate.world.crowds.kinds import CROWD_ROLES, CROWDS
from tidegate.world.fleets import FLEETS, fleet
from tidegate.world.plans import FAMILIES, AttackerPlan, only
from tidegate.world.settings import SIGNALS, WorldSettings
from tidegate.world.simulation import simulate
from tidegate.world.world import AccountTable, World

__all__ = [
    "CROWDS",
    "CROWD_ROLES",
    "FAMILIES",
    "FLEETS",
    "SIGNALS",
    "AccountTable",
    "AttackerPlan",
    "World",
    "WorldSettings",
    "fleet",
    "only",
    "simulate",
]
