"""Looking at campaigns: the list, and one campaign."""

from typing import Any

from django.http import Http404
from django.shortcuts import render
from django.utils.safestring import mark_safe

from tidegate.desk.access.gate import needs
from tidegate.desk.access.roles import Right
from tidegate.desk.accounts.refusals import REFUSALS, in_words
from tidegate.desk.campaigns.forms import GroupForm
from tidegate.desk.campaigns.group_actions import may_undo
from tidegate.desk.campaigns.models import GroupAction
from tidegate.desk.campaigns.ties import Node, ties_picture
from tidegate.desk.ledger.copying import moment
from tidegate.desk.ledger.models import Account, stored
from tidegate.desk.node_link import node
from tidegate.engine.rungs import Rung
from tidegate.node.campaign_table import CampaignKept, Campaigns, MemberKept
from tidegate.statements.statement import pseudonym_shown

PAGE = 30
MOST_MEMBERS = 1_000
"""Shown of one campaign, and acted on at once."""
TIES_LISTED = 15
MOST_INFRASTRUCTURE, MOST_OTHERS = 20, 200
ACTIONS_SHOWN = 20
_NEWEST = 1 << 62


@needs(Right.SEE)
def list(request: Any) -> Any:
    """Campaigns, newest first."""
    before = request.GET.get("before", "")
    try:
        found = node().campaigns.page(int(before) if before.isdecimal() else _NEWEST, PAGE + 1)
        searching, trouble = str(node().health().get("campaigns", "")), ""
    except REFUSALS as error:
        found, searching, trouble = [], "", in_words(error)
    return render(
        request,
        "campaigns/list.html",
        {
            "campaigns": [_shown(one) for one in found[:PAGE]],
            "older": found[PAGE - 1].number if len(found) > PAGE else None,
            "searching": searching,
            "trouble": trouble,
        },
    )


@needs(Right.SEE)
def page(request: Any, campaign: int) -> Any:
    """One campaign."""
    return show(request, campaign)


def show(request: Any, campaign: int, *, form: Any = None, status: int = 200) -> Any:
    """The page of a campaign, with the form as it was filled in. Raises Http404 when it is not kept."""
    try:
        kept = node().campaigns
        found = kept.one(campaign)
        members, victims = kept.members(campaign, MOST_MEMBERS) if found else ([], [])
        links = kept.links(campaign) if found else []
        infrastructure = _infrastructure(kept, campaign)
    except REFUSALS as error:
        return render(request, "campaigns/absent.html", {"trouble": in_words(error)}, status=503)
    if found is None:
        raise Http404("there is no such campaign, or it was forgotten or joined to another")
    rows = Account.objects.in_bulk([stored(one.key) for one in (*members, *victims)])
    place = {member.place: at for at, member in enumerate(members) if member.place >= 0}
    ties = [(place[one], place[other], nats) for one, other, nats in links if one in place and other in place]
    drawn = [
        Node(
            pseudonym_shown(one.key),
            Rung(rows[stored(one.key)].rung if stored(one.key) in rows else 0),
            one.score,
        )
        for one in members
        if one.place >= 0
    ]
    ticked = set(form.data.getlist("member")) if form is not None else None
    return render(
        request,
        "campaigns/page.html",
        {
            "campaign": _shown(found),
            "facts": found.facts,
            "infrastructure": infrastructure,
            "members": [_member(one, rows, ticked) for one in members],
            "cut": found.members > len(members),
            "victims": [_member(one, rows, ticked) for one in victims],
            "picture": mark_safe(ties_picture(drawn, ties, [pseudonym_shown(one.key) for one in victims]))
            if drawn
            else "",
            "ties": [
                {"one": members[one].key, "other": members[other].key, "nats": nats}
                for one, other, nats in ties[:TIES_LISTED]
            ],
            "ties_total": len(ties),
            "form": form or GroupForm(),
            "actions": [
                {"action": one, "may_undo": may_undo(one)}
                for one in GroupAction.objects.filter(campaign=stored(campaign))
                .select_related("person", "undone_by")
                .order_by("-time")[:ACTIONS_SHOWN]
            ],
        },
        status=status,
    )


def _infrastructure(kept: Campaigns, campaign: int) -> Any:
    """What several members used, each with the other campaigns whose own it is."""
    rows = kept.infrastructure(campaign)[:MOST_INFRASTRUCTURE]
    others: dict[tuple[str, int], set[int]] = {}
    for other, kind, key in kept.with_infrastructure([(one.kind, one.key) for one in rows], MOST_OTHERS):
        if other != campaign:
            others.setdefault((kind, key), set()).add(other)
    return [{"one": one, "others": sorted(others.get((one.kind, one.key), ()))} for one in rows]


def _shown(kept: CampaignKept) -> dict[str, Any]:
    return {
        "id": kept.id,
        "kind": kept.kind.name.lower(),
        "first": moment(kept.first_s),
        "last": moment(kept.last_s),
        "members": kept.members,
        "score": kept.score,
        "q_value": f"{kept.q_value:.1g}",
        "reason": kept.reason,
    }


def _member(one: MemberKept, rows: dict[int, Account], ticked: set[str] | None) -> dict[str, Any]:
    return {
        "key": one.key,
        "score": one.score,
        "found": moment(one.found_s),
        "earlier": one.place < 0,
        "account": rows.get(stored(one.key)),
        "ticked": ticked is None or pseudonym_shown(one.key) in ticked,
    }
