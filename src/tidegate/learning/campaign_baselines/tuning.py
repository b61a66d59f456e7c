"""The baselines at their best: settings chosen on labelled training worlds, never on those of the evaluation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from numpy.typing import NDArray

from tidegate.learning.campaign_baselines.ianus import Ianus, IanusSettings, fit_weights
from tidegate.learning.campaign_baselines.shared_infrastructure import (
    SharedInfrastructure,
    SharedInfrastructureSettings,
)
from tidegate.learning.campaign_baselines.synchrotrap import SynchroTrap, SynchroTrapSettings
from tidegate.learning.campaign_evaluation import CampaignTally, add_log
from tidegate.learning.campaign_finder import Finder
from tidegate.learning.samples import Truth

MakeFinder = Callable[[], Finder]
LabelledEvents = Sequence[tuple[NDArray[Any], Truth]]
PRECISION = 0.99
"""What settings must reach on the training worlds; the published precision of SynchroTrap."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """One baseline with its chosen settings."""

    name: str
    chosen: str
    """The settings, in words."""
    make: MakeFinder


def tuned_baselines(logs: LabelledEvents) -> list[Baseline]:
    """SynchroTrap, Ianus and shared infrastructure, each with the settings that do best on ``logs``.

    The best are those that group most attackers with a precision of at least PRECISION, or, where none reaches it,
    those with the highest precision among those that group anybody. Raises ValueError as
    :func:`~tidegate.learning.campaign_baselines.ianus.fit_weights`.
    """
    weights = fit_weights(logs)
    synchrotrap = {
        f"similarity {similarity}, at most {popular} accounts an object": partial(
            SynchroTrap, SynchroTrapSettings(similarity=similarity, popular=popular)
        )
        for similarity in (0.3, 0.5, 0.7, 0.9)
        for popular in (20, 200)
    }
    ianus = {
        f"probability {probability}, density {density}": partial(
            Ianus, weights, IanusSettings(least_probability=probability, density=density)
        )
        for probability in (0.5, 0.8, 0.95, 0.99)
        for density in (0.3, 0.6)
    }
    shared = {
        f"at most {popular} accounts a network, 100 a device": partial(
            SharedInfrastructure, SharedInfrastructureSettings(popular_network=popular)
        )
        for popular in (0, 2, 4, 8)
    }
    return [
        _best("SynchroTrap's idea, daily", synchrotrap, logs),
        _best("Ianus's idea, at registration", ianus, logs),
        _best("shared networks and devices", shared, logs),
    ]


def _best(name: str, candidates: Mapping[str, MakeFinder], logs: LabelledEvents) -> Baseline:
    def merit(chosen: str) -> tuple[bool, float]:
        tally = CampaignTally(chosen)
        for events, truth in logs:
            add_log(tally, candidates[chosen](), events, truth, fleets=())
        precision = tally.grouped_attackers / max(tally.grouped, 1)
        if precision >= PRECISION:
            return True, float(tally.grouped_attackers)
        return False, precision

    best = max(candidates, key=merit)
    return Baseline(name, best, candidates[best])
