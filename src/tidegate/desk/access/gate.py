"""The gate: every view says who may use it, and one that does not say is closed to everybody.

A view is opened with :func:`needs` or :func:`public`. The gate looks at that mark before the view runs, so a forgotten
check is a closed door and not an open one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect

from tidegate.desk.access.roles import Right
from tidegate.desk.settings import SecondFactor

View = TypeVar("View", bound=Callable[..., Any])
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
FRAMEWORK_VIEWS = ("django.views.static", "whitenoise", "django.views.i18n")


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
            raise PermissionDenied("this page does not say who may use it")
        right = opening.see if request.method in SAFE else opening.change
        if right is None:
            return None
        person = request.user
        if not person.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if opening.half_way:
            return None
        if not is_through(person):
            return redirect("access:second-factor")
        if not person.may(right):
            raise PermissionDenied(f"the role {person.get_role_display()} may not do this")
        return None
