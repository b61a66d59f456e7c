"""The determinations of a case as they were frozen, for the sealed file."""

from tidegate.desk.evidence import grounds
from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.steps.frozen import as_frozen
from tidegate.desk.evidence.steps.models import Determination


def determinations(case: Case) -> list[grounds.Determination]:
    """In the order in which they were made, those taken back included."""
    rows = Determination.objects.filter(case=case).select_related("decider").order_by("at", "pk")
    return [as_frozen(row) for row in rows]
