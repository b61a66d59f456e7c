"""Fetching from servers that mean harm: half an answer is none, every wait has an end, no way leads inside."""

import gzip
import ipaddress
import socket
import ssl
import subprocess
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.desk.evidence.capture.addresses import checked_addresses, place_of, why_private
from tidegate.desk.evidence.capture.decoding import decoded
from tidegate.desk.evidence.capture.fetching import Fetched, Fetcher, Limits
from tidegate.desk.evidence.capture.refusals import CaptureError, FailedError, GoneError, RefusedError
from tidegate.desk.evidence.capture.robots import Robots

HERE = (ipaddress.ip_network("127.0.0.0/8"),)
Answer = Callable[[socket.socket, bytes], None]
TEXT = b"x" * 100
GZIP = gzip.compress(TEXT)
QUICK = Limits(seconds=1.0)


@contextmanager
def served(answer: Answer, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server that answers each connection by ``answer``; its port."""
    listening = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def one(connected: socket.socket) -> None:
        with suppress(OSError), connected:
            talking = tls.wrap_socket(connected, server_side=True) if tls else connected
            with talking:
                answer(talking, talking.recv(65_536))

    def accept() -> None:
        while not over.is_set():
            try:
                connected, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(connected,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        over.set()
        listening.close()


def saying(head: bytes, body: bytes = b"", status: bytes = b"200 OK") -> Answer:
    return lambda connected, _: connected.sendall(b"HTTP/1.1 " + status + b"\r\n" + head + b"\r\n" + body)


def fetched(answer: Answer, limits: Limits | None = None) -> Fetched:
    with served(answer) as port:
        return Fetcher("Tests/1", HERE, limits or Limits(seconds=5.0)).fetch(f"http://127.0.0.1:{port}/")


CHUNKED_GZIP = b"%x\r\n" % len(GZIP) + GZIP + b"\r\n0\r\n\r\n"
WHOLE = {
    "length": (b"Content-Length: 100\r\n", TEXT, TEXT),
    "to the end": (b"", TEXT, TEXT),
    "gzip": (b"Content-Encoding: gzip\r\n", GZIP, GZIP),
    "two members": (
        b"Content-Encoding: gzip\r\n",
        gzip.compress(TEXT[:50]) * 2,
        gzip.compress(TEXT[:50]) * 2,
    ),
    "raw deflate": (b"Content-Encoding: deflate\r\n", zlib.compress(TEXT)[2:-4], zlib.compress(TEXT)[2:-4]),
    "chunks": (b"Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n", CHUNKED_GZIP, CHUNKED_GZIP),
}


@pytest.mark.parametrize("how", WHOLE)
def test_a_whole_answer_is_kept_as_transferred_and_as_read(how: str) -> None:
    head, body, raw = WHOLE[how]
    got = fetched(saying(head, body))
    assert got.decoded == TEXT and got.exchange.raw == raw and got.exchange.ip == "127.0.0.1"


NOT_WHOLE = {
    "cut length": (b"Content-Length: 200\r\n", TEXT),
    "cut gzip": (b"Content-Encoding: gzip\r\n", GZIP[:-12]),
    "broken gzip": (b"Content-Encoding: gzip\r\n", GZIP[:20] + b"\0\xff" + GZIP[20:]),
    "no gzip": (b"Content-Encoding: gzip\r\n", TEXT),
    "not asked for": (b"Content-Encoding: br\r\n", b"\x8b\x00\x80hello\x03"),
    "twice": (b"Content-Encoding: gzip, gzip\r\n", gzip.compress(GZIP)),
    "transfer gzip": (b"Transfer-Encoding: gzip, chunked\r\n", CHUNKED_GZIP),
    "cut chunk": (b"Transfer-Encoding: chunked\r\n", b"5\r\nhel"),
    "chunk without size": (b"Transfer-Encoding: chunked\r\n", b"zz\r\nhello\r\n0\r\n\r\n"),
    "chunk in Python's hex": (b"Transfer-Encoding: chunked\r\n", b"0x5\r\nhello\r\n0\r\n\r\n"),
    "many headers": (b"A: b\r\n" * 101, b""),
    "long header": (b"A: " + b"b" * 70_000 + b"\r\n", b""),
}


@pytest.mark.parametrize("how", NOT_WHOLE)
def test_half_an_answer_is_no_capture(how: str) -> None:
    with pytest.raises(FailedError):
        fetched(saying(*NOT_WHOLE[how]))


def test_a_bomb_and_an_endless_page_are_bounded() -> None:
    bomb = gzip.compress(b"\0" * (8 << 20))
    with pytest.raises(FailedError, match="when decoded"):
        fetched(saying(b"Content-Encoding: gzip\r\n", bomb), Limits(seconds=5.0, decoded_bytes=1 << 20))

    def endless(connected: socket.socket, _: bytes) -> None:
        connected.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connected.sendall(TEXT * 100)

    with pytest.raises(FailedError, match="more than"):
        fetched(endless, Limits(seconds=5.0, raw_bytes=1 << 18))


def dripping(connected: socket.socket, begin: bytes) -> None:
    connected.sendall(begin)
    for _ in range(60):
        time.sleep(0.2)
        connected.sendall(b"a")


SLOW = {
    "headers": b"HTTP/1.1 200 OK\r\nX: ",
    "body": b"HTTP/1.1 200 OK\r\n\r\n",
    "chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
}


@pytest.mark.parametrize("what", SLOW)
def test_a_server_that_drips_is_cut_and_its_drops_are_no_page(what: str) -> None:
    with pytest.raises(FailedError):
        fetched(lambda connected, _: dripping(connected, SLOW[what]), QUICK)


def test_the_time_limit_holds_over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    more = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)]
    try:
        subprocess.run([*command.split(), *more], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    with served(saying(b"", TEXT), tls) as port, pytest.raises(FailedError, match="TLS"):
        Fetcher("Tests/1", HERE, QUICK).fetch(f"https://localhost:{port}/")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    resolving = Fetcher("Tests/1", HERE, QUICK, by=lambda *_: ["127.0.0.1"])
    with served(saying(b"Content-Length: 100\r\n", TEXT), tls) as port:
        assert resolving.fetch(f"https://localhost:{port}/").decoded == TEXT
    slow: Answer = lambda connected, _: dripping(connected, SLOW["headers"])  # noqa: E731
    with served(slow, tls) as port, pytest.raises(FailedError, match="within 1 seconds"):
        resolving.fetch(f"https://localhost:{port}/")


def test_redirections_are_followed_checked_and_counted() -> None:
    asked: list[bytes] = []

    def to(location: bytes) -> Answer:
        def answer(connected: socket.socket, request: bytes) -> None:
            asked.append(request.split(b" ")[1])
            if request.startswith(b"GET / "):
                saying(b"Location: " + location + b"\r\nContent-Length: 0\r\n", status=b"302 Found")(
                    connected, request
                )
            else:
                saying(b"Content-Length: 100\r\n", TEXT)(connected, request)

        return answer

    got = fetched(to("/café".encode()))
    assert got.decoded == TEXT and asked == [b"/", b"/caf%C3%A9"] and len(got.hops) == 2
    for location in (
        b"http://169.254.169.254/latest/",
        b"file:///etc/passwd",
        b"http://[::1]/",
        b"gopher://x/",
    ):
        with pytest.raises(RefusedError):
            fetched(to(location))
    with pytest.raises(FailedError, match="redirects more than"):
        fetched(to(b"/"))


@pytest.mark.parametrize("status", [404, 410])
def test_gone_is_told_from_trouble(status: int) -> None:
    with pytest.raises(GoneError):
        fetched(saying(b"Content-Length: 0\r\n", status=b"%d No" % status))
    for other in (b"403 No", b"500 Oh", b"503 Later"):
        with pytest.raises(FailedError):
            fetched(saying(b"Content-Length: 0\r\n", status=other))


def failing(code: int) -> Callable[[str, int], Sequence[str]]:
    def by(_: str, __: int) -> Sequence[str]:
        raise socket.gaierror(code, "made for the test")

    return by


def test_a_name_that_nobody_has_is_gone_and_our_own_trouble_is_not() -> None:
    place = place_of("http://shop.example/")
    with pytest.raises(GoneError):
        checked_addresses(place, (), failing(socket.EAI_NONAME))
    with pytest.raises(FailedError, match="at the moment"):
        checked_addresses(place, (), failing(socket.EAI_AGAIN))


def test_a_name_of_which_one_address_is_private_is_a_trap() -> None:
    place = place_of("http://shop.example/")
    assert checked_addresses(place, (), lambda *_: ["93.184.216.34"]) == ["93.184.216.34"]
    with pytest.raises(RefusedError, match=r"shop\.example leads to 10\.0\.0\.7"):
        checked_addresses(place, (), lambda *_: ["93.184.216.34", "10.0.0.7"])


@pytest.mark.parametrize(
    "inside",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "240.0.0.1",
        "192.88.99.1",
        "198.18.0.1",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "3fff::1",
        "::ffff:127.0.0.1",
        "::7f00:1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:0:1:2:3:4:80ff:fffe",
        "2001:db8::1",
    ],
)
def test_no_address_inside_is_asked_however_it_is_written(inside: str) -> None:
    assert why_private(ipaddress.ip_address(inside))


@pytest.mark.parametrize("outside", ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_public_addresses_are_asked(outside: str) -> None:
    assert not why_private(ipaddress.ip_address(outside))


@pytest.mark.parametrize(
    "url",
    [
        "ftp://shop.example/",
        "http://user@shop.example/",
        "http://shop.example:22/",
        "http:///",
        "javascript:alert(1)",
        "http://shop.example/ x",
        "http://shop.example/\r\nX: y",
        "http://" + "a" * 3000,
        "http://[::1",
        "//shop.example",
    ],
)
def test_what_is_no_plain_address_is_refused(url: str) -> None:
    with pytest.raises(RefusedError):
        place_of(url)


def test_robots_are_asked_at_every_site_on_the_way() -> None:
    def closed(connected: socket.socket, request: bytes) -> None:
        said = b"User-agent: *\nDisallow: /private\n" if b"/robots.txt" in request else TEXT
        saying(b"Content-Length: %d\r\n" % len(said), said)(connected, request)

    def forward(connected: socket.socket, request: bytes) -> None:
        if b"/robots.txt" in request:
            saying(b"Content-Length: 0\r\n", status=b"404 No")(connected, request)
        else:
            head = b"Location: http://127.0.0.1:%d/private\r\nContent-Length: 0\r\n" % other
            saying(head, status=b"302 Found")(connected, request)

    by = Fetcher("Tests/1", HERE, Limits(seconds=5.0))
    with served(closed) as other, served(forward) as port:
        robots = Robots(by)
        assert by.fetch(f"http://127.0.0.1:{other}/open", robots.require).decoded == TEXT
        for url in (f"http://127.0.0.1:{other}/private", f"http://127.0.0.1:{port}/"):
            with pytest.raises(RefusedError, match="left alone"):
                by.fetch(url, robots.require)
    with served(saying(b"Content-Length: 0\r\n", status=b"503 Later")) as port, pytest.raises(RefusedError):
        by.fetch(f"http://127.0.0.1:{port}/", Robots(by).require)


@given(st.text(max_size=80))
def test_no_text_is_an_address_that_breaks_the_guard(url: str) -> None:
    for one in (url, f"http://{url}", f"https://{url}/x"):
        with suppress(RefusedError):
            assert place_of(one).scheme in ("http", "https")


@given(
    st.binary(max_size=200),
    st.sampled_from(["", "gzip", "deflate", "br", "\xff"]),
    st.sampled_from(["", "chunked", "gzip"]),
)
def test_no_body_breaks_the_decoder(raw: bytes, content: str, transfer: str) -> None:
    with suppress(CaptureError):
        assert (
            len(decoded(raw, [("Content-Encoding", content), ("Transfer-Encoding", transfer)], 1_000))
            <= 1_000
        )
