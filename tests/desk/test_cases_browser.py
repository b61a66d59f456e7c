"""A case in a real browser: from a file that is handed in to a claim, a link and a sealed file."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from desk.cases import OFFER, hand_in_page, open_case, picture
from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.exhibits.handed_in import hand_in
from tidegate.desk.evidence.exhibits.models import Exhibit
from tidegate.desk.evidence.exhibits.working import finish
from tidegate.desk.evidence.reading.models import Claim
from tidegate.desk.evidence.subjects.linking import propose
from tidegate.desk.evidence.subjects.models import Known, Link

CASE = "/desk/cases/case-2026-0001/"
ARABIC = (
    "<html lang=ar dir=rtl><title>رسائل</title>"
    "<p>نرسل رسائل جماعية على Example Chat إلى آلاف الأرقام يوميا.</p></html>"
)


def full_case(people: dict[str, Any]) -> Case:
    case = open_case(people, subject="company", subject_name="Lantern Blast Ltd", jurisdiction="England")
    for number, html in enumerate((None, ARABIC)):
        seen = timezone.now() - timedelta(days=30 - 10 * number)
        more = {} if html is None else {"html": html}
        finish(hand_in_page(case, people["officer"], seen=seen, **more))
    Known.objects.create(
        case=case,
        kind="registration:br_cnpj",
        value="11222333000181",
        origin="register",
        by=people["officer"],
    )
    propose(case)
    hand_in(case, people["officer"], "offer.png", picture(), None, "a public channel")
    Exhibit.objects.update(pending=False)
    return case


def test_every_page_of_a_case_can_be_read_by_everybody_and_on_a_phone(
    browser_at: Any, people: dict[str, Any]
) -> None:
    full_case(people)
    browser = browser_at("officer")
    for place, words in (
        ("/desk/cases/", "Lantern Blast"),
        ("/desk/cases/new/", "Open a case"),
        (CASE, "Timeline"),
        (f"{CASE}exhibits/", "Blast services"),
        (f"{CASE}exhibits/1/", "What it looked like"),
        (f"{CASE}exhibits/3/", "Type over what it says"),
        (f"{CASE}reading/claims/", "Claims"),
        (f"{CASE}reading/identifiers/", "+442079460958"),
        (f"{CASE}links/", "11222333000181"),
        (f"{CASE}steps/", "Ground"),
        (f"{CASE}custody/", "Chain of custody"),
    ):
        browser.open(place)
        browser.wait_for_text(words)
        browser.chromium.js("document.querySelectorAll('main details').forEach(one => { one.open = true })")
        browser.check()
        browser.shoot("case" + place.removeprefix("/desk/cases").replace("/", "-").rstrip("-"))


def test_a_claim_and_a_link_are_confirmed_by_hand(browser_at: Any, people: dict[str, Any]) -> None:
    full_case(people)
    browser = browser_at("officer")
    browser.open(f"{CASE}reading/claims/")
    claim = Claim.objects.get(quote=OFFER)
    browser.click(f"form[action$='/claims/{claim.pk}/'] button[value=confirmed]")
    browser.wait_for_text("Confirmed.")
    browser.open(f"{CASE}links/")
    link = Link.objects.get(points__gt=6)
    browser.fill(f"#note-{link.pk}", "the same number in the register")
    browser.click(f"form[action$='/link/{link.pk}/'] button[value=confirmed]")
    browser.wait_for_text("Confirmed by the-officer")
    browser.open(CASE)
    browser.click(f"form[action='{CASE}seal/'] button")
    browser.wait_for_text("Sealed, and found intact")
