"""Parquet with the contract's columns: texts or whole numbers, time as a number, a text or a timestamp."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from tidegate.events.assemble import Assembler, TextColumn
from tidegate.events.compiled import compiled
from tidegate.events.contract import FIELDS, NUMBER_LIMIT, REQUIRED, Reading, read_event, refuse_content
from tidegate.events.errors import ContentRefused, LogError, Rejection, RejectReason, content_refused
from tidegate.events.fields import Mask, exact_seconds
from tidegate.events.intake import Batch, Intake
from tidegate.events.names import ColumnNames
from tidegate.events.pseudonym import string_buffers
from tidegate.events.source import Source

BATCH_ROWS = 32_768
READ_BUFFER_BYTES = 1 << 20
SMALL_DICTIONARY_BYTES = 64 * 1024
NUMBER_FIELDS = ("members", "size", "forwards")
_DIGITS_OF_UNIT = {"s": 0, "ms": 3, "us": 6, "ns": 9}


@compiled
def timestamp_seconds(values: NDArray[np.int64], digits: int, out: NDArray[np.float64]) -> None:
    """Seconds of timestamps counted in units of ``10**-digits`` s; NaN when unsure."""
    unit = 10**digits
    for i in range(values.size):
        out[i] = exact_seconds(values[i] // unit, values[i] % unit, digits)


@dataclass(frozen=True, slots=True)
class ParquetLog:
    """One Parquet file; :meth:`at` checks its columns."""

    source: Source
    file: pq.ParquetFile
    reading: Reading
    columns: tuple[str, ...]
    ignored: tuple[str, ...]
    naive_time: bool
    """Whether the time column is a timestamp without a time zone."""

    @classmethod
    def at(cls, source: Source, reading: Reading) -> "ParquetLog":
        """Open a file; raises :class:`LogError` for damage, missing columns, content, or types of no use."""
        try:
            metadata = pq.read_metadata(source.path)
            file = pq.ParquetFile(
                source.path,
                metadata=metadata,
                read_dictionary=_small_dictionaries(metadata),
                pre_buffer=False,
                buffer_size=READ_BUFFER_BYTES,
            )
            schema = metadata.schema.to_arrow_schema()
        except (pa.ArrowException, OSError) as error:
            raise LogError(source.path, f"the Parquet file is damaged ({_first_line(error)})") from None
        try:
            for column in schema:
                _refuse_nested_content(column)
        except ContentRefused as refusal:
            raise content_refused(source.path, refusal.field, "among its columns") from None
        missing = [name for name in REQUIRED if name not in schema.names]
        if missing:
            raise LogError(
                source.path,
                f"the Parquet file has no column {', '.join(missing)}",
                f"A log needs the columns time, type and actor; this has {', '.join(schema.names)[:200]}",
            )
        for name in FIELDS:
            if schema.names.count(name) > 1:
                raise LogError(source.path, f"the column {name} is there twice")
            if name in schema.names:
                _check_type(source, name, schema.field(name).type)
        time_type = schema.field("time").type
        naive = pa.types.is_timestamp(time_type) and time_type.tz is None
        known = tuple(name for name in FIELDS if name in schema.names)
        others = tuple(name for name in schema.names if name not in FIELDS)
        return cls(source, file, reading, known, others, naive)

    def batches(self, intake: Intake) -> Iterator[Batch]:
        """Batches of accepted events in the order of the file; what cannot be used goes to ``intake``."""
        assembler = Assembler(self.reading)
        rows = 0
        try:
            for table in self.file.iter_batches(BATCH_ROWS, columns=list(self.columns), use_threads=False):
                intake.count_rows(table.num_rows)
                batch = self._batch(table, assembler, rows, intake)
                rows += table.num_rows
                self.source.position = self.source.size * rows // max(self.file.metadata.num_rows, 1)
                if batch is not None:
                    yield batch
        except (pa.ArrowException, OSError) as error:
            place = f"after row {rows}"
            raise LogError(
                self.source.path, f"the file is damaged ({_first_line(error)})", place=place
            ) from None

    def _batch(self, table: pa.RecordBatch, assembler: Assembler, rows: int, intake: Intake) -> Batch | None:
        sure = np.ones(table.num_rows, np.bool_)
        columns = {name: _decoded(table.column(name)) for name in self.columns}
        seconds = _seconds(columns["time"])
        texts = {
            name: _text_column(column, sure)
            for name, column in columns.items()
            if name != "time" or seconds is None
        }
        events = assembler.assemble(texts, sure, seconds)
        for row in np.flatnonzero(~sure).tolist():
            sure[row] = self._read_carefully(columns, row, events, rows + row + 1, intake)
        return Batch.of(events, ColumnNames(columns["actor"], columns.get("target")), sure)

    def _read_carefully(
        self, columns: dict[str, pa.Array], row: int, events: NDArray[Any], number: int, intake: Intake
    ) -> bool:
        fields: dict[str, object] = {}
        try:
            fields = {name: _value(name, column[row]) for name, column in columns.items()}
            events[row] = read_event(fields, self.reading).row
        except UnicodeDecodeError:
            rejection = Rejection(RejectReason.INVALID_UTF8, "invalid UTF-8 in a text column")
        except Rejection as caught:
            rejection = caught
        else:
            return True
        intake.reject(number, rejection, json.dumps(fields, default=str).encode(), unit="row")
        return False


def _small_dictionaries(metadata: pq.FileMetaData) -> list[str]:
    """Columns whose dictionaries are small in every row group: those are faster read as dictionaries."""
    leaves = [metadata.schema.column(i) for i in range(len(metadata.schema))]
    small = {leaf.path for leaf in leaves if leaf.path in FIELDS and leaf.converted_type == "UTF8"}
    for group in range(metadata.num_row_groups):
        for i in range(metadata.row_group(group).num_columns):
            chunk = metadata.row_group(group).column(i)
            start = chunk.dictionary_page_offset
            if start is None or chunk.data_page_offset - start > SMALL_DICTIONARY_BYTES:
                small.discard(chunk.path_in_schema)
    return [name for name in FIELDS if name in small]


def _decoded(column: pa.Array) -> pa.Array:
    """Texts that came as bytes as what they are; whether they are valid is seen later."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if kind not in (pa.binary(), pa.large_binary()):
        return column
    values = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
    return values.cast(pa.string(), safe=False)


def _seconds(column: pa.Array) -> NDArray[np.float64] | None:
    """Times that are numbers or timestamps, NaN where there is none; None when they are texts."""
    if pa.types.is_timestamp(column.type):
        counts = column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False).copy()
        seconds = np.empty(counts.size)
        timestamp_seconds(counts, _DIGITS_OF_UNIT[column.type.unit], seconds)
    elif pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        seconds = column.fill_null(0).to_numpy(zero_copy_only=False).astype(np.float64)
    else:
        return None
    seconds[column.is_null().to_numpy(zero_copy_only=False)] = np.nan
    return seconds


def _text_column(column: pa.Array, sure: Mask) -> TextColumn:
    """A column as text: whole numbers in decimal, floats too where they are whole."""
    if pa.types.is_dictionary(column.type):
        every = np.ones(len(column.dictionary), np.bool_)
        values = _text_column(column.dictionary, every)
        # A null points at nothing: one more value, empty, is added for it.
        at = column.indices.cast(pa.int64()).fill_null(every.size).to_numpy(zero_copy_only=False)
        sure &= np.append(every, True)[at]
        return TextColumn(values.data, np.append(values.starts, 0)[at], np.append(values.ends, 0)[at])
    if pa.types.is_floating(column.type):
        column = _whole_numbers(column, sure)
    if column.type != pa.string():
        column = column.cast(pa.string(), safe=False)
    if not _is_valid_utf8(column):
        sure[:] = False
    offsets, data = string_buffers(column.fill_null("") if column.null_count else column)
    return TextColumn(data, offsets[:-1], offsets[1:])


def _whole_numbers(column: pa.Array, sure: Mask) -> pa.Array:
    """Floats as whole numbers; in a column of numbers with gaps, NaN is how data frames write a gap."""
    values = column.fill_null(math.nan).to_numpy(zero_copy_only=False)
    gaps = np.isnan(values)
    fits = (np.floor(values) == values) & (np.abs(values) <= NUMBER_LIMIT)
    sure &= gaps | fits
    return pa.array(np.where(fits, values, 0).astype(np.int64), mask=gaps)


def _value(name: str, scalar: pa.Scalar) -> object:
    """One value as JSON would give it."""
    if pa.types.is_timestamp(scalar.type):
        return None if not scalar.is_valid else scalar.value / 10 ** _DIGITS_OF_UNIT[scalar.type.unit]
    value = scalar.as_py()
    return None if name in NUMBER_FIELDS and isinstance(value, float) and math.isnan(value) else value


def _is_text(kind: pa.DataType) -> bool:
    return kind in (pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary())


def _is_valid_utf8(column: pa.Array) -> bool:
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _check_type(source: Source, name: str, kind: pa.DataType) -> None:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    usable = _is_text(kind) or pa.types.is_integer(kind)
    if name == "time":
        usable = usable or pa.types.is_floating(kind) or pa.types.is_timestamp(kind)
    if name in NUMBER_FIELDS:
        usable = usable or pa.types.is_floating(kind)
    if not usable and not pa.types.is_null(kind):
        wanted = "numbers, texts or timestamps" if name == "time" else "texts or whole numbers"
        raise LogError(source.path, f"the column {name} is of type {kind}", f"It must hold {wanted}")


def _refuse_nested_content(column: pa.Field) -> None:
    """Refuse a column, or a field inside a nested column, that is named like message content."""
    refuse_content(column.name)
    for i in range(column.type.num_fields):
        inner = column.type.field(i)
        _refuse_nested_content(inner)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
