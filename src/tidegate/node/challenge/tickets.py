"""Tickets: what a node promises in a link, written into the link itself and signed.

A ticket carries all that is to be known about it, so giving one out stores nothing: however often a messenger asks, no
table grows, and a restart forgets none. Only those that were *used* are remembered (:mod:`.passes`).
"""

import base64
import binascii
import hashlib
import hmac
import os
from dataclasses import dataclass
from enum import IntEnum

ID_BYTES = 16
MAC_BYTES = 16
"""128 bits of HMAC-SHA256: nobody guesses them, and the link stays short."""
_TIME_BYTES = 6
_BODY_BYTES = 1 + ID_BYTES + 8 + 2 * _TIME_BYTES + 1
TICKET_CHARACTERS = (_BODY_BYTES + MAC_BYTES) * 4 // 3
"""72: whole groups of three bytes, so that base64 leaves no spare bits and a ticket has exactly one spelling."""


class Kind(IntEnum):
    """What a ticket is good for. One kind is never taken for another."""

    LINK = 1
    """Opens the page of an account's challenge; proves nothing by itself."""
    WORK = 2
    """An order of work; with its solution it passes the challenge of the same id."""
    WAIT = 3
    """An order to wait: passes the challenge of the same id once its time has come."""
    CODE = 4
    """Somebody who registers has waited; the ticket is the proof itself."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One promise. Times are Unix milliseconds."""

    kind: Kind
    id: bytes
    """16 random bytes; what follows from a ticket keeps its id, and an id is used once."""
    account: int
    """Pseudonym of the account; 0: somebody who has none yet."""
    begin_ms: int
    end_ms: int
    times: int = 1
    """How many times the work of a first challenge it asks for."""

    def usable(self, now_ms: int) -> bool:
        """Its time has come and is not over."""
        return self.begin_ms <= now_ms < self.end_ms


def new_id() -> bytes:
    """An id that nobody can guess and that will not occur again."""
    return os.urandom(ID_BYTES)


class Signer:
    """Writes tickets and reads those that it wrote."""

    def __init__(self, key: bytes) -> None:
        """``key``: 32 secret bytes."""
        self._key = hmac.digest(key, b"tidegate challenge ticket 1", "sha256")

    def write(self, ticket: Ticket) -> str:
        """The ticket as 72 characters that may stand in an address."""
        body = (
            bytes([ticket.kind])
            + ticket.id
            + ticket.account.to_bytes(8)
            + ticket.begin_ms.to_bytes(_TIME_BYTES)
            + ticket.end_ms.to_bytes(_TIME_BYTES)
            + bytes([ticket.times])
        )
        return base64.urlsafe_b64encode(body + self._mac(body)).decode("ascii")

    def read(self, text: str, *kinds: Kind) -> Ticket | None:
        """The ticket, whatever its time, when this signer wrote it and it is of one of ``kinds``; else None."""
        if len(text) != TICKET_CHARACTERS or not text.isascii():
            return None
        try:
            raw = base64.b64decode(text, altchars=b"-_", validate=True)
        except binascii.Error:
            return None
        if len(raw) != _BODY_BYTES + MAC_BYTES:
            return None
        body, mac = raw[:_BODY_BYTES], raw[_BODY_BYTES:]
        if not hmac.compare_digest(mac, self._mac(body)) or body[0] not in kinds:
            return None
        account_at = 1 + ID_BYTES
        begin_at = account_at + 8
        end_at = begin_at + _TIME_BYTES
        return Ticket(
            kind=Kind(body[0]),
            id=body[1:account_at],
            account=int.from_bytes(body[account_at:begin_at]),
            begin_ms=int.from_bytes(body[begin_at:end_at]),
            end_ms=int.from_bytes(body[end_at : end_at + _TIME_BYTES]),
            times=body[-1],
        )

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, hashlib.sha256)[:MAC_BYTES]
