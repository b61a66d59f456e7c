"""Letting somebody in."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from tidegate.desk.access.models import Person
from tidegate.desk.audit.chain import DESK, record


def add(name: str, role: str, password: str, by: object = DESK) -> Person:
    """One more person, with everything checked. Raises django.core.exceptions.ValidationError."""
    person = Person(username=name, role=role)
    validate_password(password, person)
    person.set_password(password)
    person.full_clean()
    if Person.objects.filter(username=name).exists():
        raise ValidationError(f"there is somebody called {name!r} already")
    with transaction.atomic():
        person.save()
        record(by, "person.added", name, role=role)
    return person
