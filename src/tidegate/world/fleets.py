"""Fleets: many accounts of one operator, each of which looks harmless alone. For evaluation.

No family's plan is one: a world has a fleet only when its settings name it. Each kind exists at three levels
of hygiene, that is, of how well the operator hides that his accounts belong together:

- ``cheap``: rented networks and reused devices shared by several accounts, numbers in a row, sign-ups within
  hours, one client;
- ``mixed``: some of this, sign-ups over hours to two days;
- ``own``: every account its own residential exit, device, ordinary client and number, sign-ups over 2 to 14
  days (which may begin before the log).
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from tidegate.world.plans import AttackerPlan, Range

_HUMAN: dict[str, Range] = {
    "circadian": 1.0,
    "typing": (0.8, 1.0),
    "size_jitter": (0.3, 0.7),
    "forwarded": 0.0,
    "contact_import": (0.0, 0.3),
    "invalid": (0.02, 0.1),
}
# Below nothing an operator never reacts: nearly half of them.
_REACTS: dict[str, Range] = {"limited_after_h": (-30, 36), "pause_h": (12, 48), "moves_on": 0.5}
_LISTS: dict[str, Range] = {"partitioned": 0.6, "list_reuse": (1.5, 5.0), "region": 0.5}

_HYGIENE: Mapping[str, dict[str, Range]] = {
    "cheap": {
        "networks_shared": 1.0,
        "accounts_per_network": (8, 40),
        "devices_shared": (0.7, 1.0),
        "accounts_per_device": (3, 12),
        "sequential_numbers": 1.0,
        "signup_burst_s": (600, 14_400),
        "client_leak": (0.0, 0.5),
    },
    "mixed": {
        "networks_shared": (0.3, 0.6),
        "accounts_per_network": (2, 8),
        "devices_shared": (0.1, 0.4),
        "accounts_per_device": (2, 4),
        "sequential_numbers": 0.3,
        "signup_burst_s": (21_600, 172_800),
        "signup_lead": 0.3,
        "client_leak": (0.0, 0.2),
        "clients_own": 0.5,
    },
    "own": {
        "networks_shared": 0.0,
        "devices_shared": 0.0,
        "sequential_numbers": 0.0,
        "signup_burst_s": (172_800, 1_209_600),
        "signup_lead": 1.0,
        "client_leak": 0.0,
        "clients_own": 1.0,
    },
}
HYGIENE = tuple(_HYGIENE)

BAIT_RING = "bait_ring"
SMALLEST_FLEET, _LARGEST_FLEET = 20, 200
"""Accounts."""

_KINDS: Mapping[str, AttackerPlan] = {
    "drip_fleet": AttackerPlan(
        gap_kind="spread",
        daily_cap=5,
        total=150,
        work_days=30,
        first_send_delay_s=(3_600, 86_400),
    ),
    "warming_fleet": AttackerPlan(
        gap_kind="gaussian",
        gap_low_s=(20, 60),
        gap_high_s=(120, 400),
        hourly_cap=60,
        daily_cap=(40, 150),
        first_day=(4, 12),
        growth=(1.3, 1.8),
        total=(200, 1_500),
        work_days=20,
        warm_up_days=(1, 5),
        accomplice_share=(0.3, 1.0),
    ),
    "group_fleet": AttackerPlan(
        targets="group",
        same_groups=(3, 8),
        gap_kind="human",
        gap_low_s=(20, 60),
        gap_high_s=(1_200, 7_200),
        hourly_cap=(6, 20),
        daily_cap=(10, 40),
        total=(20, 150),
        first_send_delay_s=(7_200, 43_200),
        work_days=(4, 10),
    ),
    "jittered_fleet": AttackerPlan(
        gap_kind="gaussian",
        gap_low_s=(20, 60),
        gap_high_s=(90, 300),
        hourly_cap=(10, 30),
        daily_cap=(25, 100),
        total=(60, 400),
        work_days=(3, 10),
    ),
    "accomplice_fleet": AttackerPlan(
        gap_kind="human",
        gap_low_s=(60, 200),
        gap_high_s=(2_000, 20_000),
        hourly_cap=(3, 8),
        daily_cap=(5, 20),
        total=(50, 300),
        work_days=(10, 25),
        accomplices=(0.3, 0.8),
        accomplice_share=(0.5, 2.0),
        first_send_delay_s=(3_600, 172_800),
    ),
    "woken_fleet": AttackerPlan(
        sleep_days=(7, 21),
        gap_kind="human",
        gap_low_s=(30, 120),
        gap_high_s=(900, 5_000),
        hourly_cap=(8, 25),
        daily_cap=(15, 60),
        total=(30, 200),
        work_days=(2, 6),
    ),
    "proxy_fleet": AttackerPlan(
        gap_kind="human",
        gap_low_s=(20, 90),
        gap_high_s=(900, 6_000),
        hourly_cap=(8, 25),
        daily_cap=(15, 60),
        total=(40, 300),
        work_days=(3, 10),
        rotation_s=(600, 7_200),
    ),
    BAIT_RING: AttackerPlan(age_days=0.0),
}
FLEET_KINDS = tuple(kind for kind in _KINDS if kind != BAIT_RING)


def _plan(kind: str, hygiene: str) -> AttackerPlan:
    fields: dict[str, Range] = dict(_HYGIENE[hygiene]) | {
        "per_operator": (SMALLEST_FLEET, _LARGEST_FLEET),
        "signup_before": 0.4,
    }
    if kind != BAIT_RING:
        fields |= _HUMAN | _LISTS | _REACTS
    if kind == "group_fleet":
        fields |= {"invalid": 0.0, "region": 0.0, "list_reuse": 0.0}
    return replace(_KINDS[kind], **fields)  # type: ignore[arg-type]


FLEETS: Mapping[str, AttackerPlan] = MappingProxyType(
    {f"{kind}_{hygiene}": _plan(kind, hygiene) for kind in _KINDS for hygiene in HYGIENE}
)
"""Every fleet with its default plan, by kind and hygiene: ``drip_fleet_own``. Sizes are 20 to 200."""


def fleet(
    kind: str, hygiene: str, accounts: int, fleets: int = 1, **changes: object
) -> dict[str, AttackerPlan]:
    """``fleets`` fleets of exactly ``accounts`` accounts each, for ``WorldSettings.attackers``.

    ``changes`` replace fields of the plan. Raises ValueError for a kind or hygiene that does not exist.
    """
    name = f"{kind}_{hygiene}"
    if name not in FLEETS:
        raise ValueError(f"unknown fleet {name!r}; known are {', '.join(FLEETS)}")
    size = {"accounts": accounts * fleets, "per_operator": accounts}
    return {name: replace(FLEETS[name], **(size | changes))}  # type: ignore[arg-type]
