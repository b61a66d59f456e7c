"""Pages of letters: writing one, taking it out as text or PDF, and its service."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from tidegate.desk.access.gate import needs
from tidegate.desk.access.roles import Right
from tidegate.desk.audit.chain import record
from tidegate.desk.evidence.cases.frame import case_named, framed
from tidegate.desk.evidence.cases.models import Case
from tidegate.desk.evidence.exhibits.kept import bytes_of
from tidegate.desk.evidence.grounds import Action, GroundError
from tidegate.desk.evidence.steps.forms import ApproveForm, LetterForm, ServiceForm
from tidegate.desk.evidence.steps.models import Letter
from tidegate.desk.evidence.steps.refused import against_proposal
from tidegate.desk.evidence.steps.serving import served
from tidegate.desk.evidence.steps.views import BAD_FORM, letter_of, step_again, step_of, taken
from tidegate.desk.evidence.steps.writing import draft, print_letter, propose_letter, quotable


@needs(Right.WORK_CASES)
def write(request: Any, name: str) -> Any:
    """A letter: looked at first (``preview``), then put down for approval."""
    case = case_named(name)
    form = LetterForm(quotable(case), request.POST or None, initial={"recipient": case.subject_name})
    if request.method != "POST":
        return _writing(request, case, form)
    made: list[Any] = []
    if "preview" in request.POST:
        done = taken(form, lambda said: made.append(draft(case, form.wanted)[0]))
        return _writing(request, case, form, made[0] if done else None, 200 if done else BAD_FORM)
    if not taken(form, lambda said: made.append(propose_letter(case, request.user, form.wanted))):
        return _writing(request, case, form, status=BAD_FORM)
    messages.success(request, "The letter waits for a second person.")
    return redirect("steps:step", name=name, step=made[0].step_id)


def _writing(request: Any, case: Case, form: Any, preview: Any = None, status: int = 200) -> Any:
    try:
        against = against_proposal(case, Action.LETTER, request.user)
        trouble = ""
    except GroundError as error:
        against, trouble = (), str(error)
    context = framed(case, "steps:page", form=form, preview=preview, against=against, trouble=trouble)
    return render(request, "steps/write.html", context, status=status)


@needs(Right.SEE_CASES)
def text(request: Any, name: str, step: int) -> Any:
    """The letter as text."""
    letter = _letter(case_named(name), step)
    record(request.user, "letter.downloaded", name, letter=letter.pk, sha256=letter.sha256)
    return _download(letter.text.encode(), "text/plain; charset=utf-8", f"{name}-letter-{letter.pk}.txt")


@needs(Right.SEE_CASES)
def pdf(request: Any, name: str, step: int) -> Any:
    """The letter as PDF, when one was made."""
    letter = _letter(case_named(name), step)
    if not letter.pdf:
        raise Http404("no PDF of this letter was made")
    try:
        content = bytes_of(letter.pdf)
    except OSError:
        raise Http404("the PDF is not where it was kept") from None
    record(request.user, "letter.downloaded", name, letter=letter.pk, sha256=letter.pdf)
    return _download(content, "application/pdf", f"{name}-letter-{letter.pk}.pdf")


@needs(Right.WORK_CASES)
@require_POST
def make_pdf(request: Any, name: str, step: int) -> Any:
    """Print an approved letter."""
    case = case_named(name)
    letter, form, made = _letter(case, step), ApproveForm({}), []
    if not taken(form, lambda said: made.append(print_letter(letter, request.user))):
        return step_again(request, case, step, bad_form=form)
    if made[0]:
        messages.success(request, "The PDF is made.")
    else:
        messages.warning(request, "No Chromium is installed here: take the text.")
    return redirect("steps:step", name=name, step=step)


@needs(Right.WORK_CASES)
@require_POST
def service(request: Any, name: str, step: int) -> Any:
    """That the letter went out."""
    case = case_named(name)
    letter, form = _letter(case, step), ServiceForm(request.POST, request.FILES, auto_id="id_served_%s")

    def do(said: dict[str, Any]) -> None:
        served(
            letter,
            request.user,
            said["way"],
            said["sent"],
            delivered=said["delivered"],
            failed=said["failed"],
            proof=said["proof"],
        )

    if not taken(form, do):
        return step_again(request, case, step, service_form=form)
    messages.success(request, "The service is put down.")
    return redirect("steps:step", name=name, step=step)


def _letter(case: Case, step: int) -> Letter:
    found = letter_of(step_of(case, step))
    if found is None:
        raise Http404("this step has no letter")
    return found


def _download(content: bytes, media_type: str, file_name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=media_type)
    answer["Content-Disposition"] = f'attachment; filename="{file_name}"'
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-store"
    return answer
