"""What is missing before a letter may be written, as the table of grounds says it. Asked, not tried."""

from typing import Any

from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.grounds import Action, GroundError
from tidegate.desk.evidence.steps.refused import against_proposal


def missing(case: Case, person: Any) -> list[str]:
    """One line each; empty: it may be proposed, and then waits for a second person."""
    try:
        return [
            f"{one.words[:1].upper()}{one.words[1:]}."
            for one in against_proposal(case, Action.LETTER, person)
        ]
    except GroundError as error:
        return [f"The facts contradict each other: {error}."]
