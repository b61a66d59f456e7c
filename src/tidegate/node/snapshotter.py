"""The process that makes snapshots: it replays the journal as a recovery would, and writes what comes out.

The live node never stops for a snapshot, nor copies its state: a second process starts from the newest snapshot,
observes the journal's tail and writes the next one. So every snapshot is also a rehearsal of recovery. It costs the
other core some seconds, and while it runs as much memory again as the node itself.

It also carries out in the journal what was erased, once no snapshot is left that such events would be replayed over.

    python -m tidegate.node.snapshotter FOLDER [--erase] [--with-node]
"""

import argparse
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

from tidegate.engine.policy import load_policy, shipped_policy_text
from tidegate.events.pseudonym import Pseudonyms
from tidegate.node.beside import end_with_node
from tidegate.node.journal import Journal
from tidegate.node.keys import keys_of
from tidegate.node.recovery import recover
from tidegate.node.requests import StorageError
from tidegate.node.settings import SETTINGS_FILE, read_settings
from tidegate.node.snapshots import keep_newest, only_one, snapshots_in, write_snapshot
from tidegate.node.sqlite_ledger import committed_through
from tidegate.statements.in_force import PEPPER_OF, InForce

NICENESS = 10
DAY_S = 86_400.0


def make(folder: Path, *, erase: bool) -> dict[str, Any]:
    """Write the next snapshot. With ``erase``, what was erased goes from journal and snapshots.

    Returns what was done, counted. Raises :class:`StorageError`.
    """
    settings = read_settings(folder / SETTINGS_FILE)
    pseudonyms = Pseudonyms(keys_of(folder).pseudonym)
    journal = Journal(folder, read_only=not erase, overwrite=erase)
    # A snapshot may only cover events whose decisions are in the ledger: nothing else would make them again.
    until = min(committed_through(folder), journal.end)
    shipped = load_policy(shipped_policy_text(), "default.toml")
    first = InForce(shipped, None, pseudonyms, pseudonyms.one(PEPPER_OF))
    found = recover(
        folder,
        journal,
        first,
        settings.retention.idle_days * DAY_S,
        heard=lambda decided, events, number: None,
        until=until,
        keep_damaged=False,
    )
    replica = found.replica
    digest = journal.digest_at(replica.sequence)
    path = folder / "snapshots" / f"{replica.sequence:016d}.snapshot"
    if digest is not None and path not in snapshots_in(folder):
        write_snapshot(
            folder,
            replica.engine.state_parts(),
            sequence=replica.sequence,
            journal_digest=digest,
            policy_mark=replica.mark,
        )
    # Events that a snapshot is replayed over must stay as they were; so the older ones go first.
    due = (
        [one for one in journal.erasures() if one.settled and one.before <= replica.sequence] if erase else []
    )
    if not path.exists():
        due = []
    kept = keep_newest(folder, 1 if due else settings.snapshots.keep)
    changed = sum(journal.carry_out(one) for one in due)
    if due:
        journal.overwrite_log()
    journal.close()
    oldest = int(kept[-1].stem) if kept else 0
    return {
        "sequence": replica.sequence,
        "oldest": oldest,
        "replayed": found.replayed,
        "changed": changed,
        "erased": [(f"{one.key:016x}", one.before) for one in due],
    }


def main() -> int:
    """The entry point; prints one line of JSON."""
    parser = argparse.ArgumentParser(description="Write the next snapshot of a node's folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--erase", action="store_true", help="carry out erasures in the journal, too")
    parser.add_argument("--with-node", action="store_true", help="end when standard input ends")
    asked = parser.parse_args()
    if asked.with_node:
        end_with_node()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    os.nice(NICENESS)
    try:
        with only_one(asked.folder):
            done = make(asked.folder, erase=asked.erase)
    except StorageError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(done))
    return 0


if __name__ == "__main__":
    sys.exit(main())
