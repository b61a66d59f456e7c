"""Pages that say that something cannot be shown."""

from typing import Any

from django.shortcuts import render


def forbidden(request: Any, exception: Any = None) -> Any:
    """Signed in, but not for this."""
    return render(request, "pages/forbidden.html", {"why": str(exception or "")}, status=403)


def not_found(request: Any, exception: Any = None) -> Any:
    return render(request, "pages/not_found.html", status=404)


def fault(request: Any) -> Any:
    return render(request, "pages/fault.html", status=500)
