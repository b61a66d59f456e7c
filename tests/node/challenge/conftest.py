"""A real node and its challenges, beside the test and as a process of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from challenge_setting import Setting

from challenge_site import Site


@pytest.fixture
def setting(tmp_path: Path) -> Iterator[Setting]:
    made = Setting(tmp_path / "node")
    yield made
    made.node.close(snapshot=False)


@pytest.fixture
def setting_with(tmp_path: Path) -> Iterator[Callable[..., Setting]]:
    """A :class:`Setting` with settings of its own."""
    made: list[Setting] = []

    def make(**settings: Any) -> Setting:
        made.append(Setting(tmp_path / f"node-{len(made)}", **settings))
        return made[-1]

    yield make
    for one in made:
        one.node.close(snapshot=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A node as a process of its own, for the tests of one file."""
    folder = tmp_path_factory.mktemp("site") / "node"
    with Site(folder, wait_s=1.0, service="Example <Chat>", contact="mailto:help@example.org") as running:
        yield running
