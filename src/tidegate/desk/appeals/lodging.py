"""Appealing, and taking an appeal back: what an account holder does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from tidegate.desk.appeals import attachments
from tidegate.desk.appeals.measures import Measures
from tidegate.desk.appeals.models import MOST_CHARACTERS, Appeal, Outcome, State
from tidegate.desk.appeals.refusals import Refused
from tidegate.desk.audit.chain import record
from tidegate.desk.ledger.models import Account

HOLDER = "account holder"
"""Who did it, in the record; which one is in what it is about."""
AGAIN_AFTER = timedelta(days=30)
"""After which the same measure can be appealed against once more."""
APPEALABLE = timedelta(days=180)
"""Six months from the decision, as Regulation (EU) 2022/2065, article 20 (1), has it."""
MOST_IN_PERIOD = 6
"""Appeals of one account within :data:`AGAIN_AFTER`, whatever became of them."""


@dataclass(frozen=True, slots=True)
class MayAppeal:
    """Whether an account holder can appeal now."""

    yes: bool
    again_from: datetime | None = None
    """When, if there is a time from which it is possible again."""


def latest_of(account: Account) -> Appeal | None:
    """The account's last appeal."""
    return Appeal.objects.filter(account=account).order_by("-received").first()


def may_appeal(measures: Measures, last: Appeal | None, now: datetime) -> MayAppeal:
    """Of an account with these measures, whose last appeal was ``last``."""
    measure = measures.latest
    if last is not None and last.state == State.WAITING:
        return MayAppeal(False)
    if measure is None or now - measure.decision.time > APPEALABLE:
        return MayAppeal(False)
    if last is None or last.state == State.WITHDRAWN:
        return MayAppeal(True)
    if last.outcome == Outcome.GRANTED:
        # Whatever was decided before has been undone.
        return MayAppeal(measure.decision.time > last.decided)
    # The decision on the appeal is itself one of a person's: only what came after it is new.
    newer = measure.decision.time > last.decided and not measure.decision.by_person
    again = last.decided + AGAIN_AFTER
    return MayAppeal(True) if newer or now >= again else MayAppeal(False, again)


def lodge(
    account: Account, measures: Measures, text: str, files: Sequence[Any], language: str, now: datetime
) -> Appeal:
    """An appeal against the account's latest measure, durably, with its attachments.

    ``files``: as Django hands over uploads. Raises :class:`Refused` with what is wrong, or OSError; nothing is kept then.
    """
    text = text.replace("\r\n", "\n").replace("\0", "").strip()
    if not text:
        raise Refused("empty")
    if len(text) > MOST_CHARACTERS:
        raise Refused("long", count=len(text), most=MOST_CHARACTERS)
    found = attachments.checked(files)
    with transaction.atomic():
        locked = Account.objects.select_for_update().get(pk=account.pk)
        last = latest_of(locked)
        if last is not None and last.state == State.WAITING:
            raise Refused("open")
        recent = Appeal.objects.filter(account=locked, received__gt=now - AGAIN_AFTER).count()
        if not may_appeal(measures, last, now).yes or measures.latest is None:
            raise Refused("changed")
        if recent >= MOST_IN_PERIOD:
            raise Refused("often")
        appeal = Appeal.objects.create(
            account=locked,
            decision=measures.latest.decision,
            language=language,
            text=text,
            received=now,
            due=now + timedelta(hours=settings.TIDEGATE.appeal_hours),
        )
        record(HOLDER, "appeal.received", locked.pseudonym, appeal=appeal.pk, attachments=len(found))
        attachments.keep(appeal, found)
    return appeal


def withdraw(appeal: Appeal, now: datetime) -> None:
    """Take it back. Raises :class:`Refused` when it is decided already."""
    with transaction.atomic():
        locked = Appeal.objects.select_for_update().get(pk=appeal.pk)
        if locked.state != State.WAITING:
            raise Refused("changed")
        locked.state, locked.decided = State.WITHDRAWN, now
        locked.locked_by = locked.locked_until = None
        locked.save()
        record(HOLDER, "appeal.withdrawn", locked.account.pseudonym, appeal=locked.pk)
