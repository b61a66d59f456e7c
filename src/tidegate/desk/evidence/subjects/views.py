"""Pages of this room."""

from typing import Any

from django.shortcuts import render

from tidegate.desk.access.gate import needs
from tidegate.desk.access.roles import Right
from tidegate.desk.evidence.cases.frame import case_named, framed


@needs(Right.SEE_CASES)
def page(request: Any, name: str) -> Any:
    """Not built yet."""
    return render(request, "cases/frame.html", framed(case_named(name), "subjects:page"))
