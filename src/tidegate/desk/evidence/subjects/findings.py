"""Findings on the messenger, copied into a case from what was decided there."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from tidegate.desk.accounts.refusals import REFUSALS, in_words
from tidegate.desk.audit.chain import record
from tidegate.desk.evidence.cases import custody
from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.subjects import ends
from tidegate.desk.evidence.subjects.models import Finding
from tidegate.desk.ledger.models import Decision, stored
from tidegate.desk.node_link import node
from tidegate.engine.rungs import Rung

MOST_MEMBERS = 500
SIGNAL_LENGTH, WORDS_LENGTH = 500, 2_000


class FindingError(ValueError):
    """Nothing can be added; the message says why."""


def add_account(person: Any, case: Case, key: int, campaign: int | None = None) -> int:
    """What was decided against an account first and last. ``key`` is its pseudonym. Returns how many were new.

    Raises FindingError when nothing was decided against it.
    """
    return _add(person, case, [stored(key)], campaign)


def add_campaign(person: Any, case: Case, key: int) -> int:
    """The same for all members of a campaign. Raises FindingError."""
    try:
        members, _ = node().campaigns.members(key, MOST_MEMBERS)
    except REFUSALS as error:
        raise FindingError(in_words(error)) from None
    if not members:
        raise FindingError(
            f"there is no campaign {ends.campaign(key).partition(':')[2]}, or it has no members any more"
        )
    return _add(person, case, [stored(one.key) for one in members], stored(key))


def _add(person: Any, case: Case, accounts: list[int], campaign: int | None) -> int:
    if not case.is_open:
        raise FindingError(f"{case} is closed: open it again first")
    now = timezone.now()
    made = [
        _finding(person, case, decision, campaign, now)
        for account in accounts
        for decision in _first_and_last(account)
    ]
    if not made:
        raise FindingError("nothing was decided against it on the messenger, so there is no finding")
    with transaction.atomic():
        before = Finding.objects.filter(case=case).count()
        Finding.objects.bulk_create(made, ignore_conflicts=True)
        new: int = Finding.objects.filter(case=case).count() - before
        if new:
            name = (
                ends.campaign_stored(campaign) if campaign is not None else ends.account_stored(accounts[0])
            )
            custody.add(case, person, "finding added", "", {"about": name, "findings": new})
            record(person, "finding.added", case.name, of=name, findings=new)
    return new


def _first_and_last(account: int) -> list[Decision]:
    """Of the decisions that were carried out against it."""
    against = Decision.objects.filter(account_id=account, rung__gt=int(Rung.ALLOW), withheld="no")
    found = (*against.order_by("number")[:1], *against.order_by("-number")[:1])
    return list({one.number: one for one in found}.values())


def _finding(person: Any, case: Case, decision: Decision, campaign: int | None, now: Any) -> Finding:
    reasons = decision.reasons or [{}]
    basis = decision.basis
    signal = f"{reasons[0].get('name', 'decision')}; policy {basis.policy}; model {basis.model}"
    words = f"{decision.word}: " + "; ".join(str(one.get("text", "")) for one in reasons)
    # Clocks of messenger and node may differ by a little: what is recorded cannot lie before what it is about.
    recorded = max(decision.committed, decision.time)
    return Finding(
        case=case,
        account=decision.account_id,
        campaign=campaign,
        decision=decision.uid,
        signal=signal[:SIGNAL_LENGTH],
        words=words[:WORDS_LENGTH],
        abuse_at=decision.time,
        recorded_at=recorded,
        acquired_at=max(now, recorded),
        by=person,
    )
