"""Cases: opened by what the node does, taken by one person at a time, decided once, carried out by the node."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from desk.sending import bulk_sender
from tidegate.desk.audit.models import Record
from tidegate.desk.ledger.models import Account
from tidegate.desk.review import taking
from tidegate.desk.review.deciding import decide_blind
from tidegate.desk.review.models import Case, Ruled, Sample
from tidegate.desk.review.ruling import rule, rule_many
from tidegate.engine.rungs import Rung
from tidegate.node.requests import RequestError

pytestmark = pytest.mark.django_db
MALLORY = "@mallory:example.org"


@pytest.fixture
def sender(beside: Any) -> Account:
    """A bulk sender that the node has acted on."""
    beside.hear(bulk_sender(MALLORY))
    beside.copy()
    found: Account = Account.objects.get()
    assert found.rung >= Rung.LOCK
    return found


def standing(beside: Any) -> Rung:
    rung: Rung = beside.link.standing(beside.key(MALLORY)).rung
    return rung


def case_of(sender: Account, **fields: Any) -> Case:
    """Its open case, an ordinary one unless asked otherwise: which it is by itself is left to chance."""
    found = Case.objects.get(account=sender, state="open")
    Case.objects.filter(pk=found.pk).update(**({"kind": "risk", "blind": False} | fields))
    found.refresh_from_db()
    return found


def test_a_strong_measure_opens_one_case(sender: Account) -> None:
    assert Case.objects.filter(account=sender, state="open").count() == 1
    assert sender.decisions > 1


def test_an_overturned_measure_is_lifted_on_the_node_and_written_down(
    beside: Any, sender: Account, people: Any
) -> None:
    case = case_of(sender)
    made = rule(people["reviewer"], sender, "overturn", note="friends of friends", case=case)
    assert standing(beside) is Rung.ALLOW
    assert (made.rung_before, made.rung_after) == (sender.rung, Rung.ALLOW)
    case.refresh_from_db()
    assert (case.state, case.locked_by) == ("decided", None)
    assert Record.objects.get(did="account.overturn").about == sender.pseudonym
    beside.copy()
    sender.refresh_from_db()
    assert sender.rung == Rung.ALLOW


def test_a_change_puts_the_account_on_exactly_that_rung(beside: Any, sender: Account, people: Any) -> None:
    rule(people["reviewer"], sender, "change", note="milder is enough", rung=Rung.BUDGET, duration_s=3_600.0)
    assert standing(beside) is Rung.BUDGET


def test_an_upheld_measure_stays_as_it_is(beside: Any, sender: Account, people: Any) -> None:
    before = beside.link.standing(beside.key(MALLORY))
    rule(people["senior"], sender, "uphold", note="clearly a list")
    after = beside.link.standing(beside.key(MALLORY))
    assert (after.rung, after.until_s) == (before.rung, before.until_s)


def test_a_label_moves_no_rung_and_leaves_the_case_open(beside: Any, sender: Account, people: Any) -> None:
    rule(people["reviewer"], sender, "label", note="for training", finding="abusive")
    assert standing(beside) == sender.rung
    assert Case.objects.get(account=sender).state == "open"


def test_closing_an_account_and_deciding_about_many_take_a_senior_reviewer(
    sender: Account, people: Any
) -> None:
    with pytest.raises(PermissionDenied, match="senior"):
        rule(people["reviewer"], sender, "change", note="away with it", rung=Rung.BAN)
    with pytest.raises(PermissionDenied, match="senior"):
        rule_many(people["reviewer"], [sender], "overturn", note="all of them")
    for role in ("analyst", "auditor", "administrator"):
        with pytest.raises(PermissionDenied):
            rule(people[role], sender, "overturn", note="not for this role")
    assert not Ruled.objects.exists()


@pytest.mark.parametrize(
    ("verdict", "asked"),
    [
        ("change", {}),
        ("change", {"rung": Rung.ALLOW}),
        ("uphold", {"rung": Rung.LOCK}),
        ("overturn", {"duration_s": 60.0}),
        ("label", {}),
        ("overturn", {"finding": "abusive"}),
        ("forgive", {}),
    ],
)
def test_what_cannot_be_meant_is_refused(
    sender: Account, people: Any, verdict: str, asked: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        rule(people["senior"], sender, verdict, note="contradictory", **asked)
    assert not Ruled.objects.exists()


def test_what_the_node_refuses_leaves_no_trace(beside: Any, people: Any) -> None:
    now = timezone.now()
    unknown = Account.objects.create(id=5, rung=4, decided=now, first_decided=now, stage="messaging")
    with pytest.raises(RequestError):
        rule(people["senior"], unknown, "overturn", note="nobody knows it")
    assert not Ruled.objects.exists()
    assert not Record.objects.filter(did="account.overturn").exists()


def test_only_one_person_holds_a_case_until_it_is_let_go_or_runs_out(sender: Account, people: Any) -> None:
    case = case_of(sender)
    reviewer, senior = people["reviewer"], people["senior"]
    assert taking.take(case.pk, reviewer) and taking.take(case.pk, reviewer)
    assert not taking.take(case.pk, senior)
    with pytest.raises(PermissionDenied, match="somebody else"):
        rule(senior, sender, "overturn", note="mine now", case=Case.objects.get(pk=case.pk))
    taking.release(case.pk, reviewer)
    assert taking.take(case.pk, senior)
    Case.objects.update(locked_until=timezone.now() - timedelta(seconds=1))
    assert taking.take(case.pk, reviewer)
    assert not taking.take_over(case.pk, reviewer) and taking.take_over(case.pk, senior)


def test_the_next_case_is_the_one_held_already_else_the_most_urgent(
    sender: Account, people: Any, settings: Any
) -> None:
    now = timezone.now()
    other = Account.objects.create(id=7, rung=5, decided=now, first_decided=now, stage="messaging")
    urgent = Case.objects.create(account=other, kind="risk", opened=now, priority=10_000.0)
    case_of(sender)
    assert taking.take_next(people["reviewer"]) == urgent
    assert taking.take_next(people["reviewer"]) == urgent
    assert taking.take_next(people["senior"]).account == sender  # type: ignore[union-attr]
    taking.release(urgent.pk, people["reviewer"])
    assert taking.take_next(people["reviewer"]) == urgent


def test_a_blind_reviewer_who_disagrees_decides_nothing_and_a_senior_does(
    beside: Any, sender: Account, people: Any
) -> None:
    case = case_of(sender, blind=True, kind="blind")
    reviewer, senior = people["reviewer"], people["senior"]
    with pytest.raises(PermissionDenied, match="take the case first"):
        decide_blind(reviewer, case, sender, abusive=False, note="looks like a person")
    assert taking.take(case.pk, reviewer)
    case.refresh_from_db()
    assert decide_blind(reviewer, case, sender, abusive=False, note="looks like a person") is None
    assert standing(beside) == sender.rung
    assert taking.take_next(reviewer) is None
    assert taking.take_next(senior) == case
    rule(senior, sender, "overturn", note="agreed, a person", case=Case.objects.get(pk=case.pk))
    assert standing(beside) is Rung.ALLOW


def test_a_blind_reviewer_who_agrees_upholds(sender: Account, people: Any) -> None:
    case = case_of(sender, blind=True, kind="blind")
    assert taking.take(case.pk, people["senior"])
    case.refresh_from_db()
    made = decide_blind(people["senior"], case, sender, abusive=True, note="a list of strangers")
    assert made is not None and made.verdict == "uphold"


def test_a_sample_is_judged_by_the_ruling(sender: Account, people: Any) -> None:
    decision = sender.history.latest("number")
    Sample.objects.all().delete()
    Sample.objects.create(
        decision_number=decision.number,
        account=sender,
        time=decision.time,
        rung=4,
        kind="random",
        probability=0.1,
    )
    rule(people["senior"], sender, "overturn", note="a mistake")
    assert Sample.objects.get().wrong is True


def test_the_pages_show_the_queue_and_decide_a_case(
    beside: Any, sender: Account, signed_in: Callable[[str], Client]
) -> None:
    case = case_of(sender)
    client = signed_in("reviewer")
    assert sender.pseudonym in client.get("/desk/queue/").content.decode()
    assert client.post("/desk/queue/next/").headers["location"] == f"/desk/queue/{case.pk}/"
    page = client.get(f"/desk/queue/{case.pk}/").content.decode()
    assert "Decide, and on to the next" in page
    answer = client.post(f"/desk/queue/{case.pk}/ruling/", {"verdict": "overturn", "note": "knows them all"})
    assert answer.status_code == 302
    assert standing(beside) is Rung.ALLOW


def test_a_blind_case_tells_nothing_of_what_was_decided(
    sender: Account, signed_in: Callable[[str], Client]
) -> None:
    case = case_of(sender, blind=True, kind="blind")
    client = signed_in("reviewer")
    client.post("/desk/queue/next/")
    page = client.get(f"/desk/queue/{case.pk}/").content.decode()
    main = page[page.index("<main") :]
    for word in ("rung-4", "rung-5", "suspend", ">lock", "blind", "Score"):
        assert word not in main, word
    assert "What was seen" in main


def test_who_holds_a_case_is_not_told_that_it_was_drawn(
    sender: Account, signed_in: Callable[[str], Client]
) -> None:
    case = case_of(sender, kind="random")
    told = "<dt>Kind</dt><dd>random"
    senior = signed_in("senior")
    assert told in senior.get(f"/desk/queue/{case.pk}/").content.decode()
    senior.post("/desk/queue/next/")
    assert told not in senior.get(f"/desk/queue/{case.pk}/").content.decode()
    assert told in signed_in("auditor").get(f"/desk/queue/{case.pk}/").content.decode()
    assert told not in signed_in("reviewer").get(f"/desk/queue/{case.pk}/").content.decode()


def test_the_queue_asks_the_database_a_bounded_number_of_times(
    sender: Account, signed_in: Callable[[str], Client], django_assert_max_num_queries: Any
) -> None:
    now = timezone.now()
    accounts = [
        Account(id=n, rung=4, decided=now, first_decided=now, stage="messaging") for n in range(100, 160)
    ]
    Account.objects.bulk_create(accounts)
    Case.objects.bulk_create([Case(account=one, kind="risk", opened=now, priority=1.0) for one in accounts])
    client = signed_in("senior")
    client.get("/desk/queue/")
    with django_assert_max_num_queries(14):
        client.get("/desk/queue/")


def test_a_case_closes_by_itself_when_its_measure_has_ended_and_nobody_looked(sender: Account) -> None:
    from tidegate.desk.review.closing import close_ended

    case = case_of(sender)
    Sample.objects.all().delete()
    assert close_ended(timezone.now() + timedelta(days=30)) == 0
    Account.objects.update(rung=0)
    assert close_ended(timezone.now()) == 0
    assert close_ended(timezone.now() + timedelta(days=3)) == 1
    case.refresh_from_db()
    assert case.state == "closed"


def test_findings_come_out_as_labels_by_pseudonym_with_the_chance_of_having_been_drawn(
    sender: Account, people: Any
) -> None:
    from tidegate.desk.review.labels import labels

    Sample.objects.all().delete()
    decision = sender.history.latest("number")
    Sample.objects.create(
        decision_number=decision.number,
        account=sender,
        time=decision.time,
        rung=4,
        kind="blind",
        probability=0.2,
    )
    rule(people["senior"], sender, "uphold", note="a list of strangers")
    rule(people["senior"], sender, "overturn", note="it was a mistake")
    (label,) = labels()
    assert (label["type"], label["target"], label["reason"]) == ("label", sender.pseudonym, "legitimate")
    assert label["probability"] == 0.2
