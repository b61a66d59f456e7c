"""Changing who works here and as what: all of it recorded, never about oneself, and one administrator stays."""

from typing import Any

from django.db import transaction

from tidegate.desk.access import second_factor
from tidegate.desk.access.models import Person
from tidegate.desk.access.roles import Role
from tidegate.desk.audit.chain import record


class RefusedError(Exception):
    """It must not be done; the message says why."""


def change_role(by: Any, person: Any, role: str) -> None:
    """Have somebody work as something else; their sessions end. Raises :class:`RefusedError`."""
    if role not in {str(one) for one in Role}:
        raise RefusedError(f"There is no role {role!r}.")
    with transaction.atomic():
        found = _locked(by, person, "change their own role")
        if found.role == role:
            return
        if role != Role.ADMINISTRATOR:
            _leave_one(found)
        before, found.role = found.role, role
        _save(found, "role", let_in_by=by)
        record(by, "person.role-changed", found, before=before, after=role)


def deactivate(by: Any, person: Any) -> None:
    """Let somebody in no more; their sessions end. Their name stays in the record. Raises :class:`RefusedError`."""
    with transaction.atomic():
        found = _locked(by, person, "deactivate themselves")
        if not found.is_active:
            return
        _leave_one(found)
        found.is_active = False
        _save(found, "is_active")
        record(by, "person.deactivated", found)


def activate(by: Any, person: Any) -> None:
    """Let somebody in again. Raises :class:`RefusedError`."""
    with transaction.atomic():
        found = _locked(by, person, "activate themselves")
        if found.is_active:
            return
        found.is_active = True
        _save(found, "is_active", let_in_by=by)
        record(by, "person.activated", found)


def reset_second_factor(by: Any, person: Any) -> None:
    """Forget somebody's second factor, so that they set up another; their sessions end. Raises :class:`RefusedError`."""
    with transaction.atomic():
        found = _locked(by, person, "reset their own second factor")
        second_factor.remove(found)
        _save(found, let_in_by=by)
        record(by, "person.second-factor-reset", found)


def reset_password(by: Any, person: Any, password: str) -> None:
    """Give somebody another password; their sessions end. Raises :class:`RefusedError`."""
    with transaction.atomic():
        found = _locked(by, person, "reset their own password; they can change it")
        found.set_password(password)
        _save(found, "password", let_in_by=by)
        record(by, "person.password-reset", found)


def _locked(by: Any, person: Any, what: str) -> Any:
    """The person, whom nobody else may change before the transaction ends."""
    if isinstance(by, Person) and by.pk == person.pk:
        raise RefusedError(f"Nobody may {what}.")
    # Always all administrators and in order: two who take each other's role away wait for one another.
    list(Person.objects.select_for_update().filter(role=Role.ADMINISTRATOR).order_by("pk"))
    return Person.objects.select_for_update().get(pk=person.pk)


def _leave_one(person: Any) -> None:
    others = Person.objects.filter(role=Role.ADMINISTRATOR, is_active=True).exclude(pk=person.pk)
    if person.role == Role.ADMINISTRATOR and person.is_active and not others.exists():
        raise RefusedError(f"{person} is the last administrator; make somebody else one first.")


def _save(person: Any, *fields: str, let_in_by: object = None) -> None:
    """With every session of theirs ended."""
    person.epoch += 1
    if let_in_by is not None:
        person.let_in(let_in_by)
    person.save(update_fields=[*fields, "epoch", "access_by", "access_at"])
