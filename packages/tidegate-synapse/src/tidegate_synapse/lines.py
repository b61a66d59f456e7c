"""One event as one line of Tidegate's log contract (JSON), without ever touching content."""

import functools
import ipaddress
import json
from collections.abc import Mapping
from typing import Any

IDENTIFIER_LIMIT_BYTES = 255
"""What a node takes as an identifier; longer ones are left out (a device id) or cut (client software)."""

MESSAGE_TYPES = frozenset(
    {
        "m.room.encrypted",
        "m.room.message",
        "m.sticker",
        "m.poll.start",
        "org.matrix.msc3381.poll.start",
        "m.call.invite",
    }
)
"""Event types that reach a person's eye. Redactions, reactions and the rest of call signalling do not count."""

MEGOLM = "m.megolm.v1.aes-sha2"

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def event_line(time_s: float, kind: str, actor: str, **fields: str | int | None) -> bytes:
    """The line, without a line break. ``fields`` are those of the contract; those that are None are left out."""
    values: dict[str, str | int | float] = {"time": round(time_s, 3), "type": kind, "actor": actor}
    values |= {name: value for name, value in fields.items() if value is not None}
    return _encode(values).encode("utf-8", "replace")


def message_size(event_type: str, content: Mapping[str, Any]) -> int | None:
    """Bytes of ciphertext, or of text where a room is not encrypted; None when there is nothing to measure.

    The ciphertext is unpadded base64: four characters for three bytes. Only a length ever leaves this function.
    """
    if event_type == "m.room.encrypted":
        ciphertext = content.get("ciphertext")
        if isinstance(ciphertext, str):
            return len(ciphertext) * 3 // 4
        if isinstance(ciphertext, Mapping):  # Olm: one ciphertext for each device
            bodies = [one.get("body") for one in ciphertext.values() if isinstance(one, Mapping)]
            return sum(len(body) * 3 // 4 for body in bodies if isinstance(body, str))
        return None
    body = content.get("body")
    return len(body.encode("utf-8", "replace")) if isinstance(body, str) else None


@functools.lru_cache(maxsize=8192)
def network_address(text: str | None) -> str | None:
    """The address as the contract takes it; None when it is none (a Unix socket, a proxy's placeholder)."""
    if not text:
        return None
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


@functools.lru_cache(maxsize=8192)
def client_software(user_agent: str | None) -> str | None:
    """The user agent, cut to what a node takes."""
    if not user_agent:
        return None
    return user_agent.encode("utf-8", "replace")[:IDENTIFIER_LIMIT_BYTES].decode("utf-8", "ignore")


def identifier(text: object) -> str | None:
    """A device id as the contract takes it; None when there is none or it is too long."""
    if not isinstance(text, str) or not text or len(text.encode("utf-8", "replace")) > IDENTIFIER_LIMIT_BYTES:
        return None
    return text


def phone_number(interactive_results: Mapping[str, Any]) -> str | None:
    """The E.164 number proven during sign-up; None when there was none.

    Matrix keeps numbers without the plus sign (Client-Server API, "msisdn").
    """
    proof = interactive_results.get("m.login.msisdn")
    address = proof.get("address") if isinstance(proof, Mapping) else None
    if not isinstance(address, str) or not address.isdecimal():
        return None
    return f"+{address}"


def ignored_difference(
    before: frozenset[str], content: Mapping[str, Any]
) -> tuple[frozenset[str], frozenset[str]]:
    """``(newly ignored, no longer ignored)`` from ``m.ignored_user_list`` as it is now."""
    listed = content.get("ignored_users")
    now = frozenset(listed) if isinstance(listed, Mapping) else frozenset[str]()
    return now - before, before - now
