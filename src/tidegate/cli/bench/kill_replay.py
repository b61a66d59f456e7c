"""A clean replay, and the recovery that it is compared with, in a process that knows nothing else.

    python -m tidegate.cli.bench.kill_replay FOLDER EVENTS

``FOLDER`` belongs to a node that has stopped; ``EVENTS`` is its journal as it was first written, EVENT[n] as an ``.npy``
file. Prints one line of JSON.
"""

import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.engine.policy import load_policy, shipped_policy_text
from tidegate.engine.rungs import Stage
from tidegate.events.columns import EventType
from tidegate.events.pseudonym import Pseudonyms
from tidegate.node.journal import Journal
from tidegate.node.keys import keys_of
from tidegate.node.recovery import recover
from tidegate.node.settings import SETTINGS_FILE, read_settings
from tidegate.statements.in_force import PEPPER_OF, InForce

PIECE = 4_096
"""Events that the clean replay observes together: other batches than the node's."""
DAY_S = 86_400.0


def replays(folder: Path, events: NDArray[Any]) -> dict[str, Any]:
    """What recovery makes of the folder, and what comes of observing ``events`` from nothing."""
    pseudonyms = Pseudonyms(keys_of(folder).pseudonym)
    policy = load_policy(shipped_policy_text(), "default.toml")
    first = InForce(policy, None, pseudonyms, pseudonyms.one(PEPPER_OF))
    idle_s = read_settings(folder / SETTINGS_FILE).retention.idle_days * DAY_S
    journal = Journal(folder, read_only=True)
    kept = recover(folder, journal, first, idle_s, heard=lambda *_: None, keep_damaged=False)
    clean = recover(
        folder, journal, first, idle_s, heard=lambda *_: None, until=0, keep_damaged=False
    ).replica
    decisions: list[list[Any]] = []
    cuts = sorted(
        {0, len(events), *range(PIECE, len(events), PIECE)}
        | set((np.flatnonzero(events["type"] == int(EventType.ERASURE)) + 1).tolist())
    )
    erasures = 0
    for start, end in pairwise(cuts):
        for some in clean.observe(events[start:end]):
            for made in some.decisions:
                until = float(made["until"])
                row = (int(made["rung"]), until if np.isfinite(until) else None, float(made["time"]))
                stage = Stage(int(made["stage"])).word
                decisions.append([int(made["key"]), erasures, f"{int(made['id']):016x}", *row, stage])
        erasures += int(events["type"][end - 1] == int(EventType.ERASURE))
    journal.close()
    return {
        "kept": {"digest": kept.replica.engine.digest(), "sequence": kept.replica.sequence},
        "clean": {"digest": clean.engine.digest(), "sequence": clean.sequence},
        "snapshot": kept.snapshot,
        "replayed": kept.replayed,
        "decisions": decisions,
        "troubles": kept.troubles,
    }


if __name__ == "__main__":
    print(json.dumps(replays(Path(sys.argv[1]), np.load(sys.argv[2]))))
