"""Taking back one's own ruling shortly after it: the account goes where it stood, the case opens again."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from tidegate.desk.audit.chain import record
from tidegate.desk.ledger.models import Account
from tidegate.desk.node_link import node
from tidegate.desk.review.models import Case, Ruled, Sample
from tidegate.desk.review.ruling import CHANGE, OVERTURN, put_back
from tidegate.desk.review.taking import HELD
from tidegate.engine.rungs import Rung

WITHIN = timedelta(minutes=10)
MOST_SHOWN = 5
MOVES = frozenset({OVERTURN, CHANGE})
"""Verdicts after which the node has something to put back."""


class NotUndone(Exception):  # noqa: N818 - an answer to the person
    """It cannot be taken back; the message says why, and nothing was changed."""


def undoable(person: Any) -> list[Ruled]:
    """What this person decided last and may take back, latest first; at most :data:`MOST_SHOWN`."""
    found = Ruled.objects.filter(
        person=person,
        time__gt=timezone.now() - WITHIN,
        account__isnull=False,
        undone=None,
        undoes=None,
        appeal_id=None,
        group=None,
    )
    return list(found.select_related("account").order_by("-time")[:MOST_SHOWN])


def undo(person: Any, number: int) -> Ruled | None:
    """Take a ruling back. Returns the one that puts the account where it stood; None when it had not been moved.

    What was found out counts no more, for labels and estimates. The measure goes on as a person's, for the time it had
    left; one that would have ended meanwhile stays ended. Raises :class:`NotUndone`, PermissionDenied, and whatever the
    node raises when it cannot; then nothing has changed.
    """
    with transaction.atomic():
        ruled = Ruled.objects.select_for_update().filter(pk=number).first()
        now = timezone.now()
        if reason := _why_not(person, ruled, now):
            raise NotUndone(reason)
        assert ruled is not None
        account: Account = ruled.account
        standing = node().standing(account.key)
        moved = ruled.verdict in MOVES
        if moved and int(standing.rung) != ruled.rung_after:
            raise NotUndone("The account does not stand where you put it any more: look at it again.")
        ruled.undone = now
        ruled.save(update_fields=["undone"])
        Sample.objects.filter(account=account, judged=ruled.time).update(wrong=None, judged=None)
        _open_again(ruled, person, now)
        record(person, "ruling.undone", account.pseudonym, ruling=ruled.pk, verdict=ruled.verdict)
        account.rung = int(standing.rung)
        rung, left_s = _where_it_stood(ruled, now)
        if not moved or rung is Rung.ALLOW is standing.rung:
            return None
        return put_back(person, account, rung, left_s, ruled)


def _why_not(person: Any, ruled: Ruled | None, now: datetime) -> str:
    if ruled is None or ruled.account_id is None:
        return "There is no such ruling any more."
    if ruled.person_id != person.pk:
        return "Somebody else decided this; rule on the account yourself."
    if ruled.undone is not None or ruled.undoes_id is not None:
        return "This was taken back already."
    if ruled.appeal_id is not None or ruled.group is not None:
        return "This was decided with an appeal or for a whole group, and is not taken back by itself."
    if now - ruled.time > WITHIN:
        return f"It is more than {int(WITHIN.total_seconds() // 60)} minutes ago: rule on the account anew."
    if Ruled.objects.filter(account_id=ruled.account_id, time__gt=ruled.time).exists():
        return "Somebody has decided about this account since."
    return ""


def _open_again(ruled: Ruled, person: Any, now: datetime) -> None:
    """The case that this ruling settled, in the hands of who decided it; not beside one that opened since."""
    if ruled.case_id is None or Case.objects.filter(account_id=ruled.account_id, state="open").exists():
        return
    Case.objects.filter(pk=ruled.case_id, state="decided", settled=ruled.time).update(
        state="open", settled=None, locked_by=person, locked_until=now + HELD
    )


def _where_it_stood(ruled: Ruled, now: datetime) -> tuple[Rung, float | None]:
    """Rung and seconds left; None: as long as the policy says."""
    rung = Rung(ruled.rung_before)
    if rung is Rung.ALLOW or ruled.until_before is None:
        return rung, None
    left_s = (ruled.until_before - now).total_seconds()
    return (rung, left_s) if left_s > 0.0 else (Rung.ALLOW, None)
