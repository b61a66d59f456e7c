"""The notice and the terms as they are written down: one TOML file for each document, version and language."""

import re
import tomllib
from enum import StrEnum
from typing import Annotated

import msgspec

SERVICE = "{service}"
"""Stands for the messenger's name."""
_IN_BRACES = re.compile(r"\{[^{}]*\}|[{}]")
_MOST_SECTIONS, _MOST_PARAGRAPHS, _MOST_CHARACTERS = 40, 40, 4_000


class TextError(Exception):
    """A text cannot be used; says where and what would be right."""


class Document(StrEnum):
    """What is published."""

    NOTICE = "notice"
    """What is not allowed, how it is found and what follows."""
    TERMS = "terms"
    """The terms that it enforces."""


class Leads(StrEnum):
    """Where a section may lead to at its end."""

    NOTICE = "notice"
    TERMS = "terms"
    CONTACT = "contact"
    """The address in ``[desk] contact``; left out when there is none."""


_Words = Annotated[str, msgspec.Meta(min_length=1, max_length=_MOST_CHARACTERS)]
_Paragraphs = Annotated[tuple[_Words, ...], msgspec.Meta(max_length=_MOST_PARAGRAPHS)]


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One part with a heading."""

    id: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9-]{0,31}$")]
    """The same in all languages; also the anchor in the page."""
    title: _Words
    text: _Paragraphs = ()
    points: _Paragraphs = ()
    """A list that follows the text."""
    after: _Paragraphs = ()
    """Paragraphs after the list."""
    leads: tuple[Leads, ...] = ()

    @property
    def shape(self) -> tuple[object, ...]:
        """What must be the same in all languages of a version."""
        return self.id, len(self.text), len(self.points), len(self.after), self.leads


class Text(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One document in one version and one language."""

    title: _Words
    lead: _Words
    changed: _Words
    """What is new in this version."""
    sections: Annotated[tuple[Section, ...], msgspec.Meta(min_length=1, max_length=_MOST_SECTIONS)]


def read_text(source: str, name: str) -> Text:
    """A text from its TOML. ``name``: of the file, for errors. Raises :class:`TextError`."""
    try:
        said = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise TextError(f"{name}: no valid TOML: {error}") from None
    try:
        text = msgspec.convert(said, Text)
    except msgspec.ValidationError as error:
        raise TextError(f"{name}: {error}") from None
    seen: set[str] = set()
    for section in text.sections:
        if section.id in seen:
            raise TextError(f"{name}: two sections have the id {section.id!r}; each needs its own")
        seen.add(section.id)
        if not section.text and not section.points:
            raise TextError(f"{name}, section {section.id}: needs text or points")
    for words in _all_words(text):
        if wrong := [found for found in _IN_BRACES.findall(words) if found != SERVICE]:
            raise TextError(f"{name}: {wrong[0]!r} in {words[:60]!r}: only {SERVICE} is filled in")
    return text


def filled(text: Text, service: str) -> Text:
    """The text with the messenger's name in it."""

    def put(words: str) -> str:
        if words.startswith(SERVICE):
            words = service[:1].upper() + service[1:] + words.removeprefix(SERVICE)
        return words.replace(SERVICE, service)

    return Text(
        title=put(text.title),
        lead=put(text.lead),
        changed=put(text.changed),
        sections=tuple(
            Section(
                id=section.id,
                title=put(section.title),
                text=tuple(map(put, section.text)),
                points=tuple(map(put, section.points)),
                after=tuple(map(put, section.after)),
                leads=section.leads,
            )
            for section in text.sections
        ),
    )


def _all_words(text: Text) -> list[str]:
    found = [text.title, text.lead, text.changed]
    for section in text.sections:
        found += [section.title, *section.text, *section.points, *section.after]
    return found
