"""What is held about an account: taken out as a file, or erased."""

import json
from typing import Any

from django.contrib import messages
from django.core import signing
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from tidegate.desk.access.gate import needs
from tidegate.desk.access.roles import Right
from tidegate.desk.accounts.exporting import held
from tidegate.desk.accounts.forgetting import forget
from tidegate.desk.accounts.forms import ConfirmForm, EraseForm
from tidegate.desk.accounts.refusals import REFUSALS, in_words
from tidegate.desk.audit.chain import record
from tidegate.desk.ledger.models import Account, Decision, stored
from tidegate.desk.node_link import node
from tidegate.node.requests import Erasure
from tidegate.statements.statement import pseudonym_shown

BAD_FORM = 422
_SALT = "tidegate.accounts.erase"
_CONFIRM_WITHIN_S = 900


@needs(Right.EXPORT)
@require_POST
def export(request: Any, key: int) -> Any:
    """Everything held about the account, as one JSON file."""
    shown = pseudonym_shown(key)
    try:
        with transaction.atomic():
            record(request.user, "account.exported", shown)
            body = json.dumps(held(key), indent=1, ensure_ascii=False)
    except REFUSALS as error:
        messages.error(request, in_words(error))
        return redirect("accounts:page", key=key)
    return HttpResponse(
        body,
        content_type="application/json; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="account-{shown}.json"',
            "Cache-Control": "no-store",
        },
    )


@needs(Right.ERASE)
def erase(request: Any, key: int) -> Any:
    """First step: why. Shows the second."""
    form = EraseForm(request.POST if request.method == "POST" else None)
    shown = {
        "key": key,
        "decisions": Decision.objects.filter(account_id=stored(key))[:1001].count(),
        "account": Account.objects.filter(pk=stored(key)).first(),
    }
    if request.method == "POST" and form.is_valid():
        asked = {"key": pseudonym_shown(key), "by": request.user.pk, "why": form.cleaned_data["reason"]}
        confirm = ConfirmForm(initial={"asked": signing.dumps(asked, salt=_SALT, compress=True)})
        return render(request, "accounts/erase.html", {**shown, "confirm": confirm})
    status = BAD_FORM if request.method == "POST" else 200
    return render(request, "accounts/erase.html", {**shown, "form": form}, status=status)


@needs(Right.ERASE)
@require_POST
def erase_confirmed(request: Any, key: int) -> Any:
    """Second step: the pseudonym was typed. Everything but the record of it goes."""
    shown = pseudonym_shown(key)
    form = ConfirmForm(request.POST)
    try:
        asked = signing.loads(request.POST.get("asked", ""), salt=_SALT, max_age=_CONFIRM_WITHIN_S)
    except signing.BadSignature:
        messages.error(
            request, "This took too long, or the form was changed. Nothing was erased; begin again."
        )
        return redirect("accounts:erase", key=key)
    if asked.get("key") != shown or asked.get("by") != request.user.pk:
        messages.error(request, "This form belongs to another account or person. Nothing was erased.")
        return redirect("accounts:erase", key=key)
    if not form.is_valid() or form.cleaned_data["typed"].strip().lower() != shown:
        form.add_error("typed", f"Type {shown} to confirm. Nothing was erased.")
        return render(request, "accounts/erase.html", {"key": key, "confirm": form}, status=BAD_FORM)
    try:
        with transaction.atomic():
            gone = forget(key)
            # Whom it was about is not written down: that is what was to be forgotten.
            record(request.user, "account.erased", why=asked["why"], gone=gone)
            node().carry_out(Erasure(account="", by=str(request.user), key=key))
    except REFUSALS as error:
        messages.error(request, in_words(error))
        return redirect("accounts:erase", key=key)
    messages.success(request, "The account was erased, here and in the node.")
    return redirect("accounts:list")
