"""What a page with a public text shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.apps import apps
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from tidegate.desk.notice.documents import Document, Text, filled
from tidegate.desk.notice.library import CODES, Library, Version
from tidegate.desk.notice.words import Words, words_in
from tidegate.desk.settings import LANGUAGES

NAMES = dict(LANGUAGES)


@dataclass(frozen=True, slots=True)
class LanguageLink:
    """The same page in another language."""

    code: str
    name: str
    url: str
    here: bool


def library() -> Library:
    """What this desk publishes."""
    found: Library = apps.get_app_config("notice").library
    return found


def today() -> date:
    """In UTC, by which versions come into force everywhere at once."""
    return timezone.now().date()


def service_in(language: str) -> str:
    """The messenger's name; in plain words when it is not set."""
    return settings.TIDEGATE.service or words_in(language).this_service


def language_for(version: Version, wanted: str) -> str:
    """The wanted language if the version is there in it, else English, else its first."""
    return next(code for code in (wanted, "en", *version.texts) if code in version.texts)


def links_to(version: Version, language: str, *, dated: bool) -> list[LanguageLink]:
    """The version in each of its languages. ``dated``: by its own address, not by that of the version in force."""
    return [
        LanguageLink(
            code, NAMES[code], address(version.document, code, version if dated else None), code == language
        )
        for code in version.texts
    ]


def address(document: Document, language: str, version: Version | None = None) -> str:
    """Of the version in force, or of a certain one."""
    if version is None:
        return str(reverse("notice:text", args=[str(document), language]))
    return str(reverse("notice:version", args=[str(document), language, version.valid_from]))


def shown(version: Version, language: str) -> Text:
    """The text as readers see it."""
    return filled(version.texts[language], service_in(language))


def is_in_force(version: Version) -> bool:
    """It is the one that readers are bound by today."""
    return version.valid_from <= today() and version is library().in_force(version.document, today())


def standing(version: Version, words: Words) -> dict[str, Any]:
    """Since when it is valid or will be, in words, and whether it is the one in force."""
    follower = library().follower(version)
    in_force = library().in_force(version.document, today())
    later = version.valid_from > today()
    return {
        "is_valid": is_in_force(version),
        "is_later": later,
        "has_other": version is not in_force,
        "valid_from": (words.valid_later if later else words.valid_from).format(
            date=words.day(version.valid_from)
        ),
        "valid_until": words.valid_until.format(date=words.day(follower.valid_from - timedelta(days=1)))
        if follower is not None
        else "",
    }


def history(document: Document, language: str) -> list[dict[str, Any]]:
    """Every version, latest first: its address, its dates, what changed."""
    words = words_in(language)
    found: Sequence[Version] = library().versions(document)
    return [
        {
            "url": address(document, language_for(version, language), version),
            "language": language_for(version, language),
            "changed": shown(version, language_for(version, language)).changed,
            **standing(version, words),
        }
        for version in reversed(found)
    ]


assert set(CODES) == set(NAMES)
