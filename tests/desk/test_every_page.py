"""Every address of the desk against everybody: exactly what the table of roles says, and nothing that does not say."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec
import pytest
from django.conf import settings as django_conf
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern
from django_otp.plugins.otp_totp.models import TOTPDevice

from tidegate.desk.access.gate import Opening, opening_of
from tidegate.desk.access.roles import RIGHTS, Role
from tidegate.desk.settings import SecondFactor

pytestmark = pytest.mark.django_db
FILLED = ("1", "00000000000000ab", "00000000-0000-4000-8000-000000000001", "2026-01-31", "x")
"""A number, a pseudonym, a UUID, a day, a word: into each place goes the first that fits there."""
SIGN_IN, SECOND_FACTOR = "/desk/sign-in/", "/desk/second-factor/"
METHODS = ("get", "post")
HALF_WAY, SIGNED_OUT, NOT_SET_UP = "half way", "signed out", "without the second factor that is asked for"


@dataclass(frozen=True, slots=True)
class Page:
    """One address and what leads there."""

    name: str
    path: str
    opening: Opening | None


def pages(resolver: Any = None, before: str = "/", space: str = "") -> Iterator[Page]:
    """Every address that there is, its parameters filled in by their kind."""
    for one in (resolver or get_resolver()).url_patterns:
        path = before + filled(one.pattern)
        if isinstance(one, URLResolver):
            yield from pages(one, path, f"{space}{one.namespace}:" if one.namespace else space)
        else:
            assert isinstance(one, URLPattern)
            yield Page(space + (one.name or path), path, opening_of(one.callback))


def filled(pattern: Any) -> str:
    """A route with something in the place of each parameter."""
    assert isinstance(pattern, RoutePattern), f"{pattern}: use path(), so that this test can fill it in"

    def fill(match: re.Match[str]) -> str:
        return value_for(pattern.converters[match["name"]])

    return re.sub(r"<(?:\w+:)?(?P<name>\w+)>", fill, str(pattern))


def value_for(converter: Any) -> str:
    """Something of that kind; where only certain words fit, the first of them."""
    words = str(converter.regex).split("|")[0]
    for value in (*FILLED, words):
        if re.fullmatch(converter.regex, value):
            return value
    raise AssertionError(f"{type(converter).__name__}: add to FILLED what fits {converter.regex}")


@cache
def every_page() -> tuple[Page, ...]:
    return tuple(pages())


def test_there_are_pages() -> None:
    names = {page.name for page in every_page()}
    assert {"access:sign-in", "access:people", "audit:list", "now:page"} <= names


def test_every_page_says_who_may_use_it() -> None:
    assert not [page.name for page in every_page() if page.opening is None]


def test_every_page_of_the_desk_needs_somebody_signed_in() -> None:
    """Below ``/desk/`` only signing in and out are open to everybody."""
    opened = {
        page.name
        for page in every_page()
        if page.path.startswith("/desk/") and page.opening is not None and page.opening.see is None
    }
    assert opened == {"access:sign-in", "access:sign-out"}


def test_an_auditor_sees_every_page_that_somebody_else_changes_something_on() -> None:
    for page in every_page():
        assert page.opening is not None
        if page.opening.see is not None and page.opening.see != page.opening.change:
            assert page.opening.see in RIGHTS[Role.AUDITOR], page.name


def expected(page: Page, method: str, who: str) -> str:
    """``open``, ``closed``, or where somebody is sent first."""
    assert page.opening is not None
    right = page.opening.see if method == "get" else page.opening.change
    if right is None:
        return "open"
    if who == SIGNED_OUT:
        return SIGN_IN
    if page.opening.half_way:
        return "open"
    if who in (HALF_WAY, NOT_SET_UP):
        return SECOND_FACTOR
    return "open" if right in RIGHTS[who] else "closed"


def found(answer: Any, page: Page, who: str) -> str:
    """The same, from an answer."""
    if answer.status_code == 403:
        return "closed"
    location = answer.headers.get("Location", "").split("?")[0]
    if answer.status_code == 302 and location == SIGN_IN and who == SIGNED_OUT:
        return SIGN_IN
    if answer.status_code == 302 and location == SECOND_FACTOR and who in (HALF_WAY, NOT_SET_UP):
        return SECOND_FACTOR
    # 503 is an answer: no node runs beside the desk.
    return "open" if answer.status_code in (*range(200, 500), 503) else f"a fault ({answer.status_code})"


def client_of(who: str, people: Any, settings: Any) -> Client:
    client = Client(raise_request_exception=False)
    if who == SIGNED_OUT:
        return client
    person = people["administrator" if who in (HALF_WAY, NOT_SET_UP) else who]
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    if who == HALF_WAY:
        TOTPDevice.objects.create(user=person, name="app", confirmed=True)
    if who == NOT_SET_UP:
        settings.TIDEGATE = msgspec.structs.replace(settings.TIDEGATE, second_factor=SecondFactor.REQUIRED)
    return client


@pytest.mark.parametrize("who", [SIGNED_OUT, HALF_WAY, NOT_SET_UP, *(str(role) for role in Role)])
def test_every_page_is_open_to_whom_the_roles_say_and_to_nobody_else(
    who: str, people: Any, settings: Any
) -> None:
    client = client_of(who, people, settings)
    cookies = dict(client.cookies)
    wrong = []
    for page in every_page():
        if page.opening is None:
            continue  # told above
        for method in METHODS:
            client.cookies.clear()
            for name, morsel in cookies.items():
                client.cookies[name] = morsel.value
            with transaction.atomic():
                answer = getattr(client, method)(page.path)
                # What one page changes, such as signing out, is not to be seen by the next.
                transaction.set_rollback(True)
            should, is_so = expected(page, method, who), found(answer, page, who)
            # From the sign-in itself and back to it.
            if should == "open" and page.name in (
                "access:sign-in",
                "access:sign-out",
                "access:second-factor",
            ):
                is_so = "open" if answer.status_code in (200, 302, 405) else is_so
            if is_so != should:
                wrong.append(f"{method.upper()} {page.name} ({page.path}): {is_so} instead of {should}")
    assert not wrong, f"{who}:\n" + "\n".join(wrong)


@pytest.mark.parametrize("who", [SIGNED_OUT, str(Role.SENIOR), str(Role.ADMINISTRATOR)])
def test_no_form_is_taken_that_did_not_come_from_our_own_page(who: str, people: Any) -> None:
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    if who != SIGNED_OUT:
        client.force_login(people[who], backend="django.contrib.auth.backends.ModelBackend")
    taken = []
    for page in every_page():
        with transaction.atomic():
            answer = client.post(page.path, {})
            transaction.set_rollback(True)
        if answer.status_code != 403 or b"Please send the form again" not in answer.content:
            taken.append(f"{page.name} ({page.path}): {answer.status_code}")
    assert not taken, "\n".join(taken)


def test_the_gate_and_the_protection_of_forms_are_in_their_places() -> None:
    order = django_conf.MIDDLEWARE
    gate, csrf = "tidegate.desk.access.gate.Gate", "django.middleware.csrf.CsrfViewMiddleware"
    assert order.index(csrf) < order.index("django_otp.middleware.OTPMiddleware") < order.index(gate)
