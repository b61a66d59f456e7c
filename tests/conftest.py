"""Real data for the tests that need them. They are no part of the project; where absent, tests skip."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

BESIDE_THE_REPOSITORY = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def real_data() -> Callable[[str], Path]:
    """The path of a file or folder of the real data, by its name below ``TIDEGATE_REAL_DATA``."""
    root = Path(os.environ.get("TIDEGATE_REAL_DATA") or BESIDE_THE_REPOSITORY)

    def find(name: str) -> Path:
        if not (root / name).exists():
            pytest.skip(f"{name} is not in {root}; TIDEGATE_REAL_DATA names the folder of the real data")
        return root / name

    return find
