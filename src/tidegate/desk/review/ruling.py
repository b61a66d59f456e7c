"""The one way in which a person decides about accounts: written down here, in the record, and carried out by the node."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from tidegate.desk.access.roles import Right
from tidegate.desk.audit.chain import record
from tidegate.desk.ledger.models import Account
from tidegate.desk.node_link import node
from tidegate.desk.review.models import Case, Ruled, Sample
from tidegate.engine.rungs import Rung
from tidegate.node.requests import Finding, Ruling

UPHOLD, OVERTURN, CHANGE, LABEL = "uphold", "overturn", "change", "label"
LEAST_NOTE = 4
"""Characters of a reason."""


def rule(
    person: Any,
    account: Account,
    verdict: str,
    *,
    note: str,
    rung: Rung | None = None,
    duration_s: float | None = None,
    finding: Finding | str | None = None,
    case: Case | None = None,
    appeal_id: int | None = None,
) -> Ruled:
    """Decide about one account. ``rung`` and ``duration_s`` go with ``change``, ``finding`` with ``label``.

    Raises PermissionDenied, ValueError for what cannot be meant, and what :meth:`NodeLink.carry_out` raises; then nothing
    has changed.
    """
    asked = _Asked(person, verdict, note, rung, duration_s, finding)
    if case is not None:
        held_by_other(case, person)
    return _carry_out(asked, [account], None, case, appeal_id)[0]


def rule_many(
    person: Any,
    accounts: Sequence[Account],
    verdict: str,
    *,
    note: str,
    rung: Rung | None = None,
    duration_s: float | None = None,
    finding: Finding | str | None = None,
    group: uuid.UUID | None = None,
) -> list[Ruled]:
    """Decide about many at once, all or none; as :func:`rule`."""
    if not person.may(Right.RULE_BAN):
        raise PermissionDenied("acting on many accounts at once takes a senior reviewer")
    asked = _Asked(person, verdict, note, rung, duration_s, finding)
    return _carry_out(asked, accounts, group or uuid.uuid4(), None, None)


def held_by_other(case: Case, person: Any) -> None:
    """Raises PermissionDenied when somebody else has taken the case."""
    if (
        case.locked_by_id not in (None, person.pk)
        and case.locked_until
        and case.locked_until > timezone.now()
    ):
        raise PermissionDenied("somebody else has taken this case")


class _Asked:
    """What a person wants, checked."""

    def __init__(
        self,
        person: Any,
        verdict: str,
        note: str,
        rung: Rung | None,
        duration_s: float | None,
        finding: Finding | str | None,
    ) -> None:
        if verdict not in (UPHOLD, OVERTURN, CHANGE, LABEL):
            raise ValueError(f"no such verdict: {verdict!r}; uphold, overturn, change or label")
        if len(note.strip()) < LEAST_NOTE:
            raise ValueError(f"say why, in at least {LEAST_NOTE} characters")
        if (verdict == CHANGE) != (rung is not None) or (duration_s is not None and rung is None):
            raise ValueError("a rung, and how long, go with a change and with nothing else")
        if rung is Rung.ALLOW:
            raise ValueError("to undo a measure, overturn it")
        if (verdict == LABEL) != (finding is not None):
            raise ValueError("a finding goes with a label and with nothing else")
        if not person.may(Right.RULE):
            raise PermissionDenied("this role does not decide about accounts")
        self.person, self.verdict, self.note = person, verdict, note.strip()
        self.rung, self.duration_s = rung, duration_s
        if finding is not None:
            self.finding = Finding(finding)
        else:
            self.finding = Finding.LEGITIMATE if verdict == OVERTURN else Finding.ABUSIVE

    def rung_for(self, account: Account) -> Rung | None:
        """Where the account stands afterwards; None: where it stood."""
        if self.verdict == LABEL:
            return None
        if self.verdict == OVERTURN:
            return Rung.ALLOW
        return self.rung if self.verdict == CHANGE else Rung(account.rung)

    def check(self, account: Account) -> None:
        """Raises PermissionDenied or ValueError when this person may not decide so about this account."""
        if self.verdict == UPHOLD and account.rung == Rung.ALLOW:
            raise ValueError(f"{account.pseudonym}: there is no measure to uphold")
        closes = self.rung is Rung.BAN or (self.verdict == UPHOLD and account.rung == Rung.BAN)
        if closes and not self.person.may(Right.RULE_BAN):
            raise PermissionDenied("closing an account takes a senior reviewer")

    def ruling(self, account: Account) -> Ruling:
        """What the node is asked."""
        named = self.rung_for(account) if self.finding is Finding.ABUSIVE and self.verdict != LABEL else None
        return Ruling(
            account="",
            key=account.key,
            finding=self.finding,
            by=str(self.person),
            note=self.note,
            rung=named,
            duration_s=self.duration_s,
            label_only=self.verdict == LABEL,
        )


def _carry_out(
    asked: _Asked,
    accounts: Sequence[Account],
    group: uuid.UUID | None,
    case: Case | None,
    appeal_id: int | None,
) -> list[Ruled]:
    now = timezone.now()
    for account in accounts:
        asked.check(account)
    with transaction.atomic():
        ids = [account.pk for account in accounts]
        open_cases = {one.account_id: one for one in Case.objects.filter(account_id__in=ids, state="open")}
        made = [
            _ruled(asked, account, now, group, case or open_cases.get(account.pk), appeal_id)
            for account in accounts
        ]
        Ruled.objects.bulk_create(made)
        for one, account in zip(made, accounts, strict=True):
            about = account.pseudonym
            shown = {"finding": str(asked.finding), "rung": one.rung_after, "why": asked.note}
            record(asked.person, f"account.{asked.verdict}", about, **shown)
        if asked.verdict != LABEL:
            Case.objects.filter(account_id__in=ids, state="open").update(
                state="decided", settled=now, locked_by=None, locked_until=None
            )
            Sample.objects.filter(account_id__in=ids, wrong__isnull=True).update(
                wrong=asked.verdict == OVERTURN, judged=now
            )
        node().carry_out_all([asked.ruling(account) for account in accounts])
    return made


def _ruled(
    asked: _Asked,
    account: Account,
    now: datetime,
    group: uuid.UUID | None,
    case: Case | None,
    appeal_id: int | None,
) -> Ruled:
    after = asked.rung_for(account)
    until = None
    if asked.duration_s is not None:
        until = now + timedelta(seconds=asked.duration_s)
    elif asked.verdict == UPHOLD:
        until = account.until
    return Ruled(
        account=account,
        case=case,
        person=asked.person,
        time=now,
        verdict=asked.verdict,
        finding=str(asked.finding),
        rung_before=account.rung,
        rung_after=None if after is None else int(after),
        until=until,
        note=asked.note,
        group=group,
        appeal_id=appeal_id,
    )
