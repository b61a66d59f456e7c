"""A backtest over a node's own log: what another policy would have done in the time that the journal reaches back."""

import threading
import time
from pathlib import Path

import msgspec

from tidegate.node.beside import Child
from tidegate.node.compared import Compared, Failed, Progress, Told, told_in
from tidegate.node.replaying import candidate_of

MODULE = "tidegate.node.backtester"
LONGEST_S = 3_600.0
"""Then it is ended: a journal that takes longer is compared by a shadow policy."""
LONGEST_LINE = 16 << 20
"""Bytes; a result with both lists full takes a hundredth of it."""
STOPPED = "it was stopped"


class Backtest:
    """One run of :mod:`tidegate.node.backtester`. Any thread; it ends with this process, however that ends."""

    def __init__(self, folder: Path, text: str) -> None:
        """``text``: of the candidate policy. Raises PolicyErrors, and then nothing was started."""
        self.policy = candidate_of(text)
        self._folder, self._text = folder, text
        self._lock = threading.Lock()
        self._child: Child | None = None
        self._told: Told = Progress(0, 0, 0.0)
        self._listener: threading.Thread | None = None
        self._deadline: threading.Timer | None = None

    def start(self) -> None:
        """Start the process. Once. Raises OSError when that cannot be done."""
        with self._lock:
            if self._listener is not None:
                raise RuntimeError("this backtest was started already; make another one")
            handed = msgspec.json.encode(self._text) + b"\n"
            self._child = child = Child(MODULE, [str(self._folder)], hand_over=handed)
            self._listener = threading.Thread(
                target=self._listen, args=(child,), name="backtest", daemon=True
            )
            words = f"it took longer than {LONGEST_S / 60:.0f} minutes and was stopped"
            self._deadline = threading.Timer(LONGEST_S, self._end, (words,))
            self._deadline.daemon = True
            self._deadline.start()
            self._listener.start()

    def poll(self) -> Told:
        """How far it has come, or what came out, or why nothing does."""
        with self._lock:
            return self._told

    @property
    def over(self) -> bool:
        """There is a result, or there will be none."""
        return isinstance(self.poll(), Compared | Failed)

    def wait(self, timeout_s: float) -> Told:
        """The same as :meth:`poll`, once it is over or the time has passed."""
        until_s = time.monotonic() + timeout_s
        listener = self._listener
        if listener is not None:
            listener.join(max(until_s - time.monotonic(), 0.0))
        return self.poll()

    def stop(self) -> None:
        """End it. What it has found so far is lost; a result that is there stays."""
        self._end(STOPPED)
        if self._listener is not None:
            self._listener.join()

    def _end(self, words: str) -> None:
        with self._lock:
            if isinstance(self._told, Compared | Failed):
                return
            self._told = Failed(words)
            if self._child is not None:
                self._child.kill()

    def _listen(self, child: Child) -> None:
        """In a thread of its own: take in what the process says until it ends."""
        words = ""
        while line := child.says.readline(LONGEST_LINE):
            try:
                told = told_in.decode(line)
            except msgspec.DecodeError as error:
                words = f"it said something that cannot be read: {error}"
                child.kill()
                break
            self._hear(told)
        words = child.ended() or words or "it ended without a result"
        self._hear(Failed(words))
        if self._deadline is not None:
            self._deadline.cancel()

    def _hear(self, told: Told) -> None:
        with self._lock:
            if not isinstance(self._told, Compared | Failed):
                self._told = told
