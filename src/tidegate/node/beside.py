"""Processes that work beside the node and end with it, however it ends."""

import os
import signal
import threading

UNAVAILABLE = os.EX_UNAVAILABLE
"""Exit code of a process that lacks a library; to start it again would not help."""


def end_with_node() -> None:
    """End this process as soon as its standard input does, which the node holds open."""

    def watch() -> None:
        os.read(0, 1)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()
