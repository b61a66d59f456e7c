"""The search beside a node: in step with the journal it finds what a scan of the same log finds."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tidegate.campaigns.communities import Unavailable, communities
from tidegate.campaigns.search import SearchSettings
from tidegate.cli.campaign_watch import CampaignWatch
from tidegate.events.columns import EVENT, EventType
from tidegate.events.pseudonym import Pseudonyms
from tidegate.events.reorder import Chunk
from tidegate.node.campaign_found import CampaignFound, Passed, Said
from tidegate.node.journal import Journal
from tidegate.node.searcher import Searcher
from tidegate.world import WorldSettings, simulate
from tidegate.world.fleets import fleet

try:
    communities(2, np.array([[0, 1]]), np.ones(1))
except Unavailable:
    pytest.skip("NetworKit is not installed", allow_module_level=True)

NODE_S = 1_767_225_600.0
EVERY_S = 3_600.0
SETTINGS = SearchSettings(every_s=EVERY_S)


class Silent:
    def found(self, campaigns: int) -> None:
        """Nobody listens."""


@pytest.fixture(scope="module")
def log() -> NDArray[Any]:
    """Five days of a small messenger with one slow fleet."""
    attackers = fleet("drip_fleet", "own", 24)
    return simulate(WorldSettings(people=300, days=5, seed=5, attackers=attackers)).events(Pseudonyms())


def own(kind: EventType, actor: int = 0) -> NDArray[Any]:
    event = np.zeros(1, EVENT)
    event["time"], event["type"], event["actor"] = NODE_S, kind, actor
    return event


class Beside:
    """A node's journal and the search that follows it, in one process."""

    def __init__(self, folder: Path) -> None:
        self.journal = Journal(folder)
        self.said: list[Said] = []
        self.folder = folder
        self.begin()

    def begin(self) -> None:
        self.searcher = Searcher(self.folder, SETTINGS, self.said.append)

    def take(self, events: NDArray[Any]) -> list[CampaignFound]:
        """Events come in; what is found goes into the journal, as the node does it."""
        self.journal.append(events, NODE_S)
        return self.look()

    def look(self) -> list[CampaignFound]:
        heard = len(self.said)
        while not self.searcher.step():
            pass
        found = [said for said in self.said[heard:] if isinstance(said, CampaignFound)]
        for one in found:
            self.journal.append(one.events(), NODE_S, None, [one])
        return found

    @property
    def passes(self) -> list[float]:
        return [said.time_s for said in self.said if isinstance(said, Passed)]


def pieces_of(log: NDArray[Any], seconds: float) -> list[NDArray[Any]]:
    slots = np.floor(log["time"] / seconds)
    return np.split(log, np.flatnonzero(np.diff(slots)) + 1)


def scanned(log: NDArray[Any]) -> NDArray[Any]:
    """The findings that a scan puts into the log; but for its last pass, at the log's end."""
    watch = CampaignWatch(SETTINGS)
    watch.weave(Chunk(log, np.zeros(len(log), np.int64), {}), Silent())
    return np.concatenate(watch.told_events)


def test_in_step_with_the_log_it_tells_what_a_scan_tells(log: NDArray[Any], tmp_path: Path) -> None:
    beside = Beside(tmp_path)
    for piece in pieces_of(log, 1_500.0):
        beside.take(piece)
        beside.take(own(EventType.TICK))
    findings = [one for one in beside.said if isinstance(one, CampaignFound)]
    expected = scanned(log)
    assert len(expected) > 10
    assert np.concatenate([one.events() for one in findings]).tobytes() == expected.tobytes()
    assert all(time_s % EVERY_S == 0.0 for time_s in beside.passes)


def test_what_lies_behind_is_looked_at_once_and_not_at_every_hour(log: NDArray[Any], tmp_path: Path) -> None:
    beside = Beside(tmp_path)
    found = beside.take(log)
    assert beside.passes == [log["time"][-1]]
    assert found and set(np.concatenate([one.events() for one in found])["actor"].tolist())


def test_begun_again_it_finds_nothing_new_and_goes_on(log: NDArray[Any], tmp_path: Path) -> None:
    beside = Beside(tmp_path)
    cut = int(0.95 * len(log))
    (first,) = beside.take(log[:cut])
    beside.begin()
    assert beside.look() == []
    assert len(beside.passes) == 2, "it looked"
    later = [one for piece in pieces_of(log[cut:], EVERY_S) for one in beside.take(piece)]
    assert {one.id for one in later} <= {first.id}


def test_an_erased_member_is_not_found_again(log: NDArray[Any], tmp_path: Path) -> None:
    beside = Beside(tmp_path)
    cut = int(0.95 * len(log))
    (first,) = beside.take(log[:cut])
    gone = first.members[0]
    beside.take(own(EventType.ERASURE, gone))
    for begun_again in (False, True):
        if begun_again:
            beside.begin()
        rest = log[cut:][(log[cut:]["actor"] != gone) & (log[cut:]["target"] != gone)]
        found = [one for piece in pieces_of(rest, EVERY_S) for one in beside.take(piece)] + beside.look()
        assert gone not in {key for one in found for key in one.members}


def test_late_events_count_as_of_now(log: NDArray[Any], tmp_path: Path) -> None:
    """Several sources, some of them behind: times go back, the search's clock does not."""
    beside = Beside(tmp_path)
    mixed = log.copy()
    mixed["time"] += np.random.default_rng(3).choice([0.0, -30.0, -900.0], len(log))
    for piece in pieces_of(log, EVERY_S):
        start = int(np.searchsorted(log["time"], piece["time"][0]))
        beside.take(mixed[start : start + len(piece)])
    assert beside.passes == sorted(beside.passes) and len(beside.passes) > 90
    assert any(isinstance(one, CampaignFound) for one in beside.said)
