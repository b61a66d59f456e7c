"""Conversations among acquaintances, and the strangers that honest people write to."""

import numpy as np
from numpy.typing import NDArray

from tidegate.world.accounts import Accounts
from tidegate.world.randomness import power_law, spread_counts
from tidegate.world.rhythm import DAY_S, moments
from tidegate.world.scene import Scene
from tidegate.world.threads import Manner, Threads, make_threads

_MOST_MESSAGES = 120
_WRONG_NUMBERS, _ADVERTS = 0.2, 0.35
"""Shares of honest first messages to strangers; friends of friends are the rest."""


def conversation_lengths(
    rng: np.random.Generator, count: int, mu: float | NDArray[np.float64]
) -> NDArray[np.int64]:
    """Messages of a conversation, log-normal with sigma 0.95, 1 to 120."""
    return np.clip(np.exp(rng.normal(mu, 0.95, count)), 1.0, _MOST_MESSAGES).astype(np.int64)


def chats_among_friends(scene: Scene) -> None:
    """Each tie has episodes at a Poisson rate; an episode is one conversation and the ones it leads to.

    What follows an episode's first conversation comes after a power-law time between ten minutes and three
    days (exponent 1.15), which gives people their bursts over hours and days.
    """
    rng, ties, who, habits = scene.rng("friends"), scene.ties, scene.who, scene.habits
    days, manners = scene.settings.days, scene.manners
    friend = manners.add(Manner(habits.alternation, habits.reply_latency_s, 2.3))
    acquaintance = manners.add(Manner(habits.alternation, habits.reply_latency_s * 2.5, 2.3, 70.0))
    episodes = rng.poisson(ties.rate * days * 0.5)
    first_tie, _ = spread_counts(episodes.astype(np.int64))
    further = rng.geometric(0.45, len(first_tie)).astype(np.int64)
    episode, position = spread_counts(further)
    tie = first_tie[episode]
    lean = np.clip(rng.beta(4.0, 4.0, len(ties.one)), 0.1, 0.9)
    begins = rng.random(len(tie)) < lean[tie]
    opener = np.where(begins, ties.one[tie], ties.other[tie])
    other = np.where(begins, ties.other[tie], ties.one[tie])
    day = busy_days(rng, ties.one[first_tie], days)
    base = moments(rng, day, *_rhythm(who, ties.one[first_tie]))
    later = np.where(position > 0, power_law(rng, len(tie), 1.15, 600.0, 3.0 * DAY_S), 0.0)
    start = awake(rng, base[episode] + later, opener, who)
    wordy = rng.normal(0.0, 0.5, scene.people)
    weak = ties.rank > 2
    never = weak & (rng.random(len(ties.one)) < habits.one_sided_ties)
    p_reply = np.where(never, 0.02, np.where(weak, 0.86, 0.96))[tie]
    threads = make_threads(
        start,
        opener,
        other,
        manner=np.where(weak[tie], acquaintance, friend).astype(np.int16),
        length=conversation_lengths(rng, len(tie), habits.messages_mu + wordy[ties.one[tie]]),
        openings=np.minimum(rng.geometric(0.7, len(tie)), 5),
        p_reply=p_reply,
    )
    move_to_new_numbers(scene, threads)
    scene.threads.append(threads.take(alive(threads, who)))


def move_to_new_numbers(scene: Scene, threads: Threads) -> None:
    """Conversations of a changed number continue under the new one."""
    for side in (threads.opener, threads.other):
        new = scene.successor[side]
        moved = new >= 0
        moved[moved] = threads.start[moved] > scene.who.signup[new[moved]] + 3_600.0
        side[moved] = new[moved]


def busy_days(rng: np.random.Generator, person: NDArray[np.integer], days: int) -> NDArray[np.int64]:
    """A day for each row, from the day before the log to the day after it; what falls on a person's quiet
    day moves on.

    A third of a person's days are quiet, on average: with evenly busy days the gaps of a day and more are
    too rare.
    """
    quiet_share = rng.beta(1.2, 2.0, int(person.max(initial=0)) + 1)
    quiet = rng.random((len(quiet_share), days + 5)) < quiet_share[:, np.newaxis]
    day = rng.integers(-1, days + 1, len(person))
    for _ in range(3):
        day += quiet[person, day + 1]
    return np.asarray(day)


def strangers(scene: Scene) -> None:
    """Wrong numbers (rarely answered, some unused), classified advertisements (a seller hears from several
    people), friends of friends.
    """
    rng, who, people, habits = scene.rng("strangers"), scene.who, scene.people, scene.habits
    days = scene.settings.days
    advert = scene.manners.add(Manner(0.75, 5_000.0, 1.7, 90.0, size=110.0))
    appetite = np.exp(0.9 * rng.standard_normal(people))
    count = rng.poisson(habits.stranger_rate * appetite * days / 7.0)
    opener, _ = spread_counts(count.astype(np.int64))
    kind = rng.random(len(opener))
    wrong, for_sale = kind < _WRONG_NUMBERS, kind > 1.0 - _ADVERTS
    sellers = rng.permutation(people)[: max(5, people // 50)]
    near = (opener + np.round(rng.laplace(0.0, 120.0, len(opener))).astype(np.int64)) % people
    other = np.where(wrong, rng.integers(0, people, len(opener)), near)
    other = np.where(for_sale, sellers[rng.integers(0, len(sellers), len(opener))], other)
    unused = np.flatnonzero(wrong & (rng.random(len(opener)) < 0.3))
    other[unused] = scene.new_numbers(len(unused))
    p_reply = np.select([wrong, for_sale], [0.25, 0.8], 0.75) * habits.stranger_reply / 0.55
    threads = make_threads(
        moments(rng, rng.integers(-1, days + 1, len(opener)), *_rhythm(who, opener)),
        opener,
        other,
        manner=advert,
        length=conversation_lengths(rng, len(opener), 1.3),
        openings=np.minimum(rng.geometric(0.75, len(opener)), 4),
        p_reply=np.minimum(p_reply, 0.97),
    )
    scene.threads.append(threads.take(alive(threads, who)))


def _rhythm(who: Accounts, account: NDArray[np.integer]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return who.wake_h[account], who.sleep_h[account]


def awake(
    rng: np.random.Generator, time: NDArray[np.float64], account: NDArray[np.integer], who: Accounts
) -> NDArray[np.float64]:
    """The same times, those in the account's night moved to the morning after."""
    wake, sleep = _rhythm(who, account)
    hour = (time / 3_600.0 - wake) % 24.0
    asleep = (hour > 24.0 - sleep) & (rng.random(len(time)) > 0.03)
    return np.asarray(
        np.where(asleep, time + (24.0 - hour) * 3_600.0 + rng.exponential(3_000.0, len(time)), time)
    )


def alive(threads: Threads, who: Accounts) -> NDArray[np.bool_]:
    """Threads between two that are both there at the time: signed up, not gone. An unused number is always
    there.
    """
    real = threads.other < len(who)
    other = np.where(real, threads.other, threads.opener)
    birth = np.maximum(who.birth[threads.opener], np.where(real, who.signup[other], -np.inf))
    death = np.minimum(who.death[threads.opener], who.death[other])
    present = (threads.start >= birth) & (threads.start < death)
    return np.asarray(present & (threads.opener != threads.other))
