"""Erasing an account everywhere but in the engine, which forgets it by an event; interrupted, it goes on later."""

import logging
from collections.abc import Callable
from concurrent.futures import TimeoutError as TookTooLong

from tidegate.node.committer import Committer
from tidegate.node.journal import Journal
from tidegate.node.ledger import Ledger
from tidegate.node.requests import StorageError
from tidegate.node.snapshotting import Snapshotting
from tidegate.node.vault import Vault
from tidegate.node.wording import Wording

log = logging.getLogger(__name__)
TIMEOUT_S = 30.0
"""How long one erasure waits for the ledger."""


class Erasing:
    """In ledger and vault at once; in journal and snapshots by the process that makes snapshots. One thread."""

    def __init__(
        self,
        journal: Journal,
        vault: Vault,
        ledger: Ledger,
        wording: Wording,
        committer: Committer,
        snapshotting: Snapshotting,
        now_s: Callable[[], float],
    ) -> None:
        self._journal, self._vault, self._ledger, self._wording = journal, vault, ledger, wording
        self._committer, self._snapshotting, self._now_s = committer, snapshotting, now_s
        self.also: list[Callable[[int], object]] = []
        """Who else keeps something about accounts; called with the pseudonym."""

    def erase(self, key: int, by: str) -> dict[str, int]:
        """The engine has forgotten the account; now everything else that names it or is about it.

        Returns how much, by kind; nothing when it could not be done now, and :meth:`go_on` has to do it.
        """
        try:
            return self._forget(key, by)
        except (StorageError, TookTooLong) as error:
            log.warning("an erasure is not complete yet, and goes on with the next tick: %s", error)
            return {}

    def go_on(self) -> None:
        """Finish erasures that were interrupted between the journal and the vault."""
        try:
            for erasure in self._journal.erasures():
                if not erasure.settled and not self._committer.failing:
                    self._forget(erasure.key, "the node, after an interruption")
        except (StorageError, TookTooLong) as error:
            log.warning("an erasure is not complete yet, and goes on with the next tick: %s", error)

    def schedule(self) -> None:
        """Have those carried out in journal and snapshots that are complete everywhere else. Raises StorageError."""
        for erasure in self._journal.erasures():
            if erasure.settled:
                self._snapshotting.erase(erasure.key, erasure.before)

    def _forget(self, key: int, by: str) -> dict[str, int]:
        """Raises :class:`StorageError` or TimeoutError."""
        self._committer.put((), self._journal.end)
        details = dict(self._committer.do(lambda: self._in_ledger(key)).result(TIMEOUT_S))
        details["identifiers"] = self._vault.erase(key, who=by, now_s=self._now_s())
        details["campaigns"] = self._journal.campaigns.erase(key)
        for forget in self.also:
            forget(key)
        self._journal.settle_erasure(key)
        self.schedule()
        return details

    def _in_ledger(self, key: int) -> dict[str, int]:
        """In the committer's thread, which alone uses these."""
        self._wording.forget(key)
        return self._ledger.erase(key)
