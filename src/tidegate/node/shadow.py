"""A shadow policy as the node sees it: kept in its folder, its process started, looked after and ended."""

import logging
import threading
import time
from pathlib import Path

from tidegate.node.beside import Child
from tidegate.node.compared import ShadowShown
from tidegate.node.database import storage_errors
from tidegate.node.replaying import candidate_of
from tidegate.node.shadower import POLICY_FILE, RESULT_FILE, result_in

log = logging.getLogger(__name__)
MODULE = "tidegate.node.shadower"
FIRST_RETRY_S, LONGEST_RETRY_S = 5.0, 600.0
STEADY_S = 60.0
"""A process that ran for so long had begun well; the next one need not wait long."""


class Shadow:
    """Runs :mod:`tidegate.node.shadower` beside the node. Any thread.

    The candidate's text lies in ``shadow.toml``; as long as it does, the process runs whenever the node does.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / POLICY_FILE
        self._lock = threading.Lock()
        self._child: Child | None = None
        self._closed = False
        self._started_s = self._not_before_s = 0.0
        self._retry_s = FIRST_RETRY_S
        self.trouble = ""
        """Why it ended last, in words; empty when all is well."""

    # -- what is to run ------------------------------------------------------------------------------------------------

    def start(self, text: str) -> None:
        """Shadow this policy from now on, instead of another if there is one. The process begins with the next tick.

        Raises PolicyErrors, or :class:`~tidegate.node.requests.StorageError`; then everything stays as it was.
        """
        candidate_of(text)
        with self._lock:
            part = self._file.with_name(f".{self._file.name}.part")
            with storage_errors(self._file):
                part.write_text(text, "utf-8")
                part.replace(self._file)
            self._end()
            self._forget_result()
            self._not_before_s, self._retry_s, self.trouble = 0.0, FIRST_RETRY_S, ""

    def stop(self) -> None:
        """Shadow nothing any more; what was found is forgotten. Raises StorageError."""
        with self._lock:
            with storage_errors(self._file):
                self._file.unlink(missing_ok=True)
            self._end()
            self._forget_result()
            self.trouble = ""

    @property
    def text(self) -> str | None:
        """The candidate's text; None: nothing is shadowed."""
        try:
            return self._file.read_text("utf-8")
        except FileNotFoundError:
            return None

    def result(self) -> ShadowShown | None:
        """What was found when the process last wrote it down; None: nothing yet."""
        return result_in(self._folder) if self.text is not None else None

    @property
    def words(self) -> str:
        """What becomes of it, for a person."""
        if not self._file.exists():
            return "no policy is shadowed"
        if self.pid is not None:
            return "running"
        return self.trouble or "not running yet"

    @property
    def pid(self) -> int | None:
        """Of the process, while it runs."""
        with self._lock:
            return self._child.pid if self._child is not None and self._child.running else None

    # -- the process ---------------------------------------------------------------------------------------------------

    def tend(self, now_s: float | None = None) -> None:
        """Look after the process, and start it when it is to run. ``now_s``: a clock that never goes back."""
        now_s = time.monotonic() if now_s is None else now_s
        with self._lock:
            if self._closed:
                return
            if self._child is not None:
                if self._child.running:
                    return
                self._fell(now_s)
            if self._file.exists() and now_s >= self._not_before_s:
                self._child = Child(MODULE, [str(self._folder)])
                self._started_s = now_s

    def close(self) -> None:
        """End the process; the candidate stays for the next start."""
        with self._lock:
            self._closed = True
            self._end()

    def _end(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.ended()
            self._child = None

    def _fell(self, now_s: float) -> None:
        assert self._child is not None
        why = self._child.ended() or "it ended by itself"
        self._child = None
        if now_s - self._started_s >= STEADY_S:
            self._retry_s = FIRST_RETRY_S
        self.trouble = (
            f"the shadow policy's process has ended and begins again in {self._retry_s:.0f} s: {why}"
        )
        log.error("%s", self.trouble)
        self._not_before_s = now_s + self._retry_s
        self._retry_s = min(2.0 * self._retry_s, LONGEST_RETRY_S)

    def _forget_result(self) -> None:
        with storage_errors(self._folder / RESULT_FILE):
            (self._folder / RESULT_FILE).unlink(missing_ok=True)
