"""The honest people of a world: their roles, their days, their homes, phones and devices."""

import numpy as np
from numpy.typing import NDArray

from tidegate.world.accounts import ROLE_CODE, Accounts
from tidegate.world.habits import Habits
from tidegate.world.places import HONEST_CLIENTS, Places
from tidegate.world.rhythm import DAY_S

ROLE_SHARES: dict[str, float] = {
    "organiser": 0.006,
    "teacher": 0.004,
    "shop": 0.008,
    "clinic": 0.002,
    "recruiter": 0.0015,
    "traveller": 0.03,
    "family_device": 0.03,
    "no_typing": 0.05,
    "shared_network": 0.08,
    "group_chatter": 0.02,
}
"""Share of people in each role, times a factor of 0.5 to 1.5 that each world draws."""
MONTHLY_SHARES: dict[str, float] = {
    "number_change": 0.008,
    "dormant_returner": 0.02,
    "join_wave": 0.015,
    "new_phone": 0.02,
}
"""The same for what happens to people: per 30 days. Newcomers are a habit of the world."""

_UNLISTED_RANGE = 10_000


def give_roles(rng: np.random.Generator, who: Accounts, people: int, days: int, habits: Habits) -> None:
    """Draw who is what. At least one of each, so that a small world still has every role."""
    month = days / 30.0
    shares = dict(ROLE_SHARES)
    shares |= {role: share * month for role, share in MONTHLY_SHARES.items()}
    order = rng.permutation(people)
    taken = 0
    for role, share in shares.items():
        count = max(2, round(people * share * float(rng.uniform(0.5, 1.5))))
        who.role[order[taken : taken + count]] = ROLE_CODE[role]
        taken += count
    count = max(2, round(people * habits.newcomers * month))
    who.role[order[taken : taken + count]] = ROLE_CODE["newcomer"]


def having(who: Accounts, role: str) -> NDArray[np.int64]:
    """The accounts of a role, by index."""
    return np.flatnonzero(who.role == ROLE_CODE[role])


def give_days(rng: np.random.Generator, who: Accounts, people: int, habits: Habits) -> None:
    """Waking hours, activity, typing and receipts; one person in twelve lives in another time zone."""
    every = slice(0, people)
    elsewhere = np.where(rng.random(people) < 0.08, rng.uniform(-9.0, 9.0, people), 0.0)
    who.wake_h[every] = 7.3 + rng.normal(0.0, 1.1, people) - habits.utc_offset_h + elsewhere
    who.sleep_h[every] = np.clip(rng.normal(7.3, 1.1, people), 4.0, 10.0)
    sigma = habits.activity_sigma
    activity = habits.sessions_per_day * np.exp(sigma * rng.standard_normal(people))
    who.activity[every] = np.minimum(activity, 25.0 * habits.sessions_per_day)
    who.typing[every] = np.clip(rng.beta(9.0 * habits.typing, 9.0 * (1.0 - habits.typing), people), 0.0, 1.0)
    silent = having(who, "no_typing")
    who.typing[silent] = rng.uniform(0.0, 0.06, len(silent))
    who.receipts[every] = np.where(rng.random(people) < habits.receipts, rng.uniform(0.6, 1.0, people), 0.0)


def give_sign_ups(rng: np.random.Generator, who: Accounts, people: int, length_s: float) -> None:
    """Most signed up in the three years before the log. Join waves are set later, by the wave."""
    who.signup[:people] = -DAY_S * (0.02 + 1_095.0 * rng.random(people) ** 0.8)
    new = having(who, "newcomer")
    who.signup[new] = rng.uniform(0.0, length_s * 0.97, len(new))
    changed = having(who, "number_change")
    who.signup[changed] = rng.uniform(0.02, 0.8, len(changed)) * length_s
    back = having(who, "dormant_returner")
    who.birth[back] = rng.uniform(0.1, 0.9, len(back)) * length_s
    fresh = np.flatnonzero(who.signup[:people] >= 0.0)
    who.birth[fresh] = who.signup[fresh] + rng.exponential(600.0, len(fresh))


def give_places(rng: np.random.Generator, places: Places, who: Accounts, people: int, habits: Habits) -> None:
    """Households behind one address, companies, mobile carriers (some of them one address for thousands)."""
    household = np.cumsum(rng.random(people) < 0.45)
    first = places.block(int(household[-1]) + 1, per_prefix=int(rng.integers(30, 125)))
    who.home[:people] = first + household
    _give_work(rng, places, who, people)
    carriers = int(rng.integers(3, 7))
    carrier = rng.choice(carriers, people, p=rng.dirichlet(np.full(carriers, 2.0)))
    for number in range(carriers):
        natted = number / carriers < habits.carrier_nat
        size = int(rng.integers(4, 64)) if natted else max(64, people // 8)
        pool = places.block(size, per_prefix=64 if natted else 125)
        customers = np.flatnonzero(carrier == number)
        who.pool[customers] = pool
        who.pool_size[customers] = size
    who.mobile[:people] = np.clip(rng.normal(habits.mobile_share, 0.15, people), 0.0, 0.9)
    hotels = places.block(max(2, people // 400), per_prefix=1)
    gone = having(who, "traveller")
    who.away[gone] = hotels + rng.integers(0, max(2, people // 400), len(gone))


def _give_work(rng: np.random.Generator, places: Places, who: Accounts, people: int) -> None:
    """Half the people share a company's or school's network; ``shared_network`` people the largest ones."""
    worker = np.flatnonzero(rng.random(people) < 0.5)
    companies = max(3, people // 25)
    by_size = np.arange(1, companies + 1) ** -0.9
    company = rng.choice(companies, len(worker), p=by_size / by_size.sum())
    addresses = places.block(companies, per_prefix=2)
    who.work[worker] = addresses + company
    large = having(who, "shared_network")
    who.work[large] = addresses + rng.integers(0, max(1, companies // 200), len(large))


def give_journeys(rng: np.random.Generator, who: Accounts, length_s: float) -> None:
    """Each traveller is away once, for one to ten days, behind a hotel's or airport's address or roaming."""
    gone = having(who, "traveller")
    who.away_from[gone] = rng.uniform(0.0, 0.9, len(gone)) * length_s
    who.away_until[gone] = who.away_from[gone] + rng.uniform(1.0, 10.0, len(gone)) * DAY_S
    who.rotation_s[gone] = 3_600.0
    who.mobile[gone] = rng.uniform(0.3, 0.8, len(gone))


def give_devices(rng: np.random.Generator, places: Places, who: Accounts, people: int) -> None:
    """One phone each; a quarter also use a desktop or web client; families share a tablet."""
    who.device[:people] = places.new_devices(people)
    popularity = rng.dirichlet(np.array([5.0, 3.0, 2.0, 4.0, 1.5]))
    who.client[:people] = rng.choice(5, people, p=popularity)
    old = rng.random(people) < 0.02
    who.client[:people][old] = rng.integers(HONEST_CLIENTS - 1, HONEST_CLIENTS + 1, int(old.sum()))
    both = np.flatnonzero(rng.random(people) < 0.25)
    who.device2[both] = places.new_devices(len(both))
    who.client2[both] = rng.integers(5, 7, len(both))
    who.second[both] = rng.uniform(0.05, 0.5, len(both))
    silent = having(who, "no_typing")
    who.client[silent] = rng.integers(5, 7, len(silent))
    family = having(who, "family_device")
    shared = places.new_devices(len(family) // 3 + 1)
    who.device[family] = shared[np.arange(len(family)) // 3]


def give_new_phones(rng: np.random.Generator, places: Places, who: Accounts, length_s: float) -> None:
    """Some people change their phone inside the log, as a thief's victim seems to, but write as before."""
    changed = having(who, "new_phone")
    who.new_phone[changed] = rng.uniform(0.05, 0.95, len(changed)) * length_s
    who.second[changed] = 0.0
    who.device2[changed] = places.new_devices(len(changed))
    who.client2[changed] = rng.integers(0, 5, len(changed))


def give_phones(rng: np.random.Generator, who: Accounts, people: int) -> None:
    """Numbers spread over some ranges of ten thousand, about sixty accounts in each."""
    ranges = rng.integers(4_470_000, 4_479_999, max(20, people // 60))
    chosen = ranges[rng.integers(0, len(ranges), people)]
    who.phone[:people] = chosen * np.int64(_UNLISTED_RANGE) + rng.integers(0, _UNLISTED_RANGE, people)
