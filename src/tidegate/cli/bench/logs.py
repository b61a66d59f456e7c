"""Synthetic traffic as the files a messenger hands over: JSON Lines, and Parquet with text identifiers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tidegate.cli.bench.events import NOBODY, Columns, Numbers
from tidegate.events.columns import EventType

PIECE = 100_000
_NAMES = pa.array([kind.name.lower() for kind in EventType])
_FIRST_ID = 10_000_000
"""Added to every number, so that all identifiers are equally long."""
_NETWORKS_A_BLOCK = 1 << 16


def _texts(numbers: Numbers, before: str = "", after: str = "") -> Any:
    """Text of each number between two texts; null where there is none."""
    known = pa.array(numbers, mask=numbers == NOBODY)
    return pc.binary_join_element_wise(before, pc.cast(known, pa.string()), after, "")


def _addresses(columns: Columns) -> Any:
    """IPv4 addresses whose first three numbers are the network."""
    network = columns.network
    return pc.binary_join_element_wise(
        *(
            pc.cast(pa.array(part), pa.string())
            for part in (
                10 + network // _NETWORKS_A_BLOCK,
                (network // 256) % 256,
                network % 256,
                1 + columns.actor % 250,
            )
        ),
        ".",
    )


def _identifiers(letter: str, numbers: Numbers) -> Any:
    return _texts(np.where(numbers == NOBODY, NOBODY, numbers + _FIRST_ID), letter)


def as_table(columns: Columns) -> pa.Table:
    """The columns of the log contract, identifiers as text."""
    return pa.table(
        {
            "time": columns.time,
            "type": pc.take(_NAMES, pa.array(columns.kind.astype(np.int64) - 1)),
            "actor": _identifiers("u", columns.actor),
            "target": _identifiers("u", columns.target),
            "chat": _identifiers("c", columns.chat),
            "size": pa.array(columns.size, mask=columns.size == NOBODY),
            "ip": _addresses(columns),
            "device": _identifiers("d", columns.device),
            "client": _texts(columns.client, "app "),
            "phone": _texts(columns.phone_range, "+", "1234"),
            "id": _identifiers("m", columns.id),
        }
    )


def lines_of(table: pa.Table) -> Any:
    """One JSON object a row. No text may hold anything that JSON would have to escape."""
    fragments = ["{"]
    for i, name in enumerate(table.column_names):
        column = table.column(name).combine_chunks()
        quote = '"' if pa.types.is_string(column.type) else ""
        label = f'{"," if i else ""}"{name}":{quote}'
        written = pc.binary_join_element_wise(label, pc.cast(column, pa.string()), quote, "")
        fragments.append(pc.fill_null(written, ""))
    return pc.binary_join_element_wise(*fragments, "}", "")


def _pieces(columns: Columns) -> Iterator[pa.Table]:
    for start in range(0, len(columns), PIECE):
        piece = slice(start, start + PIECE)
        yield as_table(Columns(*(getattr(columns, name)[piece] for name in Columns.__slots__)))


def json_lines(columns: Columns) -> list[str]:
    """One text a line."""
    lines: list[str] = []
    for table in _pieces(columns):
        lines += lines_of(table).to_pylist()
    return lines


def write_json_lines(columns: Columns, path: Path) -> int:
    """Write a log; returns its bytes. Raises OSError."""
    with path.open("wb") as file:
        for table in _pieces(columns):
            file.write("\n".join(lines_of(table).to_pylist()).encode("ascii") + b"\n")
    return path.stat().st_size


def write_parquet(columns: Columns, path: Path) -> int:
    """Write the same as Parquet; returns its bytes. Raises OSError."""
    pieces = _pieces(columns)
    first = next(pieces)
    with pq.ParquetWriter(path, first.schema) as writer:
        writer.write_table(first)
        for table in pieces:
            writer.write_table(table)
    return path.stat().st_size
