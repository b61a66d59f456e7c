"""Taking cases: one person at a time holds one, for a while, and the next one is never of their own choosing."""

import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from tidegate.desk.access.roles import Right
from tidegate.desk.audit.chain import record
from tidegate.desk.ledger.models import stored
from tidegate.desk.review.models import Case
from tidegate.engine.rungs import Rung

HELD = timedelta(minutes=15)
CANDIDATES = 40
"""Looked at in one go for one that can be taken."""
SAMPLED = ("random", "blind")


def free(person: Any) -> "QuerySet[Case]":
    """Open cases that this person may take now."""
    now = timezone.now()
    found = Case.objects.filter(
        Q(locked_until=None) | Q(locked_until__lt=now) | Q(locked_by=person), state="open"
    )
    # A case that is disputed goes to a senior reviewer, and not to the one who disputed it.
    found = found.exclude(first_by=person)
    return found if person.may(Right.RULE_BAN) else found.filter(first_by=None)


def take(number: int, person: Any) -> bool:
    """Take a case or go on holding it; False when somebody else has it, or it is settled. One statement, so of two people
    who try at once one gets it."""
    return bool(free(person).filter(pk=number).update(locked_by=person, locked_until=timezone.now() + HELD))


def release(number: int, person: Any) -> None:
    """Let go of a case without deciding."""
    Case.objects.filter(pk=number, locked_by=person).update(locked_by=None, locked_until=None)


def take_over(number: int, person: Any) -> bool:
    """A senior reviewer takes a case from whoever holds it."""
    if not person.may(Right.RULE_BAN):
        return False
    with transaction.atomic():
        found = Case.objects.select_for_update().filter(pk=number, state="open").first()
        if found is None or found.first_by_id == person.pk:
            return False
        held = str(found.locked_by) if found.is_held else ""
        found.locked_by, found.locked_until = person, timezone.now() + HELD
        found.save(update_fields=["locked_by", "locked_until"])
        record(person, "case.taken-over", found.account.pseudonym, case=number, held=held)
    return True


def take_next(person: Any) -> Case | None:
    """The case that this person holds already, else the one to look at next; None: none waits.

    Mostly the one with the highest priority. With the probability ``[desk] random_share`` the oldest of those that were
    drawn at random, which would otherwise wait behind all that look risky.
    """
    waiting = free(person)
    mine = waiting.filter(locked_by=person, locked_until__gte=timezone.now()).first()
    if mine is not None and take(mine.pk, person):
        return mine
    if not person.may(Right.RULE_BAN):
        # Only a senior reviewer upholds a ban. Not in free(): a statement that takes a case must look at it alone.
        waiting = waiting.exclude(blind=False, account__rung=int(Rung.BAN))
    by_priority = waiting.order_by("-priority", "id")
    orders = [by_priority]
    if secrets.randbelow(1_000_000) < settings.TIDEGATE.random_share * 1_000_000:
        orders.insert(0, waiting.filter(kind__in=SAMPLED).order_by("opened", "id"))
    for order in orders:
        for case in order[:CANDIDATES]:
            if take(case.pk, person):
                return case
    return None


def blind_case_of(person: Any, key: int) -> int | None:
    """The open blind case about an account, by pseudonym, that this person holds; None: none."""
    found: int | None = (
        Case.objects.filter(
            account=stored(key),
            state="open",
            blind=True,
            first_by=None,
            locked_by=person,
            locked_until__gte=timezone.now(),
        )
        .values_list("pk", flat=True)
        .first()
    )
    return found
