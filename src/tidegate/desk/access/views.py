"""Signing in and out."""

from typing import Any

from django.contrib.auth.views import LoginView, LogoutView
from django.shortcuts import render

from tidegate.desk.access.gate import is_through, public
from tidegate.desk.access.throttling import client_address
from tidegate.desk.audit.chain import record


class SignIn(LoginView):
    """By name and password; the second factor comes after it."""

    template_name = "access/sign_in.html"

    def form_valid(self, form: Any) -> Any:
        """The password was right."""
        response = super().form_valid(form)
        # Whether more is asked for stands in the session, which has just begun.
        person = form.get_user()
        person.is_verified = lambda: False
        if is_through(person):
            record(person, "session.opened", person, by="password", address=client_address(self.request))
        return response


class SignOut(LogoutView):
    """By POST alone."""

    next_page = "access:sign-in"

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        if request.user.is_authenticated:
            record(request.user, "session.closed", request.user)
        return super().post(request, *args, **kwargs)

    def get_success_url(self) -> str:
        """Always the same: where it leads is nobody else's to say."""
        return self.get_default_redirect_url()


sign_in = public(SignIn.as_view())
sign_out = public(SignOut.as_view())


def refused_form(request: Any, reason: str = "") -> Any:
    """A form that did not come from our own page, or from one that was open for too long."""
    return render(request, "access/refused_form.html", status=403)
