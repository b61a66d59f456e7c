"""A node that is killed at any instant has lost nothing and done nothing twice."""

import json
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from tidegate.cli.bench.kill_plan import KINDS, plans
from tidegate.cli.bench.kill_proof import Broken
from tidegate.cli.bench.kills import KillTest, kill_test
from tidegate.events.columns import EventType
from tidegate.node.database import opened
from tidegate.node.journal import Journal
from tidegate.node.node import Node
from tidegate.node.requests import Delivery, Done, Erasure, Receipt, RequestError, Tick
from tidegate.node.settings import Enforcement, Mode, NodeSettings

NOW_S = 1_767_225_600.0
ENFORCE = NodeSettings(enforcement=Enforcement(mode=Mode.ENFORCE))
KILLS, SEED = 5, 7


def opened_node(folder: Path) -> Node:
    return Node.open(folder, ENFORCE, lambda: NOW_S)


def line(actor: str, number: int, target: str = "bob") -> bytes:
    event = {"time": NOW_S - 100 + number, "type": "message", "actor": actor, "target": target}
    return json.dumps(event).encode() + b"\n"


def of_account(folder: Path, key: int) -> list[int]:
    """Numbers of the events in the journal that name a pseudonym."""
    journal = Journal(folder, read_only=True)
    found = np.concatenate([stretch.events for stretch in journal.read(0)])
    journal.close()
    return np.flatnonzero((found["actor"] == key) | (found["target"] == key)).tolist()


def test_killed_again_and_again_under_load_it_loses_and_doubles_nothing(tmp_path: Path) -> None:
    report = kill_test(KILLS, SEED, tmp_path)
    assert report.kills == KILLS
    assert report.events_acknowledged <= report.events_in_journal
    assert report.lines_sent_again > 0
    assert report.duplicates_refused > 0
    assert min(report.decisions, report.actions, report.changes, report.erasures, report.rulings) > 0


def test_the_same_seed_kills_the_same_processes_in_the_same_ways() -> None:
    assert list(islice(plans(5), 50)) == list(islice(plans(5), 50))
    assert list(islice(plans(5), 50)) != list(islice(plans(6), 50))
    assert {plan.kind for plan in islice(plans(5), 500)} == set(KINDS)


def test_the_kill_test_notices_one_event_less(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What proves the node must itself be able to fail: a batch is taken out of the journal behind the node's back."""
    stop = KillTest._stop

    def stop_and_lose(self: KillTest, pid: int) -> None:
        stop(self, pid)
        journal = self._node / "journal.sqlite"
        if self.report.kills == 1 and journal.exists():
            db = opened(journal, "")
            db.execute("delete from batch where first = (select max(first) from batch where count > 1)")
            db.close()

    monkeypatch.setattr(KillTest, "_stop", stop_and_lose)
    with pytest.raises(Broken):
        kill_test(1, SEED, tmp_path)


# -- what it has found: each was a fault once ----------------------------------------------------------------------------


def test_what_was_acknowledged_may_be_sent_again_whole_as_often_as_anybody_likes(tmp_path: Path) -> None:
    node = opened_node(tmp_path)
    body = Delivery(line("ann", 0) + line("ann", 1), "synapse", 1)
    answers = [node.take([body])[0] for _ in range(4)]
    assert [answer.duplicates for answer in answers if isinstance(answer, Receipt)] == [0, 2, 2, 2]
    node.close(snapshot=False)
    again = opened_node(tmp_path)
    answer = again.take([Delivery(line("ann", 2), "synapse", 3)])[0]
    assert isinstance(answer, Receipt) and answer.accepted == 1
    again.close()


def test_an_account_that_comes_back_after_its_erasure_keeps_its_new_events(tmp_path: Path) -> None:
    node = opened_node(tmp_path)
    key = node.pseudonyms.one("ann")
    for request in (Delivery(line("ann", 0) + line("bob", 1, "ann")), Erasure("ann", "me")):
        node.take([request])
    node.take([Delivery(line("ann", 2))])
    back = node.journal.end - 1
    digest = node.replica.engine.digest()
    assert node.snapshot_now(60.0)
    assert of_account(tmp_path, key) == [back]
    node.close(snapshot=False)
    again = opened_node(tmp_path)
    assert again.replica.engine.digest() == digest
    assert again.account("ann") is not None
    again.close()


def test_an_erasure_is_carried_out_also_when_the_node_was_stopped_before(tmp_path: Path) -> None:
    node = opened_node(tmp_path)
    key = node.pseudonyms.one("ann")
    node.take([Delivery(line("ann", 0))])
    assert isinstance(node.take([Erasure("ann", "me")])[0], Done)
    node.close(snapshot=True)
    assert of_account(tmp_path, key) != []
    again = opened_node(tmp_path)
    assert again.snapshot_now(60.0)
    assert of_account(tmp_path, key) == []
    again.close()


def test_an_erasure_that_was_interrupted_is_completed_by_the_next_start(tmp_path: Path) -> None:
    node = opened_node(tmp_path)
    node.take([Delivery(line("ann", 0))])
    event = np.zeros(1, next(iter(node.journal.read(0))).events.dtype)
    event["time"], event["type"], event["actor"] = NOW_S, int(EventType.ERASURE), node.pseudonyms.one("ann")
    node.journal.append(event, NOW_S)  # all that a killed node had come to
    node.close(snapshot=False)
    again = opened_node(tmp_path)
    assert again.journal.erasures()[0].settled
    answer = again.take([Erasure("ann", "me")])[0]
    assert isinstance(answer, RequestError) and answer.code == "unknown_account"
    again.close()


def test_what_killed_snapshot_processes_left_behind_goes_with_the_next_start(tmp_path: Path) -> None:
    opened_node(tmp_path).close()
    half = tmp_path / "snapshots" / ".0000000000000009.snapshot.4711.part"
    half.write_bytes(b"half of a snapshot")
    node = opened_node(tmp_path)
    assert not half.exists()
    node.take([Tick()])
    node.close()
