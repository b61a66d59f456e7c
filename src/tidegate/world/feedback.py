"""What honest people do about honest strangers: now and then a block, rarely a report; and contacts saved."""

import numpy as np

from tidegate.events.columns import EventType
from tidegate.world.daily_life import awake
from tidegate.world.scene import Scene
from tidegate.world.threads import joined


def complain_about_strangers(scene: Scene) -> None:
    """Of the people an honest account writes to unasked, ``habits.stranger_block`` block it and a third of
    that report it.

    Strangers are pairs who are no contacts of each other. Also: one new acquaintance in four is saved as a
    contact.
    """
    rng, habits = scene.rng("complaints"), scene.habits
    threads = joined(scene.threads)
    threads = threads.take(threads.other < len(scene.who))
    people = scene.people
    known = np.minimum(scene.ties.one, scene.ties.other).astype(np.int64) * people + np.maximum(
        scene.ties.one, scene.ties.other
    )
    pair = np.minimum(threads.opener, threads.other).astype(np.int64) * people + np.maximum(
        threads.opener, threads.other
    )
    order = np.lexsort((threads.start, pair))
    first = order[np.concatenate([[True], pair[order][1:] != pair[order][:-1]])]
    strangers = threads.take(np.sort(first[~np.isin(pair[first], known)]))
    unanswered = 1.5 - strangers.p_reply
    for kind, chance in (
        (EventType.BLOCK, habits.stranger_block),
        (EventType.REPORT, habits.stranger_block / 3.0),
    ):
        upset = np.flatnonzero(rng.random(len(strangers)) < chance * unanswered)
        person = strangers.other[upset]
        delay = 60.0 + 1_800.0 * np.exp(1.5 * rng.standard_normal(len(upset)))
        time = awake(rng, strangers.start[upset] + delay, person, scene.who)
        reason = rng.choice(np.array([1, 3, 4]), len(upset)) if kind == EventType.REPORT else 0
        scene.add_events(kind, time, person, target=strangers.opener[upset], reason=reason)
    saves = np.flatnonzero(rng.random(len(strangers)) < 0.25 * strangers.p_reply)
    for one, other, usual_delay_s in (
        (strangers.opener, strangers.other, 1_800.0),
        (strangers.other, strangers.opener, 14_400.0),
    ):
        chosen = saves[rng.random(len(saves)) < 0.6]
        time = awake(
            rng, strangers.start[chosen] + rng.exponential(usual_delay_s, len(chosen)), one[chosen], scene.who
        )
        scene.add_events(EventType.CONTACT, time, one[chosen], target=other[chosen])
