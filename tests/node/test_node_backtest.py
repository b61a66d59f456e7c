"""A policy is tried on what a node has in its journal: who would be acted on who is not today, and the reverse."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from policy_texts import DAY_S, FIRM, LAX, MIDNIGHT_S, NOW_S, first_day, policy_text, second_day

from tidegate.engine.policy import PolicyErrors
from tidegate.node.backtest import Backtest
from tidegate.node.backtester import backtested
from tidegate.node.compared import Compared, Differing, Failed, Progress
from tidegate.node.node import Node
from tidegate.node.replaying import candidate_of
from tidegate.node.requests import Delivery, PolicyChange
from tidegate.node.settings import SETTINGS_FILE, read_settings
from tidegate.statements.statement import pseudonym_shown

STARTS_WITHIN_S = 60.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "node"
    folder.mkdir(mode=0o700)
    (folder / "live.toml").write_text(LAX)
    (folder / SETTINGS_FILE).write_text('policy = "live.toml"\nmodel = false\n[campaigns]\nenabled = false\n')
    return folder


@pytest.fixture
def node(folder: Path) -> Iterator[Node]:
    opened = Node.open(folder, read_settings(folder / SETTINGS_FILE), lambda: NOW_S)
    opened.take([Delivery(first_day()), Delivery(second_day())])
    yield opened
    opened.close()


def compared(folder: Path, text: str) -> Compared:
    told = list(backtested(folder, candidate_of(text)))
    assert isinstance(told[-1], Compared) and all(isinstance(one, Progress) for one in told[:-1])
    return told[-1]


def names(node: Node, differing: Differing) -> list[str]:
    known = {
        pseudonym_shown(node.pseudonyms.one(name)): name
        for name in "flood silent organiser friendly quiet".split()
    }
    return [known[one.pseudonym] for one in differing.listed]


def test_who_would_be_acted_on_is_listed_with_honest_looking_accounts_first(node: Node) -> None:
    found = compared(node.folder, FIRM)
    assert names(node, found.newly) == ["organiser", "friendly", "silent"]
    assert found.newly.total == 3 and found.newly.per_rung == {"challenge": 3}
    looks = [one.honesty for one in found.newly.listed]
    assert looks == sorted(looks, reverse=True) and 0.0 <= looks[-1] < looks[0] <= 1.0
    first = found.newly.listed[0]
    assert (first.now, first.then) == ("allow", "challenge")
    assert "strangers in about an hour" in first.reasons[0]
    assert first.time is not None and MIDNIGHT_S + DAY_S < first.time < NOW_S
    assert found.no_longer.total == 0 and found.milder == 1 and found.stronger == 0


def test_the_reverse_is_who_would_be_let_go(node: Node) -> None:
    found = compared(node.folder, policy_text("laxest", 1_000))
    assert names(node, found.no_longer) == ["flood"]
    assert (found.no_longer.listed[0].now, found.no_longer.listed[0].then) == ("lock", "allow")
    assert "strangers" in found.no_longer.listed[0].reasons[0]
    assert found.newly.total == 0


def test_decisions_are_counted_for_each_day_on_both_sides(node: Node) -> None:
    found = compared(node.folder, FIRM)
    assert found.first_day == MIDNIGHT_S // DAY_S
    assert found.in_force.per_day["lock"] == [1, 0] and found.candidate.per_day["lock"] == [0, 0]
    assert found.candidate.per_day["challenge"] == [1, 3]
    assert found.in_force.policy.startswith("lax 1 (") and found.candidate.policy.startswith("firm 1 (")
    assert found.events == node.journal.end == found.through
    assert found.first_s == MIDNIGHT_S + 3600 and found.last_s is not None and found.last_s < NOW_S


@pytest.mark.parametrize("snapshot", [False, True])
def test_it_compares_with_the_policy_as_it_stands_now(node: Node, snapshot: bool) -> None:
    node.take([PolicyChange(FIRM)])
    if snapshot:
        assert node.drain(10.0)
        node.write_snapshot()
    found = compared(node.folder, LAX)
    assert found.in_force.policy.startswith("firm 1 (")
    assert set(names(node, found.no_longer)) == {"organiser", "friendly", "silent"}
    assert found.no_longer.total == 3 and found.newly.total == 0 and found.stronger == 1


def test_a_policy_against_itself_changes_nobody(node: Node) -> None:
    found = compared(node.folder, LAX)
    assert found.in_force == found.candidate
    assert found.newly.total == found.no_longer.total == found.stronger == found.milder == 0


def test_an_empty_journal_gives_an_empty_result(folder: Path) -> None:
    Node.open(folder, read_settings(folder / SETTINGS_FILE), lambda: NOW_S).close()
    found = compared(folder, FIRM)
    assert found.candidate.accounts == 0 and found.first_s is None


def test_a_process_of_its_own_gives_the_same_result_while_the_node_runs(node: Node) -> None:
    backtest = Backtest(node.folder, FIRM)
    assert isinstance(backtest.poll(), Progress) and not backtest.over
    backtest.start()
    told = backtest.wait(STARTS_WITHIN_S)
    assert isinstance(told, Compared), told
    here = compared(node.folder, FIRM)
    assert (told.newly, told.no_longer, told.candidate) == (here.newly, here.no_longer, here.candidate)
    with pytest.raises(RuntimeError, match="already"):
        backtest.start()


def test_it_can_be_stopped_and_says_so(node: Node) -> None:
    backtest = Backtest(node.folder, FIRM)
    backtest.start()
    backtest.stop()
    told = backtest.poll()
    assert told == Failed("it was stopped") and backtest.over
    backtest.stop()  # a second time does nothing


def test_a_mistake_in_the_policy_is_told_before_anything_starts(folder: Path) -> None:
    with pytest.raises(PolicyErrors, match="the candidate policy:"):
        Backtest(folder, policy_text("wrong", "many"))


def test_a_folder_that_cannot_be_read_is_told_in_words(tmp_path: Path) -> None:
    backtest = Backtest(tmp_path / "nowhere", FIRM)
    backtest.start()
    told = backtest.wait(STARTS_WITHIN_S)
    assert isinstance(told, Failed) and "nowhere" in told.words
