"""The identifiers as the log wrote them, kept for a while, so that a newly seen account can be named."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tidegate.events.assemble import TextColumn
from tidegate.events.compiled import compiled
from tidegate.events.fields import Bytes, Places

Field = Literal["actor", "target"]


class Names(Protocol):
    """Original identifiers of one batch."""

    def take(self, rows: Sequence[int], field: Field) -> list[str]:
        """The identifiers in ``field`` of these rows of the batch; empty where there is none."""


@compiled
def _copy_out(data: Bytes, starts: Places, ends: Places, offsets: NDArray[np.int64], heap: Bytes) -> None:
    for row in range(starts.size):
        at = offsets[row]
        for i in range(starts[row], ends[row]):
            heap[at] = data[i]
            at += 1


@dataclass(frozen=True, slots=True)
class TextNames:
    """Identifiers copied out of a block of text."""

    actors: "_Heap"
    targets: "_Heap"
    exceptions: dict[int, tuple[str, str]]
    """Rows read carefully, where the identifier is not what stands in the line (escapes, quotes)."""

    @classmethod
    def gather(
        cls,
        actors: TextColumn | None,
        targets: TextColumn | None,
        exceptions: dict[int, tuple[str, str]],
    ) -> "TextNames":
        """Copy the identifiers of a batch."""
        return cls(_Heap.copied(actors), _Heap.copied(targets), exceptions)

    def take(self, rows: Sequence[int], field: Field) -> list[str]:
        """See :class:`Names`."""
        side, heap = (0, self.actors) if field == "actor" else (1, self.targets)
        return [self.exceptions[row][side] if row in self.exceptions else heap.one(row) for row in rows]


@dataclass(frozen=True, slots=True)
class _Heap:
    """Texts one after another."""

    text: bytes
    offsets: NDArray[np.int64]

    @classmethod
    def copied(cls, column: TextColumn | None) -> "_Heap":
        if column is None:
            return cls(b"", np.zeros(0, np.int64))
        offsets = np.zeros(column.starts.size + 1, np.int64)
        np.cumsum(column.lengths, out=offsets[1:])
        text = np.empty(int(offsets[-1]), np.uint8)
        _copy_out(column.data, column.starts, column.ends, offsets, text)
        return cls(text.tobytes(), offsets)

    def one(self, row: int) -> str:
        return self.text[self.offsets[row] : self.offsets[row + 1]].decode() if self.offsets.size else ""


@dataclass(frozen=True, slots=True)
class ColumnNames:
    """Identifiers as columns of a table, texts or whole numbers."""

    actor: pa.Array
    target: pa.Array | None

    def take(self, rows: Sequence[int], field: Field) -> list[str]:
        """See :class:`Names`."""
        column = self.actor if field == "actor" else self.target
        if column is None:
            return [""] * len(rows)
        values = column.take(pa.array(rows, pa.int64())).to_pylist()
        return ["" if value is None else str(value) for value in values]
