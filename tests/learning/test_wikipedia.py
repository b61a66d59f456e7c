"""The strict protocol looks at nothing that comes after the edit at which an account is judged."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_streams import edit, ticker_line, write_ticker, write_umd

from tidegate.engine.engine import Engine
from tidegate.engine.policy import load_policy, shipped_policy_text
from tidegate.engine.rows import SCORE
from tidegate.learning.early_edits import (
    FEATURE_SETS,
    engine_rows_at,
    feature_blocks,
    first_edits,
    page_history,
)
from tidegate.learning.measures import measures
from tidegate.learning.streams import ABUSIVE, Stream, load_umdwikipedia
from tidegate.learning.wikipedia import (
    MARK,
    TEST_UNTIL_S,
    Settings,
    evaluate_stream,
    evaluate_wikiticker,
    split_by_time,
    strict_stream,
)

TINY = Settings(edits=(3,), most_trees=12, seeds=(7,), resamples=20)
OWN_BLOCKS = {name for line in FEATURE_SETS if not line.other_accounts for name in line.blocks}


def invented(folder: Path, accounts: int, seed: int = 5) -> Stream:
    """Vandals hurry from article to article, the others take their time and begin with their own page."""
    random = np.random.default_rng(seed)
    users, files, revision = [], {"benign_2013_1": "", "vandal_2013_1": ""}, 0
    for number in range(accounts):
        vandal = bool(random.random() < 0.5)
        name = f"User{number}"
        time = np.datetime64("2013-01-02T00:00:00") + int(random.integers(0, 450 * 86_400))
        for i in range(int(random.integers(2, 9))):
            page = f"User:{name}" if i == 0 and not vandal else f"Page {random.integers(0, 40)}"
            lines = edit(name, revision := revision + 1, f"{time}Z", page)
            files["vandal_2013_1" if vandal else "benign_2013_1"] += lines
            time += int(random.exponential(60 if vandal else 3600)) + 1
        users.append(
            f"{name}\t{number}\t{f'{time}Z' if vandal else '-'}\t-\t{'vandal' if vandal else 'benign'}\n"
        )
    return load_umdwikipedia(write_umd(folder, "".join(users), **files))


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Stream:
    return invented(tmp_path_factory.mktemp("wiki") / "umd", 400)


def same(a: dict[str, Any], b: dict[str, Any], rows_a: Any, rows_b: Any, names: set[str]) -> None:
    for name in sorted(names):
        assert np.array_equal(a[name][rows_a], b[name][rows_b], equal_nan=True), name


def judged_account(stream: Stream, k: int) -> Any:
    return stream.edits["account"][first_edits(stream, k)[:, -1]]


def test_what_happens_after_the_kth_edit_changes_no_feature(stream: Stream) -> None:
    places = first_edits(stream, 3)
    whole = feature_blocks(stream, (3,))[3]
    for chosen in (10, len(places) // 2, len(places) - 1):
        until = np.arange(len(stream.events)) <= places[chosen, -1]
        cut = feature_blocks(stream.where(until), (3,))[3]
        same(whole, cut, slice(0, chosen + 1), slice(None), set(whole))


def test_an_accounts_later_edits_change_none_of_its_own_features(stream: Stream) -> None:
    kept = np.zeros(len(stream.events), bool)
    kept[first_edits(stream, 3).ravel()] = True
    whole, cut = feature_blocks(stream, (3,))[3], feature_blocks(stream.where(kept), (3,))[3]
    same(whole, cut, slice(None), slice(None), OWN_BLOCKS)


def test_lines_without_others_edits_do_not_depend_on_other_accounts(stream: Stream) -> None:
    whole = feature_blocks(stream, (3,))[3]
    for row in (0, 50):
        account = judged_account(stream, 3)[row]
        # The engine counts from the beginning of the log, so that has to stay where it was.
        alone = stream.where((stream.edits["account"] == account) | (np.arange(len(stream.events)) == 0))
        kept = np.flatnonzero(judged_account(alone, 3) == account)
        same(whole, feature_blocks(alone, (3,))[3], [row], kept, OWN_BLOCKS)


def test_labels_blocks_and_names_of_accounts_are_no_features(stream: Stream) -> None:
    blind = dataclasses.replace(
        stream, labels=-stream.labels, blocked_s=stream.blocked_s + 9e6, accounts=stream.accounts[::-1]
    )
    same(
        feature_blocks(stream, (3,))[3], feature_blocks(blind, (3,))[3], slice(None), slice(None), OWN_BLOCKS
    )


def test_a_feature_block_without_page_kind_does_not_know_the_namespace(stream: Stream) -> None:
    renamed = stream.edits.copy()
    renamed["kind"], renamed["own"] = 0, False
    blind = dataclasses.replace(stream, edits=renamed)
    a, b = feature_blocks(stream, (3,))[3], feature_blocks(blind, (3,))[3]
    without = {name for line in FEATURE_SETS if not line.page_kind for name in line.blocks}
    same(a, b, slice(None), slice(None), without)
    assert not np.array_equal(a["kind"], b["kind"])


def test_a_row_asked_for_is_the_row_the_engine_judges_by(stream: Stream) -> None:
    engine = Engine(load_policy(shipped_policy_text(), "default.toml"))
    rows, judged = engine.rows(stream.events[:2000])
    asked = engine_rows_at(stream.events[:2000], judged["event"])
    assert len(rows) > 100
    assert np.array_equal(asked, rows[:, :SCORE], equal_nan=True)


def test_the_history_of_a_page_is_what_others_did_before(tmp_path: Path) -> None:
    said = ["Ada Leaf", "Ada Leaf", "Bob Leaf", "Bob Oak", "Bob Leaf", "Ada Leaf"]
    lines = "".join(
        edit(s.split()[0], i, f"2013-02-01T10:00:0{i}Z", s.split()[1]) for i, s in enumerate(said)
    )
    history = page_history(load_umdwikipedia(write_umd(tmp_path / "umd", "", benign_2013_2=lines)))
    assert history.by_others.tolist() == [0, 0, 2, 0, 2, 2]
    assert history.by_self.tolist() == [0, 1, 0, 0, 1, 2]
    assert np.array_equal(history.quiet_s, [np.nan, np.nan, 1, np.nan, 3, 1], equal_nan=True)


def three_edits(name: str, day: str, first: int) -> str:
    return "".join(edit(name, first + i, f"{day}T10:00:0{i}Z", "Leaf") for i in range(3))


def test_accounts_seen_before_2013_or_without_a_label_are_left_out(tmp_path: Path) -> None:
    lines = three_edits("Old", "2012-12-31", 1) + three_edits("Old", "2013-05-01", 4)
    lines += three_edits("New", "2013-05-01", 7) + three_edits("Who", "2013-05-01", 10)
    lines += three_edits("New", "2014-04-01", 20)
    users = "Old\t1\t-\t-\tbenign\nNew\t2\t-\t-\tbenign\n"
    strict = strict_stream(load_umdwikipedia(write_umd(tmp_path / "umd", users, benign_2013_5=lines)))
    assert {strict.accounts[i].as_py() for i in strict.edits["account"].tolist()} == {"New"}
    assert strict.events["time"].max() < TEST_UNTIL_S


def test_a_vandal_is_fitted_on_only_if_the_block_came_before_the_test_began(tmp_path: Path) -> None:
    days = {"fit": "2013-05-01", "tune": "2013-11-01", "test": "2014-02-01"}
    users, lines = "", ""
    for i, (part, day) in enumerate(days.items()):
        users += f"Good {part}\t1\t-\t-\tbenign\n"
        lines += three_edits(f"Good {part}", day, 100 * i)
        for j, (when, block) in enumerate(
            {"soon": f"{day}T12:00:00Z", "late": "2014-03-01T00:00:00Z", "before": f"{day}T10:00:01Z"}.items()
        ):
            users += f"Bad {part} {when}\t1\t{block}\t-\tvandal\n"
            lines += three_edits(f"Bad {part} {when}", day, 100 * i + 10 * (j + 1))
    stream = load_umdwikipedia(write_umd(tmp_path / "umd", users, benign_2013_5=lines))
    split = split_by_time(stream, first_edits(stream, 3))
    found = np.array([stream.accounts[i].as_py() for i in judged_account(stream, 3).tolist()])
    assert sorted(found[split.fit]) == ["Bad fit soon", "Good fit"]
    assert sorted(found[split.tune]) == ["Bad tune soon", "Good tune"]
    assert sorted(found[split.test]) == ["Bad test late", "Bad test soon", "Good test"]


def test_measures_agree_with_counting_by_hand() -> None:
    scores = np.array([0.9, 0.8, 0.8, 0.4, 0.1])
    abusive = np.array([True, True, False, True, False])
    found = measures(scores, abusive, 0)
    assert found.auroc.value == pytest.approx((2 + 1.5 + 1) / 6)
    assert found.average_precision.value == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)
    assert found.recall.value == pytest.approx(1 / 3)


def test_recall_is_taken_where_one_in_a_hundred_others_is_flagged() -> None:
    abusive = np.r_[np.ones(10, bool), np.zeros(100, bool)]
    scores = np.r_[
        np.arange(10) + 0.5,
        np.arange(100) * 0.01,
    ]
    scores[10], scores[11] = 7.0, 5.0
    found = measures(scores, abusive, 200)
    assert found.recall.value == pytest.approx(0.5)
    assert found.recall.low <= 0.5 <= found.recall.high


def test_early_detection_runs_end_to_end_with_the_same_figures_each_time(stream: Stream) -> None:
    steps: list[tuple[str, int, int]] = []
    result = evaluate_stream(stream, TINY, lambda *step: steps.append(step))
    again = evaluate_stream(stream, TINY)
    assert result == again
    assert [line.features for line in result.lines] == [line.name for line in FEATURE_SETS]
    assert steps[0] == ("fitting", 0, len(FEATURE_SETS))
    assert steps[-1] == ("fitting", len(FEATURE_SETS), len(FEATURE_SETS))
    with_kind = result.lines[2]
    assert with_kind.page_kind
    assert with_kind.measures.auroc.value > 0.9, "these vandals are easy to tell"


def test_the_table_says_what_it_measures_and_which_command_makes_it(stream: Stream) -> None:
    result = evaluate_stream(stream, TINY)
    table = result.to_markdown()
    assert MARK == "real data, early detection of abusive accounts, not bulk messaging"
    assert MARK in table
    assert "tidegate evaluate --umdwikipedia" in table
    assert sum(line.startswith("| 3 |") for line in table.splitlines()) == len(FEATURE_SETS)
    assert json.loads(json.dumps(result.to_dict()))["lines"][0]["edits"] == 3


def test_too_few_accounts_are_an_error_that_says_so(stream: Stream) -> None:
    with pytest.raises(ValueError, match="0 abusive and 0 other accounts to fit on reach 30 edits"):
        evaluate_stream(stream, dataclasses.replace(TINY, edits=(30,)))
    nobody = dataclasses.replace(stream, labels=np.full_like(stream.labels, -1))
    with pytest.raises(ValueError, match="no labelled account"):
        evaluate_stream(nobody, TINY)


def test_bots_of_a_day_are_told_from_people_by_the_engines_features(tmp_path: Path) -> None:
    random, lines = np.random.default_rng(3), []
    for number in range(120):
        robot, at = number % 4 == 0, float(random.uniform(0, 40_000))
        for i in range(8):
            time = f"{np.datetime64('2015-09-12T00:00:00') + int(at)}Z"
            size = 36 if robot else int(random.integers(1, 2000))
            lines.append(ticker_line(f"u{number}", f"Page {number} {i}", robot, time=time, added=size))
            at += 20 if robot else float(random.exponential(2000))
    path = write_ticker(tmp_path / "ticker.json.gz", "".join(lines))
    result = evaluate_wikiticker(path, settings=dataclasses.replace(TINY, most_trees=40))
    assert (result.accounts, result.bots) == (120, 30)
    assert result.engine.auroc.value > 0.9
    assert result.volume.auroc.value == pytest.approx(0.5), "everybody made eight edits"
    assert "whole day" in result.to_markdown()
    assert json.loads(json.dumps(result.to_dict()))["bots"] == 30


def test_a_ticker_with_too_few_bots_is_an_error_that_says_so(tmp_path: Path) -> None:
    path = write_ticker(tmp_path / "ticker.json.gz", ticker_line("Ada", "Leaf") * 6)
    with pytest.raises(ValueError, match="0 bots among 1 accounts with 5 or more edits"):
        evaluate_wikiticker(path)


def test_the_real_umdwikipedia_is_read_and_evaluated_on_a_sample(real_data: Callable[[str], Path]) -> None:
    stream = load_umdwikipedia(real_data("streams/umdwikipedia"))
    assert (len(stream.events), len(stream.accounts)) == (627_159, 26_802)
    assert int((stream.labels == ABUSIVE).sum()) > 13_000
    sample = stream.where(stream.edits["account"] % 20 == 0)
    result = evaluate_stream(sample, TINY)
    assert result.lines[2].measures.auroc.value > 0.8
    assert result.lines[2].tested > 100
