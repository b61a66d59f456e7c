"""Real homeservers for the tests: Synapse from a virtual environment of its own, the newest release and an older one."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from guarded import RELEASES, synapse_or_skip

from tidegate.messengers.matrix.homeserver import Homeserver


@pytest.fixture(autouse=True)
def _only_errors_of_the_client_library() -> None:
    """nio warns of every key that it has yet to fetch."""
    logging.getLogger("nio").setLevel(logging.ERROR)


@pytest.fixture(scope="session")
def synapse() -> Path:
    """The Python that has the newest Synapse."""
    return synapse_or_skip("newest")


@pytest.fixture(scope="module", params=list(RELEASES))
def every_synapse(request: pytest.FixtureRequest) -> Path:
    """The Python of each Synapse release that is tested against."""
    return synapse_or_skip(request.param)


@pytest.fixture(scope="module")
def homeserver(synapse: Path) -> Iterator[Homeserver]:
    """A Synapse without Tidegate."""
    with Homeserver(python=synapse) as running:
        yield running
