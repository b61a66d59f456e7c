"""What a log gave when a test read it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from tidegate.events.summary import LogSummary

NOW_S = 1_750_000_000.0


@dataclass
class Result:
    """Everything a log gave."""

    events: NDArray[Any]
    actors: list[str]
    targets: list[str]
    summary: LogSummary
    rejected: Path


Read = Callable[..., Result]
