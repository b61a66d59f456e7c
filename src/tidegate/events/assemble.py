"""From places in text to events: what is certain becomes a record, other rows are left to be read carefully."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

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
from tidegate.events.compiled import compiled
from tidegate.events.contract import FIELDS, FORWARDS_CAP, IDENTIFIER_LIMIT_BYTES, NEEDS_TARGET, Reading
from tidegate.events.fields import (
    PREFIX_BYTES,
    UNSURE,
    Bytes,
    Mask,
    Places,
    hash_at,
    network_at,
    number_at,
    phone_prefix_end,
    seconds_at,
    short_hash,
)

_TIME, _TYPE, _ACTOR, _TARGET, _CHAT, _MEMBERS, _SIZE = (
    FIELDS.index(name) for name in ("time", "type", "actor", "target", "chat", "members", "size")
)
_IP, _DEVICE, _CLIENT, _PHONE, _FORWARDS, _REASON, _ID = (
    FIELDS.index(name) for name in ("ip", "device", "client", "phone", "forwards", "reason", "id")
)
_NEEDS_TARGET = np.zeros(len(EventType) + 1, np.bool_)
_NEEDS_TARGET[[int(kind) for kind in NEEDS_TARGET]] = True
_MESSAGE, _LABEL = int(EventType.MESSAGE), int(EventType.LABEL)
_ABUSIVE, _LEGITIMATE, _OTHER = int(Reason.ABUSIVE), int(Reason.LEGITIMATE), int(Reason.OTHER)

_MISSING_EVENT = np.zeros(1, EVENT)
_MISSING_EVENT["members"] = _MISSING_EVENT["size"] = MISSING_INT
_MISSING_EVENT["forwards"] = MISSING_FORWARDS

_NO_SECONDS = np.zeros(0, np.float64)
_NO_DATA = np.zeros(1, np.uint8)


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


class _Words(NamedTuple):
    """Words of the contract by their pseudonyms, and what each stands for."""

    keys: NDArray[np.uint64]
    """Of the hash."""
    hashes: NDArray[np.uint64]
    values: NDArray[np.uint8]

    @staticmethod
    def of(words: Mapping[str, int], reading: Reading) -> "_Words":
        """A table of these words."""
        hashes = np.array([reading.pseudonyms.one(word) for word in words], np.uint64)
        return _Words(reading.keys(), hashes, np.array(list(words.values()), np.uint8))


class Assembler:
    """Turns places of values into events for one file."""

    def __init__(self, reading: Reading, *, edges: bool = False) -> None:
        """``edges``: every row is a message from one account to another."""
        self._edges = edges
        self._bounds = reading.bounds
        self._types = _Words.of(reading.types, reading)
        self._reasons = _Words.of({"abusive": _ABUSIVE, "legitimate": _LEGITIMATE}, reading)

    def assemble(
        self, columns: Mapping[str, TextColumn], sure: Mask, seconds: NDArray[np.float64] | None = None
    ) -> NDArray[Any]:
        """Events of the rows that ``columns`` describe, by names of the contract.

        ``seconds`` are the times, where they are numbers already. Clears ``sure`` for rows that
        :func:`tidegate.events.contract.read_event` has to look at; their events mean nothing.
        """
        names = list(columns)
        empty = np.zeros((0, sure.size), np.int64)
        starts = np.stack([columns[name].starts for name in names]) if names else empty
        stops = np.stack([columns[name].ends for name in names]) if names else empty
        data = tuple(columns[name].data if name in columns else _NO_DATA for name in FIELDS)
        return self._made(data, starts, stops, places_of(names), sure, seconds)

    def rows(
        self,
        data: Bytes,
        starts: NDArray[np.int64],
        stops: NDArray[np.int64],
        fields: NDArray[np.int64],
        sure: Mask,
    ) -> NDArray[Any]:
        """The same for values that all stand in one text; ``starts``, ``stops`` as :meth:`Scanner.scan` notes them.

        ``fields``: see :func:`places_of`.
        """
        return self._made((data,) * len(FIELDS), starts, stops, fields, sure, None)

    def _made(
        self,
        data: tuple[Bytes, ...],
        starts: NDArray[np.int64],
        stops: NDArray[np.int64],
        fields: NDArray[np.int64],
        sure: Mask,
        seconds: NDArray[np.float64] | None,
    ) -> NDArray[Any]:
        events = np.empty(sure.size, EVENT)
        _assemble(
            data,
            starts,
            stops,
            fields,
            _NO_SECONDS if seconds is None else seconds,
            self._types,
            self._reasons,
            self._bounds.base_s,
            self._bounds.latest_s,
            self._edges,
            _MISSING_EVENT,
            events,
            sure,
        )
        return events


def places_of(names: list[str] | tuple[str, ...]) -> NDArray[np.int64]:
    """For each field of the contract, which of ``names`` it is; -1 when it is none of them."""
    return np.array([names.index(name) if name in names else -1 for name in FIELDS], np.int64)


# Field after field, each in a loop of its own: in one loop over the rows most of the time would go into counting
# references to the arrays.


@compiled
def _put_hashes(
    data: Bytes,
    starts: Places,
    stops: Places,
    keys: NDArray[np.uint64],
    out: NDArray[np.uint64],
    sure: Mask,
) -> None:
    """Pseudonyms; 0 where the field was not supplied."""
    for row in range(sure.size):
        start, stop = starts[row], stops[row]
        out[row] = hash_at(data, start, stop, keys)
        sure[row] &= stop - start <= IDENTIFIER_LIMIT_BYTES


@compiled
def _put_times(
    data: Bytes,
    starts: Places,
    stops: Places,
    base_s: float,
    latest_s: float,
    out: NDArray[np.float64],
    sure: Mask,
) -> None:
    for row in range(sure.size):
        time_s = seconds_at(data, starts[row], stops[row]) + base_s
        out[row] = time_s
        sure[row] &= EARLIEST_S <= time_s <= latest_s


@compiled
def _put_given_times(
    seconds: NDArray[np.float64], base_s: float, latest_s: float, out: NDArray[np.float64], sure: Mask
) -> None:
    for row in range(sure.size):
        time_s = seconds[row] + base_s
        out[row] = time_s
        sure[row] &= EARLIEST_S <= time_s <= latest_s


@compiled
def _put_numbers(
    data: Bytes, starts: Places, stops: Places, least: int, out: NDArray[np.int32], sure: Mask
) -> None:
    for row in range(sure.size):
        number = number_at(data, starts[row], stops[row], least)
        out[row] = number
        sure[row] &= number != UNSURE


@compiled
def _put_forwards(data: Bytes, starts: Places, stops: Places, out: NDArray[np.uint8], sure: Mask) -> None:
    for row in range(sure.size):
        number = number_at(data, starts[row], stops[row], 0)
        out[row] = MISSING_FORWARDS if number < 0 else min(number, FORWARDS_CAP)
        sure[row] &= number != UNSURE


@compiled
def _put_networks(
    data: Bytes, starts: Places, stops: Places, keys: NDArray[np.uint64], out: NDArray[np.uint64], sure: Mask
) -> None:
    text = np.empty(PREFIX_BYTES, np.uint8)
    groups = np.zeros(8, np.int64)
    for row in range(sure.size):
        start, stop = starts[row], stops[row]
        if stop > start:
            out[row] = network_at(data, start, stop, keys, text, groups)
            sure[row] &= out[row] != 0


@compiled
def _put_clients(
    data: Bytes, starts: Places, stops: Places, keys: NDArray[np.uint64], out: NDArray[np.uint32], sure: Mask
) -> None:
    for row in range(sure.size):
        start, stop = starts[row], stops[row]
        out[row] = short_hash(hash_at(data, start, stop, keys))
        sure[row] &= stop - start <= IDENTIFIER_LIMIT_BYTES


@compiled
def _put_phone_ranges(
    data: Bytes, starts: Places, stops: Places, keys: NDArray[np.uint64], out: NDArray[np.uint32], sure: Mask
) -> None:
    for row in range(sure.size):
        start, stop = starts[row], stops[row]
        if stop > start:
            cut = phone_prefix_end(data, start, stop)
            out[row] = short_hash(hash_at(data, start, cut, keys))
            sure[row] &= cut >= 0


@compiled
def _put_words(
    data: Bytes,
    starts: Places,
    stops: Places,
    words: _Words,
    other: int,
    out: NDArray[np.uint8],
    sure: Mask,
) -> None:
    """What each word stands for, ``other`` for an unknown one; left as it is where the field was not supplied."""
    keys, hashes, values = words.keys, words.hashes, words.values
    for row in range(sure.size):
        start, stop = starts[row], stops[row]
        sure[row] &= stop - start <= IDENTIFIER_LIMIT_BYTES
        if stop > start:
            hashed = hash_at(data, start, stop, keys)
            out[row] = other
            for i in range(hashes.size):
                if hashes[i] == hashed:
                    out[row] = values[i]
                    break


@compiled
def _check(events: NDArray[Any], edges: bool, sure: Mask) -> None:
    """Clear ``sure`` for events that do not say everything their type requires."""
    for row in range(sure.size):
        event = events[row]
        kind, reason = int(event.type), int(event.reason)
        sure[row] &= event.actor != 0 and kind != 0
        sure[row] &= event.target != 0 or not (edges or _NEEDS_TARGET[kind])
        sure[row] &= kind != _LABEL or reason in (_ABUSIVE, _LEGITIMATE)


@compiled
def _assemble(
    data: tuple[Bytes, ...],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    fields: NDArray[np.int64],
    seconds: NDArray[np.float64],
    types: _Words,
    reasons: _Words,
    base_s: float,
    latest_s: float,
    edges: bool,
    missing: NDArray[Any],
    events: NDArray[Any],
    sure: Mask,
) -> None:
    """See :meth:`Assembler.assemble`. ``missing``: an event of which nothing is known."""
    keys = types.keys
    for row in range(sure.size):
        events[row] = missing[0]
    at = fields[_ACTOR]
    if at >= 0:
        _put_hashes(data[_ACTOR], starts[at], stops[at], keys, events["actor"], sure)
    at = fields[_TARGET]
    if at >= 0:
        _put_hashes(data[_TARGET], starts[at], stops[at], keys, events["target"], sure)
    at = fields[_CHAT]
    if at >= 0:
        _put_hashes(data[_CHAT], starts[at], stops[at], keys, events["chat"], sure)
    at = fields[_DEVICE]
    if at >= 0:
        _put_hashes(data[_DEVICE], starts[at], stops[at], keys, events["device"], sure)
    at = fields[_ID]
    if at >= 0:
        _put_hashes(data[_ID], starts[at], stops[at], keys, events["id"], sure)
    at = fields[_TIME]
    if seconds.size:
        _put_given_times(seconds, base_s, latest_s, events["time"], sure)
    elif at >= 0:
        _put_times(data[_TIME], starts[at], stops[at], base_s, latest_s, events["time"], sure)
    else:
        sure[:] = False
    at = fields[_MEMBERS]
    if at >= 0:
        _put_numbers(data[_MEMBERS], starts[at], stops[at], 1, events["members"], sure)
    at = fields[_SIZE]
    if at >= 0:
        _put_numbers(data[_SIZE], starts[at], stops[at], 0, events["size"], sure)
    at = fields[_FORWARDS]
    if at >= 0:
        _put_forwards(data[_FORWARDS], starts[at], stops[at], events["forwards"], sure)
    at = fields[_IP]
    if at >= 0:
        _put_networks(data[_IP], starts[at], stops[at], keys, events["network"], sure)
    at = fields[_CLIENT]
    if at >= 0:
        _put_clients(data[_CLIENT], starts[at], stops[at], keys, events["client"], sure)
    at = fields[_PHONE]
    if at >= 0:
        _put_phone_ranges(data[_PHONE], starts[at], stops[at], keys, events["phone_range"], sure)
    at = fields[_REASON]
    if at >= 0:
        _put_words(data[_REASON], starts[at], stops[at], reasons, _OTHER, events["reason"], sure)
    at = fields[_TYPE]
    if edges:
        for row in range(sure.size):
            events[row].type = _MESSAGE
    elif at >= 0:
        _put_words(data[_TYPE], starts[at], stops[at], types, 0, events["type"], sure)
    _check(events, edges, sure)
