"""The account holder's pages: reached by a signed link, without signing in, in the holder's language."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation

from tidegate.desk.access.gate import public
from tidegate.desk.appeals import lodging
from tidegate.desk.appeals.allowance import Allowance
from tidegate.desk.appeals.grounds import rules_now
from tidegate.desk.appeals.holder_page import holder_page
from tidegate.desk.appeals.measures import measures_of
from tidegate.desk.appeals.refusals import Refused
from tidegate.desk.appeals.statement_of_reasons import restricts, statement_of_reasons
from tidegate.desk.appeals.texts import DEFAULT, NAMES, RIGHT_TO_LEFT, texts
from tidegate.desk.ledger.models import Account, Decision, stored
from tidegate.desk.review.models import Ruled
from tidegate.node.keys import keys_of
from tidegate.node.status_link import StatusLinks

HOUR_S = 3_600.0
LOOKS = Allowance(600, HOUR_S)
"""Pages of one account."""
SENDS = Allowance(12, HOUR_S)
"""Forms sent for one account."""
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    # Nothing is told to other sites. A browser that names no origin at all could not send our own forms.
    "Referrer-Policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class Holder:
    """Whoever has opened a link."""

    token: str
    key: int
    account: Account | None
    """None: nothing was ever decided about it, or it was erased."""
    language: str

    @property
    def address(self) -> str:
        """Of the page, in the language at hand."""
        return f"{reverse('status:page', args=[self.token])}?lang={self.language}"


@cache
def links() -> StatusLinks:
    """What this node's links are read with."""
    return StatusLinks(keys_of(settings.TIDEGATE_FOLDER).ticket, settings.TIDEGATE_PUBLIC_URL)


def _held(allowance: Allowance) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Opens a view to whoever has a valid link, in the holder's language, and only so often."""

    def mark(view: Callable[[Any, Holder], Any]) -> Callable[..., Any]:
        @wraps(view)
        def answer(request: Any, token: str, **more: Any) -> Any:
            link = links().read(token)
            good = link is not None and link.usable(time.time())
            account = Account.objects.filter(pk=stored(link.pseudonym)).first() if good and link else None
            language = _language(request, account)
            with translation.override(language):
                if link is None or not good:
                    response = _words(request, language, "gone_title", "gone", 404)
                elif not allowance.take(link.pseudonym, time.monotonic()):
                    response = _words(request, language, "error_title", "error_often", 429)
                else:
                    response = view(request, Holder(token, link.pseudonym, account, language), **more)
            for name, value in _HEADERS.items():
                response.headers[name] = value
            return response

        return public(answer)

    return mark


@_held(LOOKS)
def page(request: Any, holder: Holder) -> Any:
    """What happened, why, and what can be done."""
    if request.method not in ("GET", "HEAD"):
        return redirect(holder.address)
    return _shown(request, holder)


@_held(SENDS)
def appeal(request: Any, holder: Holder) -> Any:
    """The form for an appeal was sent."""
    if request.method != "POST":
        return redirect(holder.address)
    text = request.POST.get("text", "")
    try:
        if holder.account is None:
            raise Refused("changed")
        now = timezone.now()
        files = request.FILES.getlist("files")
        lodging.lodge(holder.account, measures_of(holder.account, now), text, files, holder.language, now)
    except Refused as refused:
        return _shown(request, holder, text=text, refused=refused)
    return redirect(holder.address)


@_held(SENDS)
def withdraw(request: Any, holder: Holder) -> Any:
    """The holder takes the appeal back."""
    if request.method != "POST":
        return redirect(holder.address)
    last = lodging.latest_of(holder.account) if holder.account is not None else None
    try:
        if last is None or str(last.pk) != request.POST.get("appeal"):
            raise Refused("changed")
        lodging.withdraw(last, timezone.now())
    except Refused as refused:
        return _shown(request, holder, refused=refused)
    return redirect(holder.address)


@_held(LOOKS)
def statement(request: Any, holder: Holder, uid: str) -> Any:
    """The statement of reasons for one of the account's own restrictions, as a file."""
    decision = Decision.objects.filter(uid=uid, account=holder.account).first() if holder.account else None
    if decision is None or not restricts(decision):
        raise Http404
    ruled = list(Ruled.objects.filter(account=holder.account))
    response = JsonResponse(
        statement_of_reasons(decision, ruled, rules_now(), settings.TIDEGATE.service or "this service"),
        json_dumps_params={"ensure_ascii": False, "indent": 2},
    )
    response.headers["Content-Disposition"] = f'attachment; filename="statement-of-reasons-{uid}.json"'
    return response


def _shown(request: Any, holder: Holder, *, text: str = "", refused: Refused | None = None) -> HttpResponse:
    shown = holder_page(holder.account, holder.language, timezone.now())
    if refused is not None:
        shown["error"] = refused.words(texts(holder.language))
    said = {
        **shown,
        **_frame(holder.language),
        "token": holder.token,
        "text": text,
    }
    return render(request, "appeals/status.html", said, status=200 if refused is None else 422)


def _words(request: Any, language: str, title: str, text: str, status: int) -> HttpResponse:
    """A page that says one thing."""
    said = texts(language)
    more = {"title": said[title], "words": said[text]}
    return render(request, "appeals/words.html", {**_frame(language), **more}, status=status)


def _frame(language: str) -> dict[str, Any]:
    return {
        "t": texts(language),
        "language": language,
        "direction": "rtl" if language in RIGHT_TO_LEFT else "ltr",
        "languages": NAMES,
    }


def _language(request: Any, account: Account | None) -> str:
    """The one asked for by name, else the one read last, else what the browser asks for. Remembered with the account."""
    asked = request.GET.get("lang", "")
    if asked in NAMES:
        chosen = asked
    elif account is not None and account.language in NAMES:
        chosen = account.language
    else:
        chosen = translation.get_language_from_request(request)
        chosen = chosen if chosen in NAMES else DEFAULT
    if account is not None and account.language != chosen:
        Account.objects.filter(pk=account.pk).update(language=chosen)
    return chosen
