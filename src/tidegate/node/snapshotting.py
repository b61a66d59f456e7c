"""When snapshots are made, and the process that makes them."""

import json
import logging
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

from tidegate.node.settings import Snapshots
from tidegate.node.snapshots import snapshots_in

log = logging.getLogger(__name__)
RETRY_S = 60.0
WAIT_S = 0.05
MODULE = "tidegate.node.snapshotter"


class Snapshotting:
    """Starts :mod:`tidegate.node.snapshotter` when enough has happened, one at a time."""

    def __init__(self, folder: Path, settings: Snapshots) -> None:
        self._folder, self._settings = folder, settings
        found = snapshots_in(folder)
        self.covered = int(found[0].stem) if found else 0
        """Events that the newest snapshot covers."""
        self.oldest = int(found[-1].stem) if found else 0
        """Events that every snapshot covers; the journal before them is not needed to recover."""
        self.trouble = ""
        """Why the last attempt failed; empty when it did not."""
        self._last_s = time.monotonic()
        self._not_before_s = 0.0
        self._erasures: dict[int, int] = {}
        self._stopping = False
        self._process: subprocess.Popen[str] | None = None
        self._errors: IO[str] | None = None

    @property
    def age_s(self) -> float:
        """How old the newest snapshot is; not a number when there is none."""
        found = snapshots_in(self._folder)
        return max(time.time() - found[0].stat().st_mtime, 0.0) if found else float("nan")

    def erase(self, key: int, sequence: int) -> None:
        """An account must vanish from snapshots and journal, once ``sequence`` events are covered."""
        self._erasures[key] = sequence

    def tend(self, sequence: int, now_s: float) -> None:
        """Look after the process, and start one when it is due. ``now_s``: a clock that never goes back."""
        if self._process is not None:
            if self._process.poll() is None:
                return
            self._finish(now_s)
        behind = sequence - self.covered
        due = behind >= self._settings.every_events or (
            behind > 0 and now_s - self._last_s >= self._settings.every_s
        )
        if (due or self._erasures) and now_s >= self._not_before_s:
            self._start()

    def now(self, sequence: int, timeout_s: float) -> bool:
        """Make one and wait for it; False when that failed or was not in time."""
        until_s = time.monotonic() + timeout_s
        while time.monotonic() < until_s:
            if self._process is None:
                if self.covered >= sequence and not self._erasures:
                    return True
                if self.trouble:
                    return False
                self._start()
            elif self._process.poll() is not None:
                self._finish(time.monotonic())
            time.sleep(WAIT_S)
        return False

    def stop(self) -> None:
        """End a process that is still at work; what it had not renamed yet is of no use to anybody."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._stopping = True
            self._finish(time.monotonic())

    def _start(self) -> None:
        command = [sys.executable, "-m", MODULE, str(self._folder), "--with-node"]
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed when the process has ended
        self._process = subprocess.Popen(
            [*command, "--erase"] if self._erasures else command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    def _finish(self, now_s: float) -> None:
        process, errors = self._process, self._errors
        if process is None or errors is None or process.stdout is None:
            return
        self._process = self._errors = None
        answer = process.stdout.read()
        errors.seek(0)
        said = errors.read().strip()
        errors.close()
        process.stdout.close()
        if process.stdin is not None:
            process.stdin.close()
        self._last_s = now_s
        if process.returncode == -signal.SIGTERM and self._stopping:
            return
        if process.returncode != 0:
            self.trouble = (
                f"no snapshot could be made: {said.splitlines()[-1] if said else process.returncode}"
            )
            self._not_before_s = now_s + RETRY_S
            log.error("%s", self.trouble)
            return
        done = json.loads(answer)
        self.trouble = ""
        self.covered, self.oldest = done["sequence"], done["oldest"]
        for shown, before in done["erased"]:
            if self._erasures.get(int(shown, 16)) == before:
                del self._erasures[int(shown, 16)]
