"""Appeals at the desk: the list, one appeal, its attachments as downloads, statements of reasons."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from jsonschema import Draft202012Validator

from desk.appealing import PNG, SENDER, WORDS, appeal_by, limited_account, status_of
from tidegate.desk.appeals.models import Appeal, Attachment, State
from tidegate.desk.appeals.statement_of_reasons import restricts, statement_of_reasons
from tidegate.desk.audit.models import Record
from tidegate.desk.ledger.models import Decision

pytestmark = pytest.mark.django_db

DAY = {"type": "string", "pattern": r"^20[2-9]\d-\d\d-\d\d$"}
NONE = {"type": "null"}
REQUIRED = (
    "decision_ground content_type category content_date application_date decision_facts source_type automated_detection "
    "automated_decision puid incompatible_content_ground incompatible_content_explanation territorial_scope"
).split()
SCHEMA = {
    "type": "object",
    "required": REQUIRED,
    "additionalProperties": False,
    "properties": {
        "decision_visibility": NONE,
        "decision_monetary": NONE,
        "decision_provision": {"enum": [None, "DECISION_PROVISION_PARTIAL_SUSPENSION"]},
        "decision_account": {"enum": [None, "DECISION_ACCOUNT_SUSPENDED", "DECISION_ACCOUNT_TERMINATED"]},
        "end_date_account_restriction": {"anyOf": [DAY, NONE]},
        "end_date_service_restriction": {"anyOf": [DAY, NONE]},
        "decision_ground": {"const": "DECISION_GROUND_INCOMPATIBLE_CONTENT"},
        "incompatible_content_ground": {"type": "string", "minLength": 1, "maxLength": 500},
        "incompatible_content_explanation": {"type": "string", "minLength": 1, "maxLength": 2_000},
        "incompatible_content_illegal": {"enum": ["Yes", "No"]},
        "content_type": {"const": ["CONTENT_TYPE_OTHER"]},
        "content_type_other": {"type": "string", "minLength": 1, "maxLength": 500},
        "content_language": NONE,
        "content_date": DAY,
        "application_date": DAY,
        "category": {"const": "STATEMENT_CATEGORY_OTHER_VIOLATION_TC"},
        "territorial_scope": {
            "type": "array",
            "items": {"pattern": "^[A-Z]{2}$"},
            "minItems": 30,
            "uniqueItems": True,
        },
        "decision_facts": {"type": "string", "minLength": 1, "maxLength": 5_000},
        "source_type": {"enum": ["SOURCE_VOLUNTARY", "SOURCE_TYPE_OTHER_NOTIFICATION"]},
        "automated_detection": {"enum": ["Yes", "No"]},
        "automated_decision": {
            "enum": [
                "AUTOMATED_DECISION_FULLY",
                "AUTOMATED_DECISION_PARTIALLY",
                "AUTOMATED_DECISION_NOT_AUTOMATED",
            ]
        },
        "puid": {"type": "string", "pattern": "^[a-zA-Z0-9-_]+$", "maxLength": 500},
    },
    "anyOf": [
        {"properties": {"decision_account": {"type": "string"}}},
        {"properties": {"decision_provision": {"type": "string"}}},
    ],
}
"""What the database's programming interface asks for, as far as it concerns measures on accounts."""


@pytest.mark.parametrize("rung", [2, 3, 4, 5, 6])
@pytest.mark.parametrize("stage", ["registration", "messaging", "feedback", "campaign"])
def test_every_restriction_has_a_statement_in_the_form_of_the_database(rung: int, stage: str) -> None:
    now = timezone.now()
    decision = Decision(
        number=1, uid="0123456789abcdef", time=now, committed=now, rung=rung, previous=0, stage=stage, withheld="no",
        until=None if rung == 6 else now, reasons=[{"name": "complaints", "kind": "rule", "text": "7 of 9"}],
    )  # fmt: skip
    said = statement_of_reasons(decision, [], {}, "Example Chat")
    Draft202012Validator(SCHEMA).validate(said)
    assert (said["decision_account"] is None) == (rung < 5)
    assert (said["end_date_account_restriction"] is not None) == (rung == 5)
    assert said["automated_decision"] == "AUTOMATED_DECISION_FULLY" and "7 of 9" not in json.dumps(said)


@pytest.mark.parametrize(
    ("rung", "previous", "withheld"), [(0, 4, "no"), (1, 0, "no"), (4, 0, "shadow"), (3, 5, "no")]
)
def test_what_restricts_nothing_has_no_statement(rung: int, previous: int, withheld: str) -> None:
    now = timezone.now()
    decision = Decision(number=1, time=now, committed=now, rung=rung, previous=previous, withheld=withheld)
    assert not restricts(decision)
    with pytest.raises(ValueError, match="no reasons to state"):
        statement_of_reasons(decision, [], {}, "Example Chat")


def test_statements_of_a_range_come_as_json_lines_and_are_recorded(beside: Any, signed_in: Any) -> None:
    account = limited_account(beside)
    client, today = signed_in("auditor"), timezone.now().date().isoformat()
    assert (
        signed_in("reviewer").post("/desk/appeals/statements/", {"first": today, "last": today}).status_code
        == 403
    )
    assert client.post("/desk/appeals/statements/", {"first": today, "last": "2001-01-01"}).status_code == 422
    begin = account.history.earliest("number").time.date().isoformat()
    response = client.post("/desk/appeals/statements/", {"first": begin, "last": today})
    lines = b"".join(response.streaming_content).decode().splitlines()
    assert len(lines) == sum(restricts(decision) for decision in Decision.objects.all()) > 0
    for line in lines:
        Draft202012Validator(SCHEMA).validate(json.loads(line))
        assert account.pseudonym not in line and SENDER not in line
    assert len({json.loads(line)["puid"] for line in lines}) == len(lines)
    assert Record.objects.get(did="statements.exported").details == {"first": begin, "last": today}


def test_a_range_is_read_in_pieces_and_each_decision_comes_once(
    beside: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tidegate.desk.appeals import downloads

    limited_account(beside)
    limited_account(beside, "@another:example.org")
    Decision.objects.update(time=timezone.now())
    monkeypatch.setattr(downloads, "PIECE", 2)
    today = timezone.now().date()
    read = [decision.number for piece in downloads._pieces(today, today) for decision in piece]
    assert read == list(
        Decision.objects.filter(rung__gte=2).order_by("number").values_list("number", flat=True)
    )


def test_attachments_leave_as_downloads_that_no_browser_shows(beside: Any, signed_in: Any) -> None:
    account = limited_account(beside)
    form = {"text": WORDS, "files": [SimpleUploadedFile("my <b>scan.png", PNG)]}
    assert Client().post(f"{status_of(account)}appeal/", form).status_code == 302
    kept = Attachment.objects.get()
    path = f"/desk/appeals/attachments/{kept.stored}/"
    response = signed_in("reviewer").get(path)
    assert response.content == PNG and response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"] == f'attachment; filename="appeal-{kept.appeal_id}-{kept.pk}.png"'
    assert (
        response["X-Content-Type-Options"] == "nosniff" and "sandbox" in response["Content-Security-Policy"]
    )
    assert Record.objects.get(did="attachment.downloaded").who == "the-reviewer"
    assert signed_in("analyst").get(path).status_code == 403
    assert Client().get(path).status_code == 302


def test_the_list_shows_what_waits_oldest_first_with_its_time(beside: Any, signed_in: Any) -> None:
    first = appeal_by(limited_account(beside))
    second = appeal_by(limited_account(beside, "@another:example.org"))
    client = signed_in("analyst")
    shown = client.get("/desk/appeals/").content.decode()
    assert shown.index(first.account.pseudonym) < shown.index(second.account.pseudonym)
    rest = client.get(f"/desk/appeals/?after={first.pk}").content.decode()
    assert first.account.pseudonym not in rest and second.account.pseudonym in rest


def test_the_list_asks_the_database_few_questions(
    beside: Any, signed_in: Any, django_assert_max_num_queries: Any
) -> None:
    for number in range(3):
        appeal_by(limited_account(beside, f"@sender{number}:example.org"))
    client = signed_in("reviewer")
    with django_assert_max_num_queries(10):
        client.get("/desk/appeals/")


def test_an_appeal_is_taken_and_decided_by_form(beside: Any, signed_in: Any) -> None:
    appeal = appeal_by(limited_account(beside))
    client, path = signed_in("reviewer"), f"/desk/appeals/{appeal.pk}/"
    assert client.post(f"{path}take/").status_code == 302
    assert "the-reviewer is looking" in signed_in("senior").get(path).content.decode()
    wrong = client.post(path, {"outcome": "granted", "sentence": "reason_confirmed"})
    assert wrong.status_code == 200 and "goes with the outcome" in wrong.content.decode()
    form = {"outcome": "granted", "sentence": "reason_mistake", "words": "Sorry.", "note": "checked"}
    assert client.post(path, form).status_code == 302
    appeal.refresh_from_db()
    assert appeal.state == State.DECIDED
    assert "Sorry." in client.get(path).content.decode()
    assert appeal.account.pseudonym in client.get("/desk/appeals/decided/").content.decode()


def test_numbers_that_are_none_are_not_found(signed_in: Any) -> None:
    client = signed_in("reviewer")
    assert client.get("/desk/appeals/4711/").status_code == 404
    assert client.get("/desk/appeals/attachments/0123abc/").status_code == 404
    assert client.get("/desk/appeals/statements/0123abc/").status_code == 404
    assert not Appeal.objects.exists()
