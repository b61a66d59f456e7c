"""The time of an event: Unix seconds, or RFC 3339 with an offset, to the nearest double and within bounds."""

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from tidegate.events.columns import EARLIEST_S
from tidegate.events.errors import Rejection, RejectReason

DAY_S = 86_400
TEN_YEARS_S = 10 * 365.25 * DAY_S
"""How far ahead of now an event may lie. Farther is a mistake: milliseconds, or a clock set wrong."""
MILLISECONDS_FROM_S = 1e11
"""A number of seconds this large lies in the year 5138; it was meant as milliseconds, or finer."""

RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,18}))?(?:([Zz])|([+-])(\d\d):(\d\d))", re.ASCII
)
WITHOUT_OFFSET = re.compile(r"\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?)?", re.ASCII)
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)

WANTED = "write Unix seconds, or RFC 3339 with an offset like 2026-03-01T12:00:00Z"


@dataclass(frozen=True, slots=True)
class TimeBounds:
    """Which times a file may carry, and what is added to them.

    ``base_s`` is 0 for absolute times. For an edge list that counts from its own start it is
    :data:`~tidegate.events.columns.EARLIEST_S`, so that relative times begin on 2000-01-01.
    """

    latest_s: float
    base_s: float = 0.0

    def place(self, seconds: float) -> float:
        """The event's time in Unix seconds; raises :class:`Rejection` when it is out of bounds."""
        time_s = seconds + self.base_s
        if not math.isfinite(time_s):
            raise _bad("the time is not a finite number")
        if time_s < EARLIEST_S:
            if seconds < 0:
                raise _bad("the time is negative")
            raise _bad("the time is before the year 2000")
        if time_s > self.latest_s:
            hint = "; these look like milliseconds" if seconds > MILLISECONDS_FROM_S else ""
            raise _bad(f"the time is more than ten years ahead of now{hint}")
        return time_s


def read_time(value: object, bounds: TimeBounds) -> float:
    """Unix seconds of a ``time`` field, correctly rounded to a double; raises :class:`Rejection`."""
    if isinstance(value, str):
        return bounds.place(_seconds_of_text(value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _bad("the time is neither a number nor a text")
    try:
        return bounds.place(float(value))
    except OverflowError:
        raise _bad("the time is more than ten years ahead of now") from None


def _seconds_of_text(text: str) -> float:
    if match := RFC3339.fullmatch(text):
        return _seconds_of_rfc3339(match)
    if NUMBER.fullmatch(text):
        return float(text)
    if WITHOUT_OFFSET.fullmatch(text):
        raise _bad("the time has no offset from UTC")
    if text.strip().lower().lstrip("+-") in {"nan", "inf", "infinity"}:
        raise _bad("the time is not a finite number")
    raise _bad("the time cannot be read")


def _seconds_of_rfc3339(match: re.Match[str]) -> float:
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction, _, sign, offset_hour, offset_minute = match.groups()[6:]
    # RFC 3339 permits a leap second; POSIX time has none, so :60 is the first second of the next minute.
    if hour > 23 or minute > 59 or second > 60:
        raise _bad("the time of day does not exist")
    try:
        midnight = datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        raise _bad("the date does not exist") from None
    days = midnight.toordinal() - datetime(1970, 1, 1).toordinal()
    whole = days * DAY_S + hour * 3600 + minute * 60 + second
    if sign:
        if int(offset_hour) > 23 or int(offset_minute) > 59:
            raise _bad("the offset from UTC does not exist")
        offset_s = int(offset_hour) * 3600 + int(offset_minute) * 60
        whole -= offset_s if sign == "+" else -offset_s
    if not fraction:
        return float(whole)
    # Dividing two whole numbers rounds once; adding a rounded fraction would round twice.
    unit: int = 10 ** len(fraction)
    return (whole * unit + int(fraction)) / unit


def _bad(found: str) -> Rejection:
    return Rejection(RejectReason.BAD_TIME, f"{found}; {WANTED}")
