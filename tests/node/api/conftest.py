"""Nodes for the tests of the API."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from running_node import RunningNode


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNode]:
    """One node for all tests of a file; each uses accounts of its own."""
    with RunningNode(tmp_path_factory.mktemp("node") / "data") as node:
        yield node


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a test's own node may live."""
    return tmp_path / "data"
