"""What the node did and the desk could not write down is completed from the node's own notes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from desk.sending import bulk_sender
from tidegate.desk.accounts.refusals import in_words
from tidegate.desk.audit.head_file import head_file
from tidegate.desk.audit.models import Record
from tidegate.desk.audit.verifying import verify_stretch
from tidegate.desk.ledger.models import Account
from tidegate.desk.review import finishing
from tidegate.desk.review.models import Case, Ruled, Sample
from tidegate.desk.review.ruling import rule, rule_many
from tidegate.desk.review.undoing import undo
from tidegate.engine.rungs import Rung
from tidegate.node.requests import Finding, RequestError, Ruling, StorageError

pytestmark = pytest.mark.django_db
MALLORY, TRUDY = "@mallory:example.org", "@trudy:example.org"


@pytest.fixture
def sender(beside: Any, monkeypatch: pytest.MonkeyPatch) -> Account:
    """A bulk sender that the node has acted on; notes are looked at without waiting."""
    monkeypatch.setattr(finishing, "GRACE_S", 0.0)
    head_file().unlink(missing_ok=True)  # another test's
    beside.hear(bulk_sender(MALLORY))
    beside.copy()
    found: Account = Account.objects.get()
    Case.objects.update(kind="risk", blind=False)
    return found


@contextmanager
def lost_at_the_commit() -> Iterator[None]:
    """What is done inside reaches the node, and then the desk's database fails."""
    with pytest.raises(DatabaseError, match="disk"), transaction.atomic():
        yield
        raise DatabaseError("disk full")


def test_a_ruling_lost_at_the_commit_is_written_down_once(beside: Any, sender: Account, people: Any) -> None:
    Sample.objects.all().delete()
    with lost_at_the_commit():
        rule(people["reviewer"], sender, "overturn", note="friends of friends", case=Case.objects.get())
    assert beside.link.standing(sender.key).rung is Rung.ALLOW
    assert not Ruled.objects.exists() and not Record.objects.filter(about=sender.pseudonym).exists()
    assert finishing.finish(beside.link) == 1
    made = Ruled.objects.get()
    assert (made.person, made.verdict, made.finding) == (people["reviewer"], "overturn", "legitimate")
    assert (made.rung_before, made.rung_after, made.note) == (sender.rung, Rung.ALLOW, "friends of friends")
    assert Case.objects.get().state == "decided" and made.case == Case.objects.get()
    said = Record.objects.get(did="ruling.completed")
    assert said.about == sender.pseudonym and said.details["by"] == str(people["reviewer"])
    assert verify_stretch(0, 1_000).intact
    assert finishing.finish(beside.link) == 0 and Ruled.objects.count() == 1


def test_what_was_written_down_is_left_alone_and_so_is_what_others_asked_for(
    beside: Any, sender: Account, people: Any
) -> None:
    made = rule(people["senior"], sender, "uphold", note="clearly a list")
    beside.link.carry_out(Ruling(MALLORY, Finding.ABUSIVE, "a command", rung=Rung.LOCK))
    assert finishing.finish(beside.link) == 0
    assert list(Ruled.objects.all()) == [made]


def test_a_ruling_that_is_just_being_written_down_is_waited_for(
    beside: Any, sender: Account, people: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(finishing, "GRACE_S", 180.0)
        with lost_at_the_commit():
            rule(people["reviewer"], sender, "change", note="milder", rung=Rung.WARN, duration_s=3_600.0)
        assert finishing.finish(beside.link) == 0
    assert finishing.finish(beside.link) == 1
    made = Ruled.objects.get()
    assert (made.verdict, made.rung_after) == ("change", Rung.WARN) and made.until is not None


def test_a_lost_group_and_a_lost_undo_are_written_down_too(beside: Any, sender: Account, people: Any) -> None:
    beside.hear(bulk_sender(TRUDY))
    beside.copy()
    Case.objects.update(kind="risk", blind=False)
    with lost_at_the_commit():
        rule_many(people["senior"], list(Account.objects.all()), "change", note="a ring", rung=Rung.SUSPEND)
    assert finishing.finish(beside.link) == 2
    assert set(Ruled.objects.values_list("rung_after", flat=True)) == {int(Rung.SUSPEND)}
    sender.refresh_from_db()
    first = rule(people["reviewer"], sender, "overturn", note="the wrong button")
    with lost_at_the_commit():
        undo(people["reviewer"], first.pk)
    first.refresh_from_db()
    assert first.undone is None
    assert finishing.finish(beside.link) == 1
    first.refresh_from_db()
    assert first.undone is not None and Ruled.objects.get(undoes=first).person == people["reviewer"]


def test_a_case_that_opened_since_stays_open(beside: Any, sender: Account, people: Any) -> None:
    with lost_at_the_commit():
        rule(people["reviewer"], sender, "overturn", note="friends of friends")
    later = beside.link.rulings_after(0, 10)[-1].said.time_s + 60.0
    Case.objects.update(opened=finishing.moment(later))
    assert finishing.finish(beside.link) == 1
    assert Case.objects.get().state == "open" and Ruled.objects.get().case is None


def test_one_ruling_of_a_group_that_cannot_be_carried_out_keeps_back_all(
    beside: Any, sender: Account
) -> None:
    before = beside.link.standing(sender.key), beside.node.journal.end
    good = Ruling("", Finding.LEGITIMATE, "somebody", key=sender.key)
    bad = Ruling("", Finding.ABUSIVE, "somebody", key=sender.key, rung=Rung.LOCK, duration_s=1.0)
    with pytest.raises(RequestError, match="out of range"):
        beside.link.carry_out_all([good, bad])
    assert (beside.link.standing(sender.key), beside.node.journal.end) == before


def test_a_ruling_that_the_node_could_not_note_is_noted_later(
    beside: Any, sender: Account, people: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StorageError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(beside.node.ledger, "note_rulings", full)
        with pytest.raises(RequestError) as refused:
            rule(people["reviewer"], sender, "overturn", note="friends of friends")
        assert "in force" in in_words(refused.value) and "Nothing was changed" not in in_words(refused.value)
    beside.hear("")
    assert finishing.finish(beside.link) == 1
    assert Ruled.objects.get().note == "friends of friends"
