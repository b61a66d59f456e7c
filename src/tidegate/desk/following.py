"""Following the node: a thread that copies what its ledger has committed into the desk's own tables.

The node never waits for the desk, and the desk may be away for as long as the node keeps its decisions. The cursor
moves in the same transaction as what was copied, so nothing is copied twice or left out, whichever side is killed when.
"""

import logging
from collections.abc import Callable
from threading import Event, Thread

from django.db import Error, close_old_connections, connection

from tidegate.desk.ledger.copying import LedgerWentBack, copy_decisions
from tidegate.desk.node_link import NodeLink
from tidegate.node.requests import StorageError

log = logging.getLogger(__name__)
PIECE = 1_000
"""Decisions copied in one transaction."""
PAUSE_S = 0.5
TROUBLED_PAUSE_S = 5.0
tenders: list[Callable[[], object]] = []
"""What is to be done now and then, after every look, in the following thread. Apps add theirs when they are ready."""
_running: "Following | None" = None


def trouble() -> str:
    """Why nothing can be copied from the node at the moment, in words; empty: all is well, or nothing is followed."""
    return _running.trouble if _running is not None else ""


class Following:
    """Copies until it is stopped."""

    def __init__(self, link: NodeLink, tend: Callable[[], None] | None = None) -> None:
        """``tend``: called after every look, in the same thread; what is to be done now and then."""
        self._link, self._tend = link, tend
        self._stop = Event()
        self._thread = Thread(target=self._run, name="desk-following", daemon=True)
        self.trouble = ""
        """Why nothing can be copied at the moment, in words; empty: all is well."""
        self._gone_back = ""
        """The same, when the ledger is another one."""

    def start(self) -> None:
        global _running
        _running = self
        self._thread.start()

    def stop(self) -> None:
        """Finish the piece at hand and end."""
        global _running
        self._stop.set()
        self._thread.join()
        if _running is self:
            _running = None

    def _run(self) -> None:
        pause_s = 0.0
        while not self._stop.wait(pause_s):
            try:
                more = self._copy()
                if self._tend is not None:
                    self._tend()
                for tend in tenders:
                    tend()
                pause_s = 0.0 if more else PAUSE_S
                self.trouble = self._gone_back
            except (Error, StorageError) as error:
                if not self.trouble:
                    log.error("the desk cannot follow the node's ledger: %s; it goes on trying", error)
                self._wait_out(error)
                pause_s = TROUBLED_PAUSE_S
            except Exception as error:
                # A mistake in what is copied or tended must not end the thread unseen: the pages would stand still.
                if not self.trouble:
                    log.exception("a fault while following the node's ledger; the desk goes on trying")
                self._wait_out(error)
                pause_s = TROUBLED_PAUSE_S
        connection.close()

    def _copy(self) -> bool:
        """Whether there is more. A ledger that does not fit is told of; erasures, cases and appeals are tended all the
        same."""
        try:
            more = copy_decisions(self._link, PIECE) == PIECE
        except LedgerWentBack as error:
            if not self._gone_back:
                log.error("the desk cannot follow the node's ledger: %s", error)
            self._gone_back = str(error)
            return False
        self._gone_back = ""
        return more

    def _wait_out(self, error: Exception) -> None:
        self.trouble = str(error) or type(error).__name__
        close_old_connections()
