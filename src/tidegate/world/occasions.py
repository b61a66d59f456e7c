"""What happens to people once: a first phone, a new number, a join wave, a holiday, a quarrel."""

import numpy as np
from numpy.typing import NDArray

from tidegate.events.columns import EventType
from tidegate.world.accounts import ROLE_CODE
from tidegate.world.daily_life import alive, awake, conversation_lengths
from tidegate.world.population import having
from tidegate.world.randomness import spread_counts
from tidegate.world.rhythm import DAY_S, moments
from tidegate.world.scene import Scene
from tidegate.world.threads import Manner, make_threads

_NOT_HERE = 0.4
"""Contacts in an address book that have no account, for each one that has."""
GREETER_CONTACTS = 30
"""Greetings sent to this many people on the holiday make a ``holiday_greeter``."""


def turns_of_life(scene: Scene) -> None:
    """Who joins in a wave, and who changes his number: settled before anybody writes."""
    _gather_waves(scene)
    _choose_new_numbers(scene)


def occasions(scene: Scene) -> None:
    """What people write and do on these occasions."""
    meet_in_waves(scene)
    announce_numbers(scene)
    arrive(scene)
    greet(scene)
    quarrel(scene)
    log_in(scene)


def _waves(scene: Scene) -> list[NDArray[np.int64]]:
    """Dozens to hundreds of accounts each."""
    wave = having(scene.who, "join_wave")
    waves = max(1, len(wave) // 150)
    return [wave[number::waves] for number in range(waves)]


def _gather_waves(scene: Scene) -> None:
    """A festival or a school start: all of a wave sign up within the hour from one network."""
    rng, who = scene.rng("waves"), scene.who
    for joining in _waves(scene):
        begin = rng.uniform(0.05, 0.8) * scene.length_s
        who.signup[joining] = begin + rng.uniform(0.0, 3_600.0, len(joining))
        who.birth[joining] = who.signup[joining] + rng.exponential(600.0, len(joining))
        who.away[joining] = scene.places.block(1)
        who.away_from[joining] = begin - 1.0
        who.away_until[joining] = begin + rng.uniform(3_600.0, 2.0 * DAY_S, len(joining))


def meet_in_waves(scene: Scene) -> None:
    """Those who joined together write to each other in their first days."""
    rng, who = scene.rng("wave meetings"), scene.who
    for joining in _waves(scene):
        opener, _ = spread_counts(rng.poisson(3.0, len(joining)).astype(np.int64))
        other = joining[rng.integers(0, len(joining), len(opener))]
        start = who.birth[joining][opener] + rng.exponential(DAY_S, len(opener))
        _acquaint(scene, rng, start, joining[opener], other, p_reply=0.8)


def _choose_new_numbers(scene: Scene) -> None:
    """Sociable people whose old account ends while a new one begins; half keep the phone."""
    rng, who = scene.rng("number changes"), scene.who
    fresh = having(who, "number_change")
    people = slice(0, scene.people)
    ordinary = np.flatnonzero((who.role[people] == ROLE_CODE["person"]) & (who.signup[people] < 0.0))
    degree = np.diff(scene.ties.offsets)[ordinary]
    sociable = ordinary[np.argsort(-degree, kind="stable")[: max(len(fresh) * 3, len(ordinary) // 3)]]
    before = rng.permutation(sociable)[: len(fresh)]
    fresh = fresh[: len(before)]
    who.death[before] = who.signup[fresh] + rng.uniform(0.0, 7_200.0, len(fresh))
    for name in ("typing", "wake_h", "sleep_h", "home", "work", "pool", "pool_size", "mobile"):
        field = getattr(who, name)
        field[fresh] = field[before]
    same_phone = rng.random(len(fresh)) < 0.5
    who.device[fresh[same_phone]] = who.device[before[same_phone]]
    scene.successor[before] = fresh


def announce_numbers(scene: Scene) -> None:
    """A new number is told to 20 to 150 contacts within hours or days; most of them answer."""
    rng, who = scene.rng("new numbers"), scene.who
    before = np.flatnonzero(scene.successor >= 0)
    if not len(before):
        return
    manner = scene.manners.add(
        Manner(scene.habits.alternation, 2_000.0, 1.9, typed=0.5, size=150.0, size_spread=0.15)
    )
    openers, others, starts = [], [], []
    for old, new in zip(before.tolist(), scene.successor[before].tolist(), strict=True):
        at = float(who.signup[new])
        contacts = scene.ties.of(old)
        contacts = rng.permutation(contacts[contacts != new])[: int(rng.uniform(0.5, 1.0) * 150) + 1]
        gaps = 8.0 * np.exp(1.3 * rng.standard_normal(len(contacts)))
        pauses = (rng.random(len(contacts)) < 0.08) * rng.exponential(7_200.0, len(contacts))
        openers.append(np.full(len(contacts), new))
        others.append(contacts)
        starts.append(at + 300.0 + rng.exponential(3_600.0) + np.cumsum(gaps + pauses))
        imported = at + 20.0 + np.sort(rng.uniform(0.0, 30.0, len(contacts)))
        scene.add_events(EventType.CONTACT, imported, np.full(len(contacts), new), target=contacts)
    opener, other = np.concatenate(openers), np.concatenate(others)
    threads = make_threads(
        awake(rng, np.concatenate(starts), opener, who),
        opener,
        other,
        manner=manner,
        length=conversation_lengths(rng, len(opener), 1.0),
        p_reply=rng.uniform(0.55, 0.85),
    )
    scene.threads.append(threads.take(alive(threads, who)))


def arrive(scene: Scene) -> None:
    """Newcomers import their contacts and write to many of them in their first days; most know them and
    answer.
    """
    fresh = np.concatenate([having(scene.who, "newcomer"), having(scene.who, "join_wave")])
    write_to_contacts(scene, scene.rng("arrivals"), fresh)


def write_to_contacts(scene: Scene, rng: np.random.Generator, fresh: NDArray[np.int64]) -> None:
    """What these newcomers do in their first days with the people they know."""
    who, ties = scene.who, scene.ties
    degree = np.diff(ties.offsets)[fresh]
    owner, rank = spread_counts(degree)
    contact = ties.contacts[ties.offsets[fresh][owner] + rank]
    account = fresh[owner]
    imports = rng.random(len(fresh)) < scene.habits.import_share
    saved = imports[owner] & (rng.random(len(owner)) < 0.9)
    at = who.signup[account] + rng.uniform(5.0, 90.0, len(account))
    scene.add_events(EventType.CONTACT, at[saved], account[saved], target=contact[saved])
    strangers_to_us = saved & (rng.random(len(owner)) < _NOT_HERE)
    numbers = scene.new_numbers(int(strangers_to_us.sum()))
    scene.add_events(EventType.CONTACT, at[strangers_to_us] + 0.5, account[strangers_to_us], target=numbers)
    eager = rng.beta(1.2, 3.0, len(fresh))
    writes = rng.random(len(owner)) < eager[owner]
    hurry = np.exp(rng.normal(np.log(0.6 * DAY_S), 1.2, len(fresh)))
    start = who.birth[account] + rng.exponential(1.0, len(account)) * hurry[owner]
    _acquaint(scene, rng, start[writes], account[writes], contact[writes], p_reply=0.82)
    # The other way round: contacts notice the new account and write first.
    noticed = (rng.random(len(owner)) < 0.12) & ~writes
    start = who.birth[account] + rng.exponential(2.0 * DAY_S, len(account))
    _acquaint(scene, rng, start[noticed], contact[noticed], account[noticed], p_reply=0.9)


def _acquaint(
    scene: Scene,
    rng: np.random.Generator,
    start: NDArray[np.float64],
    opener: NDArray[np.integer],
    other: NDArray[np.integer],
    p_reply: float,
) -> None:
    manner = scene.manners.add(Manner(scene.habits.alternation, 2_400.0, 1.9))
    threads = make_threads(
        awake(rng, start, opener, scene.who),
        opener,
        other,
        manner=manner,
        length=conversation_lengths(rng, len(start), 1.6),
        openings=np.minimum(rng.geometric(0.7, len(start)), 4),
        p_reply=p_reply,
    )
    scene.threads.append(threads.take(alive(threads, scene.who)))


def greet(scene: Scene) -> None:
    """On the holiday a share of people greet 5 to all of their contacts within an evening, mostly by pasting
    one text.
    """
    rng, who, ties = scene.rng("holiday"), scene.who, scene.ties
    if scene.habits.holiday <= 0.0:
        return
    day = int(rng.integers(0, scene.settings.days))
    greeters = np.flatnonzero(rng.random(scene.people) < scene.habits.holiday)
    degree = np.diff(ties.offsets)[greeters]
    share = rng.beta(0.8, 1.6, len(greeters))
    owner, rank = spread_counts(degree)
    chosen = rng.random(len(owner)) < share[owner]
    account = greeters[owner]
    contact = ties.contacts[ties.offsets[greeters][owner] + rank]
    begin = moments(rng, np.full(len(greeters), day), who.wake_h[greeters], who.sleep_h[greeters])
    span = np.exp(rng.normal(np.log(2_400.0), 1.0, len(greeters)))
    start = begin[owner] + span[owner] * rng.random(len(owner))
    manner = scene.manners.add(
        Manner(scene.habits.alternation, 3_000.0, 1.6, typed=0.3, size=160.0, size_spread=0.2, forwarded=0.25)
    )
    threads = make_threads(
        start[chosen],
        account[chosen],
        contact[chosen],
        manner=manner,
        length=2 + (rng.random(int(chosen.sum())) < 0.3),
        p_reply=0.68,
    )
    threads = threads.take(alive(threads, who))
    scene.threads.append(threads)
    greeted = np.bincount(threads.opener, minlength=len(who))
    plain = who.role[: len(who)] == ROLE_CODE["person"]
    who.role[: len(who)][plain & (greeted >= GREETER_CONTACTS)] = ROLE_CODE["holiday_greeter"]


def quarrel(scene: Scene) -> None:
    """Former partners and tired friends block each other: about one person in five hundred in a month."""
    rng, ties = scene.rng("quarrels"), scene.ties
    count = int(rng.poisson(scene.people * 0.002 * scene.settings.days / 30.0))
    which = rng.integers(0, len(ties.one), count)
    time = rng.uniform(0.0, scene.length_s, count)
    scene.add_events(EventType.BLOCK, time, ties.one[which], target=ties.other[which])
    angry = rng.random(count) < 0.2
    reason = rng.choice(np.array([3, 4]), int(angry.sum()))
    scene.add_events(
        EventType.REPORT,
        time[angry] + 4.0,
        ties.one[which][angry],
        target=ties.other[which][angry],
        reason=reason,
    )
    peace = rng.random(count) < 0.15
    later = time[peace] + rng.exponential(3.0 * DAY_S, int(peace.sum()))
    scene.add_events(EventType.UNBLOCK, later, ties.one[which][peace], target=ties.other[which][peace])


def log_in(scene: Scene) -> None:
    """Log-ins: on a new phone, after a long absence, on a journey, and now and then on a second device."""
    rng, who = scene.rng("log-ins"), scene.who
    for role, moment in (
        ("new_phone", who.new_phone),
        ("dormant_returner", who.birth),
        ("traveller", who.away_from),
    ):
        accounts = having(who, role)
        scene.add_events(EventType.LOGIN, moment[accounts], accounts)
    both = np.flatnonzero(who.second[: scene.people] > 0.0)
    owner, _ = spread_counts(rng.poisson(2.0 * scene.settings.days / 30.0, len(both)).astype(np.int64))
    scene.add_events(EventType.LOGIN, rng.uniform(0.0, scene.length_s, len(owner)), both[owner])
