"""The queue and its cases."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from tidegate.desk.access.gate import needs
from tidegate.desk.access.roles import Right, Role
from tidegate.desk.accounts.explanation import explain, row_now
from tidegate.desk.accounts.forms import RulingForm
from tidegate.desk.accounts.refusals import REFUSALS, in_words
from tidegate.desk.ledger.copying import moment
from tidegate.desk.ledger.models import Account
from tidegate.desk.node_link import node
from tidegate.desk.review import taking, undoing
from tidegate.desk.review.agreement import agreement_of_late
from tidegate.desk.review.deciding import decide, decide_blind
from tidegate.desk.review.forms import ABUSIVE, BlindForm
from tidegate.desk.review.models import Case, Sample
from tidegate.desk.review.queries import decided_by, page_of, waiting
from tidegate.engine.rungs import Rung

BAD_FORM = 422
FILTERS = ("risk", "random", "blind", "campaign", "disputed")
SEES_KINDS = frozenset({Role.SENIOR, Role.AUDITOR, Role.ADMINISTRATOR})
"""Whoever decides a drawn case should not know that it was drawn."""
EARLIER = 5
"""Earlier decisions shown with a case."""
AGREEMENT_OVER = timedelta(days=90)


@needs(Right.SEE)
def queue(request: Any) -> Any:
    """Open cases, the most urgent first."""
    sees_kinds = request.user.role in SEES_KINDS
    kind = request.GET.get("kind", "") if sees_kinds else ""
    cases, more = page_of(kind if kind in FILTERS else "", request.GET.get("after", ""))
    return render(
        request,
        "review/queue.html",
        {
            "cases": cases,
            "more": more,
            "kind": kind,
            "filters": FILTERS if sees_kinds else (),
            "waiting": waiting(),
            "mine": decided_by(request.user),
            "undoable": undoing.undoable(request.user),
            "agreement": agreement_of_late(AGREEMENT_OVER) if sees_kinds else None,
        },
    )


@needs(Right.RULE)
@require_POST
def next_case(request: Any) -> Any:
    """Take the case to look at next."""
    case = taking.take_next(request.user)
    if case is None:
        messages.info(request, "Nothing waits. Cases open as the node acts on accounts.")
        return redirect("review:queue")
    return redirect("review:case", number=case.pk)


@needs(Right.SEE)
def case(request: Any, number: int) -> Any:
    """One case."""
    return _show(request, _case(number))


@needs(Right.RULE)
@require_POST
def take(request: Any, number: int) -> Any:
    """Take a case, or go on holding it (asked for now and then while somebody reads)."""
    if request.POST.get("over"):
        taken = taking.take_over(number, request.user)
    else:
        taken = taking.take(number, request.user)
    if request.htmx:
        return HttpResponse(status=204)
    if not taken:
        messages.warning(request, "Somebody else has this case, or it is settled.")
    return redirect("review:case", number=number)


@needs(Right.RULE)
@require_POST
def release(request: Any, number: int) -> Any:
    """Let go of it."""
    taking.release(number, request.user)
    return redirect("review:queue")


@needs(Right.RULE)
@require_POST
def ruling(request: Any, number: int) -> Any:
    """Decide it, and go on to the next."""
    found = _case(number)
    blind = _is_blind(found)
    form = BlindForm(request.POST) if blind else RulingForm(request.POST)
    if not form.is_valid():
        return _show(request, found, form=form, status=BAD_FORM)
    asked = form.cleaned_data
    try:
        account = _account(found)
        if blind:
            abusive = asked["finding"] == ABUSIVE
            made = decide_blind(request.user, found, account, abusive=abusive, note=asked["note"])
        else:
            made = decide(request.user, found, account, asked["verdict"], **form.asked())
    except (*REFUSALS, PermissionDenied, ValueError) as error:
        form.add_error(None, in_words(error))
        return _show(request, found, form=form, status=BAD_FORM)
    if made is None:
        messages.info(
            request, "Written down. It differs from what was decided, so a senior reviewer looks at it too."
        )
    else:
        messages.success(request, "Decided. The node carries it out now.")
    return next_case(request)


@needs(Right.RULE)
@require_POST
def undo(request: Any, number: int) -> Any:
    """Take back what one has just decided."""
    try:
        undoing.undo(request.user, number)
    except undoing.NotUndone as error:
        messages.warning(request, str(error))
    except (*REFUSALS, PermissionDenied) as error:
        messages.error(request, in_words(error))
    else:
        messages.success(request, "Taken back. The account goes where it stood, and its case is open again.")
    return redirect("review:queue")


def _show(request: Any, found: Case, *, form: Any = None, status: int = 200) -> Any:
    person, blind = request.user, _is_blind(found)
    row, trouble = None, ""
    try:
        row = row_now(found.account)
    except REFUSALS as error:
        trouble = in_words(error)
    holds = found.state == "open" and found.locked_by_id == person.pk
    history = found.account.history.select_related("basis").order_by("-number")
    decision = found.decision if blind else _standing_decision(found, history)
    explained = explain(decision, row, blind=blind) if decision else None
    sees_kinds = person.role in SEES_KINDS and not holds
    if form is None:
        form = BlindForm() if blind else RulingForm()
    return render(
        request,
        "review/case.html",
        {
            "case": found,
            "account": found.account,
            "blind": blind,
            "holds": holds,
            "form": form,
            "explained": explained,
            "earlier": [] if blind else list(history[:EARLIER]),
            "rulings": []
            if blind
            else list(found.account.rulings.select_related("person").order_by("-time")[:EARLIER]),
            "trouble": trouble,
            "may_take_over": person.may(Right.RULE_BAN),
            "sampled": sees_kinds and Sample.objects.filter(case=found).exists(),
            "sees_kinds": sees_kinds,
            "ended": not blind and found.state == "open" and found.account.rung == Rung.ALLOW,
            "undoable": undoing.undoable(person),
        },
        status=status,
    )


def _case(number: int) -> Case:
    return get_object_or_404(
        Case.objects.select_related(
            "account", "decision__basis", "decision__account", "locked_by", "first_by"
        ),
        pk=number,
    )


def _standing_decision(found: Case, history: Any) -> Any:
    """The decision that put the account where it stands; else the one that opened the case."""
    return history.filter(rung=found.account.rung, rung__gt=0).first() or found.decision


def _is_blind(found: Case) -> bool:
    """Nobody is told what was decided before somebody has said what they see."""
    return bool(found.blind and found.first_by_id is None and found.state == "open")


def _account(found: Case) -> Account:
    """As it stands at this moment, which may be further than what was copied. Raises what the node raises."""
    account: Account = found.account
    standing = node().standing(account.key)
    account.rung = int(standing.rung)
    account.until = None if standing.until_s is None else moment(standing.until_s)
    return account
