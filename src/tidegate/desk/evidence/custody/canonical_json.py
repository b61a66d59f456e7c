"""The one JSON text of a value, so that its digest can be made again by anybody."""

import json
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from typing import Any


def canonical(value: Any) -> str:
    """ASCII, keys in order, no spaces, moments in UTC with microseconds. Raises TypeError on what is not JSON."""
    return json.dumps(
        value, default=_plain, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )


def pretty(value: Any) -> str:
    """The same for people: indented, with a newline at the end."""
    return (
        json.dumps(value, default=_plain, sort_keys=True, indent=1, ensure_ascii=True, allow_nan=False) + "\n"
    )


def moment(at: datetime) -> str:
    """A moment as the files write it. Raises ValueError when it has no offset."""
    if at.utcoffset() is None:
        raise ValueError(f"{at.isoformat()} has no time zone: evidence is dated with one")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no canonical JSON")
