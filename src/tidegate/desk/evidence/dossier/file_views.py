"""Pages of what proves a case: its chain of custody, and sealed files."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from tidegate.desk.access.gate import needs
from tidegate.desk.access.roles import Right
from tidegate.desk.audit.chain import record
from tidegate.desk.evidence.cases.custody import chain
from tidegate.desk.evidence.cases.frame import case_named, framed
from tidegate.desk.evidence.custody.chain import walk
from tidegate.desk.evidence.dossier.models import SealedFile
from tidegate.desk.evidence.dossier.sealing import SealError, folder_of, seal
from tidegate.desk.evidence.dossier.views import BAD_FORM, case_page

CUSTODY_PAGE = 200


@needs(Right.SEE_CASES)
def custody(request: Any, name: str) -> Any:
    """The chain, checked each time somebody looks."""
    case = case_named(name)
    events = chain(case)
    walked = walk(b"".join(one.line for one in events)) if events else None
    page = Paginator(events[::-1], CUSTODY_PAGE).get_page(request.GET.get("page"))
    numbers = dict(case.exhibits.values_list("sha256", "number"))
    context = framed(
        case,
        "dossier:custody",
        page=page,
        rows=[(one, numbers.get(one.exhibit, "")) for one in page.object_list],
        wrong=walked.findings if walked else [],
        count=len(events),
        last=events[-1] if events else None,
        heads=case.head_stamps.order_by("-number")[:20],
    )
    return render(request, "dossier/custody.html", context)


@needs(Right.WORK_CASES)
@require_POST
def seal_now(request: Any, name: str) -> Any:
    """Write the sealed file and check it."""
    case = case_named(name)
    try:
        made = seal(case, request.user)
    except SealError as error:
        messages.error(request, f"Not sealed: {error}.")
        return case_page(request, case, status=BAD_FORM)
    if made.verdict.intact:
        messages.success(request, f"Sealed, and found intact: {made.file.name}. {made.trouble}")
    else:
        messages.error(request, f"Sealed, but checking it found: {'; '.join(made.verdict.findings[:5])}")
    return redirect("dossier:page", name=case.name)


@needs(Right.SEE_CASES)
def sealed(request: Any, name: str, file: int) -> Any:
    """Download a sealed file."""
    case = case_named(name)
    found = get_object_or_404(SealedFile, case=case, pk=file)
    try:
        opened = (folder_of(case) / found.name).open("rb")
    except OSError:
        raise Http404("the file is not where it was put") from None
    record(request.user, "case.downloaded", case.name, sha256=found.sha256)
    answer = FileResponse(opened, as_attachment=True, filename=found.name, content_type="application/zip")
    answer["Cache-Control"] = "private, no-store"
    return answer
