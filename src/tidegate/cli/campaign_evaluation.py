"""``tidegate evaluate --campaigns``: how soon fleets are found, and which honest crowds are taken for one."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.campaigns.finding import Campaign
from tidegate.campaigns.search import Search, SearchSettings
from tidegate.campaigns.telling import Telling
from tidegate.cli.campaign_worlds import TRAINING_WORLDS, CampaignLog, crowd_worlds, fleet_worlds
from tidegate.learning import tables
from tidegate.learning.campaign_baselines.tuning import Baseline, MakeFinder, tuned_baselines
from tidegate.learning.campaign_evaluation import (
    Bound,
    CampaignResult,
    CampaignTally,
    DripReach,
    Enforced,
    Share,
    add_log,
    family_shares,
    result_of,
)
from tidegate.learning.campaign_finder import MINUTE_S, Keys
from tidegate.learning.campaign_fleets import DRIP_A_DAY, LEAST_MEMBERS, fleets_of

TIDEGATE = "Tidegate's search"
MEDIAN, NINE_IN_TEN = 0.5, 0.9


class TidegateFinder:
    """Tidegate's own search as a :class:`~tidegate.learning.campaign_finder.Finder`."""

    def __init__(self, settings: SearchSettings | None = None) -> None:
        self._search = Search(settings)
        self._telling = Telling(self._search.settings.window_s)
        self.every_s = self._search.settings.every_s
        self.told: list[NDArray[Any]] = []
        """EVENT arrays: what each finding puts into the log."""
        self.campaigns: list[Campaign] = []
        """Every finding."""

    def observe(self, events: NDArray[Any]) -> None:
        """Take the next events."""
        self._search.observe(events)

    def find(self, now_s: float) -> list[Keys]:
        """Members of the campaigns that are new or have grown."""
        found = self._search.find(now_s)
        self.campaigns += found
        self.told += [self._telling.news(campaign).events for campaign in found]
        return [campaign.members for campaign in found]

    def woven(self, events: NDArray[Any]) -> NDArray[Any]:
        """The log it was led through, EVENT[n], with its findings at the times at which they were found."""
        if not self.told:
            return events
        told = np.concatenate(self.told)
        return np.insert(events, np.searchsorted(events["time"], told["time"], "left"), told)


@dataclass(frozen=True, slots=True)
class CampaignScale:
    """How much is simulated."""

    worlds: int = 6
    people: int = 8_000
    days: int = 14
    crowd_worlds: int = 100
    """Worlds without fleets."""
    crowd_people: int = 2_500
    crowd_days: int = 5
    training_worlds: int = TRAINING_WORLDS
    """On which the settings of the baselines are chosen."""


@dataclass
class _Run:
    """One finder: what it found among fleets, and among honest people alone."""

    name: str
    make: MakeFinder
    with_fleets: CampaignTally = field(init=False)
    honest_only: CampaignTally = field(init=False)

    def __post_init__(self) -> None:
        self.with_fleets, self.honest_only = CampaignTally(self.name), CampaignTally(self.name)


def evaluate_campaigns(
    scale: CampaignScale, say: Callable[[str], None], acting: Enforced | None = None
) -> str:
    """Everything as Markdown. ``acting`` decides on a log: with it, the reach of drip fleets is compared without
    findings in the log and with them."""
    say("  choosing the settings of the baselines on training worlds")
    training = list(fleet_worlds("train", scale.training_worlds, scale.people // 2, max(scale.days // 2, 3)))
    baselines = tuned_baselines([(log.events, log.truth) for log in training])
    del training
    runs = [_Run(TIDEGATE, TidegateFinder), *(_Run(baseline.name, baseline.make) for baseline in baselines)]
    reached = [DripReach("without campaigns"), DripReach("with campaigns")]
    for number, log in enumerate(fleet_worlds("evaluate", scale.worlds, scale.people, scale.days)):
        fleets = fleets_of(log.events, log.truth)
        for run in runs:
            finder = run.make()
            add_log(run.with_fleets, finder, log.events, log.truth, log.crowds, fleets)
            if acting and isinstance(finder, TidegateFinder):
                reached[0].add(log.events, log.truth, fleets, acting)
                reached[1].add(log.events, log.truth, fleets, _on(acting, finder.woven(log.events)))
        say(f"  world {number + 1}/{scale.worlds}: {len(log.events):,} events, {len(fleets)} fleets")
    honest = crowd_worlds("evaluate", scale.crowd_worlds, scale.crowd_people, scale.crowd_days)
    for number, log in enumerate(honest):
        _add_honest(runs, log)
        say(f"  honest world {number + 1}/{scale.crowd_worlds}: {len(log.events):,} events")
    return _page(scale, runs, baselines, reached if acting else ())


def _on(acting: Enforced, log: NDArray[Any]) -> Enforced:
    """``acting`` on another log than the one whose contacts are counted."""
    return lambda _, truth: acting(log, truth)


def _add_honest(runs: Sequence[_Run], log: CampaignLog) -> None:
    for run in runs:
        add_log(run.honest_only, run.make(), log.events, log.truth, log.crowds, ())


def _page(
    scale: CampaignScale, runs: Sequence[_Run], baselines: Sequence[Baseline], reached: Sequence[DripReach]
) -> str:
    results = [(result_of(run.with_fleets), result_of(run.honest_only)) for run in runs]
    events = runs[0].with_fleets.events + runs[0].honest_only.events
    parts = [
        f"All figures of this section are *simulated*: {scale.worlds} worlds of {scale.people:,} people over "
        f"{scale.days} days with fleets of {LEAST_MEMBERS} and more, and {scale.crowd_worlds} worlds of "
        f"{scale.crowd_people:,} people over {scale.crowd_days} days without fleets, all with honest crowds; "
        f"{events:,} events. The baselines are re-implementations of published ideas; their settings were "
        "chosen on other seeds: "
        + "; ".join(f"{baseline.name}: {baseline.chosen}" for baseline in baselines)
        + ".",
        "### Found",
        tables.markdown(FOUND_HEAD, (_found_row(result) for result, _ in results)),
        "A fleet is found by the first finding with half of its members that were active so far; the clock starts "
        "at the tenth member's first message to a stranger (of a ring: complaint), and each finder sees only what "
        f"lies before. A fleet drips when its members reach at most {DRIP_A_DAY:.0f} strangers a day. Intervals are "
        "bootstrapped over campaigns; in brackets, how many were due before the end of the log.",
        "### Who was taken for a member",
        tables.markdown(WRONG_HEAD, (_wrong_row(fleets, honest) for fleets, honest in results)),
        "One-sided 95 % Clopper-Pearson bounds. A crowd counts as grouped when one finding holds three of its "
        "members. They rest on simulated people and say nothing about real ones.",
    ]
    if crowds := runs[0].with_fleets.crowds | runs[0].honest_only.crowds:
        rows = (_crowd_row(kind, runs) for kind in sorted(crowds))
        parts += ["### Honest crowds grouped", tables.markdown(("crowd", *(run.name for run in runs)), rows)]
    parts += ["### By family", _families_table(runs)]
    if reached:
        rows = (_reach_row(reach) for reach in reached)
        parts += ["### What it is worth: strangers reached per account of drip fleets", _reach_table(rows)]
    return "\n\n".join(parts)


FOUND_HEAD = (
    "finder (simulated)",
    "fleets found within 30 min",
    "drip fleets found within 48 h",
    "rings found within 30 min",
    "median delay after the tenth member",
    "members found in the end",
    "processor seconds per million events",
)
WRONG_HEAD = (
    "finder (simulated)",
    "grouped accounts that attack",
    "grouped with their own operator",
    "honest accounts grouped",
    "crowds grouped, beside fleets",
    "crowds grouped, honest worlds",
    "honest worlds with any account grouped",
)


def _share(share: Share) -> str:
    if not share.of:
        return "none due"
    return f"{tables.with_interval(share.value, (share.low, share.high))} [{share.of}]"


def _bound(bound: Bound) -> str:
    if not bound.tries:
        return "none there"
    return f"{bound.count:,} of {bound.tries:,} (≤ {100 * bound.upper:.3g} %)"


def _right(wrong: Bound) -> str:
    if not wrong.tries:
        return "nobody grouped"
    return f"{100 * (1 - wrong.rate):.2f} % (≥ {100 * (1 - wrong.upper):.2f}) [{wrong.tries:,}]"


def _minutes(seconds: float) -> str:
    return "never found" if math.isnan(seconds) else f"{seconds / MINUTE_S:,.0f} min"


def _found_row(result: CampaignResult) -> tuple[str, ...]:
    return (
        result.name,
        _share(result.in_time),
        _share(result.drips_in_time),
        _share(result.rings_in_time),
        _minutes(result.delay_median_s),
        _share(result.members_found),
        f"{result.seconds_per_million:.1f}",
    )


def _wrong_row(fleets: CampaignResult, honest: CampaignResult) -> tuple[str, ...]:
    together = Bound(
        fleets.honest_grouped.count + honest.honest_grouped.count,
        fleets.honest_grouped.tries + honest.honest_grouped.tries,
    )
    return (
        fleets.name,
        _right(fleets.not_attackers),
        _right(fleets.not_of_operator),
        _bound(together),
        _bound(fleets.crowds_grouped),
        _bound(honest.crowds_grouped),
        _bound(honest.worlds_with_any_grouped),
    )


def _crowd_row(kind: str, runs: Sequence[_Run]) -> tuple[str, ...]:
    def both(run: _Run) -> str:
        tallies = (run.with_fleets, run.honest_only)
        grouped = sum(tally.crowds_grouped.get(kind, 0) for tally in tallies)
        return f"{grouped:,} of {sum(tally.crowds.get(kind, 0) for tally in tallies):,}"

    return (kind, *(both(run) for run in runs))


def _families_table(runs: Sequence[_Run]) -> str:
    shares = {run.name: family_shares(run.with_fleets) for run in runs}
    families = sorted(shares[runs[0].name])
    head = ("family (simulated): found in time / members found", *(run.name for run in runs))

    def cell(found: Share, members: Share) -> str:
        in_time = f"{100 * found.value:.0f} % of {found.of}" if found.of else "none due"
        return f"{in_time} / {100 * members.value:.0f} %"

    rows = ((family, *(cell(*shares[run.name][family]) for run in runs)) for family in families)
    return tables.markdown(head, rows)


def _reach_row(reach: DripReach) -> tuple[str, ...]:
    def of(share: float) -> str:
        found = reach.quantile(share)
        return f"{found.value:.0f} ({found.low:.0f}-{found.high:.0f})" if found.of else "no drip fleet"

    return (reach.name, of(MEDIAN), of(NINE_IN_TEN), f"{len(reach.reached)}")


def _reach_table(rows: Any) -> str:
    return tables.markdown(("what acts (simulated)", "median before the lock", "p90", "drip fleets"), rows)
