"""Crowds that meet: a conference, volunteers on one evening, parents who reorganise their group."""

import numpy as np
from numpy.typing import NDArray

from tidegate.events.columns import EventType
from tidegate.world.crowds.crowd import (
    Crowd,
    Welcome,
    a_day,
    acquaintance,
    among_members,
    live_here,
    local_s,
    newcomers,
    sign_up,
    visit,
    write,
)
from tidegate.world.groups import add_members, everyday_bursts, talk
from tidegate.world.lists import region
from tidegate.world.occasions import write_to_contacts
from tidegate.world.randomness import log_uniform, spread_counts
from tidegate.world.rhythm import DAY_S, HOUR_S
from tidegate.world.scene import Bursts, Scene
from tidegate.world.threads import Manner

_FEWEST_MET, _MOST_MET = 3, 15


def settle_conference(scene: Scene, crowd: Crowd) -> None:
    """For two or three days all visitors are in the venue's network; a tenth to a third sign up on the first
    morning.
    """
    rng, who = crowd.rng, scene.who
    live_here(scene, crowd)
    crowd.begin_s = max(local_s(scene, a_day(scene, crowd, 0.05, 0.5), 8.0), 60.0)
    length_s = DAY_S * int(rng.integers(1, 3)) + 10.0 * HOUR_S
    visit(scene, crowd.members, scene.places.block(1), crowd.begin_s, crowd.begin_s + length_s)
    who.mobile[crowd.members] = rng.uniform(0.05, 0.35, len(crowd))
    fresh = crowd.members[1 : 1 + round(len(crowd) * rng.uniform(0.1, 0.33))]
    sign_up(scene, fresh, crowd.begin_s + rng.uniform(0.0, 3.0 * HOUR_S, len(fresh)))


def confer(scene: Scene, crowd: Crowd) -> None:
    """Each writes to some of the 3 to 15 people met there, 50 to 80 % of whom answer; they join the groups
    on the posters.
    """
    rng, who = crowd.rng, scene.who
    write_to_contacts(scene, rng, newcomers(scene, crowd))
    met = rng.integers(_FEWEST_MET, _MOST_MET + 1, len(crowd))
    # Of two who meet, one writes first.
    writes, _ = spread_counts(np.maximum(1, met // 2).astype(np.int64))
    opener = crowd.members[writes]
    other = crowd.members[(writes + 1 + rng.integers(0, len(crowd) - 1, len(writes))) % len(crowd)]
    days = max(1, round(float(who.away_until[crowd.members[0]] - crowd.begin_s) / DAY_S))
    start = (
        crowd.begin_s
        + DAY_S * rng.integers(0, days, len(writes))
        + HOUR_S * rng.uniform(1.5, 14.0, len(writes))
    )
    welcome = Welcome(float(rng.uniform(0.52, 0.8)), saved=0.5)
    write(scene, crowd, start, opener, other, acquaintance(scene), welcome, 1.0)
    for _ in range(int(rng.integers(1, 4))):
        _join_by_poster(scene, crowd)


def _join_by_poster(scene: Scene, crowd: Crowd) -> None:
    """A group of the conference: nobody is invited, they join one by one in the first day."""
    rng, who = crowd.rng, scene.who
    founder = crowd.members[0]
    joining = crowd.members[1:][rng.random(len(crowd) - 1) < rng.uniform(0.3, 0.8)]
    group = scene.groups.add(np.concatenate([[founder], joining]))
    made = crowd.begin_s + rng.uniform(0.0, 2.0) * HOUR_S
    scene.add_events(
        EventType.GROUP_CREATE,
        np.array([made]),
        np.array([founder]),
        chat=np.array([group]),
        members=np.array([1]),
    )
    time = made + 60.0 + np.minimum(rng.exponential(3.0 * HOUR_S, len(joining)), 0.9 * DAY_S)
    time = np.sort(np.maximum(time, who.signup[joining] + 120.0))
    chat, grown = np.full(len(joining), group), 2 + np.arange(len(joining))
    scene.add_events(EventType.JOIN, time, joining, chat=chat, members=grown)
    since = np.array([made + 2.0 * HOUR_S])
    talk(scene, rng, everyday_bursts(scene, rng, np.array([group]), np.array([3.0]), since))


def settle_volunteers(scene: Scene, crowd: Crowd) -> None:
    """Old accounts at home; up to one in ten signed up for it that afternoon."""
    rng = crowd.rng
    live_here(scene, crowd)
    crowd.begin_s = max(local_s(scene, a_day(scene, crowd, 0.1, 0.8), rng.uniform(17.5, 18.5)), 7_200.0)
    fresh = crowd.members[1 : 1 + int(0.1 * len(crowd) * rng.random())]
    sign_up(scene, fresh, crowd.begin_s - rng.uniform(600.0, 7_000.0, len(fresh)))


def canvass(scene: Scene, crowd: Crowd) -> None:
    """Each writes one text to 10 to 50 people of a divided list of members, all in one evening; 25 to 50 %
    answer. The list is of one region: half of them saved the numbers before.
    """
    rng = crowd.rng
    everybody = region(scene, rng, min(scene.people, 51 * len(crowd)))
    everybody = rng.permutation(everybody[~np.isin(everybody, crowd.members)])
    share = np.minimum(rng.integers(10, 51, len(crowd)), max(1, len(everybody) // len(crowd)))
    which, rank = spread_counts(share.astype(np.int64))
    pause = np.exp(rng.uniform(np.log(30.0), np.log(180.0), len(crowd)))
    own_begin = crowd.begin_s + rng.uniform(0.0, HOUR_S, len(crowd))
    start = own_begin[which] + (rank + rng.random(len(which))) * np.minimum(
        pause[which], 9_000.0 / share[which]
    )
    manner = Manner(
        0.72,
        2_500.0,
        1.6,
        typed=0.35,
        size=log_uniform(rng, 180.0, 450.0),
        size_spread=float(rng.uniform(0.02, 0.2)),
    )
    blocks = float(rng.uniform(0.002, 0.01))
    welcome = Welcome(float(rng.uniform(0.27, 0.5)), blocks, blocks / 4.0, saved=float(rng.uniform(0.3, 0.7)))
    write(scene, crowd, start, crowd.members[which], everybody[: len(which)], manner, welcome, 0.9)
    group = scene.groups.add(crowd.members)
    since = np.array([-1.0])
    talk(scene, rng, everyday_bursts(scene, rng, np.array([group]), np.array([2.0]), since))


def settle_parents(scene: Scene, crowd: Crowd) -> None:
    """Nothing but the evening."""
    live_here(scene, crowd)
    crowd.begin_s = max(local_s(scene, a_day(scene, crowd, 0.2, 0.8), crowd.rng.uniform(18.0, 20.5)), 7_200.0)


def reorganise(scene: Scene, crowd: Crowd) -> None:
    """An old group is active until somebody makes a new one; its members are added or join by a link, and
    leave the old one within the evening.
    """
    rng = crowd.rng
    old, new = scene.groups.add(crowd.members), scene.groups.add(rng.permutation(crowd.members))
    before = everyday_bursts(scene, rng, np.array([old]), np.array([4.0]), np.array([-1.0]))
    _talk_until(scene, crowd, before, crowd.begin_s)
    members = scene.groups.members[new].astype(np.int64)
    founder, rest = int(members[0]), members[1:]
    scene.add_events(
        EventType.GROUP_CREATE,
        np.array([crowd.begin_s]),
        np.array([founder]),
        chat=np.array([new]),
        members=np.array([1]),
    )
    added = rest[: round(len(rest) * rng.uniform(0.3, 0.9))]
    by_link = rest[len(added) :]
    times = crowd.begin_s + 5.0 + np.cumsum(rng.exponential(3.0, len(added)))
    add_members(scene, rng, new, founder, added, times, 2 + np.arange(len(added)), leave_share=0.0)
    joined = crowd.begin_s + 300.0 + np.sort(np.minimum(rng.exponential(2_400.0, len(by_link)), 14_000.0))
    grown = 2 + len(added) + np.arange(len(by_link))
    scene.add_events(EventType.JOIN, joined, by_link, chat=np.full(len(by_link), new), members=grown)
    left = np.sort(crowd.begin_s + 400.0 + np.minimum(rng.exponential(3_000.0, len(rest)), 14_000.0))
    remaining = len(crowd) - 1 - np.arange(len(rest))
    scene.add_events(
        EventType.LEAVE, left, rng.permutation(rest), chat=np.full(len(rest), old), members=remaining
    )
    after = everyday_bursts(scene, rng, np.array([new]), np.array([4.0]), np.array([crowd.begin_s + 900.0]))
    talk(scene, rng, after)
    opener, other = among_members(crowd, 1.0, crowd.members)
    start = crowd.begin_s + rng.normal(0.0, DAY_S, len(opener))
    write(scene, crowd, start, opener, other, acquaintance(scene), Welcome(0.9), 1.0)


def _talk_until(scene: Scene, crowd: Crowd, bursts: Bursts, until_s: float) -> None:
    """The bursts that begin well before a time."""
    early: NDArray[np.bool_] = bursts.start < until_s - HOUR_S
    talk(scene, crowd.rng, Bursts(bursts.start[early], bursts.group[early], bursts.length[early]))
