"""Attackers and groups: scraping members out of groups, and adding people to groups they never asked for."""

import numpy as np

from tidegate.events.columns import EventType
from tidegate.world.daily_life import awake
from tidegate.world.groups import add_members, talk
from tidegate.world.operators import Campaign
from tidegate.world.outreach import note_start, ranks_within, schedule, write_to_strangers
from tidegate.world.scene import Bursts, Scene


def scrape_groups(scene: Scene, campaign: Campaign) -> None:
    """Each account joins public groups, lurks for up to 12 hours, then writes to their members one by one."""
    rng, who = campaign.rng, scene.who
    time, sender = schedule(scene, campaign)
    if not len(time):
        return
    lurk = rng.uniform(0.0, 43_200.0)
    time = time + lurk
    sizes = np.array([len(members) for members in scene.groups.members])
    public = np.argsort(-sizes, kind="stable")[: max(10, len(sizes) // 5)]
    starts = np.flatnonzero(ranks_within(sender) == 0)
    ends = np.append(starts[1:], len(sender))
    kept, targets = [], []
    for low, high in zip(starts.tolist(), ends.tolist(), strict=True):
        account, wanted = int(sender[low]), high - low
        groups = rng.permutation(public)
        enough = int(np.searchsorted(np.cumsum(sizes[groups]), wanted)) + 1
        groups = groups[: min(enough, len(groups), 80)]
        members = np.unique(np.concatenate([scene.groups.members[g] for g in groups.tolist()]))
        members = rng.permutation(members[members != account])[:wanted]
        joined = time[low] - lurk + np.sort(rng.uniform(0.0, min(lurk, 3_600.0) + 60.0, len(groups)))
        joined = np.maximum(joined - 120.0, who.signup[account])
        scene.add_events(
            EventType.JOIN, joined, np.full(len(groups), account), chat=groups, members=sizes[groups] + 1
        )
        kept.append(np.arange(low, low + len(members)))
        targets.append(members)
    rows = np.concatenate(kept)
    note_start(scene, sender[rows], time[rows])
    scene.threads.append(
        write_to_strangers(scene, campaign, time[rows], sender[rows], np.concatenate(targets))
    )


def add_to_groups(scene: Scene, campaign: Campaign) -> None:
    """Dozens of groups, hundreds to thousands of people added; a quarter to two thirds leave within the
    hour.
    """
    rng, who, operator = campaign.rng, scene.who, campaign.operator
    time, sender = schedule(scene, campaign)
    note_start(scene, sender, time)
    per_group = int(rng.integers(15, 200))
    leave_share = rng.uniform(0.25, 0.66)
    rank = ranks_within(sender)
    starts = np.flatnonzero(rank % per_group == 0)
    ends = np.append(starts[1:], len(sender))
    first_message: list[float] = []
    groups: list[int] = []
    for low, high in zip(starts.tolist(), ends.tolist(), strict=True):
        account = int(sender[low])
        people = rng.permutation(scene.people)[: high - low]
        when = time[low : low + len(people)]
        present = who.signup[people] < when
        people, when = people[present], when[present]
        group = scene.groups.add(np.array([account]))
        scene.add_events(
            EventType.GROUP_CREATE,
            np.array([time[low] - 0.5]),
            np.array([account]),
            chat=np.array([group]),
            members=np.array([1]),
        )
        grown = 2 + np.arange(len(people))
        unwilling = add_members(scene, rng, group, account, people, when, grown, leave_share)
        complain_kind = rng.random(len(unwilling))
        for kind, low_chance, high_chance in (
            (EventType.BLOCK, 0.0, 2.0 * operator.blocks),
            (EventType.REPORT, 2.0 * operator.blocks, 2.0 * (operator.blocks + operator.reports)),
        ):
            upset = unwilling[(complain_kind >= low_chance) & (complain_kind < high_chance)]
            late = awake(rng, when[upset] + rng.exponential(1_800.0, len(upset)), people[upset], who)
            reason = 1 if kind == EventType.REPORT else 0
            scene.add_events(kind, late, people[upset], target=np.full(len(upset), account), reason=reason)
        first_message.append(float(time[high - 1] + 20.0))
        groups.append(group)
    length = rng.integers(1, 6, len(groups))
    talk(scene, rng, Bursts(np.array(first_message), np.array(groups, np.int64), length))


def scrape_same_groups(scene: Scene, campaign: Campaign) -> None:
    """All accounts join the same few public groups, lurk, and write to their members: divided between them,
    or each to a draw of its own.

    When the groups have fewer members than a division needs, the accounts run out of people.
    """
    rng, who, operator = campaign.rng, scene.who, campaign.operator
    time, sender = schedule(scene, campaign)
    if not len(time):
        return
    lurk = rng.uniform(3_600.0, 43_200.0)
    sizes = np.array([len(members) for members in scene.groups.members])
    public = np.argsort(-sizes, kind="stable")[: max(10, len(sizes) // 5)]
    groups = rng.permutation(public)[: max(1, round(operator.same_groups))]
    members = np.unique(np.concatenate([scene.groups.members[g] for g in groups.tolist()])).astype(np.int64)
    members = rng.permutation(members[who.campaign[members] != campaign.number])
    divided = rng.random() < operator.partitioned
    rank = ranks_within(sender)
    starts = np.flatnonzero(rank == 0)
    for row in starts.tolist():
        account = int(sender[row])
        begin = max(float(time[row]) - lurk, float(who.signup[account]) + 10.0)
        took_s = min(1_800.0, 0.5 * max(float(time[row]) - begin, 1.0))
        joined = begin + np.sort(rng.uniform(0.0, took_s, len(groups)))
        scene.add_events(
            EventType.JOIN, joined, np.full(len(groups), account), chat=groups, members=sizes[groups] + 1
        )
    if divided:
        # Round by round, so that every account gets its share of the list.
        order = np.lexsort((sender, rank))
        target = np.full(len(sender), -1, np.int64)
        served = order[: len(members)]
        target[served] = members[: len(served)]
    else:
        counts = np.diff(np.append(starts, len(sender)))
        draws = [np.resize(rng.permutation(members), count) for count in counts.tolist()]
        target = np.where(rank < len(members), np.concatenate(draws), -1)
    rows = np.flatnonzero(target >= 0)
    note_start(scene, sender[rows], time[rows])
    scene.threads.append(write_to_strangers(scene, campaign, time[rows], sender[rows], target[rows]))
