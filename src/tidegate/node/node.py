"""One running node: append, observe, commit. What its decisions lead to is carried out from the outbox."""

import fcntl
import logging
import os
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import TimeoutError as TookTooLong
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import IO, Any, Self

import numpy as np
from numpy.typing import NDArray

from tidegate.engine.policy import SHIPPED, PolicyErrors, load_policy, shipped_policy_text
from tidegate.engine.rungs import Rung
from tidegate.events.columns import EVENT, MISSING_FORWARDS, MISSING_INT, EventType, Reason
from tidegate.events.duplicates import REMEMBERED_IDS, Duplicates
from tidegate.events.pseudonym import Pseudonyms
from tidegate.node.clock import Clock
from tidegate.node.committer import Committer
from tidegate.node.intake import DeliveryReader, Read
from tidegate.node.journal import Journal, PolicyKept, policy_mark
from tidegate.node.keys import Keys, keys_of
from tidegate.node.recovery import Recovered, recover
from tidegate.node.replica import Decided
from tidegate.node.requests import (
    Answer,
    Delivery,
    Done,
    Erasure,
    Finding,
    PolicyChange,
    Proof,
    Receipt,
    Request,
    RequestError,
    Ruling,
    StorageError,
    Tick,
    Verdict,
)
from tidegate.node.settings import NodeSettings
from tidegate.node.snapshots import only_one, remove_halves, write_snapshot
from tidegate.node.snapshotting import Snapshotting
from tidegate.node.sqlite_ledger import SqliteLedger
from tidegate.node.vault import Vault
from tidegate.statements.decision import DecisionShown
from tidegate.statements.in_force import PEPPER_OF, InForce, shipped_model
from tidegate.statements.statement import pseudonym_shown, statement_of

log = logging.getLogger(__name__)
DAY_S = 86_400.0
LAST_STATEMENTS = 65_536
"""Accounts whose last decision is at hand, for "the lock ended after 3 h"."""
ERASURE_TIMEOUT_S = 30.0
HOUSEKEEPING_S = 600.0
"""How often what has outlived its retention is looked for."""


@dataclass(frozen=True, slots=True)
class AccountShown:
    """An account as the API shows it."""

    account: str
    pseudonym: str
    known: bool
    """The engine remembers it; one it has forgotten may still have a history."""
    rung: Rung
    until_s: float | None
    enforced: Rung
    decisions: list[DecisionShown]
    """Latest first."""


@dataclass(slots=True)
class _Batch:
    """What one call of :meth:`Node.take` makes durable together."""

    answers: list[Answer]
    pieces: list[NDArray[Any]] = field(default_factory=list)
    names: list[Callable[[list[int]], list[tuple[str, str]]]] = field(default_factory=list)
    """For each piece: (actor, target) as they were written, by row."""
    sources: dict[str, int] = field(default_factory=dict)
    verdicts: list[tuple[int, int, str]] = field(default_factory=list)
    """(request, pseudonym, identifier) of each verdict that is wanted."""
    erasures: list[tuple[int, int, str]] = field(default_factory=list)
    rulings: list[tuple[int, int, Ruling]] = field(default_factory=list)

    def add(self, events: NDArray[Any], names: Callable[[list[int]], list[tuple[str, str]]]) -> None:
        if len(events):
            self.pieces.append(events)
            self.names.append(names)

    def events(self) -> NDArray[Any]:
        if len(self.pieces) == 1:
            return self.pieces[0]
        return np.concatenate(self.pieces) if self.pieces else np.zeros(0, EVENT)

    def named(self, rows: Iterable[int]) -> Iterable[tuple[str, str]]:
        """(actor, target) of these rows of :meth:`events`, in order."""
        starts = np.cumsum([0, *(len(piece) for piece in self.pieces)])
        for row in rows:
            piece = int(np.searchsorted(starts, row, side="right")) - 1
            yield self.names[piece]([row - int(starts[piece])])[0]


class Node:
    """Everything behind the API. :meth:`take` belongs to one thread; the rest may be called from any."""

    def __init__(
        self, folder: Path, settings: NodeSettings, keys: Keys, clock: Clock, lock_file: IO[str]
    ) -> None:
        """Use :meth:`open`."""
        self.folder, self.settings, self.keys = folder, settings, keys
        self._clock, self._lock_file = clock, lock_file
        self.pseudonyms = Pseudonyms(keys.pseudonym)
        self.journal = Journal(folder)
        clock.see(self.journal.last_s)
        self.vault = Vault(folder, keys.vault)
        self.ledger = SqliteLedger(folder, settings, now_s=clock.now)
        self.outbox = self.ledger.outbox
        self._committer = Committer(self.ledger, settings.limits.ledger_queue)
        self._engine_in_use = Lock()
        self._reader = DeliveryReader(self.pseudonyms, line_limit=settings.limits.lines)
        self._last: OrderedDict[int, DecisionShown] = OrderedDict()
        self._decided: Counter[str] = Counter()
        self._duplicates = Duplicates()
        self.also_forget: list[Callable[[int], object]] = []
        """Who else keeps something about accounts, called with the pseudonym of one that is erased; any thread."""
        self._storage_trouble = ""
        self._next_housekeeping_s = 0.0
        self.counts = {"accepted": 0, "duplicates": 0, "rejected": 0, "batches": 0}
        first, text = self._first_in_force()
        self.recovered = self._recover(first)
        self.replica = self.recovered.replica
        self._remember_ids()
        self._snapshotting = Snapshotting(folder, settings.snapshots)
        self._schedule_erasures()
        self._finish_erasures()
        self._put_settings_policy(first, text)

    @classmethod
    def open(
        cls, folder: Path, settings: NodeSettings | None = None, now_s: Callable[[], float] = time.time
    ) -> Self:
        """Open a folder, recovering what it holds; make what is missing.

        Raises StorageError, SettingsError, PolicyErrors or ModelError, with what would be right.
        """
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"{folder}: the folder cannot be made: {error.strerror}") from None
        lock_file = _locked(folder)
        try:
            return cls(folder, settings or NodeSettings(), keys_of(folder), Clock(now_s), lock_file)
        except BaseException:
            lock_file.close()
            raise

    def now_s(self) -> float:
        """Unix seconds by the node's clock, which never goes back."""
        return self._clock.now()

    def close(self, *, snapshot: bool = True) -> None:
        """Put everything where it belongs and write a last snapshot. A second call does nothing."""
        if self._lock_file.closed:
            return
        self._snapshotting.stop()
        drained = self._committer.drain(ERASURE_TIMEOUT_S)
        self._committer.stop()
        if not drained:
            log.warning(
                "the ledger was not reached in time; the decisions will be made again from the journal"
            )
        elif snapshot and self.replica.sequence > self._snapshotting.covered:
            self.write_snapshot()
        self.ledger.close()
        self.vault.close()
        self.journal.close()
        self._lock_file.close()

    def drain(self, timeout_s: float) -> bool:
        """Wait until every decision made so far is in the ledger; False when it was not in time."""
        self._committer.put((), self.journal.end)
        return self._committer.drain(timeout_s)

    def snapshot_now(self, timeout_s: float) -> bool:
        """Have a snapshot made, and wait for it; False when it was not in time. In the thread of :meth:`take`."""
        # A snapshot covers no more than the ledger does.
        return self.drain(timeout_s) and self._snapshotting.now(self.journal.end, timeout_s)

    # -- starting ------------------------------------------------------------------------------------------------------

    def _first_in_force(self) -> tuple[InForce, str]:
        """What the settings ask for, and the policy's text. Raises PolicyErrors, ModelError or StorageError."""
        text, source = shipped_policy_text(), f"{SHIPPED}.toml"
        if self.settings.policy:
            file = self.folder / self.settings.policy
            try:
                text, source = file.read_text("utf-8"), str(file)
            except (OSError, UnicodeDecodeError) as error:
                raise StorageError(f"{file}: the policy cannot be read: {error}") from None
        model = shipped_model() if self.settings.model else None
        policy = load_policy(text, source)
        return InForce(policy, model, self.pseudonyms, self.pseudonyms.one(PEPPER_OF)), text

    def _recover(self, first: InForce) -> Recovered:
        through = self.ledger.committed_through
        if through > self.journal.end:
            raise StorageError(
                f"{self.ledger.path}: it reaches to event {through:,}, but the journal ends at {self.journal.end:,}. "
                "They do not belong together: put back the journal or the ledger that was with the other."
            )

        def heard(decided: list[Decided], events: NDArray[Any], number: int) -> None:
            if number + len(events) <= through:
                return  # the ledger has all of these
            self._committer.put(self._statements(decided), number + len(events))

        idle_limit_s = self.settings.retention.idle_days * DAY_S
        with only_one(self.folder):
            remove_halves(self.folder)
            return recover(self.folder, self.journal, first, idle_limit_s, heard=heard)

    def _remember_ids(self) -> None:
        """So that an event delivered again after a restart, or after a failed write, is known."""
        self._duplicates = Duplicates()
        for ids in self.journal.last_ids(REMEMBERED_IDS):
            self._duplicates.first_times(ids)
        self._duplicates.count = 0

    def _put_settings_policy(self, first: InForce, text: str) -> None:
        """The settings' policy comes into force when it is another than at the last start.

        One that was put in force through the API since then stays: only a changed file or a new version overrules it.
        """
        asked = self._mark(first)
        if asked == self.journal.asked_for:
            return
        if asked != self.replica.mark:
            batch = _Batch([])
            self._change_policy(first, text, batch)
            self._make_durable(batch)
            self._observe(batch)
        self.journal.asked_for = asked

    # -- the one way in ------------------------------------------------------------------------------------------------

    def take(self, requests: Sequence[Request]) -> list[Answer]:
        """Carry out requests in order: durable, then observed, their decisions on the way to the ledger.

        Raises :class:`StorageError` when nothing could be made durable; then nothing has changed, and the same requests
        may be sent again. Raises anything else when the node must not go on: the next start recovers from the journal.
        """
        answers: list[Answer] = []
        start = 0
        for at, request in enumerate(requests):
            # Whoever writes again after an erasure is a new account: it must not be looked up before it is forgotten.
            if isinstance(request, Erasure):
                answers += self._take(requests[start : at + 1])
                start = at + 1
        return answers + self._take(requests[start:]) if start < len(requests) else answers

    def _take(self, requests: Sequence[Request]) -> list[Answer]:
        self._committer.check()
        batch = _Batch([Done(0)] * len(requests))
        try:
            self._read(requests, batch)
            if batch.pieces or batch.sources:
                self._make_durable(batch)
                self._storage_trouble = ""
        except StorageError as error:
            self._storage_trouble = str(error)
            self._remember_ids()  # those of events that were not made durable must not count as known
            raise
        try:
            if batch.pieces:
                self._observe(batch)
            self._answer(batch)
        except StorageError as error:
            # Too late to say that nothing has changed, and the decisions may not reach the ledger: start again.
            raise RuntimeError(f"events are durable, but what follows from them failed: {error}") from error
        return batch.answers

    def _read(self, requests: Sequence[Request], batch: _Batch) -> None:
        """What requests bring, in order. Raises :class:`StorageError`."""
        now_s = self._clock.now()
        at = 0
        while at < len(requests):
            request = requests[at]
            if isinstance(request, Delivery):
                end = at
                while end < len(requests) and isinstance(requests[end], Delivery):
                    end += 1
                self._deliver(requests[at:end], at, batch, now_s)
                at = end
                continue
            try:
                self._command(request, at, batch, now_s)
            except RequestError as error:
                batch.answers[at] = error
            at += 1

    def _deliver(self, deliveries: Sequence[Request], at: int, batch: _Batch, now_s: float) -> None:
        """Read deliveries that follow one another, and leave out what is known already."""
        wanted = [request for request in deliveries if isinstance(request, Delivery)]
        latest_s = now_s + self.settings.limits.clock_skew_s
        taken = self.journal.sources | batch.sources
        found, reads = self._reader.read(wanted, taken, latest_s)
        for i in (i for i, delivery in enumerate(wanted) if delivery.verdict):
            rows = np.flatnonzero(found.owner == i).tolist()
            if rows:
                batch.verdicts.append(
                    (at + i, int(found.events["actor"][rows[0]]), found.both(rows[:1])[0][0])
                )
        fresh = self._duplicates.first_times(found.events["id"])
        repeated = np.zeros(len(wanted), np.int64)
        if fresh is not None:
            repeated += np.bincount(found.owner[~fresh], minlength=len(wanted))
            found = found.only(fresh)
        accepted = np.bincount(found.owner, minlength=len(wanted))
        batch.add(found.events, found.both)
        for i, (delivery, read) in enumerate(zip(wanted, reads, strict=True)):
            batch.answers[at + i] = self._receipt(read, int(accepted[i]), int(repeated[i]))
            if read.refused is None and delivery.source and delivery.first_number:
                last = delivery.first_number + read.lines + read.repeated_lines - 1
                batch.sources[delivery.source] = max(
                    taken.get(delivery.source, 0), last, batch.sources.get(delivery.source, 0)
                )

    def _receipt(self, read: Read, accepted: int, repeated: int) -> Answer:
        if read.refused is not None:
            return read.refused
        self.counts["accepted"] += accepted
        self.counts["duplicates"] += repeated + read.repeated_lines
        self.counts["rejected"] += read.rejected
        return Receipt(accepted, repeated + read.repeated_lines, read.rejected, tuple(read.rejections))

    def _command(self, request: Request, at: int, batch: _Batch, now_s: float) -> None:
        """One request that is not a delivery. Raises :class:`RequestError`."""
        if isinstance(request, Tick):
            self._housekeep(now_s)
            if self.replica.next_end_s <= now_s:
                batch.add(_event(EventType.TICK, now_s), _nobody)
        elif isinstance(request, PolicyChange):
            try:
                policy = load_policy(request.text, "policy")
            except PolicyErrors as errors:
                raise RequestError(
                    "bad_policy",
                    "the policy cannot be used; nothing has changed",
                    tuple(map(str, errors.errors)),
                ) from None
            in_force = self.replica.in_force
            self._change_policy(
                InForce(policy, in_force.model, in_force.pseudonyms, in_force.pepper), request.text, batch
            )
        elif isinstance(request, Ruling | Proof | Erasure):
            key = self._known(request.account)
            if isinstance(request, Ruling):
                reason = Reason.ABUSIVE if request.finding is Finding.ABUSIVE else Reason.LEGITIMATE
                event = _event(
                    EventType.RULING, now_s, target=key, actor=self.pseudonyms.one(request.by), reason=reason
                )
                batch.rulings.append((at, key, request))
            elif isinstance(request, Proof):
                event = _event(EventType.PROOF, now_s, actor=key)
            else:
                event = _event(EventType.ERASURE, now_s, actor=key)
                batch.erasures.append((at, key, request.by))
            batch.add(event, _nobody)

    def _known(self, account: str) -> int:
        """The pseudonym of an account. Raises :class:`RequestError` when nobody has ever heard of it."""
        key = self.pseudonyms.one(account)
        if not self.vault.names([key]):
            raise RequestError("unknown_account", f"this node has never heard of the account {account!r}")
        return key

    def _mark(self, in_force: InForce) -> int:
        return policy_mark(in_force.policy.digest, in_force.model.digest if in_force.model else "")

    def _change_policy(self, in_force: InForce, text: str, batch: _Batch) -> None:
        model = in_force.model
        mark = self._mark(in_force)
        kept = PolicyKept(text, model.to_json() if model else "")
        self.journal.keep_policy(mark, kept, model.digest if model else "")
        batch.add(_event(EventType.POLICY, self._clock.now(), identifier=mark), _nobody)

    def _make_durable(self, batch: _Batch) -> None:
        """Identifiers first, then events: an event without its names could not be acted on, names alone do no harm."""
        events = batch.events()
        if len(events):
            with self._engine_in_use:
                newborn = self.replica.engine.newcomers(events)
            if len(newborn):
                rows = newborn["event"].tolist()
                names: dict[int, str] = {}
                for row, is_target, pair in zip(
                    rows, newborn["is_target"].tolist(), batch.named(rows), strict=True
                ):
                    name = pair[1 if is_target else 0]
                    if name:
                        names[int(events["target" if is_target else "actor"][row])] = name
                self.vault.keep(names)
        self.journal.append(events, self._clock.now(), batch.sources)

    def _observe(self, batch: _Batch) -> None:
        events = batch.events()
        self.counts["batches"] += 1
        with self._engine_in_use:
            decided = self.replica.observe(events)
        if decided:
            # Without decisions the next tick tells how far the journal is covered: no need to wake anybody now.
            self._committer.put(self._statements(decided), self.journal.end)

    def _statements(self, decided: list[Decided]) -> list[DecisionShown]:
        """Decisions in words, with the accounts' names."""
        if not decided:
            return []
        keys = {int(key) for some in decided for key in np.unique(some.decisions["key"])}
        names = self.vault.names(keys)
        made = []
        for some in decided:
            for decision in some.decisions:
                key = int(decision["key"])
                before = self._last.get(key)
                name = names.get(key) or pseudonym_shown(key)
                statement = statement_of(
                    decision, name, some.explainer, before.time if before else None, before
                )
                self._last[key] = statement
                self._last.move_to_end(key)
                self._decided[statement.rung] += 1
                made.append(statement)
        while len(self._last) > LAST_STATEMENTS:
            self._last.popitem(last=False)
        return made

    def _answer(self, batch: _Batch) -> None:
        """Fill in what is only known now."""
        for at, answer in enumerate(batch.answers):
            if isinstance(answer, Receipt | Done):
                batch.answers[at] = _with_sequence(answer, self.journal.end)
        for at, key, account in batch.verdicts:
            receipt = batch.answers[at]
            if isinstance(receipt, Receipt):
                try:
                    verdict = self._verdict(key, account)
                except StorageError as error:
                    batch.answers[at] = RequestError(
                        "storage_failing", f"taken, but the verdict is unknown: {error}"
                    )
                    continue
                batch.answers[at] = Receipt(
                    receipt.accepted,
                    receipt.duplicates,
                    receipt.rejected,
                    receipt.rejections,
                    receipt.sequence,
                    verdict,
                )
        for at, key, ruling in batch.rulings:
            try:
                self.ledger.note_ruling(pseudonym_shown(key), ruling, self._clock.now())
            except StorageError as error:
                batch.answers[at] = RequestError("storage_failing", f"in force, but not noted yet: {error}")
        for at, key, by in batch.erasures:
            batch.answers[at] = self._erase(key, by)

    def _verdict(self, key: int, account: str) -> Verdict:
        with self._engine_in_use:
            rung, until_s = self.replica.engine.standing_of(key)
        return Verdict(account, rung, until_s, self.ledger.enforced_now(key, account, rung))

    def _erase(self, key: int, by: str) -> Done:
        """The engine has forgotten the account; now everything else that names it or is about it."""
        details = {}
        try:
            details = self._forget(key, by)
        except (StorageError, TookTooLong) as error:
            log.warning("an erasure is not complete yet, and goes on with the next tick: %s", error)
        return Done(self.journal.end, details=details)

    def _forget(self, key: int, by: str) -> dict[str, int]:
        """In ledger and vault, at once; in journal and snapshots by the process that makes snapshots.

        Raises :class:`StorageError` or TimeoutError; :meth:`_finish_erasures` does the rest.
        """
        self._committer.put((), self.journal.end)
        job = self._committer.do(lambda: self.ledger.erase(key))
        details = dict(job.result(ERASURE_TIMEOUT_S))
        details["identifiers"] = self.vault.erase(key, who=by, now_s=self._clock.now())
        for forget in self.also_forget:
            forget(key)
        self._last.pop(key, None)
        self.journal.settle_erasure(key)
        self._schedule_erasures()
        return details

    def _schedule_erasures(self) -> None:
        """Have those carried out in journal and snapshots that are complete everywhere else."""
        for erasure in self.journal.erasures():
            if erasure.settled:
                self._snapshotting.erase(erasure.key, erasure.before)

    def _finish_erasures(self) -> None:
        """Go on with erasures that were interrupted between the journal and the vault."""
        try:
            for erasure in self.journal.erasures():
                if not erasure.settled and not self._committer.failing:
                    self._forget(erasure.key, "the node, after an interruption")
        except (StorageError, TookTooLong) as error:
            log.warning("an erasure is not complete yet, and goes on with the next tick: %s", error)

    # -- looking -------------------------------------------------------------------------------------------------------

    def account(self, identifier: str, *, who: str = "", why: str = "") -> AccountShown | None:
        """Where an account stands and how it came there; None when the node has never heard of it."""
        key = self.pseudonyms.one(identifier)
        with self._engine_in_use:
            rung, until_s = self.replica.engine.standing_of(key)
            known = self.replica.engine.knows(key)
        decisions = self.ledger.history(key)
        if not known and not decisions:
            return None
        enforced = self.ledger.enforced_now(key, identifier, rung)
        return AccountShown(identifier, pseudonym_shown(key), known, rung, until_s, enforced, decisions)

    def health(self) -> dict[str, Any]:
        """What is wrong, if anything: ``ok``, and ``troubles`` in words."""
        troubles = [words for words in (self._storage_trouble, self._committer.failing) if words]
        notes = list(self.recovered.troubles)
        if self._clock.behind_s:
            notes.append(f"the machine's clock lies {self._clock.behind_s:.0f} s behind the latest time seen")
        if self._snapshotting.trouble:
            notes.append(self._snapshotting.trouble)
        notes += self.ledger.alarms()
        return {"ok": not troubles, "troubles": troubles, "notes": notes}

    def figures(self) -> dict[str, float]:
        """Numbers for the metrics page, by name."""
        engine = self.replica.engine
        parts = engine.state_parts()
        return {
            **{f"decisions_{rung}": float(count) for rung, count in self._decided.items()},
            **{f"engine_{kind}": float(parts[f"{kind}.book"]["live"][0]) for kind in ("networks", "devices")},
            **{f"events_{name}": float(count) for name, count in self.counts.items()},
            "journal_sequence": float(self.journal.end),
            "ledger_committed_through": float(self.ledger.committed_through),
            "ledger_waiting_decisions": float(self._committer.lag),
            "engine_accounts": float(engine.account_count),
            "engine_bytes": float(engine.bytes_in_use),
            "engine_late_events": float(engine.late),
            "engine_judged": float(engine.judged),
            "snapshot_sequence": float(self._snapshotting.covered),
            "snapshot_age_seconds": self._snapshotting.age_s,
            "clock_behind_seconds": self._clock.behind_s,
            **self.ledger.figures(),
        }

    @property
    def policy_text(self) -> str:
        """The policy in force, as it was written."""
        return self.replica.policy_text

    @property
    def rejected_by_reason(self) -> dict[str, int]:
        """Rejected lines since the start."""
        return dict(self._reader.rejected)

    # -- keeping house -------------------------------------------------------------------------------------------------

    def _housekeep(self, now_s: float) -> None:
        """What every tick does: a snapshot when one is due, and now and then the retention of things."""
        self._committer.put((), self.journal.end)
        self._finish_erasures()
        self.ledger.population = self.replica.engine.account_count
        self._snapshotting.tend(self.journal.end, time.monotonic())
        if now_s < self._next_housekeeping_s:
            return
        self._next_housekeeping_s = now_s + HOUSEKEEPING_S
        keep = self.settings.retention
        try:
            if keep.log_days:
                self.journal.prune(self._snapshotting.oldest, now_s - keep.log_days * DAY_S)
            if keep.vault_access_days:
                self.vault.forget_accesses(now_s - keep.vault_access_days * DAY_S)
        except StorageError as error:
            log.warning("what has outlived its retention could not be removed, and will be later: %s", error)
        self._committer.do(lambda: self.ledger.forget(now_s))

    def write_snapshot(self) -> None:
        """Write one now, in this thread; nothing else may use the node meanwhile."""
        try:
            write_snapshot(
                self.folder,
                self.replica.engine.state_parts(),
                sequence=self.replica.sequence,
                journal_digest=self.journal.digest,
                policy_mark=self.replica.mark,
            )
        except StorageError as error:
            log.error("no last snapshot: %s; the next start replays more of the journal", error)


def _locked(folder: Path) -> IO[str]:
    """Hold the folder's lock as long as the file is open. Raises :class:`StorageError` when another node has it."""
    path = folder / "lock"
    try:
        file = path.open("a+")
    except OSError as error:
        raise StorageError(f"{path}: the folder cannot be written to: {error.strerror}") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise StorageError(f"{folder}: another node is running on this folder; stop it first") from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def _event(
    kind: EventType,
    time_s: float,
    *,
    actor: int = 0,
    target: int = 0,
    identifier: int = 0,
    reason: Reason = Reason.NONE,
) -> NDArray[Any]:
    """EVENT[1] that the node itself writes."""
    event = np.zeros(1, EVENT)
    event["time"], event["type"], event["actor"], event["target"] = time_s, int(kind), actor, target
    event["id"], event["reason"] = identifier, int(reason)
    event["members"] = event["size"] = MISSING_INT
    event["forwards"] = MISSING_FORWARDS
    return event


def _nobody(rows: list[int]) -> list[tuple[str, str]]:
    """Commands name no account for the first time."""
    return [("", "")] * len(rows)


def _with_sequence(answer: Receipt | Done, sequence: int) -> Receipt | Done:
    if isinstance(answer, Done):
        return Done(sequence, answer.known, answer.details)
    return Receipt(
        answer.accepted, answer.duplicates, answer.rejected, answer.rejections, sequence, answer.verdict
    )
