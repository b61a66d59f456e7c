"""The durable log of a node: batches of events in SQLite, each with a checksum that covers all before it.

Everything that can change a verdict is in here, in the order in which it took effect: events, rulings, policies. The
engine's state is a function of it, so a snapshot plus the journal's tail is the state.
"""

import hashlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tidegate.events.columns import EVENT, EventType
from tidegate.node import campaign_table
from tidegate.node.campaign_found import CampaignFound
from tidegate.node.database import opened, storage_errors, transaction

FILE = "journal.sqlite"
DIGEST_BYTES = 16
ORIGIN = bytes(DIGEST_BYTES)
"""What the first batch's digest follows."""
_SCHEMA = f"""
create table if not exists batch (
    first integer primary key, count integer not null, time real not null, events blob not null, digest blob not null
);
create table if not exists source (name text primary key, last integer not null);
create table if not exists policy (mark integer primary key, policy text not null, model text not null);
create table if not exists model (digest text primary key, json text not null);
create table if not exists asked (one integer primary key check (one = 1), mark integer not null);
create table if not exists erasure (
    pseudonym integer primary key, stand_in integer not null, before integer not null, settled integer not null
);
{campaign_table.SCHEMA}
"""
_SMALL = 16
"""Batches of fewer events are kept as they are; compressing them costs more than it saves."""
_CODEC = pa.Codec("zstd", 1)
_ERASURE = int(EventType.ERASURE)
_SIGN = 1 << 63


def policy_mark(policy_digest: str, model_digest: str) -> int:
    """64 bits that a POLICY event carries as its id, to find policy and model again; never 0."""
    digest = hashlib.sha256(policy_digest.encode() + b"\0" + model_digest.encode()).digest()
    return int.from_bytes(digest[:8], "little") or 1


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some events as they lie in the journal, one after another."""

    first: int
    events: NDArray[Any]
    damaged: str = ""
    """What is wrong with this batch, in words; its events are then missing and ``events`` is empty."""
    count: int = 0
    """Events that belong here, damaged or not."""


@dataclass(frozen=True, slots=True)
class PolicyKept:
    """A policy that was once in force."""

    policy: str
    model: str
    """JSON, empty when rules alone decided."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """An account that was erased and is still in the journal."""

    key: int
    stand_in: int
    """The pseudonym to be put in its place; random, so nothing leads back from it."""
    before: int
    """Events from this number on are about the account as it came back, and stay."""
    settled: bool
    """Ledger and vault have forgotten it; what is left to do is here."""


class Journal:
    """One node's log. Written by one thread; another connection may read at the same time."""

    def __init__(self, folder: Path, *, read_only: bool = False, overwrite: bool = False) -> None:
        """Opens or makes it. ``overwrite``: what is replaced is overwritten in the file.

        Raises :class:`~tidegate.node.requests.StorageError`.
        """
        self.path = folder / FILE
        self._db = opened(self.path, _SCHEMA, read_only=read_only, secure_delete=overwrite)
        self.campaigns = campaign_table.CampaignTable(self._db, self.path)
        """What is kept of findings beside their events."""
        with storage_errors(self.path):
            last = self._db.execute(
                "select first, count, digest, time from batch order by first desc limit 1"
            ).fetchone()
            first = self._db.execute("select min(first) from batch").fetchone()[0]
            self.sources: dict[str, int] = dict(self._db.execute("select name, last from source"))
        self.begin: int = first or 0
        """Number of the first event still here."""
        self.end: int = last[0] + last[1] if last else 0
        """Number of events ever appended."""
        self.digest: bytes = last[2][:DIGEST_BYTES] if last else ORIGIN
        self.last_s: float = last[3] if last else 0.0
        """The node's clock at the last batch."""

    def close(self) -> None:
        self._db.close()

    # -- writing -------------------------------------------------------------------------------------------------------

    def append(
        self,
        events: NDArray[Any],
        now_s: float,
        sources: Mapping[str, int] | None = None,
        found: Sequence[CampaignFound] = (),
    ) -> None:
        """Make EVENT[n] durable, with how far each source has come. Returns after the disk has it.

        ``found``: what is to be kept of the findings among them. An erasure among them is noted in :meth:`erasures`.

        Raises :class:`~tidegate.node.requests.StorageError`, and then nothing was appended.
        """
        raw = events.tobytes()
        blob = raw if len(events) < _SMALL else _CODEC.compress(raw, asbytes=True)
        digest = self._digest(self.digest, self.end, len(events), blob) if len(events) else self.digest
        with storage_errors(self.path), transaction(self._db):
            # Without events there is no batch: it would have the number of the next one.
            if len(events):
                self._db.execute(
                    "insert into batch (first, count, time, events, digest) values (?, ?, ?, ?, ?)",
                    (self.end, len(events), now_s, blob, digest),
                )
            for at in np.flatnonzero(events["type"] == _ERASURE).tolist():
                self._db.execute(
                    "insert into erasure values (?, ?, ?, 0) on conflict (pseudonym) do update set "
                    "before = excluded.before, settled = 0",
                    (int(events["actor"][at]) - _SIGN, secrets.randbits(64) - _SIGN, self.end + at + 1),
                )
            if sources:
                self._db.executemany(
                    "insert or replace into source (name, last) values (?, ?)", sources.items()
                )
            for finding in found:
                campaign_table.write(self._db, finding, now_s)
        self.end += len(events)
        self.digest = digest
        if sources:
            self.sources.update(sources)

    @property
    def asked_for(self) -> int:
        """Mark of the policy that the settings asked for when they were last followed; 0 before the first time."""
        with storage_errors(self.path):
            row = self._db.execute("select mark from asked").fetchone()
        return row[0] + _SIGN if row else 0

    @asked_for.setter
    def asked_for(self, mark: int) -> None:
        with storage_errors(self.path), transaction(self._db):
            self._db.execute("insert or replace into asked values (1, ?)", (mark - _SIGN,))

    def keep_policy(self, mark: int, kept: PolicyKept, model_digest: str) -> None:
        """Store what a POLICY event with this mark will stand for, before it is appended."""
        with storage_errors(self.path), transaction(self._db):
            if kept.model:
                self._db.execute("insert or ignore into model values (?, ?)", (model_digest, kept.model))
            self._db.execute(
                "insert or ignore into policy values (?, ?, ?)", (mark - _SIGN, kept.policy, model_digest)
            )

    def prune(self, before: int, older_than_s: float, batches: int = 1_000) -> int:
        """Delete up to ``batches`` of the oldest batches that end before event ``before`` and are old enough."""
        with storage_errors(self.path), transaction(self._db):
            gone = self._db.execute(
                "delete from batch where first in (select first from batch where first + count <= ? and time < ? "
                "and first + count < ? order by first limit ?)",
                (before, older_than_s, self.end, batches),
            ).rowcount
            first = self._db.execute("select min(first) from batch").fetchone()[0]
        self.begin = first or 0
        return gone

    def settle_erasure(self, key: int) -> None:
        """Note that ledger and vault have forgotten an account."""
        with storage_errors(self.path), transaction(self._db):
            self._db.execute("update erasure set settled = 1 where pseudonym = ?", (key - _SIGN,))

    def carry_out(self, erasure: Erasure, batches: int = 200) -> int:
        """Put the stand-in in the account's place, some batches a transaction. Returns how many events changed.

        Only what no snapshot has to be replayed over may be changed so. Interrupted, it can be begun again.
        """
        changed, at = 0, self.begin
        while at < erasure.before:
            more, at = self._replace(erasure, at, batches)
            changed += more
        with storage_errors(self.path), transaction(self._db):
            self._db.execute(
                "delete from erasure where pseudonym = ? and before = ?",
                (erasure.key - _SIGN, erasure.before),
            )
        return changed

    def overwrite_log(self) -> None:
        """Carry SQLite's write-ahead log over and cut it, as far as readers allow: it holds what was replaced."""
        with storage_errors(self.path):
            self._db.execute("pragma wal_checkpoint(truncate)").fetchone()

    def _replace(self, erasure: Erasure, start: int, batches: int) -> tuple[int, int]:
        """One transaction of :meth:`carry_out`: (events changed, where to go on).

        The digests stay those of what was first written, and such a batch is marked by the digest of what it holds now,
        so that a reader can tell change from damage.
        """
        changed, at = 0, erasure.before
        with storage_errors(self.path), transaction(self._db):
            rows = self._db.execute(
                "select first, count, events, digest from batch where first >= ? and first < ? order by first limit ?",
                (start, erasure.before, batches),
            ).fetchall()
            for first, count, blob, digest in rows:
                try:
                    events = _unpacked(blob, count).copy()
                except ValueError:
                    continue  # damaged: no account can be found in it any more; named when it is replayed
                old = events[: erasure.before - first]
                mine = int(((old["actor"] == erasure.key) | (old["target"] == erasure.key)).sum())
                if not mine:
                    continue
                changed += mine
                for field in ("actor", "target"):
                    old[field][old[field] == erasure.key] = erasure.stand_in
                raw = events.tobytes()
                blob = raw if count < _SMALL else _CODEC.compress(raw, asbytes=True)
                mark = digest[:DIGEST_BYTES] + hashlib.blake2b(blob, digest_size=DIGEST_BYTES).digest()
                self._db.execute(
                    "update batch set events = ?, digest = ? where first = ?", (blob, mark, first)
                )
            if len(rows) == batches:
                at = rows[-1][0] + rows[-1][1]
        return changed, at

    # -- reading -------------------------------------------------------------------------------------------------------

    def erasures(self) -> list[Erasure]:
        """Accounts that were erased and are still in here, in the order of their erasure."""
        with storage_errors(self.path):
            rows = self._db.execute(
                "select pseudonym, stand_in, before, settled from erasure order by before"
            ).fetchall()
        return [
            Erasure(key + _SIGN, stand_in + _SIGN, before, bool(settled))
            for key, stand_in, before, settled in rows
        ]

    def policy(self, mark: int) -> PolicyKept | None:
        """What a POLICY event's mark stands for."""
        with storage_errors(self.path):
            row = self._db.execute(
                "select policy, coalesce(json, '') from policy left join model on model = digest where mark = ?",
                (mark - _SIGN,),
            ).fetchone()
        return PolicyKept(*row) if row else None

    def see_end(self) -> int:
        """How many events another process has appended by now; :attr:`end` from now on."""
        with storage_errors(self.path):
            last = self._db.execute("select first + count from batch order by first desc limit 1").fetchone()
        self.end = last[0] if last else 0
        return self.end

    def digest_at(self, sequence: int) -> bytes | None:
        """The chained digest after event ``sequence``; None when no batch ends there any more."""
        if sequence == 0:
            return ORIGIN
        with storage_errors(self.path):
            row = self._db.execute(
                "select first, count, digest from batch where first < ? order by first desc limit 1",
                (sequence,),
            ).fetchone()
        return row[2][:DIGEST_BYTES] if row and row[0] + row[1] == sequence else None

    def read(self, start: int, end: int | None = None) -> Iterator[Stretch]:
        """The events from number ``start`` on, batch by batch, each checked against its digest."""
        before = self.digest_at(start)
        at = start
        with storage_errors(self.path):
            rows = self._db.execute(
                "select first, count, events, digest from batch where first + count > ? and first >= "
                "coalesce((select max(first) from batch where first <= ?), 0) and first < ? order by first",
                (start, start, self.end if end is None else end),
            )
            for first, count, blob, digest in rows:
                if first > at:
                    yield Stretch(at, np.zeros(0, EVENT), f"events {at} to {first - 1} are gone", first - at)
                    before = None
                events, damaged = self._checked(before, first, count, blob, digest)
                before = digest[:DIGEST_BYTES]
                skip = max(start - first, 0)
                at = first + count
                yield Stretch(first + skip, events[skip:], damaged, count - skip)

    def last_ids(self, most: int) -> Iterator[NDArray[np.uint64]]:
        """Event ids among about the last ``most`` events, oldest first, in pieces."""
        found: list[NDArray[np.uint64]] = []
        seen = 0
        with storage_errors(self.path):
            for count, blob in self._db.execute("select count, events from batch order by first desc"):
                try:
                    ids = _unpacked(blob, count)["id"]
                except ValueError:
                    continue  # named when the batch is replayed; here it only means fewer ids to remember
                found.append(np.ascontiguousarray(ids[ids != 0]))
                seen += count
                if seen >= most:
                    break
        return iter(found[::-1])

    # -- inside --------------------------------------------------------------------------------------------------------

    @staticmethod
    def _digest(before: bytes, first: int, count: int, blob: bytes) -> bytes:
        h = hashlib.blake2b(before[:DIGEST_BYTES], digest_size=DIGEST_BYTES)
        h.update(first.to_bytes(8, "little") + count.to_bytes(8, "little"))
        h.update(blob)
        return h.digest()

    def _checked(
        self, before: bytes | None, first: int, count: int, blob: bytes, digest: bytes
    ) -> tuple[NDArray[Any], str]:
        """The batch's events, or none and what is wrong with it."""
        place = f"{self.path.name}, events {first} to {first + count - 1}"
        if len(digest) == 2 * DIGEST_BYTES:
            sound = hashlib.blake2b(blob, digest_size=DIGEST_BYTES).digest() == digest[DIGEST_BYTES:]
        else:
            sound = before is None or self._digest(before, first, count, blob) == digest
        if not sound:
            return np.zeros(0, EVENT), f"{place}: the checksum does not match what was written"
        try:
            return _unpacked(blob, count), ""
        except ValueError as error:
            return np.zeros(0, EVENT), f"{place}: the batch cannot be unpacked: {error}"


def _unpacked(blob: bytes, count: int) -> NDArray[Any]:
    """EVENT[count]. Raises ValueError when the blob is not that."""
    size = count * EVENT.itemsize
    try:
        raw = blob if len(blob) == size and count < _SMALL else _CODEC.decompress(blob, size, asbytes=True)
    except OSError as error:  # what Arrow calls it when the bytes are no Zstandard frame
        raise ValueError(str(error)) from None
    if len(raw) != size:
        raise ValueError(f"{len(raw)} bytes instead of {size}")
    return np.frombuffer(raw, EVENT)
