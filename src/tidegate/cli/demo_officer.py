"""Somebody who works at the desk of the demonstration, played: signs in and fills in the same forms as a person."""

import re
from collections.abc import Mapping, Sequence
from html import unescape
from types import TracebackType
from typing import Self

import httpx

WAIT_S = 120.0
CSRF_COOKIE = "tidegate-desk-csrf"
_MESSAGE = re.compile(r'<(?:p|ul|li)[^>]*class="(?:message|errorlist)[^"]*"[^>]*>(.*?)</', re.DOTALL)
_MARK = re.compile(r"</?(?:mark|strong|span)[^>]*>")
_TAG = re.compile(r"<[^>]+>")

Files = Sequence[tuple[str, tuple[str, bytes, str]]]
"""Field, and name, bytes and media type of a file."""


class CaseError(Exception):
    """The desk did not do what the part asks for; the message says what it said."""


class Officer:
    """One person's browser, without a screen. Everything blocks and raises :class:`CaseError`."""

    def __init__(self, url: str, name: str, password: str) -> None:
        self.name = name
        self._client = httpx.Client(base_url=url, follow_redirects=True, timeout=WAIT_S)
        self.look("/desk/sign-in/")
        self.do("/desk/sign-in/", {"username": name, "password": password})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def look(self, address: str) -> str:
        """A page."""
        return self._text(self._ask("GET", address))

    def fetch(self, address: str) -> bytes:
        """A file."""
        answer = self._ask("GET", address)
        self._text(answer)
        return answer.content

    def do(self, address: str, fields: Mapping[str, str | list[str]], files: Files = ()) -> str:
        """Send a form; the page that comes after it."""
        return self._text(self._ask("POST", address, data=dict(fields), files=list(files) or None))

    def _ask(self, method: str, address: str, **more: object) -> httpx.Response:
        headers = {"X-CSRFToken": self._client.cookies.get(CSRF_COOKIE) or ""}
        try:
            return self._client.request(method, address, headers=headers, **more)  # type: ignore[arg-type]
        except httpx.HTTPError as error:
            raise CaseError(f"the desk did not answer {method} {address}: {error}") from None

    def _text(self, answer: httpx.Response) -> str:
        if answer.status_code >= httpx.codes.BAD_REQUEST:
            said = "; ".join(plain(one) for one in _MESSAGE.findall(answer.text)) or answer.reason_phrase
            raise CaseError(
                f"the desk answered {answer.request.method} {answer.request.url.path} with {answer.status_code}: {said}"
            )
        return answer.text


def plain(html: str) -> str:
    """Its text, in one line."""
    return " ".join(unescape(_TAG.sub(" ", _MARK.sub("", html))).split())
