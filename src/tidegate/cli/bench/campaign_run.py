"""The search for campaigns over one log, measured from inside: a process of its own, so that its memory is its own."""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.campaigns.search import Search
from tidegate.cli.bench.campaign_day import read_pieces
from tidegate.cli.warm_up import compile_searching


@dataclass(slots=True)
class SearchCost:
    """What a search over a log took, in processor seconds, and what came of it."""

    events: int = 0
    accounts: int = 0
    """That did something."""
    observing_s: float = 0.0
    finding_s: float = 0.0
    longest_pass_s: float = 0.0
    passes: int = 0
    every_s: float = 0.0
    candidates: int = 0
    """Those of the last pass."""
    campaigns: int = 0
    members: int = 0
    """Accounts that were ever found."""
    state_bytes: int = 0
    """Tables of the memory."""
    found: set[int] = field(default_factory=set, repr=False)

    @property
    def seconds(self) -> float:
        return self.observing_s + self.finding_s

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "found"}


def measure(path: Path) -> SearchCost:
    """Lead a search with the settings it comes with through the log, a pass at each whole multiple of its time."""
    search, cost, ids = Search(), SearchCost(), set()
    cost.every_s = search.settings.every_s
    for events, pass_s in _stretches(path, cost.every_s):
        began = time.process_time()
        search.observe(events)
        observed = time.process_time()
        cost.observing_s += observed - began
        cost.events += len(events)
        if pass_s is None:
            continue
        for campaign in search.find(pass_s):
            ids.add(campaign.id)
            cost.found.update(campaign.members.tolist())
        took = time.process_time() - observed
        cost.finding_s += took
        cost.longest_pass_s = max(cost.longest_pass_s, took)
        cost.passes += 1
    cost.accounts, cost.candidates = search.memory.active, len(search.candidates.rows)
    cost.campaigns, cost.members = len(ids), len(cost.found)
    cost.state_bytes = search.memory.bytes_in_use
    return cost


def _stretches(path: Path, every_s: float) -> Iterator[tuple[NDArray[Any], float | None]]:
    """(events, time of the pass that follows them): pieces of the log, cut where a pass is due."""
    pass_s: float | None = None
    for piece in read_pieces(path):
        times = piece["time"]
        if pass_s is None:
            pass_s = float(np.floor(times[0] / every_s) + 1.0) * every_s
        begun = 0
        while (at := int(np.searchsorted(times, pass_s, "left"))) < len(piece):
            yield piece[begun:at], pass_s
            begun, pass_s = at, pass_s + every_s
        yield piece[begun:], None
    if pass_s is not None:
        yield piece[:0], pass_s


def main() -> None:
    """``python -m tidegate.cli.bench.campaign_run LOG RESULT``"""
    compile_searching()  # loads the machine code: the log is to pay for the search alone
    Path(sys.argv[2]).write_text(json.dumps(measure(Path(sys.argv[1])).as_json()), "utf-8")


if __name__ == "__main__":
    main()
