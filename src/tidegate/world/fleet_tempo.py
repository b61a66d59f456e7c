"""What a fleet does in step: warm up among its own, and pause or move on when its operator meets limits."""

import numpy as np
from numpy.typing import NDArray

from tidegate.events.columns import EventType
from tidegate.world.operators import Campaign
from tidegate.world.pacing import pace
from tidegate.world.rhythm import DAY_S, HOUR_S
from tidegate.world.scene import Scene
from tidegate.world.threads import Manner, make_threads

_WARM_UPS_PER_DAY = 3.0
_PARTNERS = 6


def tempo_of_fleet(
    scene: Scene,
    campaign: Campaign,
    start: NDArray[np.float64],
    until: NDArray[np.float64],
    total: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Times of first messages, and the position of the worker that sends each; a worker's rows are together.

    ``start`` and ``until`` (seconds from the start of the log) and ``total`` (strangers) are those of each
    worker. An operator who reacts to limits lets all of them pause at one moment, ``limited_after_h`` after
    the fleet's first, and begin again within one hour; after the pause they warm up anew.
    """
    rng, operator, workers = campaign.rng, campaign.operator, campaign.workers
    wake_h, sleep_h = scene.who.wake_h[workers], scene.who.sleep_h[workers]
    if operator.limited_after_h <= 0.0 or not len(workers):
        return pace(rng, operator, start, until, total, wake_h, sleep_h)
    limited = float(start.min()) + operator.limited_after_h * HOUR_S
    resumed = limited + operator.pause_h * HOUR_S
    if sleep_h.any():
        resumed = _by_daylight(scene, resumed)
    before, who_before = pace(rng, operator, start, np.minimum(until, limited), total, wake_h, sleep_h)
    left = np.maximum(total - np.bincount(who_before, minlength=len(workers)), 0)
    again = np.maximum(start, resumed + rng.uniform(0.0, HOUR_S, len(workers)))
    after, who_after = pace(rng, operator, again, until, left, wake_h, sleep_h)
    if operator.moves_on > 0.0 and rng.random() < operator.moves_on:
        _move_on(scene, campaign, resumed)
    time, position = np.concatenate([before, after]), np.concatenate([who_before, who_after])
    order = np.lexsort((time, position))
    return time[order], position[order]


def _by_daylight(scene: Scene, time: float) -> float:
    """The same moment, or ten in the morning when it falls into the night of where most people live."""
    hour = (time / HOUR_S + scene.habits.utc_offset_h) % 24.0
    return time if 9.0 <= hour <= 21.0 else time + (10.0 - hour) % 24.0 * HOUR_S


def _move_on(scene: Scene, campaign: Campaign, time: float) -> None:
    """From ``time`` on all workers come from another network of the same quality, on a new device."""
    who, rng, workers = scene.who, campaign.rng, campaign.workers
    if rng.random() < campaign.operator.networks_shared:
        per_network = min(max(1, round(campaign.operator.accounts_per_network)), 250)
        who.away[workers] = scene.places.block(len(workers), per_prefix=per_network) + np.arange(len(workers))
    else:
        near = who.home[rng.integers(0, scene.people, len(workers))].astype(np.int64)
        who.away[workers] = scene.places.neighbours(near)
    who.away_from[workers], who.away_until[workers] = time, np.inf
    who.new_phone[workers] = time
    who.device2[workers] = scene.places.new_devices(len(workers))
    who.client2[workers] = who.client[workers]
    moments = time + rng.uniform(0.0, 600.0, len(workers))
    scene.add_events(EventType.LOGIN, moments, workers)


def warm_up_together(
    scene: Scene, campaign: Campaign, time: NDArray[np.float64], sender: NDArray[np.integer]
) -> None:
    """Conversations among the fleet between sign-up and each account's first stranger.

    Each account talks with the same few fellows, as fleets are wired, about three times a day.
    """
    rng, fleet = campaign.rng, campaign.workers
    if len(fleet) < 2 or not len(time):
        return
    first = np.full(len(scene.who), np.inf)
    np.minimum.at(first, sender, time)
    begin = np.maximum(scene.who.signup[fleet], 0.0)
    end = np.minimum(first[fleet], scene.length_s)
    counts = rng.poisson(_WARM_UPS_PER_DAY * np.maximum(end - begin, 0.0) / DAY_S)
    one = np.repeat(np.arange(len(fleet)), counts)
    step = 1 + rng.integers(0, min(_PARTNERS, len(fleet) - 1), len(one))
    other = (one + step) % len(fleet)
    begin, end = np.maximum(begin[one], begin[other]) + 60.0, end[one]
    start = begin + rng.random(len(one)) * np.maximum(end - begin, 0.0)
    manner = scene.manners.add(Manner(0.85, 400.0, 1.2, 45.0, size=110.0, size_spread=0.5, forwarded=0.0))
    threads = make_threads(
        start, fleet[one], fleet[other], manner=manner, length=2 + rng.geometric(0.3, len(one)), p_reply=0.97
    )
    scene.threads.append(threads.take(end > begin))
