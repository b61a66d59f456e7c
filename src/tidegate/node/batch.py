"""A batch: what one step of a node makes durable together, and what is to be answered then."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.events.columns import EVENT, MISSING_FORWARDS, MISSING_INT, EventType, Reason
from tidegate.node.campaign_found import CampaignFound
from tidegate.node.requests import Answer, Ruling

NamesOf = Callable[[list[int]], list[tuple[str, str]]]
"""(actor, target) as they were written, by row."""


class RulingTaken(NamedTuple):
    """A ruling that became an event, to be noted once that is durable."""

    request: int
    """Its number within the batch."""
    key: int
    """The account's pseudonym."""
    ruling: Ruling
    until_s: float | None
    """Unix seconds: how long the person said that the rung lasts; None: they did not."""


@dataclass(slots=True)
class Batch:
    """Events in order, from several requests; requests are numbered within the batch."""

    answers: list[Answer] = field(default_factory=list)
    """One for each request read so far."""
    pieces: list[NDArray[Any]] = field(default_factory=list)
    names: list[NamesOf] = field(default_factory=list)
    """For each piece."""
    sources: dict[str, int] = field(default_factory=dict)
    """How far each source has come."""
    verdicts: list[tuple[int, int, str]] = field(default_factory=list)
    """(request, pseudonym, identifier) of each verdict that is wanted."""
    erasures: list[tuple[int, int, str]] = field(default_factory=list)
    """(request, pseudonym, who asked for it)."""
    rulings: list[RulingTaken] = field(default_factory=list)
    found: list[CampaignFound] = field(default_factory=list)
    """Findings of the search for campaigns whose events are among these."""
    offered: int = 0
    """How many of what the search said this batch settles."""
    _joined: NDArray[Any] | None = None
    """All pieces, once somebody has asked for them."""

    def add(self, events: NDArray[Any], names: NamesOf) -> None:
        """Events of a messenger, after those before."""
        if len(events):
            self._joined = events if not self.pieces else None
            self.pieces.append(events)
            self.names.append(names)

    def add_own(
        self,
        kind: EventType,
        time_s: float,
        *,
        actor: int = 0,
        target: int = 0,
        identifier: int = 0,
        reason: Reason = Reason.NONE,
        forwards: int = MISSING_FORWARDS,
        members: int = MISSING_INT,
    ) -> None:
        """An event that the node itself writes; it names no account for the first time."""
        event = np.zeros(1, EVENT)
        event["time"], event["type"], event["actor"], event["target"] = time_s, int(kind), actor, target
        event["id"], event["reason"] = identifier, int(reason)
        event["members"], event["size"], event["forwards"] = members, MISSING_INT, forwards
        self.add(event, _nobody)

    def add_found(self, found: CampaignFound, not_before_s: float) -> None:
        """A finding: it counts from when the node hears of it, so no earlier than the events before it."""
        events = found.events().copy()
        events["time"] = np.maximum(events["time"], not_before_s)
        self.add(events, _nobody)
        self.found.append(found)

    def events(self) -> NDArray[Any]:
        """EVENT[n], all of them."""
        if self._joined is None:
            self._joined = np.concatenate(self.pieces) if self.pieces else np.zeros(0, EVENT)
        return self._joined

    def named(self, rows: Iterable[int]) -> Iterator[tuple[str, str]]:
        """(actor, target) of these rows of :meth:`events`, in order."""
        starts = list(accumulate((len(piece) for piece in self.pieces), initial=0))
        for row in rows:
            piece = bisect_right(starts, row) - 1
            yield self.names[piece]([row - starts[piece]])[0]


def _nobody(rows: list[int]) -> list[tuple[str, str]]:
    return [("", "")] * len(rows)
