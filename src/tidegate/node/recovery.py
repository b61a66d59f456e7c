"""From a folder to a running engine: the newest sound snapshot, and the journal's tail replayed over it."""

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.engine.engine import Engine, StateError
from tidegate.events.columns import EVENT, EventType
from tidegate.node.journal import Journal, Stretch
from tidegate.node.replica import Decided, Replica, in_force_of
from tidegate.node.requests import StorageError
from tidegate.node.snapshots import Described, SnapshotDamaged, describe, fill, set_aside, snapshots_in
from tidegate.statements.in_force import InForce

log = logging.getLogger(__name__)
REPLAY_EVENTS = 32_768
"""Events observed together while replaying; stored batches are often small."""


@dataclass(slots=True)
class Recovered:
    """What a start found."""

    replica: Replica
    snapshot: str = ""
    """Name of the snapshot used; empty: replayed from the journal's beginning."""
    load_s: float = 0.0
    replayed: int = 0
    replay_s: float = 0.0
    troubles: list[str] = field(default_factory=list)
    """What was damaged or missing, in words."""

    def trouble(self, words: str) -> None:
        """Note something that is not as it should be."""
        log.error("%s", words)
        self.troubles.append(words)


Batch = tuple[int, NDArray[Any]]
"""Number of the first event, and EVENT[n]."""
Heard = Callable[[list[Decided], NDArray[Any], int], None]
"""Is told of decisions, the events of that batch, and the number of the batch's first event."""


def recover(
    folder: Path,
    journal: Journal,
    first: InForce,
    idle_limit_s: float,
    *,
    heard: Heard,
    until: int | None = None,
    keep_damaged: bool = True,
) -> Recovered:
    """Bring an engine to the journal's end, or to event ``until``.

    ``first``: what decides until the journal's first policy. Raises :class:`StorageError` when neither a snapshot nor the
    journal reaches back to the beginning.
    """
    began = time.monotonic()
    troubles: list[str] = []
    replica, used = None, ""
    for path in snapshots_in(folder):
        try:
            described = describe(path)
            if until is not None and described.sequence > until:
                continue
            replica, used = _restored(described, journal, first, idle_limit_s), path.name
            break
        except SnapshotDamaged as damage:
            aside = set_aside(path).name if keep_damaged else path.name
            troubles.append(
                f"a snapshot could not be used: {damage}. It was kept as {aside}; an older one is tried."
            )
    if replica is None:
        if journal.begin > 0:
            raise StorageError(
                f"{journal.path}: the journal begins at event {journal.begin:,} and no sound snapshot reaches that far. "
                f"Put back a snapshot into {folder / 'snapshots'}, or start a new folder."
                + "".join(f" {trouble}" for trouble in troubles)
            )
        replica = Replica(_engine(first, idle_limit_s), first, 0, journal.policy)
    found = Recovered(replica, used, time.monotonic() - began)
    for trouble in troubles:
        found.trouble(trouble)
    began = time.monotonic()
    _replay(found, journal, heard, journal.end if until is None else until)
    found.replay_s = time.monotonic() - began
    return found


def _restored(described: Described, journal: Journal, first: InForce, idle_limit_s: float) -> Replica:
    """A replica as a snapshot describes it. Raises :class:`SnapshotDamaged`."""
    name = described.path.name
    if not journal.begin <= described.sequence <= journal.end:
        raise SnapshotDamaged(
            f"{name}: it reaches to event {described.sequence:,}, the journal from {journal.begin:,} to {journal.end:,}"
        )
    digest = journal.digest_at(described.sequence)
    if digest is not None and digest.hex() != described.journal_digest:
        raise SnapshotDamaged(f"{name}: it belongs to another journal")
    in_force, mark = first, described.policy_mark
    if mark:
        kept = journal.policy(mark)
        if kept is None:
            raise SnapshotDamaged(f"{name}: the journal does not hold its policy {mark:016x}")
        in_force = in_force_of(kept, first)
    engine = _engine(in_force, idle_limit_s)
    sizes = {part: about["bytes"] for part, about in described.parts.items()}
    try:
        fill(described, engine.prepare_state(sizes))
        engine.adopt_state()
    except StateError as error:
        raise SnapshotDamaged(f"{name}: {error}") from None
    return Replica(engine, in_force, mark, journal.policy)


def _engine(in_force: InForce, idle_limit_s: float) -> Engine:
    return Engine(in_force.policy, in_force.model, pepper=in_force.pepper, idle_limit_s=idle_limit_s)


def _replay(found: Recovered, journal: Journal, heard: Heard, end: int) -> None:
    """Observe what the snapshot does not cover."""
    replica = found.replica
    tail = Journal(journal.path.parent, read_only=True)
    try:
        for first, events in _ahead(_large(found, tail.read(replica.sequence, end))):
            events = events[: end - first]
            heard(replica.observe(events), events, first)
            found.replayed += len(events)
    finally:
        tail.close()


def _ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """The same, each read, checked and unpacked by a second core while the one before is observed."""
    with ThreadPoolExecutor(1, "journal-reader") as reader:
        coming = reader.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = reader.submit(next, batches, None)
            yield batch


def _large(found: Recovered, stretches: Iterator[Stretch]) -> Iterator[Batch]:
    """Stretches joined to batches worth observing; events that are lost are stood in for by ticks that do nothing."""
    held: list[NDArray[Any]] = []
    first, count = 0, 0
    for stretch in stretches:
        events = stretch.events
        if stretch.damaged:
            found.trouble(
                f"{stretch.damaged}. These {stretch.count:,} events are lost; everything before and after is intact."
            )
            events = _nothing(stretch.count)
        if not held:
            first = stretch.first
        held.append(events)
        count += len(events)
        if count >= REPLAY_EVENTS:
            yield first, np.concatenate(held)
            held, count = [], 0
    if held:
        yield first, np.concatenate(held)


def _nothing(count: int) -> NDArray[Any]:
    """Ticks at the beginning of time: they keep the numbering and change nothing."""
    events = np.zeros(count, EVENT)
    events["type"] = int(EventType.TICK)
    return events
