"""Captures as WARC (ISO 28500), with SHA-256 of our own beside the format's digests.

The payload digest of the format is ambiguous for chunked and compressed answers, so both our digests are written into
the record: over the bytes as transferred, and over the bytes as read.
"""

import io
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tidegate.desk.evidence.capture.decoding import decoded as undone
from tidegate.desk.evidence.capture.refusals import FailedError
from tidegate.desk.evidence.custody.exhibits import sha256_of

RAW_HEADER, DECODED_HEADER = "X-Tidegate-Raw-SHA256", "X-Tidegate-Decoded-SHA256"
MOST_RECORDS = 10_000
MOST_PAYLOAD_BYTES = 256 << 20
MOST_HEADERS = 200
PIECE_BYTES = 1 << 16
MOST_QUOTED = 60


class WarcError(Exception):
    """A WARC that cannot be read, or that contradicts itself; the message says where."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, as captured."""

    url: str
    at: datetime
    status: str
    """As ``200 OK``."""
    headers: Sequence[tuple[str, str]]
    """Of the answer."""
    raw: bytes
    """Body as transferred, before any decoding."""
    request_headers: Sequence[tuple[str, str]] = ()
    method: str = "GET"
    ip: str = ""


@dataclass(frozen=True, slots=True)
class Payload:
    """One answer in a WARC."""

    url: str
    raw_sha256: str
    decoded: bytes
    stated_raw: str
    """By our own header; empty in a WARC that somebody else made."""
    stated_decoded: str


def warc_of(exchange: Exchange, software: str) -> bytes:
    """A gzipped WARC with the request, the answer and who made it. Raises WarcError."""
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import BufferWARCWriter

    decoded = decoded_body(exchange)
    writer = BufferWARCWriter(gzip=True)
    at = exchange.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    writer.write_record(
        writer.create_warcinfo_record(
            "capture.warc.gz", {"software": software, "format": "WARC File Format 1.0"}
        )
    )
    warc_headers = {"WARC-Date": at, RAW_HEADER: sha256_of(exchange.raw), DECODED_HEADER: sha256_of(decoded)}
    if exchange.ip:
        warc_headers["WARC-IP-Address"] = exchange.ip
    answer = writer.create_warc_record(
        exchange.url,
        "response",
        payload=io.BytesIO(exchange.raw),
        http_headers=StatusAndHeaders(exchange.status, list(exchange.headers), protocol="HTTP/1.1"),
        warc_headers_dict=warc_headers,
    )
    path = exchange.url.split("://", 1)[-1].partition("/")[2]
    request = writer.create_warc_record(
        exchange.url,
        "request",
        payload=io.BytesIO(b""),
        http_headers=StatusAndHeaders(
            f"{exchange.method} /{path} HTTP/1.1", list(exchange.request_headers), is_http_request=True
        ),
        warc_headers_dict={"WARC-Date": at},
    )
    writer.write_request_response_pair(request, answer)
    made: bytes = writer.get_contents()
    return made


def decoded_body(exchange: Exchange, most: int = MOST_PAYLOAD_BYTES) -> bytes:
    """The body as a browser reads it. Raises WarcError when that is more than ``most`` bytes, or encoded unknown to us.

    Strictly, as our own captures are; what others made is often kept without its chunks, or cut, and is read as far as
    it goes.
    """
    from warcio.bufferedreaders import BufferedReader, ChunkedDataReader

    with suppress(FailedError):
        return undone(exchange.raw, exchange.headers, most)
    headers = {name.lower(): value.strip().lower() for name, value in exchange.headers}
    stream: Any = io.BytesIO(exchange.raw)
    kind = headers.get("content-encoding", "")
    if kind and kind not in BufferedReader.get_supported_decompressors():
        raise WarcError(f"{exchange.url}: encoded as {kind[:MOST_QUOTED]!a}, which is not read here")
    if headers.get("transfer-encoding", "") == "chunked":
        stream = ChunkedDataReader(stream, decomp_type=kind or None)
    elif kind:
        stream = BufferedReader(stream, decomp_type=kind)
    return _bounded(stream, exchange.url, most)


def _bounded(stream: Any, where: str, most: int = MOST_PAYLOAD_BYTES) -> bytes:
    pieces, size = [], 0
    while piece := stream.read(PIECE_BYTES):
        size += len(piece)
        if size > most:
            raise WarcError(f"{where}: more than {most:,} bytes when decoded")
        pieces.append(piece)
    return b"".join(pieces)


def payloads(warc: bytes) -> Iterator[Payload]:
    """Every answer or resource in a WARC, whoever made it. Raises WarcError."""
    from warcio.archiveiterator import ArchiveIterator
    from warcio.exceptions import ArchiveLoadFailed

    try:
        for number, record in enumerate(ArchiveIterator(io.BytesIO(warc), check_digests=True), 1):
            if number > MOST_RECORDS:
                raise WarcError(f"more than {MOST_RECORDS:,} records")
            if record.rec_type not in ("response", "resource"):
                continue
            yield _payload(record)
    except (ArchiveLoadFailed, ValueError, KeyError, AttributeError, TypeError, OSError, EOFError) as error:
        # The library quotes bytes of the file, which are somebody else's.
        raise WarcError(f"it cannot be read as WARC: {str(error)[:MOST_QUOTED]!a}") from None


def _payload(record: Any) -> Payload:
    url = str(record.rec_headers.get_header("WARC-Target-URI") or "")
    raw = _bounded(record.raw_stream, url)
    checker = record.digest_checker
    if checker is not None and checker.passed is False:
        raise WarcError(f"{url}: its digest does not fit: {'; '.join(checker.problems)}")
    headers = record.http_headers.headers if record.http_headers else []
    return Payload(
        url=url,
        raw_sha256=sha256_of(raw),
        decoded=decoded_body(Exchange(url, datetime.now(UTC), "", headers[:MOST_HEADERS], raw)),
        stated_raw=str(record.rec_headers.get_header(RAW_HEADER) or ""),
        stated_decoded=str(record.rec_headers.get_header(DECODED_HEADER) or ""),
    )


def wrong_with(warc: bytes, raw_sha256: str, decoded_sha256: str) -> str:
    """Why a WARC does not hold the exhibit with these digests; empty when it does."""
    try:
        for payload in payloads(warc):
            if raw_sha256 != payload.raw_sha256:
                continue
            if payload.stated_raw and payload.stated_raw != payload.raw_sha256:
                return "its own record names another SHA-256 than its bytes have"
            if payload.stated_decoded and payload.stated_decoded != sha256_of(payload.decoded):
                return "what its bytes decode to is not what its record names"
            if decoded_sha256 != sha256_of(payload.decoded):
                return "what its bytes decode to is not what is on record for the exhibit"
            return ""
    except WarcError as error:
        return str(error)
    return "no answer in it has the exhibit's bytes"
