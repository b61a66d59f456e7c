"""Writing a policy: the editor, what is wrong with the text as it stands, and what features there are."""

from typing import Any

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from tidegate.desk.access.gate import needs
from tidegate.desk.access.roles import Right
from tidegate.desk.policies.forms import DraftForm, as_typed
from tidegate.desk.policies.models import PolicyVersion
from tidegate.desk.policies.refusals import in_words
from tidegate.desk.policies.rolling_out import needs_second
from tidegate.desk.policies.versions import TooMany, differences, loaded, mistakes, save, stable_version
from tidegate.engine.features import FEATURES
from tidegate.engine.policy.units import describe_duration

BAD_FORM = 422
_ASKED_CHARS = 100


@needs(Right.EDIT_POLICY)
def edit(request: Any, number: int) -> Any:
    """A draft that begins with that version."""
    begins = get_object_or_404(PolicyVersion.objects.defer("backtest"), pk=number)
    if request.method != "POST":
        form = DraftForm(initial={"text": begins.text})
        return _editor(request, begins, form, begins.text)
    form = DraftForm(request.POST)
    typed = as_typed(request.POST.get("text", ""))
    if "check" in request.POST:
        return _editor(request, begins, DraftForm(initial=request.POST.dict()), typed)
    if not form.is_valid() or mistakes(typed):
        return _editor(request, begins, form, typed, BAD_FORM)
    try:
        made = save(request.user, typed, form.cleaned_data["note"], begins)
    except TooMany as error:
        form.add_error(None, in_words(error))
        return _editor(request, begins, form, typed, BAD_FORM)
    messages.success(request, f"Saved as version {made.pk}. Nothing decides by it yet: test it first.")
    return redirect("policies:version", number=made.pk)


@needs(Right.EDIT_POLICY)
@require_POST
def check(request: Any) -> Any:
    """What is wrong with a text, or what it changes: a part of the editor."""
    return render(request, "policies/_checked.html", checked(as_typed(request.POST.get("text", ""))))


@needs(Right.SEE)
@require_safe
def features(request: Any) -> Any:
    """What a rule can measure, those that the words are found in."""
    context = {
        "features": found_features(request.GET.get("q", "")),
        "q": request.GET.get("q", "")[:_ASKED_CHARS],
    }
    whole = not request.htmx
    return render(request, "policies/features.html" if whole else "policies/_features.html", context)


def checked(text: str) -> dict[str, Any]:
    """For the template: mistakes, or what differs from the policy that is wholly in force."""
    found = mistakes(text)
    context: dict[str, Any] = {"mistakes": [_mistake(error) for error in found], "checked": True}
    if found:
        return context
    policy, stable = loaded(text), stable_version()
    context |= {"policy": policy, "rules": len(policy.rules), "stable": stable}
    if stable is not None:
        context["changes"] = differences(stable.text, text)
        context["touches_bans"] = needs_second(PolicyVersion(text=text), stable)
    return context


def found_features(asked: str) -> list[dict[str, Any]]:
    """Every feature in whose name, meaning, family or unit all the words occur."""
    words = asked[:_ASKED_CHARS].lower().split()
    rows = [
        {
            "name": one.name,
            "meaning": one.meaning,
            "family": one.family,
            "unit": one.unit,
            "half_life": describe_duration(one.half_life_s) if one.half_life_s else "",
        }
        for one in FEATURES
    ]
    rows.append(
        {
            "name": "score",
            "meaning": "the model's score, from 0 to 1",
            "family": "model",
            "unit": "share",
            "half_life": "",
        }
    )
    return [row for row in rows if all(word in " ".join(row.values()).lower() for word in words)]


def _editor(request: Any, begins: PolicyVersion, form: DraftForm, text: str, status: int = 200) -> Any:
    context = {"begins": begins, "form": form, "features": found_features(""), **checked(text)}
    return render(request, "policies/edit.html", context, status=status)


def _mistake(error: Any) -> dict[str, Any]:
    """One mistake, with the line that it is in and a mark under its place."""
    start = max(0, error.column - 60)
    shown = error.text[start : start + 110]
    lead = "".join("\t" if char == "\t" else " " for char in shown[: error.column - 1 - start])
    return {
        "line": error.line,
        "column": error.column,
        "what": error.what,
        "right": error.right,
        "shown": f"{shown}\n{lead}^" if shown.strip() else "",
    }
