"""What people do about their own sign-in: second factor, backup codes, password."""

import io
from typing import Any

import django_otp
import qrcode
import qrcode.image.svg
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.db import transaction
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from tidegate.desk.access import second_factor as factor
from tidegate.desk.access.forms import CodeForm
from tidegate.desk.access.gate import half_way, is_through, needs
from tidegate.desk.access.roles import IN_WORDS, Right
from tidegate.desk.access.throttling import client_address
from tidegate.desk.audit.chain import record
from tidegate.desk.settings import SecondFactor

WRONG = "That code is not right, or was used already. Codes of the app change every 30 seconds."
WAIT = "After wrong codes the next one is looked at only after a while. Wait until {until:%H:%M:%S} UTC."


@half_way
@sensitive_post_parameters("code")
def second_factor(request: Any) -> Any:
    """Asks for the code; at the first sign-in sets it up."""
    if request.user.is_verified():
        return _onwards(request)
    if request.user.has_second_factor:
        return _ask(request)
    return _set_up(request)


@needs(Right.SEE)
@require_safe
def own(request: Any) -> Any:
    """One's own sign-in."""
    return render(
        request,
        "access/own.html",
        {
            "codes_left": factor.codes_left(request.user),
            "may": [words for right, words in IN_WORDS.items() if request.user.may(right)],
        },
    )


@needs(Right.SEE)
@require_POST
def backup_codes(request: Any) -> Any:
    """New backup codes in place of the old ones, shown in this answer and never again."""
    if not request.user.is_verified():
        messages.error(request, "Set up a second factor first; backup codes stand in for it.")
        return redirect("access:own")
    return _show_codes(request, factor.new_backup_codes(request.user))


@needs(Right.SEE)
@sensitive_post_parameters()
def password(request: Any) -> Any:
    """Another password, by whoever knows the present one. Other sessions end, this one goes on."""
    form = PasswordChangeForm(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            form.save()
            record(request.user, "password.changed", request.user)
        update_session_auth_hash(request, form.user)
        messages.success(
            request, "The password was changed. Wherever else you were signed in, you no longer are."
        )
        return redirect("access:own")
    return render(request, "access/password.html", {"form": form})


def _ask(request: Any) -> Any:
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        tried = factor.check(request.user, form.cleaned_data["code"])
        if tried.device is not None:
            _let_through(request, tried)
            return _onwards(request)
        form.add_error("code", _words(tried))
    return render(request, "access/second_factor.html", {"form": form, "next": _wanted(request)})


def _set_up(request: Any) -> Any:
    form = CodeForm(request.POST or None)
    try:
        if request.method == "POST" and form.is_valid():
            tried, codes = factor.confirm(request.user, form.cleaned_data["code"])
            if tried.device is not None:
                _let_through(request, tried)
                return _show_codes(request, codes)
            form.add_error("code", _words(tried))
        device = factor.pending(request.user)
    except factor.AlreadySetUpError:  # meanwhile, in another window
        return redirect("access:second-factor")
    return render(
        request,
        "access/set_up.html",
        {
            "form": form,
            "secret": factor.secret_of(device),
            "picture": _picture(device.config_url),
            "address": device.config_url,
            "asked_for": settings.TIDEGATE.second_factor is SecondFactor.REQUIRED,
            "next": _wanted(request),
        },
    )


def _let_through(request: Any, tried: factor.Tried) -> None:
    was_through = is_through(request.user)
    django_otp.login(request, tried.device)
    request.session.cycle_key()
    if not was_through:
        by = "backup code" if tried.on_paper else "code"
        record(request.user, "session.opened", request.user, by=by, address=client_address(request))


def _show_codes(request: Any, codes: list[str]) -> Any:
    # No redirect after this POST: they would have to be kept somewhere to be shown after it.
    return render(request, "access/backup_codes.html", {"codes": codes, "next": _wanted(request)})


def _words(tried: factor.Tried) -> str:
    waiting = "" if tried.wait_until is None else " " + WAIT.format(until=tried.wait_until)
    return WRONG + waiting


def _picture(text: str) -> SafeString:
    """A QR code as SVG, for the page itself: no style, no script, nothing fetched."""
    drawn = io.BytesIO()
    made = qrcode.QRCode(image_factory=qrcode.image.svg.SvgPathImage, border=3)
    made.add_data(text)
    made.make_image().save(drawn)
    svg = drawn.getvalue().decode("utf-8")
    return mark_safe(
        svg[svg.index("<svg") :].replace("<svg", '<svg class="code" role="img" aria-label="QR code"', 1)
    )


def _wanted(request: Any) -> str:
    """Where somebody wanted to go; empty unless it is within the desk."""
    wanted = str(request.POST.get("next") or request.GET.get("next") or "")
    allowed = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if allowed else ""


def _onwards(request: Any) -> Any:
    return redirect(_wanted(request) or "now:page")
