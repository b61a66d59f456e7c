"""A node takes what it is given once, keeps it, and comes back as it was."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tidegate.engine.rungs import Rung
from tidegate.node.journal import FILE as JOURNAL
from tidegate.node.node import Node
from tidegate.node.requests import (
    Answer,
    Delivery,
    Done,
    Erasure,
    Finding,
    PolicyChange,
    Proof,
    Receipt,
    Request,
    RequestError,
    Ruling,
    StorageError,
    Tick,
)
from tidegate.node.settings import Enforcement, Mode, NodeSettings, Retention, Snapshots
from tidegate.node.snapshots import snapshots_in

NOW_S = 1_767_225_600.0
ENFORCE = NodeSettings(enforcement=Enforcement(mode=Mode.ENFORCE))


class HandClock:
    """A wall clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = NOW_S

    def __call__(self) -> float:
        return self.now_s


def line(actor: str, number: int = 0, **more: object) -> bytes:
    event = {"time": NOW_S - 100 + number, "type": "message", "actor": actor, "target": f"t{number}"}
    return json.dumps(event | more).encode() + b"\n"


def burst(actor: str, count: int = 60, first: int = 0) -> bytes:
    """First messages to many strangers within a minute: what no rule lets pass."""
    made = [
        line(actor, i, target=f"{actor}-{i}", id=f"{actor}-{i}", size=120)
        for i in range(first, first + count)
    ]
    return line(actor, -1, type="register", target=None, ip="203.0.113.7", device="d1") + b"".join(made)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def node(tmp_path: Path, clock: HandClock) -> Iterator[Node]:
    opened = Node.open(tmp_path / "node", ENFORCE, clock)
    yield opened
    opened.close()


def one(node: Node, request: Request) -> Answer:
    return node.take([request])[0]


def settled(node: Node) -> Node:
    """With every decision in the ledger."""
    assert node.drain(10.0)
    return node


def ids(node: Node, account: str) -> list[str]:
    """Ids of the decisions about an account, latest first."""
    return [decision.id for decision in settled(node).ledger.history(node.pseudonyms.one(account))]


def reopened(
    node: Node, clock: HandClock, *, snapshot: bool = False, settings: NodeSettings = ENFORCE
) -> Node:
    folder = node.folder
    node.close(snapshot=snapshot)
    return Node.open(folder, settings, clock)


def receipts(answers: Sequence[Answer]) -> list[Receipt]:
    return [answer for answer in answers if isinstance(answer, Receipt)]


def test_an_event_with_the_same_id_counts_once_also_after_a_restart(node: Node, clock: HandClock) -> None:
    first = one(node, Delivery(line("ann", id="m1")))
    again = reopened(node, clock)
    second = one(again, Delivery(line("ann", id="m1")))
    assert isinstance(first, Receipt) and isinstance(second, Receipt)
    assert (first.accepted, second.accepted, second.duplicates) == (1, 0, 1)
    assert first.sequence == second.sequence == again.journal.end
    again.close()


def test_a_source_may_send_again_what_was_not_acknowledged(node: Node, clock: HandClock) -> None:
    body = b"".join(line("ann", i) for i in range(5))
    one(node, Delivery(body, "synapse", 1))
    again = reopened(node, clock)
    answer = one(again, Delivery(body + line("ann", 9), "synapse", 1))
    assert isinstance(answer, Receipt)
    assert (answer.accepted, answer.duplicates) == (1, 5)
    again.close()


def test_a_bulk_sender_is_decided_about_and_its_messenger_is_told(node: Node) -> None:
    one(node, Delivery(burst("mallory")))
    settled(node)
    shown = node.account("mallory")
    assert shown is not None
    assert shown.rung >= Rung.BUDGET
    assert shown.decisions[0].reasons
    actions = node.outbox.due(10, NOW_S)
    assert [action.account for action in actions] == ["mallory"]
    assert actions[0].rung == shown.rung
    assert "mallory" not in actions[0].notice


def test_a_check_answers_with_the_standing_of_its_actor(node: Node) -> None:
    one(node, Delivery(burst("mallory")))
    answer = one(node, Delivery(line("mallory", 99), verdict=True))
    assert isinstance(answer, Receipt)
    assert answer.verdict is not None
    assert answer.verdict.rung == answer.verdict.enforced >= Rung.BUDGET


def test_in_shadow_mode_everything_is_decided_and_nothing_is_done(tmp_path: Path, clock: HandClock) -> None:
    shadow = Node.open(tmp_path / "shadow", NodeSettings(), clock)
    answer = shadow.take([Delivery(burst("mallory")), Delivery(line("mallory", 99), verdict=True)])[1]
    assert isinstance(answer, Receipt) and answer.verdict is not None
    assert answer.verdict.rung >= Rung.BUDGET
    assert answer.verdict.enforced is Rung.ALLOW
    assert settled(shadow).outbox.due(10, NOW_S) == []
    shadow.close()


def test_a_node_that_was_killed_comes_back_with_the_same_state_and_decisions(
    node: Node, clock: HandClock
) -> None:
    for name in ("mallory", "oscar"):
        node.take([Delivery(burst(name, 30)), Delivery(burst(name, 30, first=30))])
    one(node, Ruling("mallory", Finding.LEGITIMATE, "ann the analyst"))
    digest, decisions = (
        node.replica.engine.digest(),
        [d.id for d in settled(node).ledger.history(node.pseudonyms.one("mallory"))],
    )
    again = reopened(node, clock)
    assert again.recovered.snapshot == ""
    assert again.replica.engine.digest() == digest
    assert ids(again, "mallory") == decisions
    last = reopened(again, clock, snapshot=True)
    assert last.recovered.snapshot
    assert last.recovered.replayed == 0
    assert last.replica.engine.digest() == digest
    last.close()


def test_decisions_that_never_reached_the_ledger_are_made_again(node: Node, clock: HandClock) -> None:
    one(node, Delivery(burst("mallory")))
    folder = node.folder
    before = ids(node, "mallory")
    node.close(snapshot=False)
    for path in folder.glob("ledger.sqlite*"):
        path.unlink()
    again = Node.open(folder, ENFORCE, clock)
    assert ids(again, "mallory") == before
    again.close()


def test_a_damaged_snapshot_is_named_and_an_older_one_is_used(node: Node, clock: HandClock) -> None:
    one(node, Delivery(burst("mallory")))
    again = reopened(node, clock, snapshot=True)
    one(again, Delivery(burst("oscar")))
    digest = again.replica.engine.digest()
    again.close()
    newest, _ = snapshots_in(again.folder)
    raw = bytearray(newest.read_bytes())
    raw[len(raw) // 2] ^= 1
    newest.write_bytes(raw)
    last = Node.open(again.folder, ENFORCE, clock)
    assert last.recovered.snapshot
    assert last.recovered.snapshot != newest.name
    assert newest.name in last.health()["notes"][0]
    assert last.replica.engine.digest() == digest
    last.close()


def test_a_torn_tail_costs_its_batch_alone_and_is_told(node: Node, clock: HandClock) -> None:
    one(node, Delivery(burst("mallory")))
    kept = node.journal.end
    one(node, Delivery(line("ann", id="torn") * 20 + line("zoe")))
    node.close(snapshot=False)
    db = sqlite3.connect(node.folder / JOURNAL)
    db.execute("update batch set events = substr(events, 1, length(events) / 2) where first = ?", (kept,))
    db.commit()
    db.close()
    again = Node.open(node.folder, ENFORCE, clock)
    assert "are lost" in again.health()["notes"][0]
    answer = one(again, Delivery(line("bob")))
    assert isinstance(answer, Receipt)
    assert answer.sequence == again.replica.sequence == again.journal.end
    again.close()


def test_rungs_end_by_the_clock_and_replay_ends_them_too(node: Node, clock: HandClock) -> None:
    one(node, Delivery(line("mallory")))
    one(node, Ruling("mallory", Finding.ABUSIVE, "an analyst"))
    before = node.account("mallory")
    assert before is not None and before.until_s is not None
    clock.now_s = before.until_s + 1.0
    one(node, Tick())
    after = node.account("mallory")
    assert after is not None
    assert after.rung is Rung.ALLOW
    digest = node.replica.engine.digest()
    again = reopened(node, clock)
    assert again.replica.engine.digest() == digest
    again.close()


def test_a_clock_that_goes_back_ends_nothing_twice_and_refuses_nobody(node: Node, clock: HandClock) -> None:
    one(node, Tick())
    clock.now_s -= 7_200.0
    answer = one(node, Delivery(line("ann")))
    assert isinstance(answer, Receipt)
    assert answer.accepted == 1
    assert any("clock" in note for note in node.health()["notes"])
    clock.now_s += 7_201.0
    one(node, Tick())
    assert not any("clock" in note for note in node.health()["notes"])


def test_an_event_from_too_far_ahead_is_rejected_with_what_would_be_right(node: Node) -> None:
    answer = one(node, Delivery(line("ann", time=NOW_S + 3_600)))
    assert isinstance(answer, Receipt)
    assert (answer.accepted, answer.rejected) == (0, 1)


def test_a_ruling_outranks_the_engine_and_is_undone_by_another(node: Node) -> None:
    one(node, Delivery(line("ann")))
    one(node, Ruling("ann", Finding.ABUSIVE, "an analyst", "seen it myself"))
    shown = node.account("ann")
    assert shown is not None and shown.rung is Rung.SUSPEND
    one(node, Ruling("ann", Finding.LEGITIMATE, "an analyst", "was wrong"))
    shown = node.account("ann")
    assert shown is not None and shown.rung is Rung.ALLOW
    assert [action.rung for action in settled(node).outbox.due(10, NOW_S)] in ([], [Rung.ALLOW])


@pytest.mark.parametrize(
    "request_", [Ruling("nobody", Finding.ABUSIVE, "me"), Proof("nobody"), Erasure("nobody", "me")]
)
def test_nothing_can_be_done_about_an_account_nobody_has_heard_of(node: Node, request_: Request) -> None:
    answer = one(node, request_)
    assert isinstance(answer, RequestError)
    assert answer.code == "unknown_account"
    assert node.account("nobody") is None


def test_a_ruling_may_come_together_with_the_first_that_is_heard_of_an_account(node: Node) -> None:
    answers = node.take(
        [
            Delivery(line("ann")),
            Ruling("ann", Finding.ABUSIVE, "an analyst"),
            Ruling("nobody", Finding.ABUSIVE, "an analyst"),
            Delivery(line("bob")),
            Proof("bob"),
        ]
    )
    assert [type(answer) for answer in answers] == [Receipt, Done, RequestError, Receipt, Done]
    shown = node.account("ann")
    assert shown is not None and shown.rung is Rung.SUSPEND


def test_a_wrong_policy_is_refused_whole_with_every_mistake(node: Node) -> None:
    before = node.policy_text
    answer = one(node, PolicyChange('[policy]\nname = "x"\n[[rule]]\nname = "r"\nwhen = "sent_14 > 3"\n'))
    assert isinstance(answer, RequestError)
    assert len(answer.errors) > 1
    assert node.policy_text == before


def test_a_new_policy_holds_after_a_restart_from_the_journal_alone(node: Node, clock: HandClock) -> None:
    text = 'extends = "default"\nname = "strict"\nversion = "2"\n'
    answer = one(node, PolicyChange(text))
    assert isinstance(answer, Done)
    digest = node.replica.in_force.policy.digest
    again = reopened(node, clock)
    assert again.replica.in_force.policy.digest == digest
    assert again.policy_text == text
    again.close()


def test_a_changed_policy_file_overrules_what_was_put_in_force_before(node: Node, clock: HandClock) -> None:
    one(node, PolicyChange('extends = "default"\nname = "from the API"\nversion = "2"\n'))
    (node.folder / "own.toml").write_text('extends = "default"\nname = "from the file"\nversion = "3"\n')
    again = reopened(node, clock, settings=NodeSettings(policy="own.toml"))
    assert again.replica.in_force.policy.name == "from the file"
    again.close()


def test_an_erased_account_leaves_neither_name_nor_history_nor_events(node: Node, clock: HandClock) -> None:
    node.take([Delivery(burst("mallory")), Delivery(line("ann"))])
    key = node.pseudonyms.one("mallory")
    answer = one(settled(node), Erasure("mallory", "the data protection officer"))
    assert isinstance(answer, Done)
    assert answer.details["identifiers"] == 1
    assert node.account("mallory") is None
    assert node.snapshot_now(60.0)
    again = reopened(node, clock)
    events = [stretch.events for stretch in again.journal.read(again.journal.begin)]
    assert not any((some["actor"] == key).any() or (some["target"] == key).any() for some in events)
    assert again.account("mallory") is None
    assert again.account("ann") is not None
    assert again.recovered.troubles == []
    raw = b"".join(path.read_bytes() for path in again.folder.rglob("*") if path.is_file())
    assert b"mallory" not in raw
    again.close()


def test_two_nodes_never_share_a_folder(node: Node) -> None:
    with pytest.raises(StorageError, match="another node is running"):
        Node.open(node.folder, ENFORCE)


def test_the_folder_tells_no_name_without_its_keys(node: Node) -> None:
    one(node, Delivery(burst("mallory-the-sender")))
    settled(node)
    raw = b"".join(path.read_bytes() for path in node.folder.rglob("*") if path.is_file())
    assert b"mallory-the-sender" not in raw


def test_the_snapshot_process_rehearses_recovery_while_the_node_runs(
    tmp_path: Path, clock: HandClock
) -> None:
    settings = NodeSettings(snapshots=Snapshots(every_events=50), enforcement=Enforcement(mode=Mode.ENFORCE))
    node = Node.open(tmp_path / "node", settings, clock)
    one(node, Delivery(burst("mallory")))
    settled(node)
    assert node.snapshot_now(60.0)
    one(node, Delivery(line("ann")))
    digest = node.replica.engine.digest()
    again = reopened(node, clock, settings=settings)
    assert (bool(again.recovered.snapshot), again.recovered.replayed) == (True, 1)
    assert again.replica.engine.digest() == digest
    again.close()


def test_accounts_that_idle_are_forgotten_and_known_again_by_name(tmp_path: Path, clock: HandClock) -> None:
    node = Node.open(tmp_path / "node", NodeSettings(retention=Retention(idle_days=1.0)), clock)
    one(node, Delivery(line("ann", time=NOW_S - 90 * 86_400)))
    for i in range(200):
        one(node, Delivery(b"".join(line(f"a{i}-{j}", target=f"b{i}-{j}") for j in range(64))))
    assert not node.replica.engine.knows(node.pseudonyms.one("ann"))
    one(node, Delivery(burst("ann")))
    shown = node.account("ann")
    assert shown is not None and shown.known
    node.close()


def test_whoever_writes_again_after_an_erasure_is_a_new_account_with_a_name(node: Node) -> None:
    one(node, Delivery(burst("mallory")))
    answers = settled(node).take(
        [Erasure("mallory", "the officer"), Delivery(line("mallory", 7, id="again"))]
    )
    assert [type(answer) for answer in answers] == [Done, Receipt]
    one(node, Ruling("mallory", Finding.ABUSIVE, "an analyst"))
    shown = node.account("mallory")
    assert shown is not None and shown.known
    assert [action.account for action in settled(node).outbox.due(10, NOW_S)] == ["mallory"]


def test_a_ledger_that_knows_more_than_the_journal_is_refused(node: Node, clock: HandClock) -> None:
    one(node, Delivery(burst("mallory")))
    settled(node)
    folder = node.folder
    node.close(snapshot=False)
    for path in folder.glob("journal.sqlite*"):
        path.unlink()
    with pytest.raises(StorageError, match="do not belong together"):
        Node.open(folder, ENFORCE, clock)
