"""How soon campaigns are found, how much of them, and who is wrongly taken for a part of one.

A fleet of 20 or more is *found* by the first finding that holds at least half of its members that were active
so far (the first ten, while fewer were): in time, if that is within 30 minutes of the tenth member's first
message to a stranger; within 48 hours for a fleet that drips. Fleets whose deadline lies behind the end of the
log are left out of the shares, found or not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.learning.campaign_finder import HOUR_S, MINUTE_S, Finder, Finding, Keys, findings
from tidegate.learning.campaign_fleets import Fleet, fleets_of, places, strangers_reached
from tidegate.learning.evaluation import STOPPED
from tidegate.learning.intervals import upper_bound
from tidegate.learning.samples import Truth
from tidegate.learning.stopping import Enforcement

DEADLINE_S, DRIP_DEADLINE_S = 30 * MINUTE_S, 48 * HOUR_S
HALF = 0.5
MEMBERS_OF_CROWD = 3
"""An honest crowd counts as grouped when one finding holds this many of its members."""
ROUNDS = 1_000

Enforced = Callable[[NDArray[Any], Truth], Enforcement]
"""When each account of the truth stood on which rung; ``learning.stopping.enforce`` with a policy bound, or a run
whose log has the findings mixed in."""

FLEET = np.dtype(
    [
        ("family", "U32"),
        ("ring", np.bool_),
        ("drip", np.bool_),
        ("members", np.int64),
        ("due", np.bool_),  # ten members began, and the log goes on until the deadline
        ("in_time", np.bool_),
        ("delay_s", np.float64),  # from the tenth member's activity; infinite if never found
        ("members_found", np.int64),
    ]
)


@dataclass(frozen=True, slots=True)
class Crowds:
    """Honest groups that look like campaigns."""

    keys: Keys
    crowd: NDArray[np.str_]
    """[account]: the kind and the number of its crowd, as ``school 3``."""

    @property
    def kinds(self) -> dict[str, str]:
        """The kind of each crowd."""
        return {str(name): str(name).rsplit(" ", 1)[0] for name in np.unique(self.crowd)}


NO_CROWDS = Crowds(np.zeros(0, np.uint64), np.zeros(0, "U1"))


@dataclass
class CampaignTally:
    """Counts over several logs for one finder."""

    name: str
    fleets: list[NDArray[Any]] = field(default_factory=list)
    worlds: int = 0
    events: int = 0
    seconds: float = 0.0
    """Processor time of finding."""
    honest: int = 0
    grouped: int = 0
    """Distinct accounts in any finding."""
    grouped_attackers: int = 0
    grouped_right: int = 0
    """Of them, with most others of the last finding they are in: one operator."""
    honest_grouped: int = 0
    crowds: dict[str, int] = field(default_factory=dict)
    crowds_grouped: dict[str, int] = field(default_factory=dict)
    worlds_with_any_grouped: int = 0
    """Worlds in which an honest account was grouped."""

    @property
    def all_fleets(self) -> NDArray[Any]:
        """FLEET[n] over all logs."""
        return np.concatenate(self.fleets) if self.fleets else np.zeros(0, FLEET)


def add_log(
    tally: CampaignTally,
    finder: Finder,
    events: NDArray[Any],
    truth: Truth,
    crowds: Crowds = NO_CROWDS,
    fleets: Sequence[Fleet] | None = None,
) -> list[Finding]:
    """Lead ``finder`` through one labelled log and add what it found; returns that too.

    ``fleets``: those of :func:`~tidegate.learning.campaign_fleets.fleets_of`, where they are known already.
    """
    began = process_time()
    found = list(findings(finder, events))
    tally.seconds += process_time() - began
    tally.worlds += 1
    tally.events += len(events)
    end_s = float(events["time"][-1])
    known = fleets_of(events, truth) if fleets is None else fleets
    tally.fleets.append(np.array([_outcome(fleet, found, end_s) for fleet in known], FLEET))
    _add_membership(tally, found, truth)
    _add_crowds(tally, found, crowds)
    return found


def found_at(fleet: Fleet, found: Sequence[Finding]) -> float:
    """Unix seconds of the first finding with half of the members active so far; infinite without one, or without ten
    members that ever began."""
    if not np.isfinite(fleet.tenth_s):
        return np.inf
    for finding in found:
        active = fleet.first_deed <= max(finding.time, fleet.tenth_s)
        held = np.isin(fleet.members, finding.members)
        if (held & active).sum() >= HALF * active.sum():
            return finding.time
    return np.inf


def _outcome(fleet: Fleet, found: Sequence[Finding], end_s: float) -> tuple[Any, ...]:
    tenth_s = fleet.tenth_s
    allowed_s = DRIP_DEADLINE_S if fleet.is_drip else DEADLINE_S
    first_s = found_at(fleet, found)
    delay_s = first_s - tenth_s if np.isfinite(first_s) else np.inf
    in_findings = np.zeros(len(fleet.members), bool)
    for finding in found:
        held = np.isin(fleet.members, finding.members)
        if held.sum() >= MEMBERS_OF_CROWD:
            in_findings |= held
    return (
        fleet.family,
        fleet.is_ring,
        fleet.is_drip,
        len(fleet.members),
        bool(tenth_s + allowed_s <= end_s),
        bool(delay_s <= allowed_s),
        delay_s,
        int(in_findings.sum()),
    )


def _add_membership(tally: CampaignTally, found: Sequence[Finding], truth: Truth) -> None:
    tally.honest += int((truth.family == "honest").sum())
    right: dict[int, bool] = {}
    abusive: dict[int, bool] = {}
    for finding in found:
        place = places(finding.members, truth)
        bad = (place >= 0) & (truth.abusive_from[place] <= finding.time)
        operator = np.where(bad, truth.campaign[place], "")
        names, counts = np.unique(operator[bad], return_counts=True)
        most = names[np.argmax(counts)] if len(names) else ""
        for key, is_bad, its in zip(finding.members.tolist(), bad.tolist(), operator.tolist(), strict=True):
            right[key] = is_bad and its == most
            abusive[key] = abusive.get(key, True) and is_bad
    tally.grouped += len(abusive)
    tally.grouped_attackers += sum(abusive.values())
    tally.grouped_right += sum(right.values())
    wronged = len(abusive) - sum(abusive.values())
    tally.honest_grouped += wronged
    tally.worlds_with_any_grouped += wronged > 0


def _add_crowds(tally: CampaignTally, found: Sequence[Finding], crowds: Crowds) -> None:
    kinds = crowds.kinds
    for kind in kinds.values():
        tally.crowds[kind] = tally.crowds.get(kind, 0) + 1
    grouped: set[str] = set()
    for finding in found:
        inside = crowds.crowd[np.isin(crowds.keys, finding.members)]
        names, counts = np.unique(inside, return_counts=True)
        grouped.update(names[counts >= MEMBERS_OF_CROWD].tolist())
    for name in grouped:
        tally.crowds_grouped[kinds[name]] = tally.crowds_grouped.get(kinds[name], 0) + 1


# -- results ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Share:
    """A share of fleets with its 95 % bootstrap interval over campaigns; NaN where there was none."""

    value: float
    low: float
    high: float
    of: int

    @staticmethod
    def over(good: NDArray[Any], all_: NDArray[Any], seed: int = 1) -> "Share":
        """``good`` out of ``all_``, both [campaign]; whole campaigns are drawn."""
        total = float(all_.sum())
        if total == 0:
            return Share(np.nan, np.nan, np.nan, 0)
        draws = np.random.default_rng(seed).integers(0, len(all_), (ROUNDS, len(all_)))
        shares = good[draws].sum(axis=1) / np.maximum(all_[draws].sum(axis=1), 1)
        low, high = np.percentile(shares, [2.5, 97.5])
        return Share(float(good.sum()) / total, float(low), float(high), len(all_))


@dataclass(frozen=True, slots=True)
class Bound:
    """Errors out of tries, with the one-sided 95 % Clopper-Pearson bound (three in n where none was made)."""

    count: int
    tries: int

    @property
    def rate(self) -> float:
        return self.count / self.tries if self.tries else float("nan")

    @property
    def upper(self) -> float:
        return upper_bound(self.count, self.tries)


@dataclass(frozen=True, slots=True)
class CampaignResult:
    """One finder over all logs."""

    name: str
    in_time: Share
    """Fleets that do not drip, within 30 minutes."""
    drips_in_time: Share
    """Fleets that drip, within 48 hours."""
    rings_in_time: Share
    delay_median_s: float
    """Of fleets that do not drip and were found at all; negative before the tenth member began."""
    members_found: Share
    """Of the members of all fleets, until the end of the log."""
    not_attackers: Bound
    """Grouped accounts that are no attackers."""
    not_of_operator: Bound
    """Grouped accounts that do not belong to the operator of most of their group."""
    honest_grouped: Bound
    """Honest accounts that were grouped."""
    crowds_grouped: Bound
    worlds_with_any_grouped: Bound
    seconds_per_million: float
    """Processor seconds for a million events."""


def result_of(tally: CampaignTally) -> CampaignResult:
    """The figures of one finder."""
    fleets = tally.all_fleets
    due = fleets[fleets["due"]]
    senders = due[~due["ring"]]
    fast, drip, ring = senders[~senders["drip"]], senders[senders["drip"]], due[due["ring"]]
    delays = fast["delay_s"][np.isfinite(fast["delay_s"])]
    return CampaignResult(
        tally.name,
        _in_time(fast),
        _in_time(drip),
        _in_time(ring),
        float(np.median(delays)) if len(delays) else float("nan"),
        Share.over(fleets["members_found"], fleets["members"]),
        Bound(tally.grouped - tally.grouped_attackers, tally.grouped),
        Bound(tally.grouped - tally.grouped_right, tally.grouped),
        Bound(tally.honest_grouped, tally.honest),
        Bound(sum(tally.crowds_grouped.values()), sum(tally.crowds.values())),
        Bound(tally.worlds_with_any_grouped, tally.worlds),
        1e6 * tally.seconds / max(tally.events, 1),
    )


def _in_time(fleets: NDArray[Any]) -> Share:
    return Share.over(fleets["in_time"].astype(np.int64), np.ones(len(fleets), np.int64))


def family_shares(tally: CampaignTally) -> dict[str, tuple[Share, Share]]:
    """For each family: fleets found in time, and members found until the end."""
    fleets = tally.all_fleets
    of = {str(name): fleets[fleets["family"] == name] for name in np.unique(fleets["family"])}
    return {
        name: (_in_time(rows[rows["due"]]), Share.over(rows["members_found"], rows["members"]))
        for name, rows in of.items()
    }


# -- what finding campaigns is worth ------------------------------------------------------------------------


@dataclass
class DripReach:
    """Strangers reached by each working account of drip fleets before it was locked; fellows are no strangers."""

    name: str
    reached: list[NDArray[np.int64]] = field(default_factory=list)
    """One array a fleet."""

    def add(self, events: NDArray[Any], truth: Truth, fleets: Sequence[Fleet], enforced: Enforced) -> None:
        """Add the drip fleets of one log under one way of enforcing."""
        locked_s = enforced(events, truth).first_at[:, STOPPED]
        reached = strangers_reached(events, truth)
        earlier = reached.time < locked_s[reached.account]
        before = np.bincount(reached.account[earlier], minlength=len(truth.keys))
        for fleet in fleets:
            if fleet.is_drip:
                worked = fleet.members[np.isfinite(fleet.first_deed)]
                self.reached.append(before[places(worked, truth)])

    def quantile(self, share: float, seed: int = 1) -> Share:
        """A quantile over accounts, bootstrapped over fleets. ``of`` is the number of fleets."""
        if not self.reached:
            return Share(np.nan, np.nan, np.nan, 0)
        random, n = np.random.default_rng(seed), len(self.reached)
        drawn = [
            np.quantile(np.concatenate([self.reached[i] for i in random.integers(0, n, n)]), share)
            for _ in range(ROUNDS // 5)
        ]
        low, high = np.percentile(drawn, [2.5, 97.5])
        return Share(float(np.quantile(np.concatenate(self.reached), share)), float(low), float(high), n)
