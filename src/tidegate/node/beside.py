"""Processes that work beside the node and end with it, however it ends."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from typing import IO

UNAVAILABLE = os.EX_UNAVAILABLE
"""Exit code of a process that lacks a library; to start it again would not help."""


def end_with_node() -> None:
    """End this process as soon as its standard input does, which the node holds open."""

    def watch() -> None:
        os.read(0, 1)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


NICENESS = 10
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Such a process may use one core and no more."""


class Child:
    """A process of one of Tidegate's own modules that ends with this one. One thread."""

    def __init__(self, module: str, arguments: Sequence[str], *, hand_over: bytes = b"") -> None:
        """Start it. ``hand_over``: what it finds on its standard input, before that stays open and silent."""
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the process has ended
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=os.environ | _ONE_THREAD,
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self.says: IO[bytes] = self._process.stdout
        self._input: IO[bytes] = self._process.stdin
        with contextlib.suppress(BrokenPipeError):  # it has ended already; why, is told by :meth:`ended`
            self._input.write(hand_over)
            self._input.flush()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """End it at once. Its standard output ends with it."""
        self._process.kill()
        self._process.wait()

    def ended(self) -> str:
        """Wait for its end and let go of it. Empty when all went well, else why not: its last words."""
        code = self._process.wait()
        with contextlib.suppress(BrokenPipeError):  # it never read what was handed over
            self._input.close()
        self.says.close()
        self._errors.seek(0)
        said = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        self._errors.close()
        if code == 0:
            return ""
        return said[-1] if said else f"the process ended with {code}"
