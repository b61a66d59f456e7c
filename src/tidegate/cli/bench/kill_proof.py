"""What the kill test proves: what the node has kept, against what its clients were told and a clean replay.

The reference is a copy of the journal as it was first written, gathered batch by batch while the test goes on (an
erasure rewrites the journal later). Events are held against what the clients sent; a fresh process replays the copy
(:mod:`tidegate.cli.bench.kill_replay`), and state and decisions are compared with those in the node's folder.
"""

import json
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.cli.bench.kill_clients import Checks, People, Source
from tidegate.cli.bench.kill_traffic import TIME_STEP_S, Line
from tidegate.events.columns import EVENT, EventType
from tidegate.events.pseudonym import Pseudonyms
from tidegate.node.database import opened
from tidegate.node.journal import Journal
from tidegate.node.keys import keys_of
from tidegate.node.ledger_file import FILE as LEDGER
from tidegate.node.ledger_file import SCHEMA, pseudonym_of
from tidegate.node.vault import Vault

ERASED_WITHIN_S = 60.0
LOOK_AGAIN_S = 0.1
_TIME_TOLERANCE_S = 1e-5


class Broken(Exception):  # noqa: N818 - a promise is
    """A promise of the node was broken."""


@dataclass(frozen=True, slots=True)
class Told:
    """The clients whose word counts."""

    sources: list[Source]
    checks: Checks
    people: People


class Copy:
    """The journal as it was first written. Any thread."""

    def __init__(self, folder: Path, told: Told) -> None:
        self._folder, self._told = folder, told
        self._lock = threading.Lock()
        self._pieces: list[NDArray[Any]] = []
        self._keys: dict[str, int] = {}
        self._pseudonyms: Pseudonyms | None = None
        self._taken = [0] * len(told.sources)
        """Of each source, how many of its events have been found."""
        self._checks: set[int] = set()
        self.end = 0
        self.commands: Counter[tuple[EventType, int]] = Counter()
        """Rulings, proofs, policies by what they are about."""

    def key(self, name: str) -> int:
        """An account's pseudonym; 0 for none."""
        if self._pseudonyms is None:
            self._pseudonyms = Pseudonyms(keys_of(self._folder).pseudonym)
        if name not in self._keys:
            self._keys[name] = self._pseudonyms.one(name) if name else 0
        return self._keys[name]

    def events(self) -> NDArray[Any]:
        """EVENT[n], from the beginning."""
        return np.concatenate(self._pieces) if self._pieces else np.zeros(0, EVENT)

    def catch_up(self) -> None:
        """Read what is new, and hold it against what was sent and acknowledged. Raises Broken."""
        with self._lock:
            told = self._told
            acknowledged = [source.acknowledged for source in told.sources]
            checked = {_stamp(time_s) for time_s in told.checks.acknowledged.copy()}
            asked = told.people.done.rulings.copy(), told.people.done.proofs.copy()
            journal = Journal(self._folder, read_only=True)
            try:
                for stretch in journal.read(self.end):
                    if stretch.damaged or stretch.first != self.end:
                        raise Broken(f"the journal is damaged at event {self.end}: {stretch.damaged}")
                    self._hold(stretch.events)
            finally:
                journal.close()
            for source, taken, count in zip(told.sources, self._taken, acknowledged, strict=True):
                if taken < count:
                    raise Broken(f"{source.name}: {count} events were acknowledged, {taken} are there")
            if missing := checked - self._checks:
                raise Broken(f"{len(missing)} acknowledged checks are missing, one of {min(missing)}")
            self._hold_commands(*asked)

    def _hold(self, events: NDArray[Any]) -> None:
        for event in events:
            kind = EventType(int(event["type"]))
            if kind < EventType.RULING:
                self._hold_event(event)
            elif kind in (EventType.RULING, EventType.PROOF, EventType.POLICY):
                about = {EventType.RULING: "target", EventType.PROOF: "actor"}.get(kind, "id")
                self.commands[kind, int(event[about])] += 1
        self._pieces.append(events)
        self.end += len(events)

    def _hold_event(self, event: Any) -> None:
        time_s = float(event["time"])
        place = _stamp(time_s) % 10
        line: Line | None
        if place < len(self._taken):
            sent, taken = self._told.sources[place].sent, self._taken[place]
            line = sent[taken] if taken < len(sent) else None
            self._taken[place] += 1
        else:
            line = self._told.checks.sent.get(time_s)
            if _stamp(time_s) in self._checks:
                raise Broken(f"the check of {time_s} is in the journal twice")
            self._checks.add(_stamp(time_s))
        if line is None or abs(line.time_s - time_s) > _TIME_TOLERANCE_S:
            raise Broken(
                f"place {place}: the event of {time_s} is in the journal where that of "
                f"{line.time_s if line else 'nothing'} belongs: one is missing, doubled, or out of order"
            )
        if (int(event["actor"]), int(event["target"])) != (self.key(line.actor), self.key(line.target)):
            raise Broken(f"the event of {time_s} is not about {line.actor} and {line.target}")

    def _hold_commands(self, rulings: Counter[str], proofs: Counter[str]) -> None:
        ruled = Counter[str]()
        for asked, count in rulings.items():
            ruled[asked.split(" ", 1)[0]] += count
        for kind, wanted in ((EventType.RULING, ruled), (EventType.PROOF, proofs)):
            for account, count in wanted.items():
                found = self.commands[kind, self.key(account)]
                if found < count:
                    raise Broken(f"{kind.name} of {account}: {count} acknowledged, {found} in the journal")


def _stamp(time_s: float) -> int:
    return round(time_s / TIME_STEP_S)


# -- against the folder of a node that has stopped ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Proved:
    """What was found equal."""

    events: int
    decisions: int
    replayed: int
    """Events that the folder's own recovery had to replay."""


def prove(folder: Path, copy: Copy, told: Told, scratch: Path) -> Proved:
    """Journal, state, decisions and names of a node that has stopped in order. Raises Broken."""
    copy.catch_up()
    events = copy.events()
    _settle_erasures(folder, events, copy, told)
    file = scratch / "events.npy"
    np.save(file, events)
    done = subprocess.run(
        [sys.executable, "-m", "tidegate.cli.bench.kill_replay", str(folder), str(file)],
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise Broken(f"the folder cannot be recovered: {done.stderr[-2_000:]}")
    found = json.loads(done.stdout)
    for what in ("digest", "sequence"):
        if found["clean"][what] != found["kept"][what]:
            raise Broken(
                f"{what} of the state after {len(events)} events: {found['kept'][what]} recovered "
                f"(from {found['snapshot'] or 'the journal alone'}), {found['clean'][what]} by a clean replay"
            )
    under_way = told.people.done.erased[told.people.erasures :]
    unsure = {copy.key(account) for account in under_way}
    count = _same_decisions(folder, found["decisions"], _erased_at(events), unsure)
    _rulings_noted(folder, copy, told)
    _names_known(folder, copy, told)
    return Proved(len(events), count, found["replayed"])


def wait_for_erasures(folder: Path) -> None:
    """Until nothing that was erased is in the journal any more. The node is running. Raises Broken."""
    until_s = time.monotonic() + ERASED_WITHIN_S
    while True:
        journal = Journal(folder, read_only=True)
        try:
            left = journal.erasures()
        finally:
            journal.close()
        if not left:
            return
        if time.monotonic() > until_s:
            raise Broken(
                f"{len(left)} erased accounts are still in the journal after {ERASED_WITHIN_S:.0f} s"
            )
        time.sleep(LOOK_AGAIN_S)


def _erased_at(events: NDArray[Any]) -> dict[int, int]:
    """How many erasures there had been with an account's last one, by its pseudonym."""
    actors = events["actor"][events["type"] == int(EventType.ERASURE)]
    return {int(key): number for number, key in enumerate(actors, 1)}


def _settle_erasures(folder: Path, events: NDArray[Any], copy: Copy, told: Told) -> None:
    """The folder's journal is the copy but for erased accounts, in whose place stand-ins are, before their erasure.

    An erasure's own event may have been rewritten before it was copied: the copy is given back whom it was about.
    """
    erased = {copy.key(account) for account in told.people.done.erased}
    journal = Journal(folder, read_only=True)
    try:
        kept = np.concatenate([stretch.events for stretch in journal.read(0)] or [np.zeros(0, EVENT)])
        waiting = {one.key for one in journal.erasures()}
    finally:
        journal.close()
    if len(kept) != len(events):
        raise Broken(f"{len(kept)} events in the journal, {len(events)} had been seen in it")
    erasure = events["type"] == int(EventType.ERASURE)
    stands_for: dict[int, int] = {}
    for field in ("actor", "target"):
        for at in np.flatnonzero((kept[field] != events[field]) & ~erasure).tolist():
            key, stand_in = int(events[field][at]), int(kept[field][at])
            if key not in erased or stands_for.setdefault(stand_in, key) != key:
                raise Broken(f"event {at} of the journal was changed, and not for an erasure")
    for at in np.flatnonzero(erasure).tolist():
        actor = int(events["actor"][at])
        events["actor"][at] = stands_for.get(actor, actor)
        if int(events["actor"][at]) not in erased:
            raise Broken(f"event {at} erases {actor:016x}, and nobody asked for that")
    last = {int(events["actor"][at]): at for at in np.flatnonzero(erasure).tolist()}
    for field in ("actor", "target"):
        rewritten = np.flatnonzero(kept[field] != events[field]).tolist()
        late = [at for at in rewritten if at > last[int(events[field][at])]]
        if late:
            raise Broken(f"event {late[0]} came after the account's erasure and was rewritten all the same")
        for key, at in last.items():
            if key not in waiting and (kept[field][: at + 1] == key).any():
                raise Broken(f"{key:016x} was erased with event {at}, and events before name it still")
    same = [name for name in EVENT.names or () if name not in ("actor", "target")]
    for name in same:
        if not np.array_equal(kept[name], events[name], equal_nan=name == "time"):
            raise Broken(f"the column {name} of the journal has changed")


def _same_decisions(
    folder: Path, replayed: list[list[Any]], erased_at: dict[int, int], unsure: set[int]
) -> int:
    """The ledger has the decisions of the replay: as a set, and for each account in order. Returns how many."""
    wanted: dict[int, list[list[Any]]] = defaultdict(list)
    for key, erasures, *decision in replayed:
        if erasures >= erased_at.get(key, 0) and key not in unsure:
            wanted[key].append(decision)
    found: dict[int, list[list[Any]]] = defaultdict(list)
    db = opened(folder / LEDGER, SCHEMA, read_only=True)
    try:
        rows = db.execute(
            "select pseudonym, id, rung, until, time, stage from decision order by number"
        ).fetchall()
    finally:
        db.close()
    for stored, *decision in rows:
        if pseudonym_of(stored) not in unsure:
            found[pseudonym_of(stored)].append(list(decision))
    for key in wanted.keys() | found.keys():
        if wanted[key] != found[key]:
            raise Broken(
                f"decisions about {key:016x}: the ledger has {found[key]}, a clean replay makes {wanted[key]}"
            )
    return len(rows)


def _rulings_noted(folder: Path, copy: Copy, told: Told) -> None:
    """What people said with their rulings is in the ledger, but not about accounts that were erased."""
    gone = {copy.key(account) for account in told.people.done.erased}
    db = opened(folder / LEDGER, SCHEMA, read_only=True)
    try:
        noted = {(pseudonym_of(row[0]), row[1]) for row in db.execute("select pseudonym, note from ruling")}
    finally:
        db.close()
    for asked in told.people.done.rulings:
        account, note = asked.split(" ", 1)
        if (copy.key(account), note) not in noted and copy.key(account) not in gone:
            raise Broken(
                f"the ruling about {account} was acknowledged, and its {note!r} is not in the ledger"
            )


def _names_known(folder: Path, copy: Copy, told: Told) -> None:
    """Every account of the journal can be named, but not those that were erased and not heard of again."""
    gone = set(told.people.done.erased)
    names = {
        name
        for source in told.sources
        for line in source.sent[: source.acknowledged]
        for name in _named(line)
    }
    names |= {name for time_s in told.checks.acknowledged for name in _named(told.checks.sent[time_s])}
    vault = Vault(folder, keys_of(folder).vault, read_only=True)
    try:
        known = vault.names([copy.key(name) for name in names])
    finally:
        vault.close()
    for name in names:
        if known.get(copy.key(name), name if name in gone else None) != name:
            raise Broken(f"{name} is in the journal, and the vault names it {known.get(copy.key(name))}")


def _named(line: Line) -> tuple[str, ...]:
    return (line.actor, line.target) if line.target else (line.actor,)
