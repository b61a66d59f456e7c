"""Parsing in a process of its own: what was captured may be made to take for ever, or all memory.

As a program it reads a content on its standard input, its media type as argument, and prints its text as JSON.
"""

import json
import subprocess
import sys
from dataclasses import asdict

from tidegate.desk.evidence.capture.texts import PdfError, WarcError, text_of
from tidegate.desk.evidence.capture.visible import Visible

CPU_S, WAIT_S = 20, 60.0
MEMORY_BYTES = 2 << 30


class UnreadableError(Exception):
    """No text could be taken out; the message says why."""


def text_apart(content: bytes, media_type: str) -> Visible:
    """As :func:`~.texts.text_of`. Raises UnreadableError."""
    command = [sys.executable, "-m", "tidegate.desk.evidence.capture.apart", media_type]
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=WAIT_S, check=False)
    except subprocess.TimeoutExpired:
        raise UnreadableError(f"it was not read within {WAIT_S:g} seconds") from None
    if done.returncode:
        raise UnreadableError(
            f"reading it took more than {CPU_S} seconds or {MEMORY_BYTES >> 30} GiB, or failed"
        )
    said = json.loads(done.stdout)
    if "error" in said:
        raise UnreadableError(str(said["error"]))
    return Visible(**said)


def _limited() -> None:
    try:
        import resource
    except ModuleNotFoundError:  # not a Unix: the time limit of the parent is all there is
        return
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _main() -> None:
    _limited()
    try:
        made = asdict(text_of(sys.stdin.buffer.read(), sys.argv[1]))
    except (PdfError, WarcError) as error:
        made = {"error": str(error)}
    # Escaped, so that a lone surrogate goes through a pipe.
    sys.stdout.write(json.dumps(made))


if __name__ == "__main__":
    _main()
