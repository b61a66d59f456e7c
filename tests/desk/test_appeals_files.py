"""Attachments: only what name and content agree on is taken, and nothing that is two things at once."""

import hashlib
import io
import zipfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from desk.appealing import JPG, PDF, PNG, TXT, WEBP, chunk
from tidegate.desk.appeals.attachments import MOST_BYTES, MOST_FILES, checked, shown_name
from tidegate.desk.appeals.file_kinds import kind_of
from tidegate.desk.appeals.refusals import Refused

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><html><body>hello</body></html>"


def archive() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as made:
        made.writestr("index.html", "hello")
    return held.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.png", PNG, "png"),
        ("A.PNG", PNG, "png"),
        ("a.jpg", JPG, "jpg"),
        ("a.jpeg", JPG, "jpg"),
        ("a.jpg", JPG + b"\0\0SEFHSEFT", "jpg"),
        ("a.webp", WEBP, "webp"),
        ("a.pdf", PDF, "pdf"),
        ("notes.txt", TXT, "txt"),
        ("notes.txt", b"\xef\xbb\xbf" + TXT, "txt"),
    ],
)
def test_what_name_and_content_agree_on_is_taken(name: str, content: bytes, kind: str) -> None:
    assert kind_of(name, content) == kind


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.svg", SVG),
        ("a.html", HTML),
        ("a.zip", archive()),
        ("a.docx", archive()),
        ("a.exe", b"MZ" + bytes(100)),
        ("a", PNG),
        ("png", PNG),
        ("a.png.html", PNG),
        ("a.png", b""),
    ],
)
def test_other_kinds_are_not_taken(name: str, content: bytes) -> None:
    assert kind_of(name, content) is None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.png", JPG),
        ("a.jpg", PNG),
        ("a.pdf", PNG),
        ("a.webp", PNG),
        ("a.txt", PNG),
        ("a.png", SVG),
        ("a.txt", SVG),
        ("a.txt", HTML),
        ("a.txt", b"  \n<?xml-stylesheet href='x'?>"),
        ("a.txt", b"%PDF-1.4"),
        ("a.txt", "ÿ".encode("latin-1")),
        ("a.txt", b"a\x00b"),
        ("a.png", PNG[:30]),
        ("a.pdf", PDF[:20]),
    ],
)
def test_a_name_that_is_not_true_is_found_out(name: str, content: bytes) -> None:
    assert kind_of(name, content) is None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.png", PNG + archive()),
        ("a.png", PNG + HTML),
        ("a.png", PNG[:-12] + chunk(b"tEXt", b"Comment\0<script>alert(1)</script>") + PNG[-12:]),
        ("a.jpg", JPG + archive()),
        ("a.jpg", JPG[:-2] + HTML + b"\xff\xd9"),
        ("a.jpg", JPG[:20] + PDF + b"\xff\xd9"),
        ("a.webp", WEBP + archive()),
        ("a.pdf", PDF + archive()),
        ("a.pdf", b"MZ" + PDF),
        ("a.pdf", PDF.replace(b"/Catalog", b"/Catalog /OpenAction << /S /JavaScript /JS (x) >>")),
        ("a.pdf", PDF.replace(b"/Catalog", b"/Catalog /OpenAction << /S /Launch >>")),
        ("a.pdf", PDF.replace(b"/Catalog", b"/Catalog /EmbeddedFile")),
        ("a.txt", TXT + archive()),
    ],
)
def test_a_file_that_is_two_things_at_once_is_not_taken(name: str, content: bytes) -> None:
    assert kind_of(name, content) is None


def test_number_and_size_are_limited() -> None:
    with pytest.raises(Refused, match="many_files"):
        checked([SimpleUploadedFile("a.png", PNG)] * (MOST_FILES + 1))
    with pytest.raises(Refused, match="large"):
        checked([SimpleUploadedFile("a.txt", b"a" * (MOST_BYTES + 1))])
    assert checked([SimpleUploadedFile("a.txt", b"a" * MOST_BYTES)])[0].kind == "txt"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\x\\scan.pdf", "scan.pdf"),
        ("a\u202egnp.exe.png", "agnp.exe.png"),
        ("a\r\nb.png", "ab.png"),
        ("...", "file"),
        ("x" * 300 + ".jpeg", "x" * 80 + ".jpeg"),
        ('a"; b.png', "a_; b.png"),
    ],
)
def test_names_are_only_shown_and_cleaned_for_that(given: str, shown: str) -> None:
    assert shown_name(given) == shown


@pytest.mark.django_db(transaction=True)
def test_files_lie_under_random_names_for_the_owner_alone_and_go_with_their_appeal(beside: Any) -> None:
    from django.utils import timezone

    from desk.appealing import limited_account
    from tidegate.desk.appeals.attachments import content_of, folder
    from tidegate.desk.appeals.lodging import lodge
    from tidegate.desk.appeals.measures import measures_of

    account, now = limited_account(beside), timezone.now()
    before = set(folder().iterdir())
    appeal = lodge(
        account, measures_of(account, now), "words", [SimpleUploadedFile("../../scan.png", PNG)], "en", now
    )
    (kept,) = appeal.attachments.all()
    (file,) = set(folder().iterdir()) - before
    assert file.name == kept.stored and "scan" not in file.name
    assert file.stat().st_mode & 0o777 == 0o600 and folder().stat().st_mode & 0o777 == 0o700
    assert kept.sha256 == hashlib.sha256(PNG).hexdigest() and kept.name == "scan.png"
    assert content_of(kept) == PNG
    file.write_bytes(b"something else")
    assert content_of(kept) is None
    appeal.delete()
    assert set(folder().iterdir()) == before


@pytest.mark.django_db(transaction=True)
def test_a_file_that_is_refused_leaves_nothing_behind(beside: Any) -> None:
    from django.utils import timezone

    from desk.appealing import limited_account
    from tidegate.desk.appeals.attachments import folder
    from tidegate.desk.appeals.lodging import lodge
    from tidegate.desk.appeals.measures import measures_of
    from tidegate.desk.appeals.models import Appeal

    account, now = limited_account(beside), timezone.now()
    before = set(folder().iterdir())
    files = [SimpleUploadedFile("a.png", PNG), SimpleUploadedFile("b.png", HTML)]
    with pytest.raises(Refused, match="kind"):
        lodge(account, measures_of(account, now), "words", files, "en", now)
    assert not Appeal.objects.exists() and set(folder().iterdir()) == before
