"""To be built."""

from typing import Any

from django.shortcuts import render

from tidegate.desk.access.gate import needs
from tidegate.desk.access.roles import Right


@needs(Right.SEE)
def list(request: Any) -> Any:
    return render(request, "pages/base.html")
