"""The one way in which a person decides about accounts: written down here, in the record, and carried out by the node."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
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
from tidegate.desk.review.reference import Reference
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
    return _carry_out(asked, [account], case=case, appeal_id=appeal_id)[0]


def confirm(person: Any, account: Account, *, note: str, case: Case) -> Ruled:
    """Say that what was decided was right, and do nothing: for a look that agrees where this person may not uphold, or
    nothing is left to uphold. Settles the case. Raises as :func:`rule`."""
    asked = _Asked(person, LABEL, note, None, None, Finding.ABUSIVE, settles=True)
    return _carry_out(asked, [account], case=case)[0]


def put_back(person: Any, account: Account, rung: Rung, duration_s: float | None, undone: Ruled) -> Ruled:
    """Have an account where it stood before ``undone``. Settles no case and judges nothing. Raises as :func:`rule`."""
    verdict = OVERTURN if rung is Rung.ALLOW else CHANGE
    note = "taken back by the person who had decided it"
    named = None if rung is Rung.ALLOW else rung
    asked = _Asked(person, verdict, note, named, duration_s, None, settles=False)
    return _carry_out(asked, [account], undoes=undone)[0]


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
    return _carry_out(asked, accounts, group=group or uuid.uuid4())


@dataclass(frozen=True, slots=True)
class Part:
    """Some accounts of many, and what is decided about them."""

    accounts: Sequence[Account]
    verdict: str
    rung: Rung | None = None
    duration_s: float | None = None


def rule_parts(person: Any, parts: Sequence[Part], *, note: str) -> list[Ruled]:
    """Decide about many at once, not the same about all; all or none. Raises as :func:`rule_many`."""
    if not person.may(Right.RULE_BAN):
        raise PermissionDenied("acting on many accounts at once takes a senior reviewer")
    asked = [
        (_Asked(person, one.verdict, note, one.rung, one.duration_s, None), one.accounts) for one in parts
    ]
    made: list[Ruled] = []
    rulings: list[Ruling] = []
    with transaction.atomic():
        for one, accounts in asked:
            part = _write_down(one, accounts, group=uuid.uuid4())
            made += part
            rulings += [one.ruling(*pair) for pair in zip(accounts, part, strict=True)]
        node().carry_out_all(rulings)
    return made


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
        settles: bool | None = None,
    ) -> None:
        """``settles``: whether it ends the accounts' cases and judges their samples; None: as the verdict does."""
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
        self.rung, self.duration_s, self._settles = rung, duration_s, settles
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

    def settles(self, account: Account) -> bool:
        """Whether no question about the account is open afterwards.

        A label leaves a measure that stands to be decided. Where none stands any more the label is all there is to say,
        and without it a measure that was right could be judged by nobody.
        """
        if self._settles is not None:
            return self._settles
        return self.verdict != LABEL or account.rung == Rung.ALLOW

    def check(self, account: Account) -> None:
        """Raises PermissionDenied or ValueError when this person may not decide so about this account."""
        if self.verdict == UPHOLD and account.rung == Rung.ALLOW:
            raise ValueError(
                f"{account.pseudonym}: no measure stands, so there is none to uphold; say with a label what it was"
            )
        closes = self.rung is Rung.BAN or (self.verdict == UPHOLD and account.rung == Rung.BAN)
        if closes and not self.person.may(Right.RULE_BAN):
            raise PermissionDenied("closing an account takes a senior reviewer")

    def ruling(self, account: Account, made: Ruled) -> Ruling:
        """What the node is asked, so that its note of it can stand in for ``made`` if that is lost."""
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
            reference=Reference.of(made, settles=self.settles(account)).text,
        )


def _carry_out(
    asked: _Asked,
    accounts: Sequence[Account],
    *,
    group: uuid.UUID | None = None,
    case: Case | None = None,
    appeal_id: int | None = None,
    undoes: Ruled | None = None,
) -> list[Ruled]:
    with transaction.atomic():
        made = _write_down(asked, accounts, group=group, case=case, appeal_id=appeal_id, undoes=undoes)
        node().carry_out_all([asked.ruling(*pair) for pair in zip(accounts, made, strict=True)])
    return made


def _write_down(
    asked: _Asked,
    accounts: Sequence[Account],
    *,
    group: uuid.UUID | None = None,
    case: Case | None = None,
    appeal_id: int | None = None,
    undoes: Ruled | None = None,
) -> list[Ruled]:
    """The rows, and the record; the node is asked last, so that a refusal undoes them."""
    now = timezone.now()
    for account in accounts:
        asked.check(account)
    with transaction.atomic():
        open_cases = _open_cases(accounts)
        if appeal_id is None:  # whoever appeals does not wait for a reviewer who holds the case
            for one in open_cases.values():
                held_by_other(one, asked.person)
                _check_dispute(one, asked.person)
        if case is not None and all(case.pk != one.pk for one in open_cases.values()):
            raise PermissionDenied("this case is settled already")
        made = [_ruled(asked, account, now, open_cases.get(account.pk)) for account in accounts]
        for one in made:
            one.group, one.appeal_id, one.undoes = group, appeal_id, undoes
        Ruled.objects.bulk_create(made)
        for one, account in zip(made, accounts, strict=True):
            about = account.pseudonym
            shown = {"finding": str(asked.finding), "rung": one.rung_after, "why": asked.note}
            record(asked.person, f"account.{asked.verdict}", about, **shown)
        settle([account.pk for account in accounts if asked.settles(account)], asked.finding, now)
    return made


def settle(
    accounts: Sequence[int], finding: Finding, now: datetime, *, up_to: datetime | None = None
) -> None:
    """Close their open cases, and judge what was drawn of them. ``accounts``: primary keys; ``up_to``: only cases and
    samples from before."""
    cases = Case.objects.filter(account_id__in=accounts, state="open")
    samples = Sample.objects.filter(account_id__in=accounts, wrong__isnull=True)
    if up_to is not None:
        cases, samples = cases.filter(opened__lte=up_to), samples.filter(time__lte=up_to)
    cases.update(state="decided", settled=now, locked_by=None, locked_until=None)
    samples.update(wrong=finding is Finding.LEGITIMATE, judged=now)


def _check_dispute(case: Case, person: Any) -> None:
    """Raises PermissionDenied when the case is disputed and this person is not the one to settle it."""
    if case.first_by_id is None:
        return
    if case.first_by_id == person.pk:
        raise PermissionDenied("you disputed this case; somebody else decides it")
    if not person.may(Right.RULE_BAN):
        raise PermissionDenied("this case is disputed; a senior reviewer decides it")


def _open_cases(accounts: Sequence[Account]) -> dict[int, Case]:
    """By account, as they are now and stay until the transaction ends."""
    found = Case.objects.select_for_update().filter(account_id__in=[one.pk for one in accounts], state="open")
    return {one.account_id: one for one in found.order_by("pk")}


def _ruled(asked: _Asked, account: Account, now: datetime, case: Case | None) -> Ruled:
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
        until_before=account.until,
        rung_after=None if after is None else int(after),
        until=until,
        note=asked.note,
    )
