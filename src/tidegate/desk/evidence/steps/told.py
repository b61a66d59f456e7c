"""What this room tells the case as a whole."""

from collections.abc import Iterable
from typing import Any

from tidegate.desk.evidence.cases.happened import Happened
from tidegate.desk.evidence.cases.models import Case


def happened(case: Case) -> Iterable[Happened]:
    """For the timeline."""
    return ()


def record(case: Case) -> dict[str, Any]:
    """For the sealed file: JSON values."""
    return {}
