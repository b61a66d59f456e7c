"""The gate: every view says who may use it, and one that does not say is closed to everybody.

A view is opened with :func:`needs` or :func:`public`. The gate looks at that mark before the view runs, so a forgotten
check is a closed door and not an open one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from tidegate.desk.access.roles import Right
from tidegate.desk.access.sessions import has_outlived
from tidegate.desk.settings import SecondFactor

View = TypeVar("View", bound=Callable[..., Any])
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Opening:
    """Who may use a view."""

    see: Right | None
    """Needed to look (GET, HEAD); None: nothing, not even to be signed in."""
    change: Right | None
    """Needed for every other method; None as above."""
    half_way: bool = False
    """Also for somebody who has given a password but not the second factor yet."""


def needs(see: Right, change: Right | None = None) -> Callable[[View], View]:
    """Opens a view to people with a right; ``change``: the one needed for anything but looking, when it is another."""

    def mark(view: View) -> View:
        view.opening = Opening(see, change or see)  # type: ignore[attr-defined]
        return view

    return mark


def public(view: View) -> View:
    """Opens a view to everybody, signed in or not."""
    view.opening = Opening(None, None)  # type: ignore[attr-defined]
    return view


def half_way(view: View) -> View:
    """Opens a view to whoever has given a password, so that the second factor can be given or set up."""
    view.opening = Opening(Right.SEE, Right.SEE, half_way=True)  # type: ignore[attr-defined]
    return view


def opening_of(view: Callable[..., Any]) -> Opening | None:
    """Who may use a view; None: nobody, because it does not say."""
    found: Opening | None = getattr(view, "opening", None)
    return found


def is_through(person: Any) -> bool:
    """Whether somebody who is signed in has given everything that is asked for."""
    if person.is_verified():
        return True
    if settings.TIDEGATE.second_factor is SecondFactor.REQUIRED:
        return False
    return not person.has_second_factor


class Gate:
    """Middleware; see the module."""

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self._get_response = get_response

    def __call__(self, request: Any) -> Any:
        return self._get_response(request)

    def process_view(self, request: Any, view: Any, args: Any, kwargs: Any) -> Any:
        """None when the view may run."""
        opening = opening_of(view)
        if opening is None:
            raise PermissionDenied("This page does not say who may use it.")
        right = opening.see if request.method in SAFE else opening.change
        if right is None:
            return None
        person = request.user
        if not person.is_authenticated:
            return _by_way_of("access:sign-in", request)
        if has_outlived(request.session):
            logout(request)
            return _by_way_of("access:sign-in", request)
        if opening.half_way:
            return None
        if not is_through(person):
            return _by_way_of("access:second-factor", request)
        if not person.may(right):
            raise PermissionDenied(f"The role {person.get_role_display().lower()} may not do this.")
        return None


def _by_way_of(name: str, request: Any) -> Any:
    """Go to a page that is needed first, and from there back to where somebody wanted to look."""
    wanted = request.get_full_path() if request.method in SAFE else ""
    if request.htmx:
        # What was asked for is a part of a page: the whole page goes, or the form would appear in its midst.
        wanted = request.htmx.current_url_abs_path or ""
    address = reverse(name) + (f"?{urlencode({'next': wanted})}" if wanted else "")
    return HttpResponseClientRedirect(address) if request.htmx else HttpResponseRedirect(address)
