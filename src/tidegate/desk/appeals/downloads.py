"""What leaves the desk as a file: attachments for the people who decide, statements of reasons."""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render

from tidegate.desk.access.gate import needs
from tidegate.desk.access.roles import Right
from tidegate.desk.appeals.attachments import content_of
from tidegate.desk.appeals.forms import Range
from tidegate.desk.appeals.grounds import rules_now
from tidegate.desk.appeals.measures import LIMITING
from tidegate.desk.appeals.models import Attachment
from tidegate.desk.appeals.statement_of_reasons import restricts, statement_of_reasons
from tidegate.desk.audit.chain import record
from tidegate.desk.ledger.models import Decision
from tidegate.desk.review.models import Ruled

PIECE = 500
"""Decisions read together."""
JSON_LINES = "application/x-ndjson"


@needs(Right.DECIDE_APPEAL)
def attachment(request: Any, stored: str) -> HttpResponse:
    """A file that came with an appeal, to be saved; never shown by the browser, whatever it is."""
    found = get_object_or_404(Attachment.objects.select_related("appeal__account"), stored=stored)
    content = content_of(found)
    if content is None:
        raise Http404
    record(
        request.user,
        "attachment.downloaded",
        found.appeal.account.pseudonym,
        appeal=found.appeal_id,
        sha256=found.sha256,
    )
    response = HttpResponse(content, content_type="application/octet-stream")
    # The holder's own name for it is shown on the page; as a name on this disk it gets one of ours.
    response.headers["Content-Disposition"] = (
        f'attachment; filename="appeal-{found.appeal_id}-{found.pk}.{found.kind}"'
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["Cache-Control"] = "no-store"
    return response


@needs(Right.SEE)
def statement(request: Any, uid: str) -> HttpResponse:
    """The statement of reasons for one decision."""
    decision = get_object_or_404(Decision, uid=uid)
    if not restricts(decision):
        raise Http404
    ruled = list(Ruled.objects.filter(account=decision.account_id))
    response = JsonResponse(
        statement_of_reasons(decision, ruled, rules_now(), _service()),
        json_dumps_params={"ensure_ascii": False, "indent": 2},
    )
    response.headers["Content-Disposition"] = f'attachment; filename="statement-of-reasons-{uid}.json"'
    return response


@needs(Right.EXPORT)
def statements(request: Any) -> Any:
    """Statements for every restriction of a range of days, one JSON object a line, as they are read."""
    form = Range(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "appeals/statements.html", {"form": form}, status=422 if form.errors else 200)
    first, last = form.cleaned_data["first"], form.cleaned_data["last"]
    record(request.user, "statements.exported", "", first=first.isoformat(), last=last.isoformat())
    response = StreamingHttpResponse(_lines(first, last), content_type=JSON_LINES)
    name = f"statements-of-reasons-{first.isoformat()}-{last.isoformat()}.jsonl"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _lines(first: date, last: date) -> Iterator[str]:
    rules, service = rules_now(), _service()
    for piece in _pieces(first, last):
        accounts = {decision.account_id for decision in piece}
        ruled = defaultdict(list)
        for one in Ruled.objects.filter(account__in=accounts):
            ruled[one.account_id].append(one)
        for decision in filter(restricts, piece):
            said = statement_of_reasons(decision, ruled[decision.account_id], rules, service)
            yield json.dumps(said, ensure_ascii=False, separators=(",", ":")) + "\n"


def _pieces(first: date, last: date) -> Iterator[list[Decision]]:
    """Decisions that fell on these days, oldest first, a bounded piece at a time over the index of times."""
    begin = datetime.combine(first, time.min, UTC)
    end = datetime.combine(last + timedelta(days=1), time.min, UTC)
    at, seen = begin, 0
    while True:
        # Several decisions may fall at the same time: those of it that were seen are skipped by number.
        asked = Decision.objects.filter(time__gte=at, time__lt=end)
        rows = list(asked.exclude(time=at, number__lte=seen).order_by("time", "number")[:PIECE])
        if not rows:
            return
        at, seen = rows[-1].time, rows[-1].number
        yield [one for one in rows if one.rung >= LIMITING]


def _service() -> str:
    return settings.TIDEGATE.service or "this service"
