"""The desk follows the node's ledger: every decision once, in order, by pseudonym alone."""

from typing import Any

import pytest

from desk.sending import bulk_sender
from tidegate.desk.ledger.copying import copy_decisions
from tidegate.desk.ledger.models import Account, Cursor, Decision, Tally

pytestmark = pytest.mark.django_db


def test_what_the_node_decides_is_copied_once_and_in_order(beside: Any) -> None:
    beside.hear(bulk_sender("@mallory:example.org"))
    beside.copy()
    held = beside.link.decisions_after(0, 1_000)
    assert [one.decision.id for one in held] == list(
        Decision.objects.order_by("number").values_list("uid", flat=True)
    )
    assert copy_decisions(beside.link, 1_000) == 0
    account = Account.objects.get()
    assert account.key == beside.key("@mallory:example.org")
    assert account.decisions == len(held) > 1
    assert account.rung == Decision.objects.latest("number").rung > 0
    assert sum(Tally.objects.values_list("decided", flat=True)) == len(held)
    assert Cursor.objects.get().number == held[-1].number


def test_a_piece_that_fails_is_copied_whole_later(beside: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    beside.hear(bulk_sender("@mallory:example.org"))
    assert beside.node.drain(60)
    from tidegate.desk.ledger import copying

    def refuse(_: object) -> None:
        raise ValueError("a listener that fails")

    with monkeypatch.context() as patched:
        patched.setattr(copying, "listeners", [refuse])
        with pytest.raises(ValueError, match="listener"):
            copy_decisions(beside.link, 1_000)
    assert not Decision.objects.exists()
    assert not Account.objects.exists()
    beside.copy()
    assert Decision.objects.count() == len(beside.link.decisions_after(0, 1_000))


def test_no_identifier_reaches_the_desks_database(beside: Any) -> None:
    beside.hear(bulk_sender("@mallory:example.org"))
    beside.copy()
    from django.db import connection

    said = ""
    with connection.cursor() as cursor:
        for table in ("ledger_account", "ledger_decision", "ledger_tally"):
            cursor.execute(f"select * from {table}")
            said += repr(cursor.fetchall())
    assert "mallory" not in said
