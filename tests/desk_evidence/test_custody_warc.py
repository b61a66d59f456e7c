"""Captures as WARC: both digests are ours, and whatever does not fit is said."""

import gzip
import random
from datetime import UTC, datetime

import pytest

from tidegate.desk.evidence.custody.exhibits import file_name, sha256_of
from tidegate.desk.evidence.custody.warc import Exchange, WarcError, payloads, warc_of, wrong_with

BODY = b"<p>We send in bulk.</p>" * 40
PACKED = gzip.compress(BODY, mtime=0)
CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(PACKED), PACKED)
AT = datetime(2026, 1, 1, tzinfo=UTC)


def exchange(raw: bytes, *headers: tuple[str, str]) -> Exchange:
    return Exchange("https://shop.example/a?b=c", AT, "200 OK", headers, raw, ip="192.0.2.1")


@pytest.mark.parametrize(
    ("raw", "headers"),
    [
        (BODY, ()),
        (PACKED, (("Content-Encoding", "gzip"),)),
        (CHUNKED, (("Transfer-Encoding", "chunked"), ("Content-Encoding", "gzip"))),
    ],
)
def test_a_capture_keeps_the_bytes_as_transferred_and_says_what_they_decode_to(
    raw: bytes, headers: tuple[tuple[str, str], ...]
) -> None:
    warc = warc_of(exchange(raw, *headers), "tests")
    (payload,) = payloads(warc)
    assert payload.url == "https://shop.example/a?b=c"
    assert payload.raw_sha256 == payload.stated_raw == sha256_of(raw)
    assert payload.decoded == BODY and payload.stated_decoded == sha256_of(BODY)
    assert wrong_with(warc, sha256_of(raw), sha256_of(BODY)) == ""
    assert "no answer in it" in wrong_with(warc, sha256_of(b"other"), sha256_of(BODY))
    assert "on record" in wrong_with(warc, sha256_of(raw), sha256_of(b"other"))


def test_a_changed_capture_never_passes_for_another() -> None:
    warc = warc_of(exchange(PACKED, ("Content-Encoding", "gzip")), "tests")
    rng = random.Random(3)
    for _ in range(300):
        mangled = bytearray(warc)
        mangled[rng.randrange(len(mangled))] ^= 1 << rng.randrange(8)
        words = wrong_with(bytes(mangled), sha256_of(PACKED), sha256_of(BODY))
        assert words.isascii() and len(words) < 300
        if words:
            continue
        assert any(
            one.decoded == BODY and one.raw_sha256 == sha256_of(PACKED) for one in payloads(bytes(mangled))
        )


def test_what_is_no_warc_is_said() -> None:
    for content in (b"nothing", gzip.compress(b"nothing"), b"WARC/1.0\r\n\r\n"):
        assert wrong_with(content, "0" * 64, "0" * 64)
    with pytest.raises(WarcError):
        list(payloads(b"nothing"))


def test_files_are_named_by_their_hash_whatever_they_call_themselves() -> None:
    digest = "a" * 64
    assert file_name(digest, "text/html; charset=utf-8") == f"{digest}.html"
    for strange in ("../../x", "", "a/b/c", "text/\x00"):
        assert file_name(digest, strange) == f"{digest}.bin"
