"""Deciding appeals: taking one up so that nobody else decides it, and deciding it, by somebody who had no part before."""

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from tidegate.desk.access.roles import Right
from tidegate.desk.appeals.linked import look_again_at_linked
from tidegate.desk.appeals.models import LOCK, MOST_CHARACTERS, Appeal, Outcome, State
from tidegate.desk.audit.chain import record
from tidegate.desk.ledger.copying import moment
from tidegate.desk.ledger.models import Account
from tidegate.desk.node_link import node
from tidegate.desk.review.models import Ruled
from tidegate.desk.review.ruling import rule
from tidegate.engine.rungs import Rung

SENTENCES = {
    Outcome.GRANTED: ("reason_mistake", "reason_explained", "reason_taken_over"),
    Outcome.PARTLY: ("reason_milder", "reason_explained", "reason_taken_over"),
    Outcome.REJECTED: ("reason_confirmed", "reason_unexplained", "reason_business"),
}
"""Prepared reasons for the holder, by outcome; they are in the texts of every language."""
_VERDICTS = {Outcome.GRANTED: "overturn", Outcome.PARTLY: "change"}


class NotDecided(Exception):  # noqa: N818 - an answer to the person who decides
    """The appeal cannot be decided so; the message says why, and nothing was changed."""


def may_decide(person: Any, appeal: Appeal) -> str:
    """Why this person may not decide it; empty: they may.

    Whoever has decided anything about the account had a part in the measure, or in keeping it. What a program decided
    alone anybody with the right may decide.
    """
    if not person.may(Right.DECIDE_APPEAL):
        return "Your role does not decide appeals."
    if Ruled.objects.filter(account_id=appeal.account_id, person=person).exists():
        return "You have decided about this account before, so somebody else decides this appeal."
    return ""


def take_up(person: Any, appeal: Appeal, now: datetime | None = None) -> bool:
    """Have it to oneself for :data:`LOCK`, or keep it for as long again. False: somebody else has it, or it is over."""
    now = now or timezone.now()
    free = Q(locked_by=None) | Q(locked_by=person) | Q(locked_until__lte=now)
    mine = Appeal.objects.filter(free, pk=appeal.pk, state=State.WAITING)
    taken = bool(mine.update(locked_by=person, locked_until=now + LOCK))
    if taken:
        Appeal.objects.filter(pk=appeal.pk, looked_at=None).update(looked_at=now)
    return taken


def release(person: Any, appeal: Appeal) -> None:
    """Let others have it."""
    Appeal.objects.filter(pk=appeal.pk, locked_by=person).update(locked_by=None, locked_until=None)


def decide(
    person: Any,
    appeal: Appeal,
    outcome: Outcome,
    *,
    sentence: str,
    words: str = "",
    note: str = "",
    rung: Rung | None = None,
    duration_s: float | None = None,
) -> Appeal:
    """Decide it, tell the holder why, and have the node do what follows; all of it, or nothing.

    ``sentence``: one of :data:`SENTENCES`; ``words``: more in the holder's language, shown as they are; ``note``: for
    colleagues. ``rung`` and ``duration_s``: the measure that takes the place of the present one, when granted in part.

    Raises PermissionDenied when this person may not, :class:`NotDecided` with what is wrong, and whatever the node
    raises when it cannot carry it out.
    """
    with transaction.atomic():
        locked = Appeal.objects.select_for_update().get(pk=appeal.pk)
        account = as_it_stands(Account.objects.select_for_update().get(pk=locked.account_id))
        if reason := may_decide(person, locked):
            raise PermissionDenied(reason)
        now = timezone.now()
        _check(person, locked, account, outcome, sentence, words, note, rung, now)
        locked.state, locked.outcome, locked.decided = State.DECIDED, outcome, now
        locked.decided_by, locked.sentence, locked.words, locked.note = (
            person,
            sentence,
            words.strip(),
            note.strip(),
        )
        locked.looked_at = locked.looked_at or now
        locked.locked_by = locked.locked_until = None
        locked.save()
        told = {"appeal": locked.pk, "outcome": str(outcome), "in_time": now <= locked.due}
        record(person, "appeal.decided", account.pseudonym, **told)
        if outcome == Outcome.GRANTED:
            look_again_at_linked(account, now)
        _rule(person, account, locked, outcome, rung, duration_s)
    return locked


def as_it_stands(account: Account) -> Account:
    """With the rung that the node says it stands on now: what was copied may be a moment old, and a measure may have
    ended since. Raises NodeAbsent or StorageError."""
    standing = node().standing(account.key)
    if standing.known:
        account.rung = int(standing.rung)
        account.until = moment(standing.until_s) if standing.until_s is not None else None
    return account


def _check(
    person: Any,
    appeal: Appeal,
    account: Account,
    outcome: Outcome,
    sentence: str,
    words: str,
    note: str,
    rung: Rung | None,
    now: datetime,
) -> None:
    if appeal.state != State.WAITING:
        raise NotDecided("This appeal is not waiting any more: it was decided or withdrawn meanwhile.")
    if (other := appeal.holder_now(now)) and other != str(person):
        raise NotDecided(f"{other} is looking at this appeal at the moment.")
    if sentence not in SENTENCES[outcome]:
        raise NotDecided("Choose a reason for the account holder that goes with the outcome.")
    if max(len(words), len(note)) > MOST_CHARACTERS:
        raise NotDecided(f"Reasons and note may have {MOST_CHARACTERS} characters each.")
    if outcome == Outcome.PARTLY and (rung is None or not Rung.ALLOW < rung < account.rung):
        raise NotDecided("Granted in part needs a measure milder than the present one; granted undoes it.")
    if outcome != Outcome.PARTLY and rung is not None:
        raise NotDecided("Another measure goes with an appeal that is granted in part.")


def _rule(
    person: Any,
    account: Account,
    appeal: Appeal,
    outcome: Outcome,
    rung: Rung | None,
    duration_s: float | None,
) -> None:
    """Have done what follows from the outcome."""
    note = f"Appeal {appeal.pk} {outcome.label.lower()}. {appeal.note or appeal.words}".strip()
    if outcome == Outcome.REJECTED:
        # The measure stays exactly as it is: to uphold it anew would make it last longer because somebody appealed.
        rule(person, account, "label", finding="abusive", note=note, appeal_id=appeal.pk)
    else:
        verdict = _VERDICTS[outcome]
        rule(person, account, verdict, note=note, rung=rung, duration_s=duration_s, appeal_id=appeal.pk)
