"""The report as files: CSV (RFC 4180) and JSON with the same figures, and the schema of the latter."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from tidegate.desk.transparency.measures import ALL, MEASURES, NOT_COUNTED, RUNG_MEANS, RUNGS, SCHEMA_VERSION
from tidegate.desk.transparency.protection import FEW, LEAST_FOR_TIMES, LEAST_LOOKED_AT, STEP, WORDS, Value
from tidegate.desk.transparency.report import Published

COLUMNS = ("schema_version", "month", "complete", "measure", "rung", "value", "unit")
_UNITS = {measure.name: str(measure.unit) for measure in MEASURES}
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How a cell begins that a spreadsheet would run."""


def csv_of(months: Sequence[Published]) -> str:
    """A header and a row for each figure, with CRLF; an empty value: not enough to tell."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n", quoting=csv.QUOTE_MINIMAL)
    writer.writerow(COLUMNS)
    for month in months:
        for one in month.figures:
            writer.writerow(
                cell(value)
                for value in (
                    SCHEMA_VERSION,
                    one.month,
                    "yes" if one.complete else "no",
                    one.measure,
                    one.rung,
                    shown(one.value),
                    _UNITS[one.measure],
                )
            )
    return out.getvalue()


def shown(value: Value) -> str:
    """A value as text, the same in every file and on the page."""
    return "" if value is None else str(value)


def cell(text: str) -> str:
    """With an apostrophe before what a spreadsheet would otherwise run."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def json_of(months: Sequence[Published], service: str) -> str:
    """Everything that :func:`schema` describes."""
    said = {
        "schema_version": SCHEMA_VERSION,
        "service": service,
        "made": max(month.made for month in months).isoformat(timespec="seconds"),
        "months": [
            {"month": str(month.month), "complete": month.complete, "estimation_method": month.method or None}
            for month in months
        ],
        "rounding": WORDS,
        "not_counted": list(NOT_COUNTED),
        "rungs": [{"rung": rung.word, "meaning": RUNG_MEANS[rung]} for rung in RUNGS],
        "measures": [
            {
                "measure": measure.name,
                "title": measure.title,
                "meaning": measure.meaning,
                "unit": str(measure.unit),
                "per_rung": measure.per_rung,
            }
            for measure in MEASURES
        ],
        "figures": [
            {"month": one.month, "measure": one.measure, "rung": one.rung, "value": one.value}
            for month in months
            for one in month.figures
        ],
    }
    return json.dumps(said, ensure_ascii=False, indent=1) + "\n"


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the JSON file."""
    month = {"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$"}
    words = {"type": "string", "minLength": 1}
    rungs = [rung.word for rung in RUNGS]
    value = {
        "description": f"A count is rounded to {STEP}, or '{FEW}'; null: fewer than {LEAST_FOR_TIMES} appeals were "
        f"decided or fewer than {LEAST_LOOKED_AT} actions looked at again.",
        "anyOf": [{"type": "number", "minimum": 0}, {"const": FEW}, {"type": "null"}],
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Transparency report",
        **_object(
            schema_version={"const": SCHEMA_VERSION},
            service={"type": "string"},
            made={"type": "string", "format": "date-time"},
            months=_list(
                month=month,
                complete={"type": "boolean"},
                estimation_method={"type": ["string", "null"]},
            ),
            rounding=words,
            not_counted={"type": "array", "items": words},
            rungs=_list(rung={"enum": rungs}, meaning=words),
            measures=_list(
                measure={"enum": list(_UNITS)},
                title=words,
                meaning=words,
                unit={"enum": sorted(set(_UNITS.values()))},
                per_rung={"type": "boolean"},
            ),
            figures=_list(
                month=month, measure={"enum": list(_UNITS)}, rung={"enum": [*rungs, ALL]}, value=value
            ),
        ),
    }


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(**properties: Any) -> dict[str, Any]:
    return {"type": "array", "items": _object(**properties)}
