"""``tidegate calibrate --campaigns``: how often accounts of one operator agree, and how often others do, measured anew.

The table of signals (:mod:`tidegate.campaigns.evidence`) ships ``m`` and ``u``: the shares of pairs at each level of
likeness among accounts of one operator, and among others. Here both are measured on simulated fleets of every kind and
hygiene among honest people and crowds, at several times of each log, and shown beside the shipped ones.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.campaigns.comparing import CLASSES, CONTACT_EDGES, LEVELS, SIGNAL_COUNT
from tidegate.campaigns.evidence import SIGNALS, Signal
from tidegate.campaigns.likeness import Likeness
from tidegate.campaigns.memory import Memory
from tidegate.campaigns.outreach import outreach_of
from tidegate.campaigns.settings import SearchSettings
from tidegate.cli.campaign_worlds import crowds_for
from tidegate.cli.wording import plural
from tidegate.cli.worlds import LabelledLog, labelled, seed_for
from tidegate.learning import tables
from tidegate.world import AttackerPlan, WorldSettings, fleet
from tidegate.world.fleets import FLEET_KINDS, HYGIENE, SMALLEST_FLEET

DAY_S = 86_400.0
FIRST_SEED_NUMBER = 700_000
"""Among the seeds for calibration, apart from those of ``tidegate calibrate``."""
FLEET_SIZE = 30
LOOKS_DAYS = (1.2, 2.4, 3.3, 4.9, 6.1, 8.7)
"""After the beginning of a log: much and little is known of an account, at all hours."""
PAIRS_A_FLEET, PAIRS_A_GROUP = 250, 1_500
"""Drawn at each look: of each operator, and of each kind of pairs of others."""
LEAST_PAIRS = 30
"""For a group of pairs to count: each kind and hygiene of fleet weighs the same, however many pairs it gives."""
FLOOR = 0.002
"""No level is rarer than this."""
STRANGERS_CLASSES = 2
"""Pairs of any honest accounts count among others only while little is known of them: later only cold ones are met."""

Pairs = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LikelihoodScale:
    """How much is simulated: ``worlds`` of each hygiene."""

    worlds: int = 2
    people: int = 6_000
    days: int = 9


@dataclass(slots=True)
class Counted:
    """How many pairs of each group stand where. Groups are named by what the pairs are of."""

    levels: dict[tuple[str, ...], NDArray[np.float64]] = field(default_factory=dict)
    """[class, signal, level] by group."""
    shared: dict[tuple[str, ...], NDArray[np.float64]] = field(default_factory=dict)
    """[signal, (measured, shared)] by group, for what is shared and not alike."""

    def add(
        self, group: tuple[str, ...], likeness: Likeness, rows: NDArray[Any], pairs: Pairs, known: Pairs
    ) -> None:
        """Count ``pairs`` of OUTREACH ``rows`` whose class is ``known``."""
        levels, shares = likeness.compare(rows, pairs)
        counts = self.levels.setdefault(group, np.zeros((CLASSES, SIGNAL_COUNT, LEVELS)))
        np.add.at(counts, (known[:, None], np.arange(SIGNAL_COUNT)[None, :], levels), 1.0)
        shared = self.shared.setdefault(group, np.zeros((SIGNAL_COUNT, 2)))
        shared[:, 0] += (levels > 0).sum(axis=0)
        shared[:, 1] += (shares < 2.0).sum(axis=0)

    def at_levels(self, signal: int, known: int | None, *, same: bool) -> list[NDArray[np.float64]]:
        """Counts by level from 1, of each group of pairs of one operator, or of others; ``known`` None: any class."""
        found = []
        for group, counts in self.levels.items():
            if (group[0] == "same") != same:
                continue
            classes = range(CLASSES) if known is None else (known,)
            if group[0] == "strangers" and known is not None and known >= STRANGERS_CLASSES:
                continue
            found.append(sum((counts[one, signal, 1:] for one in classes), np.zeros(LEVELS - 1)))
        return found

    def sharing(self, signal: int) -> tuple[float, int]:
        """Share of pairs of one operator that have the thing in common, each group weighing the same; how many pairs."""
        mine = [counts[signal] for group, counts in self.shared.items() if group[0] == "same"]
        enough = [counts[1] / counts[0] for counts in mine if counts[0] >= LEAST_PAIRS]
        return float(np.mean(enough)) if enough else float("nan"), int(sum(counts[0] for counts in mine))


def smoothed(groups: list[NDArray[np.float64]], levels: int) -> tuple[NDArray[np.float64] | None, int]:
    """Shares at each of so many levels, the mean over groups with enough pairs (None: there is none); how many pairs."""
    counts = [group[:levels] for group in groups]
    enough = [group / group.sum() for group in counts if group.sum() >= LEAST_PAIRS]
    pairs = int(sum(group.sum() for group in counts))
    if not enough:
        return None, pairs
    share: NDArray[np.float64] = (np.mean(enough, axis=0) + FLOOR) / (1.0 + FLOOR * levels)
    return share, pairs


def measured_likelihoods(scale: LikelihoodScale, say: Callable[[str], None]) -> Counted:
    """Simulate the fleets and count."""
    counted = Counted()
    for place, hygiene in enumerate(HYGIENE):
        for number in range(scale.worlds):
            seed = seed_for("calibrate", FIRST_SEED_NUMBER + place * scale.worlds + number)
            log = _log(scale, hygiene, seed)
            _count(counted, log, hygiene, np.random.default_rng(seed))
            say(f"  {hygiene} {number + 1}/{scale.worlds}: {len(log.events):,} events")
    return counted


def _log(scale: LikelihoodScale, hygiene: str, seed: int) -> LabelledLog:
    size = max(min(FLEET_SIZE, scale.people // 100), SMALLEST_FLEET)
    attackers: dict[str, AttackerPlan] = {}
    for kind in FLEET_KINDS:
        attackers |= fleet(kind, hygiene, size)
    return labelled(
        WorldSettings(
            people=scale.people,
            days=scale.days,
            seed=seed,
            attackers=attackers,
            crowds=crowds_for(scale.people),
        )
    )


def _count(counted: Counted, log: LabelledLog, hygiene: str, random: np.random.Generator) -> None:
    settings = SearchSettings()
    memory = Memory(settings.window_s, settings.complaints)
    likeness = Likeness(memory)
    truth = log.truth
    order = np.argsort(truth.keys)
    at, time = 0, log.events["time"]
    for day in LOOKS_DAYS:
        now_s = float(time[0]) + day * DAY_S
        if now_s > time[-1]:
            break
        end = int(np.searchsorted(time, now_s))
        memory.remember(log.events[at:end])
        at = end
        people = memory.people()
        wanted = (people["opened"] >= settings.least_contacts) & (people["last_s"] > 0.0)
        rows = outreach_of(memory, np.flatnonzero(wanted), now_s)
        who = order[np.searchsorted(truth.keys[order], rows["key"])]
        bad = truth.family[who] != "honest"
        operator = np.where(bad, truth.campaign[who], "")
        cold = rows["conduct"] >= settings.least_conduct
        for group, pairs in _pairs(operator, truth.family[who], cold, random):
            # Ordinary pairs are one group among ten of others, not one for each hygiene.
            name = group if group[0] == "strangers" else (*group, hygiene)
            counted.add(name, likeness, rows, pairs, likeness.known(rows, pairs))


def _pairs(
    operator: NDArray[Any], family: NDArray[Any], cold: NDArray[np.bool_], random: np.random.Generator
) -> Iterator[tuple[tuple[str, ...], Pairs]]:
    """(group, pairs of rows): of each operator, and of others as the search meets them."""

    def drawn(ones: Pairs, others: Pairs, count: int) -> Pairs:
        if not len(ones) or not len(others):
            return np.zeros((0, 2), np.int64)
        pairs: Pairs = np.stack([random.choice(ones, count), random.choice(others, count)], 1)
        return np.compress(pairs[:, 0] != pairs[:, 1], pairs, axis=0)

    for name in np.unique(operator[operator != ""]).tolist():
        mine = np.flatnonzero(operator == name)
        yield ("same", str(family[mine[0]])), drawn(mine, mine, PAIRS_A_FLEET)
    honest, bad = np.flatnonzero(operator == ""), np.flatnonzero(operator != "")
    silent = np.flatnonzero((operator == "") & cold)
    yield ("strangers",), drawn(honest, honest, PAIRS_A_GROUP)
    yield ("silent",), drawn(silent, silent, PAIRS_A_GROUP)
    yield ("mixed",), drawn(bad, silent, PAIRS_A_GROUP // 2)
    rivals = drawn(bad, bad, PAIRS_A_GROUP)
    yield ("rivals",), rivals[operator[rivals[:, 0]] != operator[rivals[:, 1]]]


def likelihoods_shown(counted: Counted, scale: LikelihoodScale) -> str:
    """The measured table beside the shipped one, as Markdown."""
    alike = [row for i, signal in enumerate(SIGNALS) if signal.m for row in _rows(counted, i, signal)]
    shared = [
        (signal.name, f"{pairs:,}", f"{share:.3f}", f"{signal.shared_m:.3f}")
        for i, signal in enumerate(SIGNALS)
        if not signal.m
        for share, pairs in [counted.sharing(i)]
    ]
    head = (
        "signal (simulated)",
        "contacts known",
        "pairs: one operator",
        "others",
        "m measured",
        "m shipped",
        "u measured",
        "u shipped",
        "nats measured",
        "nats shipped",
    )
    return "\n\n".join(
        (
            f"*Simulated*: {plural(scale.worlds, 'world')} of {scale.people:,} people over {scale.days} days for each of "
            f"{', '.join(HYGIENE)} hygiene, one fleet of each kind in each, seeds from "
            f"{seed_for('calibrate', FIRST_SEED_NUMBER):,}. Shares are by level, from the most alike to the least.",
            tables.markdown(head, alike),
            "What is shared and not alike (how common it is, `u`, is looked up in each log):",
            tables.markdown(("signal (simulated)", "pairs: one operator", "m measured", "m shipped"), shared),
        )
    )


def _rows(counted: Counted, place: int, signal: Signal) -> Iterator[tuple[str, ...]]:
    """One row for each class of how many contacts are known that the shipped table tells apart."""
    for known, (m, u) in enumerate(zip(signal.m, signal.u, strict=True)):
        levels = len(m) or max(map(len, signal.m))
        one = known if len(signal.m) > 1 else None
        m_now, same = smoothed(counted.at_levels(place, one, same=True), levels)
        u_now, others = smoothed(counted.at_levels(place, one, same=False), levels)
        if m_now is None and not m:
            continue  # never measured with so few contacts
        nats_now = None if m_now is None or u_now is None else np.log(m_now / u_now)
        nats = np.log(np.array(m) / np.array(u)) if m else None
        yield (
            signal.name,
            "any" if one is None else _contacts(one),
            f"{same:,}",
            f"{others:,}",
            *(_shares(shares) for shares in (m_now, m or None, u_now, u or None)),
            *(_shares(values, 1) for values in (nats_now, nats)),
        )


def _contacts(known: int) -> str:
    edges = [0, *CONTACT_EDGES.tolist()]
    return (
        f"{edges[known]} to {edges[known + 1] - 1}" if known + 1 < len(edges) else f"{edges[known]} or more"
    )


def _shares(values: Any, digits: int = 3) -> str:
    return "-" if values is None else " ".join(f"{value:.{digits}f}" for value in values)
