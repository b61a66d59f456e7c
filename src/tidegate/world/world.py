"""A simulated messenger, ready to be read as events or written as a log."""

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tidegate.world.files import write_log, write_truth
from tidegate.world.naming import Pseudonymiser
from tidegate.world.outcome import AccountTable, Outcome
from tidegate.world.records import to_records

__all__ = ["AccountTable", "World"]


class World(Outcome):
    """An outcome that turns into a log."""

    def events(self, pseudonyms: Pseudonymiser) -> NDArray[np.void]:
        """The log as ``EVENT`` records; each distinct identifier is hashed once."""
        return to_records(self, pseudonyms)

    def write(self, folder: Path, format: Literal["parquet", "jsonl"] = "parquet") -> Path:
        """Write ``events.parquet`` (or ``events.jsonl``) and ``truth.csv``; returns the path of the log."""
        folder.mkdir(parents=True, exist_ok=True)
        write_truth(self, folder / "truth.csv")
        return write_log(self, folder / f"events.{format}", format)
