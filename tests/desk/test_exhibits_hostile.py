"""Capturing from sites that mean harm, at the desk: refused, told in words, rendered without a word to anybody."""

import hashlib
import shutil
import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.utils import timezone

from desk.cases import OFFER, PAGE, hand_in_page, open_case
from tidegate.desk.evidence.capture.rendering import NotRenderedError, renderings
from tidegate.desk.evidence.cases import custody
from tidegate.desk.evidence.custody.authorities import Authority, NoAnswerError
from tidegate.desk.evidence.custody.local_authority import local_authority
from tidegate.desk.evidence.custody.printing import BROWSERS
from tidegate.desk.evidence.custody.tokens import check, roots_from
from tidegate.desk.evidence.exhibits import stamping, working
from tidegate.desk.evidence.exhibits.kept import bytes_of
from tidegate.desk.evidence.exhibits.models import Exhibit, Source
from tidegate.desk.settings import AuthoritySettings, EvidenceSettings

pytestmark = pytest.mark.django_db
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


class Listener:
    """Answers every connection on loopback by the same bytes, and counts them."""

    def __init__(self) -> None:
        self.answer, self.asked = b"", 0
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}/"
        self.serving = threading.Thread(target=self._serve, daemon=True)
        self.serving.start()

    def _serve(self) -> None:
        while True:
            try:
                connected, _ = self.listening.accept()
            except OSError:
                return
            self.asked += 1
            try:
                with connected:
                    request = connected.recv(65_536)
                    no_rules = b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"
                    connected.sendall(no_rules if b"/robots.txt" in request else self.answer)
            except OSError:
                continue  # the client had enough

    def close(self) -> None:
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        self.serving.join()


@pytest.fixture
def site() -> Iterator[Listener]:
    one = Listener()
    yield one
    one.close()


@pytest.fixture
def source_at(settings: Any, people: dict[str, Any]) -> Callable[[str], Source]:
    """A source that is due, at an address on loopback, from which this desk may capture."""
    evidence = EvidenceSettings(networks=("127.0.0.0/8",))
    settings.TIDEGATE = msgspec.structs.replace(settings.TIDEGATE, evidence=evidence)
    case = open_case(people)

    def make(address: str) -> Source:
        made: Source = Source.objects.create(
            case=case, kind="page", address=address, title=address, added_by=people["officer"], next_at=timezone.now()
        )  # fmt: skip
        return made

    return make


@pytest.mark.parametrize(
    "location", ["http://169.254.169.254/latest/", "http://[::1]/", "http://10.0.0.1/", "file:///x"]
)
def test_a_redirection_into_a_private_network_is_refused(
    location: str, site: Listener, source_at: Callable[[str], Source]
) -> None:
    site.answer = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
    attempt = working.look(source_at(site.url))
    assert attempt.outcome == "refused" and attempt.words and not Exhibit.objects.exists()


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Content-Encoding: identity\r\n\r\n" + PAGE.encode(),
        OK + b"A\x85b\xff: \x00\xff\r\n\r\n" + PAGE.encode(),
        b"HTTP/1.1 200 Tr\xe8s bien \x00\r\nContent-Type: text/html; charset=\xff\x00\r\n\r\n"
        + PAGE.encode(),
    ],
)
def test_a_page_is_captured_however_strange_its_headers(
    answer: bytes, site: Listener, source_at: Callable[[str], Source]
) -> None:
    site.answer = answer
    attempt = working.look(source_at(site.url))
    assert attempt.outcome == "captured", attempt.words
    exhibit = Exhibit.objects.get()
    assert bytes_of(exhibit.sha256) == PAGE.encode() and OFFER in bytes_of(exhibit.text).decode()
    assert exhibit.media_type.isprintable()


@pytest.mark.parametrize(
    "answer", [b"\0\x01\x02\r\n\r\n", b"HTTP/1.1 \0abc\r\n\r\n", OK + b"Content-Encoding: br\r\n\r\nx"]
)
def test_what_is_no_answer_fails_in_words_that_any_database_takes(
    answer: bytes, site: Listener, source_at: Callable[[str], Source]
) -> None:
    site.answer = answer
    attempt = working.look(source_at(site.url))
    assert attempt.outcome == "failed" and attempt.words.isprintable() and site.url in attempt.words


def test_a_reader_with_a_fault_keeps_back_neither_its_exhibit_nor_the_next(
    people: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    case = open_case(people)
    for html in (PAGE, PAGE + " "):
        hand_in_page(case, people["officer"], html, name="not-rendered.json")

    def stumbles(exhibit: Exhibit) -> str:
        raise ValueError(f"cannot read {exhibit}")

    monkeypatch.setattr(working, "readers", [stumbles, *working.readers])
    working.work()
    for exhibit in Exhibit.objects.all():
        assert not exhibit.pending and "ValueError" in exhibit.trouble and exhibit.claims.exists()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    try:
        return local_authority(tmp_path / "authority", "Tests")
    except NoAnswerError as absent:
        pytest.skip(str(absent))


def test_the_end_of_a_chain_is_stamped_once_a_day_while_it_grows(
    people: dict[str, Any], settings: Any, authority: Authority
) -> None:
    case = open_case(people)
    assert not stamping.heads_due()
    named = AuthoritySettings(name="Tests", url="http://127.0.0.1:9/", roots="roots.pem")
    settings.TIDEGATE = msgspec.structs.replace(
        settings.TIDEGATE, evidence=EvidenceSettings(authorities=(named,))
    )
    hand_in_page(case, people["officer"])
    assert stamping.heads_due() == [case]
    (head,) = stamping.stamp_head(case, [authority])
    last = custody.chain(case)[-1]
    assert (head.number, head.digest) == (last.number, last.digest)
    stamped = hashlib.sha256(f"{last.number}:{last.digest}\n".encode()).hexdigest()
    assert check(bytes_of(head.token), stamped, roots_from(authority.roots_pem)).signer == "CN=Tests"
    assert not stamping.heads_due()
    hand_in_page(case, people["officer"], PAGE + " ")
    assert not stamping.heads_due(), "it has grown, and its last stamp is not a day old"
    case.head_stamps.update(at=timezone.now() - timedelta(days=1, minutes=1))
    assert stamping.heads_due() == [case]
    stamping.stamp_head(case, [authority])
    case.head_stamps.update(at=timezone.now() - timedelta(days=2))
    assert not stamping.heads_due(), "it has not grown"


@pytest.fixture
def browser() -> None:
    if not any(shutil.which(name) for name in BROWSERS):
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")


def colours_in(png: bytes) -> int:
    """Different bytes in a picture's rows; one of one colour has a few."""
    rows, place = b"", 8
    while place < len(png):
        size = int.from_bytes(png[place : place + 4], "big")
        if png[place + 4 : place + 8] == b"IDAT":
            rows += png[place + 8 : place + 8 + size]
        place += size + 12
    return len(set(zlib.decompress(rows)))


@pytest.mark.usefixtures("browser")
def test_a_picture_shows_nothing_that_a_script_wrote_and_nobody_is_asked(
    site: Listener, tmp_path: Path
) -> None:
    """Two pages that differ in nothing but what a script writes and what a file of ours holds look the same."""
    there, canary, pictures = site.url, tmp_path / "canary.html", []
    site.answer = OK + b"\r\n<body style='background:blue'>"
    for colour in ("red", "lime"):
        canary.write_text(f"<body style='background:{colour}'>")
        hostile = (
            f"<!doctype html><h1>{OFFER}</h1>"
            f"<script>document.body.style.background='{colour}'; fetch('{there}a')</script>"
            f"<link rel=preconnect href={there}><link rel=dns-prefetch href={there}><link rel=prefetch href={there}b>"
            f"<link rel=stylesheet href={there}c><img src={there}d onerror=\"document.body.innerHTML='{colour}'\">"
            f"<meta http-equiv=refresh content='0;url={there}e'><meta http-equiv=refresh content='0;url=file://{canary}'>"
            f"<style>@import '{there}f'; body {{ background-image: url({there}g) }}</style>"
            f"<iframe src='file://{canary}'></iframe><iframe src={there}h></iframe><object data='file://{canary}'></object>"
            f"<form action={there}i></form><script>document.forms[0].submit()</script>"
        )
        pictures.append(renderings(hostile.encode(), "text/html")["image/png"])
    assert pictures[0] == pictures[1] and colours_in(pictures[0]) > 20
    assert site.asked == 0


def test_a_type_that_the_browser_takes_for_a_download_is_not_rendered() -> None:
    for content, media_type in ((b"PK", "application/zip"), (b"<p>x", ""), (b"<p>x", "text/html2")):
        with pytest.raises(NotRenderedError, match="is not rendered"):
            renderings(content, media_type)
