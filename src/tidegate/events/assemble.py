"""From columns of text to events: what is certain becomes a record, other rows are read carefully."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.events.columns import (
    EARLIEST_S,
    EVENT,
    MISSING_FORWARDS,
    MISSING_INT,
    EventType,
    Reason,
)
from tidegate.events.contract import FORWARDS_CAP, IDENTIFIER_LIMIT_BYTES, NEEDS_TARGET, NUMBER_LIMIT, Reading
from tidegate.events.fields import Bytes, Mask, Places, hash_places, read_networks, read_numbers, read_times
from tidegate.events.pseudonym import LOW_32_BITS, PHONE_DIGITS_DROPPED

PHONE_DIGITS_LEAST, PHONE_DIGITS_MOST = 7, 15
_PLUS = ord("+")
_IDENTIFIERS = ("actor", "target", "chat", "device", "id")
_NEEDS_TARGET = np.zeros(len(EventType) + 1, np.bool_)
_NEEDS_TARGET[[int(kind) for kind in NEEDS_TARGET]] = True

_EVENT_WORDS = EVENT.itemsize // 8
_MISSING_EVENT = np.zeros(1, EVENT)
_MISSING_EVENT["members"] = _MISSING_EVENT["size"] = MISSING_INT
_MISSING_EVENT["forwards"] = MISSING_FORWARDS


@dataclass(frozen=True, slots=True)
class TextColumn:
    """One field of many rows: row ``i`` says ``data[starts[i]:ends[i]]``, nothing when that is empty."""

    data: Bytes
    starts: Places
    ends: Places

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Bytes of each value."""
        return self.ends - self.starts


class Assembler:
    """Turns columns into events for one file."""

    def __init__(self, reading: Reading, *, edges: bool = False) -> None:
        """``edges``: every row is a message from one account to another."""
        self._edges = edges
        self._keys = reading.keys()
        self._bounds = reading.bounds
        words = {word: int(kind) for word, kind in reading.types.items()}
        self._types = _WordTable(words, reading)
        self._reasons = _WordTable(
            {"abusive": int(Reason.ABUSIVE), "legitimate": int(Reason.LEGITIMATE)}, reading
        )

    def assemble(
        self, columns: Mapping[str, TextColumn], sure: Mask, seconds: NDArray[np.float64] | None = None
    ) -> NDArray[Any]:
        """Events of the rows that ``columns`` describe, by names of the contract.

        ``seconds`` are the times, where they are numbers already. Clears ``sure`` for rows that
        :func:`tidegate.events.contract.read_event` has to look at; their events mean nothing.
        """
        events = np.empty(sure.size, EVENT)
        # The same record over and over, written as whole words: many times faster than np.full of a record.
        events.view(np.uint64).reshape(-1, _EVENT_WORDS)[:] = _MISSING_EVENT.view(np.uint64)
        for name in _IDENTIFIERS:
            if name in columns:
                events[name] = self._pseudonyms(columns[name], sure)
        if seconds is None:
            seconds = _seconds(columns.get("time"), sure.size)
        self._put_times(events, seconds, sure)
        if self._edges:
            events["type"] = int(EventType.MESSAGE)
            sure &= events["target"] != 0
        elif "type" in columns:
            events["type"] = self._types.look_up(self._pseudonyms(columns["type"], sure))
        for name, least, most in (("members", 1, NUMBER_LIMIT), ("size", 0, NUMBER_LIMIT)):
            if name in columns:
                events[name] = _numbers(columns[name], least, most, MISSING_INT, sure)
        if "forwards" in columns:
            forwards = _numbers(columns["forwards"], 0, NUMBER_LIMIT, MISSING_INT, sure)
            events["forwards"] = np.where(forwards < 0, MISSING_FORWARDS, np.minimum(forwards, FORWARDS_CAP))
        if "ip" in columns:
            ip = columns["ip"]
            networks = np.empty(sure.size, np.uint64)
            read_networks(ip.data, ip.starts, ip.ends, self._keys, networks, sure)
            events["network"] = networks
        if "client" in columns:
            events["client"] = _short(self._pseudonyms(columns["client"], sure))
        if "phone" in columns:
            events["phone_range"] = self._phone_ranges(columns["phone"], sure)
        if "reason" in columns:
            words = self._pseudonyms(columns["reason"], sure)
            known = self._reasons.look_up(words)
            events["reason"] = np.where((words != 0) & (known == 0), int(Reason.OTHER), known)
        _check(events, sure)
        return events

    def _pseudonyms(self, column: TextColumn, sure: Mask) -> NDArray[np.uint64]:
        hashed = np.empty(column.starts.size, np.uint64)
        hash_places(column.data, column.starts, column.ends, self._keys, hashed)
        sure &= column.lengths <= IDENTIFIER_LIMIT_BYTES
        return hashed

    def _put_times(self, events: NDArray[Any], seconds: NDArray[np.float64], sure: Mask) -> None:
        time_s = seconds + self._bounds.base_s
        events["time"] = time_s
        sure &= (time_s >= EARLIEST_S) & (time_s <= self._bounds.latest_s)

    def _phone_ranges(self, column: TextColumn, sure: Mask) -> NDArray[np.uint32]:
        """A number with its plus is hashed up to its last four digits; any other is looked at carefully."""
        given = column.lengths > 0
        digits = np.empty(column.starts.size, np.int64)
        first = column.starts + 1
        read_numbers(column.data, first, column.ends, digits)
        count = column.lengths - 1
        valid = (digits >= 0) & (count >= PHONE_DIGITS_LEAST) & (count <= PHONE_DIGITS_MOST)
        valid[given] &= column.data[column.starts[given]] == _PLUS
        # No country code begins with 0: the number must have as many digits as it has characters.
        valid &= digits >= 10 ** np.clip(count - 1, 0, PHONE_DIGITS_MOST).astype(np.int64)
        sure &= valid | ~given
        cut = np.where(valid, column.ends - PHONE_DIGITS_DROPPED, column.starts)
        return _short(self._pseudonyms(TextColumn(column.data, column.starts, cut), sure))


def _seconds(column: TextColumn | None, count: int) -> NDArray[np.float64]:
    seconds = np.full(count, np.nan)
    if column is not None:
        read_times(column.data, column.starts, column.ends, seconds)
    return seconds


class _WordTable:
    """Finds which of a few words a pseudonym stands for."""

    def __init__(self, words: Mapping[str, int], reading: Reading) -> None:
        hashes = np.array([reading.pseudonyms.one(word) for word in words], np.uint64)
        order = np.argsort(hashes)
        self._hashes = hashes[order]
        self._values = np.array(list(words.values()), np.uint8)[order]

    def look_up(self, hashes: NDArray[np.uint64]) -> NDArray[np.uint8]:
        """The value of each word, 0 for unknown ones."""
        at = np.minimum(np.searchsorted(self._hashes, hashes), self._hashes.size - 1)
        return np.where(self._hashes[at] == hashes, self._values[at], np.uint8(0))


def _numbers(column: TextColumn, least: int, most: int, missing: int, sure: Mask) -> NDArray[np.int64]:
    numbers = np.empty(column.starts.size, np.int64)
    read_numbers(column.data, column.starts, column.ends, numbers)
    absent = column.lengths == 0
    numbers[absent] = missing
    sure &= absent | ((numbers >= least) & (numbers <= most))
    return numbers


def _short(hashes: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """32-bit pseudonyms, 0 only where there was nothing."""
    low = (hashes & np.uint64(LOW_32_BITS)).astype(np.uint32)
    return np.where((low == 0) & (hashes != 0), np.uint32(1), low)


def _check(events: NDArray[Any], sure: Mask) -> None:
    """Clear ``sure`` for events that do not say everything their type requires."""
    kinds = events["type"]
    sure &= (events["actor"] != 0) & (kinds != 0)
    sure &= (events["target"] != 0) | ~_NEEDS_TARGET[kinds]
    labels = kinds == int(EventType.LABEL)
    if labels.any():
        reasons = events["reason"]
        sure &= ~labels | (reasons == int(Reason.ABUSIVE)) | (reasons == int(Reason.LEGITIMATE))
