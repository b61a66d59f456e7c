"""Whether a step may be taken, asked of the table of grounds; what was refused stays on the record."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.utils import timezone

from tidegate.desk.audit.chain import record
from tidegate.desk.evidence import grounds
from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.grounds import Action, Refusal, RefusedStepError
from tidegate.desk.evidence.steps.frozen import as_frozen, decider_of, latest, rules_of
from tidegate.desk.evidence.steps.models import Determination
from tidegate.desk.evidence.subjects.facts import facts_of

LATER = frozenset({"no_second_person", "counsel"})
"""What a proposal need not have yet: it comes with the approval."""


class StepError(ValueError):
    """A step that cannot be, whatever the table says; the message says why. Nothing has changed."""


def asked(
    case: Case,
    action: Action,
    by: Any,
    determination: Determination | None,
    second: Any = None,
    counsel: Any = None,
) -> grounds.Step:
    """The step as the table of grounds looks at it, on the facts as they are now. Raises GroundError."""
    return grounds.Step(
        action,
        decider_of(by),
        facts_of(case),
        rules_of(determination) if determination else grounds.in_force(timezone.now()),
        as_frozen(determination) if determination else None,
        decider_of(second) if second is not None else None,
        decider_of(counsel) if counsel is not None else None,
    )


def against_proposal(case: Case, action: Action, by: Any) -> tuple[Refusal, ...]:
    """What stands against proposing it now; the second person and counsel come later. Raises GroundError."""
    found = grounds.refusals(asked(case, action, by, latest(case)))
    return tuple(one for one in found if one.code not in LATER)


@contextmanager
def on_record(case: Case, action: Action, who: Any) -> Iterator[None]:
    """Around the transaction of a step: when the table refuses it, that is written down after everything is undone."""
    try:
        yield
    except RefusedStepError as refused:
        codes = [one.code for one in refused.refusals]
        record(who, "step.refused", case.name, action=str(action), why=codes)
        raise
