"""What a subject answered, and the second look at an appeal."""

from typing import Any

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from tidegate.desk.access.gate import needs
from tidegate.desk.access.roles import Right
from tidegate.desk.evidence.cases.frame import case_named
from tidegate.desk.evidence.steps import answering
from tidegate.desk.evidence.steps.forms import AnswerForm, ReviewForm
from tidegate.desk.evidence.steps.models import Answer, Letter
from tidegate.desk.evidence.steps.page import SHOWN, page_context
from tidegate.desk.evidence.steps.views import BAD_FORM, taken


@needs(Right.WORK_CASES)
@require_POST
def answered(request: Any, name: str) -> Any:
    """Put an answer down."""
    case = case_named(name)
    sent = Letter.objects.filter(step__case=case, services__isnull=False).distinct()
    form = AnswerForm(sent.order_by("-pk")[:SHOWN], request.POST, request.FILES, auto_id="id_answer_%s")

    def do(said: dict[str, Any]) -> None:
        letter = sent.get(pk=said["letter"]) if said["letter"] else None
        answering.answered(
            case, request.user, said["kind"], said["received"], said["words"], letter, said["proof"]
        )

    if not taken(form, do):
        return render(request, "steps/page.html", page_context(case, answer_form=form), status=BAD_FORM)
    messages.success(request, "The answer is put down.")
    return redirect("steps:page", name=name)


@needs(Right.APPROVE_STEP)
@require_POST
def review(request: Any, name: str, answer: int) -> Any:
    """Decide an appeal."""
    case = case_named(name)
    found = get_object_or_404(Answer.objects.select_related("case", "determination"), case=case, pk=answer)
    form = ReviewForm(request.POST, auto_id=f"id_review_{found.pk}_%s")

    def do(said: dict[str, Any]) -> None:
        answering.review(found, request.user, said["outcome"], said["remedy"])

    if not taken(form, do):
        context = page_context(case, review_form=form, reviewed=found.pk)
        return render(request, "steps/page.html", context, status=BAD_FORM)
    messages.success(request, "The appeal is decided.")
    return redirect("steps:page", name=name)
