"""The node of the demonstration, as its homeserver is told of it."""

from pathlib import Path

import pytest

from tidegate.messengers.matrix.node_process import NodeProcess


def test_a_homeserver_elsewhere_finds_a_node_in_a_folder_named_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "node").mkdir(mode=0o700)
    told = NodeProcess(folder=Path("node")).module().config
    for name in ("node", "token_file"):
        assert Path(told[name]).is_relative_to(tmp_path)
    assert Path(told["token_file"]).is_file()
