"""``decisions.jsonl`` and ``accounts.parquet``: the contract of the fields, and all or nothing on disk."""

import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from sample_findings import START, decision

from tidegate.cli.outputs import write_accounts, write_decisions
from tidegate.statements.decision import DecisionShown, ReasonShown, rfc3339


def lines_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


def test_a_decision_has_the_fields_of_the_contract_and_no_others(tmp_path: Path) -> None:
    reasons = (
        ReasonShown("burst", 41.0, "41 at once", "rule"),
        ReasonShown("quiet_share", 0.25, "quiet", "model"),
    )
    written = write_decisions(
        tmp_path / "d.jsonl", [decision("u1", "lock", START + 0.5, until=START + 60, reasons=reasons)]
    )
    (line,) = lines_of(tmp_path / "d.jsonl")
    assert written == 1
    assert list(line) == [
        "time",
        "account",
        "rung",
        "until",
        "score",
        "stage",
        "reasons",
        "policy",
        "model",
        "id",
    ]
    assert line["time"] == "2023-11-14T22:13:20.5Z"
    assert line["until"] == "2023-11-14T22:14:20Z"
    assert line["reasons"] == [
        {"rule": "burst", "value": 41.0, "text": "41 at once"},
        {"feature": "quiet_share", "value": 0.25, "text": "quiet"},
    ]


def test_no_end_no_score_and_nan_are_null(tmp_path: Path) -> None:
    reasons = (ReasonShown("burst", math.nan, "", "rule"),)
    write_decisions(
        tmp_path / "d.jsonl", [decision("u1", "ban", START, until=math.inf, score=None, reasons=reasons)]
    )
    (line,) = lines_of(tmp_path / "d.jsonl")
    assert line["until"] is None and line["score"] is None
    assert line["reasons"] == [{"rule": "burst", "value": None, "text": ""}]


@pytest.mark.parametrize("name", ["a\nb", "\u2028", "\ud800", '"', "naïve", ""])
def test_any_name_survives_the_round_trip(tmp_path: Path, name: str) -> None:
    write_decisions(tmp_path / "d.jsonl", [decision(name, "warn", START)])
    assert [line["account"] for line in lines_of(tmp_path / "d.jsonl")] == [name]


def test_a_failure_half_way_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    write_decisions(path, [decision("old", "warn", START)])

    def failing() -> Iterator[DecisionShown]:
        yield decision("new", "warn", START)
        raise RuntimeError("the scan was stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        write_decisions(path, failing())
    assert [line["account"] for line in lines_of(path)] == ["old"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["d.jsonl"]


def test_accounts_come_back_as_they_were_written(tmp_path: Path) -> None:
    columns = {
        "account": np.array(["a", "b"]),
        "pseudonym": np.array([1, 2**64 - 1], np.uint64),
        "score": np.array([0.5, np.nan], np.float32),
        "rung": ["warn", "ban"],
    }
    write_accounts(tmp_path / "a.parquet", columns)
    table = pq.read_table(tmp_path / "a.parquet")
    assert table.column_names == list(columns)
    assert table["pseudonym"].to_pylist() == [1, 2**64 - 1]
    assert table["account"].to_pylist() == ["a", "b"]


def test_a_name_that_is_half_a_character_is_written_as_an_escape(tmp_path: Path) -> None:
    write_accounts(tmp_path / "a.parquet", {"account": ["a", "\ud800"], "rung": ["warn", None]})
    assert pq.read_table(tmp_path / "a.parquet").to_pylist()[1] == {"account": "\\ud800", "rung": None}


def test_columns_of_unequal_length_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unequal length"):
        write_accounts(tmp_path / "a.parquet", {"a": [1, 2], "b": [1]})
    assert not list(tmp_path.iterdir())


def test_times_are_rfc_3339_in_utc() -> None:
    assert rfc3339(0.0) == "1970-01-01T00:00:00Z"
    assert rfc3339(1_700_000_000.25) == "2023-11-14T22:13:20.25Z"
    assert rfc3339(None) is None
