"""What the software finds in exhibits is a proposal; what a person confirms is the quote as it stands."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from desk.cases import OFFER, PAGE, hand_in_page, open_case
from tidegate.desk.evidence.cases.custody import chain
from tidegate.desk.evidence.exhibits.transcribing import text_of
from tidegate.desk.evidence.exhibits.working import finish
from tidegate.desk.evidence.reading.finding import read
from tidegate.desk.evidence.reading.models import Claim, Identifier

pytestmark = pytest.mark.django_db
CLAIMS = "/desk/cases/case-2026-0001/reading/claims/"
SAID = {"state": "confirmed", "stance": "offers", "strength": "explicit"}
TERMS = "<p>Bulk messaging and automated sending are not allowed on Example Chat.</p>"


@pytest.fixture
def exhibit(people: dict[str, Any]) -> Any:
    made = hand_in_page(open_case(people), people["officer"], f'<script>alert("x")</script>{PAGE}{TERMS}')
    read(made)
    return made


def test_a_new_exhibit_is_read_by_itself_and_custody_names_the_detector(people: dict[str, Any]) -> None:
    made = hand_in_page(open_case(people), people["officer"])
    finish(made)
    made.refresh_from_db()
    assert not made.pending and OFFER in set(Claim.objects.values_list("quote", flat=True))
    (row,) = [one for one in chain(made.case) if one.did == "read"]
    assert row.details["model"] and row.details["claims"] >= 1


def test_an_offer_is_proposed_with_its_exact_place_and_what_forbids_is_not(exhibit: Any) -> None:
    offer = Claim.objects.get(quote=OFFER)
    assert text_of(exhibit)[offer.start : offer.end] == OFFER
    assert (offer.state, offer.stance, offer.strength) == ("proposed", "offers", "explicit")
    assert not Claim.objects.filter(quote__contains="not allowed").exists()


def test_reading_again_changes_nothing_that_a_person_said(exhibit: Any, people: dict[str, Any]) -> None:
    before = Claim.objects.count()
    Claim.objects.filter(quote=OFFER).update(state="rejected", reviewer=people["officer"])
    read(exhibit)
    assert Claim.objects.count() == before and Claim.objects.get(quote=OFFER).state == "rejected"


def test_a_person_confirms_and_takes_back_and_both_stand_in_the_chain(
    exhibit: Any, signed_in: Callable[[str], Client]
) -> None:
    client, offer = signed_in("officer"), Claim.objects.get(quote=OFFER)
    assert OFFER.split(" on ")[0].split()[0] in client.get(CLAIMS).content.decode()
    assert client.post(f"{CLAIMS}{offer.pk}/", SAID | {"strength": "implicit"}).status_code == 302
    offer.refresh_from_db()
    assert (offer.state, offer.strength, str(offer.reviewer)) == ("confirmed", "implicit", "the-officer")
    client.post(f"{CLAIMS}{offer.pk}/", {"state": "proposed"})
    offer.refresh_from_db()
    assert offer.state == "proposed" and offer.reviewer is None
    assert [one.did for one in chain(exhibit.case)][-2:] == ["claim confirmed", "claim open again"]


def test_confirming_needs_what_it_does_and_a_translation_its_translator(
    exhibit: Any, signed_in: Callable[[str], Client]
) -> None:
    client, offer = signed_in("officer"), Claim.objects.get(quote=OFFER)
    for sent in ({"state": "confirmed"}, {"state": "sold"}, SAID | {"translation": "Wir senden"}):
        assert client.post(f"{CLAIMS}{offer.pk}/", sent).status_code == 422
    offer.refresh_from_db()
    assert offer.state == "proposed"
    assert signed_in("counsel").post(f"{CLAIMS}{offer.pk}/", SAID).status_code == 403


def test_a_sentence_is_added_by_hand_only_as_the_exhibit_has_it(
    exhibit: Any, signed_in: Callable[[str], Client]
) -> None:
    client = signed_in("officer")
    sent = {"exhibit": "1", "stance": "offers", "strength": "explicit"}
    assert client.post(f"{CLAIMS}add/", sent | {"quote": "From 20 EUR a month."}).status_code == 422
    assert client.post(f"{CLAIMS}add/", sent | {"quote": "From 20 USD a month."}).status_code == 302
    added = Claim.objects.get(quote="From 20 USD a month.")
    assert added.state == "confirmed" and added.score is None
    assert text_of(exhibit)[added.start : added.end] == added.quote


def test_a_hostile_page_is_shown_as_text(
    exhibit: Any, people: dict[str, Any], signed_in: Callable[[str], Client]
) -> None:
    sly = f"{OFFER[:-1]} <img src=x onerror=alert(1)>."
    read(hand_in_page(exhibit.case, people["officer"], sly.replace("<", "&lt;").replace(">", "&gt;")))
    shown = signed_in("officer").get(CLAIMS).content.decode()
    assert "<img src=x" not in shown and "onerror" in shown and "<mark>" in shown


def test_an_identifier_is_ignored_wherever_the_case_has_it(
    exhibit: Any, people: dict[str, Any], signed_in: Callable[[str], Client]
) -> None:
    read(hand_in_page(exhibit.case, people["officer"], f"{PAGE} again"))
    phone = Identifier.objects.filter(type="phone").first()
    assert phone is not None and phone.normalised == "+442079460958"
    client = signed_in("officer")
    page = "/desk/cases/case-2026-0001/reading/identifiers/"
    assert "+442079460958" in client.get(page).content.decode()
    client.post(f"{page}{phone.pk}/ignore/")
    assert set(Identifier.objects.filter(type="phone").values_list("ignored", flat=True)) == {True}
    client.post(f"{page}{phone.pk}/ignore/")
    assert set(Identifier.objects.filter(type="phone").values_list("ignored", flat=True)) == {False}


def test_a_closed_case_is_not_read_differently(exhibit: Any, signed_in: Callable[[str], Client]) -> None:
    offer = Claim.objects.get(quote=OFFER)
    exhibit.case.stage = "closed"
    exhibit.case.save()
    assert signed_in("officer").post(f"{CLAIMS}{offer.pk}/", SAID).status_code == 422
    offer.refresh_from_db()
    assert offer.state == "proposed"
