"""Looking at accounts: found by pseudonym, explained, drawn, and led to by their identifier only with a reason."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from desk.sending import bulk_sender
from tidegate.desk.accounts.explanation import explain, row_now
from tidegate.desk.audit.models import Record
from tidegate.desk.ledger.models import Account, Decision, stored
from tidegate.desk.review.models import Case
from tidegate.engine.rungs import Rung

pytestmark = pytest.mark.django_db
MALLORY = "@mallory:example.org"
REASON = "a complaint came in by letter"
SignedIn = Callable[[str], Any]


@pytest.fixture
def sender(beside: Any) -> Account:
    """An account that has sent in bulk and been decided about."""
    beside.hear(bulk_sender(MALLORY))
    beside.copy()
    Case.objects.update(kind="risk", blind=False)  # it may have been drawn to be looked at blindly
    return Account.objects.get()


def path(account: Account, what: str = "") -> str:
    return f"/desk/accounts/{account.pseudonym}/{what}"


def test_an_account_is_listed_and_found_by_the_beginning_of_its_pseudonym(
    sender: Account, signed_in: SignedIn
) -> None:
    analyst = signed_in("analyst")
    assert sender.pseudonym in analyst.get("/desk/accounts/").content.decode()
    assert (
        sender.pseudonym in analyst.get(f"/desk/accounts/?pseudonym={sender.pseudonym[:5]}").content.decode()
    )
    other = "0" if sender.pseudonym[0] != "0" else "1"
    assert "No account fits" in analyst.get(f"/desk/accounts/?pseudonym={other * 5}").content.decode()
    whole = analyst.get(f"/desk/accounts/?pseudonym={sender.pseudonym}")
    assert (whole.status_code, whole.url) == (302, path(sender))
    assert "at least the first 3" in analyst.get("/desk/accounts/?pseudonym=zz").content.decode()


def test_filters_leave_out_what_does_not_fit(sender: Account, signed_in: SignedIn) -> None:
    analyst = signed_in("analyst")
    for fits, asked in (
        (True, f"rung={sender.rung}&stage={sender.stage}&since=2020-01-01"),
        (False, f"rung={(sender.rung + 1) % 7}"),
        (False, "stage=registration" if sender.stage != "registration" else "stage=campaign"),
        (False, "since=2999-01-01"),
    ):
        page = analyst.get(f"/desk/accounts/?{asked}").content.decode()
        assert (sender.pseudonym in page) is fits, asked


def test_pages_follow_one_another_without_gap_or_repetition(
    sender: Account, signed_in: SignedIn, django_assert_max_num_queries: Any
) -> None:
    """Also where many were decided about at the same moment."""
    Account.objects.bulk_create(
        [
            Account(
                id=number, rung=4, decided=sender.decided, first_decided=sender.decided, stage="messaging"
            )
            for number in range(120)
        ]
    )
    analyst, address, seen = signed_in("analyst"), "/desk/accounts/", []
    while address:
        with django_assert_max_num_queries(6):
            page = analyst.get(address)
        seen += [one.pk for one in page.context["accounts"]]
        address = f"/desk/accounts/?{page.context['older']}" if page.context["older"] else ""
    assert len(seen) == len(set(seen)) == Account.objects.count()


def test_the_page_says_where_it_stands_why_and_what_the_holder_was_told(
    sender: Account, signed_in: SignedIn, django_assert_max_num_queries: Any
) -> None:
    auditor = signed_in("auditor")
    with django_assert_max_num_queries(9):
        page = auditor.get(path(sender)).content.decode()
    decision = Decision.objects.select_related("basis").latest("number")
    assert Rung(sender.rung).word in page
    assert all(str(reason["text"])[:30] in page for reason in decision.reasons if "'" not in reason["text"])
    assert "simulated" in page and "Your account" in page
    assert "mallory" not in page
    assert auditor.get("/desk/accounts/0123456789abcdef/").status_code == 404


def test_a_decision_is_explained_with_the_rule_and_what_is_usual(sender: Account) -> None:
    decision = Decision.objects.filter(rung__gt=0).select_related("basis").earliest("number")
    found = explain(decision, row_now(sender))
    assert found["rules"] or any(one.order for one in found["observations"])
    assert found["policy_in_force"] and found["young"]
    assert all(rule.terms and rule.rung for rule in found["rules"])
    drawn = [one for one in found["observations"] if one.bar]
    assert drawn and all("999 of 1,000" in one.usual for one in drawn)
    assert any(one.beyond for one in drawn), "something stands out, or it would not have been acted on"


def test_a_blind_explanation_does_not_tell_what_was_decided(sender: Account) -> None:
    from django.template.loader import render_to_string

    decision = Decision.objects.filter(rung__gt=0).select_related("basis").latest("number")
    shown = render_to_string("accounts/_decision.html", explain(decision, row_now(sender), blind=True))
    assert "honest accounts" in shown
    told = [rung.word for rung in Rung if rung is not Rung.ALLOW] + ["Score", "Rule", "moved the score"]
    assert not [word for word in told if f">{word}" in shown or f" {word} " in shown]
    assert all(reason["name"] not in shown for reason in decision.reasons if reason["kind"] == "rule")


def test_its_life_is_drawn_with_the_same_figures_in_a_table(sender: Account, signed_in: SignedIn) -> None:
    whole = signed_in("analyst").get(path(sender, "life/")).content.decode()
    part = signed_in("analyst").get(path(sender, "life/"), headers={"HX-Request": "true"}).content.decode()
    assert "<html" in whole and "<html" not in part
    for shown in (whole, part):
        assert (
            '<svg class="life"' in shown and "40 messages, 40 of them first messages to somebody new" in shown
        )
        assert "8 reports" in shown and "<table>" in shown
        assert "style=" not in part


def test_accounts_on_the_same_device_are_linked_and_a_hub_reads_as_one(
    beside: Any, signed_in: SignedIn
) -> None:
    lines = bulk_sender(MALLORY).splitlines()
    when = json.loads(lines[0])["time"]
    crowd = [
        {"time": when + 1 + n / 100, "type": "register", "actor": f"@p{n}:example.org", "ip": "203.0.113.9"}
        for n in range(60)
    ]
    twin = {
        "time": when + 2,
        "type": "register",
        "actor": "@twin:example.org",
        "device": f"device of {MALLORY}",
    }
    beside.hear("\n".join([lines[0], *map(json.dumps, [*crowd, twin]), *lines[1:]]))
    beside.copy()
    page = signed_in("analyst").get(f"/desk/accounts/{beside.key(MALLORY):016x}/life/").content.decode()
    assert f"{beside.key('@twin:example.org'):016x}" in page and "shared by 2 accounts" in page
    assert "shared by 61 accounts" in page and "so many share it that it says little" in page
    assert page.index("shared by 2 accounts") < page.index("shared by 61 accounts")


def test_an_account_about_which_nothing_was_decided_has_a_page_and_can_be_decided_about(
    sender: Account, beside: Any, signed_in: SignedIn
) -> None:
    key = beside.key("@stranger1:example.org")
    address = f"/desk/accounts/{key:016x}/"
    assert not Account.objects.filter(pk=stored(key)).exists()
    assert "nothing has been decided" in signed_in("reviewer").get(address).content.decode()
    asked = {"verdict": "change", "rung": str(int(Rung.LOCK)), "duration": "86400", "note": REASON}
    assert signed_in("reviewer").post(f"{address}rule/", asked).status_code == 302
    standing = beside.link.standing(key)
    assert standing.rung is Rung.LOCK
    beside.copy()
    assert Account.objects.get(pk=stored(key)).rung == Rung.LOCK


def test_an_identifier_leads_to_the_page_and_is_kept_nowhere(
    sender: Account, beside: Any, signed_in: SignedIn
) -> None:
    reviewer = signed_in("reviewer")
    found = reviewer.post("/desk/accounts/find/", {"identifier": MALLORY, "reason": REASON})
    assert (found.status_code, found.url) == (302, path(sender))
    kept = Record.objects.latest("number")
    assert (kept.did, kept.about, kept.details) == ("account.sought", sender.pseudonym, {"why": REASON})
    missed = reviewer.post("/desk/accounts/find/", {"identifier": "@nobody:example.org", "reason": REASON})
    assert missed.url == "/desk/accounts/"
    assert reviewer.post("/desk/accounts/find/", {"identifier": MALLORY, "reason": "why"}).status_code == 422
    assert signed_in("analyst").post("/desk/accounts/find/", {"identifier": MALLORY}).status_code == 403


def test_the_identifier_is_shown_once_with_a_reason_that_the_vault_keeps(
    sender: Account, beside: Any, signed_in: SignedIn
) -> None:
    reviewer = signed_in("reviewer")
    assert MALLORY not in reviewer.post(path(sender, "reveal/"), {"reason": "short"}).content.decode()
    assert beside.node.vault.accesses() == []
    shown = reviewer.post(path(sender, "reveal/"), {"reason": REASON})
    assert MALLORY in shown.content.decode() and shown["Cache-Control"] == "no-store"
    ((_, who, why, key),) = beside.node.vault.accesses()
    assert (who, why, key) == ("the-reviewer", REASON, sender.key)
    assert Record.objects.latest("number").did == "account.revealed"
    assert reviewer.get(path(sender, "reveal/")).status_code == 405


def test_without_a_node_the_page_shows_what_was_copied(sender: Account, signed_in: SignedIn) -> None:
    from tidegate.desk import node_link

    node_link.connect(None)
    page = signed_in("reviewer").get(path(sender))
    assert page.status_code == 200 and "as copied" in page.content.decode()
    assert "No node runs" in signed_in("reviewer").get(path(sender, "life/")).content.decode()
    answer = signed_in("reviewer").post(path(sender, "reveal/"), {"reason": REASON}, follow=True)
    assert "nothing was done" in answer.content.decode()
    assert not Record.objects.filter(did="account.revealed").exists()


def test_somebody_overturns_and_the_node_lifts_the_rung(
    sender: Account, beside: Any, signed_in: SignedIn
) -> None:
    reviewer = signed_in("reviewer")
    assert beside.link.standing(sender.key).rung > Rung.ALLOW
    refused = reviewer.post(path(sender, "rule/"), {"verdict": "change", "note": REASON})
    assert refused.status_code == 422 and "needs the rung" in refused.content.decode()
    done = reviewer.post(path(sender, "rule/"), {"verdict": "overturn", "note": REASON})
    assert done.status_code == 302
    assert beside.link.standing(sender.key).rung is Rung.ALLOW
    beside.copy()
    assert REASON in reviewer.get(path(sender)).content.decode()


def test_nobody_decides_beside_whoever_has_taken_its_case(
    sender: Account, beside: Any, signed_in: SignedIn, people: Any
) -> None:
    before = beside.link.standing(sender.key).rung
    held = {"locked_by": people["senior"], "locked_until": timezone.now() + timedelta(minutes=15)}
    Case.objects.update_or_create(
        account=sender,
        state="open",
        defaults={"kind": "risk", "blind": False, "opened": timezone.now(), "priority": 1.0, **held},
    )
    asked = {"verdict": "overturn", "note": REASON}
    refused = signed_in("reviewer").post(path(sender, "rule/"), asked)
    assert refused.status_code == 422 and "somebody else has taken this case" in refused.content.decode()
    assert beside.link.standing(sender.key).rung is before
    assert signed_in("senior").post(path(sender, "rule/"), asked).status_code == 302
    assert beside.link.standing(sender.key).rung is Rung.ALLOW


def test_a_reviewer_cannot_close_an_account(sender: Account, beside: Any, signed_in: SignedIn) -> None:
    before = beside.link.standing(sender.key).rung
    asked = {"verdict": "change", "rung": str(int(Rung.BAN)), "note": REASON}
    assert signed_in("reviewer").post(path(sender, "rule/"), asked).status_code == 422
    assert beside.link.standing(sender.key).rung is before
    assert signed_in("senior").post(path(sender, "rule/"), asked).status_code == 302
    assert beside.link.standing(sender.key).rung is Rung.BAN
