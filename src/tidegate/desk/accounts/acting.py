"""Doing something about one account: finding it by its identifier, revealing that, ruling."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from tidegate.desk.access.gate import needs
from tidegate.desk.access.roles import Right
from tidegate.desk.accounts.forms import FindForm, RevealForm, RulingForm
from tidegate.desk.accounts.queries import accounts_of
from tidegate.desk.accounts.refusals import REFUSALS, in_words
from tidegate.desk.accounts.views import show
from tidegate.desk.audit.chain import record
from tidegate.desk.ledger.models import Account, stored
from tidegate.desk.node_link import node
from tidegate.desk.review.models import Case
from tidegate.desk.review.ruling import rule as decide
from tidegate.desk.review.taking import blind_case_of
from tidegate.statements.statement import pseudonym_shown

BAD_FORM = 422


@needs(Right.REVEAL)
@require_POST
def find(request: Any) -> Any:
    """From a real identifier to the account's page; that somebody asked, and why, is written down."""
    form = FindForm(request.POST)
    if not form.is_valid():
        return render(request, "accounts/find.html", {"find_form": form}, status=BAD_FORM)
    try:
        link = node()
        key = link.pseudonym_of(form.cleaned_data["identifier"].strip())
        with transaction.atomic():
            record(request.user, "account.sought", pseudonym_shown(key), why=form.cleaned_data["reason"])
            known = Account.objects.filter(pk=stored(key)).exists() or link.standing(key).known
    except REFUSALS as error:
        messages.error(request, in_words(error))
        return redirect("accounts:list")
    if not known:
        messages.warning(request, "Nothing is known of an account with this identifier.")
        return redirect("accounts:list")
    return redirect("accounts:page", key=key)


@needs(Right.REVEAL)
@require_POST
def reveal(request: Any, key: int) -> Any:
    """The real identifier, on this one answer."""
    form = RevealForm(request.POST)
    if not form.is_valid():
        return show(request, key, reveal_form=form, status=BAD_FORM)
    why = form.cleaned_data["reason"]
    try:
        with transaction.atomic():
            record(request.user, "account.revealed", pseudonym_shown(key), why=why)
            name = node().reveal([key], who=str(request.user), why=why).get(key)
    except REFUSALS as error:
        messages.error(request, in_words(error))
        return redirect("accounts:page", key=key)
    answer = render(request, "accounts/revealed.html", {"key": key, "name": name, "why": why})
    answer["Cache-Control"] = "no-store"
    return answer


@needs(Right.RULE)
@require_POST
def rule(request: Any, key: int) -> Any:
    """A person decides about the account; one who looks at it blindly does so in the queue."""
    if held := blind_case_of(request.user, key):
        return redirect("review:case", number=held)
    form = RulingForm(request.POST)
    if not form.is_valid():
        return show(request, key, ruling_form=form, status=BAD_FORM)
    try:
        with transaction.atomic():
            account = accounts_of([key], {key: node().standing(key)}).get(key)
            if account is None:
                raise Http404("nothing is known of this account")
            # Whoever has taken the account's case decides about it, and nobody beside them.
            case = Case.objects.filter(account=account, state="open").first()
            decide(request.user, account, form.cleaned_data["verdict"], case=case, **form.asked())
    except (*REFUSALS, PermissionDenied, ValueError) as error:
        form.add_error(None, in_words(error))
        return show(request, key, ruling_form=form, status=BAD_FORM)
    messages.success(request, "Decided. The node carries it out now; this page follows in a moment.")
    return redirect("accounts:page", key=key)
