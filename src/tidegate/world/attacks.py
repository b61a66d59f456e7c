"""Sets every family of attackers to work."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tidegate.world.fleet_tempo import warm_up_together
from tidegate.world.fleets import BAIT_RING
from tidegate.world.group_attacks import add_to_groups, scrape_groups, scrape_same_groups
from tidegate.world.operators import Campaign, equip
from tidegate.world.outreach import list_targets, note_start, schedule, write_to_strangers
from tidegate.world.rings import report_after_bait, report_falsely
from tidegate.world.scene import Scene
from tidegate.world.theft import steal_accounts
from tidegate.world.threads import Manner, make_threads


def attack(scene: Scene, campaign: Campaign) -> None:
    """All that one campaign does, from sign-up to the end of its plan; nothing makes it stop earlier."""
    if campaign.family != "hijacked":
        equip(scene, campaign)
    _way(campaign)(scene, campaign)


def _way(campaign: Campaign) -> Callable[[Scene, Campaign], None]:
    if campaign.family.startswith(BAIT_RING):
        return report_after_bait
    if campaign.operator.same_groups > 0.0:
        return scrape_same_groups
    return _WAYS.get(campaign.family, _write_to_list)


def _write_to_list(scene: Scene, campaign: Campaign) -> None:
    time, sender = schedule(scene, campaign)
    target = list_targets(scene, campaign, sender)
    note_start(scene, sender, time)
    if campaign.operator.warm_up_days > 0.0:
        warm_up_together(scene, campaign, time, sender)
    scene.threads.append(write_to_strangers(scene, campaign, time, sender, target))
    _cover(scene, campaign, time, sender)


def _cover(scene: Scene, campaign: Campaign, time: NDArray[np.float64], sender: NDArray[np.integer]) -> None:
    """Exchanges with accomplices, or among the fleet, that lift the ratio of answers."""
    rng, operator = campaign.rng, campaign.operator
    count = rng.poisson(operator.accomplice_share * 0.4 * len(time))
    partners = campaign.accomplices if len(campaign.accomplices) else campaign.workers
    if not count or len(partners) < 2:
        return
    row = rng.integers(0, len(time), count)
    # A handful of steady partners each, as fleets are wired, not everybody with everybody.
    few = min(len(partners), 6)
    position = (sender[row] * 31 + rng.integers(0, few, count)) % len(partners)
    partner = partners[position]
    manner = scene.manners.add(Manner(0.85, 300.0, 1.2, 40.0, size=120.0, size_spread=0.5, forwarded=0.0))
    start = time[row] + rng.uniform(-20_000.0, 20_000.0, count)
    later = np.maximum(scene.who.signup[sender[row]], scene.who.signup[partner])
    fits = (sender[row] != partner) & (start > later)
    threads = make_threads(
        start, sender[row], partner, manner=manner, length=2 + rng.geometric(0.3, count), p_reply=0.97
    )
    scene.threads.append(threads.take(fits))


_WAYS: dict[str, Callable[[Scene, Campaign], None]] = {
    "group_scraper": scrape_groups,
    "group_adder": add_to_groups,
    "hijacked": steal_accounts,
    "false_report_ring": report_falsely,
}
