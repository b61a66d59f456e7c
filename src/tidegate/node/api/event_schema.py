"""One event of the log contract as a JSON schema. docs/log-format.md says the same in prose."""

import json
from typing import Any

from tidegate.events.columns import CONTENT_FIELDS
from tidegate.events.contract import CONTRACT_TYPES, FIELDS, IDENTIFIER_LIMIT_BYTES, NUMBER_LIMIT, REQUIRED

_EARLIEST_S = 946_684_800
"""The year 2000."""
_MEANINGS = {
    "time": "When it happened: RFC 3339 with an offset, or Unix seconds.",
    "type": "What happened.",
    "actor": "The account that did it.",
    "target": "The other account.",
    "chat": "Conversation id.",
    "members": "Members of that conversation.",
    "size": "Bytes of ciphertext.",
    "ip": "Network address; only its prefix is kept.",
    "device": "Device id.",
    "client": "Client software.",
    "phone": "E.164 number, on `register`; only its range is kept.",
    "forwards": "How often the message had been forwarded before.",
    "reason": "On `report` a word; on `label` abusive or legitimate.",
    "id": "The messenger's own unique id of this event: the same id twice counts once.",
}


_IDENTIFIER = {"type": ["string", "integer", "null"], "maxLength": IDENTIFIER_LIMIT_BYTES}


def _number(least: int) -> dict[str, Any]:
    return {"type": ["integer", "null"], "minimum": least, "maximum": NUMBER_LIMIT}


_KINDS: dict[str, dict[str, Any]] = {
    "time": {
        "anyOf": [
            {"type": "string", "format": "date-time"},
            {"type": "number", "minimum": _EARLIEST_S},
        ]
    },
    "type": {"type": "string", "enum": list(CONTRACT_TYPES)},
    "actor": {"type": ["string", "integer"], "minLength": 1, "maxLength": IDENTIFIER_LIMIT_BYTES},
    "target": _IDENTIFIER,
    "chat": _IDENTIFIER,
    "members": _number(1),
    "size": _number(0),
    "ip": {"type": ["string", "null"], "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}, {"const": ""}]},
    "device": _IDENTIFIER,
    "client": _IDENTIFIER,
    "phone": {"type": ["string", "null"], "pattern": r"^(\+[1-9][0-9]{6,14})?$"},
    "forwards": _number(0),
    "reason": _IDENTIFIER,
    "id": _IDENTIFIER,
}

EVENT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": list(REQUIRED),
    "properties": {name: {**_KINDS[name], "description": _MEANINGS[name]} for name in FIELDS},
    # Fields outside the contract are passed over; those that look like message content are refused.
    "propertyNames": {"not": {"enum": sorted(CONTENT_FIELDS)}},
}
EVENT_EXAMPLE = json.dumps(
    {
        "time": "2026-03-01T09:04:12Z",
        "type": "message",
        "actor": "@ann:example.org",
        "target": "@bob:example.org",
        "chat": "!c1:example.org",
        "members": 2,
        "size": 212,
    }
)
LINES_EXAMPLE = EVENT_EXAMPLE + "\n"
