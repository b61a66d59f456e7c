"""What people decide: a rung they name, a label, many accounts at once, by name or by pseudonym."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from test_node import ENFORCE, NOW_S, HandClock, burst, ids, line, one, reopened, settled

from tidegate.engine.rungs import Rung
from tidegate.events.columns import MISSING_FORWARDS, MISSING_INT, EventType, Reason
from tidegate.node.ledger import RulingNoted
from tidegate.node.node import Node
from tidegate.node.requests import Delivery, Done, Erasure, Finding, Request, RequestError, Ruling

HOUR_S = 3_600.0
ABUSIVE, LEGITIMATE = Finding.ABUSIVE, Finding.LEGITIMATE


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def node(tmp_path: Path, clock: HandClock) -> Iterator[Node]:
    opened = Node.open(tmp_path / "node", ENFORCE, clock)
    one(opened, Delivery(line("ann")))
    yield opened
    opened.close()


def where(node: Node, account: str = "ann") -> tuple[Rung, float | None]:
    shown = settled(node).account(account)
    assert shown is not None
    return shown.rung, shown.until_s


def refused(node: Node, request: Request) -> RequestError:
    before = node.journal.end
    answer = one(node, request)
    assert isinstance(answer, RequestError) and node.journal.end == before, "it changed nothing"
    return answer


def test_a_person_names_a_rung_and_for_how_long(node: Node) -> None:
    assert isinstance(one(node, Ruling("ann", ABUSIVE, "m", rung=Rung.LOCK, duration_s=90.5)), Done)
    assert where(node) == (Rung.LOCK, NOW_S + 120.0), "rounded up to whole minutes"
    one(node, Ruling("ann", ABUSIVE, "m", rung=Rung.WARN))
    assert where(node) == (Rung.WARN, NOW_S + 24 * HOUR_S), "as long as the ladder says"
    one(node, Ruling("ann", ABUSIVE, "m", rung=Rung.WARN))
    assert where(node) == (Rung.WARN, NOW_S + 24 * HOUR_S) and len(ids(node, "ann")) == 2, "upheld"
    one(node, Ruling("ann", ABUSIVE, "m", rung=Rung.BAN))
    assert where(node) == (Rung.BAN, None)
    noted = settled(node).ledger.rulings(node.pseudonyms.one("ann"))
    assert [(said.rung, said.until_s) for said in noted] == [
        (Rung.BAN, None),
        (Rung.WARN, None),
        (Rung.WARN, None),
        (Rung.LOCK, NOW_S + 120.0),
    ]


def test_what_people_named_survives_a_restart_without_a_snapshot(node: Node, clock: HandClock) -> None:
    one(node, Ruling("ann", ABUSIVE, "m", rung=Rung.BUDGET, duration_s=HOUR_S))
    before = where(node), ids(node, "ann"), node.replica.engine.digest()
    again = reopened(node, clock)
    try:
        assert (where(again), ids(again, "ann"), again.replica.engine.digest()) == before
        assert before[0] == (Rung.BUDGET, NOW_S + HOUR_S)
    finally:
        again.close()


def test_the_end_that_a_person_set_comes(node: Node, clock: HandClock) -> None:
    one(node, Ruling("ann", ABUSIVE, "m", rung=Rung.LOCK, duration_s=60.0))
    clock.now_s += 61.0
    one(node, Delivery(line("ann", 161)))
    assert where(node) == (Rung.ALLOW, None)


def test_a_label_moves_no_rung_and_is_noted(node: Node) -> None:
    one(node, Ruling("ann", ABUSIVE, "m", "seen", label_only=True))
    assert where(node) == (Rung.ALLOW, None)
    (stretch,) = list(node.journal.read(node.journal.end - 1))
    event = stretch.events[0]
    assert (event["type"], event["reason"]) == (EventType.LABEL, Reason.ABUSIVE)
    assert (event["forwards"], event["members"]) == (MISSING_FORWARDS, MISSING_INT)
    noted = node.ledger.rulings(node.pseudonyms.one("ann"))
    assert noted == [RulingNoted(NOW_S, ABUSIVE, "m", "seen", label_only=True)]
    one(node, Ruling("ann", LEGITIMATE, "m", label_only=True))
    one(node, Delivery(burst("ann", first=100)))
    assert where(node)[0] <= Rung.WARN, "the label protects it"


@pytest.mark.parametrize(
    ("ruling", "words"),
    [
        (Ruling("ann", LEGITIMATE, "m", rung=Rung.WARN), "goes with the finding abusive alone"),
        (Ruling("ann", LEGITIMATE, "m", duration_s=60.0), "goes with the finding abusive alone"),
        (Ruling("ann", ABUSIVE, "m", duration_s=60.0), "a duration needs the rung"),
        (Ruling("ann", ABUSIVE, "m", rung=Rung.ALLOW), "find the account legitimate instead"),
        (Ruling("ann", ABUSIVE, "m", rung=Rung.WARN, duration_s=59.0), "from a minute to 730 days"),
        (Ruling("ann", ABUSIVE, "m", rung=Rung.WARN, duration_s=float("nan")), "from a minute to 730 days"),
        (Ruling("ann", ABUSIVE, "m", rung=Rung.WARN, duration_s=1e9), "from a minute to 730 days"),
        (Ruling("ann", ABUSIVE, "m", rung=Rung.WARN, label_only=True), "a label moves no rung"),
    ],
)
def test_what_does_not_go_together_is_refused_with_words(node: Node, ruling: Ruling, words: str) -> None:
    error = refused(node, ruling)
    assert error.code == "bad_ruling" and words in error.message


# -- by pseudonym ------------------------------------------------------------------------------------------------------


def test_whoever_knows_only_the_pseudonym_rules_and_erases_by_it_and_no_look_up_is_written_down(
    node: Node,
) -> None:
    key = node.pseudonyms.one("ann")
    assert isinstance(one(node, Ruling("", ABUSIVE, "m", key=key, rung=Rung.LOCK)), Done)
    assert where(node)[0] is Rung.LOCK
    (action,) = settled(node).outbox.due(10, NOW_S)
    assert action.account == "ann", "the messenger is told of it by its name"
    assert isinstance(one(node, Ruling("ann", LEGITIMATE, "m", key=key)), Done)
    assert where(node)[0] is Rung.ALLOW
    assert node.vault.accesses() == []
    erased = one(node, Erasure("", "m", key=key))
    assert isinstance(erased, Done) and erased.details["identifiers"] == 1
    assert node.account("ann") is None


def test_a_pseudonym_that_is_nobodys_or_another_accounts_is_refused(node: Node) -> None:
    one(node, Delivery(line("bob")))
    key = node.pseudonyms.one("bob")
    assert "another pseudonym" in refused(node, Ruling("ann", ABUSIVE, "m", key=key)).message
    assert "neither an account nor its pseudonym" in refused(node, Ruling("", ABUSIVE, "m")).message
    assert "no pseudonym" in refused(node, Erasure("", "m", key=0)).message
    unknown = refused(node, Ruling("", ABUSIVE, "m", key=5))
    assert unknown.code == "unknown_account" and "0000000000000005" in unknown.message


# -- many at once ------------------------------------------------------------------------------------------------------


def test_two_hundred_accounts_are_ruled_on_in_one_batch(node: Node) -> None:
    accounts = [f"member-{i}" for i in range(200)]
    one(node, Delivery(b"".join(line(account, i, ip="203.0.113.7") for i, account in enumerate(accounts))))
    batches = node.counts["batches"]
    rulings = [
        Ruling("", ABUSIVE, "m", f"campaign, {i}", key=node.pseudonyms.one(account), rung=Rung.SUSPEND)
        for i, account in enumerate(accounts)
    ]
    answers = node.take([*rulings, Ruling("nobody", ABUSIVE, "m")])
    assert node.counts["batches"] == batches + 1
    assert all(isinstance(answer, Done) for answer in answers[:200])
    assert isinstance(answers[200], RequestError) and answers[200].code == "unknown_account"
    assert {where(node, account)[0] for account in accounts} == {Rung.SUSPEND}
    notes = [node.ledger.rulings(node.pseudonyms.one(account))[0].note for account in accounts]
    assert notes == [f"campaign, {i}" for i in range(200)]
