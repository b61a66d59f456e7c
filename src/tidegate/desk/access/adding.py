"""Letting somebody in."""

import secrets

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from tidegate.desk.access.models import Person
from tidegate.desk.audit.chain import DESK, record

PASSWORD_BYTES = 15


def made_up_password() -> str:
    """One that nobody can guess: 20 characters."""
    return secrets.token_urlsafe(PASSWORD_BYTES)


def add(name: str, role: str, password: str, by: object = DESK) -> Person:
    """One more person, with everything checked. Raises django.core.exceptions.ValidationError."""
    person = Person(username=name, role=role)
    if name == DESK:
        raise ValidationError(f"{DESK!r} is how the desk itself stands in the record; choose another name")
    if Person.objects.filter(username=name).exists():
        raise ValidationError(f"there is somebody called {name!r} already")
    validate_password(password, person)
    person.set_password(password)
    person.full_clean()
    person.let_in(by)
    with transaction.atomic():
        person.save()
        record(by, "person.added", name, role=role)
    return person
