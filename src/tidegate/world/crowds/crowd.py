"""One honest crowd, and what the lives of all of them have in common."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidegate.events.columns import EventType
from tidegate.world.daily_life import alive, awake, conversation_lengths
from tidegate.world.randomness import spread_counts
from tidegate.world.rhythm import DAY_S, HOUR_S
from tidegate.world.scene import Scene
from tidegate.world.threads import Manner, make_threads

WEEK_DAYS, WORKING_DAYS = 7, 5
_REPORT_WORDS = np.array([1, 3, 4])
"""Spam, harassment, other: codes of the ``reason`` column."""


@dataclass(slots=True)
class Crowd:
    """Honest people who have something in common. Leaders come first among the members."""

    number: int
    kind: str
    members: NDArray[np.int64]
    rng: np.random.Generator
    begin_s: float = 0.0
    """When it comes together, in seconds from the start of the log."""

    def __len__(self) -> int:
        return len(self.members)


@dataclass(frozen=True, slots=True)
class Welcome:
    """How those who are written to take it: probabilities."""

    answers: float
    blocks: float = 0.0
    reports: float = 0.0
    saved: float = 0.0
    """That the opener saves the other as a contact before writing."""


def local_s(scene: Scene, day: int, hour: float) -> float:
    """Seconds from the start of the log, of an hour of a day where most people of this world live."""
    return day * DAY_S + (hour - scene.habits.utc_offset_h) * HOUR_S


def local_times(
    scene: Scene, day: NDArray[np.integer], hour: NDArray[np.float64] | float
) -> NDArray[np.float64]:
    """The same for each of many days."""
    return np.asarray(day * DAY_S + (hour - scene.habits.utc_offset_h) * HOUR_S, np.float64)


def a_day(scene: Scene, crowd: Crowd, low: float, high: float, working: bool = False) -> int:
    """A day of the log between two shares of its length; a working day if that stretch has one."""
    days = scene.settings.days
    choice = np.arange(int(low * days), max(int(low * days) + 1, int(np.ceil(high * days))))
    if working and (choice % WEEK_DAYS < WORKING_DAYS).any():
        choice = choice[choice % WEEK_DAYS < WORKING_DAYS]
    return int(crowd.rng.choice(choice))


def working_days(scene: Scene, since_s: float = 0.0) -> NDArray[np.int64]:
    """Mondays to Fridays of the log that begin after a time; all days of a log that has none."""
    days = np.arange(scene.settings.days)
    working = days[(days % WEEK_DAYS < WORKING_DAYS) & (days * DAY_S >= since_s)]
    return working if len(working) else days[-1:]


def live_here(scene: Scene, crowd: Crowd) -> None:
    """Members live in the world's usual time zone, which one person in twelve does not."""
    wake = 7.1 + crowd.rng.normal(0.0, 0.7, len(crowd)) - scene.habits.utc_offset_h
    scene.who.wake_h[crowd.members] = wake


def sign_up(scene: Scene, accounts: NDArray[np.int64], time: NDArray[np.float64]) -> None:
    """These sign up at these times (s), instead of when they had. A time before the log is one before it."""
    scene.who.signup[accounts] = time
    scene.who.birth[accounts] = np.where(time >= 0.0, time + 30.0, -np.inf)


def visit(scene: Scene, accounts: NDArray[np.int64], address: int, since_s: float, until_s: float) -> None:
    """Between these times these are in one network, except when they use their mobile one."""
    scene.who.away[accounts] = address
    scene.who.away_from[accounts], scene.who.away_until[accounts] = since_s, until_s


def numbers_in_a_row(scene: Scene, crowd: Crowd, accounts: NDArray[np.int64]) -> None:
    """A contract's or a promotion's numbers: one after another, few left out."""
    base = np.int64(crowd.rng.integers(4_470_000, 4_479_999)) * 10_000 + crowd.rng.integers(0, 4_000)
    scene.who.phone[accounts] = base + np.cumsum(crowd.rng.integers(1, 4, len(accounts)))


def newcomers(scene: Scene, crowd: Crowd) -> NDArray[np.int64]:
    """Members who sign up inside the log."""
    return crowd.members[scene.who.signup[crowd.members] >= 0.0]


def outsiders(scene: Scene, crowd: Crowd, count: int) -> NDArray[np.int64]:
    """People anywhere who are no members, with repetition."""
    others = np.setdiff1d(np.arange(scene.people), crowd.members)
    return np.asarray(others[crowd.rng.integers(0, len(others), count)])


def among_members(
    crowd: Crowd, mean: float, members: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of members: each of ``members`` as opener with a Poisson number of others."""
    opener, _ = spread_counts(crowd.rng.poisson(mean, len(members)).astype(np.int64))
    step = 1 + crowd.rng.integers(0, max(1, len(members) - 1), len(opener))
    return members[opener], members[(opener + step) % len(members)]


def write(
    scene: Scene,
    crowd: Crowd,
    start: NDArray[np.float64],
    opener: NDArray[np.integer],
    other: NDArray[np.integer],
    manner: Manner,
    welcome: Welcome,
    messages_mu: float = 0.8,
) -> None:
    """Threads from ``opener`` to ``other``, with the contacts saved before and the complaints after."""
    rng, who = crowd.rng, scene.who
    threads = make_threads(
        start,
        opener,
        other,
        manner=scene.manners.add(manner),
        length=conversation_lengths(rng, len(start), messages_mu),
        p_reply=welcome.answers,
    )
    threads = threads.take(alive(threads, who))
    scene.threads.append(threads)
    saved = rng.random(len(threads)) < welcome.saved
    at = threads.start[saved] - rng.uniform(5.0, 600.0, int(saved.sum()))
    scene.add_events(EventType.CONTACT, at, threads.opener[saved], target=threads.other[saved])
    for kind, chance in ((EventType.BLOCK, welcome.blocks), (EventType.REPORT, welcome.reports)):
        upset = np.flatnonzero(rng.random(len(threads)) < chance)
        delay = 60.0 + 1_800.0 * np.exp(1.5 * rng.standard_normal(len(upset)))
        time = awake(rng, threads.start[upset] + delay, threads.other[upset], who)
        reason = rng.choice(_REPORT_WORDS, len(upset)) if kind == EventType.REPORT else 0
        scene.add_events(kind, time, threads.other[upset], target=threads.opener[upset], reason=reason)


def acquaintance(scene: Scene) -> Manner:
    """How people talk who know or want to know each other."""
    return Manner(scene.habits.alternation, 2_400.0, 1.9)
