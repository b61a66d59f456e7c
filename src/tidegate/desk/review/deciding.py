"""Deciding a case: an ordinary one, a blind one, and one that is disputed."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from tidegate.desk.access.roles import Right
from tidegate.desk.audit.chain import record
from tidegate.desk.ledger.models import Account
from tidegate.desk.review.models import Case, Ruled
from tidegate.desk.review.ruling import UPHOLD, confirm, held_by_other, rule
from tidegate.desk.review.taking import take
from tidegate.engine.rungs import Rung


def decide(person: Any, case: Case, account: Account, verdict: str, **asked: Any) -> Ruled:
    """An open case, which this person holds from now on if nobody did. ``asked``: as for
    :func:`tidegate.desk.review.ruling.rule`.

    Raises what that raises; and PermissionDenied when the case is settled, held by somebody else, or disputed by this
    person.
    """
    _check(person, case)
    if not take(case.pk, person):
        raise PermissionDenied("somebody else has taken this case")
    return rule(person, account, verdict, case=case, **asked)


def decide_blind(person: Any, case: Case, account: Account, *, abusive: bool, note: str) -> Ruled | None:
    """What somebody thinks who was not told what was decided.

    Agreement upholds what stands; where nothing stands any more, or only a senior reviewer may uphold it, it is written
    down and changes nothing, so that nobody learns from a refusal what was decided. Disagreement decides nothing: the
    case goes to a senior reviewer, open to them, and None comes back. Only whoever holds it may say so: others could have
    looked at the account's page.
    """
    _check(person, case)
    if case.locked_by_id != person.pk or not case.is_held:
        raise PermissionDenied("take the case first: whoever looks blindly at it holds it")
    if not case.blind or case.first_by_id is not None:
        raise PermissionDenied("this case is not a blind one any more")
    if abusive:
        may_uphold = account.rung < Rung.BAN or person.may(Right.RULE_BAN)
        if account.rung > Rung.ALLOW and may_uphold:
            return rule(person, account, UPHOLD, note=note, case=case)
        return confirm(person, account, note=note, case=case)
    with transaction.atomic():
        case = Case.objects.select_for_update().get(pk=case.pk)
        _check(person, case)
        case.first_by, case.locked_by, case.locked_until = person, None, None
        case.save(update_fields=["first_by", "locked_by", "locked_until"])
        record(person, "case.disputed", account.pseudonym, case=case.pk, abusive=abusive, why=note)
    return None


def _check(person: Any, case: Case) -> None:
    if case.state != "open":
        raise PermissionDenied("this case is settled already")
    held_by_other(case, person)
    if case.first_by_id == person.pk:
        raise PermissionDenied("you disputed this case; somebody else decides it")
