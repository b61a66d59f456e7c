"""What tests of every room may need: real data, which are no part of the project, and a browser; absent, tests skip."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chromium import Chromium, chromium_or_skip

BESIDE_THE_REPOSITORY = Path(__file__).parents[2] / "shared" / "data"
LONGEST = (
    "test_homeserver_senders.py",
    "test_databases.py",
    "test_homeserver_guarded.py",
    "test_scan.py",
    "test_node_campaigns.py",
    "test_demo_case.py",
    "test_homeserver_demo.py",
    "test_search.py",
    "test_appeals_browser.py",
    "test_kills.py",
    "test_policies_browser.py",
    "test_cases_browser.py",
    "test_policies_pages.py",
    "test_every_page.py",
    "test_homeserver_rungs.py",
    "test_homeserver_clients.py",
    "test_dossier_pages.py",
    "test_homeserver_releases.py",
    "test_steps_letters.py",
    "test_accounts_browser.py",
)
"""Files that begin first: one that began last would run on alone, with the other workers idle."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(place)))


@pytest.fixture(scope="session")
def real_data() -> Callable[[str], Path]:
    """The path of a file or folder of the real data, by its name below ``TIDEGATE_REAL_DATA``."""
    root = Path(os.environ.get("TIDEGATE_REAL_DATA") or BESIDE_THE_REPOSITORY)

    def find(name: str) -> Path:
        if not (root / name).exists():
            pytest.skip(f"{name} is not in {root}; TIDEGATE_REAL_DATA names the folder of the real data")
        return root / name

    return find


@pytest.fixture(scope="session")
def running_chromium() -> Iterator[Chromium]:
    """Started once: that costs more than most pages."""
    with Chromium(chromium_or_skip()) as running:
        yield running


@pytest.fixture
def chromium(running_chromium: Chromium) -> Chromium:
    """A browser that nobody has used."""
    running_chromium.anew()
    return running_chromium
