"""What a node does now and then by itself: snapshots, unfinished erasures, whatever has outlived its retention."""

import logging
import time

from tidegate.node.committer import Committer
from tidegate.node.erasing import Erasing
from tidegate.node.journal import Journal
from tidegate.node.requests import StorageError
from tidegate.node.settings import Retention
from tidegate.node.snapshotting import Snapshotting
from tidegate.node.sqlite_ledger import SqliteLedger
from tidegate.node.vault import Vault

log = logging.getLogger(__name__)
DAY_S = 86_400.0
EVERY_S = 600.0
"""How often what has outlived its retention is looked for."""


class Housekeeping:
    """Told of every tick. One thread."""

    def __init__(
        self,
        keep: Retention,
        journal: Journal,
        vault: Vault,
        ledger: SqliteLedger,
        committer: Committer,
        snapshotting: Snapshotting,
        erasing: Erasing,
    ) -> None:
        self._keep, self._journal, self._vault, self._ledger = keep, journal, vault, ledger
        self._committer, self._snapshotting, self._erasing = committer, snapshotting, erasing
        self._next_s = 0.0

    def tick(self, accounts: int, now_s: float) -> None:
        """``accounts``: how many the engine knows. ``now_s``: by the node's clock."""
        self._committer.put((), self._journal.end)
        self._erasing.go_on()
        self._ledger.population = accounts
        self._snapshotting.tend(self._journal.end, time.monotonic())
        if now_s >= self._next_s:
            self._next_s = now_s + EVERY_S
            self._retain(now_s)

    def _retain(self, now_s: float) -> None:
        keep = self._keep
        try:
            if keep.log_days:
                self._journal.prune(self._snapshotting.oldest, now_s - keep.log_days * DAY_S)
            if keep.reasons_days:
                self._journal.campaigns.forget(now_s - keep.reasons_days * DAY_S)
            if keep.vault_access_days:
                self._vault.forget_accesses(now_s - keep.vault_access_days * DAY_S)
        except StorageError as error:
            log.warning("what has outlived its retention could not be removed, and will be later: %s", error)
        self._committer.do(lambda: self._ledger.forget(now_s))
