"""The account holder's page: who has the link sees what happened, in words of theirs, and can appeal."""

import time
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from desk.appealing import PNG, SENDER, WORDS, appeal_by, limited_account, status_of, token_of
from tidegate.desk.appeals import holder
from tidegate.desk.appeals.allowance import Allowance
from tidegate.desk.appeals.models import Appeal, State
from tidegate.desk.appeals.texts import NAMES, texts
from tidegate.desk.audit.models import Record
from tidegate.engine.features import FEATURES
from tidegate.engine.policy import load_policy, shipped_policy_text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_allowances(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for allowance in (holder.LOOKS, holder.SENDS):
        monkeypatch.setattr(allowance, "_left", type(allowance._left)())
    yield


def body(response: Any) -> str:
    return unescape(response.content.decode())


def test_the_page_says_what_happened_why_and_who_decided(beside: Any) -> None:
    account = limited_account(beside)
    said = texts("en")
    shown = body(Client().get(status_of(account)))
    for words in (account.word, "data", "who_title", "by_program", "no_details", "rights", "appeal_title"):
        assert said[words] in shown, words


def test_the_page_names_nobody_and_teaches_nothing(beside: Any) -> None:
    account = limited_account(beside)
    shown = body(Client().get(status_of(account)))
    assert account.pseudonym not in shown and "mallory" not in shown and SENDER not in shown
    names = {feature.name for feature in FEATURES if "_" in feature.name}
    names |= {rule.name for rule in load_policy(shipped_policy_text(), "default").rules if "-" in rule.name}
    assert not {name for name in names if name in shown}
    for decision in account.history.all():
        for reason in decision.reasons:
            assert reason["text"] not in shown


def test_the_page_is_for_its_holder_alone(beside: Any) -> None:
    response = Client().get(status_of(limited_account(beside)))
    assert response["Cache-Control"] == "no-store"
    assert "noindex" in response["X-Robots-Tag"]
    assert response["Referrer-Policy"] in ("no-referrer", "same-origin")
    assert set(response.cookies) == {settings.CSRF_COOKIE_NAME}


@pytest.mark.parametrize("language", list(NAMES))
def test_the_page_speaks_ten_languages_and_remembers_which(beside: Any, language: str) -> None:
    account = limited_account(beside)
    client = Client(
        headers={"accept-language": {"zh-hans": "zh-CN,zh;q=0.9"}.get(language, f"{language}-XX")}
    )
    shown = body(client.get(status_of(account)))
    assert f'lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}"' in shown.lower()
    assert texts(language)["now_title"] in shown
    account.refresh_from_db()
    assert account.language == language
    # Remembered, whatever another browser asks for; and changed by name, without a cookie.
    assert texts(language)["now_title"] in body(Client().get(status_of(account)))
    other = "de" if language != "de" else "it"
    assert texts(other)["now_title"] in body(Client().get(f"{status_of(account)}?lang={other}"))


def test_a_link_that_is_wrong_or_over_gives_a_friendly_page(beside: Any) -> None:
    account = limited_account(beside)
    token = token_of(account)
    old = holder.links().write(account.key, time.time() - 181 * 86_400.0)
    for wrong in (f"{token[:-1]}{'A' if token[-1] != 'A' else 'B'}", "short", old):
        for path in (f"/status/{wrong}/", f"/status/{wrong}/appeal/", f"/status/{wrong}/statement/0123/"):
            response = Client(headers={"accept-language": "fr"}).get(path)
            assert response.status_code == 404, path
            assert texts("fr")["gone"] in body(response)
            assert response["Cache-Control"] == "no-store"
        assert Client().post(f"/status/{wrong}/appeal/", {"text": "x"}).status_code == 404
    assert not Appeal.objects.exists()


def test_an_account_about_which_nothing_was_decided_is_told_so() -> None:
    shown = body(Client().get(f"/status/{holder.links().write(77, time.time())}/"))
    assert (
        texts("en")["nothing"] in shown
        and texts("en")["nothing_to_appeal"] in shown
        and "textarea" not in shown
    )


def test_an_appeal_is_sent_kept_recorded_and_shown(beside: Any) -> None:
    account = limited_account(beside)
    client = Client()
    response = client.post(
        f"{status_of(account)}appeal/", {"text": WORDS, "files": [SimpleUploadedFile("list.png", PNG)]}
    )
    assert response.status_code == 302
    appeal = Appeal.objects.get()
    assert (appeal.account, appeal.text, appeal.state) == (account, WORDS, State.WAITING)
    assert appeal.due - appeal.received == timedelta(hours=24)
    assert appeal.decision == account.history.latest("number")
    assert appeal.attachments.get().name == "list.png"
    assert Record.objects.get(did="appeal.received").about == account.pseudonym
    shown = body(client.get(status_of(account)))
    said = texts("en")
    assert (
        said["received"] in shown
        and said["withdraw"] in shown
        and "list.png" in shown
        and "textarea" not in shown
    )


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"text": " \n "}, "error_empty"),
        ({"text": "x" * 5_001}, "error_long"),
        ({"text": "x", "files": [SimpleUploadedFile("a.svg", b"<svg/>")]}, "error_kind"),
        ({"text": "x", "files": [SimpleUploadedFile(f"{n}.png", PNG) for n in range(4)]}, "error_many_files"),
    ],
)
def test_what_cannot_be_taken_is_told_and_nothing_typed_is_lost(
    beside: Any, form: dict[str, Any], error: str
) -> None:
    account = limited_account(beside)
    response = Client().post(f"{status_of(account)}appeal/?lang=it", form)
    assert response.status_code == 422 and not Appeal.objects.exists()
    beginning = texts("it")[error].partition("{")[0].partition("'")[0]
    assert beginning in body(response) or "a.svg" in body(response)
    assert form["text"].strip()[:100] in body(response)


def test_there_is_one_open_appeal_at_a_time(beside: Any) -> None:
    account = limited_account(beside)
    path = f"{status_of(account)}appeal/"
    assert Client().post(path, {"text": WORDS}).status_code == 302
    assert Client().post(path, {"text": WORDS}).status_code == 422
    assert Appeal.objects.count() == 1


def test_an_appeal_can_be_withdrawn_and_sent_again(beside: Any) -> None:
    account = limited_account(beside)
    appeal = appeal_by(account)
    path = f"{status_of(account)}withdraw/"
    assert Client().post(path, {"appeal": appeal.pk + 1}).status_code == 422
    assert Client().post(path, {"appeal": appeal.pk}).status_code == 302
    appeal.refresh_from_db()
    assert appeal.state == State.WITHDRAWN and appeal.decided
    assert Client().post(path, {"appeal": appeal.pk}).status_code == 422
    assert Client().post(f"{status_of(account)}appeal/", {"text": WORDS}).status_code == 302


def test_a_form_from_elsewhere_is_refused(beside: Any) -> None:
    account = limited_account(beside)
    client = Client(enforce_csrf_checks=True)
    assert client.post(f"{status_of(account)}appeal/", {"text": WORDS}).status_code == 403
    token = client.get(status_of(account)).context["csrf_token"]
    form = {"text": WORDS, "csrfmiddlewaretoken": str(token)}
    assert client.post(f"{status_of(account)}appeal/", form).status_code == 302


def test_forms_are_taken_only_so_often(beside: Any) -> None:
    account = limited_account(beside)
    path = f"{status_of(account)}appeal/"
    answers = [Client().post(path, {"text": ""}).status_code for _ in range(13)]
    assert answers == [422] * 12 + [429]
    assert Client().get(status_of(account)).status_code == 200


def test_an_allowance_refills_with_time_and_remembers_a_bounded_number() -> None:
    allowance = Allowance(2, 10.0, remembered=3)
    assert [allowance.take("a", 0.0) for _ in range(3)] == [True, True, False]
    assert not allowance.take("a", 4.0) and allowance.take("a", 5.0) and not allowance.take("a", 5.0)
    for other in "bcd":
        allowance.take(other, 6.0)
    assert len(allowance._left) == 3


def test_what_has_ended_is_told_as_ended(beside: Any) -> None:
    account = limited_account(beside)
    latest = account.history.latest("number")
    latest.until = timezone.now() - timedelta(minutes=1)
    latest.save()
    shown = body(Client().get(status_of(account)))
    assert texts("en")["nothing"] in shown and texts("en")["history_title"] in shown
    assert texts("en")["appeal_title"] in shown


def test_the_holder_takes_the_statement_of_reasons_and_nobody_elses(beside: Any) -> None:
    account = limited_account(beside)
    uid = account.history.latest("number").uid
    response = Client().get(f"{status_of(account)}statement/{uid}/")
    assert response.json()["puid"] == uid and "attachment" in response["Content-Disposition"]
    assert account.pseudonym not in body(response)
    stranger = f"/status/{holder.links().write(78, time.time())}/statement/{uid}/"
    assert Client().get(stranger).status_code == 404


def test_the_page_asks_the_database_few_questions(beside: Any, django_assert_max_num_queries: Any) -> None:
    account = limited_account(beside)
    appeal_by(account)
    path = status_of(account)
    Client().get(path)
    with django_assert_max_num_queries(10):
        Client().get(path)
