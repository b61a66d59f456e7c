"""The process that looks for campaigns: it follows the journal, and says what it finds on standard output.

It takes nothing from the node but the journal, and gives back nothing but lines of JSON. The node puts what was found
into the journal, where this process meets it again: so one that begins anew knows who was told what.

    python -m tidegate.node.searcher FOLDER [--every S] [--window S] [--with-node]
"""

import argparse
import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from tidegate.campaigns.communities import Unavailable, communities
from tidegate.campaigns.passes import Passes
from tidegate.campaigns.search import Search, SearchSettings
from tidegate.campaigns.telling import Telling
from tidegate.events.columns import EventType
from tidegate.node.beside import UNAVAILABLE, end_with_node
from tidegate.node.campaign_found import CampaignFound, Passed, Said
from tidegate.node.journal_tail import JournalTail, of_the_log
from tidegate.node.requests import StorageError

NICENESS = 10
POLL_S = 1.0
"""How often the end of the journal is looked at."""
MOST_PASSES = 2
"""In one piece at the journal's end: more, and the log comes faster than it is looked at."""


class Searcher:
    """A search in step with a journal."""

    def __init__(self, folder: Path, settings: SearchSettings, say: Callable[[Said], None]) -> None:
        """Raises :class:`~tidegate.node.requests.StorageError`."""
        self._tail = JournalTail(folder, settings.window_s)
        self._search, self._passes = Search(settings), Passes(settings)
        self._telling = Telling(settings.window_s)
        self._say = say
        self._owed = self._tail.behind
        """A pass was due and not made, because the journal went on already."""

    def step(self) -> bool:
        """Read on. True when the journal's end was reached.

        While it has more to read it makes no passes: what could be found about the past is found at its end, too.
        Raises StorageError or :class:`~tidegate.campaigns.communities.Unavailable`.
        """
        events, at_end = self._tail.read()
        self._telling.heard(events)
        events = self._speaking(events)
        due = list(self._passes.due(events["time"]))
        if at_end and not self._owed and len(due) <= MOST_PASSES:
            begun = 0
            for row, time_s in due:
                self._search.observe(events[begun:row])
                begun = row
                self._find(time_s)
            self._search.observe(events[begun:])
            return True
        self._search.observe(events)
        self._owed = self._owed or bool(due)
        if at_end and self._owed and np.isfinite(self._passes.clock_s):
            self._find(self._passes.clock_s)
            self._owed = False
        return at_end

    def _speaking(self, events: NDArray[Any]) -> NDArray[Any]:
        """Those that the search hears of; a late event counts as one of the latest time before it."""
        sent, kinds = of_the_log(events), events["type"]
        kept = sent | (kinds == int(EventType.RULING)) | (kinds == int(EventType.ERASURE))
        events = events[kept]
        times = np.where(sent[kept], events["time"], -np.inf)
        if len(times):
            times[0] = max(times[0], self._passes.clock_s)
        events["time"] = np.maximum.accumulate(times)
        return events

    def _find(self, now_s: float) -> None:
        began = time.monotonic()
        for campaign in self._search.find(now_s):
            news = self._telling.news(campaign)
            if len(news.events):
                self._say(CampaignFound.of(news))
        took_s = time.monotonic() - began
        self._say(Passed(now_s, self._tail.at, took_s, self._search.memory.bytes_in_use))


def main() -> int:
    """The entry point; ends only with its node, or by a fault."""
    parser = argparse.ArgumentParser(description="Look for campaigns in a node's journal.")
    parser.add_argument("folder", type=Path)
    usual = SearchSettings()
    parser.add_argument("--every", type=float, default=usual.every_s, help="seconds of the log between looks")
    parser.add_argument("--window", type=float, default=usual.window_s, help="seconds of the log looked at")
    parser.add_argument("--with-node", action="store_true", help="end when standard input ends")
    asked = parser.parse_args()
    if asked.with_node:
        end_with_node()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    os.nice(NICENESS)

    def say(what: Said) -> None:
        sys.stdout.buffer.write(msgspec.json.encode(what) + b"\n")
        sys.stdout.buffer.flush()

    try:
        communities(2, np.array([[0, 1]]), np.ones(1))  # raises Unavailable at once, not after hours
        searcher = Searcher(asked.folder, SearchSettings(every_s=asked.every, window_s=asked.window), say)
        while True:
            if searcher.step():
                time.sleep(POLL_S)
    except Unavailable as error:
        print(error, file=sys.stderr)
        return UNAVAILABLE
    except StorageError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
