"""Accounts that were found to act together with one whose measure was a mistake: people look at them again."""

from datetime import datetime

from django.db.models import Exists, OuterRef

from tidegate.desk.ledger.models import Account, stored
from tidegate.desk.node_link import NodeAbsent, node
from tidegate.desk.review.models import Case, Ruled
from tidegate.engine.rungs import Rung

MOST = 500
"""Accounts of one campaign for which cases are opened."""


def look_again_at_linked(account: Account, now: datetime) -> int:
    """Open a case for each account that is limited, was found in the same campaign, and about which no person decided.

    Returns how many. Raises StorageError. Without a node nothing is known of campaigns, and nothing can be ruled either.
    """
    try:
        campaigns = node().campaigns
    except NodeAbsent:
        return 0
    membership = campaigns.of_account(account.key)
    if membership is None:
        return 0
    members, _ = campaigns.members(membership.campaign.id, MOST)
    keys = [stored(member.key) for member in members if member.key != account.key]
    ruled = Ruled.objects.filter(account=OuterRef("pk"))
    open_cases = Case.objects.filter(account=OuterRef("pk"), state="open")
    found = Account.objects.filter(~Exists(ruled), ~Exists(open_cases), id__in=keys, rung__gte=Rung.CHALLENGE)
    cases = [
        Case(
            account=one, kind="campaign", opened=now, priority=float(one.rung), probability=1.0, state="open"
        )
        for one in found
    ]
    Case.objects.bulk_create(cases, ignore_conflicts=True)
    return len(cases)
