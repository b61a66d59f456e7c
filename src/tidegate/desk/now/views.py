"""How things are: one page, parts of which are brought up to date while somebody looks."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from tidegate.desk.access.gate import needs
from tidegate.desk.access.roles import Right
from tidegate.desk.access.two_people import lately_let_in
from tidegate.desk.accounts.refusals import REFUSALS, in_words
from tidegate.desk.audit.chain import record
from tidegate.desk.ledger.copying import moment
from tidegate.desk.node_link import NodeAbsent, node
from tidegate.desk.now.counts import CASES_COUNTED, DAYS, WEEK, decisions, waiting
from tidegate.desk.now.sampling import KEPT_S, NOW_S, sampler
from tidegate.desk.now.state import state
from tidegate.desk.policies.models import InForce
from tidegate.desk.policies.shadowing import in_shadow
from tidegate.engine.rungs import RUNGS, Rung
from tidegate.node.requests import StorageError

BAD_FORM = 422
LEAST_REASON, MOST_REASON = 5, 500
LEAST_BINS = 2
"""Fewer make no picture."""
RELEASE, DROP = "release", "drop"


@needs(Right.SEE)
@require_safe
def page(request: Any) -> Any:
    """All of it."""
    return render(request, "now/page.html", {**_live(), **_trend()})


@needs(Right.SEE)
@require_safe
def live(request: Any) -> Any:
    """What changes by the second. Alarms come along only when they are others than ``alarms`` names."""
    context = _live()
    context["alarms_changed"] = request.GET.get("alarms", "") != context["state"].alarms_mark
    return render(request, "now/_live_answer.html", context)


@needs(Right.SEE)
@require_safe
def trend(request: Any) -> Any:
    """What changes by the minute."""
    return render(request, "now/_trend.html", _trend())


class BreakerForm(forms.Form):
    """What is to become of the measures that a breaker holds."""

    held = forms.ChoiceField(
        label="The measures it holds",
        choices=[
            (RELEASE, "carry out those that are still wanted"),
            (DROP, "drop them: nobody is acted on for them"),
        ],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label="Why",
        min_length=LEAST_REASON,
        max_length=MOST_REASON,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="What you looked at, and what you found.",
    )


@needs(Right.SEE, Right.OPERATE)
def breaker(request: Any, word: str) -> Any:
    """One circuit breaker, and closing it."""
    rung = RUNGS.get(word)
    if rung is None or rung is Rung.ALLOW:
        raise Http404("no such rung")
    form = BreakerForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                release, why = form.cleaned_data["held"] == RELEASE, form.cleaned_data["reason"]
                shown = _breaker(rung)
                if shown is None or shown.opened is None:
                    messages.info(request, f"The breaker of {word} is closed already; nothing was changed.")
                    return redirect("now:page")
                record(request.user, "breaker.reset", word, released=release, held=shown.held, why=why)
                count = node().reset_breaker(rung, release=release)
        except REFUSALS as error:
            form.add_error(None, in_words(error))
        else:
            verb = "released" if release else "dropped"
            messages.success(
                request, f"The breaker of {word} is closed again; {count:,} held measures were {verb}."
            )
            return redirect("now:page")
    try:
        shown = _breaker(rung)
    except (NodeAbsent, StorageError) as error:
        return render(request, "now/breaker.html", {"word": word, "trouble": in_words(error)})
    if shown is None:
        raise Http404("this rung has no breaker")
    status = BAD_FORM if form.errors else 200
    return render(request, "now/breaker.html", {"word": word, "breaker": shown, "form": form}, status=status)


def _breaker(rung: Rung) -> Any:
    return next((one for one in node().breakers() if one.rung is rung), None)


def _live() -> dict[str, Any]:
    now = timezone.now()
    found = state()
    put = InForce.now()
    return {
        "state": found,
        "rate_now": sampler.rate(NOW_S),
        "rate_hour": sampler.rate(KEPT_S),
        "decisions": decisions(now.date()),
        "waiting": waiting(now),
        "cases_counted": CASES_COUNTED,
        "put": put,
        "others_percent": 100.0 - put.percent if put is not None else 0.0,
        "shadow": in_shadow(),
        "let_in": lately_let_in(),
        "week": WEEK,
        "days": DAYS,
        "nothing_yet": not found.absent and not found.failing and found.journal <= 1,
    }


def _trend() -> dict[str, Any]:
    now = timezone.now()
    bins = sampler.bins(now.timestamp())
    bins = bins if len(bins) >= LEAST_BINS else []
    counts = decisions(now.date())
    return {
        "bins": [(moment(at), rate) for at, rate in reversed(bins)],
        "events_chart": {
            "x": [at for at, _ in bins],
            "series": [
                {
                    "name": "events a second",
                    "values": [round(rate, 3) for _, rate in bins],
                    "colour": "accent",
                }
            ],
            "unit": "events a second",
        },
        "decisions": counts,
        "decisions_chart": counts.chart,
        "days": DAYS,
    }
