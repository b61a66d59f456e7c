"""The public notice and the terms, in the reader's language."""

from datetime import date
from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST, require_safe

from tidegate.desk.access.gate import public
from tidegate.desk.notice.answering import count_answer, limit
from tidegate.desk.notice.documents import Document
from tidegate.desk.notice.library import CODES, Version
from tidegate.desk.notice.page import (
    address,
    history,
    language_for,
    library,
    links_to,
    service_in,
    shown,
    standing,
    today,
)
from tidegate.desk.notice.words import words_in

COUNTED, NOT_COUNTED = "yes", "already"
"""Said in the address after an answer."""


@public
@require_safe
def start(request: Any, document: str = "notice") -> Any:
    """To the text in the language that the reader's browser asks for."""
    kind = Document(document)
    wanted = translation.get_language_from_request(request)
    response = redirect(address(kind, language_for(library().in_force(kind, today()), wanted)))
    patch_vary_headers(response, ["Accept-Language", "Cookie"])
    return response


@public
@require_safe
def text(request: Any, document: str, language: str) -> Any:
    """The version in force."""
    version = library().in_force(Document(document), today())
    if language in CODES and language not in version.texts:
        return redirect(address(version.document, language_for(version, language)))
    return _page(request, version, language, dated=False)


@public
@require_safe
def version(request: Any, document: str, language: str, valid_from: date) -> Any:
    """A certain version, whether it is in force or not."""
    return _page(request, _version(document, valid_from), language, dated=True)


@public
@require_safe
def versions(request: Any, document: str, language: str) -> Any:
    """Which versions there are, and what each changed."""
    kind = Document(document)
    if language not in CODES:
        raise Http404
    with translation.override(language):
        said = {
            "document": document,
            "heading": shown_title(kind, language),
            "versions": history(kind, language),
            "words": words_in(language),
            "service": service_in(language),
        }
        return render(request, "notice/versions.html", said)


@public
@require_POST
def answer(request: Any, document: str, language: str, valid_from: date) -> Any:
    """Did it answer the reader's question? Counted, and back to the end of the text."""
    found = _version(document, valid_from)
    said = request.POST.get("answer")
    if language not in found.texts:
        raise Http404
    if said not in ("yes", "no"):
        return HttpResponseBadRequest("answer: expected yes or no", content_type="text/plain")
    counted = limit.take(request.META.get("REMOTE_ADDR", ""), today())
    if counted:
        count_answer(found, language, yes=said == "yes", today=today())
    outcome = COUNTED if counted else NOT_COUNTED
    return redirect(f"{address(found.document, language, found)}?answered={outcome}#answer")


def shown_title(document: Document, language: str) -> str:
    """Of the version in force."""
    in_force = library().in_force(document, today())
    return shown(in_force, language_for(in_force, language)).title


def _version(document: str, valid_from: date) -> Version:
    found = library().version(Document(document), valid_from)
    if found is None:
        raise Http404
    return found


def _page(request: Any, version: Version, language: str, *, dated: bool) -> Any:
    if language not in version.texts:
        raise Http404
    words = words_in(language)
    said = {
        "document": str(version.document),
        "language": language,
        "version": version,
        "text": shown(version, language),
        "words": words,
        "service": service_in(language),
        "languages": links_to(version, language, dated=dated),
        "alternates": links_to(version, language, dated=dated),
        "origin": settings.TIDEGATE_PUBLIC_URL or f"{request.scheme}://{request.get_host()}",
        "in_force_url": address(version.document, language_for(_in_force(version), language)),
        "answered": request.GET.get("answered"),
        **standing(version, words),
    }
    with translation.override(language):
        return render(request, "notice/text.html", said)


def _in_force(version: Version) -> Version:
    return library().in_force(version.document, today())
