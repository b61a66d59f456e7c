"""From the bytes on the wire to those that are read: strict, so that half an answer never passes for a whole one."""

import re
import zlib
from collections.abc import Iterator, Sequence

from tidegate.desk.evidence.capture.refusals import FailedError

_PIECE = 1 << 16
_GZIP, _DEFLATE = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS
_SIZE = re.compile(rb"[0-9a-fA-F]{1,16}")
MOST_MEMBERS = 1_000


def decoded(raw: bytes, headers: Sequence[tuple[str, str]], most: int) -> bytes:
    """Undo chunks and compression.

    Raises FailedError when they are cut or broken, of a kind that was not asked for, or give more than ``most`` bytes.
    """
    fields = {name.lower(): value.strip().lower() for name, value in headers}
    transfer, content = fields.get("transfer-encoding", ""), fields.get("content-encoding", "")
    if transfer not in ("", "identity", "chunked"):
        raise FailedError(f"transferred as {transfer!r}, which was not asked for")
    body = b"".join(_unchunked(raw)) if transfer == "chunked" else raw
    if content in ("", "identity"):
        return body
    if content not in ("gzip", "x-gzip", "deflate"):
        raise FailedError(f"encoded as {content!r}, which was not asked for")
    return _inflated(body, _DEFLATE if content == "deflate" else _GZIP, most)


def _unchunked(raw: bytes) -> Iterator[bytes]:
    place = 0
    while True:
        line, _, _ = raw[place : place + 1_024].partition(b"\r\n")
        size = _SIZE.fullmatch(line.partition(b";")[0].strip())
        if size is None:
            raise FailedError("a chunk of the answer says no size")
        length, place = int(size.group(), 16), place + len(line) + 2
        if length == 0:
            return
        if place + length + 2 > len(raw):
            raise FailedError("the answer ended within a chunk")
        if raw[place + length : place + length + 2] != b"\r\n":
            raise FailedError("a chunk of the answer is longer than it says")
        yield raw[place : place + length]
        place += length + 2


def _inflated(body: bytes, window: int, most: int) -> bytes:
    pieces: list[bytes] = []
    size, members = 0, 0
    while body:
        members += 1
        if members > MOST_MEMBERS:
            raise FailedError(f"its compression has more than {MOST_MEMBERS:,} parts")
        inflate = zlib.decompressobj(window)
        rest = body
        try:
            while rest and not inflate.eof:
                piece = inflate.decompress(rest, _PIECE)
                rest = inflate.unconsumed_tail
                size += len(piece)
                if size > most:
                    raise FailedError(f"more than {most:,} bytes when decoded: not captured")
                pieces.append(piece)
        except zlib.error as error:
            if window == _DEFLATE and not pieces:  # many servers leave out the two bytes around it
                return _inflated(body, -zlib.MAX_WBITS, most)
            raise FailedError(f"its compression is broken: {error}") from None
        if not inflate.eof:
            raise FailedError("its compression is cut: the answer is not whole")
        body = inflate.unused_data
    return b"".join(pieces)
