"""The people who work here, for administrators."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe
from django_otp.plugins.otp_totp.models import TOTPDevice

from tidegate.desk.access import managing
from tidegate.desk.access.adding import add as add_person
from tidegate.desk.access.adding import made_up_password
from tidegate.desk.access.forms import MOST_PEOPLE, NewPersonForm, RoleForm
from tidegate.desk.access.gate import needs
from tidegate.desk.access.models import Person
from tidegate.desk.access.roles import IN_WORDS, RIGHTS, Right, Role


@needs(Right.MANAGE_PEOPLE)
@require_safe
def people(request: Any) -> Any:
    """Everybody."""
    factors = TOTPDevice.objects.filter(user=OuterRef("pk"), confirmed=True)
    found = Person.objects.annotate(with_factor=Exists(factors)).order_by("-is_active", "username")
    return render(
        request,
        "access/people.html",
        {"people": found[:MOST_PEOPLE], "roles": _roles(), "form": NewPersonForm()},
    )


@needs(Right.MANAGE_PEOPLE)
@require_POST
def add(request: Any) -> Any:
    """One more. The password is shown in this answer and never again."""
    form = NewPersonForm(request.POST)
    if form.is_valid():
        password = made_up_password()
        try:
            person = add_person(
                form.cleaned_data["username"], form.cleaned_data["role"], password, by=request.user
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return _show_password(request, person, password)
    return render(request, "access/add.html", {"form": form}, status=422)


@needs(Right.MANAGE_PEOPLE)
@require_safe
def person(request: Any, pk: int) -> Any:
    """One of them, and what can be done about their sign-in."""
    found = get_object_or_404(Person, pk=pk)
    return render(
        request,
        "access/person.html",
        {"person": found, "form": RoleForm(initial={"role": found.role}), "is_self": found == request.user},
    )


@needs(Right.MANAGE_PEOPLE)
@require_POST
def change_role(request: Any, pk: int) -> Any:
    """Another role."""
    form = RoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose one of the roles.")
        return redirect("access:person", pk)
    role = form.cleaned_data["role"]
    return _done(
        request, pk, lambda one: managing.change_role(request.user, one, role), "The role was changed."
    )


@needs(Right.MANAGE_PEOPLE)
@require_POST
def deactivate(request: Any, pk: int) -> Any:
    """Let in no more."""
    return _done(
        request,
        pk,
        lambda one: managing.deactivate(request.user, one),
        "Nobody can sign in with that name any more.",
    )


@needs(Right.MANAGE_PEOPLE)
@require_POST
def activate(request: Any, pk: int) -> Any:
    """Let in again."""
    return _done(request, pk, lambda one: managing.activate(request.user, one), "Signing in works again.")


@needs(Right.MANAGE_PEOPLE)
@require_POST
def reset_second_factor(request: Any, pk: int) -> Any:
    """For whoever has lost the phone and the paper."""
    return _done(
        request,
        pk,
        lambda one: managing.reset_second_factor(request.user, one),
        "The second factor was removed; the next sign-in sets up another.",
    )


@needs(Right.MANAGE_PEOPLE)
@require_POST
def reset_password(request: Any, pk: int) -> Any:
    """Another made-up password, shown in this answer and never again."""
    found = get_object_or_404(Person, pk=pk)
    password = made_up_password()
    try:
        managing.reset_password(request.user, found, password)
    except managing.RefusedError as error:
        messages.error(request, str(error))
        return redirect("access:person", pk)
    return _show_password(request, found, password)


def _done(request: Any, pk: int, do: Callable[[Any], None], words: str) -> Any:
    found = get_object_or_404(Person, pk=pk)
    try:
        do(found)
    except managing.RefusedError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, words)
    return redirect("access:person", pk)


def _show_password(request: Any, who: Any, password: str) -> Any:
    # No redirect after this POST: the password would have to be kept somewhere to be shown after it.
    return render(request, "access/new_password.html", {"person": who, "password": password})


def _roles() -> list[dict[str, Any]]:
    return [
        {
            "word": Person(role=role).get_role_display(),
            "may": [IN_WORDS[one] for one in Right if one in RIGHTS[role]],
        }
        for role in Role
    ]
