"""What the desk refuses at the pages of ground and steps, with rows as they are in a real case."""

from typing import Any

import pytest

from desk.cases import OFFER, open_case
from desk.stepping import (
    REASONS,
    at,
    captured,
    claimed,
    determine,
    linked,
    put_down,
    ready_case,
    with_account,
    with_contact,
    words,
)
from tidegate.desk.audit.chain import DESK
from tidegate.desk.audit.models import Record
from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.grounds import Action, RefusedStepError
from tidegate.desk.evidence.reading.models import Claim
from tidegate.desk.evidence.steps import proposing
from tidegate.desk.evidence.steps.frozen import determine as determine_row
from tidegate.desk.evidence.steps.models import Determination, Letter, Step
from tidegate.desk.evidence.subjects import ends
from tidegate.desk.evidence.subjects.models import Link

pytestmark = pytest.mark.django_db


def refused(answer: Any, said: str) -> None:
    """Nothing was put down, the page says why, and the attempt is on the record."""
    assert answer.status_code == 400
    assert said in words(answer)
    assert not Step.objects.exists()
    assert not Letter.objects.exists()
    assert Record.objects.filter(did="step.refused").count() == 1


def test_no_letter_without_a_determination(people: Any, signed_in: Any) -> None:
    case = ready_case(people)
    refused(put_down(signed_in("officer"), case), "no person has determined that there is abuse")


def test_no_letter_on_a_name_match(people: Any, signed_in: Any) -> None:
    case, officer = ready_case(people), signed_in("officer")
    Link.objects.update(reasons=[{"kind": "name", "value": "Lantern Blast", "points": 3.0, "owners": 1}])
    determine(officer, case)
    # The page offers nothing to quote then.
    refused(put_down(officer, case, claims=[]), "nothing but a name links the subject to what was seen")


def test_no_letter_on_an_undated_exhibit(people: Any, signed_in: Any) -> None:
    case = open_case(people, subject="company")
    exhibit = captured(case, people["officer"], None)
    claimed(exhibit, people["officer"])
    linked(case, ends.exhibit(exhibit.pk), people["officer"])
    officer = signed_in("officer")
    determine(officer, case)
    refused(put_down(officer, case), "it would rest on undated exhibits, or on a single weak one")


def test_no_letter_on_a_single_weak_exhibit(people: Any, signed_in: Any) -> None:
    case = open_case(people, subject="company")
    exhibit = captured(case, people["officer"], weak_why="A screenshot: one party's word.")
    claimed(exhibit, people["officer"])
    linked(case, ends.exhibit(exhibit.pk), people["officer"])
    officer = signed_in("officer")
    determine(officer, case)
    refused(put_down(officer, case), "on a single weak one: capture it again")


def test_no_letter_on_an_implicit_claim(people: Any, signed_in: Any) -> None:
    case, officer = ready_case(people), signed_in("officer")
    Claim.objects.update(strength="implicit")
    determine(officer, case)
    refused(put_down(officer, case), "the claims are implicit")


def test_no_letter_when_the_facts_are_not_those_of_the_determination(people: Any, signed_in: Any) -> None:
    case, officer = ready_case(people), signed_in("officer")
    determine(officer, case)
    captured(case, people["officer"], raw=b"<p>Something else that came later.</p>")
    refused(put_down(officer, case), "facts or rules are not those of the determination")
    shown = words(officer.get(at(case)))
    assert "Changed since: determine again." in shown
    assert "New: exhibit" in shown


def test_no_account_is_closed_on_what_was_seen_elsewhere_alone(people: Any, signed_in: Any) -> None:
    case, senior = ready_case(people), signed_in("senior")
    with_account(case, people["officer"], signal=False)
    determine(senior, case)
    answer = senior.post(at(case, "propose/"), {"action": "terminate", "note": "its page sells bulk sending"})
    refused(answer, "what was seen elsewhere is no ground against an account")


def test_software_brings_no_suit_and_writes_no_letter(people: Any) -> None:
    case = ready_case(people)
    determine_row(case, people["officer"], REASONS)
    for action in (Action.SUIT, Action.LETTER):
        with pytest.raises(RefusedStepError) as refusal:
            proposing.propose(case, DESK, action)
        assert [one.code for one in refusal.value.refusals] == ["automatic"]
    assert not Step.objects.exists()
    assert [one.who for one in Record.objects.filter(did="step.refused")] == [DESK, DESK]


def test_software_determines_nothing(people: Any) -> None:
    case = ready_case(people)
    with pytest.raises(ValueError, match="a determination is made by a person"):
        determine_row(case, DESK, REASONS)
    assert not Determination.objects.exists()


def test_a_determination_needs_the_deciders_own_words(people: Any, signed_in: Any) -> None:
    case = ready_case(people)
    assert determine(signed_in("officer"), case, reasons="abuse").status_code == 400
    assert not Determination.objects.exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"claims": []}, "it quotes nothing"),
        ({"cure_by": ""}, "no day is named until which the recipient can put it right"),
        ({"cure_by": "2020-01-01"}, "is not after the day of the letter"),
        ({"kind": "reminder"}, "a reminder needs a demand that was delivered"),
    ],
)
def test_no_letter_without_its_facts(
    changes: dict[str, Any], said: str, people: Any, signed_in: Any, settings: Any
) -> None:
    with_contact(settings)
    case, officer = ready_case(people), signed_in("officer")
    determine(officer, case)
    answer = put_down(officer, case, **changes)
    assert answer.status_code == 400
    assert said in words(answer)
    assert not Step.objects.exists()


def test_no_letter_without_somewhere_to_answer(people: Any, signed_in: Any) -> None:
    case, officer = ready_case(people), signed_in("officer")
    determine(officer, case)
    assert "no contact is set" in words(put_down(officer, case))
    assert not Step.objects.exists()


def test_no_letter_about_what_is_not_on_record_where_it_was_seen(
    people: Any, signed_in: Any, settings: Any
) -> None:
    with_contact(settings)
    case = open_case(people, subject="company")
    exhibit = captured(case, people["officer"], address="")
    claimed(exhibit, people["officer"])
    linked(case, ends.exhibit(exhibit.pk), people["officer"])
    officer = signed_in("officer")
    determine(officer, case)
    assert "exhibit 1: it is not on record where it was seen" in words(put_down(officer, case))
    assert not Letter.objects.exists()


def test_a_letter_quotes_only_what_a_person_confirmed(people: Any, signed_in: Any, settings: Any) -> None:
    with_contact(settings)
    case, officer = ready_case(people), signed_in("officer")
    other = captured(case, people["officer"], raw=f"<p>Another: {OFFER}</p>".encode())
    proposed = claimed(other, people["officer"], state="proposed", reviewer=None)
    determine(officer, case)
    assert put_down(officer, case, claims=[proposed.pk]).status_code == 400
    assert not Letter.objects.exists()


def test_a_closed_case_is_not_changed(people: Any, signed_in: Any) -> None:
    case = ready_case(people)
    Case.objects.update(stage="closed")
    answer = determine(signed_in("officer"), case)
    assert answer.status_code == 400
    assert "is closed: open it again first" in words(answer)
