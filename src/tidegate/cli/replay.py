"""A log through the engine: decisions, the names they concern, and what was counted on the way."""

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tidegate.cli.campaign_watch import CampaignWatch, Woven
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
FORGOTTEN_NAMES = 500_000
"""Names kept of accounts that the engine has forgotten: a campaign may yet be found that they belong to."""
BRIEF = np.dtype([("time", np.float64), ("actor", np.uint64), ("target", np.uint64), ("type", np.uint8)])
"""What a timeline needs of an event."""


class Listener(Protocol):
    """Who is told how far the reading has come."""

    def advance(self, read_bytes: int, events: int) -> None:
        """So many more bytes were read, and so many more events observed, since the last call."""

    def found(self, campaigns: int) -> None:
        """So many campaigns were found so far."""


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
    """Of accounts with a decision or in a campaign."""
    messages: MessageTally = field(default_factory=MessageTally)
    traffic: Traffic = field(default_factory=Traffic)
    briefs: list[NDArray[Any]] | None = field(default_factory=list)
    """The log in brief (BRIEF arrays); None when it was too long to keep."""
    _keys: "array[int]" = field(default_factory=lambda: array("Q"))
    """Pseudonyms by account slot, as ``names`` has them."""
    _forgotten: dict[int, str] = field(default_factory=dict)
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

    def observe(self, stretch: Woven) -> None:
        """The next stretch of the log."""
        outcome = self.engine.observe(stretch.events)
        events = stretch.chunk.events
        self.events += len(events)
        self.messages.add(events)
        self.traffic.add(events)
        self._remember(events)
        if not self.pseudonyms_only:
            self._name_newborn(stretch, outcome.newborn)
        self._name_told(stretch.told["actor"])
        self._name_decided(stretch, outcome)
        if len(outcome.decisions):
            self._decided.append(outcome.decisions)

    def _remember(self, events: NDArray[Any]) -> None:
        if self.briefs is None:
            return
        if self.events > REMEMBERED_EVENTS:
            self.briefs = None
            return
        self.briefs.append(brief(events))

    def _name_newborn(self, stretch: Woven, newborn: NDArray[Any]) -> None:
        if not len(newborn):
            return
        missing = int(newborn["slot"].max()) + 1 - len(self.names)
        self.names.extend([""] * missing)
        self._keys.extend([0] * missing)
        for is_target in (False, True):
            born = newborn[newborn["is_target"] == is_target]
            rows = born["event"].astype(np.int64)
            side: Field = "target" if is_target else "actor"
            found = stretch.names(rows, side)
            keys = stretch.events[side][rows].tolist()
            for slot, key, name in zip(born["slot"].tolist(), keys, found, strict=True):
                self._keep_name(self._keys[slot], self.names[slot])
                self._keys[slot], self.names[slot] = key, name

    def _keep_name(self, key: int, name: str) -> None:
        """Of an account whose slot is now another's."""
        if name:
            self._forgotten[key] = name
            if len(self._forgotten) > FORGOTTEN_NAMES:
                del self._forgotten[next(iter(self._forgotten))]

    def _name_told(self, told: NDArray[np.uint64]) -> None:
        """Name those who are in a campaign: they were all in the log, but the engine may have forgotten them since."""
        if not len(told):
            return
        wanted = np.unique(told)
        if self.pseudonyms_only:
            self.names_by_key.update((key, pseudonym_shown(key)) for key in wanted.tolist())
            return
        by_slot = np.array(self._keys, np.uint64)
        slots = np.flatnonzero(np.isin(by_slot, wanted)).tolist()
        known = {int(by_slot[slot]): self.names[slot] for slot in slots if self.names[slot]}
        for key in wanted.tolist():
            if key not in self.names_by_key:
                self.names_by_key[key] = known.get(key) or self._forgotten.get(key) or pseudonym_shown(key)
        for slot in slots:  # a finding about a forgotten account made it known again, without a name
            self.names[slot] = self.names[slot] or self.names_by_key[int(by_slot[slot])]

    def _name_decided(self, stretch: Woven, outcome: Outcome) -> None:
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
            side: Field = "actor" if int(stretch.events["actor"][row]) == key else "target"
            name = stretch.names(np.array([row]), side)[0]
            self.names_by_key[key] = name or pseudonym_shown(key)


def run_together(
    replays: Sequence[Replay], log: Log, listener: Listener, watch: CampaignWatch | None = None
) -> None:
    """Read the whole log once for all ``replays``. What was found so far stays when reading stops early.

    What ``watch`` finds becomes part of the log that they see.
    """
    read_before = 0
    with closing(read_ahead(log)) as chunks:
        for chunk in chunks:
            stretch = Woven(chunk, chunk.events) if watch is None else watch.weave(chunk, listener)
            for replay in replays:
                replay.observe(stretch)
            read, _ = log.progress
            listener.advance(read - read_before, len(chunk.events))
            read_before = read
    last = None if watch is None else watch.finish(listener)
    for replay in replays:
        if last is not None:
            replay.observe(last)
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
