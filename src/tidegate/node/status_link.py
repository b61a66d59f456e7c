"""Links by which account holders reach the page about their own account: who it is about is in the link, signed.

Like a challenge's ticket (:mod:`tidegate.node.challenge.tickets`) a link carries all that is to be known about it, so
giving one out stores nothing. Its key is derived for this purpose alone: no ticket is ever taken for a link, nor the
reverse.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass

MAC_BYTES = 16
"""128 bits of HMAC-SHA256: nobody guesses them, and the link stays short."""
_DAY_S = 86_400.0
LIFETIME_S = 180 * _DAY_S
"""As long as an account holder may want to come back to a decision."""
_VERSION = b"\x01"
_TIME_BYTES = 4
_BODY_BYTES = 1 + 8 + 2 * _TIME_BYTES
TOKEN_CHARACTERS = (_BODY_BYTES + MAC_BYTES) * 4 // 3
"""44: whole groups of three bytes, so that base64 leaves no spare bits and a link has exactly one spelling."""
_LATEST_S = (1 << 8 * _TIME_BYTES) - 1


@dataclass(frozen=True, slots=True)
class StatusLink:
    """Whose page it opens, and when. Times are whole Unix seconds."""

    pseudonym: int
    issued_s: int
    end_s: int

    def usable(self, now_s: float) -> bool:
        """It is not over yet. One issued a moment ahead of this clock is good: clocks differ."""
        return now_s < self.end_s


class StatusLinks:
    """Writes links and reads those that it wrote. Any thread."""

    def __init__(self, key: bytes, public_url: str = "", *, lifetime_s: float = LIFETIME_S) -> None:
        """``key``: the node's secret ``keys.ticket``. ``public_url``: what :meth:`address` begins with."""
        self._key = hmac.digest(key, b"tidegate status link 1", "sha256")
        self._public_url, self._lifetime_s = public_url, lifetime_s

    def write(self, pseudonym: int, issued_s: float) -> str:
        """A link's token: 44 characters that may stand in an address. The same arguments give the same token."""
        issued = min(max(int(issued_s), 0), _LATEST_S)
        end = min(issued + int(self._lifetime_s), _LATEST_S)
        body = _VERSION + pseudonym.to_bytes(8) + issued.to_bytes(_TIME_BYTES) + end.to_bytes(_TIME_BYTES)
        return base64.urlsafe_b64encode(body + self._mac(body)).decode("ascii")

    def read(self, token: str) -> StatusLink | None:
        """The link, whatever its time, when this node wrote it; else None."""
        if len(token) != TOKEN_CHARACTERS or not token.isascii():
            return None
        try:
            raw = base64.b64decode(token, altchars=b"-_", validate=True)
        except binascii.Error:
            return None
        body, mac = raw[:_BODY_BYTES], raw[_BODY_BYTES:]
        if not hmac.compare_digest(mac, self._mac(body)) or not body.startswith(_VERSION):
            return None
        return StatusLink(
            pseudonym=int.from_bytes(body[1:9]),
            issued_s=int.from_bytes(body[9 : 9 + _TIME_BYTES]),
            end_s=int.from_bytes(body[9 + _TIME_BYTES :]),
        )

    def address(self, pseudonym: int, now_s: float) -> str:
        """Where the page is; empty when people cannot reach it. The same all day (UTC), however often it is told."""
        if not self._public_url:
            return ""
        return f"{self._public_url}/status/{self.write(pseudonym, now_s - now_s % _DAY_S)}"

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, hashlib.sha256)[:MAC_BYTES]


Address = Callable[[int, float], str]
"""Of an account by its pseudonym, and Unix seconds now: see :meth:`StatusLinks.address`."""
