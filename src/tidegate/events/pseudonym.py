"""Pseudonyms: keyed 64-bit hashes that stand for accounts, devices, chats and networks.

SipHash-2-4 (Aumasson and Bernstein, *SipHash: a fast short-input PRF*, 2012) over the UTF-8 bytes of an
identifier, under a 128-bit key that never leaves the node. Without the key nobody can test a guessed
identifier against a pseudonym. 0 means *not supplied* everywhere in Tidegate, so a hash of 0 becomes 1.
"""

import ipaddress
import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tidegate.events.compiled import compiled, inlined

DEFAULT_KEY = bytes(range(16))
"""For tests, demonstrations and one-off scans. It is public: a node must be given a secret key of its own."""
KEY_BYTES = 16
LOW_32_BITS = 0xFFFF_FFFF

E164 = re.compile(r"\+?[1-9][0-9]{6,14}", re.ASCII)
"""Up to 15 digits (ITU-T E.164), at least 7 so that something is left once the last four are dropped."""
PHONE_DIGITS_DROPPED = 4


@inlined
def _round(
    v0: np.uint64, v1: np.uint64, v2: np.uint64, v3: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    v0 += v1
    v1 = ((v1 << np.uint64(13)) | (v1 >> np.uint64(51))) ^ v0
    v0 = (v0 << np.uint64(32)) | (v0 >> np.uint64(32))
    v2 += v3
    v3 = ((v3 << np.uint64(16)) | (v3 >> np.uint64(48))) ^ v2
    v0 += v3
    v3 = ((v3 << np.uint64(21)) | (v3 >> np.uint64(43))) ^ v0
    v2 += v1
    v1 = ((v1 << np.uint64(17)) | (v1 >> np.uint64(47))) ^ v2
    v2 = (v2 << np.uint64(32)) | (v2 >> np.uint64(32))
    return v0, v1, v2, v3


@inlined
def little_endian(data: NDArray[np.uint8], at: int) -> np.uint64:
    """Eight bytes from ``at`` as one number, little-endian.

    An unsigned index, unlike a signed one, cannot mean a place counted from the end: only without that case
    does the compiler see that this is one load.
    """
    first = np.uint64(at)
    word = np.uint64(data[first])
    for i in range(1, 8):
        word |= np.uint64(data[first + np.uint64(i)]) << np.uint64(8 * i)
    return word


@compiled
def siphash(k0: np.uint64, k1: np.uint64, data: NDArray[np.uint8], start: int, end: int) -> np.uint64:
    """SipHash-2-4 of ``data[start:end]`` under the key ``k0, k1``; never 0 (a hash of 0 becomes 1)."""
    v0 = k0 ^ np.uint64(0x736F6D6570736575)
    v1 = k1 ^ np.uint64(0x646F72616E646F6D)
    v2 = k0 ^ np.uint64(0x6C7967656E657261)
    v3 = k1 ^ np.uint64(0x7465646279746573)
    at = start
    while at + 8 <= end:
        word = little_endian(data, at)
        v3 ^= word
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
        v0 ^= word
        at += 8
    last = np.uint64((end - start) & 0xFF) << np.uint64(56)
    for i in range(end - at):
        last |= np.uint64(data[np.uint64(at + i)]) << np.uint64(8 * i)
    v3 ^= last
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    v0 ^= last
    v2 ^= np.uint64(0xFF)
    for _ in range(4):
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    result = v0 ^ v1 ^ v2 ^ v3
    return result if result != np.uint64(0) else np.uint64(1)


@compiled
def _hash_strings(
    k0: np.uint64, k1: np.uint64, data: NDArray[np.uint8], offsets: NDArray[np.int64], out: NDArray[np.uint64]
) -> None:
    for i in range(out.size):
        out[i] = siphash(k0, k1, data, int(offsets[i]), int(offsets[i + 1]))


class Pseudonyms:
    """The keyed hash of one node or one scan.

    >>> Pseudonyms().one("alice") == Pseudonyms().many(["alice"])[0]
    np.True_
    """

    def __init__(self, key: bytes = DEFAULT_KEY) -> None:
        """``key``: 16 secret bytes. Raises ``ValueError`` for any other length."""
        if len(key) != KEY_BYTES:
            raise ValueError(f"the pseudonym key has {len(key)} bytes; it must have exactly {KEY_BYTES}")
        self.k0 = np.uint64(int.from_bytes(key[:8], "little"))
        self.k1 = np.uint64(int.from_bytes(key[8:], "little"))

    def one(self, text: str) -> int:
        """The pseudonym of one identifier."""
        raw = text.encode()
        return int(siphash(self.k0, self.k1, np.frombuffer(bytearray(raw), np.uint8), 0, len(raw)))

    def many(self, texts: Sequence[str] | pa.Array) -> NDArray[np.uint64]:
        """Pseudonyms of many identifiers, shape ``(len(texts),)``; a null in an arrow array gives 0."""
        array = texts if isinstance(texts, pa.Array) else pa.array(texts, pa.string())
        if array.type != pa.string():
            array = array.cast(pa.string())
        out = np.empty(len(array), np.uint64)
        offsets, data = string_buffers(array)
        _hash_strings(self.k0, self.k1, data, offsets, out)
        if array.null_count:
            out[array.is_null().to_numpy(zero_copy_only=False)] = 0
        return out

    def integers(self, values: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Pseudonyms of whole numbers, which hash as their decimal text: 7 and ``"7"`` are one account."""
        return self.many(pa.array(np.ascontiguousarray(values, np.int64)))

    def network(self, ip: str) -> int:
        """The pseudonym of the network an address is in; ``ValueError`` when it is not an IP address."""
        return self.one(network_prefix(ip))

    def phone_range(self, number: str) -> int:
        """32-bit pseudonym of a number range, never 0; ``ValueError`` when the number is not E.164."""
        return self._short(phone_range(number))

    def client(self, text: str) -> int:
        """32-bit pseudonym of a client's name, never 0."""
        return self._short(text)

    def _short(self, text: str) -> int:
        return (self.one(text) & LOW_32_BITS) or 1


def string_buffers(array: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Offsets, shape ``(len + 1,)``, and UTF-8 bytes of an arrow ``string`` array.

    Both are copies: arrow's own memory is read-only, which to the compiler is another type, and compiling
    every kernel twice costs more than copying a batch.
    """
    _, offsets, data = array.buffers()
    if offsets is None:
        return np.zeros(len(array) + 1, np.int64), np.zeros(0, np.uint8)
    ends = np.frombuffer(offsets, np.int32, len(array) + 1, array.offset * 4).astype(np.int64)
    if data is None:
        return ends - ends[0], np.zeros(0, np.uint8)
    return ends - ends[0], np.frombuffer(data, np.uint8, int(ends[-1] - ends[0]), int(ends[0])).copy()


def network_prefix(ip: str) -> str:
    """The network of an address: ``a.b.c.0/24`` for IPv4, a /48 for IPv6.

    An IPv4 address written as IPv6 (``::ffff:a.b.c.d``) counts as IPv4. Raises ``ValueError`` that says what
    would be right, without repeating the address.

    >>> network_prefix("203.0.113.77"), network_prefix("2001:db8:7:1::5")
    ('203.0.113.0/24', '2001:db8:7::/48')
    """
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        raise ValueError("not an IP address; write IPv4 like 203.0.113.7 or IPv6 like 2001:db8::7") from None
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return str(ipaddress.IPv6Network((int(address) >> 80 << 80, 48)))
        address = address.ipv4_mapped
    return str(ipaddress.IPv4Network((int(address) >> 8 << 8, 24)))


def phone_range(number: str) -> str:
    """A number without its last four digits, with its ``+``.

    Raises ``ValueError`` that says what would be right, without repeating the number.

    >>> phone_range("+4915112345678")
    '+491511234'
    """
    if not E164.fullmatch(number):
        raise ValueError(
            "not an E.164 number; write + and 7 to 15 digits, country code first, like +4915112345678"
        )
    return "+" + number.removeprefix("+")[:-PHONE_DIGITS_DROPPED]
