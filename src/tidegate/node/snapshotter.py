"""The process that makes snapshots: it replays the journal as a recovery would, and writes what comes out.

The live node never stops for a snapshot, nor copies its state: a second process starts from the newest snapshot,
observes the journal's tail and writes the next one. So every snapshot is also a rehearsal of recovery. It costs the
other core some seconds, and while it runs as much memory again as the node itself.

    python -m tidegate.node.snapshotter FOLDER [--forget PSEUDONYM]…
"""

import argparse
import json
import logging
import os
import secrets
import sys
from pathlib import Path

from tidegate.engine.policy import load_policy, shipped_policy_text
from tidegate.events.pseudonym import Pseudonyms
from tidegate.node.journal import Journal
from tidegate.node.keys import keys_of
from tidegate.node.recovery import recover
from tidegate.node.requests import StorageError
from tidegate.node.settings import SETTINGS_FILE, read_settings
from tidegate.node.snapshots import keep_newest, snapshots_in, write_snapshot
from tidegate.node.sqlite_ledger import committed_through
from tidegate.statements.in_force import PEPPER_OF, InForce

NICENESS = 10
DAY_S = 86_400.0


def make(folder: Path, forget: list[int]) -> dict[str, int]:
    """Write the next snapshot. With ``forget``, older snapshots go and the journal loses those accounts.

    Returns what was done, counted. Raises :class:`StorageError`.
    """
    settings = read_settings(folder / SETTINGS_FILE)
    pseudonyms = Pseudonyms(keys_of(folder).pseudonym)
    journal = Journal(folder, read_only=not forget)
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
    newest = snapshots_in(folder)
    path = folder / "snapshots" / f"{replica.sequence:016d}.snapshot"
    if digest is not None and path not in newest:
        write_snapshot(
            folder,
            replica.engine.state_parts(),
            sequence=replica.sequence,
            journal_digest=digest,
            policy_mark=replica.mark,
        )
    kept = keep_newest(folder, 1 if forget else settings.snapshots.keep)
    changed = sum(_forgotten(journal, key) for key in forget)
    journal.close()
    oldest = int(kept[-1].stem) if kept else 0
    return {"sequence": replica.sequence, "oldest": oldest, "replayed": found.replayed, "changed": changed}


def _forgotten(journal: Journal, key: int) -> int:
    """Put a random stand-in for the pseudonym everywhere in the journal; nothing leads back from it."""
    stand_in = secrets.randbits(64) or 1
    changed, at = journal.replace_account(key, stand_in, journal.begin)
    while at is not None:
        more, at = journal.replace_account(key, stand_in, at)
        changed += more
    return changed


def main() -> int:
    """The entry point; prints one line of JSON."""
    parser = argparse.ArgumentParser(description="Write the next snapshot of a node's folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--forget", action="append", default=[], help="a pseudonym, 16 hexadecimal digits")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    os.nice(NICENESS)
    try:
        done = make(asked.folder, [int(key, 16) for key in asked.forget])
    except StorageError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(done))
    return 0


if __name__ == "__main__":
    sys.exit(main())
