"""A policy runs in the shadow of the live one: what it would decide is counted, and nothing else comes of it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from policy_texts import (
    FIRM,
    LAX,
    MIDNIGHT_S,
    NOW_S,
    first_day,
    lines,
    policy_text,
    second_day,
    sender,
)

from tidegate.engine.policy import PolicyErrors
from tidegate.engine.rungs import Rung
from tidegate.node.compared import ShadowShown
from tidegate.node.node import Node
from tidegate.node.requests import Delivery, Erasure, PolicyChange, Tick
from tidegate.node.settings import SETTINGS_FILE, read_settings
from tidegate.node.shadow import Shadow
from tidegate.node.shadower import POLICY_FILE, RESULT_FILE, Shadowing, result_in
from tidegate.statements.statement import pseudonym_shown

STARTS_WITHIN_S = 60.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "node"
    folder.mkdir(mode=0o700)
    (folder / "live.toml").write_text(LAX)
    (folder / SETTINGS_FILE).write_text('policy = "live.toml"\nmodel = false\n[campaigns]\nenabled = false\n')
    return folder


def opened(folder: Path) -> Node:
    return Node.open(folder, read_settings(folder / SETTINGS_FILE), lambda: NOW_S)


@pytest.fixture
def node(folder: Path) -> Iterator[Node]:
    node = opened(folder)
    yield node
    node.close()


def read_on(shadowing: Shadowing) -> ShadowShown:
    """To the journal's end, and what was found there."""
    while not shadowing.step():
        pass
    shadowing.write()
    found = result_in(shadowing._path.parent)
    assert found is not None
    return found


def until(holds: Callable[[], bool]) -> None:
    end_s = time.monotonic() + STARTS_WITHIN_S
    while not holds():
        assert time.monotonic() < end_s, "it did not come about"
        time.sleep(0.1)


def listed(node: Node, found: ShadowShown) -> list[str]:
    known = {
        pseudonym_shown(node.pseudonyms.one(name)): name
        for name in "flood silent organiser friendly late".split()
    }
    return [known[one.pseudonym] for one in found.compared.newly.listed]


def test_it_counts_what_both_policies_decide_and_who_stands_elsewhere(node: Node) -> None:
    shadowing = Shadowing(node.folder, FIRM)
    node.take([Delivery(first_day())])
    found = read_on(shadowing)
    assert found.compared.newly.total == 0 and found.compared.no_longer.total == 1
    assert (found.compared.no_longer.listed[0].now, found.compared.no_longer.listed[0].then) == (
        "lock",
        "challenge",
    )
    node.take([Delivery(second_day())])
    found = read_on(shadowing)
    assert listed(node, found) == ["organiser", "friendly", "silent"]
    assert found.compared.in_force.per_day["lock"] == [1, 0]
    assert found.compared.candidate.per_day["challenge"] == [1, 3]
    assert found.behind == 0 and found.compared.through == node.journal.end
    assert found.since_s == found.differing_since_s == MIDNIGHT_S + 3600


def test_the_live_side_is_the_node_itself_also_when_its_policy_changes(node: Node) -> None:
    shadowing = Shadowing(node.folder, policy_text("laxest", 1_000))
    node.take([Delivery(first_day()), PolicyChange(FIRM), Delivery(second_day())])
    found = read_on(shadowing).compared
    assert node.drain(10.0)
    for name in ("flood", "silent", "organiser", "friendly", "quiet"):
        key = node.pseudonyms.one(name)
        shown = {one.pseudonym: one.now for one in found.no_longer.listed}
        assert shown.get(pseudonym_shown(key), "allow") == node.standing(key).rung.word
    assert found.in_force.policy.startswith("firm 1 (") and found.candidate.accounts == 0


def test_it_begins_where_the_newest_snapshot_ends_with_all_that_the_node_remembers(node: Node) -> None:
    node.take([Delivery(lines(sender("late", 15, MIDNIGHT_S + 60)))])
    assert node.drain(10.0)
    node.write_snapshot()
    shadowing = Shadowing(node.folder, FIRM)
    node.take(
        [Delivery(lines([(at, who, f"{to}b") for at, who, to in sender("late", 10, MIDNIGHT_S + 300)]))]
    )
    found = read_on(shadowing)
    assert listed(node, found) == ["late"], "15 strangers before the snapshot and 10 after it"
    assert found.compared.events == 10


def test_counts_go_on_where_they_stopped(node: Node) -> None:
    node.take([Delivery(first_day())])
    before = read_on(Shadowing(node.folder, FIRM))
    node.take([Delivery(second_day())])
    found = read_on(Shadowing(node.folder, FIRM))
    whole = found.compared
    assert whole.candidate.per_day["challenge"] == [1, 3], "nothing is counted twice"
    assert whole.events == node.journal.end and found.since_s == before.since_s
    other = read_on(Shadowing(node.folder, policy_text("other", 25, "challenge")))
    assert other.compared.candidate.per_day["challenge"] == [1, 3] and other.compared.events == whole.events


def test_who_is_erased_is_in_no_result(node: Node) -> None:
    shadowing = Shadowing(node.folder, FIRM)
    node.take([Delivery(second_day())])
    assert "silent" in listed(node, read_on(shadowing))
    erased = pseudonym_shown(node.pseudonyms.one("silent"))
    node.take([Erasure("silent", by="ann")])
    found = read_on(shadowing)
    assert listed(node, found) == ["organiser", "friendly"] and found.compared.newly.total == 2
    assert erased not in (node.folder / RESULT_FILE).read_text()


def test_nobody_is_acted_on_by_a_shadow_policy(node: Node) -> None:
    node.shadow.start(FIRM)
    node.take([Tick(), Delivery(second_day())])
    until(lambda: (found := node.shadow.result()) is not None and found.compared.newly.total == 3)
    assert node.drain(10.0)
    assert node.standing(node.pseudonyms.one("silent")).rung is Rung.ALLOW
    assert node.outbox.due(10, NOW_S) == []


def test_it_goes_on_after_a_restart_of_the_node_until_it_is_stopped(folder: Path) -> None:
    node = opened(folder)
    node.shadow.start(FIRM)
    node.take([Tick()])
    assert node.shadow.words == "running"
    node.close()
    assert node.shadow.pid is None
    again = opened(folder)
    try:
        assert again.shadow.text == FIRM
        again.take([Tick(), Delivery(second_day())])
        until(lambda: (found := again.shadow.result()) is not None and found.compared.newly.total == 3)
        again.shadow.stop()
        again.take([Tick()])
        assert again.shadow.words == "no policy is shadowed" and again.shadow.result() is None
        assert not (folder / POLICY_FILE).exists() and not (folder / RESULT_FILE).exists()
    finally:
        again.close()


def test_another_candidate_takes_its_place(node: Node) -> None:
    node.shadow.start(FIRM)
    node.take([Tick(), Delivery(second_day())])
    until(lambda: node.shadow.result() is not None)
    node.shadow.start(policy_text("other", 29, "warn"))
    assert node.shadow.result() is None
    node.take([Tick()])
    until(
        lambda: (
            (found := node.shadow.result()) is not None
            and found.compared.candidate.policy.startswith("other")
        )
    )


def test_a_mistake_leaves_everything_as_it_was(node: Node) -> None:
    node.shadow.start(FIRM)
    with pytest.raises(PolicyErrors):
        node.shadow.start(policy_text("wrong", "many"))
    assert node.shadow.text == FIRM


def test_a_process_that_fails_is_told_of_and_started_again_later(node: Node) -> None:
    (node.folder / POLICY_FILE).write_text("this is no policy")
    shadow = Shadow(node.folder)
    shadow.tend(0.0)
    until(lambda: shadow.pid is None)
    shadow.tend(1.0)
    assert "begins again in 5 s" in shadow.trouble and "the candidate policy" in shadow.trouble
    assert shadow.pid is None, "not at once"
    (node.folder / POLICY_FILE).write_text(FIRM)
    shadow.tend(7.0)
    until(lambda: shadow.result() is not None)
    assert shadow.words == "running"
    shadow.close()


def test_the_process_ends_with_its_node_however_that_ends(folder: Path) -> None:
    opened(folder).close()
    (folder / POLICY_FILE).write_text(FIRM)
    starts = (
        "import sys, time; from pathlib import Path; from tidegate.node.shadow import Shadow; "
        "shadow = Shadow(Path(sys.argv[1])); shadow.tend(); print(shadow.pid, flush=True); time.sleep(600)"
    )
    node = subprocess.Popen([sys.executable, "-c", starts, str(folder)], stdout=subprocess.PIPE, text=True)
    assert node.stdout is not None
    with node.stdout as said:
        pid = int(said.readline())
        until(lambda: (folder / RESULT_FILE).exists())
        os.kill(pid, 0)  # it is there
        node.send_signal(signal.SIGKILL)
        node.wait()
    until(
        lambda: (
            not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().split(")")[1]
        )
    )
