"""Texts of PDF: real ones made by Chromium, damaged ones, and ones that mean harm."""

import random
import shutil
import subprocess
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter

from tidegate.desk.evidence.capture.apart import UnreadableError, text_apart
from tidegate.desk.evidence.capture.pdf import pdf_text
from tidegate.desk.evidence.capture.refusals import PdfError
from tidegate.desk.evidence.capture.texts import text_of
from tidegate.desk.evidence.custody.printing import BROWSERS

OFFER = "Enviamos 80.000 mensagens em massa por dia no Example Chat."
PAGE = f"""<!doctype html><html lang="pt"><title>Disparos</title><p>{OFFER}</p><p>批量发送消息</p>
<p dir="rtl">رسائل</p><p style="break-before: page">Second page,
<a href="https://chat.example/5511987654321">write to us</a></p>
<a href="https://chat.example/5511987654321">again</a></html>"""


def of_one_page(drawn: bytes, *, packed: bool = False) -> bytes:
    """A PDF whose one page has this content stream."""
    stream = zlib.compress(drawn, 9) if packed else drawn
    how = b"/Filter /FlateDecode " if packed else b""
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R "
        b"/Resources << /Font << /F 5 0 R >> >> >>",
        b"<< %s/Length %d >>\nstream\n%s\nendstream" % (how, len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    made, places = b"%PDF-1.7\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(parts) + 1, len(made))
    return made + b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1) + table + trailer


WRITTEN = of_one_page(b"BT /F 12 Tf 50 700 Td (We send bulk messages) Tj ET")


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What Chromium makes of :data:`PAGE`."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        pytest.skip("no Chromium is installed")
    folder: Path = tmp_path_factory.mktemp("pdf")
    (folder / "page.html").write_text(PAGE, "utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
    out = [f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={folder / 'page.pdf'}"]
    subprocess.run(
        [browser, *options, *out, str(folder / "page.html")],
        check=True,
        capture_output=True,
        timeout=60,
    )
    return (folder / "page.pdf").read_bytes()


def test_a_printed_page_says_what_it_said_page_by_page_with_its_links_once(printed: bytes) -> None:
    found = text_apart(printed, "application/pdf")
    assert OFFER in found.text and "批量发送消息" in found.text and "رسائل" in found.text
    first, second = found.text.split("[page 2]")
    assert first.startswith("[page 1]") and "Second page" in second
    assert found.text.count("https://chat.example/5511987654321") == 1
    assert (found.title, found.language) == ("Disparos", "pt") and found.claimed


def test_a_pdf_inside_a_warc_is_read_too() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n" + WRITTEN
    head = "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://shop.example/list.pdf\r\n"
    head += "WARC-Date: 2026-01-01T00:00:00Z\r\nContent-Type: application/http; msgtype=response\r\n"
    head += "WARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-000000000001>\r\n"
    warc = f"{head}Content-Length: {len(answer)}\r\n\r\n".encode() + answer + b"\r\n\r\n"
    text = text_of(warc, "application/warc").text
    assert "http://shop.example/list.pdf" in text and "We send bulk messages" in text


def test_what_asks_for_a_password_or_has_no_text_says_so() -> None:
    locked = PdfWriter(clone_from=PdfReader(BytesIO(WRITTEN)))
    locked.encrypt("secret", algorithm="AES-256")
    with pytest.raises(UnreadableError, match="password"):
        text_apart(_written(locked), "application/pdf")
    free = PdfWriter(clone_from=PdfReader(BytesIO(WRITTEN)))
    free.encrypt("", "owner", algorithm="AES-256")
    assert "We send bulk messages" in text_apart(_written(free), "application/pdf").text
    with pytest.raises(UnreadableError, match="type over"):
        text_apart(of_one_page(b"0 0 10 10 re f"), "application/pdf")
    with pytest.raises(UnreadableError, match="damaged"):
        text_apart(b"%PDF-1.7\nnothing", "application/pdf")


def test_a_stream_that_unpacks_to_gigabytes_takes_neither_time_nor_memory_of_the_desk() -> None:
    bomb = of_one_page(b" " * (120 << 20), packed=True)
    assert len(bomb) < 1 << 20
    try:
        assert "We send" not in text_apart(bomb, "application/pdf").text
    except UnreadableError as refused:
        assert str(refused)
    endless = of_one_page(b"BT /F 12 Tf " + b"(x) Tj " * 100_000, packed=True)
    try:
        assert len(text_apart(endless, "application/pdf").text) <= 2_000_000 + 100
    except UnreadableError as refused:
        assert "seconds" in str(refused) or "GiB" in str(refused)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 1 << 32))
def test_damaged_anywhere_it_gives_a_text_or_says_why_not(seed: int) -> None:
    chance = random.Random(seed)
    made = bytearray(WRITTEN)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(made))
        piece = chance.choice([b"", b"<<", b"]", b"0", b"/Kids", b"R", bytes([chance.randrange(256)])])
        made[at : at + chance.randint(0, 4)] = piece
    try:
        assert pdf_text(bytes(made)).text
    except PdfError as refused:
        assert str(refused)


def _written(writer: PdfWriter) -> bytes:
    out = BytesIO()
    writer.write(out)
    return out.getvalue()
