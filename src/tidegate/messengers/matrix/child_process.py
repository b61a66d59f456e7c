"""A server started for a demonstration or a test, which never outlives the process that started it.

Between the two stands a warden: this very file, run as a script. It holds one end of a pipe; when the other end
closes, by a stop, a crash or SIGKILL of whoever started it, the warden stops the server. Nothing beyond the standard
library is imported, so that the warden is there at once.
"""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

GRACE_S = 10.0
"""How long a server may take to stop in good order; then it is killed."""
KILL = b"K"
"""One byte through the pipe: kill the server at once, as a power cut would."""
LOG_TAIL_BYTES = 16_384


class ChildProcess:
    """A running server, its output in a file. ``stop`` is safe to call twice, and so is ``kill``."""

    def __init__(
        self,
        command: Sequence[str | Path],
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: str = "",
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        """Start ``command`` with its output appended to ``log``; as ``user`` when that is given (only root can)."""
        self.log = log
        options = ["--signal", str(int(stop_signal)), "--grace", str(GRACE_S), "--user", user]
        with log.open("ab") as output:
            self._warden = subprocess.Popen(
                [sys.executable, "-I", __file__, *options, "--", *map(str, command)],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if env is None else dict(env),
                cwd=cwd,
                # Ctrl-C in a terminal reaches us alone: we stop the servers in the order that is right.
                start_new_session=True,
            )

    @property
    def returncode(self) -> int | None:
        """What the server ended with; None while it runs."""
        return self._warden.poll()

    def stop(self) -> None:
        """Ask the server to end, wait, and kill it when it does not."""
        self._let_go(b"")

    def kill(self) -> None:
        """End the server at once with SIGKILL, without a chance to put anything in order."""
        self._let_go(KILL)

    def _let_go(self, last_words: bytes) -> None:
        pipe = self._warden.stdin
        assert pipe is not None
        if not pipe.closed:
            with contextlib.suppress(BrokenPipeError):  # it has ended by itself: nothing to stop
                pipe.write(last_words)
                pipe.close()
        try:
            self._warden.wait(GRACE_S + 5.0)
        except subprocess.TimeoutExpired:
            self._warden.kill()
            self._warden.wait()

    def log_tail(self, lines: int = 30) -> str:
        """The last lines of its output, for an error message."""
        return tail_of(self.log, lines)


def tail_of(file: Path, lines: int) -> str:
    """The last ``lines`` lines of a text file; empty when it is not there."""
    if not file.is_file():
        return ""
    with file.open("rb") as log:
        log.seek(max(0, file.stat().st_size - LOG_TAIL_BYTES))
        return "\n".join(log.read().decode("utf-8", "replace").splitlines()[-lines:])


def _end_when_let_go(child: "subprocess.Popen[bytes]", stop_signal: int, grace_s: float) -> None:
    """In a thread: wait until the pipe says or shows that the server is to end."""
    if os.read(0, 1) == KILL:
        child.kill()
        return
    child.send_signal(stop_signal)
    try:
        child.wait(grace_s)
    except subprocess.TimeoutExpired:
        child.kill()


def guard(arguments: Sequence[str]) -> int:
    """Run the server and end it when the pipe on standard input closes; returns what it ended with."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--signal", type=int, required=True)
    parser.add_argument("--grace", type=float, required=True)
    parser.add_argument("--user", default="")
    parser.add_argument("command", nargs="+")
    asked = parser.parse_args(arguments)
    user = asked.user or None
    child = subprocess.Popen(
        asked.command, stdin=subprocess.DEVNULL, user=user, group=user, extra_groups=[] if user else None
    )
    signal.signal(signal.SIGTERM, lambda *_: child.send_signal(asked.signal))
    threading.Thread(target=_end_when_let_go, args=(child, asked.signal, asked.grace), daemon=True).start()
    return child.wait()


if __name__ == "__main__":
    sys.exit(guard(sys.argv[1:]))
