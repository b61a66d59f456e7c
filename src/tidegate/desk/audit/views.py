"""The record, for those who look after the desk: read, checked, taken along."""

import csv
from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from tidegate.desk.access.gate import needs
from tidegate.desk.access.roles import Right
from tidegate.desk.audit.chain import record
from tidegate.desk.audit.models import Record
from tidegate.desk.audit.queries import LARGEST, Filter, everything, number_of, page_of, suggestions
from tidegate.desk.audit.verifying import verify_stretch

STRETCH = 10_000
"""Records checked in one request; a few tenths of a second."""
COLUMNS = ("number", "time", "who", "did", "about", "details", "before", "digest", "seal")
_READ_AS_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


@needs(Right.SEE_RECORD)
@require_safe
def records(request: Any) -> Any:
    """Newest first, fifty a page."""
    wanted = Filter.of(request.GET)
    found, more = page_of(wanted, number_of(request.GET.get("before", ""), LARGEST))
    whos, dids = suggestions()
    return render(
        request,
        "audit/list.html",
        {
            "records": found,
            "wanted": wanted,
            "more": more,
            "whos": whos,
            "dids": dids,
            "checked_to": number_of(request.GET.get("checked", ""), 0),
        },
    )


@needs(Right.SEE_RECORD)
@require_POST
def check(request: Any) -> Any:
    """Whether a stretch of the record is as it was written; the next request goes on from there."""
    after = number_of(request.POST.get("after", ""), 0)
    verdict = verify_stretch(after, STRETCH)
    address = reverse("audit:list")
    if not verdict.intact:
        record(request.user, "record.checked", intact=False, wrong=verdict.wrong, after=after)
        for words in verdict.findings:
            messages.error(request, f"Not intact: {words}.")
        return redirect(address)
    for words in verdict.notes:
        messages.warning(request, f"Worth knowing: {words}.")
    first = f"from record {after + 1:,}" if after else "from the first record"
    if verdict.end > verdict.last:
        messages.info(request, f"Intact {first} to record {verdict.last:,} of {verdict.end:,}.")
        return redirect(f"{address}?checked={verdict.last}")
    record(request.user, "record.checked", intact=True, last=verdict.last, after=after)
    messages.success(
        request, f"Intact {first} to record {verdict.last:,}, the last one. Its digest: {verdict.digest}"
    )
    return redirect(address)


@needs(Right.SEE_RECORD)
@require_POST
def export(request: Any) -> Any:
    """What the filter finds, as CSV; that it was taken is itself recorded, as its last line at most."""
    wanted = Filter.of(request.POST)
    up_to = record(request.user, "record.exported", asked=wanted.asked).number
    return StreamingHttpResponse(
        _csv(everything(wanted, up_to)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="record-{timezone.now():%Y-%m-%d}.csv"'},
    )


class _Line:
    """What a CSV writer writes to: hands the line back."""

    def write(self, line: str) -> str:
        return line


def _csv(found: Iterator[Any]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield writer.writerow(COLUMNS)
    for one in found:
        yield writer.writerow(_row(one))


def _row(one: Record) -> list[Any]:
    # A spreadsheet runs what begins like a formula; names of things may have been typed by somebody.
    about = f"'{one.about}" if one.about.startswith(_READ_AS_FORMULAS) else one.about
    return [
        one.number,
        one.time.isoformat(timespec="microseconds"),
        one.who,
        one.did,
        about,
        one.said,
        one.before,
        one.digest,
        one.seal,
    ]
