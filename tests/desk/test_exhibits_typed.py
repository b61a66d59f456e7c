"""What no program reads, a person types over: it is read like any text, and who typed it stands beside it."""

import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from desk.cases import OFFER, hand_in_page, open_case, picture
from tidegate.desk.audit.models import Record
from tidegate.desk.evidence.cases.custody import chain
from tidegate.desk.evidence.dossier.sealing import folder_of, seal
from tidegate.desk.evidence.exhibits.handed_in import hand_in
from tidegate.desk.evidence.exhibits.models import Exhibit, Transcript
from tidegate.desk.evidence.exhibits.transcribing import text_of
from tidegate.desk.evidence.reading.models import Claim, Identifier

pytestmark = pytest.mark.django_db
PAGE = "/desk/cases/case-2026-0001/exhibits/1/"
SAYS = f"Blast services\n{OFFER}\nCall +44 20 7946 0958"


@pytest.fixture
def screenshot(people: dict[str, Any]) -> Exhibit:
    made = hand_in(open_case(people), people["officer"], "offer.png", picture(), None, "a public channel")
    Exhibit.objects.update(pending=False)
    made.refresh_from_db()
    assert made.kind == "screenshot" and not made.text
    return made


def test_a_screenshot_is_typed_over_and_its_claims_are_proposed_and_confirmed(
    screenshot: Exhibit, signed_in: Callable[[str], Client]
) -> None:
    officer = signed_in("officer")
    assert "Type over what it says" in officer.get(PAGE).content.decode()
    assert officer.post(f"{PAGE}transcript/", {"text": SAYS}).status_code == 302
    claim = Claim.objects.get(quote=OFFER)
    assert text_of(screenshot)[claim.start : claim.end] == OFFER
    assert Identifier.objects.get(type="phone").normalised == "+442079460958"
    assert [one.did for one in chain(screenshot.case)] == ["received", "transcribed", "read"]
    assert Record.objects.get(did="exhibit.transcribed").details["exhibit"] == 1
    assert "Typed over by the-officer" in officer.get(PAGE).content.decode()


def test_it_is_typed_anew_until_a_sentence_of_it_was_confirmed_and_both_stay_on_record(
    screenshot: Exhibit, signed_in: Callable[[str], Client]
) -> None:
    officer = signed_in("officer")
    officer.post(f"{PAGE}transcript/", {"text": "We send 8O,000 bulk messages a day on Example Chat."})
    officer.post(f"{PAGE}transcript/", {"text": SAYS})
    claim = Claim.objects.get()
    assert claim.quote == OFFER and Transcript.objects.count() == 2
    Claim.objects.update(state="confirmed")
    answer = officer.post(f"{PAGE}transcript/", {"text": "something else"})
    assert answer.status_code == 422 and "take that back first" in answer.content.decode()
    assert text_of(screenshot) == SAYS


def test_the_sealed_file_holds_what_was_typed_and_by_whom(
    screenshot: Exhibit, people: dict[str, Any], signed_in: Callable[[str], Client]
) -> None:
    signed_in("officer").post(f"{PAGE}transcript/", {"text": SAYS})
    sealed = seal(screenshot.case, people["officer"])
    with zipfile.ZipFile(folder_of(screenshot.case) / sealed.file.name) as bag:
        texts = [bag.read(name).decode() for name in bag.namelist() if name.endswith(".txt")]
        assert SAYS in texts
        (register,) = [name for name in bag.namelist() if name.endswith("data/exhibits.json")]
        assert "the-officer" in json.loads(bag.read(register))[0]["notes"]["text typed over by"]


@pytest.mark.parametrize(
    ("text", "why"),
    [("", "This field is required"), (" \n\n ", "type what it says"), ("x" * 100_001, "at most 100000")],
)
def test_nothing_and_too_much_are_refused(
    screenshot: Exhibit, signed_in: Callable[[str], Client], text: str, why: str
) -> None:
    answer = signed_in("officer").post(f"{PAGE}transcript/", {"text": text})
    assert answer.status_code == 422 and why in answer.content.decode()
    assert not Transcript.objects.exists()


def test_what_is_text_already_and_closed_cases_are_not_typed_over(
    people: dict[str, Any], signed_in: Callable[[str], Client]
) -> None:
    case = open_case(people)
    hand_in_page(case, people["officer"])
    Exhibit.objects.update(pending=False)
    officer = signed_in("officer")
    answer = officer.post(f"{PAGE}transcript/", {"text": SAYS})
    assert answer.status_code == 422 and "stands in its bytes" in answer.content.decode()
    assert "Type over what it says" not in officer.get(PAGE).content.decode()
    hand_in(case, people["officer"], "offer.png", picture(), None, "")
    still = officer.post(f"/desk/cases/{case.name}/exhibits/2/transcript/", {"text": SAYS})
    assert "still being read" in still.content.decode()
    Exhibit.objects.update(pending=False)
    case.stage = "closed"
    case.save()
    closed = officer.post(f"/desk/cases/{case.name}/exhibits/2/transcript/", {"text": SAYS})
    assert "is closed" in closed.content.decode() and not Transcript.objects.exists()
