"""The texts of letters, one TOML file for each version and language. A version is never changed once it is used."""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from tidegate.desk.evidence.steps.letters.facts import LetterError, LetterKind

TEXTS = Path(__file__).parent / "texts"
VERSION = "1"
"""In which new letters are written."""
LANGUAGES = ("ar", "de", "en", "es", "fr", "hi", "id", "it", "pt", "ru", "tr", "zh")
_IN_BRACES = re.compile(r"\{(\w*)\}")

_Words = Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]


class ByKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One text for each kind of letter."""

    demand: _Words
    reminder: _Words
    hold: _Words

    def of(self, kind: LetterKind) -> str:
        """The one for that kind."""
        return str(getattr(self, kind))


class Asks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What each kind of letter asks for."""

    demand: tuple[_Words, ...]
    reminder: tuple[_Words, ...]
    hold: tuple[_Words, ...]

    def of(self, kind: LetterKind) -> tuple[str, ...]:
        """Those for that kind."""
        found: tuple[str, ...] = getattr(self, kind)
        return found


class Grounds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The sentences of the notice, with their section."""

    G1: _Words
    G2: _Words
    G2i: _Words
    G3: _Words


class Template(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All words of the letters in one language."""

    language: _Words
    """Its name in itself."""
    direction: Literal["ltr", "rtl"]
    to: _Words
    date: _Words
    reference: _Words
    seen: _Words
    exhibit: _Words
    findings: _Words
    ground: _Words
    ask: _Words
    cure: _Words
    answer: _Words
    closing: _Words
    subject: ByKind
    opening: ByKind
    grounds: Grounds
    asks: Asks
    after: ByKind


@cache
def template_of(language: str, version: str = VERSION) -> Template:
    """The text of a version. Raises LetterError when there is none, or when it does not say what the English one does."""
    if language not in LANGUAGES or not version.isalnum():
        raise LetterError(
            f"letters are written in {', '.join(LANGUAGES)}; there is no version {version!r} in {language!r}"
        )
    made = _read(TEXTS / version / f"{language}.toml")
    if language != "en":
        _same_places(language, made, template_of("en", version))
    return made


def _read(file: Path) -> Template:
    try:
        return msgspec.convert(tomllib.loads(file.read_text("utf-8")), Template)
    except OSError as error:
        raise LetterError(f"{file.name}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise LetterError(f"{file.name}: {error}") from None


def _same_places(language: str, one: Template, english: Template) -> None:
    there, here = places(english), places(one)
    for key in sorted(there.keys() | here.keys()):
        if there.get(key) != here.get(key):
            expected = ", ".join(sorted(there.get(key, ()))) or "nothing"
            raise LetterError(
                f"letters, {language}, {key}: must have places for {expected}, as the English text"
            )


def places(template: Template) -> dict[str, frozenset[str]]:
    """The names in braces of each text, by its key."""
    found: dict[str, frozenset[str]] = {}

    def look(key: str, value: object) -> None:
        if isinstance(value, str):
            found[key] = frozenset(_IN_BRACES.findall(value))
        elif isinstance(value, dict):
            for name, one in value.items():
                look(f"{key}.{name}" if key else name, one)
        elif isinstance(value, list | tuple):
            for number, one in enumerate(value):
                look(f"{key}.{number}", one)

    look("", msgspec.to_builtins(template))
    return found
