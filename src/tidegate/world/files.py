"""Writes a world as the files of the log contract: ``events.parquet`` or ``events.jsonl``, and
``truth.csv``.
"""

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from tidegate.events.columns import MISSING_FORWARDS, EventType
from tidegate.world.naming import chat_names, device_names, dotted
from tidegate.world.outcome import Outcome
from tidegate.world.outreach import REASONS
from tidegate.world.places import CLIENTS

_ROWS_AT_ONCE = 1_000_000
_WORDS = [""] + [kind.name.lower() for kind in EventType]

SCHEMA = pa.schema(
    [
        ("time", pa.float64()),
        *((name, pa.string()) for name in ("type", "actor", "target", "chat")),
        ("members", pa.int32()),
        ("size", pa.int32()),
        *((name, pa.string()) for name in ("ip", "device", "client", "phone")),
        ("forwards", pa.int32()),
        ("reason", pa.string()),
    ]
)
"""The contract's columns. What an event does not carry is null."""


def write_truth(world: Outcome, path: Path) -> None:
    """``account,role,campaign``, one line for each account."""
    table = world.accounts
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["account", "role", "campaign"])
        writer.writerows(
            zip(table.account.tolist(), table.role.tolist(), table.campaign.tolist(), strict=True)
        )


def write_log(world: Outcome, path: Path, form: Literal["parquet", "jsonl"]) -> Path:
    """Write the log a million events at a time."""
    if form == "parquet":
        # Without the stored arrow schema a reader sees plain strings, not this writer's dictionaries.
        with pq.ParquetWriter(path, SCHEMA, compression="zstd", store_schema=False) as writer:
            for batch in _batches(world):
                writer.write_table(batch)
    else:
        with path.open("w") as file:
            for batch in _batches(world):
                file.writelines(_lines(batch))
    return path


def _lines(batch: pa.Table) -> Iterator[str]:
    for row in batch.to_pylist():
        yield json.dumps(
            {name: value for name, value in row.items() if value is not None}, separators=(",", ":")
        )
        yield "\n"


def _batches(world: Outcome) -> Iterator[pa.Table]:
    for low in range(0, len(world), _ROWS_AT_ONCE):
        rows = slice(low, low + _ROWS_AT_ONCE)
        yield pa.table(
            {field.name: _column(world, field.name, rows).cast(field.type) for field in SCHEMA}, schema=SCHEMA
        )


def _column(world: Outcome, name: str, rows: slice) -> Any:
    """One contract column of some rows, as an arrow array."""
    if name == "phone":
        return _phones(world, rows)
    values = world.columns[name][rows]
    if name == "time":
        return pa.array(values)
    if name == "forwards":
        return pa.array(values.astype(np.int32), mask=values == MISSING_FORWARDS)
    if name in ("members", "size"):
        return pa.array(values, mask=values < 0)
    if name in ("type", "reason"):
        words = _WORDS if name == "type" else REASONS
        return _words(values.astype(np.int64), lambda codes: [words[code] for code in codes], least=1)
    naming: dict[str, Callable[[list[int]], list[str]]] = {
        "actor": lambda codes: world.names[codes].tolist(),
        "target": lambda codes: world.names[codes].tolist(),
        "chat": chat_names,
        "device": device_names,
        "client": lambda codes: [CLIENTS[code] for code in codes],
        "ip": lambda codes: [dotted(address) for address in world.addresses[codes].tolist()],
    }
    return _words(values.astype(np.int64), naming[name], least=0)


def _words(codes: NDArray[np.int64], name: Callable[[list[int]], list[str]], least: int) -> Any:
    """Strings of codes, each distinct one named once; codes below ``least`` are null."""
    distinct, index = np.unique(codes, return_inverse=True)
    absent = int(np.searchsorted(distinct, least))
    dictionary = pa.array(name(distinct[absent:].tolist()), pa.string())
    indices = pa.array((index - absent).astype(np.int32), mask=codes < least)
    return pa.DictionaryArray.from_arrays(indices, dictionary)


def _phones(world: Outcome, rows: slice) -> Any:
    """The number, on sign-ups only and only where the log carries numbers."""
    actor = world.columns["actor"][rows]
    shown = world.columns["type"][rows] == EventType.REGISTER
    if "phone" not in world.settings.signals:
        shown = np.zeros_like(shown)
    numbers = world.who.phone[actor]
    text = np.full(len(actor), None, object)
    text[shown] = [f"+{number}" for number in numbers[shown].tolist()]
    return pa.array(text, pa.string())
