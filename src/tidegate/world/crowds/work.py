"""Crowds at work: a company with a sales team, couriers, the branches of a chain."""

import numpy as np
from numpy.typing import NDArray

from tidegate.world.callings import office_hours
from tidegate.world.crowds.crowd import (
    WEEK_DAYS,
    WORKING_DAYS,
    Crowd,
    Welcome,
    a_day,
    acquaintance,
    among_members,
    live_here,
    local_s,
    local_times,
    numbers_in_a_row,
    outsiders,
    sign_up,
    working_days,
    write,
)
from tidegate.world.groups import everyday_bursts, found, talk
from tidegate.world.randomness import log_uniform, spread_counts
from tidegate.world.rhythm import DAY_S, HOUR_S
from tidegate.world.scene import Scene
from tidegate.world.threads import Manner

_TEAM_SIZE = 10
_FEWEST_SELLERS, _MOST_SELLERS = 5, 25
_FEWEST_DELIVERIES, _MOST_DELIVERIES = 10, 40


def settle_company(scene: Scene, crowd: Crowd) -> None:
    """All staff sign up in office hours of one or two days, from the office, with one client; in half of the
    companies their numbers are of one contract.
    """
    rng, who = crowd.rng, scene.who
    live_here(scene, crowd)
    day = a_day(scene, crowd, 0.0, 0.4, working=True)
    crowd.begin_s = max(local_s(scene, day, 9.0), 60.0)
    hours = rng.uniform(0.0, 8.0, len(crowd)) + 24.0 * rng.integers(0, int(rng.integers(1, 3)), len(crowd))
    sign_up(scene, crowd.members, crowd.begin_s + hours * HOUR_S)
    who.work[crowd.members] = scene.places.block(1)
    who.mobile[crowd.members] = rng.uniform(0.02, 0.2, len(crowd))
    who.client[crowd.members], who.second[crowd.members] = rng.choice([0, 1, 3, 6]), 0.0
    who.device[crowd.members] = scene.places.new_devices(len(crowd))
    if rng.random() < 0.5:
        numbers_in_a_row(scene, crowd, rng.permutation(crowd.members))


def run_company(scene: Scene, crowd: Crowd) -> None:
    """Team groups, messages between colleagues, and a sales team that writes to strangers from the second
    day on.
    """
    rng = crowd.rng
    staff = rng.permutation(crowd.members)
    groups = [scene.groups.add(team) for team in np.array_split(staff, max(1, len(staff) // _TEAM_SIZE))]
    made = crowd.begin_s + DAY_S * rng.uniform(0.4, 1.4, len(groups))
    for group, time in zip(groups, made.tolist(), strict=True):
        found(scene, rng, group, time, leave_share=0.0)
    talk(scene, rng, everyday_bursts(scene, rng, np.array(groups), np.full(len(groups), 1.5), made))
    opener, other = among_members(crowd, 5.0, crowd.members)
    start = crowd.begin_s + rng.exponential(2.0 * DAY_S, len(opener))
    write(scene, crowd, start, opener, other, acquaintance(scene), Welcome(0.9, saved=0.5), 1.3)
    _sell(scene, crowd)


def _sell(scene: Scene, crowd: Crowd) -> None:
    """5 to 25 sellers, 5 to 25 strangers on a working day each, 20 to 45 % answers, a few blocks. Most teams
    divide the list of customers, as a fleet would.
    """
    rng = crowd.rng
    sellers = crowd.members[: int(np.clip(round(0.17 * len(crowd)), _FEWEST_SELLERS, _MOST_SELLERS))]
    days = working_days(scene, crowd.begin_s + 0.5 * DAY_S)
    pace = np.exp(rng.uniform(np.log(5.0), np.log(25.0), len(sellers)))
    which, _ = spread_counts(rng.poisson(pace * len(days)).astype(np.int64))
    divided = rng.random() < 0.7
    if divided:
        everybody = np.setdiff1d(np.arange(scene.people), crowd.members)
        customer = np.resize(rng.permutation(everybody), len(which))
    else:
        customer = outsiders(scene, crowd, len(which))
    size, spread = log_uniform(rng, 150.0, 450.0), float(rng.uniform(0.1, 0.3))
    manner = Manner(0.7, 5_000.0, 1.7, 110.0, typed=0.5, size=size, size_spread=spread)
    start = office_hours(rng, days[rng.integers(0, len(days), len(which))], sellers[which], scene.who)
    blocks = float(rng.uniform(0.005, 0.03))
    welcome = Welcome(float(rng.uniform(0.22, 0.45)), blocks, blocks / 6.0, saved=0.4)
    write(scene, crowd, start, sellers[which], customer, manner, welcome, 1.2)


def settle_couriers(scene: Scene, crowd: Crowd) -> None:
    """One client on their own phones, one carrier, a depot's network in between. Most signed up over the
    months before; a tenth to half in one or two hiring days inside the log.
    """
    rng, who = crowd.rng, scene.who
    live_here(scene, crowd)
    sign_up(scene, crowd.members, -DAY_S * rng.uniform(1.0, rng.uniform(40.0, 300.0), len(crowd)))
    fresh = crowd.members[: round(len(crowd) * rng.uniform(0.1, 0.5))]
    day = a_day(scene, crowd, 0.0, 0.4, working=True)
    crowd.begin_s = max(local_s(scene, day, 8.5), 60.0)
    later = HOUR_S * rng.uniform(0.0, 4.0, len(fresh)) + DAY_S * rng.integers(0, 2, len(fresh))
    sign_up(scene, fresh, crowd.begin_s + later)
    depot, carrier = scene.places.block(1), int(rng.integers(0, scene.people))
    who.work[crowd.members] = depot
    who.pool[crowd.members], who.pool_size[crowd.members] = who.pool[carrier], who.pool_size[carrier]
    who.mobile[crowd.members] = rng.uniform(0.6, 0.9, len(crowd))
    who.client[crowd.members], who.second[crowd.members] = rng.integers(0, 5), 0.0


def deliver(scene: Scene, crowd: Crowd) -> None:
    """Each writes to 10 to 40 customers on a working day, with short texts nearly alike; a fifth to nearly
    half answer. Half as many customers again write first, to ask.
    """
    rng, days = crowd.rng, scene.settings.days
    load = rng.uniform(_FEWEST_DELIVERIES + 3.0, _MOST_DELIVERIES - 5.0, len(crowd))
    share = np.where(np.arange(days) % WEEK_DAYS < WORKING_DAYS, 0.8, 0.4)
    works = rng.random((len(crowd), days)) < share
    stops = np.clip(rng.poisson(load[:, np.newaxis], works.shape), _FEWEST_DELIVERIES, _MOST_DELIVERIES)
    text = Manner(
        0.7,
        900.0,
        1.4,
        50.0,
        typed=0.4,
        size=log_uniform(rng, 70.0, 140.0),
        size_spread=float(rng.uniform(0.04, 0.15)),
    )
    blocks = float(rng.uniform(0.0005, 0.003))
    welcome = Welcome(float(rng.uniform(0.24, 0.45)), blocks, blocks / 4.0)
    courier, customer, start = _rounds(scene, crowd, stops * works)
    write(scene, crowd, start, courier, customer, text, welcome, 0.3)
    courier, customer, start = _rounds(scene, crowd, rng.binomial(stops * works, 0.5))
    write(scene, crowd, start, customer, courier, Manner(0.75, 700.0, 1.3, 60.0), Welcome(0.9), 0.8)


def _rounds(
    scene: Scene, crowd: Crowd, stops: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Courier, customer and time of each of int64[members, days] stops, between nine and eight at night."""
    shift, _ = spread_counts(stops.ravel().astype(np.int64))
    member, day = np.divmod(shift, stops.shape[1])
    start = local_times(scene, day, crowd.rng.uniform(9.0, 20.0, len(shift)))
    return crowd.members[member], outsiders(scene, crowd, len(shift)), start


def settle_chain(scene: Scene, crowd: Crowd) -> None:
    """Desktop clients behind one company network, numbers in a row; all signed up in one week, in a third of
    the chains inside the log.
    """
    rng, who = crowd.rng, scene.who
    live_here(scene, crowd)
    ago = 0.0 if rng.random() < 0.35 else -DAY_S * rng.uniform(20.0, 700.0)
    crowd.begin_s = ago + max(local_s(scene, a_day(scene, crowd, 0.0, 0.2, working=True), 9.0), 60.0)
    span = (2.0 if ago == 0.0 else 5.0) * DAY_S
    sign_up(scene, crowd.members, crowd.begin_s + rng.uniform(0.0, span, len(crowd)))
    one_address = rng.random() < 0.5
    network = scene.places.block(len(crowd))
    who.home[crowd.members] = network + (0 if one_address else np.arange(len(crowd)))
    who.work[crowd.members] = -1
    who.mobile[crowd.members], who.second[crowd.members] = 0.0, 0.0
    who.client[crowd.members] = rng.integers(5, 7)
    who.typing[crowd.members] = rng.uniform(0.0, 0.4, len(crowd))
    numbers_in_a_row(scene, crowd, crowd.members)


def run_chain(scene: Scene, crowd: Crowd) -> None:
    """Reminders on working mornings, pasted, one after another; customers mostly answer or wrote first."""
    rng, who = crowd.rng, scene.who
    days = working_days(scene)
    reminder = Manner(0.6, 3_500.0, 1.6, typed=0.5, size=log_uniform(rng, 150.0, 300.0), size_spread=0.08)
    enquiry = Manner(0.8, 2_000.0, 1.4, 80.0)
    blocks = float(rng.uniform(0.0005, 0.003))
    welcome = Welcome(float(rng.uniform(0.55, 0.8)), blocks, blocks / 4.0, saved=0.5)
    for branch in crowd.members.tolist():
        at, rank = spread_counts(rng.poisson(rng.uniform(10.0, 30.0), len(days)).astype(np.int64))
        customer = outsiders(scene, crowd, len(at))
        hour = rng.uniform(8.5, 10.5)
        start = local_times(scene, days[at], hour)
        start = start + (rank + rng.random(len(at))) * rng.uniform(15.0, 90.0)
        branches = np.full(len(at), branch)
        write(scene, crowd, start, branches, customer, reminder, welcome, 0.6)
        _enquire(scene, crowd, branch, customer, start, enquiry)
        asking = outsiders(scene, crowd, int(rng.poisson(rng.uniform(3.0, 8.0) * len(days))))
        start = office_hours(rng, days[rng.integers(0, len(days), len(asking))], asking, who)
        write(scene, crowd, start, asking, np.full(len(asking), branch), enquiry, Welcome(0.95), 1.2)


def _enquire(
    scene: Scene,
    crowd: Crowd,
    branch: int,
    customer: NDArray[np.int64],
    reminded: NDArray[np.float64],
    enquiry: Manner,
) -> None:
    """Nearly half of those who get a reminder had asked for the appointment, hours to days before."""
    rng = crowd.rng
    asked = np.flatnonzero(rng.random(len(customer)) < 0.45)
    start = reminded[asked] - HOUR_S - rng.exponential(1.5 * DAY_S, len(asked))
    write(scene, crowd, start, customer[asked], np.full(len(asked), branch), enquiry, Welcome(0.95), 1.0)
