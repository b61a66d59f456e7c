"""Fetch one page: the bytes as they were transferred, the bytes as they are read, every hop and every clock."""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO
from urllib.parse import quote, urljoin

from tidegate.desk.evidence.capture.addresses import (
    PORTS,
    Network,
    Place,
    Resolve,
    checked_addresses,
    place_of,
    resolve,
)
from tidegate.desk.evidence.capture.decoding import decoded
from tidegate.desk.evidence.capture.refusals import FailedError, GoneError
from tidegate.desk.evidence.custody.warc import Exchange

GONE = frozenset({404, 410})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PIECE = 1 << 16
_MOST_LINE, _MOST_DIGITS = 1 << 10, 16
_MOST_NAME = 200
_FIRST_SUCCESS, _FIRST_REDIRECT = 200, 300


@dataclass(frozen=True, slots=True)
class Limits:
    """What one capture may cost."""

    seconds: float = 30.0
    """For everything: all hops, to the last byte."""
    raw_bytes: int = 16 << 20
    decoded_bytes: int = 64 << 20
    redirects: int = 5


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came."""

    exchange: Exchange
    """The last hop, with the body as transferred."""
    decoded: bytes
    hops: tuple[str, ...]
    """Addresses in order, the first as it was asked for."""
    ended: datetime
    """UTC, by this machine's clock, after the last byte."""

    @property
    def status(self) -> int:
        return int(self.exchange.status.split(" ", 1)[0])

    def header(self, name: str) -> str:
        """Of the answer; empty when it has none."""
        return next((value for key, value in self.exchange.headers if key.lower() == name.lower()), "")


@dataclass(frozen=True, slots=True)
class Fetcher:
    """How pages are asked for."""

    user_agent: str
    networks: Sequence[Network] = ()
    """Private ones that may be asked all the same."""
    limits: Limits = field(default_factory=Limits)
    by: Resolve = resolve

    def fetch(self, url: str, before: Callable[[str], None] | None = None) -> Fetched:
        """Follow it to its end; ``before`` is asked about every address on the way, and may raise.

        Raises RefusedError, GoneError (no such host, 404, 410) or FailedError.
        """
        until = time.monotonic() + self.limits.seconds
        hops: list[str] = []
        while True:
            place = place_of(url, self.networks)
            hops.append(place.url)
            if before is not None:
                before(place.url)
            exchange = self._ask(place, until)
            status = int(exchange.status.split(" ", 1)[0])
            location = next((value for key, value in exchange.headers if key.lower() == "location"), "")
            if status not in REDIRECTS or not location:
                break
            if len(hops) > self.limits.redirects:
                raise FailedError(f"{hops[0]} redirects more than {self.limits.redirects} times")
            url = urljoin(place.url, _address(location))
        if status in GONE:
            raise GoneError(f"{place.url}: the server says {exchange.status}")
        if not _FIRST_SUCCESS <= status < _FIRST_REDIRECT:
            raise FailedError(f"{place.url}: the server says {exchange.status}")
        try:
            body = decoded(exchange.raw, exchange.headers, self.limits.decoded_bytes)
        except FailedError as error:
            raise FailedError(f"{place.url}: {error}") from None
        return Fetched(exchange, body, tuple(hops), datetime.now(UTC))

    def _ask(self, place: Place, until: float) -> Exchange:
        """One request and its answer."""
        addresses = checked_addresses(place, self.networks, self.by)
        shown = f"[{place.host}]" if ":" in place.host else place.host
        host = shown if place.port == PORTS[place.scheme] else f"{shown}:{place.port}"
        headers = [
            ("Host", host),
            ("User-Agent", self.user_agent),
            ("Accept", "text/html,application/xhtml+xml,*/*;q=0.5"),
            ("Accept-Encoding", "gzip, identity"),
            ("Connection", "close"),
        ]
        try:
            with _connected(place, addresses, until) as (connected, ip, cut):
                lines = [f"GET {place.target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
                connected.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
                answer = http.client.HTTPResponse(connected, method="GET")
                answer.begin()
                said = answer.getheaders()
                at = datetime.now(UTC)
                raw = b"".join(_body(answer, said, self.limits.raw_bytes, until))
                if cut.done:  # what was read to its end is the end of our time, not of the answer
                    raise TimeoutError
        except TimeoutError:
            raise FailedError(
                f"{place.url}: no whole answer within {self.limits.seconds:g} seconds"
            ) from None
        except ssl.SSLError as error:
            raise FailedError(f"{place.url}: TLS: {_printable(str(error.reason or error))}") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            if time.monotonic() >= until:
                raise FailedError(
                    f"{place.url}: no whole answer within {self.limits.seconds:g} seconds"
                ) from None
            raise FailedError(
                f"{place.url}: {_printable(str(error)).strip() or type(error).__name__}"
            ) from None
        return Exchange(
            url=place.url,
            at=at,
            status=f"{answer.status} {_ascii(_printable(answer.reason))}".strip(),
            headers=[(_printable_name(name), _printable(value)) for name, value in said],
            raw=raw,
            request_headers=headers,
            ip=ip,
        )


class _Cut:
    """Ends a connection when its time is over: a server that sends a byte now and then restarts every other clock."""

    def __init__(self, connected: socket.socket, until: float) -> None:
        self.connected = connected
        """What is cut: TLS takes the place of the plain one."""
        self.done = False
        self._timer = threading.Timer(max(0.0, until - time.monotonic()), self._cut)
        self._timer.daemon = True
        self._timer.start()

    def _cut(self) -> None:
        self.done = True
        with suppress(OSError):  # closed already: the answer came just in time
            self.connected.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        self._timer.cancel()


@contextmanager
def _connected(
    place: Place, addresses: Sequence[str], until: float
) -> Iterator[tuple[socket.socket, str, _Cut]]:
    """A connection to one of the very addresses that were checked."""
    plain, address = _first_that_answers(place, addresses, until)
    with plain:
        cut = _Cut(plain, until)
        try:
            if place.scheme == "https":
                wrapped = ssl.create_default_context().wrap_socket(
                    plain, server_hostname=place.host, do_handshake_on_connect=False
                )
                cut.connected = wrapped
                with wrapped:
                    wrapped.do_handshake()
                    yield wrapped, address, cut
            else:
                yield plain, address, cut
        finally:
            cut.stop()


def _first_that_answers(place: Place, addresses: Sequence[str], until: float) -> tuple[socket.socket, str]:
    failure: OSError | None = None
    for address in addresses:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        try:
            return socket.create_connection((address, place.port), timeout=left), address
        except OSError as error:
            failure = error
    raise failure or OSError("no address answered")


def _body(
    answer: http.client.HTTPResponse, headers: Sequence[tuple[str, str]], most: int, until: float
) -> Iterator[bytes]:
    """The body as it is on the wire, chunks with their sizes. Raises FailedError beyond ``most``."""
    fields = {name.lower(): value.strip().lower() for name, value in headers}
    wire: IO[bytes] = answer.fp
    pieces = _chunked(wire) if fields.get("transfer-encoding") == "chunked" else _plain(wire, fields)
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > most:
            raise FailedError(f"more than {most:,} bytes: not captured")
        if time.monotonic() > until:
            raise TimeoutError
        yield piece


def _plain(wire: IO[bytes], fields: dict[str, str]) -> Iterator[bytes]:
    said = fields.get("content-length", "")
    left = int(said) if said.isdecimal() else None
    while left is None or left > 0:
        piece = wire.read1(min(_PIECE, left) if left is not None else _PIECE)  # type: ignore[attr-defined]
        if not piece:
            break
        if left is not None:
            left -= len(piece)
        yield piece
    if left:
        raise FailedError(f"the answer ended {left:,} bytes before its length")


def _chunked(wire: IO[bytes]) -> Iterator[bytes]:
    """RFC 9112, 7.1, without undoing it."""
    while True:
        line = wire.readline(_MOST_LINE)
        if not line.endswith(b"\n"):
            raise FailedError("a chunk of the answer has no end of line")
        yield line
        size = line.partition(b";")[0].strip()
        if not size or len(size) > _MOST_DIGITS or size.strip(b"0123456789abcdefABCDEF"):
            raise FailedError("a chunk of the answer says no size")
        left = int(size, 16)
        if left == 0:
            break
        left += len(b"\r\n")
        while left > 0:
            piece = wire.read1(min(_PIECE, left))  # type: ignore[attr-defined]
            if not piece:
                raise FailedError("the answer ended within a chunk")
            left -= len(piece)
            yield piece
    while (line := wire.readline(_MOST_LINE)).strip():
        yield line
    yield line


def _address(location: str) -> str:
    """A ``Location`` as an address: its bytes are UTF-8 more often than the Latin-1 that headers are read as."""
    with suppress(UnicodeError):
        location = location.encode("latin-1").decode("utf-8")
    return quote(location.strip(), safe="/?#[]@!$&'()*+,;=:%~-._")


def _printable(text: str) -> str:
    """A header as it can be written down: what is no printable Latin-1 becomes a question mark."""
    return "".join(sign if sign.isprintable() and sign <= "\xff" else "?" for sign in text)[:4_000]


def _printable_name(name: str) -> str:
    return "".join("?" if sign in " :" else sign for sign in _ascii(_printable(name)))[:_MOST_NAME] or "?"


def _ascii(text: str) -> str:
    """Names and reasons as a WARC takes them; values it takes in Latin-1."""
    return text.encode("ascii", "replace").decode("ascii")
