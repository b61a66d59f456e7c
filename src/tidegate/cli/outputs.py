"""The machine-readable results of a scan: decisions and findings as JSON, accounts as Parquet.

Every file is written beside its final name and then renamed: a reader sees the old one or the whole new one.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from tidegate.statements.decision import DecisionShown, decision_record


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file in the same folder that takes ``path``'s place at the end, or vanishes on an error.

    Raises OSError when the folder cannot be written to.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_decisions(path: Path, decisions: Iterable[DecisionShown]) -> int:
    """Write one JSON object a line, in the order given; returns how many. Raises OSError."""
    return write_lines(path, (decision_record(decision) for decision in decisions))


def write_lines(path: Path, records: Iterable[Mapping[str, Any]]) -> int:
    """Write JSON Lines; returns how many. Raises OSError."""
    written = 0
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as out:
        for record in records:
            # ASCII only: an account's name may hold line separators or half a surrogate pair
            out.write(json.dumps(record, ensure_ascii=True, allow_nan=False))
            out.write("\n")
            written += 1
    return written


def write_campaigns(path: Path, campaigns: Sequence[Mapping[str, Any]]) -> None:
    """Write one JSON list. Raises OSError."""
    with replacing(path) as temporary:
        text = json.dumps(campaigns, indent=1, ensure_ascii=True, allow_nan=False)
        temporary.write_text(text + "\n", "ascii", newline="\n")


def write_accounts(path: Path, columns: Mapping[str, npt.NDArray[Any] | Sequence[Any]]) -> None:
    """Write columns as Parquet, one row an account. Raises ValueError on unequal lengths, OSError."""
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"columns of unequal length: {lengths}")
    arrays = [_array(column) for column in columns.values()]
    with replacing(path) as temporary:
        pq.write_table(pa.table(arrays, names=list(columns)), temporary, compression="zstd")


def _array(column: npt.NDArray[Any] | Sequence[Any]) -> Any:
    values = column.tolist() if isinstance(column, np.ndarray) and column.dtype.kind in "OU" else column
    try:
        return pa.array(values)
    except UnicodeEncodeError:  # half a surrogate pair, which JSON allows and Parquet does not
        return pa.array(
            [v.encode(errors="backslashreplace").decode() if isinstance(v, str) else v for v in values]
        )
