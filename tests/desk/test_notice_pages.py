"""The public notice and terms over HTTP: language, versions, answers."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client

from tidegate.desk.notice import answering
from tidegate.desk.notice.answering import MOST_A_DAY, MOST_SHARED, Limit
from tidegate.desk.notice.documents import Document
from tidegate.desk.notice.library import CODES, OWN, SHIPPED, read_library
from tidegate.desk.notice.models import Answered

pytestmark = pytest.mark.django_db
SHIPPED_DAY = "2026-11-20"
AFAR = "198.51.100.7"


@pytest.fixture(autouse=True)
def fresh_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidegate.desk.notice.views.limit", Limit())


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Publishes the shipped notice as versions of an operator's own, in the languages asked for."""
    config = apps.get_app_config("notice")
    before = config.library

    def publish(*days: str, languages: tuple[str, ...] = CODES) -> None:
        for day in days:
            place = tmp_path / OWN / "notice" / day
            shutil.copytree(SHIPPED / "notice" / SHIPPED_DAY, place)
            for file in place.iterdir():
                if file.stem not in languages:
                    file.unlink()
        config.library = read_library(tmp_path)

    yield publish
    config.library = before


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("it-CH,it;q=0.9,en;q=0.5", "it"),
        ("pt-BR", "pt"),
        ("zh-CN,zh;q=0.9", "zh-hans"),
        ("ar-EG", "ar"),
        ("hi", "hi"),
        ("id-ID", "id"),
        ("nl,de;q=0.5", "de"),
        ("xx", "en"),
        ("", "en"),
        ("a" * 5_000, "en"),
    ],
)
def test_the_reader_is_led_to_the_notice_in_the_browsers_language(asked: str, language: str) -> None:
    response = Client().get("/", headers={"accept-language": asked})
    assert response["location"] == f"/notice/{language}/"
    assert "Accept-Language" in response["vary"]
    assert Client().get("/terms/", headers={"accept-language": asked})["location"] == f"/terms/{language}/"


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("document", ["notice", "terms"])
def test_each_language_is_a_page_of_its_own(code: str, document: str) -> None:
    response = Client().get(f"/{document}/{code}/")
    page = response.content.decode()
    assert response.status_code == 200
    assert f'<html lang="{code}" dir="{"rtl" if code == "ar" else "ltr"}">' in page
    assert "{service}" not in page
    assert "Example Chat" in page
    for other in CODES:
        assert f'hreflang="{other}" href="http://testserver/{document}/{other}/"' in page
    assert 'hreflang="x-default"' in page
    assert "2019" in page
    assert not response.cookies.keys() - {settings.CSRF_COOKIE_NAME}


def test_only_the_texts_there_are_can_be_read() -> None:
    client = Client()
    for path in (
        "/notice/xx/",
        "/notice/en/2026-11-19/",
        "/notice/en/2026-02-31/",
        "/notice/EN/",
        "/rules/en/",
        "/notice/xx/versions/",
    ):
        assert client.get(path).status_code == 404, path
    assert client.get(f"/notice/en/{SHIPPED_DAY}/answer/").status_code == 405
    assert client.post("/notice/en/").status_code == 405


def test_every_version_stays_readable_and_says_when_it_was_valid(own: Callable[..., None]) -> None:
    own("2020-03-01", "2024-01-15", "2999-06-30")
    client = Client()
    old = client.get("/notice/fr/2020-03-01/").content.decode()
    assert "En vigueur à compter du 1er mars 2020" in old
    assert "14 janvier 2024" in old
    assert "Lire la version en vigueur" in old
    now = client.get("/notice/fr/").content.decode()
    assert "15 janvier 2024" in now
    assert "Lire la version en vigueur" not in now
    later = client.get("/notice/fr/2999-06-30/").content.decode()
    assert "Elle le sera à compter du 30 juin 2999" in later
    listed = client.get("/notice/fr/versions/").content.decode()
    for day in ("2020-03-01", "2024-01-15", "2999-06-30"):
        assert f'href="/notice/fr/{day}/"' in listed
    assert listed.count("Première version.") == 3
    assert listed.count(">en vigueur<") == 1


def test_a_language_that_the_operators_text_is_not_in_leads_to_one_that_it_is(
    own: Callable[..., None],
) -> None:
    own("2024-01-15", languages=("de", "it"))
    client = Client()
    assert client.get("/", headers={"accept-language": "fr"})["location"] == "/notice/it/"
    assert client.get("/notice/fr/")["location"] == "/notice/it/"
    page = client.get("/terms/fr/").content.decode()
    assert 'href="/notice/it/"' in page  # the foot leads to where there is something
    assert client.get("/notice/fr/versions/").status_code == 200


def answer(said: str, address: str = AFAR, path: str = f"/notice/it/{SHIPPED_DAY}/answer/") -> Any:
    return Client(REMOTE_ADDR=address).post(path, {"answer": said})


def test_answers_are_counted_by_text_version_language_and_day() -> None:
    response = answer("yes")
    assert response["location"] == f"/notice/it/{SHIPPED_DAY}/?answered=yes#answer"
    answer("no")
    answer("yes", path=f"/terms/ar/{SHIPPED_DAY}/answer/")
    rows = Answered.objects.order_by("document").values_list(
        "document", "valid_from", "language", "yes", "no"
    )
    day = date.fromisoformat(SHIPPED_DAY)
    assert list(rows) == [("notice", day, "it", 1, 1), ("terms", day, "ar", 1, 0)]
    assert set(Answered.objects.values_list("day", flat=True)) == {datetime.now(UTC).date()}
    page = Client().get(response["location"]).content.decode()
    assert "Grazie per la risposta." in page
    assert "<form" not in page


def test_what_is_no_answer_counts_nothing() -> None:
    assert answer("perhaps").status_code == 400
    assert answer("yes", path=f"/notice/xx/{SHIPPED_DAY}/answer/").status_code == 404
    assert answer("yes", path="/notice/it/2020-01-01/answer/").status_code == 404
    assert not Answered.objects.exists()


def test_an_answer_from_another_site_is_refused() -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post(f"/notice/it/{SHIPPED_DAY}/answer/", {"answer": "yes"}).status_code == 403
    assert not Answered.objects.exists()


def test_one_address_cannot_decide_the_outcome_alone() -> None:
    for _ in range(MOST_A_DAY):
        assert "answered=yes" in answer("no")["location"]
    response = answer("no")
    assert "answered=already" in response["location"]
    assert Answered.objects.get().no == MOST_A_DAY
    assert "già state conteggiate" in Client().get(response["location"]).content.decode()
    assert "answered=yes" in answer("no", "2001:db8::1")["location"]
    assert "answered=yes" in answer("no", "127.0.0.1")["location"]  # a proxy: many readers
    assert Answered.objects.get().no == MOST_A_DAY + 2


def test_the_limit_is_bounded_and_begins_anew_each_day(monkeypatch: pytest.MonkeyPatch) -> None:
    limit, monday, tuesday = Limit(), date(2026, 11, 23), date(2026, 11, 24)
    assert sum(limit.take("8.8.8.8", monday) for _ in range(20)) == MOST_A_DAY
    assert limit.take("8.8.8.8", tuesday)
    assert sum(limit.take("10.0.0.1", tuesday) for _ in range(MOST_SHARED + 5)) == MOST_SHARED
    monkeypatch.setattr(answering, "_MOST_ADDRESSES", 2)
    assert not limit.take("9.9.9.9", tuesday)
    assert limit.take("8.8.8.8", tuesday)


def test_nothing_about_readers_is_kept() -> None:
    answer("yes")
    assert {field.name for field in Answered._meta.get_fields()} == {
        *("id", "document", "valid_from", "language", "day", "yes", "no"),
    }


def test_people_who_work_here_see_the_answers(signed_in: Callable[[str], Client]) -> None:
    assert "/desk/sign-in/" in Client().get("/desk/notice/")["location"]
    empty = signed_in("auditor").get("/desk/notice/").content.decode()
    assert "Answers of readers will be counted here" in empty
    for said in ("yes", "yes", "yes", "no"):
        answer(said)
    page = signed_in("analyst").get("/desk/notice/").content.decode()
    assert "75 %" in page
    assert "Italiano" in page


def test_a_page_asks_the_database_nothing(django_assert_max_num_queries: Any) -> None:
    client = Client()
    with django_assert_max_num_queries(0):
        for path in ("/", "/notice/ar/", "/terms/hi/", "/notice/de/versions/"):
            client.get(path)


def test_an_operator_begins_with_a_copy_of_the_shipped_texts(tmp_path: Path, settings: Any) -> None:
    settings.TIDEGATE_FOLDER = tmp_path
    call_command("notice_texts", copy=date(2999, 1, 15), stdout=StringIO())
    library = read_library(tmp_path)
    for document in Document:
        before, own_one = library.versions(document)
        assert before.valid_from == date.fromisoformat(SHIPPED_DAY)  # public until then
        assert own_one.valid_from == date(2999, 1, 15)
        assert tuple(before.texts) == tuple(own_one.texts) == CODES
        assert library.in_force(document, date(2998, 1, 1)) is before
    with pytest.raises(CommandError, match="is there already"):
        call_command("notice_texts", copy=date(2999, 1, 15), stdout=StringIO())
    listed = StringIO()
    call_command("notice_texts", stdout=listed)
    assert f"notice {SHIPPED_DAY} en it fr es pt de ar hi id zh-hans in force" in listed.getvalue()
