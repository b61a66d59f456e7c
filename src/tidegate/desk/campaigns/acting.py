"""Acting on a campaign: preview, confirm, undo."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from tidegate.desk.access.gate import needs
from tidegate.desk.access.roles import Right
from tidegate.desk.accounts.forms import CHANGE, LABEL, LEAST_REASON
from tidegate.desk.accounts.refusals import REFUSALS, in_words
from tidegate.desk.campaigns.forms import GroupForm
from tidegate.desk.campaigns.group_actions import NothingToDo, act, undo
from tidegate.desk.campaigns.models import GroupAction
from tidegate.desk.campaigns.preview import Preview, Question, opened, preview
from tidegate.desk.campaigns.views import MOST_MEMBERS, show
from tidegate.desk.ledger.models import stored
from tidegate.desk.node_link import node
from tidegate.engine.policy.units import describe_duration
from tidegate.engine.rungs import Rung
from tidegate.statements.statement import pseudonym_shown

BAD_FORM, CHANGED = 422, 409


@needs(Right.RULE_BAN)
@require_POST
def ask(request: Any, campaign: int) -> Any:
    """What would change, for the members that are ticked."""
    form = GroupForm(request.POST)
    ticked = set(request.POST.getlist("member"))
    try:
        members, _ = node().campaigns.members(campaign, MOST_MEMBERS)
        keys = tuple(one.key for one in members if pseudonym_shown(one.key) in ticked)
        if form.is_valid() and not keys:
            form.add_error(None, "Tick at least one member.")
        if not form.is_valid():
            return show(request, campaign, form=form, status=BAD_FORM)
        return _shown(request, preview(_question(campaign, keys, form.cleaned_data), request.user))
    except REFUSALS as error:
        messages.error(request, in_words(error))
        return redirect("campaigns:page", campaign=campaign)


@needs(Right.RULE_BAN)
@require_POST
def confirm(request: Any, campaign: int) -> Any:
    """Carry out what was shown; when anything has changed since, it is shown again."""
    try:
        question, digest = opened(request.POST.get("sealed", ""), request.user)
    except signing.BadSignature:
        messages.error(
            request, "The preview is too old or was made for somebody else. Nothing was done; look again."
        )
        return redirect("campaigns:page", campaign=campaign)
    if question.campaign != campaign:
        messages.error(request, "The preview belongs to another campaign. Nothing was done.")
        return redirect("campaigns:page", campaign=campaign)
    try:
        current = preview(question, request.user)
        if current.digest != digest:
            return _shown(request, current, changed=True)
        made = act(request.user, current)
    except (*REFUSALS, NothingToDo, PermissionDenied, ValueError) as error:
        messages.error(request, str(error) if isinstance(error, NothingToDo) else in_words(error))
        return redirect("campaigns:page", campaign=campaign)
    messages.success(request, f"Decided about {made.accounts:,} accounts. The node carries it out now.")
    return redirect("campaigns:page", campaign=campaign)


@needs(Right.RULE_BAN)
@require_POST
def take_back(request: Any, campaign: int, group: UUID) -> Any:
    """Undo one of the actions on this campaign."""
    action = get_object_or_404(GroupAction, pk=group, campaign=stored(campaign))
    note = request.POST.get("note", "").strip()
    if len(note) < LEAST_REASON:
        messages.error(request, f"Say why, in at least {LEAST_REASON} characters. Nothing was undone.")
        return redirect("campaigns:page", campaign=campaign)
    try:
        back, left = undo(request.user, action, note[:500])
    except (*REFUSALS, NothingToDo, PermissionDenied, ValueError) as error:
        messages.error(request, str(error) if isinstance(error, NothingToDo) else in_words(error))
        return redirect("campaigns:page", campaign=campaign)
    words = f"{back:,} accounts are put back where they stood."
    if left:
        words += f" {left:,} stay as they are: somebody has decided about them since."
    messages.success(request, words)
    return redirect("campaigns:page", campaign=campaign)


def _question(campaign: int, keys: tuple[int, ...], asked: dict[str, Any]) -> Question:
    change = asked["verdict"] == CHANGE
    return Question(
        campaign=campaign,
        keys=keys,
        verdict=asked["verdict"],
        rung=Rung(asked["rung"]) if change else None,
        duration_s=asked["duration"] if change else None,
        finding=asked["finding"] if asked["verdict"] == LABEL else "",
        note=asked["note"],
    )


def _shown(request: Any, found: Preview, *, changed: bool = False) -> Any:
    shown = {
        "campaign": found.question.campaign,
        "preview": found,
        "question": found.question,
        "lasting": describe_duration(found.question.duration_s) if found.question.duration_s else "",
        "sealed": found.sealed(request.user),
        "changed": changed,
    }
    return render(request, "campaigns/preview.html", shown, status=CHANGED if changed else 200)
