"""The log contract, field by field: what a line must say to become an event.

This is the careful reading, one line at a time in plain Python. The compiled readers take only what they are
sure of and hand every other line to :func:`read_event`, so this page alone decides what is accepted, rejected
or refused.
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidegate.events.columns import (
    CONTENT_FIELDS,
    EVENT_TYPES,
    MISSING_FORWARDS,
    MISSING_INT,
    EventType,
    Reason,
)
from tidegate.events.errors import ContentRefused, Rejection, RejectReason
from tidegate.events.moment import TimeBounds, read_time
from tidegate.events.pseudonym import Pseudonyms

FIELDS = (
    "time",
    "type",
    "actor",
    "target",
    "chat",
    "members",
    "size",
    "ip",
    "device",
    "client",
    "phone",
    "forwards",
    "reason",
    "id",
)
"""The fields of the contract. The compiled readers know a field by its place in this list."""
REQUIRED = ("time", "type", "actor")

IDENTIFIER_LIMIT_BYTES = 255
LINE_LIMIT_BYTES = 64 * 1024
NUMBER_LIMIT = 2**31 - 1
FORWARDS_CAP = 254
QUOTED_CHARACTERS = 40

NEEDS_TARGET = frozenset(
    {
        EventType.BLOCK,
        EventType.UNBLOCK,
        EventType.REPORT,
        EventType.CONTACT,
        EventType.INVITE,
        EventType.LABEL,
    }
)
CONTRACT_TYPES = tuple(name for name, kind in EVENT_TYPES.items() if kind <= EventType.LABEL)
WRITTEN_BY_TIDEGATE = ("ruling", "campaign")
"""Kinds that Tidegate adds to a log of its own, which can be scanned again."""

_OF_MESSENGERS = {word: EVENT_TYPES[word] for word in CONTRACT_TYPES}
_WITH_OWN = _OF_MESSENGERS | {word: EVENT_TYPES[word] for word in WRITTEN_BY_TIDEGATE}
_KNOWN = frozenset(FIELDS)
_CONTENT_SPELLINGS = frozenset(name.replace("_", "") for name in CONTENT_FIELDS)
_WHOLE = re.compile(r"[0-9]+(\.0*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class ReadEvent:
    """One accepted event with the identifiers it came with."""

    row: tuple[float | int, ...]
    """In the order of :data:`~tidegate.events.columns.EVENT`."""
    actor: str
    target: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What every reader of a log needs: the keyed hash, the bounds of time, and which kinds are taken."""

    pseudonyms: Pseudonyms
    bounds: TimeBounds
    node_written: bool = True
    """Whether to take :data:`WRITTEN_BY_TIDEGATE` too. A messenger has no say in them."""

    @property
    def types(self) -> dict[str, EventType]:
        """The words that ``type`` may be."""
        return _WITH_OWN if self.node_written else _OF_MESSENGERS

    def keys(self) -> NDArray[np.uint64]:
        """The hash key as the compiled readers take it."""
        return np.array([self.pseudonyms.k0, self.pseudonyms.k1], np.uint64)


def is_content_field(name: str) -> bool:
    """Whether a field's name looks like message content: ``body``, ``Body`` and ``formatted-body`` all do."""
    return re.sub(r"[\W_]+", "", name.casefold()) in _CONTENT_SPELLINGS


def refuse_content(name: str) -> None:
    """Raise :class:`ContentRefused` when the name of a field looks like message content."""
    if name not in _KNOWN and is_content_field(name):
        raise ContentRefused(name)


def read_event(fields: Mapping[str, object], reading: Reading) -> ReadEvent:
    """Turn the fields of one line into an event; raises :class:`Rejection` with what would be right.

    Values are what JSON gives (or text, from CSV); ``None`` and the empty text mean *not supplied*. Fields
    outside the contract are ignored here: whoever splits the line calls :func:`refuse_content` on their
    names.
    """
    for name in REQUIRED:
        if fields.get(name) in (None, ""):
            raise Rejection(
                RejectReason.MISSING_FIELD, f"there is no {name}; every line needs time, type and actor"
            )
    time_s = read_time(fields["time"], reading.bounds)
    kind = _event_type(fields["type"], reading)
    text = {name: _identifier(fields.get(name), name) for name in ("actor", "target", "chat", "device", "id")}
    if not text["target"] and kind in NEEDS_TARGET:
        raise Rejection(
            RejectReason.MISSING_TARGET, f"a {kind.name.lower()} needs a target: the account it is about"
        )
    hashed = {name: reading.pseudonyms.one(value) if value else 0 for name, value in text.items()}
    members = _whole_number(fields.get("members"), "members", 1, MISSING_INT)
    size = _whole_number(fields.get("size"), "size", 0, MISSING_INT)
    forwarded = _whole_number(fields.get("forwards"), "forwards", 0, MISSING_INT)
    forwards = MISSING_FORWARDS if forwarded == MISSING_INT else min(forwarded, FORWARDS_CAP)
    client = _identifier(fields.get("client"), "client")
    row = (
        time_s,
        hashed["actor"],
        hashed["target"],
        hashed["chat"],
        _network(fields.get("ip"), reading.pseudonyms),
        hashed["device"],
        hashed["id"],
        reading.pseudonyms.client(client) if client else 0,
        _phone_range(fields.get("phone"), reading.pseudonyms),
        members,
        size,
        int(kind),
        forwards,
        int(_reason(fields.get("reason"), kind)),
        0,
        0,
    )
    return ReadEvent(row, text["actor"], text["target"])


def _event_type(value: object, reading: Reading) -> EventType:
    known = ", ".join(CONTRACT_TYPES)
    if not isinstance(value, str):
        raise Rejection(RejectReason.UNKNOWN_TYPE, f"the type is not a text; known types are {known}")
    types = reading.types
    kind = types.get(value)
    if kind is not None:
        return kind
    if value in EVENT_TYPES:
        raise Rejection(
            RejectReason.UNKNOWN_TYPE,
            f"{value!r} does not come through the log of a messenger: Tidegate writes it itself. "
            f"Known types are {known}",
        )
    nearest = difflib.get_close_matches(value[:QUOTED_CHARACTERS].lower(), types, n=1)
    hint = f"; did you mean {nearest[0]}?" if nearest else ""
    raise Rejection(
        RejectReason.UNKNOWN_TYPE, f"unknown type {value[:QUOTED_CHARACTERS]!r}{hint} Known types are {known}"
    )


def _identifier(value: object, name: str) -> str:
    """The identifier as text, empty when not supplied. A whole number is its decimal text."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Rejection(RejectReason.BAD_IDENTIFIER, f"{name} must be a text or a whole number")
    text = str(value)
    try:
        size_bytes = len(text.encode())
    except UnicodeEncodeError:
        raise Rejection(RejectReason.INVALID_UTF8, f"{name} holds half of a surrogate pair") from None
    if size_bytes > IDENTIFIER_LIMIT_BYTES:
        raise Rejection(
            RejectReason.BAD_IDENTIFIER,
            f"{name} is {size_bytes} bytes long; at most {IDENTIFIER_LIMIT_BYTES} are allowed",
        )
    return text


def _whole_number(value: object, name: str, least: int, missing: int) -> int:
    if value is None or value == "":
        return missing
    number: int | None = None
    if isinstance(value, str) and len(value) <= QUOTED_CHARACTERS and _WHOLE.fullmatch(value):
        number = int(value.split(".")[0])
    elif isinstance(value, float) and value.is_integer():
        number = int(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
    if number is None or not least <= number <= NUMBER_LIMIT:
        raise Rejection(
            RejectReason.BAD_NUMBER,
            f"{name} must be a whole number from {least} to {NUMBER_LIMIT}, or left out",
        )
    return number


def _network(value: object, pseudonyms: Pseudonyms) -> int:
    if value is None or value == "":
        return 0
    if not isinstance(value, str):
        raise Rejection(RejectReason.BAD_IP, "ip must be a text like 203.0.113.7 or 2001:db8::7")
    try:
        return pseudonyms.network(value)
    except ValueError as error:
        raise Rejection(RejectReason.BAD_IP, f"ip is {error}") from None


def _phone_range(value: object, pseudonyms: Pseudonyms) -> int:
    if value is None or value == "":
        return 0
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Rejection(RejectReason.BAD_PHONE, "phone must be a text like +4915112345678")
    try:
        return pseudonyms.phone_range(str(value))
    except ValueError as error:
        raise Rejection(RejectReason.BAD_PHONE, f"phone is {error}") from None


def _reason(value: object, kind: EventType) -> Reason:
    word = _identifier(value, "reason")
    if word == "abusive":
        return Reason.ABUSIVE
    if word == "legitimate":
        return Reason.LEGITIMATE
    if kind is EventType.LABEL:
        raise Rejection(RejectReason.BAD_REASON, "the reason of a label must be abusive or legitimate")
    return Reason.OTHER if word else Reason.NONE
