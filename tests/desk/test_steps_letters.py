"""From the determination to a letter that was served, answered and looked at again: who may do what, and what is kept."""

import hashlib
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from desk.cases import OFFER
from desk.stepping import (
    ADDRESS,
    at,
    captured,
    claimed,
    determine,
    linked,
    put_down,
    ready_case,
    with_contact,
    words,
)
from tidegate.desk.access.models import Person
from tidegate.desk.audit.models import Record
from tidegate.desk.evidence.cases import custody
from tidegate.desk.evidence.exhibits.models import Source
from tidegate.desk.evidence.grounds.determination import held
from tidegate.desk.evidence.reading.models import Claim
from tidegate.desk.evidence.steps import told
from tidegate.desk.evidence.steps.contents import determinations
from tidegate.desk.evidence.steps.cure import cure_ends, overdue
from tidegate.desk.evidence.steps.frozen import latest, rules_of
from tidegate.desk.evidence.steps.models import Answer, Determination, Letter, Service, Step
from tidegate.desk.evidence.subjects import ends
from tidegate.desk.evidence.subjects.facts import facts_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(people: Any, signed_in: Any, settings: Any) -> Any:
    """Ready for a letter, and determined by the case officer."""
    with_contact(settings)
    made = ready_case(people)
    assert determine(signed_in("officer"), made, dissent="The price could be a joke.").status_code == 302
    return made


def drafted(case: Any, officer: Any, **changes: Any) -> Letter:
    assert put_down(officer, case, **changes).status_code == 302
    return Letter.objects.latest("pk")


def approve(client: Any, case: Any, letter: Letter, sha256: str = "") -> Any:
    return client.post(at(case, f"{letter.step_id}/approve/"), {"sha256": sha256 or letter.sha256})


def serve(client: Any, case: Any, letter: Letter, **changes: Any) -> Any:
    now = f"{timezone.now():%Y-%m-%dT%H:%M}"
    fields = {"way": "post", "sent": now, "delivered": now}
    return client.post(at(case, f"{letter.step_id}/served/"), fields | changes)


def test_what_was_frozen_comes_back_as_it_was(case: Any) -> None:
    [made] = determinations(case)
    row = Determination.objects.get()
    assert held(made, facts_of(case), rules_of(row))
    assert made.decider.name == "the-officer"
    assert made.outcome.row == "3"
    assert made.dissent == "The price could be a joke."


def test_a_later_exhibit_was_not_held(case: Any, people: Any) -> None:
    captured(case, people["officer"], raw=b"<p>Later.</p>")
    assert not held(determinations(case)[0], facts_of(case), rules_of(Determination.objects.get()))


def test_the_page_tells_what_the_table_says(case: Any, signed_in: Any) -> None:
    shown = words(signed_in("auditor").get(at(case)))
    for said in (
        "a company seen elsewhere after the cut-off day",
        "Section 4 of the notice: abuse seen elsewhere",
        "safely after",
        "The subject is a company.",
        "Nothing has changed since.",
        "The price could be a joke.",
    ):
        assert said in shown, said


def test_a_letter_is_looked_at_before_it_is_put_down(case: Any, signed_in: Any) -> None:
    answer = put_down(signed_in("officer"), case, preview="1")
    assert answer.status_code == 200
    assert OFFER in words(answer)
    assert not Letter.objects.exists()


def test_a_letter_goes_all_its_way(case: Any, signed_in: Any) -> None:
    officer, senior = signed_in("officer"), signed_in("senior")
    letter = drafted(case, officer)
    assert OFFER in letter.text
    assert ADDRESS in letter.text
    assert "2021-03-01 12:00:00 UTC" in letter.text
    assert case.exhibits.get().sha256 in letter.text
    assert letter.sha256 == hashlib.sha256(letter.text.encode()).hexdigest()
    assert approve(senior, case, letter).status_code == 302
    assert str(Step.objects.get().second) == "the-senior"
    text = officer.get(at(case, f"{letter.step_id}/text/"))
    assert hashlib.sha256(text.content).hexdigest() == letter.sha256
    assert text["Content-Disposition"].startswith("attachment")
    with Path(__file__).open("rb") as proof:
        assert serve(officer, case, letter, proof=proof).status_code == 302
    service = Service.objects.get()
    assert service.proof is not None and service.proof.number == 2
    assert Step.objects.get().state == "done"
    # Still there after the notice: it is captured when the time has passed.
    assert Source.objects.get(address=ADDRESS).next_at == cure_ends(letter.cure_by)
    did = [row.did for row in custody.chain(case)]
    assert did[-6:] == ["determined", "step proposed", "step approved", "letter made", "received", "served"]
    assert {"case.determined", "step.proposed", "step.approved", "letter.made", "letter.served"} <= set(
        Record.objects.values_list("did", flat=True)
    )


@pytest.mark.parametrize("who", ["officer", "auditor", "administrator"])
def test_whoever_determined_or_has_no_right_approves_nothing(who: str, case: Any, signed_in: Any) -> None:
    letter = drafted(case, signed_in("officer"))
    assert approve(signed_in(who), case, letter).status_code in (400, 403)
    assert Step.objects.get().state == "proposed"


def test_nor_does_somebody_whom_the_same_administrator_let_in_today(
    case: Any, people: Any, signed_in: Any
) -> None:
    letter = drafted(case, signed_in("officer"))
    both = [people["officer"].pk, people["senior"].pk]
    Person.objects.filter(pk__in=both).update(access_by=people["administrator"], access_at=timezone.now())
    answer = approve(signed_in("senior"), case, letter)
    assert "gave access to both of them within the last day" in words(answer)
    letter.step.refresh_from_db()
    assert letter.step.state == Step.State.PROPOSED
    assert approve(signed_in("counsel"), case, letter).status_code == 302


def test_whoever_proposed_does_not_approve(case: Any, signed_in: Any) -> None:
    senior = signed_in("senior")
    letter = drafted(case, senior)
    answer = approve(senior, case, letter)
    assert answer.status_code == 400
    assert "another than the one who proposed the step" in words(answer)
    assert Step.objects.get().state == "proposed"
    assert Record.objects.filter(did="step.refused").exists()


def test_only_the_text_that_was_read_is_approved(case: Any, signed_in: Any) -> None:
    letter = drafted(case, signed_in("officer"))
    answer = approve(signed_in("senior"), case, letter, "0" * 64)
    assert "not the one that you have read" in words(answer)
    assert Step.objects.get().state == "proposed"


def test_a_letter_is_approved_once(case: Any, signed_in: Any) -> None:
    letter = drafted(case, signed_in("officer"))
    approve(signed_in("senior"), case, letter)
    answer = approve(signed_in("counsel"), case, letter)
    assert "it is approved already" in words(answer)
    assert str(Step.objects.get().second) == "the-senior"


def test_nothing_is_served_before_it_is_approved(case: Any, signed_in: Any) -> None:
    letter = drafted(case, signed_in("officer"))
    answer = serve(signed_in("officer"), case, letter)
    assert "only a letter that a second person has approved can be served" in words(answer)
    assert not Service.objects.exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sent": "2021-01-01T00:00"}, "it was sent before it was approved"),
        ({"delivered": "2021-01-01T00:00"}, "it was delivered before it was sent"),
        ({"sent": "2999-01-01T00:00"}, "what has not happened yet"),
        ({"failed": "moved away"}, "it was delivered, or it failed: not both"),
    ],
)
def test_a_service_that_cannot_be_is_not_put_down(
    changes: dict[str, str], said: str, case: Any, signed_in: Any
) -> None:
    officer = signed_in("officer")
    letter = drafted(case, officer)
    approve(signed_in("senior"), case, letter)
    assert said in words(serve(officer, case, letter, **changes))
    assert not Service.objects.exists()


def test_a_quote_that_is_not_confirmed_any_more_is_not_approved(case: Any, signed_in: Any) -> None:
    letter = drafted(case, signed_in("officer"))
    Claim.objects.update(state="rejected")
    assert "facts or rules are not those of the determination" in words(
        approve(signed_in("senior"), case, letter)
    )
    assert Step.objects.get().state == "proposed"


def test_a_letter_quotes_nothing_that_only_a_name_links(case: Any, people: Any, signed_in: Any) -> None:
    other = captured(case, people["officer"], raw=f"<p>Elsewhere: {OFFER}</p>".encode())
    claim = claimed(other, people["officer"])
    linked(case, ends.exhibit(other.pk), people["officer"], ("name",))
    officer = signed_in("officer")
    determine(officer, case)
    assert put_down(officer, case, claims=[claim.pk]).status_code == 400
    assert not Letter.objects.exists()


def test_counsel_decides_about_an_individual(people: Any, signed_in: Any, settings: Any) -> None:
    with_contact(settings)
    case = ready_case(people, subject="individual")
    officer, senior = signed_in("officer"), signed_in("senior")
    determine(officer, case)
    letter = drafted(case, officer)
    assert "counsel decides" in words(approve(senior, case, letter))
    decision = {"agrees": "yes", "note": "sentence one covers anyone"}
    where = at(case, f"{letter.step_id}/counsel/")
    assert senior.post(where, decision).status_code == 403
    assert signed_in("counsel").post(where, decision).status_code == 302
    assert approve(senior, case, letter).status_code == 302


def test_what_counsel_turns_down_is_not_approved(people: Any, signed_in: Any, settings: Any) -> None:
    with_contact(settings)
    case = ready_case(people, subject="individual")
    determine(signed_in("officer"), case)
    letter = drafted(case, signed_in("officer"))
    counsel = signed_in("counsel")
    counsel.post(at(case, f"{letter.step_id}/counsel/"), {"agrees": "no", "note": "not on one page"})
    assert approve(signed_in("senior"), case, letter).status_code == 400
    assert Step.objects.get().state == "refused"


def test_a_suit_is_filed_by_counsel_and_only_put_down_here(case: Any, signed_in: Any) -> None:
    officer, counsel = signed_in("officer"), signed_in("counsel")
    officer.post(at(case, "propose/"), {"action": "suit", "note": "three letters, no answer"})
    step = Step.objects.get()
    where = {"note": "District court, no. 7 of 2026-11-20"}
    assert counsel.post(at(case, f"{step.pk}/filed/"), where).status_code == 400
    signed_in("senior").post(at(case, f"{step.pk}/approve/"), {})
    assert signed_in("senior").post(at(case, f"{step.pk}/filed/"), where).status_code == 403
    assert counsel.post(at(case, f"{step.pk}/filed/"), where).status_code == 302
    assert Step.objects.get().done_note == where["note"]


def test_a_letter_whose_time_has_passed_is_due_until_somebody_answers(case: Any, signed_in: Any) -> None:
    officer = signed_in("officer")
    letter = drafted(case, officer)
    approve(signed_in("senior"), case, letter)
    serve(officer, case, letter)
    assert not overdue(timezone.now())
    later = cure_ends(letter.cure_by)
    assert not overdue(later - timedelta(seconds=1))
    assert list(overdue(later)) == [letter]
    Letter.objects.update(cure_by=(timezone.now() - timedelta(days=3)).date())
    assert "Look whether it is still there" in words(officer.get(at(case)))
    said = {"kind": "complies", "received": f"{timezone.now():%Y-%m-%dT%H:%M}", "letter": letter.pk}
    assert officer.post(at(case, "answered/"), said | {"words": "We stop."}).status_code == 302
    assert not overdue(timezone.now())


def test_an_appeal_is_looked_at_by_somebody_who_had_no_part(case: Any, signed_in: Any) -> None:
    officer, senior, counsel = signed_in("officer"), signed_in("senior"), signed_in("counsel")
    letter = drafted(case, officer)
    approve(senior, case, letter)
    serve(officer, case, letter)
    said = {"kind": "appeals", "received": f"{timezone.now():%Y-%m-%dT%H:%M}", "letter": letter.pk}
    officer.post(at(case, "answered/"), said | {"words": "That page is not ours."})
    where = at(case, f"answers/{Answer.objects.get().pk}/review/")
    back = {"outcome": "taken_back", "remedy": "The page is another company's."}
    for had_a_part in (officer, senior):
        answer = had_a_part.post(where, back)
        assert answer.status_code == 400
        assert "you had a part in what is appealed" in words(answer)
    assert counsel.post(where, back).status_code == 302
    assert Step.objects.get().state == "withdrawn"
    assert latest(case) is None
    assert "taken back" in words(officer.get(at(case)))
    assert "no person has determined" in words(put_down(officer, case))
    assert "it was decided already" in words(counsel.post(where, back))


def test_an_approved_letter_is_printed(case: Any, signed_in: Any) -> None:
    if not shutil.which("chromium"):
        pytest.skip("no Chromium is installed: letters stay text")
    officer = signed_in("officer")
    letter = drafted(case, officer, language="ar")
    assert officer.post(at(case, f"{letter.step_id}/print/")).status_code == 400
    approve(signed_in("senior"), case, letter)
    assert officer.post(at(case, f"{letter.step_id}/print/")).status_code == 302
    pdf = officer.get(at(case, f"{letter.step_id}/pdf/"))
    assert pdf.content.startswith(b"%PDF")
    assert hashlib.sha256(pdf.content).hexdigest() == Letter.objects.get().pdf


def test_the_room_tells_the_timeline_and_the_sealed_file(case: Any, signed_in: Any) -> None:
    officer = signed_in("officer")
    letter = drafted(case, officer)
    approve(signed_in("senior"), case, letter)
    serve(officer, case, letter)
    said = [one.words for one in told.happened(case)]
    assert "the-officer determined: G2" in said
    assert "Demand to stop to Lantern Blast Ltd: delivered" in said
    assert f"Time to put it right ends ({letter.cure_by})" in said
    kept = told.record(case)["steps"][0]
    assert kept["letters"][0]["text"] == letter.text
    assert kept["second"]["by"] == "the-senior"
    assert kept["letters"][0]["service"][0]["way"] == "Registered post"


def test_pages_ask_the_database_a_bounded_number_of_times(
    case: Any, signed_in: Any, django_assert_max_num_queries: Any
) -> None:
    officer = signed_in("officer")
    for _ in range(6):
        drafted(case, officer)
    with django_assert_max_num_queries(40):
        officer.get(at(case))


def test_a_case_goes_with_all_its_steps(case: Any, signed_in: Any) -> None:
    """Retention deletes a case as a whole; nothing in it holds another thing of it back."""
    officer = signed_in("officer")
    letter = drafted(case, officer)
    approve(signed_in("senior"), case, letter)
    with Path(__file__).open("rb") as proof:
        serve(officer, case, letter, proof=proof)
    assert Service.objects.get().proof is not None
    case.delete()
    assert not Step.objects.exists()
    assert not Determination.objects.exists()
