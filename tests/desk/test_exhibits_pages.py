"""Taking things in at the desk: kept as they came, dated, never run."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone

from desk.cases import OFFER, PAGE, hand_in_page, open_case
from tidegate.desk.evidence.capture.visible import Visible
from tidegate.desk.evidence.cases.custody import chain
from tidegate.desk.evidence.custody.chain import walk
from tidegate.desk.evidence.exhibits import handed_in, intake, working
from tidegate.desk.evidence.exhibits.intake import IntakeError
from tidegate.desk.evidence.exhibits.kept import bytes_of
from tidegate.desk.evidence.exhibits.models import Exhibit, Source

pytestmark = pytest.mark.django_db
LIST = "/desk/cases/case-2026-0001/exhibits/"


def files(*contents: tuple[str, bytes]) -> list[SimpleUploadedFile]:
    return [SimpleUploadedFile(name, content) for name, content in contents]


def test_saved_pages_are_kept_as_they_came_and_their_custody_begins(
    people: dict[str, Any], signed_in: Callable[[str], Client]
) -> None:
    case = open_case(people)
    sent = {"files": files(("b.html", PAGE.encode()), ("a.txt", b"second"))}
    answer = signed_in("officer").post(f"{LIST}add-files/", sent)
    assert answer.status_code == 302
    first, second = Exhibit.objects.filter(case=case).order_by("number")
    assert (first.title, second.title) == ("a.txt", "Blast services")
    assert bytes_of(second.sha256) == PAGE.encode()
    assert second.sha256 == hashlib.sha256(PAGE.encode()).hexdigest()
    assert OFFER in bytes_of(second.text).decode() and "<p>" not in bytes_of(second.text).decode()
    events = chain(case)
    assert [(one.did, one.exhibit) for one in events] == [
        ("received", first.sha256),
        ("received", second.sha256),
    ]
    assert not walk(b"".join(one.line for one in events)).findings


def test_what_is_handed_in_rests_on_one_partys_word_and_is_undated_unless_somebody_says_when(
    people: dict[str, Any],
) -> None:
    case = open_case(people)
    undated = hand_in_page(case, people["officer"])
    seen = timezone.now() - timedelta(days=3)
    dated = hand_in_page(case, people["officer"], PAGE + " ", seen)
    assert undated.weak and undated.observed is None
    assert dated.weak and dated.observed == seen


def test_what_was_seen_in_the_future_an_empty_file_and_a_closed_case_are_refused(
    people: dict[str, Any],
) -> None:
    case = open_case(people)
    with pytest.raises(IntakeError, match="not come yet"):
        hand_in_page(case, people["officer"], seen=timezone.now() + timedelta(hours=1))
    with pytest.raises(IntakeError, match="empty"):
        hand_in_page(case, people["officer"], "")
    case.stage = "closed"
    with pytest.raises(IntakeError, match="closed"):
        hand_in_page(case, people["officer"])
    assert not Exhibit.objects.exists()


def test_a_batch_is_taken_in_whole_or_not_at_all(
    people: dict[str, Any], signed_in: Callable[[str], Client]
) -> None:
    open_case(people)
    sent = {"files": files(("a.html", PAGE.encode()), ("b.html", b" " * (25 << 20)))}
    answer = signed_in("officer").post(f"{LIST}add-files/", sent)
    assert answer.status_code == 422 and "Nothing was taken in" in answer.content.decode()
    assert not Exhibit.objects.exists() and not Source.objects.exists()


def test_captured_bytes_leave_the_desk_only_as_a_download_in_a_sandbox(
    people: dict[str, Any], signed_in: Callable[[str], Client]
) -> None:
    case = open_case(people)
    hand_in_page(case, people["officer"], "<script>alert(1)</script>" + PAGE)
    client = signed_in("officer")
    answer = client.get(f"{LIST}1/raw/")
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Security-Policy"].startswith("sandbox")
    assert answer["X-Content-Type-Options"] == "nosniff"
    shown = client.get(f"{LIST}1/").content.decode()
    assert "alert(1)" not in shown and OFFER in shown


def test_only_people_who_may_see_cases_see_them_and_only_officers_take_in(
    people: dict[str, Any], signed_in: Callable[[str], Client]
) -> None:
    open_case(people)
    for role, looks, works in (
        ("officer", 200, 422),
        ("senior", 200, 422),
        ("counsel", 200, 403),
        ("auditor", 200, 403),
        ("analyst", 403, 403),
        ("reviewer", 403, 403),
        ("administrator", 403, 403),
    ):
        client = signed_in(role)
        assert client.get(LIST).status_code == looks, role
        assert client.post(f"{LIST}add-files/", {}).status_code == works, role


def test_an_address_in_ones_own_network_is_refused_on_the_form(
    people: dict[str, Any], signed_in: Callable[[str], Client]
) -> None:
    open_case(people)
    client = signed_in("officer")
    for address in ("http://user:secret@example.com/", "https://example.com:8443/"):
        answer = client.post(f"{LIST}add-page/", {"address": address, "kind": "page", "every_days": ""})
        assert answer.status_code == 422, address
    client.post(f"{LIST}add-page/", {"address": "http://127.0.0.1/", "kind": "page", "every_days": ""})
    working.work()
    (source,) = Source.objects.all()
    attempt = source.attempts.get()
    assert attempt.outcome == "refused" and "this machine itself" in attempt.words
    assert not Exhibit.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_the_database_while_files_are_read(
    people: dict[str, Any], signed_in: Callable[[str], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = []

    def reads(content: bytes, media_type: str) -> Visible:
        held.append(connection.in_atomic_block)
        return Visible(content.decode())

    monkeypatch.setattr(intake, "text_apart", reads)
    open_case(people)
    sent = {"files": files(("a.txt", b"first"), ("b.txt", b"second"))}
    assert signed_in("officer").post(f"{LIST}add-files/", sent).status_code == 302
    assert held == [False, False] and Exhibit.objects.count() == 2


def test_files_that_take_too_long_to_read_are_refused_together(
    people: dict[str, Any], signed_in: Callable[[str], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    open_case(people)
    monkeypatch.setattr(handed_in, "READING_S", -1.0)
    answer = signed_in("officer").post(f"{LIST}add-files/", {"files": files(("a.txt", b"first"))})
    assert answer.status_code == 422 and "hand in fewer at once" in answer.content.decode()
    assert not Exhibit.objects.exists()
