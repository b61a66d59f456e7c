"""The process behind a shadow policy: in step with the journal it counts what a candidate would decide.

Both sides begin from the newest snapshot, not from the journal's beginning: then the live side is the node itself, bit
for bit, with all that it remembers from before the journal's retention, and the process is in step within seconds. The
price: after a restart both sides begin alike again, so accounts are compared from there on; the counts by day are
carried over. It holds two engines, so twice the node's own memory.

What it has found lies in ``shadow.json``, replaced as a whole every few seconds.

    python -m tidegate.node.shadower FOLDER
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from tidegate.engine.model import ModelError
from tidegate.engine.policy import PolicyErrors
from tidegate.node.beside import NICENESS, end_with_node
from tidegate.node.compared import ShadowShown
from tidegate.node.database import storage_errors
from tidegate.node.journal_tail import JournalTail, of_the_log
from tidegate.node.replaying import Beginning, candidate_of
from tidegate.node.replica import UnknownPolicy
from tidegate.node.requests import StorageError
from tidegate.node.settings import SettingsError
from tidegate.node.side_by_side import SideBySide
from tidegate.statements.tally import MEASURES

POLICY_FILE, RESULT_FILE = "shadow.toml", "shadow.json"
POLL_S = 1.0
"""How often the end of the journal is looked at."""
WRITE_EVERY_S = 5.0
WRITING_SHARE = 20.0
"""Nor is it written more often than lets reading have this many times the time that finding the differences takes."""


class Shadowing:
    """A candidate in step with a journal."""

    def __init__(self, folder: Path, text: str, now_s: Callable[[], float] = time.time) -> None:
        """``now_s``: Unix seconds. Raises StorageError, SettingsError, PolicyErrors or ModelError."""
        policy = candidate_of(text)
        self._path, self._now_s, self._began_s = folder / RESULT_FILE, now_s, now_s()
        beginning = Beginning(folder)
        live = beginning.replica_now()
        self._sides = SideBySide(live, beginning.copy_under(live, policy), follow_policies=True)
        self._tail = JournalTail(folder, start=live.sequence)
        self._digest = policy.digest
        before = result_in(folder)
        self._since_s: float | None = None
        self._counted_from = self._tail.at
        """Number of the first event that was not counted before a restart."""
        if before is not None and before.candidate_digest == policy.digest:
            self._carry_over(before)
        self._differing_since_s: float | None = None

    def step(self) -> bool:
        """Read on; True when the journal's end was reached. Raises StorageError or UnknownPolicy."""
        at = self._tail.at
        events, at_end = self._tail.read()
        fresh = min(max(self._counted_from - at, 0), len(events))
        self._sides.observe(events[:fresh], counted=False)
        self._sides.observe(events[fresh:])
        times = events["time"][of_the_log(events)]
        if self._differing_since_s is None and len(times):
            self._differing_since_s = float(times.min())
        if self._since_s is None:
            self._since_s = self._sides.first_s
        return at_end

    def write(self) -> None:
        """Replace the result. Raises StorageError."""
        now_s = self._now_s()
        since_s = self._since_s if self._since_s is not None else now_s
        differing_since_s = self._differing_since_s
        shown = ShadowShown(
            candidate_digest=self._digest,
            since_s=since_s,
            differing_since_s=differing_since_s if differing_since_s is not None else now_s,
            behind=max(self._tail.end - self._tail.at, 0),
            written_s=now_s,
            compared=self._sides.standing(self._tail.at, now_s - self._began_s),
        )
        part = self._path.with_name(f".{self._path.name}.part")
        with storage_errors(self._path):
            part.write_bytes(msgspec.json.encode(shown))
            part.replace(self._path)

    def _carry_over(self, before: ShadowShown) -> None:
        """Go on counting where the process before stopped."""
        compared = before.compared
        self._since_s = before.since_s
        self._counted_from = max(compared.through, self._tail.at)
        self._sides.events = compared.events
        self._sides.first_s, self._sides.last_s = compared.first_s, compared.last_s
        for side, shown in (
            (self._sides.in_force, compared.in_force),
            (self._sides.candidate, compared.candidate),
        ):
            for at in range(max(map(len, shown.per_day.values()), default=0)):
                counts = [0, *(shown.per_day[rung][at] for rung in MEASURES)]
                if any(counts):
                    side.tally.days[compared.first_day + at] = counts


def result_in(folder: Path) -> ShadowShown | None:
    """What was last written; None when there is nothing, or nothing that can be read."""
    try:
        return msgspec.json.decode((folder / RESULT_FILE).read_bytes(), type=ShadowShown)
    except (OSError, msgspec.DecodeError):
        return None


def main() -> int:
    """The entry point; ends only with its node, or by a fault."""
    parser = argparse.ArgumentParser(
        description="Compare a candidate policy with the live one, event by event."
    )
    parser.add_argument("folder", type=Path)
    asked = parser.parse_args()
    end_with_node()
    os.nice(NICENESS)
    try:
        with storage_errors(asked.folder / POLICY_FILE):
            text = (asked.folder / POLICY_FILE).read_text("utf-8")
        shadowing = Shadowing(asked.folder, text)
        next_s = 0.0
        while True:
            at_end = shadowing.step()
            began_s = time.monotonic()
            if began_s >= next_s:
                shadowing.write()
                took_s = time.monotonic() - began_s
                next_s = began_s + max(WRITE_EVERY_S, WRITING_SHARE * took_s)
            if at_end:
                time.sleep(POLL_S)
    except (StorageError, SettingsError, PolicyErrors, ModelError, UnknownPolicy) as error:
        print(str(error).replace("\n", " "), file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
