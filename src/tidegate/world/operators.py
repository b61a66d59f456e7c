"""Operators: who runs which attacking accounts, from which networks, devices and numbers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidegate.world.accounts import ROLE_CODE, Accounts
from tidegate.world.fleets import FLEETS, SMALLEST_FLEET
from tidegate.world.places import HONEST_CLIENTS
from tidegate.world.plans import FAMILIES, AttackerPlan, Operator
from tidegate.world.randomness import log_uniform
from tidegate.world.rhythm import DAY_S, HOUR_S
from tidegate.world.scene import Scene
from tidegate.world.settings import WorldSettings


@dataclass(slots=True)
class Campaign:
    """One operator with his accounts."""

    number: int
    family: str
    operator: Operator
    workers: NDArray[np.int64]
    """Accounts that write to strangers."""
    accomplices: NDArray[np.int64]
    """Accounts that only answer the workers."""
    rng: np.random.Generator
    wakes_s: float = np.nan
    """When a sleeping fleet begins, in seconds from the start of the log; NaN when it does not sleep."""

    @property
    def accounts(self) -> NDArray[np.int64]:
        return np.concatenate([self.workers, self.accomplices])


def family_sizes(settings: WorldSettings) -> dict[str, int]:
    """Accounts of each family: as its plan says, else its share of ``attacker_share``, at least one each."""
    plans = FAMILIES if settings.attackers is None else settings.attackers
    open_plans = {family: plan for family, plan in plans.items() if plan.accounts is None}
    total_weight = sum(plan.weight for plan in open_plans.values())
    wanted = settings.people * settings.attacker_share / (1.0 - settings.attacker_share)
    sizes: dict[str, int] = {}
    for family, plan in plans.items():
        if plan.accounts is not None:
            sizes[family] = plan.accounts
        else:
            sizes[family] = max(1, round(wanted * plan.weight / total_weight))
    if sizes.get("false_report_ring", 0) and plans["false_report_ring"].accounts is None:
        # A ring of three is no ring; in a small world it outweighs its share.
        sizes["false_report_ring"] = max(sizes["false_report_ring"], min(30, settings.people // 40))
    for family in FLEETS.keys() & plans.keys():
        if plans[family].accounts is None:
            sizes[family] = max(sizes[family], SMALLEST_FLEET)
    return {family: size for family, size in sizes.items() if size > 0}


def split_between_operators(
    rng: np.random.Generator, plan: AttackerPlan, count: int
) -> list[tuple[Operator, int]]:
    """Operators with their numbers, and how many of the family's accounts each runs."""
    operators: list[tuple[Operator, int]] = []
    while count > 0:
        operator = plan.draw(rng)
        size = min(count, max(1, round(operator.per_operator)))
        operators.append((operator, size))
        count -= size
    return operators


def equip(scene: Scene, campaign: Campaign) -> None:
    """Give a campaign's accounts a role, sign-ups, networks, devices, numbers and habits."""
    who, rng, operator, accounts = scene.who, campaign.rng, campaign.operator, campaign.accounts
    who.role[accounts] = ROLE_CODE[campaign.family]
    who.campaign[accounts] = campaign.number
    who.typing[accounts] = operator.typing
    who.receipts[accounts] = rng.choice([0.0, 0.3, 1.0])
    human = rng.random(len(accounts)) < operator.circadian
    who.wake_h[accounts] = 7.3 + rng.normal(0.0, 1.0, len(accounts)) - scene.habits.utc_offset_h
    who.sleep_h[accounts] = np.where(human, rng.normal(7.6, 0.6, len(accounts)), 0.0)
    _sign_up(scene, campaign)
    shared_network = _networks(scene, campaign)
    shared_device = _devices(scene, campaign)
    who.clean[accounts] = ~(shared_network | shared_device)
    leaks = rng.random() < operator.client_leak
    usual = int(rng.integers(0, 5))
    who.client[accounts] = rng.integers(HONEST_CLIENTS, HONEST_CLIENTS + 2) if leaks else usual
    if operator.clients_own > 0.0:
        own = accounts[rng.random(len(accounts)) < operator.clients_own]
        who.client[own] = who.client[rng.integers(0, scene.people, len(own))]
    who.phone[accounts] = _numbers(rng, who, scene.people, len(accounts), operator)


def _sign_up(scene: Scene, campaign: Campaign) -> None:
    who, rng, operator, accounts = scene.who, campaign.rng, campaign.operator, campaign.accounts
    if operator.age_days > 0.0:
        who.signup[accounts] = -operator.age_days * DAY_S * rng.uniform(0.5, 1.5, len(accounts))
        return
    if operator.sleep_days > 0.0:
        _sign_up_to_sleep(scene, campaign)
        return
    if operator.signup_lead > 0.0 and rng.random() < operator.signup_lead:
        end = rng.uniform(0.05, 0.5) * scene.length_s
        who.signup[accounts] = np.sort(rng.uniform(end - operator.signup_burst_s, end, len(accounts)))
        who.birth[accounts] = who.signup[accounts]
        return
    begin = rng.uniform(0.0, operator.signup_before) * scene.length_s
    span = min(operator.signup_burst_s, 0.2 * scene.length_s)
    who.signup[accounts] = begin + np.sort(rng.uniform(0.0, span, len(accounts)))
    who.birth[accounts] = who.signup[accounts]


def _sign_up_to_sleep(scene: Scene, campaign: Campaign) -> None:
    """Sign-ups days or weeks before one morning (in the log's middle) on which the whole fleet begins."""
    who, rng, operator, accounts = scene.who, campaign.rng, campaign.operator, campaign.accounts
    day = np.floor(rng.uniform(0.2, 0.7) * scene.settings.days)
    hour = rng.uniform(8.0, 10.0) - scene.habits.utc_offset_h
    campaign.wakes_s = float(day * DAY_S + hour * HOUR_S)
    end = campaign.wakes_s - operator.sleep_days * DAY_S
    who.signup[accounts] = np.sort(rng.uniform(end - operator.signup_burst_s, end, len(accounts)))
    who.birth[accounts] = who.signup[accounts]


def _networks(scene: Scene, campaign: Campaign) -> NDArray[np.bool_]:
    """Cheap shared networks for some, a residential exit in honest people's networks for the others."""
    who, rng, operator, accounts = scene.who, campaign.rng, campaign.operator, campaign.accounts
    shared = rng.random(len(accounts)) < operator.networks_shared
    cheap, clean = accounts[shared], accounts[~shared]
    per_network = max(1, round(operator.accounts_per_network))
    if len(cheap):
        first = scene.places.block(len(cheap), per_prefix=min(per_network, 250))
        who.home[cheap] = first + np.arange(len(cheap))
    who.home[clean] = scene.places.neighbours(
        who.home[rng.integers(0, scene.people, len(clean))].astype(np.int64)
    )
    if operator.rotation_s > 0.0:
        who.rotation_s[accounts] = operator.rotation_s
        who.mobile[accounts] = 1.0
        size = int(log_uniform(rng, 12, 400))
        if len(cheap):
            who.pool[cheap] = scene.places.block(
                size, per_prefix=int(rng.integers(1, max(2, min(size // 4, 64))))
            )
        if len(clean):
            exits = scene.places.neighbours(who.home[rng.integers(0, scene.people, size)].astype(np.int64))
            who.pool[clean] = exits[0]
        who.pool_size[accounts] = size
    return shared & (len(cheap) > 1)


def _devices(scene: Scene, campaign: Campaign) -> NDArray[np.bool_]:
    who, rng, operator, accounts = scene.who, campaign.rng, campaign.operator, campaign.accounts
    shared = rng.random(len(accounts)) < operator.devices_shared
    who.device[accounts] = scene.places.new_devices(len(accounts))
    per_device = max(2, round(operator.accounts_per_device))
    reused = accounts[shared]
    who.device[reused] = who.device[reused[np.arange(len(reused)) // per_device * per_device]]
    return shared & (len(reused) > 1)


def _numbers(
    rng: np.random.Generator, who: Accounts, people: int, count: int, operator: Operator
) -> NDArray[np.int64]:
    """Numbers in sequence (a SIM farm's), else each in some honest person's range."""
    if rng.random() < operator.sequential_numbers:
        base = np.int64(rng.integers(4_470_000, 4_479_999)) * 10_000 + rng.integers(0, 8_000)
        return np.asarray(base + np.arange(count) * rng.integers(1, 4), np.int64)
    ranges = who.phone[rng.integers(0, people, count)] // 10_000
    return np.asarray(ranges * 10_000 + rng.integers(0, 10_000, count), np.int64)
