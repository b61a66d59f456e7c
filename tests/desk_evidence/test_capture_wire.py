"""From the wire into a WARC: what was read is what its WARC says was read, and no server or file brings a fault about."""

import gzip
import ipaddress
import socket
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tidegate.desk.evidence.capture.addresses import place_of
from tidegate.desk.evidence.capture.decoding import decoded
from tidegate.desk.evidence.capture.fetching import Fetcher, Limits
from tidegate.desk.evidence.capture.mail import mail_text
from tidegate.desk.evidence.capture.refusals import CaptureError, FailedError, RefusedError
from tidegate.desk.evidence.capture.robots import TOKEN, Robots
from tidegate.desk.evidence.capture.texts import text_of
from tidegate.desk.evidence.custody.exhibits import sha256_of
from tidegate.desk.evidence.custody.warc import Exchange, WarcError, payloads, warc_of, wrong_with

AT = datetime(2026, 1, 1, tzinfo=UTC)
MOST = 1 << 20
HERE = (ipaddress.ip_network("127.0.0.0/8"),)
ENCODINGS = ("", "identity", "gzip", "x-gzip", " GZIP ", "deflate", "raw deflate", "two members")
Headers = list[tuple[str, str]]


def encoded(body: bytes, how: str, chunk_size: int, trailer: bytes) -> tuple[bytes, Headers]:
    """As a server may send a body."""
    headers: Headers = []
    if how in ("gzip", "x-gzip", " GZIP "):
        body, headers = gzip.compress(body), [("Content-Encoding", how)]
    elif how == "two members":
        half = len(body) // 2
        body, headers = (
            gzip.compress(body[:half]) + gzip.compress(body[half:]),
            [("Content-Encoding", "gzip")],
        )
    elif how.endswith("deflate"):
        body = zlib.compress(body)
        body, headers = (body[2:-4] if how.startswith("raw") else body), [("Content-Encoding", "deflate")]
    elif how:
        headers = [("Content-Encoding", how)]
    if not chunk_size:
        return body, headers
    chunks = [body[place : place + chunk_size] for place in range(0, len(body), chunk_size)]
    raw = b"".join(b"%X ;a=b\r\n%s\r\n" % (len(one), one) for one in chunks)
    return raw + b"0\r\n" + trailer + b"\r\n", [*headers, ("Transfer-Encoding", "chunked")]


@given(
    st.binary(max_size=400),
    st.sampled_from(ENCODINGS),
    st.sampled_from([0, 1, 7, 1_000]),
    st.sampled_from([b"", b"X: y\r\n"]),
)
@settings(deadline=None)
def test_a_capture_and_its_warc_agree_on_what_was_read(
    body: bytes, how: str, chunk_size: int, trailer: bytes
) -> None:
    raw, headers = encoded(body, how, chunk_size, trailer)
    assert decoded(raw, headers, MOST) == body
    warc = warc_of(Exchange("http://shop.example/x", AT, "200 OK", headers, raw), "tests")
    assert wrong_with(warc, sha256_of(raw), sha256_of(body)) == ""


@pytest.mark.parametrize(
    "raw", [b"5\r\nhelloXX0\r\n\r\n", b"4\r\nhello\r\n0\r\n\r\n", b"5\r\nhello\r\n", b""]
)
def test_chunks_that_lie_about_their_size_are_no_answer(raw: bytes) -> None:
    with pytest.raises(FailedError):
        decoded(raw, [("Transfer-Encoding", "chunked")], MOST)


def test_an_encoding_that_nobody_knows_in_a_warc_that_somebody_made_is_said() -> None:
    for header in ("Content-Encoding", "Transfer-Encoding"):
        other = b"HTTP/1.1 200 OK\r\n%s: nonsense\r\n\r\n<p>x" % header.encode()
        head = b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://shop.example/\r\n"
        kind = b"Content-Type: application/http; msgtype=response\r\n"
        warc = head + kind + b"Content-Length: %d\r\n\r\n%s\r\n\r\n" % (len(other), other)
        assert wrong_with(warc, sha256_of(b"<p>x"), sha256_of(b"other"))
        if header == "Content-Encoding":
            with pytest.raises(WarcError, match="nonsense"):
                list(payloads(warc))


@contextmanager
def saying(answer: bytes) -> Iterator[str]:
    """The address of a server that says just this to everybody."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connected, _ = listening.accept()
            except OSError:
                return
            try:
                with connected:
                    connected.recv(65_536)
                    connected.sendall(answer)
            except OSError:
                continue  # the client had enough

    serving = threading.Thread(target=serve, daemon=True)
    serving.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        serving.join()


HEADER = st.sampled_from(
    [
        b"Content-Type: text/html\r\n", b"Content-Encoding: gzip\r\n", b"Content-Encoding: identity\r\n",
        b"Transfer-Encoding: chunked\r\n", b"Content-Length: 3\r\n", b"Content-Length: -1\r\n", b"A\x85b: c\r\n",
        b" folded\r\n", b": x\r\n", b"X: \x00\xff\x85\xa0\r\n", b"no colon\r\n", b"\xe9t\xe9: \xfc\r\n",
        b"Date: \x00\r\n", b"WARC-Type: response\r\n", b"X: y\rZ: w\r\n", b"Location: \r\n", b"Content-Length: \xb2\r\n",
    ]
)  # fmt: skip
STATUS = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.0 200\r\n",
        b"HTTP/1.1 299 \xe9\x00\x85\r\n",
        b"HTTP/9.9 200 OK\r\n",
        b"200 OK\r\n",
        b"HTTP/1.1 20\r\n",
        b"HTTP/1.1 -20 x\r\n",
        b"HTTP/1.1 \x00\x85 x\r\n",
        b"HTTP/1.1 302 F\r\nLocation: //\xff:x/\r\n",
    ]
)


@given(STATUS, st.lists(HEADER, max_size=6), st.sampled_from([b"abc", b"", b"3\r\nabc\r\n0\r\n\r\n"]))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(b"HTTP/1.1 200 OK\r\n", [b"A\x85b: c\r\n"], b"abc")
@example(b"HTTP/1.1 \x00\x85 x\r\n", [], b"abc")
def test_whatever_a_server_says_is_kept_whole_or_told_in_words(
    status: bytes, headers: list[bytes], body: bytes
) -> None:
    with saying(status + b"".join(headers) + b"\r\n" + body) as url:
        try:
            got = Fetcher("Tests/1", HERE, Limits(seconds=5.0)).fetch(url)
        except CaptureError as told:
            assert str(told).isprintable()
            return
    warc = warc_of(got.exchange, "tests")
    assert wrong_with(warc, sha256_of(got.exchange.raw), sha256_of(got.decoded)) == ""


@pytest.mark.parametrize(
    "rules", ["Disallow: /" + "*a" * 900 + "*b\n", "Disallow: /*a*b*c$\n" * 20_000, "\x00\xff\n"]
)
def test_no_file_of_rules_keeps_us_for_ever(rules: str) -> None:
    said = f"User-agent: {TOKEN}\n{rules}Disallow: /aab\n".encode()
    with saying(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(said), said)) as url:
        robots = Robots(Fetcher("Tests/1", HERE, Limits(seconds=5.0)))
        robots.require(url + "a" * 1_500)
        with pytest.raises(RefusedError, match="left alone"):
            robots.require(f"{url}aab")


@given(
    st.text(alphabet=st.characters(), max_size=30)
    | st.text(alphabet="[]:@/\\%.?#0x1a\u2024\uff0e\ud800", max_size=20)
)
@settings(deadline=None)
@example("x/\ud800")
@example("x/?\udfff")
def test_a_refused_address_can_be_told_and_a_taken_one_be_asked(text: str) -> None:
    try:
        place = place_of(f"http://{text}")
    except RefusedError as told:
        assert str(told).encode("utf-8")
    else:
        assert place.target.isascii() and place.target.startswith("/") and place.host.isascii()
        assert not set(place.target + place.host) & set(" \t\r\n\0")


BITS = st.sampled_from(
    [
        b"From: ", b"Subject: ", b"Date: ", b"Received: ", b"Content-Type: ", b"Content-Transfer-Encoding: ", b"a@b",
        b"<", b"Content-Disposition: attachment; filename", b"=?utf-8?q?", b"=?utf-8?b?", b"?=", b"=?x?y?z?=", b"\xff",
        b"\0", b"\r", b"\n", b"\n\n", b"text/html", b"multipart/mixed; boundary=BOUND", b"message/rfc822", b"; charset=",
        b"utf-7", b"zlib", b"base64", b"quoted-printable", b"uuencode", b"*0*=", b"=", b"utf-8''%ff", b"[", b"(", b'"',
        b"9" * 5_000, b"\n--BOUND\n", b"\n--BOUND--\n", b"begin 644 x\n", b"<![x", b"&#",
        b"Mon, 1 Jan 2020 00:00:00 +9999",
    ]
)  # fmt: skip


@given(st.lists(BITS | st.binary(max_size=4), max_size=30).map(b"".join))
@settings(max_examples=400, deadline=None)
def test_no_mail_breaks_the_reader(raw: bytes) -> None:
    found = mail_text(raw)
    assert "\0" not in found.text and len(found.title) <= 300 and len(found.claimed) <= 200


WARC = gzip.decompress(
    warc_of(Exchange("http://shop.example/", AT, "200 OK", [("X", "y")], b"<p>We send in bulk</p>"), "tests")
)


@given(st.integers(0, len(WARC) - 1), BITS | st.binary(max_size=8), st.integers(0, 12))
@settings(max_examples=300, deadline=None)
def test_no_warc_breaks_the_reader(place: int, put: bytes, over: int) -> None:
    try:
        assert text_of(WARC[:place] + put + WARC[place + over :], "application/warc").text is not None
    except WarcError as told:
        assert str(told)
