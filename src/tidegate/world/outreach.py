"""What an operator's accounts send to strangers, and what the strangers do about it."""

import numpy as np
from numpy.typing import NDArray

from tidegate.events.columns import EventType
from tidegate.world.daily_life import awake
from tidegate.world.fleet_tempo import tempo_of_fleet
from tidegate.world.lists import bought_list
from tidegate.world.operators import Campaign
from tidegate.world.randomness import log_uniform
from tidegate.world.rhythm import DAY_S, HOUR_S
from tidegate.world.scene import Scene
from tidegate.world.threads import Manner, Threads, make_threads

REASONS = ("", "spam", "scam", "harassment", "other")
"""Words of a report, by the code in the ``reason`` column."""


def schedule(scene: Scene, campaign: Campaign) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """When each worker writes to a stranger: times and account numbers, in order for each account."""
    who, rng, operator, workers = scene.who, campaign.rng, campaign.operator, campaign.workers
    # In a log of a few days an operator does not wait for it to end.
    patience = min(operator.first_send_delay_s, 0.1 * scene.length_s)
    delay = np.maximum(patience * rng.uniform(0.6, 1.4, len(workers)), 1.0)
    begin = np.where(
        who.signup[workers] >= 0.0,
        who.signup[workers],
        rng.uniform(0.0, 0.5) * scene.length_s + rng.uniform(0.0, 0.1, len(workers)) * scene.length_s,
    )
    start = begin + delay + min(operator.warm_up_days * DAY_S, 0.2 * scene.length_s)
    if np.isfinite(campaign.wakes_s):
        start = campaign.wakes_s + rng.uniform(0.0, HOUR_S, len(workers))
    until = np.minimum(start + operator.work_days * DAY_S, scene.length_s)
    # Nobody has more strangers than there are; three quarters of everybody is a tool's practical end.
    most = min(operator.total, 0.75 * scene.people)
    total = np.maximum(1, most * rng.uniform(0.7, 1.0, len(workers))).astype(np.int64)
    time, position = tempo_of_fleet(scene, campaign, start, until, total)
    return time, workers[position]


def note_start(scene: Scene, account: NDArray[np.integer], time: NDArray[np.float64]) -> None:
    """Remember each account's first deed."""
    np.fmin.at(scene.who.attack_start, account, time)


def ranks_within(sender: NDArray[np.integer]) -> NDArray[np.int64]:
    """0 for an account's first row, 1 for its second, ...; rows of an account are together."""
    first = np.concatenate([[True], sender[1:] != sender[:-1]])
    starts = np.flatnonzero(first)
    return np.arange(len(sender)) - np.repeat(starts, np.diff(np.append(starts, len(sender))))


def list_targets(scene: Scene, campaign: Campaign, sender: NDArray[np.integer]) -> NDArray[np.int64]:
    """A target for each message from a list of people and unused numbers; never twice the same for one
    account.
    """
    if not len(sender):
        return np.zeros(0, np.int64)
    rng, operator = campaign.rng, campaign.operator
    rank = ranks_within(sender)
    if operator.region > 0.0 or operator.list_reuse > 0.0:
        return bought_list(scene, campaign, rank)
    partitioned = rng.random() < operator.partitioned
    most = int(rank.max()) + 1
    wanted = len(sender) if partitioned else int(most * rng.uniform(1.2, 3.0))
    invalid = min(0.9, operator.invalid * (3.0 if operator.targets == "random" else 1.0))
    valid = min(max(1, round(wanted * (1.0 - invalid))), scene.people)
    unused = max(round(valid * invalid / (1.0 - invalid)), most - valid, 0)
    numbers = np.concatenate([rng.permutation(scene.people)[:valid], scene.new_numbers(unused)])
    rng.shuffle(numbers)
    if partitioned:
        return np.asarray(numbers[np.arange(len(sender)) % len(numbers)])
    account_of_row = np.cumsum(rank == 0) - 1
    shift = rng.integers(0, len(numbers), int(account_of_row[-1]) + 1)
    return np.asarray(numbers[(rank + shift[account_of_row]) % len(numbers)])


def campaign_manner(scene: Scene, campaign: Campaign) -> int:
    """The campaign's text: one size with the operator's jitter."""
    operator, rng = campaign.operator, campaign.rng
    return scene.manners.add(
        Manner(
            alternation=0.6,
            latency_s=2_500.0,
            gap_s=float(rng.uniform(5.0, 90.0)),
            size=log_uniform(rng, 70.0, 700.0),
            size_spread=operator.size_jitter,
            forwarded=operator.forwarded,
            opening_gap_s=float(np.clip(operator.gap_low_s, 0.2, 20.0)),
        )
    )


def write_to_strangers(
    scene: Scene,
    campaign: Campaign,
    time: NDArray[np.float64],
    sender: NDArray[np.integer],
    target: NDArray[np.integer],
    origin: NDArray[np.int32] | None = None,
) -> Threads:
    """Threads of one campaign. Adds the strangers' blocks and reports, and the senders' contact imports, to
    the log.
    """
    rng, operator, habits = campaign.rng, campaign.operator, scene.habits
    count = len(time)
    openings = 1 + (rng.random(count) < operator.openings - 1.0)
    dialogue = rng.random() < 0.6 and operator.gap_low_s > 1.0
    threads = make_threads(
        time,
        sender,
        target,
        manner=campaign_manner(scene, campaign),
        length=openings + (rng.geometric(0.35, count) if dialogue else 1),
        openings=openings,
        p_reply=np.minimum(operator.replies * habits.reply_scale, 0.6),
    )
    saved = rng.random(count) < operator.contact_import
    scene.add_events(
        EventType.CONTACT,
        np.maximum(time[saved] - rng.uniform(1.0, 40.0, int(saved.sum())), scene.who.signup[sender[saved]]),
        sender[saved],
        origin,
        target=target[saved],
    )
    complain(scene, campaign, threads)
    return threads


def complain(scene: Scene, campaign: Campaign, threads: Threads) -> None:
    """Blocks and reports by the people of these threads, minutes to hours after the message (or the next
    morning).
    """
    rng, operator, who = campaign.rng, campaign.operator, scene.who
    scale = scene.habits.complaint_scale
    real = threads.take(threads.other < len(who))
    real = real.take(who.signup[real.other] < real.start)
    temper = rng.gamma(2.0, 0.5, len(real))
    for kind, chance in ((EventType.BLOCK, operator.blocks), (EventType.REPORT, operator.reports)):
        upset = np.flatnonzero(rng.random(len(real)) < chance * scale * temper)
        delay = 60.0 + 900.0 * np.exp(1.6 * rng.standard_normal(len(upset)))
        person = real.other[upset]
        time = awake(rng, real.start[upset] + delay, person, who)
        words = rng.choice(np.array([1, 2, 4]), len(upset), p=[0.6, 0.3, 0.1])
        reason = words if kind == EventType.REPORT else 0
        scene.add_events(kind, time, person, target=real.opener[upset], reason=reason)
