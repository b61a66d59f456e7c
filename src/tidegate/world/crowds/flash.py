"""A flash of complaints: honest people report one spammer within minutes of each other."""

import numpy as np

from tidegate.events.columns import EventType
from tidegate.world.crowds.crowd import Crowd, a_day, local_s
from tidegate.world.operators import Campaign, equip
from tidegate.world.outreach import campaign_manner, complain, note_start
from tidegate.world.randomness import log_uniform
from tidegate.world.scene import Scene
from tidegate.world.threads import make_threads

FLASH_SPAMMER = "naive_blaster"
"""The family of the account that such a crowd reports."""


def provoke(scene: Scene, crowd: Crowd, campaign: Campaign) -> None:
    """A new account writes to all members of the crowd and to others; once somebody in the community says so,
    the members report it, within 2 to 15 minutes of each other, and most block it.

    ``campaign`` has that one account. It is an attacker; the crowd is not.
    """
    rng, who, operator = crowd.rng, scene.who, campaign.operator
    equip(scene, campaign)
    spammer = campaign.workers
    signup = max(local_s(scene, a_day(scene, crowd, 0.1, 0.7), rng.uniform(10.0, 18.0)), 60.0)
    who.signup[spammer], who.birth[spammer] = signup, signup
    others = rng.permutation(np.setdiff1d(np.arange(scene.people), crowd.members))
    others = others[: round(len(crowd) * rng.uniform(0.5, 3.0))]
    target = rng.permutation(np.concatenate([crowd.members, others]))
    time = signup + rng.uniform(60.0, 900.0) + np.cumsum(rng.uniform(0.5, 8.0, len(target)))
    threads = make_threads(
        time,
        int(spammer[0]),
        target,
        manner=campaign_manner(scene, campaign),
        p_reply=min(operator.replies * scene.habits.reply_scale, 0.6),
        length=2,
    )
    scene.threads.append(threads)
    note_start(scene, np.full(len(time), spammer[0]), time)
    complain(scene, campaign, threads.take(~np.isin(target, crowd.members)))
    span = log_uniform(rng, 120.0, 900.0)
    moment = float(time[-1]) + rng.uniform(120.0, 2_400.0) + rng.uniform(0.0, span, len(crowd))
    blame = np.full(len(crowd), spammer[0])
    reason = rng.choice(np.array([1, 2, 4]), len(crowd), p=[0.6, 0.3, 0.1])
    scene.add_events(EventType.REPORT, moment, crowd.members, target=blame, reason=reason)
    blocks = rng.random(len(crowd)) < 0.6
    later = moment[blocks] + rng.uniform(1.0, 20.0, int(blocks.sum()))
    scene.add_events(EventType.BLOCK, later, crowd.members[blocks], target=blame[blocks])
