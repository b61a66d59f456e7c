"""Hijacked accounts: months of honest history, then a new device and a blast."""

import numpy as np

from tidegate.events.columns import EventType
from tidegate.world.accounts import ROLE_CODE
from tidegate.world.operators import Campaign
from tidegate.world.outreach import list_targets, note_start, ranks_within, write_to_strangers
from tidegate.world.pacing import pace
from tidegate.world.rhythm import DAY_S
from tidegate.world.scene import Scene


def steal_accounts(scene: Scene, campaign: Campaign) -> None:
    """A thief logs in from his own device and network, writes to the contacts, then to strangers from a list.

    ``campaign.workers`` are honest people; ``campaign.accomplices`` the spare rows that hold the thief's
    places.
    """
    rng, who, operator, stolen = campaign.rng, scene.who, campaign.operator, campaign.workers
    who.role[stolen] = ROLE_CODE["hijacked"]
    who.campaign[stolen] = campaign.number
    origin = np.arange(len(who.role), dtype=np.int32)
    origin[stolen] = campaign.accomplices
    _thief_places(scene, campaign)
    begin = scene.length_s * rng.uniform(0.15, 0.85) + rng.uniform(0.0, 2.0 * DAY_S, len(stolen))
    begin = np.clip(begin, 0.05 * scene.length_s, 0.95 * scene.length_s)
    scene.add_events(EventType.LOGIN, begin, stolen, origin)
    locked = rng.random(len(stolen)) < 0.6
    who.locked_out[stolen[locked]] = begin[locked]
    start = begin + operator.first_send_delay_s * 0.2
    until = np.minimum(start + operator.work_days * DAY_S, scene.length_s)
    total = np.maximum(1, min(operator.total, 0.75 * scene.people) * rng.uniform(0.5, 1.0, len(stolen)))
    never = np.zeros(len(stolen), np.float32)
    time, position = pace(rng, operator, start, until, total.astype(np.int64), never, never)
    sender = stolen[position]
    note_start(scene, sender, time)
    target = list_targets(scene, campaign, sender)
    rank = ranks_within(sender)
    for account in stolen.tolist():
        rows = np.flatnonzero(sender == account)
        contacts = scene.ties.of(account)
        known = rows[: min(len(rows), int(len(contacts) * rng.uniform(0.5, 1.0)))]
        target[known] = contacts[rank[known]]
    # A fellow victim would answer from the thief's device.
    apart = ~np.isin(target, stolen)
    threads = write_to_strangers(scene, campaign, time[apart], sender[apart], target[apart], origin)
    scene.stolen.append((threads, origin))


def _thief_places(scene: Scene, campaign: Campaign) -> None:
    who, rng, rows = scene.who, campaign.rng, campaign.accomplices
    shared = rng.random() < campaign.operator.networks_shared
    who.clean[campaign.workers] = not shared
    if shared:
        who.home[rows] = scene.places.block(1)
    else:
        nearby = who.home[rng.integers(0, scene.people, len(rows))].astype(np.int64)
        who.home[rows] = scene.places.neighbours(nearby)
    devices = scene.places.new_devices(len(rows))
    reuse = rng.random() < campaign.operator.devices_shared
    who.device[rows] = devices[0] if reuse else devices
    who.client[rows] = rng.integers(0, 10)
