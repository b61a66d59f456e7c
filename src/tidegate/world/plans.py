"""How each family of attackers works: plans with ranges, from which every operator draws his own numbers.

A field is a number, or a pair ``(low, high)``: each operator then draws uniformly between them, or uniformly
in the logarithm where the docstring says "log". A search for the best pace that is not caught sets plain
numbers on the ``adaptive`` family and reads off what was reached.

Public defaults of the tools are those of ``baileys-antiban``: 8 messages a minute, 200 an hour, 1,500 a day,
jitter of 1.5 to 5 s, warm-up from 20 a day growing by 1.8 to 680, ratio gaming at 5 strangers a day and a 10
% reply floor.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType

import numpy as np

Range = float | tuple[float, float]
"""A number, or the interval it is drawn from."""


GAP_KINDS = ("uniform", "gaussian", "human", "spread")
TARGETS = ("list", "group", "random")


@dataclass(frozen=True, slots=True)
class AttackerPlan:
    """One family's way of working. ``draw`` turns the ranges into the numbers of one operator."""

    accounts: int | None = None
    """Accounts of the family in this world; ``None`` takes its share of ``attacker_share`` by ``weight``."""
    weight: float = 1.0
    """Share among the families that leave ``accounts`` open."""
    per_operator: Range = (5, 60)
    """Accounts of one operator (one campaign), log."""

    age_days: Range = 0.0
    """Age of an account at the start of the log; 0 or less signs up inside the log."""
    signup_burst_s: Range = (600, 259_200)
    """Span in which one operator's accounts sign up, log."""
    first_send_delay_s: Range = (20, 3_600)
    """From sign-up (or, for an aged account, from its first day of work) to the first stranger, log."""

    gap_kind: str = "uniform"
    """Between messages: ``uniform`` or ``gaussian`` jitter between ``gap_low_s`` and ``gap_high_s``,
    ``human`` (power law of exponent 1.15 between them), or ``spread`` (the day's number at random over the
    waking hours)."""
    gap_low_s: Range = (1.5, 3.0)
    gap_high_s: Range = (4.0, 8.0)
    hourly_cap: Range = 1e9
    daily_cap: Range = 1e9
    """Strangers an hour and a day; clock hours and days counted from the account's first message."""
    first_day: Range = 1e9
    """Strangers on the first day of work, where a fleet warms up."""
    growth: Range = 1.0
    """Factor from one day to the next, up to ``daily_cap``."""
    total: Range = (100, 1_000)
    """Strangers one account writes to at most, log."""
    work_days: Range = (1, 3)
    """Days of work of one account."""
    circadian: Range = 0.0
    """Probability that an account keeps human waking hours."""

    typing: Range = (0.0, 0.3)
    """Typing notices for each message."""
    size_jitter: Range = (0.0, 0.3)
    """Relative spread of message sizes around the campaign's text; 0 is one fixed text."""
    forwarded: Range = (0.0, 0.3)
    """Share of messages that carry a forward count."""
    client_leak: Range = (0.0, 0.6)
    """Probability that an account's client software looks like a tool's."""
    contact_import: Range = (0.0, 0.5)
    """Share of targets saved as contacts before they are written to."""
    openings: Range = (1, 2)
    """Messages to a stranger before waiting for an answer."""

    targets: str = "list"
    """``list`` (purchased, partly invalid), ``group`` (members of scraped groups) or ``random`` numbers."""
    invalid: Range = (0.02, 0.3)
    """Share of targets that are no account."""
    partitioned: Range = 0.7
    """Probability that accounts of one operator divide the list rather than each drawing from all of it."""

    replies: Range = (0.03, 0.15)
    """Probability that a stranger answers."""
    blocks: Range = (0.02, 0.15)
    reports: Range = (0.01, 0.08)
    """Probability that a stranger blocks, and reports."""

    networks_shared: Range = (0.0, 1.0)
    """Share of an operator's accounts on cheap shared networks; the others have a residential proxy each."""
    accounts_per_network: Range = (4, 40)
    """Accounts on one cheap network (a /24), log."""
    devices_shared: Range = (0.0, 0.8)
    """Share of accounts on reused devices."""
    accounts_per_device: Range = (2, 12)
    """Accounts on one reused device, log."""
    rotation_s: Range = 0.0
    """Seconds until the account comes from another address of its pool; 0 keeps one address, log."""
    sequential_numbers: Range = 0.1
    """Probability that the operator's numbers lie in one or two ranges."""

    accomplices: Range = 0.0
    """Accounts that answer, for each account that attacks (same campaign, counted within ``accounts``)."""
    accomplice_share: Range = 0.0
    """Messages to accomplices or fellow fleet members for each message to a stranger."""

    # What follows is for fleets (:mod:`tidegate.world.fleets`); the families leave it as it is.
    signup_before: Range = 0.75
    """Share of the log before which an operator's first account signs up."""
    signup_lead: Range = 0.0
    """Probability that the span of sign-ups may begin before the log: it then ends in the log's first half,
    however long it is."""
    sleep_days: Range = 0.0
    """Days between an account's sign-up and one morning on which the whole fleet begins; 0 does not sleep."""
    warm_up_days: Range = 0.0
    """Days in which an account exchanges messages with fellow accounts only, before the first stranger."""
    clients_own: Range = 0.0
    """Share of accounts that use ordinary client software of their own, not the operator's."""
    region: Range = 0.0
    """Probability that the list comes from one region of the social graph: a community and its contacts."""
    list_reuse: Range = 0.0
    """How many accounts of an operator that does not divide its list write to the same stranger, on average;
    0 lets each account take a stretch of one short list."""
    same_groups: Range = 0.0
    """Groups that all accounts of the operator take their targets from; 0 lets each choose its own."""
    limited_after_h: Range = 0.0
    """Hours from the fleet's first stranger until its operator reacts to limits; 0 or less never
    reacts."""
    pause_h: Range = 0.0
    """Length of the pause all accounts then make. They begin again within the same hour."""
    moves_on: Range = 0.0
    """Probability that after the pause all accounts come from new networks and devices."""

    def __post_init__(self) -> None:
        if self.gap_kind not in GAP_KINDS:
            raise ValueError(f"unknown gap_kind {self.gap_kind!r}; known are {', '.join(GAP_KINDS)}")
        if self.targets not in TARGETS:
            raise ValueError(f"unknown targets {self.targets!r}; known are {', '.join(TARGETS)}")
        if self.accounts is not None and self.accounts < 0:
            raise ValueError(f"accounts must not be negative, not {self.accounts}")

    def draw(self, rng: np.random.Generator) -> "Operator":
        """The numbers of one operator, drawn field by field in the order of declaration."""
        numbers: dict[str, float] = {}
        for field in fields(self):
            if field.name in _NOT_DRAWN:
                continue
            value = getattr(self, field.name)
            if not isinstance(value, tuple):
                numbers[field.name] = float(value)
            elif field.name in _LOG and value[0] > 0.0:
                numbers[field.name] = float(np.exp(rng.uniform(np.log(value[0]), np.log(value[1]))))
            else:
                numbers[field.name] = float(rng.uniform(*value))
        return Operator(gap_kind=self.gap_kind, targets=self.targets, **numbers)


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator's numbers: the fields of :class:`AttackerPlan` without their ranges."""

    gap_kind: str
    targets: str
    per_operator: float
    age_days: float
    signup_burst_s: float
    first_send_delay_s: float
    gap_low_s: float
    gap_high_s: float
    hourly_cap: float
    daily_cap: float
    first_day: float
    growth: float
    total: float
    work_days: float
    circadian: float
    typing: float
    size_jitter: float
    forwarded: float
    client_leak: float
    contact_import: float
    openings: float
    invalid: float
    partitioned: float
    replies: float
    blocks: float
    reports: float
    networks_shared: float
    accounts_per_network: float
    devices_shared: float
    accounts_per_device: float
    rotation_s: float
    sequential_numbers: float
    accomplices: float
    accomplice_share: float
    signup_before: float
    signup_lead: float
    sleep_days: float
    warm_up_days: float
    clients_own: float
    region: float
    list_reuse: float
    same_groups: float
    limited_after_h: float
    pause_h: float
    moves_on: float


_NOT_DRAWN = frozenset({"accounts", "weight", "gap_kind", "targets"})
_LOG = frozenset(
    [
        "per_operator",
        "signup_burst_s",
        "first_send_delay_s",
        "total",
        "accounts_per_network",
        "accounts_per_device",
        "rotation_s",
    ]
)

FAMILIES: Mapping[str, AttackerPlan] = MappingProxyType(
    {
        "naive_blaster": AttackerPlan(
            per_operator=(1, 12),
            first_send_delay_s=(5, 300),
            gap_low_s=(0.1, 0.3),
            gap_high_s=(0.35, 0.9),
            total=(150, 2_500),
            work_days=1,
            typing=(0.0, 0.05),
            size_jitter=(0.0, 0.1),
            client_leak=(0.0, 1.0),
        ),
        "jittered_tool": AttackerPlan(
            per_operator=(2, 20),
            gap_kind="gaussian",
            gap_low_s=(1.5, 6.0),
            gap_high_s=(7.5, 12.0),
            hourly_cap=200,
            daily_cap=(300, 1_500),
            total=(200, 4_000),
            work_days=(1, 4),
            typing=(0.0, 0.9),
            age_days=(-2.0, 2.0),
        ),
        "warmup_fleet": AttackerPlan(
            weight=1.5,
            per_operator=(3, 30),
            gap_kind="gaussian",
            gap_low_s=(4, 20),
            gap_high_s=(20, 120),
            hourly_cap=200,
            daily_cap=680,
            first_day=(15, 25),
            growth=(1.6, 1.9),
            total=(1_000, 8_000),
            work_days=(6, 20),
            circadian=0.6,
            typing=(0.2, 1.0),
            accomplice_share=(0.1, 0.6),
            first_send_delay_s=(600, 86_400),
        ),
        "rotating_proxies": AttackerPlan(
            per_operator=(2, 20),
            gap_low_s=(3, 10),
            gap_high_s=(12, 60),
            hourly_cap=(60, 200),
            daily_cap=(200, 1_000),
            rotation_s=(60, 5_400),
            networks_shared=(0.3, 1.0),
            typing=(0.0, 0.9),
        ),
        "sim_farm": AttackerPlan(
            weight=2.0,
            per_operator=(10, 120),
            signup_burst_s=(900, 14_400),
            gap_kind="gaussian",
            gap_low_s=(10, 40),
            gap_high_s=(60, 240),
            hourly_cap=(15, 60),
            daily_cap=(60, 250),
            total=(40, 400),
            work_days=(1, 6),
            networks_shared=(0.5, 1.0),
            devices_shared=(0.4, 1.0),
            sequential_numbers=0.9,
            first_send_delay_s=(300, 28_800),
        ),
        "group_scraper": AttackerPlan(
            per_operator=(2, 15),
            targets="group",
            invalid=0.0,
            gap_low_s=(8, 30),
            gap_high_s=(40, 180),
            hourly_cap=(20, 80),
            daily_cap=(60, 300),
            total=(60, 500),
            typing=(0.0, 0.8),
        ),
        "group_adder": AttackerPlan(
            per_operator=(1, 8),
            total=(300, 3_000),
            gap_low_s=(0.3, 1.0),
            gap_high_s=(1.5, 6.0),
            work_days=(1, 3),
            invalid=(0.0, 0.1),
        ),
        "ratio_gamer": AttackerPlan(
            per_operator=(3, 20),
            gap_kind="spread",
            daily_cap=(3, 5),
            total=150,
            work_days=30,
            circadian=1.0,
            typing=(0.6, 1.0),
            size_jitter=(0.2, 0.6),
            invalid=(0.0, 0.02),
            replies=(0.1, 0.2),
            blocks=(0.02, 0.08),
            reports=(0.01, 0.04),
            client_leak=(0.0, 0.2),
            accomplices=(0.5, 1.5),
            accomplice_share=(1.0, 4.0),
            first_send_delay_s=(3_600, 86_400),
            age_days=(-5.0, 10.0),
        ),
        "slow_drip": AttackerPlan(
            weight=1.5,
            per_operator=(3, 40),
            gap_kind="spread",
            daily_cap=5,
            total=150,
            work_days=30,
            circadian=1.0,
            typing=(0.8, 1.0),
            size_jitter=(0.3, 0.7),
            forwarded=0.0,
            client_leak=(0.0, 0.2),
            contact_import=(0.0, 0.3),
            invalid=(0.02, 0.15),
            networks_shared=(0.0, 0.6),
            devices_shared=(0.0, 0.3),
            first_send_delay_s=(3_600, 172_800),
        ),
        "hijacked": AttackerPlan(
            per_operator=(1, 15),
            gap_low_s=(0.5, 4.0),
            gap_high_s=(3.0, 20.0),
            total=(60, 600),
            hourly_cap=(60, 600),
            work_days=(1, 2),
            invalid=(0.0, 0.2),
            replies=(0.05, 0.25),
            blocks=(0.02, 0.1),
        ),
        "false_report_ring": AttackerPlan(
            weight=2.0,
            per_operator=(30, 200),
            signup_burst_s=(3_600, 864_000),
            age_days=(-20.0, 20.0),
            networks_shared=(0.2, 1.0),
            devices_shared=(0.0, 0.5),
        ),
        "adaptive": AttackerPlan(
            per_operator=(2, 20),
            age_days=(-60.0, 60.0),
            gap_kind="human",
            gap_low_s=(20, 200),
            gap_high_s=(2_000, 20_000),
            hourly_cap=(4, 30),
            daily_cap=(8, 60),
            first_day=(3, 20),
            growth=(1.0, 1.4),
            total=(50, 600),
            work_days=(5, 25),
            circadian=0.9,
            typing=(0.5, 1.0),
            size_jitter=(0.2, 0.7),
            client_leak=(0.0, 0.2),
            invalid=(0.0, 0.1),
            accomplices=(0.0, 0.5),
            accomplice_share=(0.0, 2.0),
            networks_shared=(0.0, 0.7),
            devices_shared=(0.0, 0.4),
            rotation_s=(7_200, 172_800),
            first_send_delay_s=(3_600, 432_000),
        ),
    }
)
"""Every family with its default plan."""


def only(*families: str, **changes: object) -> dict[str, AttackerPlan]:
    """Only these families, with the same fields changed in each: ``only("slow_drip", accounts=40)``."""
    return {family: replace(FAMILIES[family], **changes) for family in families}  # type: ignore[arg-type]
