"""Fitting the desk's copy to a node's ledger that was put back from an older backup."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F

from tidegate.desk.audit.chain import DESK, record
from tidegate.desk.ledger.copying import COUNTED, counted
from tidegate.desk.ledger.models import Account, Cursor, Decision, Tally
from tidegate.desk.review.models import Sample
from tidegate.engine.rungs import Rung

PIECE = 1_000
MOST_LOOKED_AT = 100_000
"""Of the desk's decisions, latest first, until one is found that the ledger knows."""
NumberOf = Callable[[str], int | None]
"""A decision's number in the node's ledger, by its id; None: it does not know it."""


class NothingInCommon(Exception):  # noqa: N818 - an answer to the person
    """Another node's ledger, or one that is too old; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """What became of the copy."""

    after: int
    """Number of the last decision that both have."""
    dropped: int
    """Decisions of the desk's that came after it; the node brings those anew that follow from its journal."""


def follow_again(number_of: NumberOf) -> Fitted:
    """Drop what the desk copied after the last decision that its ledger still knows, and copy from there.

    Rulings, the record, appeals and cases stay; what was drawn among the dropped ones is drawn again. The node must not
    run. Raises :class:`NothingInCommon` or django.db.Error.
    """
    with transaction.atomic():
        cursor = Cursor.now()
        after = _last_in_common(number_of)
        dropped = 0
        touched: set[int] = set()
        while piece := list(Decision.objects.filter(number__gt=after).order_by("-number")[:PIECE]):
            _take_out_of_tallies(piece)
            touched.update(one.account_id for one in piece)
            dropped += len(piece)
            Decision.objects.filter(number__in=[one.number for one in piece]).delete()
        for key in touched:
            _stand_as_before(key)
        Sample.objects.filter(decision_number__gt=after).delete()
        cursor.number = after
        cursor.save()
        # From the first one: those that the desk has written down are known by their identifiers.
        Cursor.objects.filter(pk=Cursor.RULINGS).update(number=0)
        record(DESK, "ledger.followed-again", after=after, dropped=dropped)
    return Fitted(after, dropped)


def _last_in_common(number_of: NumberOf) -> int:
    looked_at, before = 0, None
    while looked_at < MOST_LOOKED_AT:
        found = Decision.objects.order_by("-number").values_list("number", "uid")
        piece = list((found if before is None else found.filter(number__lt=before))[:PIECE])
        for number, uid in piece:
            if number_of(uid) == number:
                return int(number)
        if len(piece) < PIECE:
            break
        looked_at, before = looked_at + PIECE, piece[-1][0]
    raise NothingInCommon(
        "the desk and the node's ledger have no decision in common: this is another node's ledger, or its decisions have "
        "all outlived their retention; put back the desk's database from the same backup, or begin with an empty one"
    )


def _take_out_of_tallies(piece: Sequence[Decision]) -> None:
    for one in piece:
        Tally.objects.filter(day=one.time.date(), rung=one.rung, stage=one.stage).update(
            **{name: F(name) - count for name, count in zip(COUNTED, counted(one), strict=True)}
        )


def _stand_as_before(key: int) -> None:
    """Bring an account to its last decision that is left."""
    left = Decision.objects.filter(account_id=key).order_by("-number").first()
    account = Account.objects.get(pk=key)
    account.decisions = Decision.objects.filter(account_id=key).count()
    account.rung, account.until, account.acted = int(Rung.ALLOW), None, True
    if left is not None:
        account.rung, account.until, account.acted = left.rung, left.until, left.acted
        account.decided, account.stage, account.score = left.time, left.stage, left.score
        account.first_contacts, account.messages = left.first_contacts, left.messages
    account.save()
