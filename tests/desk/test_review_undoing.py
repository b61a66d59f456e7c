"""A ruling is taken back for a few minutes by who made it: the node puts the account where it stood."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from desk.sending import bulk_sender
from tidegate.desk.audit.models import Record
from tidegate.desk.ledger.models import Account
from tidegate.desk.review.agreement import Agreement, agreement_since
from tidegate.desk.review.labels import labels
from tidegate.desk.review.models import Case, Ruled, Sample
from tidegate.desk.review.ruling import rule, rule_many
from tidegate.desk.review.undoing import WITHIN, NotUndone, undo, undoable
from tidegate.engine.rungs import Rung

pytestmark = pytest.mark.django_db
MALLORY = "@mallory:example.org"
MINUTE_S = 60.0


@pytest.fixture
def sender(beside: Any) -> Account:
    """A bulk sender that the node has acted on, and one of those actions was drawn."""
    beside.hear(bulk_sender(MALLORY))
    beside.copy()
    Case.objects.update(kind="risk", blind=False)
    found: Account = Account.objects.get()
    decision = found.history.latest("number")
    Sample.objects.all().delete()
    Sample.objects.create(
        decision_number=decision.number,
        account=found,
        time=decision.time,
        rung=decision.rung,
        kind="random",
        probability=0.1,
        case=Case.objects.get(),
    )
    return found


def standing(beside: Any) -> Any:
    return beside.link.standing(beside.key(MALLORY))


def test_an_overturned_measure_comes_back_with_the_end_it_had(
    beside: Any, sender: Account, people: Any
) -> None:
    before = standing(beside)
    case = Case.objects.get()
    made = rule(people["reviewer"], sender, "overturn", note="wrong button", case=case)
    assert standing(beside).rung is Rung.ALLOW
    assert undoable(people["reviewer"]) == [made] and undoable(people["senior"]) == []
    back = undo(people["reviewer"], made.pk)
    assert back is not None and back.undoes == made
    after = standing(beside)
    assert after.rung is before.rung
    assert after.until_s == pytest.approx(before.until_s, abs=2 * MINUTE_S)
    case.refresh_from_db()
    assert (case.state, case.locked_by) == ("open", people["reviewer"])
    assert Sample.objects.get().wrong is None
    assert Record.objects.get(did="ruling.undone").about == sender.pseudonym
    assert undoable(people["reviewer"]) == []
    # Decided anew, it is judged anew; only that counts.
    sender.refresh_from_db()
    rule(people["reviewer"], sender, "uphold", note="a list after all", case=case)
    assert Sample.objects.get().wrong is False
    assert [label["reason"] for label in labels()] == ["abusive"]


def test_a_change_is_taken_back_to_the_rung_before(beside: Any, sender: Account, people: Any) -> None:
    before = standing(beside).rung
    made = rule(people["reviewer"], sender, "change", note="milder", rung=Rung.WARN, duration_s=3_600.0)
    undo(people["reviewer"], made.pk)
    assert standing(beside).rung is before


def test_an_upheld_measure_is_left_alone_and_its_case_opens_again(
    beside: Any, sender: Account, people: Any
) -> None:
    before = standing(beside)
    made = rule(people["senior"], sender, "uphold", note="clearly a list")
    assert undo(people["senior"], made.pk) is None
    assert standing(beside) == before
    assert Case.objects.get().state == "open"
    assert list(labels()) == []


def test_what_may_not_be_taken_back_is_refused_and_nothing_changes(
    beside: Any, sender: Account, people: Any
) -> None:
    reviewer, senior = people["reviewer"], people["senior"]
    made = rule(reviewer, sender, "overturn", note="they are friends")
    with pytest.raises(NotUndone, match="Somebody else decided"):
        undo(senior, made.pk)
    Ruled.objects.update(time=timezone.now() - WITHIN - timedelta(seconds=1))
    with pytest.raises(NotUndone, match="10 minutes"):
        undo(reviewer, made.pk)
    Ruled.objects.update(time=made.time)
    beside.copy()
    sender.refresh_from_db()
    later = rule(senior, sender, "change", note="not friends", rung=Rung.LOCK)
    with pytest.raises(NotUndone, match="since"):
        undo(reviewer, made.pk)
    undo(senior, later.pk)
    with pytest.raises(NotUndone, match="already"):
        undo(senior, later.pk)
    beside.copy()
    sender.refresh_from_db()
    (of_group,) = rule_many(senior, [sender], "change", note="all of them", rung=Rung.LOCK)
    with pytest.raises(NotUndone, match="group"):
        undo(senior, of_group.pk)
    assert standing(beside).rung is Rung.LOCK


def test_an_account_that_was_moved_since_is_not_pulled_back(
    beside: Any, sender: Account, people: Any
) -> None:
    made = rule(people["reviewer"], sender, "change", note="milder", rung=Rung.WARN, duration_s=3_600.0)
    Ruled.objects.filter(pk=made.pk).update(rung_after=int(Rung.LOCK))  # as if the node had moved it
    with pytest.raises(NotUndone, match="does not stand"):
        undo(people["reviewer"], made.pk)
    assert Ruled.objects.get().undone is None


def test_the_queue_offers_it_and_takes_it_back(
    beside: Any, sender: Account, signed_in: Callable[[str], Client]
) -> None:
    client, before = signed_in("reviewer"), standing(beside).rung
    case = Case.objects.get()
    client.post("/desk/queue/next/")
    client.post(f"/desk/queue/{case.pk}/ruling/", {"verdict": "overturn", "note": "wrong button"})
    made = Ruled.objects.get()
    address = f"/desk/queue/rulings/{made.pk}/undo/"
    assert address in client.get("/desk/queue/").content.decode()
    assert address not in signed_in("senior").get("/desk/queue/").content.decode()
    assert client.get(address).status_code == 405
    answer = client.post(address, follow=True)
    assert "Taken back" in answer.content.decode()
    assert standing(beside).rung is before


def test_agreement_counts_accounts_that_two_people_judged(
    sender: Account, people: Any, signed_in: Callable[[str], Client]
) -> None:
    begin = timezone.now() - timedelta(days=1)
    rule(people["reviewer"], sender, "label", note="for training", finding="abusive")
    assert agreement_since(begin) == Agreement(0, 0, None)
    made = rule(people["senior"], sender, "overturn", note="a mistake")
    assert agreement_since(begin) == Agreement(1, 0, 0.0)
    said = "two people judged 1 account, 0 of them alike"
    assert said in signed_in("auditor").get("/desk/queue/").content.decode()
    assert said not in signed_in("reviewer").get("/desk/queue/").content.decode()
    undo(people["senior"], made.pk)
    assert agreement_since(begin) == Agreement(0, 0, None)
    # Who disputed a blind case spoke first, and saw nothing to limit.
    Case.objects.update(first_by=people["analyst"], locked_by=None, locked_until=None)
    sender.refresh_from_db()
    Ruled.objects.filter(person=people["reviewer"]).delete()
    rule(people["senior"], sender, "overturn", note="a mistake after all", case=Case.objects.get())
    assert agreement_since(begin) == Agreement(1, 1, None)
