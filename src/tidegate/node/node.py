"""One running node: append, observe, commit. What its decisions lead to is carried out from the outbox."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import IO, Any, Self

import numpy as np
from numpy.typing import NDArray

from tidegate.events.columns import EventType
from tidegate.events.duplicates import REMEMBERED_IDS
from tidegate.events.pseudonym import Pseudonyms
from tidegate.node import feature_values
from tidegate.node.account_shown import AccountShown, Standing
from tidegate.node.asked_policy import asked_policy, mark_of
from tidegate.node.batch import Batch, RulingTaken
from tidegate.node.campaign_table import Campaigns
from tidegate.node.clock import Clock
from tidegate.node.commands import Commands
from tidegate.node.committer import Committer
from tidegate.node.erasing import Erasing
from tidegate.node.folder_lock import locked
from tidegate.node.housekeeping import DAY_S, Housekeeping
from tidegate.node.journal import Journal
from tidegate.node.keys import Keys, keys_of
from tidegate.node.life import Life, life_of
from tidegate.node.receiving import Receiving
from tidegate.node.recovery import Recovered, recover
from tidegate.node.replica import Decided
from tidegate.node.requests import (
    Answer,
    Delivery,
    Done,
    Erasure,
    PolicyChange,
    Receipt,
    Request,
    RequestError,
    StorageError,
    Tick,
    Verdict,
)
from tidegate.node.searching import Searching
from tidegate.node.settings import NodeSettings
from tidegate.node.shadow import Shadow
from tidegate.node.snapshots import only_one, remove_halves, write_snapshot
from tidegate.node.snapshotting import Snapshotting
from tidegate.node.sqlite_ledger import SqliteLedger
from tidegate.node.vault import Vault
from tidegate.node.wording import Wording
from tidegate.statements.in_force import InForce
from tidegate.statements.statement import pseudonym_shown

log = logging.getLogger(__name__)
CLOSE_TIMEOUT_S = 30.0
"""How long a node that stops waits for the ledger."""


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
        self._wording = Wording(self.vault)
        self._committer = Committer(self.ledger, self._wording, settings.limits.ledger_queue)
        self._engine_in_use = Lock()
        self._receiving = Receiving(self.pseudonyms, settings.limits)
        self._commands = Commands(self.pseudonyms, self.vault, self.journal)
        self._storage_trouble = ""
        self._unnoted: list[RulingTaken] = []
        """In force, and to be noted as soon as the ledger can be written again."""
        self._batches = 0
        first, text = asked_policy(folder, settings, self.pseudonyms)
        self.recovered = self._recover(first)
        self.replica = self.recovered.replica
        self._remember_ids()
        self._snapshotting = Snapshotting(folder, settings.snapshots)
        self._searching = Searching(folder, settings.campaigns)
        self.shadow = Shadow(folder)
        """A policy that is compared with the live one; any thread."""
        self.campaigns = Campaigns(self.journal.path)
        """What was found and is kept of it."""
        self._erasing = Erasing(
            self.journal,
            self.vault,
            self.ledger,
            self._wording,
            self._committer,
            self._snapshotting,
            clock.now,
        )
        self.also_forget = self._erasing.also
        """Who else keeps something about accounts, called with the pseudonym of one that is erased; any thread."""
        self._housekeeping = Housekeeping(
            settings.retention,
            self.journal,
            self.vault,
            self.ledger,
            self._committer,
            self._snapshotting,
            self._erasing,
        )
        self._erasing.schedule()
        self._erasing.go_on()
        self._put_settings_policy(first, text)

    @classmethod
    def open(
        cls, folder: Path, settings: NodeSettings | None = None, now_s: Callable[[], float] = time.time
    ) -> Self:
        """Open a folder, recovering what it holds; make what is missing.

        Raises StorageError, SettingsError, PolicyErrors or ModelError, with what would be right.
        """
        lock_file = locked(folder)
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
        self._searching.stop()
        self.shadow.close()
        self._snapshotting.stop()
        drained = self._committer.drain(CLOSE_TIMEOUT_S)
        self._committer.stop()
        if not drained:
            log.warning(
                "the ledger was not reached in time; the decisions will be made again from the journal"
            )
        elif snapshot and self.replica.sequence > self._snapshotting.covered:
            self.write_snapshot()
        self.ledger.close()
        self.vault.close()
        self.campaigns.close()
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

    # -- starting ------------------------------------------------------------------------------------------------------

    def _recover(self, first: InForce) -> Recovered:
        through = self.ledger.committed_through
        if through > self.journal.end:
            raise StorageError(
                f"{self.ledger.path}: it reaches to event {through:,}, but the journal ends at {self.journal.end:,}. "
                "They do not belong together: put back the journal or the ledger that was with the other."
            )

        def heard(decided: list[Decided], events: NDArray[Any], number: int) -> None:
            if number + len(events) > through:  # the ledger has all of those before
                self._committer.put(decided, number + len(events))

        idle_limit_s = self.settings.retention.idle_days * DAY_S
        with only_one(self.folder):
            remove_halves(self.folder)
            return recover(self.folder, self.journal, first, idle_limit_s, heard=heard)

    def _remember_ids(self) -> None:
        """So that an event delivered again after a restart, or after a failed write, is known."""
        self._receiving.remember_only(self.journal.last_ids(REMEMBERED_IDS))

    def _put_settings_policy(self, first: InForce, text: str) -> None:
        """The settings' policy comes into force when it is another than at the last start.

        One that was put in force through the API since then stays: only a changed file or a new version overrules it.
        """
        asked = mark_of(first)
        if asked == self.journal.asked_for:
            return
        if asked != self.replica.mark:
            batch = Batch()
            self._commands.put_in_force(first, text, batch, self._clock.now())
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
        while len(answers) < len(requests):
            answers += self._take(requests[len(answers) :])
        return answers

    def _take(self, requests: Sequence[Request]) -> list[Answer]:
        """Carry out the first of these requests, as many as may be carried out together."""
        self._committer.check()
        batch = Batch()
        try:
            self._read(requests, batch)
            if batch.pieces or batch.sources or batch.offered:
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

    def _read(self, requests: Sequence[Request], batch: Batch) -> None:
        """What requests bring, in order, at least one. Raises :class:`StorageError`."""
        now_s = self._clock.now()
        while (at := len(batch.answers)) < len(requests):
            request = requests[at]
            if isinstance(request, Delivery):
                self._receiving.receive(_deliveries(requests, at), batch, self.journal.sources, now_s)
                continue
            try:
                if isinstance(request, Tick):
                    self._tick(batch, now_s)
                elif isinstance(request, PolicyChange):
                    self._commands.replace_policy(request, self.replica.in_force, batch, now_s)
                elif batch.pieces and not self._commands.known(request):
                    return  # it may be about an account of this very batch, known as soon as that is durable
                else:
                    self._commands.add(request, batch, now_s)
            except RequestError as error:
                batch.answers.append(error)
            if isinstance(request, Erasure):
                return  # whoever writes again is a new account: it must not be looked up before it is forgotten

    def _tick(self, batch: Batch, now_s: float) -> None:
        self._housekeeping.tick(self.replica.engine.account_count, now_s)
        if self.replica.next_end_s <= now_s:
            batch.add_own(EventType.TICK, now_s)
        self._searching.tend(self.journal.end, time.monotonic())
        self.shadow.tend(time.monotonic())
        with self._engine_in_use:
            latest_s = self.replica.engine.watermark
        self._searching.enter(batch, self.vault, latest_s)
        batch.answers.append(Done(0))

    def _make_durable(self, batch: Batch) -> None:
        """Identifiers first, then events: an event without its names could not be acted on, names alone do no harm."""
        events = batch.events()
        if len(events):
            with self._engine_in_use:
                newborn = self.replica.engine.newcomers(events)
            if len(newborn):
                rows, is_target = newborn["event"].tolist(), newborn["is_target"].tolist()
                names: dict[int, str] = {}
                for row, target, pair in zip(rows, is_target, batch.named(rows), strict=True):
                    if name := pair[1 if target else 0]:
                        names[int(events["target" if target else "actor"][row])] = name
                self.vault.keep(names)
        self.journal.append(events, self._clock.now(), batch.sources, batch.found)
        self._searching.settle(batch)

    def _observe(self, batch: Batch) -> None:
        self._batches += 1
        with self._engine_in_use:
            decided = self.replica.observe(batch.events())
        if decided:
            # Without decisions the next tick tells how far the journal is covered: no need to wake anybody now.
            self._committer.put(decided, self.journal.end)

    def _answer(self, batch: Batch) -> None:
        """Fill in what is only known now."""
        for at, answer in enumerate(batch.answers):
            if isinstance(answer, Receipt | Done):
                batch.answers[at] = _with_sequence(answer, self.journal.end)
        for at, key, account in batch.verdicts:
            receipt = batch.answers[at]
            if isinstance(receipt, Receipt):
                batch.answers[at] = Receipt(
                    receipt.accepted,
                    receipt.duplicates,
                    receipt.rejected,
                    receipt.rejections,
                    receipt.sequence,
                    self._verdict(key, account),
                )
        try:
            self.ledger.note_rulings([*self._unnoted, *batch.rulings], self._clock.now())
            self._unnoted = []
        except StorageError as error:
            self._unnoted += batch.rulings
            for taken in batch.rulings:
                words = f"in force, but not noted yet: {error}"
                batch.answers[taken.request] = RequestError("storage_failing", words)
        for at, key, by in batch.erasures:
            self._unnoted = [taken for taken in self._unnoted if taken.key != key]
            batch.answers[at] = Done(self.journal.end, details=self._erasing.erase(key, by))

    def _verdict(self, key: int, account: str) -> Verdict:
        with self._engine_in_use:
            rung, until_s = self.replica.engine.standing_of(key)
        return Verdict(account, rung, until_s, self.ledger.enforced_now(key, account, rung))

    # -- looking -------------------------------------------------------------------------------------------------------

    def standing(self, key: int) -> Standing:
        """Where an account stands at this moment, by its pseudonym."""
        with self._engine_in_use:
            rung, until_s = self.replica.engine.standing_of(key)
            known = self.replica.engine.knows(key)
        name = self.vault.names([key]).get(key, "")
        enforced = self.ledger.enforced_now(key, name, rung)
        return Standing(known, rung, until_s, enforced, self.campaigns.of_account(key))

    def account(self, identifier: str) -> AccountShown | None:
        """Where an account stands and how it came there; None when the node has never heard of it."""
        key = self.pseudonyms.one(identifier)
        with self._engine_in_use:
            rung, until_s = self.replica.engine.standing_of(key)
            known = self.replica.engine.knows(key)
        decisions = self.ledger.history(key)
        if not known and not decisions:
            return None
        enforced = self.ledger.enforced_now(key, identifier, rung)
        membership = self.campaigns.of_account(key)
        return AccountShown(
            identifier, pseudonym_shown(key), known, rung, until_s, enforced, decisions, membership
        )

    def life(self, key: int, days: float = 30.0) -> Life:
        """What the journal tells of an account, day by day; some seconds for ten million events. Raises StorageError."""
        return life_of(self.folder, key, days)

    def row(self, key: int) -> Mapping[str, float | None] | None:
        """What the engine would measure of an account now, by feature; None when it does not know the account."""
        feature_values.warm_up()
        with self._engine_in_use:
            known, rows = feature_values.feature_rows(self.replica.engine, np.array([key], np.uint64))
        return feature_values.by_feature(rows[0]) if len(known) else None

    def health(self) -> dict[str, Any]:
        """What is wrong, if anything: ``ok``, and ``troubles`` in words."""
        troubles = [words for words in (self._storage_trouble, self._committer.failing) if words]
        notes = list(self.recovered.troubles)
        if self._clock.behind_s:
            notes.append(f"the machine's clock lies {self._clock.behind_s:.0f} s behind the latest time seen")
        if self._snapshotting.trouble:
            notes.append(self._snapshotting.trouble)
        if self._searching.note:
            notes.append(self._searching.note)
        if self.shadow.trouble and self.shadow.pid is None:
            notes.append(self.shadow.trouble)
        notes += self.ledger.alarms()
        campaigns = self._searching.words
        return {"ok": not troubles, "troubles": troubles, "notes": notes, "campaigns": campaigns}

    def figures(self) -> dict[str, float]:
        """Numbers for the metrics page, by name."""
        return {
            **{f"decisions_{rung}": float(count) for rung, count in self._wording.decided.copy().items()},
            **{f"events_{name}": float(count) for name, count in self.counts.items()},
            "journal_sequence": float(self.journal.end),
            "ledger_committed_through": float(self.ledger.committed_through),
            "ledger_waiting_decisions": float(self._committer.lag),
            **self.replica.figures(),
            "snapshot_sequence": float(self._snapshotting.covered),
            "snapshot_age_seconds": self._snapshotting.age_s,
            "clock_behind_seconds": self._clock.behind_s,
            **self._searching.figures(self.journal.end),
            **self.ledger.figures(),
        }

    @property
    def policy_text(self) -> str:
        """The policy in force, as it was written."""
        return self.replica.policy_text

    @property
    def counts(self) -> dict[str, int]:
        """Lines ``accepted``, known already (``duplicates``) and ``rejected``, and ``batches``, since the start."""
        return {**self._receiving.counts, "batches": self._batches}

    @property
    def rejected_by_reason(self) -> dict[str, int]:
        """Rejected lines since the start."""
        return self._receiving.rejected_by_reason


def _deliveries(requests: Sequence[Request], start: int) -> list[Delivery]:
    """Those that follow one another from there on."""
    found: list[Delivery] = []
    for request in islice(requests, start, None):
        if not isinstance(request, Delivery):
            break
        found.append(request)
    return found


def _with_sequence(answer: Receipt | Done, sequence: int) -> Receipt | Done:
    if isinstance(answer, Done):
        return Done(sequence, answer.known, answer.details)
    return Receipt(
        answer.accepted, answer.duplicates, answer.rejected, answer.rejections, sequence, answer.verdict
    )
