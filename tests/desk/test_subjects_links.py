"""Whose it is: the software proposes with reasons, a person confirms, and only that counts."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from desk.campaign_found import told
from desk.cases import OFFER, hand_in_page, open_case
from desk.sending import bulk_sender
from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.grounds import NOTICE_2019, OnPlatform
from tidegate.desk.evidence.grounds import read as read_facts
from tidegate.desk.evidence.reading.finding import read
from tidegate.desk.evidence.reading.models import Claim
from tidegate.desk.evidence.subjects.facts import facts_of
from tidegate.desk.evidence.subjects.models import Finding, Known, Link
from tidegate.node.campaign_found import InfrastructureFound

pytestmark = pytest.mark.django_db
PAGE = "/desk/cases/case-2026-0001/links/"
CNPJ = {"sort": "registration", "value": "11.222.333/0001-81", "origin": "the register of companies"}


@pytest.fixture
def case(people: dict[str, Any]) -> Case:
    made = open_case(people, subject="company", subject_name="Lantern Blast Ltd")
    read(hand_in_page(made, people["officer"]))
    return made


def confirmed(client: Client, link: Link) -> int:
    sent = {"state": "confirmed", "note": "the same registration number"}
    return int(client.post(f"{PAGE}link/{link.pk}/", sent).status_code)


def test_an_exhibit_with_the_subjects_registration_number_is_proposed_with_its_reasons(
    case: Case, signed_in: Callable[[str], Client]
) -> None:
    client = signed_in("officer")
    assert client.post(f"{PAGE}known/", CNPJ).status_code == 302
    assert Known.objects.get().value == "11222333000181"
    (link,) = Link.objects.filter(case=case)
    assert link.state == "proposed" and {one["kind"] for one in link.reasons} >= {
        "registration:br_cnpj",
        "name",
    }
    shown = client.get(PAGE).content.decode()
    assert "11222333000181" in shown and "Blast services" in shown


def test_what_is_no_registration_number_is_refused_in_words(
    case: Case, signed_in: Callable[[str], Client]
) -> None:
    answer = signed_in("officer").post(f"{PAGE}known/", CNPJ | {"value": "soon"})
    assert answer.status_code == 422 and "not read as a registration number" in answer.content.decode()


def test_a_proposal_counts_for_nothing_until_a_person_says_why_it_is_right(
    case: Case, signed_in: Callable[[str], Client]
) -> None:
    client = signed_in("officer")
    client.post(f"{PAGE}known/", CNPJ)
    Claim.objects.filter(quote=OFFER).update(state="confirmed")
    (link,) = Link.objects.filter(case=case)
    assert not [one for one in facts_of(case).links if one.confirmed]
    assert client.post(f"{PAGE}link/{link.pk}/", {"state": "confirmed", "note": ""}).status_code == 422
    assert confirmed(client, link) == 302
    (held,) = facts_of(case).links
    assert held.confirmed and not held.on_name_only and held.reviewer == "the-officer"
    client.post(f"{PAGE}propose/")
    assert Link.objects.get(pk=link.pk).state == "confirmed"


def test_what_was_rejected_stays_apart(case: Case, signed_in: Callable[[str], Client]) -> None:
    client = signed_in("officer")
    client.post(f"{PAGE}known/", CNPJ)
    (link,) = Link.objects.filter(case=case)
    client.post(f"{PAGE}link/{link.pk}/", {"state": "rejected", "note": "a number copied from another page"})
    client.post(f"{PAGE}propose/")
    assert [one.state for one in Link.objects.filter(case=case)] == ["rejected"]


def test_an_account_named_in_a_confirmed_exhibit_is_linked_and_its_findings_count(
    case: Case, people: dict[str, Any], signed_in: Callable[[str], Client], beside: Any
) -> None:
    beside.hear(bulk_sender("@seller:example.org"))
    beside.copy()
    key = beside.key("@seller:example.org")
    client = signed_in("officer")
    client.post(f"{PAGE}known/", CNPJ)
    exhibit_link = Link.objects.get(case=case)
    confirmed(client, exhibit_link)
    account = Link.objects.exclude(pk=exhibit_link.pk).get(case=case)
    assert f"account:{key:016x}" in (account.first, account.second)
    assert {one["kind"] for one in account.reasons} == {"handle"}
    sent = {"about": "account", "which": f"{key:016x}"}
    assert client.post(f"{PAGE}finding/", sent).status_code == 302
    finding = Finding.objects.filter(case=case).earliest("abuse_at")
    assert finding.abuse_at <= finding.recorded_at <= finding.acquired_at
    assert read_facts(facts_of(case), NOTICE_2019, determined=True).state.on_platform is OnPlatform.UNLINKED
    confirmed(client, account)
    assert read_facts(facts_of(case), NOTICE_2019, determined=True).state.on_platform is OnPlatform.LINKED
    case.account = finding.account
    assert facts_of(case).account_signals


def test_a_campaign_that_uses_what_a_confirmed_one_uses_is_proposed(
    case: Case, signed_in: Callable[[str], Client], beside: Any
) -> None:
    shared = InfrastructureFound("device", 77, 3, 4)
    crowd = InfrastructureFound("network", 5, 3, 900)
    for number, name in ((8, "first"), (9, "second"), (10, "third")):
        names = [f"@{name}{one}:example.org" for one in range(3)]
        for one in names:
            beside.hear(bulk_sender(one))
        told(beside, number, names, infrastructure=(crowd,) if name == "third" else (shared, crowd))
    client = signed_in("officer")
    client.post(f"{PAGE}propose/")
    assert not Link.objects.filter(case=case).exists()
    sent = {"about": "campaign", "which": f"{8:016x}", "note": "its operator said so in a public interview"}
    assert client.post(f"{PAGE}link/", sent).status_code == 302
    proposed = Link.objects.get(case=case, state="proposed")
    assert f"campaign:{9:016x}" in (proposed.first, proposed.second)
    assert [(one["kind"], one["value"]) for one in proposed.reasons] == [("device", f"{77:016x}")]
    shown = client.get(PAGE).content.decode()
    assert f"{77:016x}" in shown
    page = client.get(f"/desk/campaigns/{8:016x}/").content.decode()
    assert f"{77:016x}" in page and f"{9:016x}" in page and "a crowd" in page


def test_an_account_about_which_nothing_was_decided_is_no_finding(
    case: Case, signed_in: Callable[[str], Client]
) -> None:
    answer = signed_in("officer").post(f"{PAGE}finding/", {"about": "account", "which": "00000000000000ff"})
    assert answer.status_code == 422 and "nothing was decided" in answer.content.decode()


def test_a_link_drawn_by_a_person_says_why_and_is_no_link_on_a_name(
    case: Case, signed_in: Callable[[str], Client]
) -> None:
    client = signed_in("officer")
    assert (
        client.post(f"{PAGE}link/", {"about": "exhibit", "which": "9", "note": "its imprint"}).status_code
        == 422
    )
    sent = {"about": "exhibit", "which": "1", "note": "the imprint names the subject's director"}
    assert client.post(f"{PAGE}link/", sent).status_code == 302
    (held,) = facts_of(case).links
    assert (held.confirmed and held.reasons == ("person",)) or "person" in held.reasons


def test_another_case_with_the_same_number_is_brought_to_notice(
    case: Case, people: dict[str, Any], signed_in: Callable[[str], Client]
) -> None:
    other = open_case(
        people, "case-2026-0002", subject="company", subject_name="Lantern Blast International Ltd"
    )
    Known.objects.create(
        case=other,
        kind="registration:br_cnpj",
        value="11222333000181",
        origin="register",
        by=people["officer"],
    )
    client = signed_in("officer")
    client.post(f"{PAGE}known/", CNPJ)
    ends = {name for one in Link.objects.filter(case=case) for name in (one.first, one.second)}
    assert "subject:case-2026-0002" in ends


def test_only_who_works_on_cases_rules_on_links(case: Case, signed_in: Callable[[str], Client]) -> None:
    for role, status in (("counsel", 403), ("auditor", 403), ("reviewer", 403), ("senior", 302)):
        assert signed_in(role).post(f"{PAGE}known/", CNPJ).status_code == status
