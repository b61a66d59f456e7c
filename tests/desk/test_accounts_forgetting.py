"""What is held about an account: handed out whole, erased everywhere, and kept no longer than the settings say."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from desk.sending import bulk_sender
from tidegate.desk.accounts import forgetting
from tidegate.desk.audit.models import Record
from tidegate.desk.ledger.models import Account, Decision, Tally
from tidegate.desk.review.models import Ruled
from tidegate.engine.rungs import Rung
from tidegate.node.requests import Erasure
from tidegate.node.settings import Retention

pytestmark = pytest.mark.django_db
MALLORY = "@mallory:example.org"
REASON = "asked for by the account holder"
SignedIn = Callable[[str], Any]


@pytest.fixture
def sender(beside: Any) -> Account:
    """An account that has sent in bulk, been decided about, and been ruled on."""
    beside.hear(bulk_sender(MALLORY))
    beside.copy()
    return Account.objects.get()


def mentions(key: int) -> list[str]:
    """Tables, but for the record, in which an account's number occurs."""
    stored = str(key - (1 << 63))
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'select * from "{table}"')
            if table != "audit_record" and any(stored in map(str, row) for row in cursor.fetchall()):
                found.append(table)
    return found


def test_everything_that_is_held_is_handed_out_and_that_is_recorded(
    sender: Account, signed_in: SignedIn
) -> None:
    answer = signed_in("analyst").post(f"/desk/accounts/{sender.pseudonym}/export/")
    held = json.loads(answer.content)
    assert "attachment" in answer["Content-Disposition"]
    assert held["pseudonym"] == sender.pseudonym
    assert [one["id"] for one in held["decisions"]] == list(
        Decision.objects.order_by("-number").values_list("uid", flat=True)
    )
    assert held["node"]["known"] and sum(day["sent"] for day in held["node"]["days"]) == 40
    assert Record.objects.latest("number").did == "account.exported"
    assert "mallory" not in answer.content.decode()


def erase(client: Any, account: Account, typed: str) -> Any:
    path = f"/desk/accounts/{account.pseudonym}/erase/"
    second = client.post(path, {"reason": REASON})
    asked = second.context["confirm"].initial["asked"]
    return client.post(f"{path}confirmed/", {"asked": asked, "typed": typed})


def test_erasing_takes_two_steps_and_leaves_nothing_in_desk_or_node(
    sender: Account, beside: Any, signed_in: SignedIn
) -> None:
    signed_in("reviewer").post(
        f"/desk/accounts/{sender.pseudonym}/rule/",
        {"verdict": "uphold", "note": "it wrote to forty strangers"},
    )
    key, counted = sender.key, sum(Tally.objects.values_list("decided", flat=True))
    administrator = signed_in("administrator")
    assert erase(administrator, sender, "something else").status_code == 422
    assert Account.objects.exists() and beside.link.standing(key).known
    done = erase(administrator, sender, sender.pseudonym)
    assert (done.status_code, done.url) == (302, "/desk/accounts/")
    assert mentions(key) == []
    assert not beside.link.standing(key).known and beside.node.vault.names([key]) == {}
    assert sum(Tally.objects.values_list("decided", flat=True)) == counted, "what was counted stays"
    ruled = Ruled.objects.get()
    assert (ruled.account, ruled.note, ruled.verdict) == (None, "", "uphold")
    kept = Record.objects.latest("number")
    assert (kept.did, kept.about) == ("account.erased", "") and kept.details["why"] == REASON


def test_a_confirmation_of_another_account_or_person_erases_nothing(
    sender: Account, beside: Any, signed_in: SignedIn
) -> None:
    administrator = signed_in("administrator")
    second = administrator.post(f"/desk/accounts/{sender.pseudonym}/erase/", {"reason": REASON})
    asked = second.context["confirm"].initial["asked"]
    other = "0123456789abcdef"
    administrator.post(f"/desk/accounts/{other}/erase/confirmed/", {"asked": asked, "typed": other})
    administrator.post(
        f"/desk/accounts/{sender.pseudonym}/erase/confirmed/",
        {"asked": asked + "x", "typed": sender.pseudonym},
    )
    assert Account.objects.exists() and beside.link.standing(sender.key).known
    assert signed_in("senior").post(f"/desk/accounts/{sender.pseudonym}/erase/").status_code == 403


def test_what_the_node_refuses_leaves_the_desk_as_it_was(sender: Account, signed_in: SignedIn) -> None:
    from tidegate.desk import node_link

    node_link.connect(None)
    assert erase(signed_in("administrator"), sender, sender.pseudonym).status_code == 302
    assert Account.objects.exists() and Decision.objects.exists()
    assert not Record.objects.filter(did="account.erased").exists()


def test_what_is_erased_in_the_node_leaves_the_desk_too(sender: Account, beside: Any) -> None:
    """Also when the desk looks for it only later."""
    key = sender.key
    beside.link.on_erasure(forgetting.note)
    beside.take([Erasure(MALLORY, "somebody at the command line")])
    assert Account.objects.exists(), "the node does not wait for the desk"
    assert forgetting.go_on() == 1
    assert mentions(key) == []
    assert forgetting.go_on() == 0


def test_erasures_and_retention_are_looked_after_while_the_node_is_followed(
    sender: Account, beside: Any, monkeypatch: Any
) -> None:
    from tidegate.desk.following import tenders

    assert forgetting.tend in tenders
    age(400)
    Account.objects.update(rung=int(Rung.ALLOW))
    forgetting.note(0x1234)
    monkeypatch.setattr(forgetting, "_last_s", -forgetting.EVERY_S)
    forgetting.tend()
    assert not Account.objects.exists()
    assert not list(forgetting._folder().iterdir())


def age(days: float) -> None:
    """Let all decisions be so many days older."""
    for one in Decision.objects.all():
        one.time -= timedelta(days=days)
        one.save()


def test_old_decisions_go_and_what_still_stands_stays(sender: Account) -> None:
    keep, now = Retention(decisions_days=365.0, reasons_days=0.0), timezone.now()
    assert forgetting.outlived(now, keep) == {"reasons": 0, "decisions": 0, "accounts": 0}
    age(400)
    last, total = Decision.objects.latest("number"), Decision.objects.count()
    Account.objects.update(rung=int(Rung.BAN), until=None)
    gone = forgetting.outlived(now, keep)
    assert gone == {"reasons": 0, "decisions": total - 1, "accounts": 0}
    assert list(Decision.objects.all()) == [last]
    Account.objects.update(rung=int(Rung.ALLOW))
    assert forgetting.outlived(now, keep) == {"reasons": 0, "decisions": 1, "accounts": 1}
    assert not Account.objects.exists() and Tally.objects.exists()


def test_old_reasons_go_and_that_a_person_decided_stays(sender: Account, monkeypatch: Any) -> None:
    monkeypatch.setattr(forgetting, "AT_ONCE", 2)
    keep, now = Retention(decisions_days=0.0, reasons_days=180.0), timezone.now()
    by_person = [{"name": "ruling", "value": None, "text": "a person decided", "kind": "rule"}]
    first, last = Decision.objects.earliest("number"), Decision.objects.latest("number")
    assert first.reasons and last.reasons and first != last
    first.reasons = [*first.reasons, *by_person]
    first.save()
    age(200)
    Account.objects.update(rung=int(Rung.BAN), until=None)
    for _ in range(Decision.objects.count() + 2):
        forgetting.outlived(now, keep)
    kept = {one.number: one.reasons for one in Decision.objects.all()}
    assert kept.pop(last.number) == last.reasons, "somebody may still appeal against it"
    assert kept.pop(first.number) == by_person
    assert not any(kept.values())
    Account.objects.update(rung=int(Rung.ALLOW))
    assert forgetting.outlived(now, keep)["reasons"] == 0, "looked at again only after a while"
    for _ in range(Decision.objects.count() + 2):
        forgetting.outlived(now + forgetting.ROUND, keep)
    assert Decision.objects.latest("number").reasons == []
