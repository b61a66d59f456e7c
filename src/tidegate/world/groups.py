"""Group chats: who is in them, when they come to life, who speaks."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.events.columns import MISSING_FORWARDS, EventType
from tidegate.events.compiled import compiled
from tidegate.world.accounts import ROLE_CODE
from tidegate.world.conversations import message_size
from tidegate.world.daily_life import alive, conversation_lengths
from tidegate.world.played import Events, Floats, Ints, Longs, People, add_played, emit, people_of, room_for
from tidegate.world.randomness import spread_counts
from tidegate.world.rhythm import hours_awake, moments
from tidegate.world.scene import Bursts, Scene
from tidegate.world.threads import Manner, make_threads

_MESSAGE, _TYPING = int(EventType.MESSAGE), int(EventType.TYPING)
MOST_MEMBERS = 1_024


class _Speakers(NamedTuple):
    """Members of all groups as a compressed list, with running sums of how much each likes to speak."""

    offsets: Longs
    members: Ints
    eagerness: Floats


@compiled
def _talk(
    rng: np.random.Generator,
    start: Floats,
    group: Longs,
    length: Longs,
    speakers: _Speakers,
    people: People,
    out: Events,
) -> int:
    n = 0
    for i in range(len(start)):
        g = group[i]
        low, high = speakers.offsets[g], speakers.offsets[g + 1]
        base = speakers.eagerness[low - 1] if low > 0 else 0.0
        span = speakers.eagerness[high - 1] - base
        t = start[i]
        before = t - 60.0
        speaker = -1
        for _ in range(length[i]):
            if speaker < 0 or rng.random() < 0.75:
                for _attempt in range(4):
                    draw = base + rng.random() * span
                    at = np.searchsorted(speakers.eagerness[low:high], draw, side="right")
                    speaker = speakers.members[low + min(at, high - low - 1)]
                    if hours_awake(t, people.wake_h[speaker]) <= 24.0 - people.sleep_h[speaker]:
                        break
            if rng.random() < people.typing[speaker]:
                lead = min(1.0 + 5.0 * rng.standard_exponential(), 0.8 * (t - before))
                n = emit(out, n, t - lead, _TYPING, speaker, -1, g, -1, -1, MISSING_FORWARDS)
            size = message_size(rng, 96.0, 0.9)
            forwards = 0
            if rng.random() < 0.08:
                forwards = 1 + min(int(rng.standard_exponential() * 4.0), 100)
            n = emit(out, n, t, _MESSAGE, speaker, -1, g, high - low, size, forwards)
            before = t
            if rng.random() < 0.12:
                t += 300.0 * np.exp(rng.random() * 3.4)
            else:
                t += 40.0 * np.exp(1.2 * rng.standard_normal()) + 0.8
    return n


def talk(
    scene: Scene, rng: np.random.Generator, bursts: Bursts, eager: dict[int, float] | None = None
) -> None:
    """Play out bursts. Speakers are drawn by a heavy-tailed weight; ``eager`` multiplies that of some
    accounts.
    """
    if not len(bursts.start):
        return
    who, groups = scene.who, scene.groups
    sizes = np.array([len(m) for m in groups.members], np.int64)
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    members = np.concatenate(groups.members)
    weight = (1.0 - rng.random(len(members))) ** -0.7
    weight[who.role[members] == ROLE_CODE["group_chatter"]] *= 10.0
    for account, factor in (eager or {}).items():
        weight[members == account] *= factor
    speakers = _Speakers(offsets, members, np.cumsum(weight))
    out = room_for(2 * int(bursts.length.sum()))
    n = _talk(rng, bursts.start, bursts.group, bursts.length, speakers, people_of(who), out)
    add_played(scene.log, who, out, n)


def draw_members(rng: np.random.Generator, people: int, centre: int, size: int) -> NDArray[np.int64]:
    """Members from the neighbourhood of a person on the ring of acquaintances, the person first."""
    around = centre + np.round(rng.laplace(0.0, 1.2 * size + 10.0, 2 * size)).astype(np.int64)
    unique = np.unique(around % people)
    others = rng.permutation(unique[unique != centre])[: size - 1]
    return np.concatenate([[centre], others])


def everyday_groups(scene: Scene) -> None:
    """Families, classes, teams: most older than the log, mostly under ten members, a few with hundreds."""
    rng, habits, people = scene.rng("groups"), scene.habits, scene.people
    days = scene.settings.days
    count = max(3, round(habits.group_rate * people))
    size = np.clip(3.0 + np.exp(rng.normal(1.6, 0.9, count)), 3, min(256, people // 4)).astype(np.int64)
    centre = rng.integers(0, people, count)
    for c, s in zip(centre.tolist(), size.tolist(), strict=True):
        scene.groups.add(draw_members(rng, people, c, s))
    made = np.where(rng.random(count) < days / 300.0, rng.uniform(0.0, scene.length_s, count), -1.0)
    for group in np.flatnonzero(made >= 0.0).tolist():
        found(scene, rng, group, float(made[group]), leave_share=0.01)
    rate = habits.group_sessions * np.exp(0.9 * rng.standard_normal(count) - 0.4) * np.sqrt(size / 6.0)
    bursts = everyday_bursts(scene, rng, np.arange(count), rate, made)
    talk(scene, rng, bursts)


def everyday_bursts(
    scene: Scene,
    rng: np.random.Generator,
    groups: NDArray[np.int64],
    per_day: NDArray[np.float64],
    since: NDArray[np.float64],
) -> Bursts:
    """Bursts at a Poisson rate, by the rhythm of the group's founder, from when the group was made."""
    days = scene.settings.days
    which, _ = spread_counts(rng.poisson(per_day * days).astype(np.int64))
    founder = np.array([scene.groups.members[g][0] for g in groups.tolist()], np.int64)[which]
    start = moments(
        rng, rng.integers(0, days, len(which)), scene.who.wake_h[founder], scene.who.sleep_h[founder]
    )
    length = np.clip(np.exp(rng.normal(1.3, 0.9, len(which))), 1, 150).astype(np.int64)
    later = start > since[which] + 600.0
    return Bursts(start[later], groups[which][later], length[later])


def found(scene: Scene, rng: np.random.Generator, group: int, time: float, leave_share: float) -> None:
    """A group is made: its founder adds the members within minutes; some leave within the hour."""
    members = scene.groups.members[group]
    founder, added = members[0], members[1:]
    added = added[scene.who.signup[added] < time]
    scene.add_events(
        EventType.GROUP_CREATE,
        np.array([time]),
        np.array([founder]),
        chat=np.array([group]),
        members=np.array([1]),
    )
    gaps = 0.4 + rng.exponential(2.5, len(added)) + (rng.random(len(added)) < 0.05) * rng.exponential(900.0)
    invited = time + 2.0 + np.cumsum(gaps)
    grown = 2 + np.arange(len(added))
    add_members(scene, rng, group, founder, added, invited, grown, leave_share)


def add_members(
    scene: Scene,
    rng: np.random.Generator,
    group: int,
    inviter: int,
    added: NDArray[np.integer],
    time: NDArray[np.float64],
    grown: NDArray[np.integer],
    leave_share: float,
) -> NDArray[np.int64]:
    """Invitations, joins a moment later, and the leaves of those who did not want it; returns their
    positions.
    """
    count = len(added)
    chat = np.full(count, group)
    scene.add_events(
        EventType.INVITE, time, np.full(count, inviter), target=added, chat=chat, members=grown - 1
    )
    joined = time + rng.uniform(0.05, 1.5, count)
    scene.add_events(EventType.JOIN, joined, added, chat=chat, members=grown)
    unwilling = np.flatnonzero(rng.random(count) < leave_share)
    gone = joined[unwilling] + np.minimum(30.0 + rng.exponential(900.0, len(unwilling)), 3_500.0)
    scene.add_events(
        EventType.LEAVE, gone, added[unwilling], chat=chat[unwilling], members=grown[unwilling] - 1
    )
    return unwilling


def meet_in_groups(scene: Scene) -> None:
    """Members of a group write to each other for the first time: about one person in ten in a month."""
    rng, who = scene.rng("meetings"), scene.who
    count = int(rng.poisson(0.1 * scene.people * scene.settings.days / 30.0))
    group = rng.integers(0, len(scene.groups), count)
    pairs = [rng.choice(scene.groups.members[g], 2, replace=False) for g in group.tolist()]
    if not pairs:
        return
    opener, other = np.array(pairs).T
    day = rng.integers(0, scene.settings.days, count)
    threads = make_threads(
        moments(rng, day, who.wake_h[opener], who.sleep_h[opener]),
        opener,
        other,
        manner=scene.manners.add(Manner(scene.habits.alternation, 4_000.0)),
        length=conversation_lengths(rng, count, 1.3),
        p_reply=0.7,
    )
    scene.threads.append(threads.take(alive(threads, who)))
