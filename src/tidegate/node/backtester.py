"""The process behind a backtest: it replays the journal under the policy in force and under a candidate.

Both sides begin with an empty memory at the journal's beginning, so neither has an advantage; what lies before is unknown
to both, and unknown is not new. It reads the journal and nothing else, and says how far it has come on standard output.

    python -m tidegate.node.backtester FOLDER < CANDIDATE    (the candidate's text as one JSON string and a line feed)
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from tidegate.engine.model import ModelError
from tidegate.engine.policy import Policy, PolicyErrors
from tidegate.node.beside import NICENESS, end_with_node
from tidegate.node.compared import Compared, Progress, Told
from tidegate.node.journal_tail import JournalTail
from tidegate.node.replaying import Beginning, candidate_of
from tidegate.node.requests import StorageError
from tidegate.node.settings import SettingsError
from tidegate.node.side_by_side import SideBySide
from tidegate.statements.in_force import InForce

SAY_EVERY_S = 0.5


def backtested(
    folder: Path, candidate: Policy, now_s: Callable[[], float] = time.monotonic
) -> Iterator[Told]:
    """Progress after every piece of the journal, then the result.

    What is appended meanwhile is left out. Raises StorageError, SettingsError, PolicyErrors or ModelError.
    """
    began = now_s()
    beginning = Beginning(folder)
    today = beginning.policy_now()
    proposed = InForce(candidate, today.model, today.pseudonyms, today.pepper)
    sides = SideBySide(beginning.new_replica(today), beginning.new_replica(proposed), follow_policies=False)
    tail = JournalTail(folder, start=0)
    first, end = tail.at, tail.end
    try:
        while tail.at < end:
            events, at_end = tail.read()
            sides.observe(events)
            yield Progress(min(tail.at, end) - first, end - first, now_s() - began)
            if at_end:
                break
    finally:
        tail.close()
    yield sides.ever(tail.at, now_s() - began)


def main() -> int:
    """The entry point; says lines of JSON, the last one being the result."""
    parser = argparse.ArgumentParser(description="Replay a node's journal under another policy.")
    parser.add_argument("folder", type=Path)
    asked = parser.parse_args()
    try:
        text = msgspec.json.decode(sys.stdin.buffer.readline(), type=str)
    except msgspec.DecodeError as error:
        print(f"standard input begins with no policy's text as JSON: {error}", file=sys.stderr)
        return os.EX_USAGE
    end_with_node()
    os.nice(NICENESS)
    next_s = 0.0
    try:
        for told in backtested(asked.folder, candidate_of(text)):
            if isinstance(told, Compared) or time.monotonic() >= next_s:
                sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
                sys.stdout.buffer.flush()
                next_s = time.monotonic() + SAY_EVERY_S
    except (StorageError, SettingsError, PolicyErrors, ModelError) as error:
        print(str(error).replace("\n", " "), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
