"""Changing something about policies: each a form on a page, answered by going back to that page."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from tidegate.desk.access.gate import needs
from tidegate.desk.access.roles import Right
from tidegate.desk.policies import backtesting, rolling_out, shadowing
from tidegate.desk.policies.forms import BackForm, PutForm
from tidegate.desk.policies.models import PolicyVersion
from tidegate.desk.policies.refusals import REFUSALS, in_words
from tidegate.desk.policies.views import show

BAD_FORM = 422


@needs(Right.EDIT_POLICY)
@require_POST
def backtest(request: Any, number: int) -> Any:
    """Begin one."""
    version = get_object_or_404(PolicyVersion, pk=number)
    _tried(request, lambda: backtesting.start(request.user, version), "The backtest has begun.")
    return redirect("policies:version", number=number)


@needs(Right.EDIT_POLICY)
@require_POST
def stop_backtest(request: Any, number: int) -> Any:
    """End the one at hand."""
    _tried(request, lambda: backtesting.stop(request.user), "The backtest was stopped.")
    return redirect("policies:version", number=number)


@needs(Right.EDIT_POLICY)
@require_POST
def shadow(request: Any, number: int) -> Any:
    """Put a version in the shadow."""
    version = get_object_or_404(PolicyVersion, pk=number)
    _tried(
        request,
        lambda: shadowing.start(request.user, version),
        "It runs in the shadow from now on: counted, and nothing else comes of it. The first figures take half a minute.",
    )
    return redirect("policies:version", number=number)


@needs(Right.EDIT_POLICY)
@require_POST
def stop_shadow(request: Any) -> Any:
    """Shadow nothing any more."""
    _tried(request, lambda: shadowing.stop(request.user), "Nothing runs in the shadow any more.")
    return redirect("policies:page")


@needs(Right.APPROVE_POLICY)
@require_POST
def approve(request: Any, number: int) -> Any:
    """Be the second person."""
    version = get_object_or_404(PolicyVersion, pk=number)
    _tried(
        request,
        lambda: rolling_out.approve(request.user, version, request.POST.get("against", "")),
        "Approved, as a change of the policy that is in force now.",
    )
    return redirect("policies:version", number=number)


@needs(Right.APPROVE_POLICY)
@require_POST
def put(request: Any, number: int) -> Any:
    """Put a version into force for a share of accounts."""
    version = get_object_or_404(PolicyVersion, pk=number)
    form = PutForm(request.POST)
    if not form.is_valid():
        return show(request, number, put_form=form, status=BAD_FORM)
    percent = form.cleaned_data["percent"]
    done = _tried(
        request,
        lambda: rolling_out.put_in_force(
            request.user, version, percent, form.cleaned_data["without_backtest"]
        ),
        f"In force for {percent:g} percent of accounts, from this moment on.",
    )
    return (
        redirect("policies:version", number=number)
        if done
        else show(request, number, put_form=form, status=BAD_FORM)
    )


@needs(Right.APPROVE_POLICY)
@require_POST
def roll_back(request: Any) -> Any:
    """Put the last policy that was wholly in force back into force."""
    form = BackForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    _tried(
        request,
        lambda: rolling_out.roll_back(request.user, reason),
        "Rolled back. The earlier policy decides about everybody, from this moment on.",
    )
    return redirect("policies:page")


def _tried(request: Any, act: Callable[[], object], done: str) -> bool:
    """Whether it was done; tells the person either way."""
    try:
        act()
    except REFUSALS as error:
        messages.error(request, in_words(error))
        return False
    messages.success(request, done)
    return True
