"""Rings that report an honest person, to have the account closed: one who never wrote to them, or one whom
they lured into writing first.
"""

import numpy as np

from tidegate.events.columns import EventType
from tidegate.world.accounts import ROLE_CODE
from tidegate.world.daily_life import awake
from tidegate.world.groups import draw_members
from tidegate.world.operators import Campaign
from tidegate.world.outreach import note_start
from tidegate.world.population import having
from tidegate.world.randomness import log_uniform
from tidegate.world.scene import Scene
from tidegate.world.threads import Manner, make_threads


def report_falsely(scene: Scene, campaign: Campaign) -> None:
    """Within minutes to days every account of the ring reports or blocks the same one to three victims.

    Some write to the victim first, and some of the victims answer: the complaint still comes from those who
    began.
    """
    rng, who, ring = campaign.rng, scene.who, campaign.workers
    candidates = np.concatenate([having(who, "person"), having(who, "shop")])
    candidates = candidates[candidates < scene.people]
    victims = rng.choice(candidates, int(rng.integers(1, 4)), replace=False)
    who.role[victims[who.role[victims] == ROLE_CODE["person"]]] = ROLE_CODE["false_report_victim"]
    who.victim_of[victims] = campaign.number
    provokes = rng.uniform(0.0, 0.6)
    manner = scene.manners.add(Manner(0.6, 3_000.0, size=90.0))
    for victim in victims.tolist():
        took_part = ring[rng.random(len(ring)) < rng.uniform(0.6, 1.0)]
        ready = max(float(np.quantile(who.signup[ring], 0.9)), 0.0) + 600.0
        begin = rng.uniform(min(ready, 0.95 * scene.length_s), 0.97 * scene.length_s)
        time = begin + rng.uniform(0.0, log_uniform(rng, 300.0, 259_200.0), len(took_part))
        time = np.maximum(time, who.signup[took_part] + 60.0)
        first = rng.random(len(took_part)) < provokes
        writes = time[first] - log_uniform(rng, 60.0, 20_000.0)
        writes = np.maximum(writes, who.signup[took_part[first]] + 20.0)
        scene.threads.append(
            make_threads(writes, took_part[first], victim, manner=manner, length=3, openings=1, p_reply=0.4)
        )
        note_start(scene, took_part, time)
        _complain(scene, campaign, took_part, victim, time)
    _small_talk(scene, campaign)


def report_after_bait(scene: Scene, campaign: Campaign) -> None:
    """The ring asks a shop (by its web page) to be written to, or asks an organiser to be let into a group;
    the victim writes first, to every one of them. Minutes to days later they complain of it.
    """
    rng, who, ring = campaign.rng, scene.who, campaign.workers
    candidates = np.concatenate([having(who, "shop"), having(who, "organiser")])
    victims = rng.choice(candidates, min(int(rng.integers(1, 4)), len(candidates)), replace=False)
    who.victim_of[victims] = campaign.number
    greeting = scene.manners.add(Manner(0.7, 2_000.0, typed=0.6, size=180.0, size_spread=0.25))
    for victim in victims.tolist():
        took_part = ring[rng.random(len(ring)) < rng.uniform(0.6, 1.0)]
        if not len(took_part):
            continue
        ready = max(float(np.quantile(who.signup[ring], 0.9)), 0.0) + 600.0
        begin = rng.uniform(min(ready, 0.7 * scene.length_s), 0.75 * scene.length_s)
        lured = begin + rng.uniform(
            0.0, min(log_uniform(rng, 3_600.0, 259_200.0), 0.15 * scene.length_s), len(took_part)
        )
        lured = np.maximum(lured, who.signup[took_part] + 600.0)
        victims_own = np.full(len(took_part), victim)
        written = awake(rng, lured, victims_own, who)
        if who.role[victim] == ROLE_CODE["organiser"]:
            _let_in(scene, campaign, victim, took_part, written)
        p_answer = float(rng.uniform(0.2, 0.7))
        scene.threads.append(
            make_threads(written, victim, took_part, manner=greeting, length=3, openings=1, p_reply=p_answer)
        )
        span = log_uniform(rng, 300.0, 259_200.0)
        moment = float(np.quantile(written, 0.8)) + rng.uniform(0.0, span, len(took_part))
        time = np.maximum(moment, written + rng.uniform(60.0, 1_200.0, len(took_part)))
        note_start(scene, took_part, time)
        _complain(scene, campaign, took_part, victim, time)
    _small_talk(scene, campaign)


def _let_in(scene: Scene, campaign: Campaign, victim: int, ring: np.ndarray, time: np.ndarray) -> None:
    """The organiser invites each into one group, minutes before the first message, and they join."""
    rng = campaign.rng
    members = draw_members(rng, scene.people, victim, 20)
    group = scene.groups.add(np.concatenate([members, ring]))
    chat, grown = np.full(len(ring), group), len(members) + 1 + np.arange(len(ring))
    invited = time - rng.uniform(30.0, 300.0, len(ring))
    scene.add_events(
        EventType.INVITE, invited, np.full(len(ring), victim), target=ring, chat=chat, members=grown
    )
    scene.add_events(
        EventType.JOIN, invited + rng.uniform(1.0, 25.0, len(ring)), ring, chat=chat, members=grown
    )


def _complain(scene: Scene, campaign: Campaign, ring: np.ndarray, victim: int, time: np.ndarray) -> None:
    rng = campaign.rng
    style = rng.random(len(ring))
    reports, blocks = style < 0.85, style > 0.4
    target = np.full(len(ring), victim)
    reason = np.full(len(ring), rng.integers(1, 5), np.uint8)
    scene.add_events(
        EventType.REPORT, time[reports], ring[reports], target=target[reports], reason=reason[reports]
    )
    scene.add_events(EventType.BLOCK, time[blocks] + 2.0, ring[blocks], target=target[blocks])


def _small_talk(scene: Scene, campaign: Campaign) -> None:
    """A little conversation inside the ring, so that its accounts are not blank."""
    rng, who, ring = campaign.rng, scene.who, campaign.workers
    if len(ring) < 3 or rng.random() < 0.4:
        return
    count = rng.poisson(2.0 * len(ring))
    one, other = ring[rng.integers(0, len(ring), count)], ring[rng.integers(0, len(ring), count)]
    start = rng.uniform(0.0, scene.length_s, count)
    fits = (one != other) & (start > who.signup[one] + 60.0) & (start > who.signup[other] + 60.0)
    manner = scene.manners.add(Manner(0.8, 600.0))
    threads = make_threads(
        start, one, other, manner=manner, length=2 + rng.geometric(0.4, count), p_reply=0.9
    )
    scene.threads.append(threads.take(fits))
