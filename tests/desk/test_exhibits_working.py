"""Addresses are captured when they are due: seen, seen again, changed, gone; stamped by an authority."""

import shutil
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.utils import timezone

from desk.cases import PAGE, open_case
from tidegate.cli.demo_case import TimeStamps
from tidegate.desk.evidence.cases.custody import chain
from tidegate.desk.evidence.custody.verifying import verify
from tidegate.desk.evidence.dossier.sealing import folder_of, seal
from tidegate.desk.evidence.exhibits import told, working
from tidegate.desk.evidence.exhibits.models import Exhibit, Source
from tidegate.desk.settings import AuthoritySettings, EvidenceSettings

pytestmark = pytest.mark.django_db


class Site:
    """A web site on loopback."""

    def __init__(self) -> None:
        self.status, self.body, self.robots = 200, PAGE.encode(), b""
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = site.robots if self.path == "/robots.txt" else site.body
                self.send_response(200 if self.path == "/robots.txt" else site.status)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/"


@pytest.fixture
def site(settings: Any) -> Iterator[Site]:
    one = Site()
    evidence = EvidenceSettings(networks=("127.0.0.0/8",))
    settings.TIDEGATE = msgspec.structs.replace(settings.TIDEGATE, evidence=evidence)
    with pytest.MonkeyPatch.context() as patched:
        # A browser takes seconds for each; what pictures show is tested elsewhere.
        patched.setattr(working, "renderings", lambda content, media_type: {"image/png": b"a picture"})
        yield one
    one.server.shutdown()
    one.server.server_close()


@pytest.fixture
def source(site: Site, people: dict[str, Any]) -> Source:
    made: Source = Source.objects.create(
        case=open_case(people),
        kind="page",
        address=site.url,
        title=site.url,
        added_by=people["officer"],
        every_days=7,
        next_at=timezone.now(),
    )
    return made


def looked_again(source: Source) -> str:
    """What came of one more look."""
    Source.objects.filter(pk=source.pk).update(next_at=timezone.now())
    working.work()
    source.refresh_from_db()
    return str(source.attempts.latest("pk").outcome)


def test_still_there_changed_and_gone_are_each_on_record(site: Site, source: Source) -> None:
    assert looked_again(source) == "captured"
    exhibit = Exhibit.objects.get()
    assert exhibit.status == 200 and exhibit.ip == "127.0.0.1" and exhibit.http_date and exhibit.warc
    assert exhibit.observed == exhibit.captured and not exhibit.weak
    assert source.next_at is not None and source.next_at > timezone.now() + timedelta(days=6)
    assert looked_again(source) == "unchanged"
    site.body = b"<p>Another page</p>"
    assert looked_again(source) == "captured"
    site.status = 500
    assert looked_again(source) == "failed"
    assert source.gone_since is None and source.next_at < timezone.now() + timedelta(days=1)
    site.status = 410
    assert looked_again(source) == "gone"
    assert source.gone_since is not None
    first_gone = source.gone_since
    assert looked_again(source) == "gone" and source.gone_since == first_gone
    assert Exhibit.objects.count() == 3
    words = [one.words for one in told.happened(source.case)]
    assert any("seen again" in one for one in words) and any("Not there any more" in one for one in words)
    assert [one.did for one in chain(source.case)].count("captured") == 3
    site.status = 200
    assert looked_again(source) == "unchanged" and source.gone_since is None


def test_robots_are_respected_unless_an_officer_says_why_not(site: Site, source: Source) -> None:
    site.robots = b"User-agent: *\nDisallow: /\n"
    assert looked_again(source) == "refused"
    assert "left alone" in source.attempts.latest("pk").words and not Exhibit.objects.exists()
    Source.objects.filter(pk=source.pk).update(despite_robots="counsel asked for it")
    source.refresh_from_db()
    assert looked_again(source) == "captured"
    assert "despite robots.txt: counsel asked for it" in source.attempts.latest("pk").words


def test_nothing_is_captured_for_a_closed_case(source: Source) -> None:
    source.case.stage, source.case.closed = "closed", timezone.now()
    source.case.save()
    Source.objects.filter(pk=source.pk).update(next_at=timezone.now())
    working.work()
    assert not source.attempts.exists()


def test_exhibits_and_the_chain_are_stamped_and_a_sealed_file_carries_the_stamps(
    site: Site, source: Source, people: dict[str, Any], settings: Any, tmp_path: Path
) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    stamps = TimeStamps(tmp_path)
    roots = tmp_path / "tsa" / "root.pem"
    url = stamps.settings.split('url = "')[1].split('"')[0]
    evidence = EvidenceSettings(
        networks=("127.0.0.0/8",),
        authorities=(AuthoritySettings(name="Tests", url=url, roots=str(roots)),),
    )
    settings.TIDEGATE = msgspec.structs.replace(settings.TIDEGATE, evidence=evidence)
    try:
        assert looked_again(source) == "captured"
        made = seal(source.case, people["officer"])
    finally:
        stamps.close()
    exhibit = Exhibit.objects.get()
    assert exhibit.stamps.count() == 1 and "stamped" in [one.did for one in chain(source.case)]
    assert source.case.head_stamps.count() == 1
    verdict = verify(folder_of(source.case) / made.file.name)
    assert verdict.intact and verdict.vouched_for and verdict.tokens == 2 and not made.trouble


def test_an_authority_that_is_away_is_told_and_keeps_back_nothing_else(source: Source, settings: Any) -> None:
    roots = Path(settings.TIDEGATE_FOLDER) / "roots.pem"
    roots.write_bytes(b"")
    evidence = EvidenceSettings(
        networks=("127.0.0.0/8",),
        authorities=(AuthoritySettings(name="Away", url="http://127.0.0.1:9/", roots="roots.pem"),),
    )
    settings.TIDEGATE = msgspec.structs.replace(settings.TIDEGATE, evidence=evidence)
    assert looked_again(source) == "captured"
    exhibit = Exhibit.objects.get()
    assert "Away" in exhibit.trouble and not exhibit.pending and exhibit.claims.exists()
