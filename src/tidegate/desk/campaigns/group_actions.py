"""Acting on several accounts of a campaign in one go, and taking that back."""

import math
import uuid
from typing import Any

from django.db import transaction
from django.utils import timezone

from tidegate.desk.accounts.forms import CHANGE, OVERTURN
from tidegate.desk.accounts.queries import accounts_of
from tidegate.desk.audit.chain import record
from tidegate.desk.campaigns.models import GroupAction, GroupMember
from tidegate.desk.campaigns.preview import Preview
from tidegate.desk.ledger.models import stored
from tidegate.desk.node_link import node
from tidegate.desk.review.models import Ruled
from tidegate.desk.review.ruling import Part, rule_many, rule_parts
from tidegate.engine.rungs import Rung
from tidegate.statements.statement import pseudonym_shown

_SIGN = 1 << 63
_HOUR_S = 3_600.0


class NothingToDo(Exception):  # noqa: N818 - an answer to the person
    """There is nobody to act on."""


def act(person: Any, shown: Preview) -> GroupAction:
    """Carry out what a preview shows, all of it or nothing.

    Raises :class:`NothingToDo`, PermissionDenied, and whatever the node raises when it cannot.
    """
    asked, changes = shown.question, shown.acted_on
    if not changes:
        raise NothingToDo("Nobody is left to act on.")
    with transaction.atomic():
        accounts = accounts_of(
            [change.key for change in changes],
            {change.key: node().standing(change.key) for change in changes},
        )
        made = GroupAction.objects.create(
            group=uuid.uuid4(),
            campaign=stored(asked.campaign),
            person=person,
            time=timezone.now(),
            verdict=asked.verdict,
            rung=asked.rung,
            accounts=len(changes),
            note=asked.note,
        )
        GroupMember.objects.bulk_create(
            [
                GroupMember(
                    action=made,
                    account=accounts[change.key],
                    rung_before=int(change.now),
                    until_before=change.until,
                )
                for change in changes
            ]
        )
        record(
            person,
            "campaign.acted",
            pseudonym_shown(asked.campaign),
            verdict=asked.verdict,
            rung=asked.rung.word if asked.rung is not None else None,
            accounts=len(changes),
            skipped=len(shown.changes) - len(changes),
            group=str(made.group),
        )
        rule_many(
            person,
            [accounts[change.key] for change in changes],
            asked.verdict,
            note=asked.note,
            rung=asked.rung,
            duration_s=asked.duration_s,
            finding=asked.finding or None,
            group=made.group,
        )
    return made


def may_undo(action: GroupAction) -> bool:
    """A label cannot be taken back, only contradicted; and nothing is undone twice."""
    return action.verdict in (CHANGE, OVERTURN) and action.undone is None


def undo(person: Any, action: GroupAction, note: str) -> tuple[int, int]:
    """Put each account back where it stood, but for those that somebody ruled on since.

    Returns how many, and how many not. Whoever stood on no rung, or on one that has ended meanwhile, is found to have
    done nothing wrong. Raises :class:`NothingToDo`, PermissionDenied, and whatever the node raises when it cannot.
    """
    with transaction.atomic():
        action = GroupAction.objects.select_for_update().get(pk=action.pk)
        if not may_undo(action):
            raise NothingToDo("This was undone already, or is a label, which can only be contradicted.")
        members = list(action.members.select_related("account"))
        mine, others = _still_as_ruled(action, members)
        if not mine:
            raise NothingToDo("Somebody has decided about each of them since, so there is nothing to undo.")
        action.undone, action.undone_by = timezone.now(), person
        action.save()
        about = pseudonym_shown(action.campaign + _SIGN)
        record(person, "campaign.undone", about, accounts=len(mine), left=others, group=str(action.group))
        parts = [
            Part(
                accounts,
                CHANGE if rung > Rung.ALLOW else OVERTURN,
                rung if rung > Rung.ALLOW else None,
                hours * _HOUR_S if rung > Rung.ALLOW and hours else None,
            )
            for (rung, hours), accounts in _back(mine, action.undone).items()
        ]
        rule_parts(person, parts, note=note)
    return len(mine), others


def _still_as_ruled(action: GroupAction, members: list[GroupMember]) -> tuple[list[GroupMember], int]:
    """Members about whom nobody has ruled since, and how many the others are."""
    found = Ruled.objects.filter(account_id__in=[one.account_id for one in members]).order_by("time", "pk")
    latest = dict(found.values_list("account_id", "group"))  # the last of each stays
    mine = [one for one in members if latest.get(one.account_id) == action.group]
    return mine, len(members) - len(mine)


def _back(members: list[GroupMember], now: Any) -> dict[tuple[Rung, int], list[Any]]:
    """Accounts by where they go and for how many hours; 0: as long as the policy says."""
    found: dict[tuple[Rung, int], list[Any]] = {}
    for one in members:
        rung, hours = Rung(one.rung_before), 0
        if rung > Rung.ALLOW and one.until_before is not None:
            left_s = (one.until_before - now).total_seconds()
            rung = rung if left_s > 0.0 else Rung.ALLOW
            hours = math.ceil(left_s / _HOUR_S) if left_s > 0.0 else 0
        found.setdefault((rung, hours), []).append(one.account)
    return found
