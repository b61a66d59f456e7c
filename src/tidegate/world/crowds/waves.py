"""Crowds that sign up together: a school, a family, a festival, the customers of one carrier."""

import numpy as np

from tidegate.world.crowds.crowd import (
    Crowd,
    Welcome,
    a_day,
    acquaintance,
    among_members,
    live_here,
    local_s,
    newcomers,
    numbers_in_a_row,
    sign_up,
    visit,
    write,
)
from tidegate.world.groups import everyday_bursts, found, talk
from tidegate.world.occasions import write_to_contacts
from tidegate.world.places import HONEST_CLIENTS
from tidegate.world.rhythm import DAY_S, HOUR_S
from tidegate.world.scene import Scene
from tidegate.world.threads import Manner

_CLASS_SIZE = 28
_NEWEST_CLIENTS = 5
"""The first clients are those of phones."""


def settle_school(scene: Scene, crowd: Crowd) -> None:
    """Teachers (the first members) have accounts; all pupils sign up within one hour of a school morning, in
    the school's network, with the client that was just handed out, and are in that network on school days.
    """
    rng, who = crowd.rng, scene.who
    live_here(scene, crowd)
    school = scene.places.block(1)
    _, pupils = _teachers_and_pupils(crowd)
    crowd.begin_s = local_s(scene, a_day(scene, crowd, 0.05, 0.5, working=True), rng.uniform(8.0, 12.0))
    crowd.begin_s = max(crowd.begin_s, 60.0)
    sign_up(scene, pupils, crowd.begin_s + rng.uniform(0.0, rng.uniform(1_200.0, HOUR_S), len(pupils)))
    who.work[crowd.members] = school
    who.mobile[crowd.members] = rng.uniform(0.0, 0.12, len(crowd))
    visit(scene, pupils, school, crowd.begin_s - 60.0, crowd.begin_s + rng.uniform(1.0, 4.0) * HOUR_S)
    who.client[pupils] = rng.integers(0, _NEWEST_CLIENTS)
    who.second[pupils] = 0.0


def _teachers_and_pupils(crowd: Crowd) -> tuple[np.ndarray, np.ndarray]:
    teachers = max(1, len(crowd) // (_CLASS_SIZE + 1))
    return crowd.members[:teachers], crowd.members[teachers:]


def attend_school(scene: Scene, crowd: Crowd) -> None:
    """Pupils write to their friends, to classmates and to teachers; each teacher makes a class group."""
    rng = crowd.rng
    teachers, pupils = _teachers_and_pupils(crowd)
    write_to_contacts(scene, rng, pupils)
    classes = np.array_split(pupils, len(teachers))
    for teacher, own in zip(teachers.tolist(), classes, strict=True):
        time = crowd.begin_s + HOUR_S + rng.uniform(300.0, 7_200.0)
        _make_group(
            scene, crowd, np.concatenate([[teacher], own]), time, per_day=float(rng.uniform(1.0, 3.0))
        )
        opener, other = among_members(crowd, 4.0, own)
        start = crowd.begin_s + 900.0 + rng.exponential(0.8 * DAY_S, len(opener))
        write(scene, crowd, start, opener, other, acquaintance(scene), Welcome(0.85, saved=0.4), 1.4)
        asking = own[rng.random(len(own)) < 0.4]
        told = own[rng.random(len(own)) < 0.3]
        opener = np.concatenate([asking, np.full(len(told), teacher)])
        other = np.concatenate([np.full(len(asking), teacher), told])
        start = time + rng.exponential(1.5 * DAY_S, len(opener))
        write(scene, crowd, start, opener, other, acquaintance(scene), Welcome(0.88), 1.0)


def _make_group(scene: Scene, crowd: Crowd, members: np.ndarray, time: float, per_day: float) -> None:
    """Made inside the log by the first of the members, who are added within minutes; they talk."""
    group = scene.groups.add(members)
    found(scene, crowd.rng, group, time, leave_share=0.01)
    since = np.array([time])
    talk(scene, crowd.rng, everyday_bursts(scene, crowd.rng, np.array([group]), np.array([per_day]), since))


def settle_family(scene: Scene, crowd: Crowd) -> None:
    """One home; some of them (not the first) sign up on one evening, on the tablet they all share."""
    rng, who = crowd.rng, scene.who
    live_here(scene, crowd)
    who.home[crowd.members] = who.home[crowd.members[0]]
    tablet = scene.places.new_devices(1)[0]
    who.device2[crowd.members], who.second[crowd.members] = tablet, 0.25
    who.client2[crowd.members] = rng.integers(0, _NEWEST_CLIENTS)
    fresh = crowd.members[1 : 1 + int(rng.integers(1, len(crowd)))]
    crowd.begin_s = max(local_s(scene, a_day(scene, crowd, 0.05, 0.6), rng.uniform(17.5, 20.5)), 60.0)
    sign_up(scene, fresh, crowd.begin_s + rng.uniform(0.0, HOUR_S, len(fresh)))
    who.device[fresh], who.client[fresh] = tablet, who.client2[fresh]
    who.mobile[fresh] = 0.0


def live_as_family(scene: Scene, crowd: Crowd) -> None:
    """A group of the family, messages to each other; the new ones write to people they know."""
    rng = crowd.rng
    write_to_contacts(scene, rng, newcomers(scene, crowd))
    _make_group(scene, crowd, crowd.members, crowd.begin_s + HOUR_S + rng.uniform(60.0, 3_000.0), per_day=3.0)
    opener, other = among_members(crowd, 3.0, crowd.members)
    start = crowd.begin_s + rng.exponential(1.5 * DAY_S, len(opener))
    write(scene, crowd, start, opener, other, acquaintance(scene), Welcome(0.95, saved=0.5), 1.5)


def settle_festival(scene: Scene, crowd: Crowd) -> None:
    """The first member is the festival's information account, and old. The others sign up within a few hours,
    over their carriers and the festival's own network, four in five with the same new client.
    """
    rng, who = crowd.rng, scene.who
    live_here(scene, crowd)
    fresh = crowd.members[1:]
    crowd.begin_s = max(local_s(scene, a_day(scene, crowd, 0.05, 0.6), rng.uniform(11.0, 16.0)), 60.0)
    sign_up(scene, fresh, crowd.begin_s + rng.uniform(2.0, 6.0) * HOUR_S * rng.beta(1.5, 2.5, len(fresh)))
    who.mobile[crowd.members] = rng.uniform(0.4, 0.8, len(crowd))
    until = crowd.begin_s + rng.uniform(8.0, 60.0) * HOUR_S
    visit(scene, crowd.members, scene.places.block(1), crowd.begin_s - 60.0, until)
    alike = fresh[rng.random(len(fresh)) < 0.8]
    who.client[alike], who.second[alike] = rng.integers(0, _NEWEST_CLIENTS), 0.0


def celebrate(scene: Scene, crowd: Crowd) -> None:
    """They write to friends, to a few others there, and a third to half of them to the information account,
    which answers nearly all.
    """
    rng, who = crowd.rng, scene.who
    info, fresh = crowd.members[0], crowd.members[1:]
    write_to_contacts(scene, rng, fresh)
    asking = fresh[rng.random(len(fresh)) < rng.uniform(0.3, 0.6)]
    start = who.birth[asking] + rng.exponential(3_600.0, len(asking))
    answers = Manner(0.8, 240.0, 1.0, 60.0)
    write(scene, crowd, start, asking, np.full(len(asking), info), answers, Welcome(0.96), 0.7)
    opener, other = among_members(crowd, 1.5, fresh)
    start = np.maximum(who.birth[opener], who.birth[other]) + rng.exponential(8_000.0, len(opener))
    write(scene, crowd, start, opener, other, acquaintance(scene), Welcome(0.75, saved=0.4), 1.2)


def settle_carrier_nat(scene: Scene, crowd: Crowd) -> None:
    """All of them come from one address of their carrier most of the time. A tenth to a quarter bought a
    number of a promotion, in a row, and sign up in the same hour.
    """
    rng, who = crowd.rng, scene.who
    who.pool[crowd.members], who.pool_size[crowd.members] = scene.places.block(1), 1
    who.mobile[crowd.members] = rng.uniform(0.6, 0.95, len(crowd))
    fresh = crowd.members[: max(10, round(len(crowd) * rng.uniform(0.1, 0.25)))]
    crowd.begin_s = max(local_s(scene, a_day(scene, crowd, 0.05, 0.7), rng.uniform(10.0, 19.0)), 60.0)
    sign_up(scene, fresh, crowd.begin_s + rng.uniform(0.0, HOUR_S, len(fresh)))
    numbers_in_a_row(scene, crowd, rng.permutation(fresh))
    who.device[fresh] = scene.places.new_devices(len(fresh))
    # A cheap phone that came with the number; the rest keep what they had.
    cheap = fresh[rng.random(len(fresh)) < 0.5]
    who.client[cheap] = rng.integers(0, HONEST_CLIENTS - 3)


def arrive_by_promotion(scene: Scene, crowd: Crowd) -> None:
    """The new ones write to people they know; nothing else connects them."""
    write_to_contacts(scene, crowd.rng, newcomers(scene, crowd))
