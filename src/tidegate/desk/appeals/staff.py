"""Appeals as the people see them who decide: what waits, one of them, what was decided."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from tidegate.desk.access.gate import needs
from tidegate.desk.access.roles import Right
from tidegate.desk.accounts.refusals import REFUSALS, in_words
from tidegate.desk.appeals import deciding
from tidegate.desk.appeals.forms import Deciding, Range
from tidegate.desk.appeals.grounds import grounds_of, rules_now
from tidegate.desk.appeals.measures import measures_of
from tidegate.desk.appeals.models import Appeal, Outcome, State
from tidegate.desk.appeals.service_level import DAYS, service_level
from tidegate.desk.appeals.statement_of_reasons import restricts
from tidegate.desk.appeals.texts import DEFAULT, NAMES, texts
from tidegate.desk.review.models import Ruled
from tidegate.engine.rungs import Rung

ROWS = 50
RULED_SHOWN = 20


@needs(Right.SEE)
def waiting(request: Any) -> Any:
    """Oldest first: the order in which they are decided."""
    appeals = Appeal.objects.filter(state=State.WAITING).select_related("account", "locked_by")
    appeals = _after(appeals, request.GET.get("after", ""))
    rows = list(appeals.order_by("received", "id")[: ROWS + 1])
    now = timezone.now()
    said = {
        "appeals": [(one, one.holder_now(now)) for one in rows[:ROWS]],
        "after": rows[ROWS - 1].pk if len(rows) > ROWS else None,
        "level": service_level(now),
        "days": DAYS,
        "range": Range(),
    }
    return render(request, "appeals/list.html", said)


@needs(Right.SEE)
def decided(request: Any) -> Any:
    """Decided and withdrawn ones, latest first."""
    appeals = Appeal.objects.exclude(state=State.WAITING).select_related("account", "decided_by")
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 18:
        appeals = appeals.filter(pk__lt=int(before))
    rows = list(appeals.order_by("-id")[: ROWS + 1])
    said = {"appeals": rows[:ROWS], "before": rows[ROWS - 1].pk if len(rows) > ROWS else None}
    return render(request, "appeals/decided.html", said)


@needs(Right.SEE, Right.DECIDE_APPEAL)
def page(request: Any, number: int) -> Any:
    """One appeal; sent as a form, its decision."""
    appeal = get_object_or_404(
        Appeal.objects.select_related("account", "decision__basis", "locked_by", "decided_by"), pk=number
    )
    standing = Rung(appeal.account.rung)
    form = Deciding(request.POST or None, standing=standing, language=appeal.language)
    if request.method == "POST" and form.is_valid() and _decide(request, appeal, form):
        return redirect("appeals:list")
    return render(request, "appeals/page.html", _page(request, appeal, form))


@require_POST
def _take(request: Any, number: int) -> Any:
    """Have it to oneself for a while."""
    appeal = get_object_or_404(Appeal, pk=number)
    if reason := deciding.may_decide(request.user, appeal):
        messages.error(request, reason)
    elif not deciding.take_up(request.user, appeal):
        messages.error(request, "Somebody else is looking at this appeal, or it is not waiting any more.")
    return redirect("appeals:page", number=number)


@require_POST
def _release(request: Any, number: int) -> Any:
    """Let others have it."""
    deciding.release(request.user, get_object_or_404(Appeal, pk=number))
    return redirect("appeals:list")


take = needs(Right.DECIDE_APPEAL)(_take)
release = needs(Right.DECIDE_APPEAL)(_release)


def _after(appeals: QuerySet, asked: str) -> QuerySet:
    """Those that come after the one with that number."""
    last = (
        Appeal.objects.filter(pk=asked).first()
        if asked.isascii() and asked.isdigit() and len(asked) < 18
        else None
    )
    if last is None:
        return appeals
    later = appeals.filter(received__gt=last.received)
    return later | appeals.filter(received=last.received, pk__gt=last.pk)


def _decide(request: Any, appeal: Appeal, form: Deciding) -> bool:
    """True: it is decided. What stands in the way is told."""
    said = form.cleaned_data
    try:
        deciding.decide(
            request.user,
            appeal,
            Outcome(said["outcome"]),
            sentence=said["sentence"],
            words=said["words"],
            note=said["note"],
            rung=said["rung"],
            duration_s=said["duration_s"] if said["rung"] is not None else None,
        )
    except (deciding.NotDecided, PermissionDenied, ValueError) as refused:
        form.add_error(None, str(refused))
    except REFUSALS as error:
        form.add_error(None, in_words(error))
    else:
        messages.success(request, f"Appeal {appeal.pk} is decided, and the account holder sees why.")
        return True
    return False


def _page(request: Any, appeal: Appeal, form: Deciding) -> dict[str, Any]:
    now = timezone.now()
    measures = measures_of(appeal.account, now)
    decision = appeal.decision
    english = texts(DEFAULT)
    grounds = [] if decision is None else grounds_of(decision.reasons, decision.stage, rules_now())
    refusal = deciding.may_decide(request.user, appeal)
    holder = appeal.holder_now(now)
    return {
        "appeal": appeal,
        "decision": decision,
        "states_reasons": decision is not None and restricts(decision),
        "measures": measures,
        "grounds": [english[f"ground_{ground}"] for ground in grounds],
        "told": texts(appeal.language).get(appeal.sentence, ""),
        "language": NAMES.get(appeal.language, appeal.language),
        "attachments": list(appeal.attachments.all()),
        "ruled": list(
            Ruled.objects.filter(account=appeal.account_id)
            .select_related("person")
            .order_by("-time")[:RULED_SHOWN]
        ),
        "earlier": list(
            Appeal.objects.filter(account=appeal.account_id).exclude(pk=appeal.pk).order_by("-received")[:10]
        ),
        "holder": holder,
        "mine": holder == str(request.user),
        "refusal": refusal,
        "may_decide": appeal.state == State.WAITING and not refusal and holder in ("", str(request.user)),
        "form": form,
    }
