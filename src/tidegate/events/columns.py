"""The columns of an event: the one record every later room reads.

An event is who did what to whom, when, from which network and device. Identifiers are already pseudonyms
(64-bit keyed hashes, see :mod:`tidegate.events.pseudonym`); 0 means *not supplied*. There is no column for
message content.
"""

from enum import IntEnum

import numpy as np

MISSING_INT = -1
"""``members`` and ``size`` when the log does not say."""
MISSING_FORWARDS = 255
"""``forwards`` when the log does not say."""
EARLIEST_S = 946_684_800.0
"""2000-01-01T00:00:00Z. An absolute time before this is a mistake."""


class EventType(IntEnum):
    """What happened. The names are the words of the log contract (``docs/log-format.md``)."""

    REGISTER = 1
    LOGIN = 2
    MESSAGE = 3
    TYPING = 4
    READ = 5
    GROUP_CREATE = 6
    INVITE = 7
    JOIN = 8
    LEAVE = 9
    BLOCK = 10
    UNBLOCK = 11
    REPORT = 12
    CONTACT = 13
    LABEL = 14
    RULING = 15
    POLICY = 16
    CAMPAIGN = 17
    # Only a running node writes these, into its own journal; no reader of logs takes them.
    TICK = 18  # the node's clock
    PROOF = 19  # the holder of ``actor`` has passed a challenge
    ERASURE = 20  # ``actor`` is to be forgotten


EVENT_TYPES: dict[str, EventType] = {kind.name.lower(): kind for kind in EventType}


class Reason(IntEnum):
    """The ``reason`` of a report, label or ruling, as far as the engine distinguishes it."""

    NONE = 0
    ABUSIVE = 1
    LEGITIMATE = 2
    OTHER = 3


EVENT = np.dtype(
    [
        ("time", np.float64),  # Unix seconds
        ("actor", np.uint64),  # account that did it; never 0
        ("target", np.uint64),  # the other account, 0 when there is none
        ("chat", np.uint64),  # conversation, 0 when unknown
        ("network", np.uint64),  # pseudonym of the IP prefix (IPv4 /24, IPv6 /48), 0 when unknown
        ("device", np.uint64),  # device id, 0 when unknown
        ("id", np.uint64),  # the log's own unique id, 0 when it has none
        ("client", np.uint32),  # client software, 0 when unknown
        ("phone_range", np.uint32),  # E.164 number without its last 4 digits, 0 when unknown
        ("members", np.int32),  # members of the conversation, -1 when unknown
        ("size", np.int32),  # bytes of ciphertext, -1 when unknown
        ("type", np.uint8),  # EventType
        ("forwards", np.uint8),  # times forwarded before, capped at 254; 255 when unknown
        ("reason", np.uint8),  # Reason
        ("flags", np.uint8),  # reserved for the reader, 0
        ("reserved", np.uint32),  # pads the record to 80 bytes
    ]
)
"""One event, 80 bytes. Arrays of this dtype, sorted by time, are what readers yield and the engine
observes."""

CONTENT_FIELDS = frozenset(
    {
        "body",
        "text",
        "content",
        "message",
        "msg",
        "plaintext",
        "caption",
        "subject",
        "html",
        "formatted_body",
        "payload",
        "media",
        "attachment",
    }
)
"""Field names that look like message content. A log that carries one is refused: Tidegate must never hold
it."""
