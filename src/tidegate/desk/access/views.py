"""Signing in and out."""

from typing import Any

from django.contrib.auth.views import LoginView, LogoutView
from django.shortcuts import render

from tidegate.desk.access.gate import public

sign_in = public(LoginView.as_view(template_name="access/sign_in.html", redirect_authenticated_user=False))
sign_out = public(LogoutView.as_view(next_page="access:sign-in"))


def locked_out(request: Any, credentials: Any = None, *args: Any, **kwargs: Any) -> Any:
    """Too many wrong passwords."""
    return render(request, "access/locked_out.html", status=429)


def refused_form(request: Any, reason: str = "") -> Any:
    """A form that did not come from our own page, or from one that was open for too long."""
    return render(request, "access/refused_form.html", status=403)
