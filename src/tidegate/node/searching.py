"""The process that looks for campaigns, as the node sees it: started, listened to, and started again."""

import logging
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO

import msgspec

from tidegate.node.batch import Batch
from tidegate.node.beside import UNAVAILABLE
from tidegate.node.campaign_found import CampaignFound, Passed, said_in
from tidegate.node.settings import Campaigns
from tidegate.node.vault import Vault

log = logging.getLogger(__name__)
MODULE = "tidegate.node.searcher"
DAY_S = 86_400.0
LEAST_EVENTS = 50
"""In the journal, for a search to begin."""
FIRST_RETRY_S, LONGEST_RETRY_S = 5.0, 600.0
MOST_WAITING = 64
"""Findings that wait for the node; the process waits before it says another one."""
MOST_AT_ONCE = 64
"""Findings that enter the journal together."""
LONGEST_LINE = 64 << 20
"""Bytes; a campaign of a hundred thousand members takes a tenth of it."""
LOOK_S = 0.2
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""The process may use one core and no more."""


class Searching:
    """Runs :mod:`tidegate.node.searcher` beside the node. :meth:`tend` and what follows it: one thread."""

    def __init__(self, folder: Path, settings: Campaigns) -> None:
        self._folder, self._settings = folder, settings
        self.trouble = ""
        """Why it does not run now, or ended last; empty when all is well."""
        self._unavailable = ""
        self._passed: Passed | None = None
        """By the process that runs now."""
        self._heard: queue.Queue[CampaignFound] = queue.Queue(MOST_WAITING)
        self._offered: list[CampaignFound] = []
        self._told = self._found = 0
        self._retry_s, self._not_before_s = FIRST_RETRY_S, 0.0
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None
        self._listener: threading.Thread | None = None
        self._stopping = threading.Event()
        self._unreadable = ""

    # -- the process ---------------------------------------------------------------------------------------------------

    def tend(self, sequence: int, now_s: float) -> None:
        """Look after the process, and start it when it is to run. ``now_s``: a clock that never goes back."""
        if not self._settings.enabled or self._unavailable:
            return
        if self._process is not None:
            if self._process.poll() is None:
                return
            self._finish(now_s)
        # What the last one said and the journal does not have yet, the next one would say again.
        settled = self._listener is None or not self._listener.is_alive()
        if settled and not self._waiting() and sequence >= LEAST_EVENTS and now_s >= self._not_before_s:
            self._start()

    def stop(self) -> None:
        """End the process. What it said and was not taken is said again by the next one."""
        self._stopping.set()
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._finish(time.monotonic())
        if self._listener is not None:
            self._listener.join()

    def _start(self) -> None:
        chosen = self._settings
        self._passed, self._unreadable = None, ""
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the process has ended
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", MODULE, str(self._folder), "--with-node"),
                *("--every", str(chosen.every_s), "--window", str(chosen.window_days * DAY_S)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=os.environ | _ONE_THREAD,
        )
        self._listener = threading.Thread(
            target=self._listen, args=(self._process,), name="campaigns", daemon=True
        )
        self._listener.start()

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        """In a thread of its own: take in what the process says until it ends."""
        assert process.stdout is not None
        with process.stdout as lines:
            while line := lines.readline(LONGEST_LINE):
                try:
                    said = said_in.decode(line)
                except msgspec.DecodeError as error:
                    self._unreadable = f"it said something else than a finding: {error}"
                    process.kill()
                    return
                if isinstance(said, Passed):
                    self._passed = said
                elif not self._put(said):
                    return

    def _put(self, found: CampaignFound) -> bool:
        """Have the node take a finding; False when it stops before there was room."""
        while not self._stopping.is_set():
            try:
                self._heard.put(found, timeout=LOOK_S)
                return True
            except queue.Full:
                continue
        return False

    def _finish(self, now_s: float) -> None:
        process, errors = self._process, self._errors
        if process is None or errors is None:
            return
        self._process = self._errors = None
        if process.stdin is not None:
            process.stdin.close()
        errors.seek(0)
        said = errors.read().decode("utf-8", "replace").strip().splitlines()
        errors.close()
        if self._stopping.is_set() and process.returncode == -signal.SIGTERM:
            return
        why = self._unreadable or (said[-1] if said else f"it ended with {process.returncode}")
        if process.returncode == UNAVAILABLE:
            self._unavailable = why
            log.info("campaigns are not looked for: %s", why)
            return
        if self._passed is not None:
            self._retry_s = FIRST_RETRY_S
        self.trouble = f"the search for campaigns has ended and begins again in {self._retry_s:.0f} s: {why}"
        log.error("%s", self.trouble)
        self._not_before_s = now_s + self._retry_s
        self._retry_s = min(2.0 * self._retry_s, LONGEST_RETRY_S)

    # -- what it finds -------------------------------------------------------------------------------------------------

    def enter(self, batch: Batch, vault: Vault, latest_s: float) -> None:
        """Put into a batch what was found; the same again until it was settled. ``latest_s``: of the log.

        Accounts that the vault does not know were erased meanwhile and are left out. Raises StorageError.
        """
        waiting = [] if batch.offered else self._waiting()
        if not waiting:
            return
        batch.offered = len(waiting)
        known = vault.sealed(set().union(*(found.accounts for found in waiting))).keys()
        for found in waiting:
            left = found.among(known)
            if left.told:
                batch.add_found(left, latest_s)

    def settle(self, batch: Batch) -> None:
        """The batch is durable, and what was found with it."""
        del self._offered[: batch.offered]
        self._found += batch.offered
        self._told += sum(len(found.events()) for found in batch.found)

    def _waiting(self) -> list[CampaignFound]:
        while len(self._offered) < MOST_AT_ONCE:
            try:
                self._offered.append(self._heard.get_nowait())
            except queue.Empty:
                break
        return self._offered

    # -- looking: any thread -------------------------------------------------------------------------------------------

    @property
    def words(self) -> str:
        """What becomes of the search, for a person."""
        if not self._settings.enabled:
            return "not looked for: the settings say [campaigns] enabled = false"
        if self._unavailable:
            return f"not looked for: {self._unavailable}"
        if self._process is None:
            return "not looked for now" if self.trouble else "not looked for yet"
        if self._passed is None:
            return "reading the journal before the first look"
        return "looked for"

    @property
    def note(self) -> str:
        """What somebody should look at; empty when it runs, or is not to run."""
        return "" if self._passed is not None and self._process is not None else self.trouble

    def figures(self, sequence: int) -> dict[str, float]:
        """Numbers for the metrics page, by name. ``sequence``: events in the journal."""
        passed = self._passed if self._process is not None else None
        nothing = float("nan")
        return {
            "campaigns_searching": float(passed is not None),
            "campaigns_found": float(self._found),
            "campaigns_told": float(self._told),
            "campaigns_passed_at_seconds": passed.time_s if passed else nothing,
            "campaigns_pass_seconds": passed.took_s if passed else nothing,
            "campaigns_unread_events": float(max(sequence - passed.sequence, 0)) if passed else nothing,
            "campaigns_search_bytes": float(passed.bytes) if passed else nothing,
        }
