"""People whose work is to write to many: shops, clinics, recruiters, teachers, organisers."""

import numpy as np
from numpy.typing import NDArray

from tidegate.world.accounts import Accounts
from tidegate.world.daily_life import alive, conversation_lengths
from tidegate.world.groups import draw_members, everyday_bursts, found, talk
from tidegate.world.population import having
from tidegate.world.randomness import log_uniform, spread_counts
from tidegate.world.rhythm import DAY_S, moments
from tidegate.world.scene import Bursts, Scene
from tidegate.world.threads import Manner, make_threads

_OPEN_H, _SHUT_H = 9.0, 18.0


def callings(scene: Scene) -> None:
    """All of them."""
    run_shops(scene)
    run_clinics(scene)
    recruit(scene)
    teach(scene)
    organise(scene)


def office_hours(
    rng: np.random.Generator, day: NDArray[np.int64], account: NDArray[np.integer], who: Accounts
) -> NDArray[np.float64]:
    """A time in working hours of the account's day; a Saturday or Sunday becomes the Monday after."""
    weekday = day % 7
    working = np.where(weekday >= 5, day + 7 - weekday, day)
    hour = who.wake_h[account] - 7.0 + rng.uniform(_OPEN_H, _SHUT_H, len(day))
    return np.asarray(working * DAY_S + hour * 3_600.0)


def run_shops(scene: Scene) -> None:
    """Strangers write to a shop all day and it answers nearly all; some customers hear of their order from
    the shop first.
    """
    rng, who, days = scene.rng("shops"), scene.who, scene.settings.days
    shops = having(who, "shop")
    who.typing[shops] = rng.uniform(0.1, 0.9, len(shops))
    inbound = np.exp(rng.uniform(np.log(1.0), np.log(20.0), len(shops)))
    which, _ = spread_counts(rng.poisson(inbound * days).astype(np.int64))
    customer = _customers(rng, scene.people, shops[which], 400.0)
    answers = scene.manners.add(Manner(0.8, 1_500.0, 1.5, 70.0))
    start = moments(rng, rng.integers(-1, days + 1, len(which)), who.wake_h[customer], who.sleep_h[customer])
    _add(scene, rng, start, customer, shops[which], answers, 0.93, 1.5)
    outbound, _ = spread_counts(rng.poisson(inbound * 0.15 * days).astype(np.int64))
    customer = _customers(rng, scene.people, shops[outbound], 400.0)
    notice = scene.manners.add(Manner(0.7, 3_000.0, 1.8, size=220.0, size_spread=0.3))
    start = office_hours(rng, rng.integers(0, days, len(outbound)), shops[outbound], who)
    _add(scene, rng, start, shops[outbound], customer, notice, float(rng.uniform(0.35, 0.65)), 0.9)


def run_clinics(scene: Scene) -> None:
    """Reminders to known patients in the morning, pasted, about half answered; patients also write first."""
    rng, who, days = scene.rng("clinics"), scene.who, scene.settings.days
    clinics = having(who, "clinic")
    who.typing[clinics] = rng.uniform(0.0, 0.3, len(clinics))
    reminder = scene.manners.add(Manner(0.6, 4_000.0, 1.6, typed=0.5, size=240.0, size_spread=0.1))
    answers = scene.manners.add(Manner(0.8, 2_400.0, 1.4, 80.0))
    for clinic in clinics.tolist():
        patients = _customers(rng, scene.people, np.full(int(log_uniform(rng, 60, 600)), clinic), 300.0)
        count = rng.poisson(log_uniform(rng, 5.0, 40.0), days)
        day, rank = spread_counts(np.where(np.arange(days) % 7 < 5, count, 0).astype(np.int64))
        gap = rng.uniform(15.0, 90.0)
        hour = who.wake_h[clinic] - 7.0 + rng.uniform(8.5, 10.5)
        start = day * DAY_S + hour * 3_600.0 + (rank + rng.random(len(day))) * gap
        patient = patients[rng.integers(0, len(patients), len(day))]
        _add(
            scene, rng, start, np.full(len(day), clinic), patient, reminder, float(rng.uniform(0.4, 0.7)), 0.7
        )
        asking = patients[rng.integers(0, len(patients), rng.poisson(len(count) * 6.0))]
        start = office_hours(rng, rng.integers(0, days, len(asking)), asking, who)
        _add(scene, rng, start, asking, np.full(len(asking), clinic), answers, 0.95, 1.3)


def recruit(scene: Scene) -> None:
    """Recruiters and estate agents: honest outreach to strangers, 4 to 20 on a working day, 40 to 60 % of it
    answered.
    """
    rng, who, days = scene.rng("recruiters"), scene.who, scene.settings.days
    agents = having(who, "recruiter")
    pace = np.exp(rng.uniform(np.log(4.0), np.log(20.0), len(agents)))
    which, _ = spread_counts(rng.poisson(pace * days * 5.0 / 7.0).astype(np.int64))
    person = rng.integers(0, scene.people, len(which))
    manner = scene.manners.add(Manner(0.72, 6_000.0, 1.7, 120.0, typed=0.7, size=320.0, size_spread=0.35))
    day = rng.integers(0, days, len(which))
    day = day[day % 7 < 5]
    which, person = which[: len(day)], person[: len(day)]
    start = office_hours(rng, day, agents[which], who)
    _add(scene, rng, start, agents[which], person, manner, float(rng.uniform(0.4, 0.6)), 1.6)


def teach(scene: Scene) -> None:
    """Several class groups, and parents who hear from the teacher for the first time."""
    rng, who, days = scene.rng("teachers"), scene.who, scene.settings.days
    for teacher in having(who, "teacher").tolist():
        classes = [
            scene.groups.add(draw_members(rng, scene.people, teacher, int(rng.integers(15, 35))))
            for _ in range(int(rng.integers(2, 6)))
        ]
        _run_groups(scene, rng, teacher, classes, new_share=0.4, per_day=0.6)
        parents = _customers(rng, scene.people, np.full(rng.poisson(0.5 * days) + 3, teacher), 60.0)
        manner = scene.manners.add(Manner(0.7, 5_000.0, 1.6, 90.0, size=200.0))
        start = office_hours(rng, rng.integers(0, days, len(parents)), np.full(len(parents), teacher), who)
        _add(scene, rng, start, np.full(len(parents), teacher), parents, manner, 0.8, 1.5)


def organise(scene: Scene) -> None:
    """Clubs, parties, neighbourhoods: groups of dozens to hundreds, made inside the log, and messages to
    them.
    """
    rng = scene.rng("organisers")
    for organiser in having(scene.who, "organiser").tolist():
        groups = [
            scene.groups.add(draw_members(rng, scene.people, organiser, int(log_uniform(rng, 15, 150))))
            for _ in range(int(rng.integers(1, 6)))
        ]
        _run_groups(scene, rng, organiser, groups, new_share=0.7, per_day=0.8)


def _run_groups(
    scene: Scene, rng: np.random.Generator, leader: int, groups: list[int], new_share: float, per_day: float
) -> None:
    numbers = np.array(groups, np.int64)
    made = np.where(rng.random(len(groups)) < new_share, rng.uniform(0.0, scene.length_s, len(groups)), -1.0)
    for group, time in zip(groups, made.tolist(), strict=True):
        if time >= 0.0:
            found(scene, rng, group, time, leave_share=0.03)
    bursts = everyday_bursts(scene, rng, numbers, np.full(len(groups), per_day), made)
    scene.bursts.append((bursts, leader))


def _customers(
    rng: np.random.Generator, people: int, business: NDArray[np.integer], reach: float
) -> NDArray[np.int64]:
    """People around a business; one in five from anywhere."""
    near = business + np.round(rng.laplace(0.0, reach, len(business))).astype(np.int64)
    anywhere = rng.random(len(business)) < 0.2
    return np.where(anywhere, rng.integers(0, people, len(business)), near) % people


def _add(
    scene: Scene,
    rng: np.random.Generator,
    start: NDArray[np.float64],
    opener: NDArray[np.integer],
    other: NDArray[np.integer],
    manner: int,
    p_reply: float,
    messages_mu: float,
) -> None:
    threads = make_threads(
        start,
        opener,
        other,
        manner=manner,
        length=conversation_lengths(rng, len(start), messages_mu),
        openings=np.minimum(rng.geometric(0.8, len(start)), 3),
        p_reply=p_reply,
    )
    scene.threads.append(threads.take(alive(threads, scene.who)))


def speak_in_groups(scene: Scene) -> None:
    """Play out the bursts of the groups that someone leads, who speaks most in them."""
    if not scene.bursts:
        return
    rng = scene.rng("led groups")
    everything = Bursts(
        *(
            np.concatenate([getattr(b, name) for b, _ in scene.bursts])
            for name in ("start", "group", "length")
        )
    )
    talk(scene, rng, everything, {leader: 40.0 for _, leader in scene.bursts})
    scene.bursts.clear()
