"""A case as a whole: opened, held, closed, sealed."""

import os
import time
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from desk.cases import hand_in_page, open_case
from desk.stepping import determine, ready_case
from tidegate.desk.accounts import forgetting as accounts
from tidegate.desk.audit.models import Record
from tidegate.desk.evidence.cases.custody import chain
from tidegate.desk.evidence.cases.elements import ELEMENTS
from tidegate.desk.evidence.cases.happened import Happened, Lane
from tidegate.desk.evidence.cases.models import Case, CustodyRow
from tidegate.desk.evidence.custody.verifying import verify
from tidegate.desk.evidence.dossier import forgetting, opening, sealing
from tidegate.desk.evidence.dossier.timeline import picture
from tidegate.desk.evidence.exhibits.kept import path_of
from tidegate.desk.evidence.exhibits.models import Exhibit
from tidegate.desk.evidence.exhibits.working import finish
from tidegate.desk.evidence.subjects.models import Finding
from tidegate.desk.ledger.models import stored

pytestmark = pytest.mark.django_db
NEW = {
    "title": "Lantern Blast",
    "subject": "company",
    "role": "assisting",
    "subject_name": "Lantern Blast Ltd",
}
CASE = "/desk/cases/case-2026-0001/"
WHY = "counsel asked for it"


def grown_old(sha256: str) -> None:
    """As if these bytes had been kept two hours ago."""
    os.utime(path_of(sha256), times=(time.time() - 7_200,) * 2)


def opened(client: Client, **more: str) -> Case:
    answer = client.post("/desk/cases/new/", NEW | more)
    assert answer.status_code == 302, answer.content.decode()
    found: Case = Case.objects.latest("pk")
    assert answer["Location"] == f"/desk/cases/{found.name}/"
    return found


def test_cases_are_numbered_by_year_and_begin_with_checklist_and_custody(
    people: dict[str, Any], signed_in: Callable[[str], Client]
) -> None:
    client = signed_in("officer")
    first, second = opened(client), opened(client, campaign="00000000000000ff")
    year = timezone.now().year
    assert (first.name, second.name) == (f"case-{year}-0001", f"case-{year}-0002")
    assert second.campaign == stored(0xFF)
    assert first.elements.count() == len(ELEMENTS)
    assert [one.did for one in chain(first)] == ["case opened"]
    page = client.get("/desk/cases/").content.decode()
    assert first.name in page and second.name in page


def test_a_name_is_never_given_twice_and_the_year_has_room_for_more_than_9999(
    people: dict[str, Any], signed_in: Callable[[str], Client]
) -> None:
    year = timezone.now().year
    for number in ("0007", "9999", "10000"):
        open_case(people, f"case-{year}-{number}")
    assert opened(signed_in("officer")).name == f"case-{year}-10001"
    Case.objects.exclude(name=f"case-{year}-0007").update(stage="closed", keep_until=timezone.now())
    assert forgetting.outlived() == 3
    assert opened(signed_in("officer")).name == f"case-{year}-10002"


def test_the_list_is_narrowed_and_paged_without_counting(
    people: dict[str, Any], signed_in: Callable[[str], Client], django_assert_max_num_queries: Any
) -> None:
    for number in range(1, 61):
        open_case(people, f"case-2025-{number:04d}", stage="review" if number % 2 else "analysis")
    Case.objects.filter(name="case-2025-0004").update(hold=True, stage="closed", officer=people["senior"])
    client = signed_in("officer")
    with django_assert_max_num_queries(15):
        first = client.get("/desk/cases/").content.decode()
    assert "case-2025-0060" in first and "case-2025-0009" not in first
    second = client.get("/desk/cases/?show=open&before=case-2025-0011").content.decode()
    assert "case-2025-0010" in second and "case-2025-0011" not in second and "Older" not in second
    assert "?show=open&amp;before=case-2025-0011" in first
    assert (
        "case-2025-0002" not in client.get("/desk/cases/?stage=review&before=case-2025-0006").content.decode()
    )
    for asked, there in (("held", True), ("closed", True), ("open", False), ("mine", False), ("due", False)):
        assert ("case-2025-0004" in client.get(f"/desk/cases/?show={asked}").content.decode()) is there, asked
    assert client.get("/desk/cases/?show=all&stage=x&officer=nobody&before=y").status_code == 200


def test_what_somebody_changes_while_another_closes_the_case_is_refused(people: dict[str, Any]) -> None:
    case = opening.open_case(people["officer"], title="Lantern Blast")
    seen = Case.objects.get(pk=case.pk)
    opening.set_stage(people["senior"], case, "closed", "the subject stopped")
    with pytest.raises(opening.CaseError, match="closed"):
        opening.change_head(people["officer"], seen, {"title": "Another"})
    with pytest.raises(opening.CaseError, match="closed"):
        opening.set_element(people["officer"], seen.elements.get(key="act"), "met", "exhibit 1 says so")
    with pytest.raises(opening.CaseError, match="already"):
        opening.set_stage(people["officer"], seen, "closed", "the subject stopped")


def test_the_case_says_what_is_missing_before_a_letter(
    people: dict[str, Any], signed_in: Callable[[str], Client]
) -> None:
    client, case = signed_in("officer"), ready_case(people)
    page = f"/desk/cases/{case.name}/"
    assert "No person has determined that there is abuse." in client.get(page).content.decode()
    assert determine(client, case).status_code == 302
    assert "Nothing of the ground is missing." in client.get(page).content.decode()
    assert not Record.objects.filter(did="step.refused").exists()


def test_a_large_case_is_shown_with_a_fixed_number_of_queries(
    people: dict[str, Any], signed_in: Callable[[str], Client]
) -> None:
    client, case = signed_in("officer"), opened(signed_in("officer"))
    asked = []
    for upto in (2, 12):
        for number in range(Exhibit.objects.count(), upto):
            hand_in_page(case, people["officer"], f"<p>page {number}</p>")
        for path in ("", "custody/", "exhibits/"):
            with CaptureQueriesContext(connection) as queries:
                assert client.get(f"/desk/cases/{case.name}/{path}").status_code == 200
            asked.append(len(queries))
    assert asked[:3] == asked[3:] and max(asked) <= 40


def test_a_stage_changes_with_a_reason_and_a_closed_case_changes_no_more(
    people: dict[str, Any], signed_in: Callable[[str], Client]
) -> None:
    client = signed_in("officer")
    case = opened(client)
    page = f"/desk/cases/{case.name}/"
    assert client.post(f"{page}stage/", {"stage": "review", "reason": ""}).status_code == 422
    assert (
        client.post(f"{page}stage/", {"stage": "closed", "reason": "the subject stopped"}).status_code == 302
    )
    case.refresh_from_db()
    assert not case.is_open and case.keep_until > timezone.now() + timedelta(days=3_000)
    assert client.post(f"{page}head/", NEW | {"title": "Another"}).status_code == 422
    assert (
        client.post(f"{page}element/act/", {"state": "met", "note": "exhibit 1 says so"}).status_code == 422
    )
    client.post(f"{page}stage/", {"stage": "review", "reason": "it began again"})
    case.refresh_from_db()
    assert case.is_open and case.keep_until is None


def test_the_checklist_says_what_is_held_and_a_person_says_what_is_met(
    people: dict[str, Any], signed_in: Callable[[str], Client]
) -> None:
    client = signed_in("officer")
    case = opened(client)
    hand_in_page(case, people["officer"], seen=timezone.now() - timedelta(days=1))
    page = f"/desk/cases/{case.name}/"
    assert "Observed safely after it: exhibit 1." in client.get(page).content.decode()
    assert client.post(f"{page}element/after_cutoff/", {"state": "met", "note": ""}).status_code == 422
    assert (
        client.post(f"{page}element/after_cutoff/", {"state": "met", "note": "exhibit 1"}).status_code == 302
    )
    assert case.elements.get(key="after_cutoff").state == "met"
    assert client.post(f"{page}element/luck/", {"state": "met", "note": "exhibit 1"}).status_code == 404


def test_whoever_works_on_a_case_may_hold_it_and_only_counsel_lifts(
    people: dict[str, Any], signed_in: Callable[[str], Client]
) -> None:
    case = opened(signed_in("officer"))
    page = f"/desk/cases/{case.name}/hold/"
    assert signed_in("auditor").post(page, {"hold": "1", "reason": WHY}).status_code == 403
    assert signed_in("officer").post(page, {"hold": "1", "reason": WHY}).status_code == 302
    assert signed_in("officer").post(page, {"hold": "0", "reason": WHY}).status_code == 403
    assert signed_in("counsel").post(page, {"hold": "0", "reason": WHY}).status_code == 302
    case.refresh_from_db()
    assert not case.hold and [one.did for one in chain(case)][-2:] == ["hold set", "hold lifted"]


def test_a_hold_beats_retention_and_bytes_that_another_case_has_stay(people: dict[str, Any]) -> None:
    old, other = open_case(people), open_case(people, "case-2026-0002")
    shared = hand_in_page(old, people["officer"])
    alone = hand_in_page(old, people["officer"], "<p>only here</p>")
    hand_in_page(other, people["officer"])
    Case.objects.filter(pk=old.pk).update(stage="closed", keep_until=timezone.now(), hold=True)
    assert forgetting.outlived() == 0
    Case.objects.filter(pk=old.pk).update(hold=False)
    assert forgetting.outlived() == 1
    assert not Case.objects.filter(pk=old.pk).exists() and not Exhibit.objects.filter(case_id=old.pk).exists()
    # Bytes that were taken in a moment ago may be wanted by a row that is not committed yet: they go an hour later.
    assert path_of(shared.sha256).exists() and path_of(alone.sha256).exists()
    for one in (shared, alone):
        grown_old(one.sha256)
    forgetting.outlived()
    assert path_of(shared.sha256).exists() and not path_of(alone.sha256).exists()
    assert Record.objects.filter(did="case.deleted", about="case-2026-0001").exists()


def test_erasing_an_account_takes_its_findings_out_of_cases_that_are_not_held(people: dict[str, Any]) -> None:
    now, key = timezone.now(), 0xAB
    for name, hold in (("case-2026-0001", True), ("case-2026-0002", False)):
        case = open_case(people, name, hold=hold)
        dates = {"abuse_at": now, "recorded_at": now, "acquired_at": now}
        Finding.objects.create(case=case, account=stored(key), signal="rule", by=people["officer"], **dates)
    accounts.forget(key, erased=False)  # it outlived the retention of decisions: cases keep their copy
    assert Finding.objects.count() == 2
    accounts.forget(key)
    assert list(Finding.objects.values_list("case__name", flat=True)) == ["case-2026-0001"]
    held, other = Case.objects.order_by("name")
    assert [row.did for row in chain(other)] == ["findings removed"] and not chain(held)
    assert Record.objects.get(did="finding.removed").about == other.name


def test_a_row_of_custody_that_was_changed_is_seen_by_whoever_looks(
    people: dict[str, Any], signed_in: Callable[[str], Client]
) -> None:
    case = opened(signed_in("officer"))
    hand_in_page(case, people["officer"])
    page = f"/desk/cases/{case.name}/custody/"
    assert "each follows from the one before" in signed_in("auditor").get(page).content.decode()
    CustodyRow.objects.filter(case=case, number=1).update(who="somebody else")
    assert "The chain is broken" in signed_in("auditor").get(page).content.decode()


def test_a_sealed_file_is_checked_at_once_and_by_anybody_later(
    people: dict[str, Any], signed_in: Callable[[str], Client], tmp_path: Path
) -> None:
    client = signed_in("officer")
    case = opened(client)
    exhibit = hand_in_page(case, people["officer"], "<p>plain</p>")
    page = f"/desk/cases/{case.name}/"
    answer = client.post(f"{page}seal/")
    assert answer.status_code == 422 and "still being stamped" in answer.content.decode()
    finish(exhibit)
    assert client.post(f"{page}seal/").status_code == 302
    file = case.sealed_files.get()
    copy = tmp_path / "copy.zip"
    copy.write_bytes(b"".join(client.get(f"{page}sealed/{file.pk}/").streaming_content))  # type: ignore[attr-defined]
    verdict = verify(copy)
    assert verdict.intact and verdict.exhibits == 1 and verdict.case_id == case.name
    with zipfile.ZipFile(copy) as zipped:
        told = zipped.read(f"{case.name}/data/case.json").decode()
    assert "Identity and role" in told and "Exhibit 1" in told
    assert chain(case)[-1].did == "sealed file made"
    assert (settings.TIDEGATE_FOLDER / "desk-cases" / case.name / file.name).stat().st_mode & 0o077 == 0


def test_one_case_is_sealed_at_a_time(people: dict[str, Any], signed_in: Callable[[str], Client]) -> None:
    client = signed_in("officer")
    page = f"/desk/cases/{opened(client).name}/"
    with sealing._one:
        answer = client.post(f"{page}seal/")
    assert answer.status_code == 422 and "a case is being sealed at this moment" in answer.content.decode()


def test_the_picture_draws_everything_once_and_the_same_each_time() -> None:
    at = timezone.now()
    found = [Happened(at - timedelta(days=9 * one), Lane.ELSEWHERE, f"<{one}>") for one in range(4)]
    found += [Happened(at, Lane.LETTERS, "a"), Happened(at, Lane.LETTERS, "b")]
    drawn = picture(found)
    assert (
        drawn.count("<circle") == 5 and ">2</text>" in drawn and "<0>" not in drawn and "&lt;0&gt;" in drawn
    )
    assert drawn == picture(list(found)) and "style=" not in drawn and picture([]) == ""
    assert "<circle" in picture(found[:1])


def test_who_may_only_look_is_offered_nothing_to_change(
    people: dict[str, Any], signed_in: Callable[[str], Client]
) -> None:
    case = opened(signed_in("officer"))
    for role in ("auditor", "counsel"):
        client = signed_in(role)
        shown = client.get(f"/desk/cases/{case.name}/").content.decode()
        assert "Seal the case" not in shown and "Change the stage" not in shown
        assert client.post("/desk/cases/new/", NEW).status_code == 403
    assert signed_in("analyst").get("/desk/cases/").status_code == 403
