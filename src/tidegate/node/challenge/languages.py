"""The languages of the challenge pages: one table of texts, and which of them somebody reads."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

DEFAULT = "en"
_MOST_CHARACTERS = 512
"""Of an ``Accept-Language`` header that is looked at; browsers send about fifty."""


class Texts(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Every text, in one language. ``texts.toml`` shows where each one is used by what it says."""

    name: str
    """Of the language, in itself."""
    direction: Literal["ltr", "rtl"]
    title: str
    lead: str
    start: str
    working: str
    sending: str
    failed: str
    script_needed: str
    why_title: str
    why: str
    looked_title: str
    looked: str
    check_title: str
    check: str
    wait_title: str
    wait_lead: str
    wait_start: str
    waiting_title: str
    waiting: str
    again: str
    ready_title: str
    ready: str
    confirm: str
    passed_title: str
    passed: str
    gone_title: str
    gone: str
    wrong: str
    often: str
    busy: str
    contact: str
    languages: str
    register_title: str
    register_lead: str
    register_why: str
    register_wait_lead: str
    code_title: str
    code: str


@cache
def languages() -> dict[str, Texts]:
    """All of them by their code, English first. Raises msgspec.ValidationError when a text is missing."""
    raw = files(__package__).joinpath("texts.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(raw), dict[str, Texts])


def language_of(asked: str, accepted: str) -> str:
    """The code of the language to show: ``asked`` for by name, else the best of an ``Accept-Language`` header.

    Look-up as in RFC 4647 §3.4: ``pt-BR`` is served by ``pt``; of equal weights, the first.

    >>> language_of("", "da, pt-BR;q=0.8, en;q=0.7"), language_of("", "da"), language_of("de", "fr")
    ('pt', 'en', 'de')
    """
    known = languages()
    if asked in known:
        return asked
    best, best_weight = DEFAULT, 0.0
    for wanted in accepted[:_MOST_CHARACTERS].split(","):
        tag, _, parameter = wanted.partition(";")
        code = tag.strip().lower().partition("-")[0]
        weight = _weight(parameter)
        if weight > best_weight and code in known:
            best, best_weight = code, weight
    return best


def _weight(parameter: str) -> float:
    """Of one language; 1 when nothing is said, 0 when it cannot be read."""
    name, _, value = parameter.replace(" ", "").partition("=")
    if not name:
        return 1.0
    try:
        weight = float(value) if name == "q" else 0.0
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0
