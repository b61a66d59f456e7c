"""Who stamps: an authority is asked over HTTP, or any other way that takes a request and gives an answer."""

import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from tidegate.desk.evidence.custody.tokens import (
    MOST_TOKEN_BYTES,
    TokenError,
    check_answer,
    request_for,
    roots_from,
)

WAIT_S = 20.0


class NoAnswerError(Exception):
    """An authority gave no time stamp; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Authority:
    """One that stamps."""

    name: str
    roots_pem: bytes
    """Its root certificates, obtained from it, not from a token."""
    ask: Callable[[bytes], bytes]
    """From a DER request to a DER answer. Raises NoAnswerError."""


@dataclass(frozen=True, slots=True)
class Stamped:
    """A token that was checked when it came."""

    token: bytes
    """As it came: the raw answer is what is kept."""
    authority: str
    at: datetime


def stamp(authority: Authority, data: bytes) -> Stamped:
    """Have ``data`` stamped, and check the answer at once. Raises NoAnswerError."""
    try:
        answer = authority.ask(request_for(data))
        checked = check_answer(answer, data, roots_from(authority.roots_pem))
    except TokenError as error:
        raise NoAnswerError(f"{authority.name}: its answer is no good: {error}") from None
    return Stamped(answer, authority.name, checked.at)


def over_http(name: str, url: str, roots_pem: bytes) -> Authority:
    """An authority at an address that the operator chose (RFC 3161, 3.4)."""
    if not url.startswith(("https://", "http://")):
        raise ValueError(f"{name}: {url!r} is no http or https address")

    def ask(request: bytes) -> bytes:
        asked = urllib.request.Request(
            url, data=request, headers={"Content-Type": "application/timestamp-query"}, method="POST"
        )
        try:
            with urllib.request.urlopen(asked, timeout=WAIT_S) as answer:
                body: bytes = answer.read(MOST_TOKEN_BYTES + 1)
        except (urllib.error.URLError, TimeoutError, OSError) as error:
            raise NoAnswerError(f"{name}: {url} did not answer: {error}") from None
        return body

    return Authority(name, roots_pem, ask)
