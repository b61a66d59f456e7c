"""Texts of hostile pages and mails: nothing is lost that a person would read, nothing breaks, everything has a bound."""

import shutil
import socket
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.desk.evidence.capture import apart
from tidegate.desk.evidence.capture.apart import UnreadableError, text_apart
from tidegate.desk.evidence.capture.mail import mail_text
from tidegate.desk.evidence.capture.rendering import NotRenderedError, renderings
from tidegate.desk.evidence.capture.visible import decoded_text, visible
from tidegate.desk.evidence.custody.printing import BROWSERS

OFFER = "We send bulk messages"


@pytest.mark.parametrize(
    "html",
    [
        f"<p>{OFFER}</p>",
        f"<svg><p>{OFFER}",
        f"<math><p>{OFFER}",
        f"<div style='display:none'>{OFFER}</div>",
        f"<img alt='{OFFER}'>",
        f"<meta name=description content='{OFFER}'>",
        f"<title>{OFFER}</title>",
        "<p>We <b>send</b> bulk\n messages</p>",
        f"<script>1</script><p>{OFFER}",
        f"<noscript>{OFFER}</noscript>",
    ],
)
def test_what_a_person_may_read_is_in_the_text(html: str) -> None:
    assert OFFER in visible(html).text


def test_what_only_a_machine_reads_is_not_but_its_identifiers_are() -> None:
    found = visible(
        f"<html lang='pt-BR'><script>/* {OFFER} */ ga('G-AB12CD34EF')</script><style>{OFFER}</style>"
        "<a href='https://chat.example/5511987654321'>x</a><a href='javascript:go()'>y</a>"
        '<script type="application/ld+json">{"datePublished": "2026-03-02"}</script>'
    )
    assert OFFER not in found.text and "G-AB12CD34EF" in found.text and "5511987654321" in found.text
    assert "javascript" not in found.text
    assert (found.language, found.claimed) == ("pt-BR", "2026-03-02")


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        ("é".encode(), "text/html"),
        ("é".encode("latin-1"), "text/html; charset=iso-8859-1"),
        ("<meta charset=windows-1251>é".encode("cp1251", "replace"), "text/html"),
        ("é".encode("utf-16"), "text/html"),
        (b"\xff\xfe\x00", "text/html; charset=nonsense"),
        (b"abc", "text/html; charset=zip"),
        (b"abc-", "text/html; charset=punycode"),
    ],
)
def test_any_charset_gives_a_text(content: bytes, media_type: str) -> None:
    assert decoded_text(content, media_type)


def test_a_mail_shows_headers_parts_and_what_is_attached() -> None:
    mail = (
        "From: Seller <a@shop.example>\r\nSubject: =?utf-8?q?Ofert=C3=A1?=\r\nDate: Tue, 10 Mar 2026 14:02:11 +0000\r\n"
        "Received: from x by y; Tue, 10 Mar 2026 14:02:12 +0000\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n'
        f"<p>{OFFER}</p>\r\n--b\r\nContent-Type: application/zip\r\n"
        'Content-Disposition: attachment; filename="../../etc/list.zip"\r\n\r\nPK\r\n--b--\r\n'
    )
    found = mail_text(mail.encode())
    assert OFFER in found.text and "Ofertá" in found.text and "Received: from x" in found.text
    assert "list.zip (application/zip)" in found.text and found.claimed.startswith("Tue, 10 Mar 2026")


@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda raw: raw.decode("latin-1")))
def test_no_page_breaks_the_reader(html: str) -> None:
    for one in (html, f"<{html}>", f"<a href='{html}", f"<!--{html}", f"<script>{html}"):
        assert isinstance(visible(one).text, str)


@given(st.binary(max_size=400))
def test_no_mail_breaks_the_reader(raw: bytes) -> None:
    for one in (
        raw,
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + raw,
        b"Subject: =?utf-8?q?" + raw,
    ):
        assert isinstance(mail_text(one).text, str)


@settings(max_examples=5, deadline=None)
@given(st.binary(max_size=300))
def test_no_warc_breaks_the_reader(raw: bytes) -> None:
    try:
        text_apart(b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 9\r\n\r\n" + raw, "application/warc")
    except UnreadableError as refused:
        assert str(refused)


def test_what_takes_too_long_or_too_much_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    assert text_apart(OFFER.encode(), "text/html").text == OFFER
    monkeypatch.setattr(apart, "WAIT_S", 0.001)  # less than a process takes to start
    with pytest.raises(UnreadableError, match="not read within"):
        text_apart(OFFER.encode(), "text/html")


def browser_or_skip() -> None:
    if not any(shutil.which(name) for name in BROWSERS):
        pytest.skip("no Chromium is installed")


def test_rendering_a_page_runs_nothing_and_asks_nobody() -> None:
    browser_or_skip()
    listening = socket.create_server(("127.0.0.1", 0))
    port, asked = listening.getsockname()[1], []

    def accept() -> None:
        while True:
            try:
                connected, _ = listening.accept()
            except OSError:
                return
            asked.append(connected.getpeername())
            connected.close()

    threading.Thread(target=accept, daemon=True).start()
    there = f"http://127.0.0.1:{port}"
    hostile = (
        f"<link rel=preconnect href={there}><link rel=prefetch href={there}/a><link rel=stylesheet href={there}/b>"
        f"<meta http-equiv=refresh content='0;url={there}/c'><img src={there}/d><iframe src={there}/e></iframe>"
        f"<script>location='{there}/f'; document.body.innerHTML='ran'</script><p>{OFFER}</p>"
    )
    plain = renderings(f"<p>{OFFER}</p>".encode(), "text/html")
    try:
        made = renderings(hostile.encode(), "text/html; charset=utf-8")
    finally:
        listening.close()
    assert not asked
    assert made["image/png"].startswith(b"\x89PNG") and made["application/pdf"].startswith(b"%PDF")
    assert plain["image/png"].startswith(b"\x89PNG")
    with pytest.raises(NotRenderedError, match="is not rendered"):
        renderings(b"PK", "application/zip")
