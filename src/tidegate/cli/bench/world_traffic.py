"""A simulated messenger's own traffic as requests to a node: people, groups, shops and attackers in their usual shares.

Unlike :mod:`tidegate.cli.bench.events`, whose accounts write at random, next to nobody here behaves in a way that leads
to a decision, as on a messenger. The first day makes the node acquainted with everybody and is not measured: a node in
its first hour, to which every conversation is new, judges several times as many events.
"""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tidegate.cli.bench.logs import lines_of
from tidegate.cli.worlds import seed_for
from tidegate.world import WorldSettings, simulate

DAY_S = 86_400.0
PIECE = 100_000
SEED = seed_for("demo", 77)
"""A world that neither trained nor calibrated nor evaluated anything."""
WITHOUT_ID = ("typing", "read", "login")
"""What a messenger does not store and so has no id for."""


@dataclass(frozen=True, slots=True)
class WorldTraffic:
    """One world's log, its last event now."""

    people: int
    days: int
    before: list[bytes]
    """Lines of the sign-ups before the first day, and of the first day."""
    measured: list[bytes]
    """Lines of the other days."""

    @property
    def words(self) -> str:
        return f"simulated messenger of {self.people:,} people and its attackers, days 2 to {self.days}"


def world_traffic(people: int, days: int) -> WorldTraffic:
    """Simulate ``people`` over ``days`` (at least 2); the same every time but for the date."""
    world = simulate(WorldSettings(people=people, days=days, seed=SEED, prelude=True))
    times = world.columns["time"]
    known = int(np.searchsorted(times, world.settings.start + DAY_S))
    shift_s = time.time() - float(times[-1])
    lines: list[bytes] = []
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as folder:
        log = pq.ParquetFile(world.write(Path(folder)))
        for batch in log.iter_batches(PIECE):
            table = _rebased(pa.Table.from_batches([batch]), shift_s, len(lines))
            lines += [line.encode() for line in lines_of(table).to_pylist()]
    return WorldTraffic(people, days, lines[:known], lines[known:])


def _rebased(table: pa.Table, shift_s: float, first: int) -> pa.Table:
    """The same events so many seconds later, in whole milliseconds; those that a messenger stores with an id."""
    moved = pc.round(pc.add(table["time"], shift_s), 3)
    number = pa.array(np.arange(first, first + len(table)))
    ids = pc.binary_join_element_wise("$event", pc.cast(number, pa.string()), "")
    stored = pc.invert(pc.is_in(table["type"], pa.array(WITHOUT_ID)))
    ids = pc.if_else(stored, ids, pa.scalar(None, pa.string()))
    return table.set_column(0, "time", moved).append_column("id", ids)
