"""Compiled reading of single values: from places in bytes to times, numbers, pseudonyms and networks.

Every function here either is sure of a value, or says that it is not and leaves the row to
:func:`tidegate.events.contract.read_event`, which reads it carefully. Being unsure is never wrong, only
slower; a property test holds the two against each other. A value stands at ``data[start:end]``; where start
and end are the same, the field was not supplied.
"""

import numpy as np
from numpy.typing import NDArray

from tidegate.events.columns import MISSING_INT
from tidegate.events.compiled import compiled, inlined
from tidegate.events.contract import NUMBER_LIMIT
from tidegate.events.pseudonym import LOW_32_BITS, PHONE_DIGITS_DROPPED, siphash

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Mask = NDArray[np.bool_]

_ZERO, _NINE, _POINT, _COLON, _PLUS, _MINUS, _LOWER_A = 48, 57, 46, 58, 43, 45, 97
_MONTH_DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int64)
_TENS = 10 ** np.arange(19, dtype=np.int64)
_DIGITS_LIMIT = 18
_EXACT_DIGITS = 15
_FRACTION_DIGITS = 12
PREFIX_BYTES = 32
"""Room for the longest network."""
PHONE_DIGITS_LEAST, PHONE_DIGITS_MOST = 7, 15
UNSURE = -2
_LOW_32_BITS = np.uint64(LOW_32_BITS)


@compiled
def digits_at(data: Bytes, start: int, end: int) -> int:
    """The number that ``data[start:end]`` spells in decimal digits; -1 for anything else or over 18."""
    if end <= start or end - start > _DIGITS_LIMIT:
        return -1
    value = 0
    for i in range(start, end):
        digit = int(data[i]) - _ZERO
        if digit < 0 or digit > 9:
            return -1
        value = value * 10 + digit
    return value


@compiled
def exact_seconds(whole: int, fraction: int, digits: int) -> float:
    """``whole + fraction / 10**digits`` rounded once, to the nearest double; NaN when unsure.

    Up to 15 digits in all, numerator and power of ten are exact doubles and one division rounds correctly
    (Clinger, PLDI 1990). A clock prints 16 or 17; for times from 1987 to 2242 the fraction is then rounded to
    the double's last place in whole numbers.
    """
    if digits == 0:
        return float(whole)
    unit = _TENS[digits]
    if 0 <= whole < _TENS[max(_EXACT_DIGITS - digits, 0)]:
        return float(whole * unit + fraction) / float(unit)
    if whole < 1 << 29 or whole >= 1 << 33:
        return np.nan
    shift = 23
    while whole >> (52 - shift) > 1:
        shift -= 1
    scaled = fraction << shift
    quotient = scaled // unit
    # There are no ties to think about: half of a double's last place has at least 21 decimals.
    if 2 * (scaled - quotient * unit) > unit:
        quotient += 1
    return float((whole << shift) + quotient) / float(1 << shift)


@compiled
def number_seconds(data: Bytes, start: int, end: int) -> float:
    """Seconds written as a plain decimal number; NaN when unsure."""
    point = start
    while point < end and data[point] != _POINT:
        point += 1
    whole = digits_at(data, start, point)
    if whole < 0 or point - start > _EXACT_DIGITS:
        return np.nan
    if point == end:
        return float(whole)
    fraction = digits_at(data, point + 1, end)
    if fraction < 0 or end - point - 1 > _FRACTION_DIGITS:
        return np.nan
    return exact_seconds(whole, fraction, end - point - 1)


@compiled
def civil_seconds(year: int, month: int, day: int) -> int:
    """Unix seconds of midnight UTC; -1 before 1970 or for no date (H. Hinnant, ``days_from_civil``)."""
    if month < 1 or month > 12 or day < 1 or year < 1970:
        return -1
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if day > _MONTH_DAYS[month - 1] and not (leap and month == 2 and day == 29):
        return -1
    shifted = year - 1 if month <= 2 else year
    of_era = shifted % 400
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    days = shifted // 400 * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468
    return days * 86_400


@compiled
def rfc3339_seconds(data: Bytes, start: int, end: int) -> float:
    """Seconds of ``YYYY-MM-DDTHH:MM:SS[.f](Z|+HH:MM|-HH:MM)``; NaN when unsure."""
    if end - start < 20 or data[start + 4] != _MINUS or data[start + 7] != _MINUS:
        return np.nan
    separator = int(data[start + 10])
    if (
        (separator | 32 != 116 and separator != 32)
        or data[start + 13] != _COLON
        or data[start + 16] != _COLON
    ):
        return np.nan
    year, month = digits_at(data, start, start + 4), digits_at(data, start + 5, start + 7)
    day, hour = digits_at(data, start + 8, start + 10), digits_at(data, start + 11, start + 13)
    minute, second = digits_at(data, start + 14, start + 16), digits_at(data, start + 17, start + 19)
    midnight = civil_seconds(year, month, day)
    if midnight < 0 or hour < 0 or hour > 23 or minute < 0 or minute > 59 or second < 0 or second > 60:
        return np.nan
    at, fraction, digits = start + 19, 0, 0
    if data[at] == _POINT:
        at += 1
        while at < end and _ZERO <= data[at] <= _NINE:
            at += 1
        digits = at - start - 20
        fraction = digits_at(data, start + 20, at)
        if fraction < 0 or digits > _FRACTION_DIGITS or at >= end:
            return np.nan
    offset = 0
    if end - at == 6 and data[at + 3] == _COLON:
        offset_hour, offset_minute = digits_at(data, at + 1, at + 3), digits_at(data, at + 4, at + 6)
        if offset_hour < 0 or offset_hour > 23 or offset_minute < 0 or offset_minute > 59:
            return np.nan
        offset = offset_hour * 3600 + offset_minute * 60
        if data[at] == _PLUS:
            offset = -offset
        elif data[at] != _MINUS:
            return np.nan
    elif end - at != 1 or int(data[at]) | 32 != 122:
        return np.nan
    return exact_seconds(midnight + hour * 3600 + minute * 60 + second + offset, fraction, digits)


@inlined
def seconds_at(data: Bytes, start: int, end: int) -> float:
    """Seconds in either form; NaN when unsure."""
    if end - start > 4 and data[start + 4] == _MINUS:
        return rfc3339_seconds(data, start, end)
    return number_seconds(data, start, end)


@inlined
def number_at(data: Bytes, start: int, end: int, least: int) -> int:
    """A whole number from ``least`` to :data:`NUMBER_LIMIT`; :data:`MISSING_INT` or :data:`UNSURE`."""
    if end == start:
        return MISSING_INT
    number = digits_at(data, start, end)
    return number if least <= number <= NUMBER_LIMIT else UNSURE


@inlined
def hash_at(data: Bytes, start: int, end: int, keys: NDArray[np.uint64]) -> np.uint64:
    """The pseudonym; 0 where the field was not supplied."""
    return siphash(keys[0], keys[1], data, start, end) if end > start else np.uint64(0)


@inlined
def short_hash(hashed: np.uint64) -> np.uint32:
    """The 32-bit pseudonym, 0 only where there was nothing."""
    low = np.uint32(hashed & _LOW_32_BITS)
    return np.uint32(1) if low == 0 and hashed != 0 else low


@inlined
def phone_prefix_end(data: Bytes, start: int, end: int) -> int:
    """Where a number with its plus ends without its last four digits; -1 when unsure."""
    count = end - start - 1
    if data[start] != _PLUS or count < PHONE_DIGITS_LEAST or count > PHONE_DIGITS_MOST:
        return -1
    # No country code begins with 0: the number must have as many digits as it has characters.
    if digits_at(data, start + 1, end) < _TENS[count - 1]:
        return -1
    return end - PHONE_DIGITS_DROPPED


@compiled
def ipv4_prefix(data: Bytes, start: int, end: int, text: Bytes) -> int:
    """Write ``a.b.c.0/24`` of a dotted IPv4 address to ``text``; return its length, 0 when unsure."""
    at, length = start, 0
    for part in range(4):
        first, value = at, 0
        while at < end and at - first < 3 and _ZERO <= data[at] <= _NINE:
            value = value * 10 + int(data[at]) - _ZERO
            at += 1
        if at == first or value > 255 or (data[first] == _ZERO and at - first > 1):
            return 0
        if part == 3:
            break
        if at >= end or data[at] != _POINT:
            return 0
        at += 1
        for i in range(first, at):
            text[length] = data[i]
            length += 1
    if at != end:
        return 0
    for byte in (48, 47, 50, 52):  # 0/24
        text[length] = byte
        length += 1
    return length


@compiled
def ipv6_groups(data: Bytes, start: int, end: int, groups: NDArray[np.int64]) -> bool:
    """Read the first three groups of an IPv6 address; False when unsure."""
    count, gap, at = 0, -1, start
    if data[start] == _COLON:
        # Only ``::`` may begin an address, and what begins with zeros may be IPv4 inside.
        return False
    while at < end:
        first, value = at, 0
        while at < end and at - first < 4:
            digit = int(data[at]) - _ZERO
            if digit > 9:
                letter = (int(data[at]) | 32) - _LOWER_A
                digit = letter + 10 if 0 <= letter <= 5 else -1
            if digit < 0:
                break
            value = value * 16 + digit
            at += 1
        if at == first or count == 8:
            return False
        groups[count] = value
        count += 1
        if at == end:
            break
        if data[at] != _COLON or at + 1 == end:
            return False
        at += 1
        if data[at] == _COLON:
            if gap >= 0:
                return False
            gap = count
            at += 1
    if gap >= 0:
        for i in range(2, gap - 1, -1):
            skipped = i - (8 - count)
            groups[i] = groups[skipped] if skipped >= gap else 0
    return (gap < 0) == (count == 8) and groups[0] != 0


@compiled
def ipv6_prefix(groups: NDArray[np.int64], text: Bytes) -> int:
    """Write a /48 to ``text`` as RFC 5952 has it, like ``2001:db8:7::/48``; return its length."""
    kept = 3
    while kept > 1 and groups[kept - 1] == 0:
        kept -= 1
    length = 0
    for i in range(kept):
        started = False
        for place in range(4):
            digit = (groups[i] >> (12 - 4 * place)) & 15
            started = started or digit > 0 or place == 3
            if started:
                text[length] = digit + (_ZERO if digit < 10 else _LOWER_A - 10)
                length += 1
        text[length] = _COLON
        length += 1
    for byte in (58, 47, 52, 56):  # the second colon and /48
        text[length] = byte
        length += 1
    return length


@inlined
def network_at(
    data: Bytes, start: int, end: int, keys: NDArray[np.uint64], text: Bytes, groups: NDArray[np.int64]
) -> np.uint64:
    """The pseudonym of the network of an IP address; 0 when unsure.

    ``text``, of :data:`PREFIX_BYTES`, and ``groups``, of 8, are room to work in.
    """
    length = ipv4_prefix(data, start, end, text)
    if length == 0 and ipv6_groups(data, start, end, groups):
        length = ipv6_prefix(groups, text)
    if length == 0:
        return np.uint64(0)
    # A zero that is no literal, for which siphash would be compiled once more.
    return siphash(keys[0], keys[1], text, start - start, length)
