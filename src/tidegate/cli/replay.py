"""A log through the engine: decisions, the names they concern, and what was counted on the way."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tidegate.cli.read_ahead import read_ahead
from tidegate.cli.tallies import MessageTally, Traffic
from tidegate.engine.engine import Engine, Outcome
from tidegate.engine.layout import DECISION
from tidegate.events.log import Log
from tidegate.events.names import Field
from tidegate.events.reorder import Chunk
from tidegate.statements.statement import pseudonym_shown

REMEMBERED_EVENTS = 4_000_000
"""Events kept in memory (33 bytes each) for the timelines; a longer log is read a second time for them."""
BRIEF = np.dtype([("time", np.float64), ("actor", np.uint64), ("target", np.uint64), ("type", np.uint8)])
"""What a timeline needs of an event."""


class Listener(Protocol):
    """Who is told how far the reading has come."""

    def advance(self, read_bytes: int, events: int) -> None:
        """So many more bytes were read, and so many more events observed, since the last call."""


@dataclass(slots=True)
class Replay:
    """One engine and what came out of it so far."""

    engine: Engine
    pseudonyms_only: bool = False
    """Name accounts by their pseudonyms; the log's own identifiers are never asked for."""
    events: int = 0
    names: list[str] = field(default_factory=list)
    """By account slot."""
    names_by_key: dict[int, str] = field(default_factory=dict)
    """Of accounts with a decision."""
    messages: MessageTally = field(default_factory=MessageTally)
    traffic: Traffic = field(default_factory=Traffic)
    briefs: list[NDArray[Any]] | None = field(default_factory=list)
    """The log in brief (BRIEF arrays); None when it was too long to keep."""
    _decided: list[NDArray[Any]] = field(default_factory=list)

    def decisions(self) -> NDArray[Any]:
        """DECISION[n] in the order of time."""
        joined = np.concatenate(self._decided) if self._decided else np.zeros(0, DECISION)
        return joined[np.argsort(joined["time"], kind="stable")]

    def every_brief(self, again: Callable[[], Log]) -> Iterable[NDArray[Any]]:
        """The whole log in brief; what was not kept is read once more from ``again()``."""
        return briefs_again(again()) if self.briefs is None else self.briefs

    def end(self) -> None:
        """The log has ended: rungs that have run out by its last event end with it."""
        self._decided.append(self.engine.end_rungs(self.engine.watermark))

    def observe(self, chunk: Chunk) -> None:
        """The next stretch of the log."""
        outcome = self.engine.observe(chunk.events)
        self.events += len(chunk.events)
        self.messages.add(chunk.events)
        self.traffic.add(chunk.events)
        self._remember(chunk.events)
        if not self.pseudonyms_only:
            self._name_newborn(chunk, outcome.newborn)
        self._name_decided(chunk, outcome)
        if len(outcome.decisions):
            self._decided.append(outcome.decisions)

    def _remember(self, events: NDArray[Any]) -> None:
        if self.briefs is None:
            return
        if self.events > REMEMBERED_EVENTS:
            self.briefs = None
            return
        self.briefs.append(brief(events))

    def _name_newborn(self, chunk: Chunk, newborn: NDArray[Any]) -> None:
        if not len(newborn):
            return
        missing = int(newborn["slot"].max()) + 1 - len(self.names)
        self.names.extend([""] * missing)
        for is_target in (False, True):
            born = newborn[newborn["is_target"] == is_target]
            found = chunk.names(born["event"].astype(np.int64), "target" if is_target else "actor")
            for slot, name in zip(born["slot"].tolist(), found, strict=True):
                self.names[slot] = name

    def _name_decided(self, chunk: Chunk, outcome: Outcome) -> None:
        """A decision concerns the actor or the target of its event, so the event names the account.

        Slots would not do: with idle accounts forgotten, the slot may be another's by the batch's end.
        """
        keys, first = np.unique(outcome.decisions["key"], return_index=True)
        for key, at in zip(keys.tolist(), first.tolist(), strict=True):
            if key in self.names_by_key:
                continue
            row = int(outcome.decisions["event"][at])
            if self.pseudonyms_only or row < 0:
                self.names_by_key[key] = pseudonym_shown(key)
                continue
            side: Field = "actor" if int(chunk.events["actor"][row]) == key else "target"
            name = chunk.names(np.array([row]), side)[0]
            self.names_by_key[key] = name or pseudonym_shown(key)


def run_together(replays: Sequence[Replay], log: Log, listener: Listener) -> None:
    """Read the whole log once for all ``replays``. What was found so far stays when reading stops early."""
    read_before = 0
    with closing(read_ahead(log)) as chunks:
        for chunk in chunks:
            for replay in replays:
                replay.observe(chunk)
            read, _ = log.progress
            listener.advance(read - read_before, len(chunk.events))
            read_before = read
    for replay in replays:
        replay.end()


def brief(events: NDArray[Any]) -> NDArray[Any]:
    """The columns of :data:`BRIEF` of EVENT[n]."""
    short = np.empty(len(events), BRIEF)
    for name in BRIEF.names or ():
        short[name] = events[name]
    return short


def briefs_again(log: Iterable[Chunk]) -> Iterator[NDArray[Any]]:
    """The log in brief, read once more."""
    for chunk in log:
        yield brief(chunk.events)
