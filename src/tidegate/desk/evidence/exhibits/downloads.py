"""Handing out captured bytes: as a download, never as a page of the desk."""

from typing import Any

from django.http import Http404, HttpResponse

from tidegate.desk.access.gate import needs
from tidegate.desk.access.roles import Right
from tidegate.desk.audit.chain import record
from tidegate.desk.evidence.cases.frame import case_named
from tidegate.desk.evidence.exhibits.kept import bytes_of
from tidegate.desk.evidence.exhibits.models import Exhibit

_SANDBOX = "sandbox; default-src 'none'"


@needs(Right.SEE_CASES)
def raw(request: Any, name: str, number: int) -> Any:
    """The bytes as they came."""
    exhibit = _exhibit(name, number)
    record(request.user, "exhibit.downloaded", name, exhibit=number, sha256=exhibit.sha256)
    return _answer(exhibit.sha256, "application/octet-stream", f"{name}-exhibit-{number}.bin")


@needs(Right.SEE_CASES)
def warc(request: Any, name: str, number: int) -> Any:
    """The WARC."""
    exhibit = _exhibit(name, number)
    if not exhibit.warc:
        raise Http404("this exhibit has no WARC")
    record(request.user, "exhibit.downloaded", name, exhibit=number, sha256=exhibit.sha256)
    return _answer(exhibit.warc, "application/warc", f"{name}-exhibit-{number}.warc.gz")


@needs(Right.SEE_CASES)
def picture(request: Any, name: str, number: int) -> Any:
    """What it looked like: made by our own browser, so it is a picture and nothing else."""
    return _rendering(name, number, "image/png", "inline", "png")


@needs(Right.SEE_CASES)
def pdf(request: Any, name: str, number: int) -> Any:
    """The same as PDF."""
    return _rendering(name, number, "application/pdf", "attachment", "pdf")


def _rendering(name: str, number: int, media_type: str, how: str, ending: str) -> HttpResponse:
    found = _exhibit(name, number).renderings.filter(media_type=media_type).first()
    if found is None:
        raise Http404("this exhibit was not rendered")
    return _answer(found.sha256, media_type, f"{name}-exhibit-{number}.{ending}", how)


def _exhibit(name: str, number: int) -> Exhibit:
    found: Exhibit | None = Exhibit.objects.filter(case=case_named(name), number=number).first()
    if found is None:
        raise Http404("there is no such exhibit")
    return found


def _answer(sha256: str, media_type: str, file_name: str, how: str = "attachment") -> HttpResponse:
    try:
        content = bytes_of(sha256)
    except OSError:
        raise Http404("its bytes are not where they were kept") from None
    answer = HttpResponse(content, content_type=media_type)
    answer["Content-Disposition"] = f'{how}; filename="{file_name}"'
    answer["Content-Security-Policy"] = _SANDBOX
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-store"
    return answer
